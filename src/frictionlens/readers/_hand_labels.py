"""Own hand labels in tables: a column per category, a mark where it holds. Read only when the caller asks for them.

A row whose label cells are all empty is the trap: in a sheet where people write 0 and 1 it has not been labelled yet,
in a sheet where they only tick what holds it is labelled with nothing. The first rows tell which sheet this is.

A cell that says neither yes nor no is not guessed: a score, a `maybe` or a count would otherwise be a label that nobody
gave. Its category is then unsure in that row (`model.UNSURE`) and the cell is reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from frictionlens.errors import Problem, closest
from frictionlens.model import UNSURE
from frictionlens.readers._columns import ALIASES, plain

Answer = Literal["yes", "no", "unsure", "nothing"]

_SAID: Final[Mapping[Answer, str]] = {
    "yes": "1 1.0 yes y true t x + ✓ ✔ ☑ ✅ ja j",
    "no": "0 0.0 no n false f - – — ✗ ✘ ❌ ☐ nein none",
    # Nobody could tell, said on purpose, as in an audit.
    "unsure": "? unsure unclear",
    # What programs write into an empty cell.
    "nothing": "nan null n/a na #n/a <na>",
}
_WORDS: Final[Mapping[str, Answer]] = {word: answer for answer, words in _SAID.items() for word in words.split()}
_ALLOWED: Final = "allowed: 1, yes, true, x, ✓; 0, no, false, -, ✗; ? or unsure where nobody can tell; n/a or nothing"
_SHAPES: Final = 4
"""Shapes of unreadable cells that are named, per column."""
_ROWS: Final = 3
"""Rows that are named, per shape."""
_SHORT: Final = 16
"""Longest cell that is quoted, in characters: what is longer may be somebody's words."""
_ALIKE: Final = 0.8
"""How alike a name of a column must be to be taken for a misspelt category: less catches ordinary columns."""
_FIELDS: Final = frozenset(name for names in ALIASES.values() for name in names)


@dataclass
class _Unreadable:
    """Cells of one column that say neither yes nor no."""

    count: int = 0
    rows: dict[str, list[int]] = field(default_factory=dict)
    """Shape of the cell → first rows."""
    shapes: dict[str, int] = field(default_factory=dict)

    def add(self, cell: Any, row: int) -> None:
        text = str(cell).strip()
        shape = repr(text) if len(text) <= _SHORT else f"text of {len(text):,} characters"
        self.count += 1
        if shape in self.rows or len(self.rows) < _SHAPES:
            rows = self.rows.setdefault(shape, [])
            self.shapes[shape] = self.shapes.get(shape, 0) + 1
            if len(rows) < _ROWS:
                rows.append(row)

    def told(self) -> str:
        parts = []
        for shape, rows in self.rows.items():
            named = ("row " if len(rows) == 1 else "rows ") + ", ".join(map(str, rows))
            more = self.shapes[shape] - len(rows)
            parts.append(f"{shape} ({named}{f' and {more} more' if more else ''})")
        if rest := self.count - sum(self.shapes.values()):
            parts.append(f"others ({rest})")
        return ", ".join(parts)


class LabelColumns:
    """Finds the label columns of a header and reads the labels of a row.

    Args:
        header: names of the columns.
        categories: names that a column may have to hold labels, compared without case, spaces and punctuation.
        sample: first rows.
        taken: places of columns that hold something else of ours.
    """

    def __init__(
        self,
        header: Sequence[Any],
        categories: Iterable[str],
        sample: Sequence[Sequence[Any]],
        taken: Collection[int | None] = (),
    ) -> None:
        self._header = header
        self._sample = sample
        self._taken = taken
        self._wanted = {plain(name): name for name in categories}
        self.columns: dict[int, str] = {}
        self._again: list[int] = []
        for index, name in enumerate(header):
            category = self._wanted.get(plain(name))
            if category is not None and category not in self.columns.values():
                self.columns[index] = category
            elif category is not None:
                self._again.append(index)
        self.names = tuple(self.columns.values())
        """Categories that were looked for: what is not among them cannot be judged."""
        self._unreadable: dict[int, _Unreadable] = {}
        self._ticked = not any(
            answer_of(row[i], name) == "no" for row in sample for i, name in self.columns.items() if i < len(row)
        )

    def labels_of(self, row: Sequence[Any], number: int) -> tuple[str, ...] | None:
        """Return the labels of a row; None where it has not been labelled (and where there are no label columns).

        Args:
            row: its cells.
            number: of the row, for `unreadable`.
        """
        if not self.columns:
            return None
        labels = []
        empty = True
        for index, name in self.columns.items():
            cell = row[index] if index < len(row) else None
            answer = answer_of(cell, name)
            empty = empty and answer == "nothing"
            if answer is None:
                self._unreadable.setdefault(index, _Unreadable()).add(cell, number)
            if answer == "yes":
                labels.append(name)
            elif answer in (None, "unsure"):
                labels.append(UNSURE + name)
        return None if empty and not self._ticked else tuple(labels)

    def misspelt(self, source: str, table: str) -> Iterator[Problem]:
        """Report columns that nobody reads although they seem to be meant for a category."""
        for index in self._again:
            category = self._wanted[plain(self._header[index])]
            reason = f"column {_quoted(self._header[index])} is a second one for {category!r}; the first is read"
            yield Problem(source, table, reason, "leave one of them, or give the other another name")
        free = {folded: name for folded, name in self._wanted.items() if name not in self.names}
        for index, header in enumerate(self._header):
            folded = plain(header)
            if index in self._taken or folded in self._wanted or folded in _FIELDS:
                continue
            near = closest(folded, free, _ALIKE)
            # People rarely mistype the first letter, and a column of texts holds no labels.
            if near is None or near[:1] != folded[:1] or any(len(_text(row, index)) > _SHORT for row in self._sample):
                continue
            reason = f"column {_quoted(header)} is no category: did you mean {free[near]!r}? It is not read"
            yield Problem(source, table, reason, "give the column the name of the category, or quite another one")

    def unreadable(self, source: str, table: str) -> Iterator[Problem]:
        """Report the cells read so far that say neither yes nor no."""
        for index, found in sorted(self._unreadable.items()):
            cells = "1 cell is" if found.count == 1 else f"{found.count:,} cells are"
            reason = f"column {_quoted(self._header[index])}: {cells} neither yes nor no, counted neither way"
            yield Problem(source, table, f"{reason}: {found.told()}", _ALLOWED)


def answer_of(cell: Any, category: str = "") -> Answer | None:
    """Translate a label cell; None where it says neither yes nor no. The name of its own category is a yes."""
    # A variation selector makes an emoji of a tick, and says nothing.
    text = "" if cell is None else str(cell).strip().casefold().removesuffix("\ufe0f")
    if not text:
        return "nothing"
    return "yes" if text.replace(" ", "_") == category else _WORDS.get(text)


def _text(row: Sequence[Any], index: int) -> str:
    return "" if index >= len(row) or row[index] is None else str(row[index])


def _quoted(name: Any) -> str:
    return repr(str(name).strip()[:40])
