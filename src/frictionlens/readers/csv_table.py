"""Read CSV and TSV tables, in whatever dialect and encoding a spreadsheet or a data loader wrote them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._columns import ALIASES, plain, role_value
from frictionlens.readers._dates import parse_local
from frictionlens.readers._table import Row, Table, plan_table, read_table
from frictionlens.readers._times import parse_time

_FIELD_LIMIT: Final = 64 * 1024 * 1024
"""Longest cell, in characters; one longer is broken quoting."""

_KNOWN: Final = frozenset(name for names in ALIASES.values() for name in names)
_TEXTS: Final = frozenset({*ALIASES["text"], *ALIASES["transcript"]})


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is laid out."""

    delimiter: str
    quoting: int
    escape: str | None
    header: tuple[str, ...]
    skip: int
    """Rows above the header: `sep=;`, a report's title; -1 where there is no header."""

    def reader(self, lines: Any) -> Iterator[list[str]]:
        """Open a csv reader over lines of text."""
        csv.field_size_limit(_FIELD_LIMIT)
        if self.quoting == csv.QUOTE_NONE:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=self.delimiter, escapechar=self.escape, doublequote=self.escape is None)


@lru_cache(maxsize=8)
def find_dialect(head: Head) -> Dialect | None:
    """Find the dialect that reads the head most evenly and whose header is best known; None if this is no table."""
    if head.is_binary:
        return None
    text = head.text
    if head.truncated:
        text = text[: text.rfind("\n") + 1] or text
    lines = text.splitlines(keepends=True)[:400]
    if not lines:
        return None
    separators = [",", "\t", ";", "|"]
    told = re.match(r"\s*\"?sep=(.)\"?\s*$", lines[0])
    if told:
        separators = [told[1]]
    best: tuple[tuple[float, ...], Dialect] | None = None
    for separator in separators:
        if not any(separator in line for line in lines[:12]):
            continue
        for quoting, escape in ((csv.QUOTE_MINIMAL, None), (csv.QUOTE_MINIMAL, "\\"), (csv.QUOTE_NONE, None)):
            if escape and '\\"' not in text:
                continue
            if quoting == csv.QUOTE_NONE and separator != "\t":
                continue
            found = _try(lines, Dialect(separator, quoting, escape, (), 0), told is not None)
            if found and (best is None or found[0] > best[0]):
                best = found
    if best is None and re.search(r"\.(csv|tsv)$", head.file_name) and plain(lines[0]) in _TEXTS:
        return Dialect(",", csv.QUOTE_MINIMAL, None, (lines[0].strip().strip('"'),), 0)
    if best is not None and not any(plain(name) in _TEXTS for name in best[1].header):
        return _without_header(lines, best[1]) or best[1]
    return best[1] if best else None


def _without_header(lines: Sequence[str], found: Dialect) -> Dialect | None:
    """Name the columns of a table that has no header by what its cells hold; None where they do not tell.

    The first row must be like the others: a role of ours stands where every row has one.
    """
    try:
        rows = [row for row in found.reader(lines) if row]
    except csv.Error:
        return None
    width = len(rows[0])
    even = [row for row in rows if len(row) == width]
    if width < 2 or len(even) < max(2, len(rows) * 0.8):
        return None
    options = ReadOptions()
    columns = [[row[index].strip() for row in even] for index in range(width)]

    def share(values: Sequence[str], test: Callable[[str], object]) -> float:
        return sum(bool(test(value)) for value in values) / len(values)

    def is_role(value: str) -> bool:
        return role_value(value.casefold(), options) != "unknown"

    roles = [at for at, each in enumerate(columns) if len(set(each)) <= 8 and share(each, is_role) >= 0.9]
    spoken = [at for at, each in enumerate(columns) if share(each, lambda value: " " in value) >= 0.5]
    times = [at for at, each in enumerate(columns) if share(each, _is_time) >= 0.9]
    spoken = [at for at in spoken if at not in roles and at not in times]
    if not roles or not spoken or not is_role(rows[0][roles[0]].strip()):
        return None
    named = {roles[0]: "role", max(spoken, key=lambda at: sum(map(len, columns[at]))): "text"}
    if times:
        named[times[0]] = "timestamp"
    ids = [at for at, each in enumerate(columns) if at not in named and len(set(each)) < len(each)]
    if ids:
        named[ids[0]] = "conversation_id"
    header = tuple(named.get(at, f"column {at + 1}") for at in range(width))
    return Dialect(found.delimiter, found.quoting, found.escape, header, -1)


def _is_time(value: str) -> bool:
    return not value.isdigit() and (parse_time(value) is not None or parse_local(value) is not None)


