"""Write the findings as Parquet, and the interactions in a second file beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from frictionlens.reporters._tables import FINDINGS, INTERACTIONS, beside, finding_rows, interaction_row
from frictionlens.results import SortedResults
from frictionlens.summary import Summary

SUFFIXES: Final = (".parquet",)
_BATCH: Final = 20_000


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write the findings; where the stream is a file, the interactions go into `NAME.interactions.parquet`."""
    del summary, digest
    _write(stream, FINDINGS, (row for scored in results for row in finding_rows(scored)))
    name = getattr(stream, "target", None)
    if isinstance(name, Path):
        with beside(name).open("wb") as other:
            _write(other, INTERACTIONS, map(interaction_row, results))


def _write(stream: IO[bytes], columns: dict[str, str], rows: Iterable[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, kind if kind != "double" else "float64") for name, kind in columns.items()])
    with pq.ParquetWriter(stream, schema) as writer:
        for batch in _batches(iter(rows)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
