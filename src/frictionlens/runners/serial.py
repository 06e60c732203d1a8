"""Read and score one source after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import Duplicates, ReadOptions, Record, Source, read

Outcome = Scored | Problem | Skipped

Mark = TypeVar("Mark")
"""What stands among the outcomes for whoever asked for them: a runner gives it back in its place."""


def run(
    sources: Iterable[Source | Mark],
    options: ReadOptions,
    scanner: Scanner,
    instead: Callable[[Interaction], Mark | None] | None = None,
) -> Generator[Outcome | Mark, None, None]:
    """Yield a result or a problem for every record of every source, in order; the same interaction counts once.

    Args:
        sources: what to read; anything else among them is given back in its place.
        options: how to read it.
        scanner: scores what was read.
        instead: asked before an interaction is scored; what it returns is given back in its place.
    """
    return score(_records(sources, options), scanner, instead)


def _records(sources: Iterable[Source | Mark], options: ReadOptions) -> Iterator[Record | Mark]:
    duplicates = Duplicates()
    for source in sources:
        if not isinstance(source, Source):
            yield source
            continue
        for record in read(source, options):
            yield (duplicates.check(record) or record) if isinstance(record, Interaction) else record


def score(
    records: Iterable[Record | Mark], scanner: Scanner, instead: Callable[[Interaction], Mark | None] | None = None
) -> Generator[Outcome | Mark, None, None]:
    """Score the interactions among the records, if nothing is given instead; everything keeps its place."""
    for each in records:
        if not isinstance(each, Interaction):
            yield each
        elif instead is not None and (given := instead(each)) is not None:
            yield given
        else:
            yield scanner.score_safely(each)
