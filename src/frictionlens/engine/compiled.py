"""Own compiled packs: a loaded pack with its alphabet and expressions, kept on disk between runs.

The cache is keyed by the pack's digest and the versions that shape it, written to a temporary file and renamed, so
that two processes never see half of it. A cache that cannot be read or written is only slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from frictionlens import __version__
from frictionlens.engine.codes import Alphabet, Expression, ExpressionWriter, classes_of
from frictionlens.engine.prefilter import Demand, Proposer, demand_of
from frictionlens.engine.text import SIDE_OF, Side
from frictionlens.model import Role
from frictionlens.rules import Pack, load_pack, pack_digest
from frictionlens.rules.pattern import Pattern

_KEPT: Final = 8
"""Compiled packs kept on disk."""


@dataclass(frozen=True)
class CompiledPack:
    """A pack ready to run: plain data, so that it can be kept on disk."""

    pack: Pack
    alphabet: Alphabet
    expressions: dict[str, Expression]
    """One per pattern, by its source."""
    demands: dict[str, Demand]
    """The same."""
    searched: dict[Side, Proposer]
    """Of the patterns that rules look for in the turns of a side."""
    conditions: Proposer
    """Of all other patterns, which few turns are asked about."""


def compile_pack(pack: Pack) -> CompiledPack:
    """Compile a loaded pack."""
    patterns = {pattern.source: pattern for pattern in pack.patterns}
    stutters = (word for each in pack.spelling.stutters for word in pack.spelling.canonical(each))
    classes = classes_of(patterns.values(), stutters)
    writer = ExpressionWriter(classes)
    expressions = {source: writer.write(pattern) for source, pattern in patterns.items()}
    demands = {source: demand_of(pattern, classes) for source, pattern in patterns.items()}

    def proposing(some: Iterable[Pattern]) -> Proposer:
        return Proposer({each.source: demands[each.source] for each in some})

    roles: dict[Side, list[Role]] = {}
    for role, side in SIDE_OF.items():
        roles.setdefault(side, []).append(role)
    searched = {
        side: proposing(pattern for rule in pack.rules if not rule.roles.isdisjoint(some) for pattern in rule.patterns)
        for side, some in roles.items()
    }
    return CompiledPack(pack, classes.alphabet, expressions, demands, searched, proposing(pack.conditions))


def load_compiled(folders: Sequence[Path] = ()) -> CompiledPack:
    """Load a pack compiled, from the disk cache where it is there.

    Raises:
        RuleError: the pack cannot be used.
    """
    path = _cache_path(folders)
    if path is not None:
        with contextlib.suppress(OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError):
            cached = pickle.loads(path.read_bytes())  # noqa: S301  our own file in the user's own cache folder
            if isinstance(cached, CompiledPack):
                with contextlib.suppress(OSError):  # in a folder that cannot be written
                    path.touch()  # what is used is not among the oldest when there are too many
                return cached
    compiled = compile_pack(load_pack(folders))
    if path is not None:
        _write(path, pickle.dumps(compiled, protocol=pickle.HIGHEST_PROTOCOL))
    return compiled


def _cache_path(folders: Sequence[Path]) -> Path | None:
    if os.environ.get("FRICTIONLENS_CACHE") == "off":
        return None
    base = os.environ.get("FRICTIONLENS_CACHE") or os.environ.get("XDG_CACHE_HOME")
    try:
        root = Path(base) if base else Path.home() / ".cache"
    except RuntimeError:
        return None
    versions: list[Any] = [__version__, sys.version_info[:3], _code_digest()]
    key = hashlib.sha256(f"{pack_digest(folders)} {versions}".encode()).hexdigest()[:24]
    return root / "frictionlens" / f"pack-{key}.bin"


def _code_digest() -> str:
    """Return a digest of the code that compiles, so that a changed checkout never meets an old cache."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for path in [*sorted(here.glob("*.py")), *sorted((here.parent / "rules").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _write(path: Path, data: bytes) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _prune(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(path)


def _prune(folder: Path) -> None:
    """Remove the packs that were not used for longest: each change of a rule leaves one behind."""
    packs = sorted(folder.glob("pack-*.bin"), key=lambda each: each.stat().st_mtime)
    for path in packs[: -_KEPT + 1]:
        path.unlink(missing_ok=True)
