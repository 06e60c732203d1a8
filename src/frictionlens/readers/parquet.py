"""Read Parquet tables: a row per utterance, or a row per conversation with its turns as text or as a nested list."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._table import Row, Table, read_table

_BATCH = 2_048
_BROKEN = (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError)
"""What damaged files make pyarrow raise besides its own errors."""


def _sniff(head: Head) -> str | None:
    return "the magic bytes PAR1" if head.data.startswith(b"PAR1") else None


def _open(source: Source) -> IO[bytes]:
    """Open with random access, which Parquet needs; compressed copies are small enough to hold."""
    if source.path is not None:
        return source.path.open("rb")
    with source.open() as stream:
        return io.BytesIO(stream.read())


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = _open(source)
    try:
        try:
            file = pq.ParquetFile(stream)
        except (pa.ArrowException, *_BROKEN) as error:
            yield Problem(source.name, "", f"not a readable Parquet file: {type(error).__name__}", "it may be cut off")
            return
        names: list[str] = list(file.schema_arrow.names)
        problems: list[Problem] = []

        def rows() -> Iterator[tuple[int, Row]]:
            number = 0
            try:
                for batch in file.iter_batches(batch_size=_BATCH):
                    columns: list[list[Any]] = [column.to_pylist() for column in batch.columns]
                    for row in zip(*columns, strict=True):
                        number += 1
                        yield number, row
            except (pa.ArrowException, *_BROKEN) as error:
                if not problems:
                    problems.append(Problem(source.name, f"after row {number}", f"broken data: {type(error).__name__}"))

        yield from read_table(source, Table(names, rows, spreadsheet=False), options)
        yield from problems
    finally:
        stream.close()


FORMAT = Format(
    name="parquet",
    title="Parquet table",
    sniff=_sniff,
    read=_read,
    rank=10,
)
