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
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from frictionlens.model import Interaction
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, Source
from frictionlens.runners.parts import Lost, Marked, Part, cut, score_part, without_duplicates
from frictionlens.runners.serial import Mark, Outcome

AHEAD: Final = 4
"""Parts per process that may be begun before the first of them is given back: what is held stays small."""
_MESSAGE: Final = 64
"""Outcomes a message carries: about as many as lie in a pipe while the parent does something else."""
_MOST_HELD: Final = 64
"""Messages of a part that are held until it is its turn."""

_DEATH_SIGNAL: Final = 1
"""Linux: PR_SET_PDEATHSIG of prctl."""


def run(
    sources: Iterable[Source | Mark],
    reading: ReadOptions,
    options: Options,
    jobs: int,
    *,
    part_bytes: int = 0,
    instead: Callable[[Interaction], Mark | None] | None = None,
    scanner: Scanner | None = None,
) -> Generator[Outcome | Mark, None, None]:
    """Yield a result or a problem for every record of every source, in the order of the serial runner.

    A process that dies takes the part it was reading with it: that is a problem with the source named, and a new
    process goes on with the rest.

    Args:
        sources: what to read; anything else among them is given back in its place.
        reading: how to read it.
        options: what shapes results.
        jobs: how many processes work.
        part_bytes: size of the ranges; 0 decides by the size of the file.
        instead: asked before an interaction is scored, in the process that read it; what it returns is given back in
            its place. Processes begin with a copy of it.
        scanner: of this process, with these options, where there is one: forked processes go on with it.
    """
    parts = cut(sources, reading, jobs, part_bytes)
    return without_duplicates(_Pool(options, jobs, instead, scanner).run(parts))


_Instead = Callable[[Interaction], object | None]


class _Worker:
    """A process, the way to it, and the part it has in hand."""

    def __init__(self, context: Any, options: Options, instead: _Instead | None, scanner: Scanner | None) -> None:
        self.link, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(theirs, options, instead, scanner, os.getpid()), daemon=True
        )
        self.process.start()
        theirs.close()
        self.part: int | None = None


class _Pool:
    def __init__(self, options: Options, jobs: int, instead: _Instead | None, scanner: Scanner | None) -> None:
        # A fork has the modules and the rules already; elsewhere a process begins from nothing.
        forks = sys.platform == "linux"
        self._context = multiprocessing.get_context("fork" if forks else "spawn")
        self._own = scanner
        self._theirs = scanner if forks else None
        self._options = options
        self._jobs = jobs
        self._instead = instead

    def run(self, works: Iterator[Part | Any]) -> Iterator[Marked]:
        workers: list[_Worker] = []
        names: dict[int, str] = {}
        held: dict[int, deque[Iterable[Marked]]] = {}
        finished: set[int] = set()
        given = first = 0
        more = True
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
                    if not isinstance(work, Part):
                        held[number].append([(work, None)])
                        finished.add(number)
                        continue
                    names[number] = work.source.name
                    try:
                        data = pickle.dumps(work)
                    except (pickle.PicklingError, TypeError, AttributeError):
                        # Standard input and the like can be read in this process only.
                        self._own = self._own or Scanner(self._options)
                        held[number].append(score_part(work, self._own, self._instead))  # read when its turn comes
                        finished.add(number)
                        continue
                    if idle is None:
                        idle = _Worker(self._context, self._options, self._instead, self._theirs)
                        workers.append(idle)
                    idle.part = number
                    idle.link.send_bytes(data)
                # Take in, and wait only when there is nothing to give back; who is far ahead waits in its pipe.
                busy = {
                    each.link: each
                    for each in workers
                    if each.part is not None and (each.part == first or len(held[each.part]) < _MOST_HELD)
                }
                patience = 0 if first in finished or held.get(first) else None
                for link in wait(list(busy), patience) if busy else ():
                    worker = busy[link]
                    assert worker.part is not None
                    try:
                        message = worker.link.recv()
                    except (EOFError, OSError):
                        worker.process.join(1)
                        reason = f"the process that read this ended with code {worker.process.exitcode}"
                        held[worker.part].append([(Lost(names[worker.part], "", reason, "try --jobs 1"), None)])
                        finished.add(worker.part)
                        workers.remove(worker)
                        continue
                    if message is None:
                        finished.add(worker.part)
                        worker.part = None
                    else:
                        held[worker.part].append(message)
                # Give back one message, so that nobody waits long for work.
                if held.get(first):
                    yield from held[first].popleft()
                elif first in finished:
                    finished.discard(first)
                    del held[first]
                    names.pop(first, None)
                    first += 1
        finally:
            for each in workers:
                # A closed pipe tells nothing: processes forked later hold a copy of its end.
                each.process.terminate()
                each.link.close()
            for each in workers:
                each.process.join(1)


def _serve(link: Connection, options: Options, instead: _Instead | None, scanner: Scanner | None, parent: int) -> None:
    """Read and score parts until the other side goes away; runs in a process of its own."""
    # Ctrl-C reaches every process of the terminal; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    scanner = scanner or Scanner(options)
    try:
        while True:
            work: Part = pickle.loads(link.recv_bytes())  # noqa: S301  from our own parent
            message: list[Marked] = []
            for outcome in score_part(work, scanner, instead):
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
