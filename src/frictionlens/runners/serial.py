"""Read and score one source after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import Duplicates, ReadOptions, Record, Source, read

Outcome = Scored | Problem | Skipped

BATCH_TURNS: Final = 2_000
"""Turns scored in one go: enough to search them at full speed, few enough to be held at once."""
BATCH_CHARACTERS: Final = 1_000_000


def run(sources: Iterable[Source | Problem], options: ReadOptions, scanner: Scanner) -> Iterator[Outcome]:
    """Yield a result or a problem for every record of every source, in order; the same interaction counts once."""
    return score(_records(sources, options), scanner)


def _records(sources: Iterable[Source | Problem], options: ReadOptions) -> Iterator[Record]:
    duplicates = Duplicates()
    for source in sources:
        if isinstance(source, Problem):
            yield source
            continue
        for record in read(source, options):
            yield (duplicates.check(record) or record) if isinstance(record, Interaction) else record


def score(records: Iterable[Record], scanner: Scanner) -> Iterator[Outcome]:
    """Score the interactions among the records in batches; everything keeps its place."""
    batch: list[Record] = []
    turns = characters = 0
    for record in records:
        batch.append(record)
        if isinstance(record, Interaction):
            turns += len(record.turns)
            characters += sum([len(turn.text) for turn in record.turns])
        if turns >= BATCH_TURNS or characters >= BATCH_CHARACTERS or len(batch) >= BATCH_TURNS:
            yield from _outcomes(batch, scanner)
            batch, turns, characters = [], 0, 0
    yield from _outcomes(batch, scanner)


def _outcomes(batch: list[Record], scanner: Scanner) -> Iterator[Outcome]:
    scored = iter(scanner.score_batch([each for each in batch if isinstance(each, Interaction)]))
    return (next(scored) if isinstance(each, Interaction) else each for each in batch)
