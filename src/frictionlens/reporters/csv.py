"""Write the findings as CSV, and the interactions in a second file beside it; safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Final

from frictionlens.privacy import spreadsheet_safe
from frictionlens.reporters._tables import FINDINGS, INTERACTIONS, beside, finding_rows, interaction_row
from frictionlens.results import SortedResults
from frictionlens.summary import Summary

SUFFIXES: Final = (".csv",)


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write the findings; where the stream is a file, the interactions go into `NAME.interactions.csv`."""
    del summary, digest
    _write(stream, FINDINGS, (row for scored in results for row in finding_rows(scored)))
    name = getattr(stream, "target", None)
    if isinstance(name, Path):
        with beside(name).open("wb") as other:
            _write(other, INTERACTIONS, map(interaction_row, results))


def _write(stream: IO[bytes], columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: spreadsheet_safe(each) if isinstance(each, str) else each for key, each in row.items()})
    text.flush()
    text.detach()
