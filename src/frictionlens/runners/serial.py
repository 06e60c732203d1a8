"""Read and score one source after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import Duplicates, ReadOptions, Record, Source, read

Outcome = Scored | Problem | Skipped


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
    """Score the interactions among the records; everything keeps its place."""
    return (scanner.score_safely(each) if isinstance(each, Interaction) else each for each in records)
