"""Own hand labels in tables: a column per category, a mark where it holds. Read only when the caller asks for them.

A row whose label cells are all empty is the trap: in a sheet where people write 0 and 1 it has not been labelled yet,
in a sheet where they only tick what holds it is labelled with nothing. The first rows tell which sheet this is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from frictionlens.readers._columns import plain

_NO: Final = frozenset({"0", "0.0", "no", "n", "false", "f", "-", "nein", "none"})


class LabelColumns:
    """Finds the label columns of a header and reads the labels of a row.

    Args:
        header: names of the columns.
        categories: names that a column may have to hold labels, compared without case, spaces and punctuation.
        sample: first rows.
    """

    def __init__(self, header: Sequence[Any], categories: Iterable[str], sample: Iterable[Sequence[Any]]) -> None:
        wanted = {plain(name): name for name in categories}
        self.columns = {index: wanted[plain(name)] for index, name in enumerate(header) if plain(name) in wanted}
        self.names = tuple(self.columns.values())
        """Categories that were looked for: what is not among them cannot be judged."""
        self._ticked = not any(_fold(row[i]) in _NO for row in sample for i in self.columns if i < len(row))

    def labels_of(self, row: Sequence[Any]) -> tuple[str, ...] | None:
        """Return the labels of a row; None where it has not been labelled (and where there are no label columns)."""
        if not self.columns:
            return None
        cells = {name: _fold(row[index]) if index < len(row) else "" for index, name in self.columns.items()}
        if not self._ticked and not any(cells.values()):
            return None
        return tuple(name for name, cell in cells.items() if cell and cell not in _NO)


def _fold(cell: Any) -> str:
    text = "" if cell is None else str(cell).strip().casefold()
    return "" if text == "nan" else text
