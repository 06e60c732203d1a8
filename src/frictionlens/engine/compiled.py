"""Own compiled packs: a loaded pack with its word searches, kept on disk between runs.

The cache is keyed by the pack's digest and the versions that shape it, written to a temporary file and renamed, so
that two processes never see half of it. A cache that cannot be read or written is only slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from frictionlens import __version__
from frictionlens.engine.prefilter import NOTHING, Demand, compile_words, demand_of, keys_of
from frictionlens.engine.text import SIDES, Side
from frictionlens.rules import Pack, load_pack, pack_digest
from frictionlens.rules.pattern import Pattern, TokenPattern


@dataclass(frozen=True)
class Search:
    """What is searched in the turns of one side."""

    places: tuple[tuple[int, Pattern | TokenPattern], ...]
    """(number of the rule, pattern) of every pattern that looks there."""
    demands: tuple[Demand, ...]
    """One per place."""
    keys: tuple[str, ...]
    database: bytes


@dataclass(frozen=True)
class CompiledPack:
    """A pack ready to run: plain data and bytes, so that it can be kept on disk."""

    pack: Pack
    searches: dict[Side, Search]


def compile_pack(pack: Pack) -> CompiledPack:
    """Compile a loaded pack."""
    return CompiledPack(pack, {side: _search(pack, side) for side in SIDES})


def _search(pack: Pack, side: Side) -> Search:
    speakers = {"agent", "bot"} if side == "company" else {"customer"}
    places: list[tuple[int, Pattern | TokenPattern]] = []
    demands: list[Demand] = []
    for number, rule in enumerate(pack.rules):
        if not rule.roles & speakers:
            continue
        for pattern in rule.patterns:
            places.append((number, pattern))
            demands.append(demand_of(pattern))
        for tokens in rule.token_patterns:
            # A token pattern can ask for anything: it is tried on every sentence.
            places.append((number, tokens))
            demands.append(NOTHING)
    keys = keys_of(demands)
    return Search(tuple(places), tuple(demands), keys, compile_words(keys, pack.spelling))


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
    versions: list[Any] = [__version__, sys.version_info[:3], platform.machine(), version("hyperscan"), _code_digest()]
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
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(path)
