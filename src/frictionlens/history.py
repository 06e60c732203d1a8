"""Own the scan that remembers: what is unchanged is taken from the store, what is new is scored and put into it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from frictionlens import __version__
from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Options, Scanner, content_hash
from frictionlens.readers import ReadOptions, Source
from frictionlens.rules import Pack as RulePack
from frictionlens.rules import pack_digest
from frictionlens.runners import local
from frictionlens.runners.parts import Lost
from frictionlens.runners.serial import Outcome
from frictionlens.store import BATCH, CategoryNote, KnownFile, Pack, RuleNote, Store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Unchanged(NamedTuple):
    """A file that need not be read again: its interactions are in the store as they are."""

    file: str
    interactions: int
    left_out: int
    """Records of it that could not be read, or were left out on purpose."""


def digest_of(digest: str, options: Options | None = None) -> str:
    """Return what decides whether a result is still good: the digest of the rules, and of whatever else shapes results.

    Args:
        digest: of the rule pack.
        options: weights, redaction, selection …; they are part of the digest where they are not the default.
    """
    plain = Options(excerpts=True)
    if options is None or replace(options, packs=()) == plain:
        return digest
    shape = repr(msgspec.to_builtins(replace(options, packs=()), enc_hook=str))
    return f"{digest}+{hashlib.sha256(shape.encode()).hexdigest()[:6]}"


def notes_of(pack: RulePack, options: Options | None = None) -> Pack:
    """Return what a store keeps of a rule pack: its digest, titles, advice."""
    return Pack(
        digest=digest_of(pack.digest, options),
        name="of frictionlens",
        version=__version__,
        rules=tuple(
            RuleNote(each.id, each.category.id, each.entry.title, each.entry.why, each.entry.advice)
            for each in pack.everything
        ),
        categories=tuple(
            CategoryNote(each.id, each.family, each.title, each.step, each.charged) for each in pack.categories.values()
        ),
    )


class _Begun(NamedTuple):
    """Mark before the outcomes of a file."""

    file: str
    stamp: str


class _Ended(NamedTuple):
    """Mark after the outcomes of a file."""


class _Stored(NamedTuple):
    """Stands for an interaction that the store holds as it is."""

    content_hash: str


_Mark = Problem | Unchanged | _Begun | _Ended | _Stored


class Known:
    """What the store holds already: asked of every interaction before it is scored, in whatever process reads it.

    Args:
        contents: content hashes as sorted numbers.
    """

    def __init__(self, contents: npt.NDArray[np.uint64]) -> None:
        self._contents = contents

    def __call__(self, interaction: Interaction) -> _Stored | None:
        """Return what stands for an interaction that is known, None for one that has to be scored."""
        found = content_hash(interaction)
        wanted = self._contents.dtype.type(int(found, 16))
        place = int(self._contents.searchsorted(wanted))
        return _Stored(found) if place < len(self._contents) and self._contents[place] == wanted else None


def scan_into(
    store: Store,
    sources: Iterable[Source | Problem],
    reading: ReadOptions,
    options: Options,
    scanner: Callable[[], Scanner],
    *,
    replay: bool = True,
    jobs: int = 1,
) -> Iterator[Outcome | Unchanged]:
    """Yield the outcome of every record, as a scan without a store would, scoring only what is new.

    A file whose bytes, reading options and pack are those of the last scan is not read again; in a changed file,
    interactions with known content are not scored again. Everything new is in the store when the iterator ends.
    Other processes read and score; this one alone asks the store and writes it, in the order of the files.

    Args:
        store: the history.
        sources: what to read.
        reading: how to read it; part of what makes a file unchanged.
        options: what shapes results; must be those of the scanner.
        scanner: makes the scanner; called only when there is something to score.
        replay: yield the stored results of unchanged files; False yields one `Unchanged` a file instead.
        jobs: processes that read and score; with 1 it is this one.
    """
    digest = digest_of(pack_digest(options.packs), options)
    works = _works(store.known_files(digest), sources, reading)
    for work in works:
        if not isinstance(work, _Begun):
            yield from _left_alone(store, work, replay=replay)
            continue
        # The first file that has to be read: from here on whoever reads takes the works, this one first.
        own = scanner()
        store.put_pack(notes_of(own.pack, options))
        contents = store.known_contents(digest)
        known = Known(contents) if len(contents) else None
        outcomes = local.run(chain((work,), works), reading, options, jobs, own, known)
        yield from _taken_in(store, outcomes, digest, replay=replay)


def _works(
    files: Mapping[str, KnownFile], sources: Iterable[Source | Problem], reading: ReadOptions
) -> Iterator[Source | _Mark]:
    """Yield what has to be read between its marks, and one mark for what need not be."""
    how = hashlib.sha256(repr(msgspec.to_builtins(reading)).encode()).hexdigest()[:8]
    for source in sources:
        if isinstance(source, Problem):
            yield source
            continue
        stamp = f"{own}/{how}" if (own := _stamp(source)) else ""
        if stamp and (before := files.get(source.name)) and before.stamp == stamp:
            yield Unchanged(source.name, before.interactions, before.left_out)
            continue
        yield _Begun(source.name, stamp)
        yield source
        yield _Ended()


def _left_alone(store: Store, work: Any, *, replay: bool) -> Iterator[Outcome | Unchanged]:
    """Yield what there is to say of a file that need not be read, or cannot be."""
    if not isinstance(work, Unchanged):
        yield work
        return
    # Opening the store takes longer than hashing a small file, and most files have nothing to say.
    if work.left_out:
        yield from store.left_out(work.file)
    if replay:
        yield from store.scored(work.file)
    else:
        yield work


def _taken_in(
    store: Store, outcomes: Generator[Any, None, None], digest: str, *, replay: bool
) -> Iterator[Outcome | Unchanged]:
    """Put what was scored into the store, and yield it with everything else."""
    file: _Begun | None = None
    pending: list[Scored | str] = []
    left_out: list[Problem | Skipped] = []
    number = 0

    def flush() -> Iterator[Scored | Problem]:
        """Store what is pending in the order it was read, and yield what was known by its content."""
        wanted = [each for each in pending if isinstance(each, str)]
        # Looked up before anything is stored: what is new may take the place of what was known.
        known = {each.content_hash: each for each in store.scored(only=wanted)} if wanted else {}
        batch = [known.get(each) if isinstance(each, str) else each for each in pending]
        pending.clear()
        if file is not None:
            store.put_batch([each for each in batch if each is not None], digest, file=file.file)
            yield from (known[each] for each in wanted if each in known)
            replaced = "its stored result was replaced while this file was read"
            yield from (Lost(file.file, "", replaced, "scan again") for each in wanted if each not in known)

    try:
        with closing(outcomes):
            for outcome in outcomes:
                if isinstance(outcome, _Begun):
                    file, number, left_out = outcome, 0, []
                    continue
                if file is None:
                    yield from _left_alone(store, outcome, replay=replay)
                    continue
                if isinstance(outcome, _Stored):
                    pending.append(outcome.content_hash)
                elif isinstance(outcome, Scored):
                    pending.append(outcome)
                    number += 1
                    yield outcome
                elif not isinstance(outcome, _Ended):
                    left_out.append(outcome)
                    yield outcome
                if len(pending) >= BATCH or isinstance(outcome, _Ended):
                    for each in flush():
                        if isinstance(each, Problem):
                            left_out.append(each)
                        else:
                            number += 1
                        yield each
                if isinstance(outcome, _Ended):
                    # What was lost has to be looked for next time.
                    whole = not any(isinstance(each, Lost) for each in left_out)
                    store.put_file(file.file, file.stamp if whole else "", digest, number, left_out)
                    file = None
    finally:
        # Whoever stops a scan finds what was scored in the store when it goes on.
        for _ in flush():
            pass


def load_results(paths: Iterable[Path], pack: Pack, *, store: Store | None = None) -> Store:
    """Load saved result lines (`scan -o results.jsonl`) into a store in memory, for a report without a history.

    Args:
        paths: JSONL files of result lines.
        pack: titles and better wording for the rules; results do not say which pack made them.
        store: put them here instead.

    Raises:
        UserError: a file cannot be read, or holds no result line at all.
    """
    store = store or Store(None)
    decoder = msgspec.json.Decoder(Scored)
    store.put_pack(pack)
    for path in paths:
        problems: list[Problem] = []
        batch: list[Scored] = []
        number = 0
        try:
            with path.open("rb") as stream:
                for place, line in enumerate(stream, 1):
                    if not line.strip():
                        continue
                    try:
                        batch.append(decoder.decode(line))
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        problems.append(Problem(str(path), f"line {place}", f"no result line: {type(error).__name__}"))
                        continue
                    number += 1
                    if len(batch) >= BATCH:
                        store.put_batch(batch, pack.digest, file=str(path))
                        batch.clear()
        except OSError as error:
            raise UserError(f"the file cannot be read: {error.strerror}", str(path)) from error
        store.put_batch(batch, pack.digest, file=str(path))
        if not number:
            raise UserError(
                "the file holds no result lines", str(path), "give what `scan -o results.jsonl` wrote, or --store FILE"
            )
        store.put_file(str(path), "", pack.digest, number, problems)
    return store


def _stamp(source: Source) -> str:
    """Return a digest of a source's bytes: what decides that it need not be read again; empty when it is broken.

    Size and time of modification would be faster and wrong: exports are copied, unpacked and touched.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in source.members or (source,):
        digest.update(part.name.encode("utf-8", "replace"))
        try:
            with part.open() as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
        except (OSError, EOFError, ValueError):
            return ""
    return digest.hexdigest()
