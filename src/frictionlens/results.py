"""Own the order of results: by source and interaction id, in memory that does not grow (sorted runs on disk)."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Final

import msgspec

from frictionlens.model import Scored

MAX_BYTES: Final = 32 * 1024 * 1024
"""Result lines held in memory before a sorted run goes to disk."""
MOST_RUNS: Final = 64
"""Runs that are merged into one of the next level: open files stay few, and a line is written once a level."""

_Entry = tuple[str, str, bytes]
"""(source, interaction id, line)."""

_DECODER = msgspec.json.Decoder(Scored)


class SortedResults:
    """Take results in any order and give them back sorted, as often as needed; a context manager.

    Ties (the same source and id twice) are broken by the line itself, so the order never depends on arrival.
    """

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._held: list[_Entry] = []
        self._size = 0
        self._levels: list[list[IO[bytes]]] = []
        self.count = 0

    def __enter__(self) -> SortedResults:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the runs on disk."""
        for runs in self._levels:
            for run in runs:
                run.close()

    def add(self, scored: Scored) -> None:
        """Take one result."""
        line = self._encoder.encode(scored)
        self._held.append((scored.source, scored.interaction_id, line))
        self._size += len(line)
        self.count += 1
        if self._size > MAX_BYTES:
            self._spill()

    def lines(self) -> Iterator[bytes]:
        """Yield every result line, sorted, without its line end."""
        self._held.sort()
        streams = [_read_run(run) for runs in self._levels for run in runs]
        return (line for _, _, line in (heapq.merge(*streams, self._held) if streams else self._held))

    def __iter__(self) -> Iterator[Scored]:
        """Yield every result, sorted."""
        return map(_DECODER.decode, self.lines())

    def _spill(self) -> None:
        self._held.sort()
        run = self._written(self._held)
        # In one go, so that who stops a scan in between finds every line once.
        self._held, self._size = [], 0
        self._keep(run, 0)

    def _written(self, entries: Iterable[_Entry]) -> IO[bytes]:
        """Return a new run with these entries."""
        run = tempfile.TemporaryFile(prefix="frictionlens-")  # noqa: SIM115  closed in __exit__
        try:
            for source, interaction_id, line in entries:
                run.write(self._encoder.encode((source, interaction_id)) + b"\n" + line + b"\n")
        except BaseException:
            run.close()
            raise
        return run

    def _keep(self, run: IO[bytes], level: int) -> None:
        """Take a run into a level; where that is full, merge it into a run of the next."""
        if level == len(self._levels):
            self._levels.append([])
        runs = self._levels[level]
        runs.append(run)
        if len(runs) >= MOST_RUNS:
            merged = self._written(heapq.merge(*map(_read_run, runs)))
            merging, runs[:] = list(runs), []
            self._keep(merged, level + 1)
            for each in merging:
                each.close()


def _read_run(run: IO[bytes]) -> Iterator[_Entry]:
    run.seek(0)
    while key := run.readline():
        source, interaction_id = msgspec.json.decode(key)
        yield source, interaction_id, run.readline().rstrip(b"\n")
