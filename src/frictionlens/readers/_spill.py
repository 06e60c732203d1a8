"""Own what must be remembered over a whole input without growing with it: seen keys as hashes, rows on disk."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

_RECENT: Final = 50_000
"""Hashes that are held in memory."""
_CACHE: Final = 4 * 1024
"""Kilobytes of the hashes on disk that are held in memory."""


class HashSet:
    """Remembers which keys it has seen, by hashes of 8 bytes, in memory that does not grow.

    New hashes gather in a set; each `_RECENT` of them move into a temporary SQLite database that has no name in the
    file system. Two different keys share a hash with a probability of about n²/2⁶⁵: one in four hundred million for a
    hundred thousand keys.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._older: sqlite3.Connection | None = None

    def add(self, key: str | bytes) -> bool:
        """Remember a key; tell whether it was there already."""
        data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
        value = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)
        if value in self._recent or self._holds(value):
            return True
        self._recent.add(value)
        if len(self._recent) >= _RECENT:
            self._spill()
        return False

    def _holds(self, value: int) -> bool:
        if self._older is None:
            return False
        return self._older.execute("SELECT 1 FROM seen WHERE hash = ?", (value,)).fetchone() is not None

    def _spill(self) -> None:
        if self._older is None:
            # Whoever asks asks from one thread at a time, which need not always be the same.
            self._older = _temporary_database(_CACHE, check_same_thread=False)
            self._older.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY)")
        with self._older:
            self._older.executemany("INSERT INTO seen VALUES (?)", ((each,) for each in sorted(self._recent)))
        self._recent = set()


def _temporary_database(cache: int, *, check_same_thread: bool = True) -> sqlite3.Connection:
    """Make a database that has no name in the file system and goes away when closed; `cache` is in kilobytes."""
    database = sqlite3.connect("", check_same_thread=check_same_thread)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{cache}"):
        database.execute(f"PRAGMA {setting}")
    return database


def group_on_disk(rows: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Group (key, row) pairs by key, in the order in which keys first appear, with rows in their order.

    Rows lie in a temporary SQLite database that has no name in the file system and goes away with this iterator;
    memory holds its page cache (32 MB) and one group.
    """
    database = _temporary_database(32 * 1024)
    try:
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
