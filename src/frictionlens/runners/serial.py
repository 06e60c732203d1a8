"""Read and score one source after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import Duplicates, ReadOptions, Source, read

Outcome = Scored | Problem | Skipped


def run(sources: Iterable[Source | Problem], options: ReadOptions, scanner: Scanner) -> Iterator[Outcome]:
    """Yield a result or a problem for every record of every source, in order; the same interaction counts once."""
    duplicates = Duplicates()
    for source in sources:
        if isinstance(source, Problem):
            yield source
            continue
        for record in read(source, options):
            if isinstance(record, Interaction):
                yield duplicates.check(record) or scanner.score_safely(record)
            else:
                yield record
