"""Own the choice between this process and several of this machine; the outcomes are the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Final

from frictionlens.model import Interaction
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, Source
from frictionlens.runners import serial
from frictionlens.runners.parts import size_of
from frictionlens.runners.serial import Mark, Outcome

BYTES_A_JOB: Final = 4 * 1024 * 1024
"""A further process pays from here on: it takes half a second to begin."""


def decide_jobs(sources: Sequence[object], jobs: int) -> int:
    """Return how many processes to use; `jobs` 0 decides by the size of the files and the cores there are."""
    if jobs:
        return jobs
    size = sum(size_of(each) for each in sources if isinstance(each, Source))
    return max(1, min(os.cpu_count() or 1, size // BYTES_A_JOB))


def run(
    sources: Iterable[Source | Mark],
    reading: ReadOptions,
    options: Options,
    jobs: int,
    scanner: Scanner,
    instead: Callable[[Interaction], Mark | None] | None = None,
) -> Generator[Outcome | Mark, None, None]:
    """Yield a result or a problem for every record of every source, in order, whatever `jobs` is.

    Args:
        sources: what to read; anything else among them is given back in its place.
        reading: how to read it.
        options: what shapes results; those of the scanner.
        jobs: processes; with 1 it is this one that works.
        scanner: of this process; making it first, a broken rule is said once, and where the rules are not compiled
            yet, it is not every process that does.
        instead: asked before an interaction is scored; what it returns is given back in its place. Picklable.
    """
    if jobs > 1:
        from frictionlens.runners import processes

        return processes.run(sources, reading, options, jobs, instead=instead, scanner=scanner)
    return serial.run(sources, reading, scanner, instead)
