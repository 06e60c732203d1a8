"""Own how workbooks are written: constant memory, numbers as numbers, no text that a spreadsheet would run."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

from frictionlens.privacy import printable

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS: Final = 1_048_576
"""Rows that a sheet holds, its header counted."""
_CELL: Final = 32_767
"""Most characters that a cell holds."""
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Time of making: fixed, so that the same input gives the same bytes."""


class Share(float):
    """A fraction of one that is shown as a percentage."""


@contextlib.contextmanager
def workbook(stream: IO[bytes], title: str) -> Iterator[Sheets]:
    """Open a workbook; it goes into the stream when it is left without an error.

    Rows wait in files of their own until then, not in memory.

    Raises:
        OSError: the stream or the folder for temporary files takes no more.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    with tempfile.TemporaryDirectory(prefix="frictionlens-") as folder:
        # Strings stay strings: a transcript may hold "=HYPERLINK(…)", and it is shown, not run.
        options: dict[str, bool | str] = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        options |= {"constant_memory": True, "use_zip64": True, "tmpdir": folder}
        book = xlsxwriter.Workbook(stream, options)
        book.set_properties({"title": title, "created": _MADE})
        yield Sheets(book)
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] from None


class Sheets:
    """Writes tables from top to bottom; every text cell goes through `printable` and stays a string."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._line = book.add_format({"valign": "top"})
        self._share = book.add_format({"num_format": "0.0%", "valign": "top"})
        self._whole = book.add_format({"num_format": "#,##0", "valign": "top"})
        self._decimal = book.add_format({"num_format": "#,##0.0", "valign": "top"})
        self._sheet: Worksheet = None
        self._next = 0
        self._longest: list[int] = []
        self._wide: int | None = None

    def begin(self, title: str, *, wide: int | None = None) -> None:
        """Begin a sheet.

        Args:
            title: its name, at most 31 characters.
            wide: index of the column that holds long texts.
        """
        self._sheet = self._book.add_worksheet(title)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._next, self._longest, self._wide = 0, [], wide

    def add(self, title: str, names: Sequence[str], rows: Iterable[Sequence[Any]], *, wide: int | None = None) -> None:
        """Add a sheet of one table, with a header that stays in sight; fractions are shown as shares."""
        self.begin(title, wide=wide)
        self._keep_header()
        self.table(names, rows, shares=True)

    def flat(self, title: str, names: Sequence[str], rows: Iterable[Sequence[Any]], total: int) -> None:
        """Add a sheet of one table to sort and filter; where it is too long for a sheet, its last row says so.

        Args:
            title: of the sheet.
            names: of the columns.
            rows: what it holds.
            total: how many rows there are.
        """
        self.begin(title)
        self._keep_header()
        shown = rows_shown(total)
        self.table(names, islice(rows, shown), wrap=False)
        self._sheet.autofilter(0, 0, max(self._next - 1, 1), len(names) - 1)
        if shown < total:
            self._sheet.write_string(self._next, 0, f"{total - shown:,} more rows: a sheet holds no more", self._line)

    def table(
        self,
        names: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        shares: bool = False,
        wrap: bool = True,
    ) -> None:
        """Write a table below what stands on the sheet.

        Args:
            names: of the columns.
            rows: what it holds; None and empty text leave a cell empty.
            shares: whether every fraction is a `Share`, told or not.
            wrap: whether long texts go over several lines.
        """
        if self._next:
            self._next += 1
        self._sheet.write_row(self._next, 0, names, self._head)
        self._longest += [0] * (len(names) - len(self._longest))
        longest = self._longest
        longest[: len(names)] = map(max, longest, map(len, names))
        text = self._wrapped if wrap else self._line
        for line, row in enumerate(rows, self._next + 1):
            for column, value in enumerate(row):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    self._sheet.write_string(line, column, _shown(value), text)
                    longest[column] = max(longest[column], len(value))
                elif isinstance(value, int):
                    self._sheet.write_number(line, column, value, self._whole)
                else:
                    share = isinstance(value, Share) or (shares and -1 <= value <= 1)
                    self._sheet.write_number(line, column, value, self._share if share else self._decimal)
            self._next = line
        self._next += 1
        for column, length in enumerate(longest):
            self._sheet.set_column(column, column, 80 if column == self._wide else min(max(length + 2, 9), 48))

    def _keep_header(self) -> None:
        self._sheet.freeze_panes(1, 1)
        self._sheet.repeat_rows(0)


def rows_shown(total: int) -> int:
    """Return how many of these rows a sheet shows below its header, with room to say that some are missing."""
    return total if total < MOST_ROWS else MOST_ROWS - 2


def _shown(text: str) -> str:
    clean = printable(text)[:_CELL]
    # xlsxwriter takes such a string for markup of its own and would put it into the file as it is.
    return f" {clean[: _CELL - 1]}" if clean.startswith("<r>") else clean
