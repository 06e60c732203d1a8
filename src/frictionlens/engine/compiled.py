"""Own compiled packs: rules multiplied out and one prefilter database per speaking side, kept on disk between runs.

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
from typing import Any, Final

import hyperscan

from frictionlens import __version__
from frictionlens.engine.matching import Compiled
from frictionlens.engine.prefilter import expression
from frictionlens.engine.steps import sequences
from frictionlens.rules import Pack, load_pack, pack_digest
from frictionlens.rules.pattern import Pattern
from frictionlens.rules.spelling import Spelling

Side = str
"""`company` or `customer`: who speaks."""
SIDES: Final = ("company", "customer")
_FLAGS: Final = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL
_DISFLUENT: Final = 0
"""Expression 0 of every database says that a text has disfluencies."""


@dataclass(frozen=True)
class CompiledRule:
    """A rule's patterns in the form that decides; the order of `patterns` is that of the prefilter ids."""

    patterns: tuple[Compiled, ...]
    except_: tuple[Compiled, ...]
    unless: tuple[Compiled, ...]
    unless_turn: tuple[Compiled, ...]
    same_turn: tuple[Compiled, ...]
    before: tuple[Compiled, ...]
    not_before: tuple[Compiled, ...]
    after: tuple[Compiled, ...]
    not_after: tuple[Compiled, ...]


@dataclass(frozen=True)
class CompiledModifier:
    """A context modifier in the form that decides."""

    patterns: tuple[Compiled, ...]
    until: tuple[Compiled, ...]
    pseudo: tuple[Compiled, ...]


@dataclass
class CompiledPack:
    """A pack ready to run: everything here is plain data and bytes, so that it can be kept on disk."""

    pack: Pack
    rules: tuple[CompiledRule, ...]
    """In the order of `pack.rules`."""
    modifiers: tuple[CompiledModifier, ...]
    charges: tuple[tuple[tuple[Compiled, ...], tuple[Compiled, ...]], ...]
    kinds_of_no: tuple[tuple[Compiled, ...], ...]
    prefilters: dict[Side, tuple[bytes, tuple[tuple[int, int], ...]]]
    """Side → serialised database, and (rule, pattern) of every expression after the first."""


def compile_pack(pack: Pack) -> CompiledPack:
    """Compile a loaded pack.

    Raises:
        RuleError: a pattern with too many combinations.
    """
    rules = tuple(
        CompiledRule(
            patterns=(
                *_all(rule.patterns, rule.where),
                *(Compiled((), raw=tuple(each)) for each in rule.entry.tokens),
            ),
            except_=_all(rule.except_, rule.where),
            unless=_all(rule.unless, rule.where),
            unless_turn=_all(rule.unless_turn, rule.where),
            same_turn=_all(rule.same_turn, rule.where),
            before=_all(rule.before, rule.where),
            not_before=_all(rule.not_before, rule.where),
            after=_all(rule.after, rule.where),
            not_after=_all(rule.not_after, rule.where),
        )
        for rule in pack.rules
    )
    return CompiledPack(
        pack=pack,
        rules=rules,
        modifiers=tuple(
            CompiledModifier(_all(each.patterns), _all(each.until), _all(each.pseudo)) for each in pack.modifiers
        ),
        charges=tuple((_all(each.patterns), _all(each.except_)) for each in pack.charges),
        kinds_of_no=tuple(_all(each.patterns) for each in pack.kinds_of_no),
        prefilters={side: _prefilter(pack, side) for side in SIDES},
    )


def _all(patterns: Sequence[Pattern], where: str = "") -> tuple[Compiled, ...]:
    return tuple(Compiled(tuple(sequences(each, where)), (), each.at_start, each.at_end) for each in patterns)


def _prefilter(pack: Pack, side: Side) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    speakers = {"agent", "bot"} if side == "company" else {"customer"}
    places: list[tuple[int, int]] = []
    expressions: list[bytes] = [_disfluency(pack.spelling)]
    for number, rule in enumerate(pack.rules):
        if not rule.roles & speakers:
            continue
        for place, pattern in enumerate(rule.patterns):
            places.append((number, place))
            expressions.append(expression(pattern, pack.spelling))
        for extra in range(len(rule.entry.tokens)):
            # A token pattern can ask for anything: it is tried on every turn.
            places.append((number, len(rule.patterns) + extra))
            expressions.append(rb"[a-z0-9]")
    return build_database(expressions), tuple(places)


def build_database(expressions: Sequence[bytes]) -> bytes:
    """Compile expressions, numbered from 0, into a serialised Hyperscan database."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    count = len(expressions)
    database.compile(expressions=list(expressions), ids=list(range(count)), elements=count, flags=[_FLAGS] * count)
    return bytes(hyperscan.dumpb(database))


def _disfluency(spelling: Spelling) -> bytes:
    parts = [rf"\b{word}\b" for word in spelling.fillers]
    parts += [rf"\b{word}\b(?:[\s,.-]|\xe2\x80\xa6)+{word}\b" for word in spelling.stutters]
    # An expression that never matches stands in where a pack has no disfluencies.
    return ("|".join(parts) or r"\x00\x01\x00\x01").encode("latin-1")


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
