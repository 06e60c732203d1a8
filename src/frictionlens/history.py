"""Own the scan that remembers: what is unchanged is taken from the store, what is new is scored and put into it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from frictionlens import __version__
from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Options, Scanner, content_hash
from frictionlens.readers import Duplicates, ReadOptions, Source, read
from frictionlens.rules import Pack as RulePack
from frictionlens.rules import pack_digest
from frictionlens.store import BATCH, CategoryNote, Pack, RuleNote, Store

Outcome = Scored | Problem | Skipped


class Unchanged(NamedTuple):
    """A file that need not be read again: its interactions are in the store as they are."""

    file: str
    interactions: int


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


def scan_into(
    store: Store,
    sources: Iterable[Source | Problem],
    reading: ReadOptions,
    options: Options,
    scanner: Callable[[], Scanner],
    *,
    replay: bool = True,
) -> Iterator[Outcome | Unchanged]:
    """Yield the outcome of every record, as a scan without a store would, scoring only what is new.

    A file whose bytes, reading options and pack are those of the last scan is not read again; in a changed file,
    interactions with known content are not scored again. Everything new is in the store when the iterator ends.

    Args:
        store: the history.
        sources: what to read.
        reading: how to read it; part of what makes a file unchanged.
        options: what shapes results; must be those of the scanner.
        scanner: makes the scanner; called only when there is something to score.
        replay: yield the stored results of unchanged files; False yields one `Unchanged` a file instead.
    """
    digest = digest_of(pack_digest(options.packs), options)
    files = store.known_files(digest)
    known: set[tuple[str, str]] | None = None
    duplicates = Duplicates()
    how = hashlib.sha256(repr(msgspec.to_builtins(reading)).encode()).hexdigest()[:8]
    for source in sources:
        if isinstance(source, Problem):
            yield source
            continue
        stamp = f"{own}/{how}" if (own := _stamp(source)) else ""
        if stamp and (before := files.get(source.name)) and before.stamp == stamp:
            yield from store.left_out(source.name)
            if replay:
                yield from store.scored(source.name)
            else:
                yield Unchanged(source.name, before.interactions)
            continue
        if known is None:
            store.put_pack(notes_of(scanner().pack, options))
            known = store.known_interactions(digest)
        number, left_out = 0, list[Problem | Skipped]()
        for outcome in _scan_one(store, source, reading, scanner(), digest, known, duplicates):
            if isinstance(outcome, Scored):
                number += 1
            else:
                left_out.append(outcome)
            yield outcome
        store.put_file(source.name, stamp, digest, number, left_out)


def _scan_one(
    store: Store,
    source: Source,
    reading: ReadOptions,
    scanner: Scanner,
    digest: str,
    known: set[tuple[str, str]],
    duplicates: Duplicates,
) -> Iterator[Outcome]:
    new: list[Scored] = []
    old: list[str] = []
    try:
        for record in read(source, reading):
            if not isinstance(record, Interaction):
                yield record
                continue
            if left_out := duplicates.check(record):
                yield left_out
                continue
            if known and (record.id, content_hash(record)) in known:
                old.append(record.id)
                if len(old) >= BATCH:
                    yield from _again(store, old, source, digest)
                continue
            outcome = scanner.score_safely(record)
            if isinstance(outcome, Scored):
                new.append(outcome)
                if len(new) >= BATCH:
                    store.put_batch(new, digest, file=source.name)
                    new.clear()
            yield outcome
    finally:
        # Whoever stops a scan finds what was scored in the store when it goes on.
        store.put_batch(new, digest, file=source.name)
    yield from _again(store, old, source, digest)


def _again(store: Store, ids: list[str], source: Source, digest: str) -> Iterator[Scored]:
    """Yield known interactions from the store, which now belong to this file."""
    if ids:
        found = list(store.scored(only=ids))
        store.put_batch(found, digest, file=source.name)
        ids.clear()
        yield from found


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
