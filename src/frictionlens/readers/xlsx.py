"""Read spreadsheets (.xlsx, .xlsm, .ods): every sheet that holds a table of turns or of transcripts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeVar

from frictionlens.errors import Problem, Skipped
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._columns import ALIASES, plain
from frictionlens.readers._table import SAMPLE, Row, Table, missing_text, plan_table, read_table

MOST_BYTES: Final = 300 * 1024 * 1024
"""What the parts of a spreadsheet may expand to: it is held in memory."""

T = TypeVar("T")

_KNOWN: Final = frozenset(name for names in ALIASES.values() for name in names)


def _sniff(head: Head) -> str | None:
    data = head.data
    if not data.startswith(b"PK\x03\x04"):
        return None
    if b"xl/" in data or (b"[Content_Types].xml" in data[:2000] and head.file_name.endswith((".xlsx", ".xlsm"))):
        return "a zip with xl/ inside: an Excel workbook"
    if b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in data[:200]:
        return "a zip that says it is an OpenDocument spreadsheet"
    return None


def _expands_to(data: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return sum(member.file_size for member in archive.infolist())


def _guarded(call: Callable[[], T]) -> T:
    """Call into calamine, whose Rust code can panic on a damaged file: that is no `Exception`."""
    try:
        return call()
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError("damaged") from None
        raise


def _rows_of(book: Any, name: str) -> list[list[Any]]:
    rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return rows


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    import python_calamine

    with source.open() as stream:
        data = stream.read(MOST_BYTES + 1)
    try:
        if len(data) > MOST_BYTES or _expands_to(data) > MOST_BYTES:
            reason = f"expands to more than {MOST_BYTES // 2**20} MB, too much for a spreadsheet"
            yield Problem(source.name, "", reason, "save it as CSV")
            return
        book = _guarded(lambda: python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)))
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield Problem(
            source.name, "", f"not a readable spreadsheet: {type(error).__name__}", "it may be cut off or encrypted"
        )
        return
    tables: list[tuple[str, list[str], list[list[Any]], int]] = []
    for name in book.sheet_names:
        try:
            rows: list[list[Any]] = _guarded(partial(_rows_of, book, name))
        except (python_calamine.CalamineError, ValueError, OSError) as error:
            yield Problem(source.name, name, f"the sheet could not be read: {type(error).__name__}")
            continue
        start = _header_row(rows)
        if start is not None:
            header = [str(cell).strip() for cell in rows[start]]
            tables.append((name, header, rows[start + 1 :], start + 2))
    plans = [plan_table(header, rows[:SAMPLE], options) for _, header, rows, _ in tables]
    if not any(plans):
        for name, header, _, _ in tables[:1]:
            yield missing_text(source, header, f"sheet {name}")
        if not tables:
            yield Problem(source.name, "", "no sheet holds a table")
        return
    several = sum(plan is not None for plan in plans) > 1
    for (name, header, rows, first), plan in zip(tables, plans, strict=True):
        if plan is None:
            yield Skipped(source.name, f"sheet {name}", "no column holds text", "not a conversation")
            continue

        def opened(rows: list[list[Any]] = rows, first: int = first) -> Iterator[tuple[int, Row]]:
            return iter(enumerate(rows, first))

        yield from read_table(source, Table(header, opened, name if several else "", excel_dates=True), options)


def _header_row(rows: list[list[Any]]) -> int | None:
    """Find the row that names the columns: exports put titles and filters above it."""
    best: tuple[int, int] | None = None
    for index, row in enumerate(rows[:20]):
        cells = [cell for cell in row if cell not in (None, "")]
        if not cells or not all(isinstance(cell, str) for cell in cells):
            continue
        known = sum(1 for cell in cells if plain(cell) in _KNOWN)
        if (len(cells) >= 2 or known) and (best is None or known > best[0]):
            best = (known, index)
    return best[1] if best else None


FORMAT = Format(
    name="xlsx",
    title="Spreadsheet (.xlsx, .ods)",
    sniff=_sniff,
    read=_read,
    rank=10,
)
