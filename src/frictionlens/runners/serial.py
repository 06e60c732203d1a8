"""Read and score one source after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import ReadOptions, Source, read

Outcome = Scored | Problem | Skipped


def run(sources: Iterable[Source | Problem], options: ReadOptions, scanner: Scanner) -> Iterator[Outcome]:
    """Yield a result or a problem for every record of every source, in order."""
    for source in sources:
        if isinstance(source, Problem):
            yield source
            continue
        for record in read(source, options):
            yield scanner.score_safely(record) if isinstance(record, Interaction) else record
