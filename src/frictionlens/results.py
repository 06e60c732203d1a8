"""Own the order of results: by source and interaction id, in memory that does not grow (sorted runs on disk)."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from typing import IO, Final

import msgspec

from frictionlens.model import Scored

MAX_BYTES: Final = 64 * 1024 * 1024
"""Result lines held in memory before a sorted run goes to disk."""

_DECODER = msgspec.json.Decoder(Scored)


class SortedResults:
    """Take results in any order and give them back sorted, as often as needed; a context manager.

    Ties (the same source and id twice) are broken by the line itself, so the order never depends on arrival.
    """

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._held: list[tuple[str, str, bytes]] = []
        self._size = 0
        self._runs: list[IO[bytes]] = []
        self.count = 0

    def __enter__(self) -> SortedResults:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the runs on disk."""
        for run in self._runs:
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
        if not self._runs:
            return (line for _, _, line in self._held)
        streams: list[Iterator[tuple[str, str, bytes]]] = [_read_run(run) for run in self._runs]
        return (line for _, _, line in heapq.merge(*streams, self._held))

    def __iter__(self) -> Iterator[Scored]:
        """Yield every result, sorted."""
        return map(_DECODER.decode, self.lines())

    def _spill(self) -> None:
        run = tempfile.TemporaryFile(prefix="frictionlens-")  # noqa: SIM115  closed in __exit__
        self._held.sort()
        for source, interaction_id, line in self._held:
            run.write(self._encoder.encode((source, interaction_id)) + b"\n" + line + b"\n")
        self._runs.append(run)
        self._held = []
        self._size = 0


def _read_run(run: IO[bytes]) -> Iterator[tuple[str, str, bytes]]:
    run.seek(0)
    while key := run.readline():
        source, interaction_id = msgspec.json.decode(key)
        yield source, interaction_id, run.readline().rstrip(b"\n")
