"""Read and score in several processes: whole sources, and byte ranges of large files whose lines stand alone.

The outcomes are those of the serial runner, in its order, whatever the number of processes: work is handed out in
order, given back in order, and what was read before is left out here, where the order is known.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, Source
from frictionlens.runners.parts import Marked, Part, cut, score_part, without_duplicates
from frictionlens.runners.serial import Outcome

BYTES_A_JOB: Final = 4 * 1024 * 1024
"""A further process pays from here on: it takes half a second to begin."""
AHEAD: Final = 4
"""Parts per process that may be begun before the first of them is given back: what is held stays small."""
_MESSAGE: Final = 256
"""Outcomes a message carries."""

_DEATH_SIGNAL: Final = 1
"""Linux: PR_SET_PDEATHSIG of prctl."""


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
    part_bytes: int = 0,
) -> Iterator[Outcome]:
    """Yield a result or a problem for every record of every source, in the order of the serial runner.

    A process that dies takes the part it was reading with it: that is a problem with the source named, and a new
    process goes on with the rest. `part_bytes` 0 chooses the size of the ranges.
    """
    parts = cut(sources, reading, jobs, part_bytes)
    return without_duplicates(_Pool(options, jobs).run(parts))


class _Worker:
    """A process, the way to it, and the part it has in hand."""

    def __init__(self, context: Any, options: Options) -> None:
        self.link, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, options, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()
        self.part: int | None = None


class _Pool:
    def __init__(self, options: Options, jobs: int) -> None:
        # A fork has the modules and the vocabulary already; elsewhere a process begins from nothing.
        self._context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._options = options
        self._jobs = jobs

    def run(self, works: Iterator[Part | Problem]) -> Iterator[Marked]:
        workers: list[_Worker] = []
        names: dict[int, str] = {}
        held: dict[int, deque[list[Marked]]] = {}
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
                        held[number].append(list(score_part(work, scanner)))
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


def _serve(link: Connection, options: Options, parent: int) -> None:
    """Read and score parts until the other side goes away; runs in a process of its own."""
    # Ctrl-C reaches every process of the terminal; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    scanner = Scanner(options)
    try:
        while True:
            work: Part = pickle.loads(link.recv_bytes())  # noqa: S301  from our own parent
            message: list[Marked] = []
            for outcome in score_part(work, scanner):
                message.append(outcome)
                if len(message) >= _MESSAGE:
                    link.send(message)
                    message = []
            link.send(message)
            link.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _die_with(parent: int) -> None:
    """End this process when its parent ends, however that ends: no pipe closes where a sibling holds its other end."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)
