"""Own what must be remembered over a whole input without growing with it: seen keys as hashes, rows on disk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

_RECENT: Final = 200_000


class HashSet:
    """Remembers which keys it has seen in 8 bytes each.

    New hashes gather in a set; each `_RECENT` of them move into a sorted array. Two different keys share a hash
    with a probability of about n²/2⁶⁵: one in four hundred million for a hundred thousand keys.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._sorted: Any = None

    def add(self, key: str | bytes) -> bool:
        """Remember a key; tell whether it was there already."""
        data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
        value = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
        if value in self._recent or self._holds(value):
            return True
        self._recent.add(value)
        if len(self._recent) >= _RECENT:
            self._merge()
        return False

    def __len__(self) -> int:
        return len(self._recent) + (0 if self._sorted is None else len(self._sorted))

    def _holds(self, value: int) -> bool:
        if self._sorted is None:
            return False
        import numpy as np

        wanted = np.uint64(value)
        index = int(np.searchsorted(self._sorted, wanted))
        return index < len(self._sorted) and bool(self._sorted[index] == wanted)

    def _merge(self) -> None:
        import numpy as np

        fresh = np.fromiter(self._recent, dtype=np.uint64, count=len(self._recent))
        old = self._sorted if self._sorted is not None else np.empty(0, dtype=np.uint64)
        self._sorted = np.sort(np.concatenate([old, fresh]))
        self._recent = set()


def group_on_disk(rows: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Group (key, row) pairs by key, in the order in which keys first appear, with rows in their order.

    Rows lie in a temporary SQLite database that has no name in the file system and goes away with this iterator;
    memory holds its page cache (32 MB) and one group.
    """
    database = sqlite3.connect("")
    try:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA temp_store = FILE")
        database.execute("PRAGMA cache_size = -32768")
        database.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, key TEXT, data BLOB)")
        encode = msgspec.msgpack.Encoder(enc_hook=str).encode
        with database:
            database.executemany("INSERT INTO row (key, data) VALUES (?, ?)", ((key, encode(row)) for key, row in rows))
        database.execute("CREATE INDEX by_key ON row (key, seq)")
        decode = msgspec.msgpack.Decoder().decode
        current: str | None = None
        group: list[Any] = []
        query = (
            "SELECT row.key, row.data FROM (SELECT key, MIN(seq) AS first FROM row GROUP BY key) AS groups"
            " JOIN row ON row.key = groups.key ORDER BY groups.first, row.seq"
        )
        for key, data in database.execute(query):
            if key != current:
                if current is not None:
                    yield current, group
                current, group = key, []
            group.append(decode(data))
        if current is not None:
            yield current, group
    finally:
        database.close()
