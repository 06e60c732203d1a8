"""Read and score in several processes: whole sources, and byte ranges of large files whose lines stand alone.

The outcomes are those of the serial runner, in its order, whatever the number of processes: work is handed out in
order, given back in order, and what was read before is left out here, where the order is known.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import msgspec

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import Duplicates, ReadOptions, Record, Seen, Source, read, recognise, split
from frictionlens.runners import serial
from frictionlens.runners.serial import Outcome

PART_BYTES: Final = 8 * 1024 * 1024
"""A larger file is read in ranges of about this size, where its lines stand alone."""
BYTES_A_JOB: Final = 4 * 1024 * 1024
"""A further process pays from here on: it takes half a second to begin."""
AHEAD: Final = 4
"""Parts per process that may be begun before the first of them is given back: what is held stays small."""
_MESSAGE: Final = 256
"""Outcomes a message carries."""

_Marked = tuple[bytes | Problem | Skipped, Seen | None]
_Work = tuple[Source, ReadOptions]
_DECODER = msgspec.json.Decoder(Scored)


def decide_jobs(sources: Sequence[Source | Problem], jobs: int) -> int:
    """Return how many processes to use; `jobs` 0 decides by the size of the files and the cores there are."""
    if jobs:
        return jobs
    size = sum(each.path.stat().st_size for each in sources if isinstance(each, Source) and each.path is not None)
    return max(1, min(os.cpu_count() or 1, size // BYTES_A_JOB))


def run(
    sources: Iterable[Source | Problem],
    reading: ReadOptions,
    options: Options,
    jobs: int,
    *,
    part_bytes: int = PART_BYTES,
) -> Iterator[Outcome]:
    """Yield a result or a problem for every record of every source, in the order of the serial runner.

    A process that dies takes the part it was reading with it: that is a problem with the source named, and a new
    process goes on with the rest.
    """
    duplicates = Duplicates()
    for outcome, seen in _Pool(options, jobs).run(_works(sources, reading, part_bytes)):
        if seen is not None and (left_out := duplicates.check_seen(seen)):
            yield left_out
        else:
            yield _DECODER.decode(outcome) if isinstance(outcome, bytes) else outcome


def _works(sources: Iterable[Source | Problem], reading: ReadOptions, part_bytes: int) -> Iterator[_Work | Problem]:
    for source in sources:
        if isinstance(source, Problem):
            yield source
            continue
        parts = list(split(source, part_bytes)) if source.path and source.path.stat().st_size > part_bytes else []
        found = recognise(source, reading).format if len(parts) > 1 else None
        if found is not None and found.splittable:
            told = replace(reading, format=found.name)
            yield from ((part, told) for part in parts)
        else:
            yield source, reading


class _Worker:
    """A process, the way to it, and the part it has in hand."""

    def __init__(self, context: Any, options: Options) -> None:
        self.link, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, options), daemon=True)
        self.process.start()
        theirs.close()
        self.part: int | None = None


class _Pool:
    def __init__(self, options: Options, jobs: int) -> None:
        # A fork has the modules and the vocabulary already; elsewhere a process begins from nothing.
        self._context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._options = options
        self._jobs = jobs

    def run(self, works: Iterator[_Work | Problem]) -> Iterator[_Marked]:
        workers: list[_Worker] = []
        names: dict[int, str] = {}
        held: dict[int, deque[list[_Marked]]] = {}
        finished: set[int] = set()
        given = first = 0
        more = True
        scanner: Scanner | None = None
        try:
            while more or first < given:
                # Hand out.
                while more and given < first + AHEAD * self._jobs:
                    idle = next((each for each in workers if each.part is None), None)
                    if idle is None and len(workers) >= self._jobs:
                        break
                    work = next(works, None)
                    if work is None:
                        more = False
                        break
                    number, given = given, given + 1
                    held[number] = deque()
                    if isinstance(work, Problem):
                        held[number].append([(work, None)])
                        finished.add(number)
                        continue
                    names[number] = work[0].name
                    try:
                        data = pickle.dumps(work)
                    except (pickle.PicklingError, TypeError, AttributeError):
                        # Standard input and the like can be read in this process only.
                        scanner = scanner or Scanner(self._options)
                        held[number].append(list(_outcomes(work, scanner)))
                        finished.add(number)
                        continue
                    if idle is None:
                        idle = _Worker(self._context, self._options)
                        workers.append(idle)
                    idle.part = number
                    idle.link.send_bytes(data)
                # Give back.
                while first < given:
                    while held[first]:
                        yield from held[first].popleft()
                    if first not in finished:
                        break
                    finished.discard(first)
                    del held[first]
                    names.pop(first, None)
                    first += 1
                # Take in; who is far ahead waits in its pipe.
                busy = {
                    each.link: each
                    for each in workers
                    if each.part is not None and (each.part == first or len(held[each.part]) < 64)
                }
                for link in wait(list(busy)) if busy else ():
                    worker = busy[link]
                    assert worker.part is not None
                    try:
                        message = worker.link.recv()
                    except (EOFError, OSError):
                        worker.process.join(1)
                        reason = f"the process that read this ended with code {worker.process.exitcode}"
                        held[worker.part].append([(Problem(names[worker.part], "", reason, "try --jobs 1"), None)])
                        finished.add(worker.part)
                        workers.remove(worker)
                        continue
                    if message is None:
                        finished.add(worker.part)
                        worker.part = None
                    else:
                        held[worker.part].append(message)
        finally:
            for each in workers:
                # A closed pipe tells nothing: processes forked later hold a copy of its end.
                each.process.terminate()
                each.link.close()
            for each in workers:
                each.process.join(1)


def _serve(link: Connection, options: Options) -> None:
    """Read and score parts until the other side goes away; runs in a process of its own."""
    # Ctrl-C reaches every process of the terminal; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    scanner = Scanner(options)
    try:
        while True:
            work: _Work = pickle.loads(link.recv_bytes())  # noqa: S301  from our own parent
            message: list[_Marked] = []
            for outcome in _outcomes(work, scanner):
                message.append(outcome)
                if len(message) >= _MESSAGE:
                    link.send(message)
                    message = []
            link.send(message)
            link.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _outcomes(work: _Work, scanner: Scanner) -> Iterator[_Marked]:
    """Yield every outcome of a part, results encoded, with what tells whether the interaction was read before."""
    seen: deque[Seen | None] = deque()

    def records() -> Iterator[Record]:
        for record in read(*work):
            seen.append(Seen.of(record) if isinstance(record, Interaction) else None)
            yield record

    encode = msgspec.json.Encoder().encode
    for outcome in serial.score(records(), scanner):
        yield encode(outcome) if isinstance(outcome, Scored) else outcome, seen.popleft()
