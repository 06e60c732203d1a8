"""Own the cutting of work into parts that can be done side by side, and what is done with one part.

Shared by the runners that spread work: they differ in who does a part, not in what it is. A part is a whole source, or
a byte range of a large file whose lines stand alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from frictionlens.errors import Problem
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import Duplicates, ReadOptions, Record, Seen, Source, read, recognise, split
from frictionlens.runners import serial
from frictionlens.runners.serial import Mark

PART_BYTES: Final = 2 * 1024 * 1024
"""Most bytes of a range: what is lost when a process dies, and what is held to keep the order, stay small."""
LEAST_BYTES: Final = 256 * 1024
"""Fewest bytes of a range: below, handing over costs more than it brings."""
PARTS_A_JOB: Final = 32
"""Ranges of a file per process, where it is large enough: nobody is left waiting for the last one."""


class Part(NamedTuple):
    """What one process does at a time: a source or a range of one, and how to read it."""

    source: Source
    reading: ReadOptions


class Lost(Problem, frozen=True):
    """What went with a process that died, or was replaced meanwhile: read again it may well be there."""

    # Problems are sorted where they are reported, and msgspec orders structs of one class only.
    def __lt__(self, other: Problem) -> bool:
        return msgspec.structs.astuple(self) < msgspec.structs.astuple(other)

    def __gt__(self, other: Problem) -> bool:
        return msgspec.structs.astuple(self) > msgspec.structs.astuple(other)


Marked = tuple[Any, Seen | None]
"""The outcome of a record, a result encoded; and what tells whether the interaction was read before."""

_DECODER: Final = msgspec.json.Decoder(Scored)


def size_of(source: Source) -> int:
    """Return the bytes of its file; 0 where there is none (any more), which whoever reads it will tell."""
    try:
        return source.path.stat().st_size if source.path else 0
    except OSError:
        return 0


def cut(
    sources: Iterable[Source | Mark], reading: ReadOptions, jobs: int, part_bytes: int = 0
) -> Iterator[Part | Mark]:
    """Yield the parts of all sources, in order.

    Args:
        sources: what to read; anything else among them goes through.
        reading: how to read it.
        jobs: how many work side by side.
        part_bytes: size of a range; 0 decides by the size of the file.
    """
    for source in sources:
        if not isinstance(source, Source):
            yield source
            continue
        size = size_of(source)
        most = part_bytes or min(PART_BYTES, max(LEAST_BYTES, size // (PARTS_A_JOB * jobs)))
        parts = split(source, most) if size > most else iter(())
        # Only when there are two is it worth to ask what it is; the rest of a large file is cut as it is handed out.
        first, second = next(parts, None), next(parts, None)
        found = recognise(source, reading).format if first and second else None
        if first and second and found is not None and found.splittable:
            told = replace(reading, format=found.name)
            yield from (Part(part, told) for part in chain((first, second), parts))
        else:
            yield Part(source, reading)


def score_part(
    part: Part, scanner: Scanner, instead: Callable[[Interaction], object | None] | None = None
) -> Iterator[Marked]:
    """Yield the outcome of every record of a part, or what is given instead of scoring it."""
    seen: deque[Seen | None] = deque()

    def records() -> Iterator[Record]:
        for record in read(*part):
            seen.append(Seen.of(record) if isinstance(record, Interaction) else None)
            yield record

    encode = msgspec.json.Encoder().encode
    for outcome in serial.score(records(), scanner, instead):
        yield encode(outcome) if isinstance(outcome, Scored) else outcome, seen.popleft()


def without_duplicates(outcomes: Iterable[Marked]) -> Generator[Any, None, None]:
    """Yield outcomes given in order; an interaction that was read before, in whatever part, is left out."""
    duplicates = Duplicates()
    for outcome, seen in outcomes:
        if seen is not None and (left_out := duplicates.check_seen(seen)):
            yield left_out
        else:
            yield _DECODER.decode(outcome) if isinstance(outcome, bytes) else outcome