def _try(lines: Sequence[str], dialect: Dialect, told: bool) -> tuple[tuple[float, ...], Dialect] | None:
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        rows = list(dialect.reader(lines))
    except csv.Error:
        return None
    start = 1 if told else 0
    best_skip, best_known = start, -1
    for index, row in enumerate(rows[start : start + 12], start):
        known = sum(1 for cell in row if plain(cell) in _KNOWN)
        has_text = any(plain(cell) in _TEXTS for cell in row)
        if len(row) >= 2 and known + (3 if has_text else 0) > best_known and all(len(cell) < 80 for cell in row):
            if best_known >= 2 and index > start and known <= best_known:
                continue
            best_skip, best_known = index, known + (3 if has_text else 0)
    if best_known < 0:
        return None
    header = tuple(cell.strip().lstrip("\ufeff") for cell in rows[best_skip])
    body = [row for row in rows[best_skip + 1 :] if row]
    even = sum(1 for row in body if len(row) == len(header)) / len(body) if body else 0.5
    score = (float(best_known > 0), round(even, 1), float(best_known), float(len(header)))
    found = Dialect(dialect.delimiter, dialect.quoting, dialect.escape, header, best_skip)
    return score, found


def open_rows(source: Source, dialect: Dialect, problems: list[Problem] | None = None) -> Iterator[tuple[int, Row]]:
    """Yield (line number of the row's end, values) below the header.

    Args:
        source: the file.
        dialect: how it is laid out.
        problems: takes rows that do not fit the header; None leaves them out silently (a second pass).
    """
    width = len(dialect.header)
    with source.text() as stream:
        reader: Any = dialect.reader(stream)
        count = 0
        while True:
            try:
                for row in reader:
                    if count <= dialect.skip:
                        count += 1
                        continue
                    fitted = row if len(row) <= width else _mend(row, width, dialect.delimiter)
                    if fitted is not None:
                        yield reader.line_num, fitted
                    elif problems is not None:
                        what = _name(dialect.delimiter)
                        reason = f"has more cells than the header ({width}): an unquoted {what} or quote in its text"
                        problems.append(Problem(source.name, f"line {reader.line_num}", reason))
            except csv.Error:
                # The reader goes on behind the bad cell.
                if problems is not None:
                    reason = "a cell is longer than 64 million characters: broken quoting"
                    problems.append(Problem(source.name, f"line {reader.line_num}", reason))
            else:
                return


def _mend(row: list[str], width: int, delimiter: str) -> list[str] | None:
    if not any(row[width:]):
        return row[:width]
    # Text in the last column that holds the delimiter without quotes.
    last = delimiter.join(row[width - 1 :])
    return [*row[: width - 1], last] if width >= 2 and len(row[width - 1]) > 8 else None


def _name(delimiter: str) -> str:
    return {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}.get(delimiter, "delimiter")


def _sniff(head: Head) -> str | None:
    if not head.data or head.is_binary or isinstance(head.json, dict):
        return None
    dialect = find_dialect(head)
    if dialect is None:
        return None
    if len(dialect.header) == 1:
        return f"one column, {dialect.header[0]}"
    known = [name for name in dialect.header if plain(name) in _KNOWN]
    has_text = any(plain(name) in _TEXTS for name in dialect.header)
    named = re.search(r"\.(csv|tsv|tab|psv)$", head.file_name) is not None
    if not (named or (has_text and len(known) >= 2)):
        return None
    columns = f"{_name(dialect.delimiter)}-separated columns{' without a header' if dialect.skip < 0 else ''}"
    sample = _sample(head, dialect)
    plan = plan_table(dialect.header, sample, ReadOptions())
    return f"{columns}, {plan.explain(dialect.header)}" if plan else f"{columns}, none of them known to hold text"


def _sample(head: Head, dialect: Dialect) -> list[Row]:
    text = head.text
    if head.truncated:
        text = text[: text.rfind("\n") + 1] or text
    try:
        rows = list(dialect.reader(text.splitlines(keepends=True)))
    except csv.Error:
        return []
    return [*rows[dialect.skip + 1 :][:200]]


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    dialect = find_dialect(source.head)
    if dialect is None:
        yield Problem(
            source.name, "", "no delimiter parts this into columns", "comma, tab, semicolon and bar are known"
        )
        return
    problems: list[Problem] = []
    passes = 0

    def rows() -> Iterator[tuple[int, Row]]:
        nonlocal passes
        passes += 1
        # Rows that do not fit are reported once, by the pass over the whole file that comes first.
        return open_rows(source, dialect, problems if passes == 2 else None)

    names = [plain(name) for name in dialect.header]
    unit = "ms" if names == ["start", "end", "text"] and dialect.delimiter == "\t" else "s"
    yield from read_table(source, Table(dialect.header, rows, offset_unit=unit), options)  # type: ignore[arg-type]
    yield from problems


FORMAT = Format(
    name="csv",
    title="CSV or TSV table",
    sniff=_sniff,
    read=_read,
    rank=70,
)
