"""Read tables written as JSON: one flat object per utterance or per conversation, as lines or in one array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from frictionlens.errors import Problem
from frictionlens.readers._alias import is_turn
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._columns import ALIASES, plain
from frictionlens.readers._json import Item, iter_items
from frictionlens.readers._table import SAMPLE, Row, Table, plan_table, read_table

_KEYS = ("rows", "data", "records", "results", "items", "messages", "utterances", "turns", "transcript")
_TEXTS = frozenset({*ALIASES["text"], *ALIASES["transcript"]})
_WHO = frozenset(name for field in ("role", "speaker", "conversation") for name in ALIASES[field])


def _is_row(record: dict[str, Any]) -> bool:
    """Tell a row from a conversation: details may hang on a message, turns may not."""
    if any(isinstance(value, dict) for key, value in record.items() if plain(key) in _TEXTS | _WHO):
        return False
    return not any(is_turn(value[0]) for value in record.values() if isinstance(value, list) and value)


def _sniff(head: Head) -> str | None:
    record = head.record
    if not record or (not head.is_ndjson and not isinstance(head.json, list)) or not _is_row(record):
        return None
    names = {plain(key) for key in record}
    if not (names & _TEXTS and names & _WHO):
        return None
    header = list(record)
    plan = plan_table(header, [list(record.values())], ReadOptions())
    if plan is None:
        return None
    return f"{'lines' if head.is_ndjson else 'an array'} of objects, {plan.explain(header)}"


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    def objects(problems: list[Problem] | None) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, item in enumerate(iter_items(source, *_KEYS), 1):
            if isinstance(item, Item) and isinstance(item.value, dict):
                yield number, item.value
            elif problems is not None:
                problems.append(item if isinstance(item, Problem) else Problem(source.name, item.where, "is no object"))

    problems: list[Problem] = []
    # Keys may differ from line to line: the header is what the first lines have together, usual ones before odd ones.
    header: Counter[str] = Counter()
    for _, record in islice(objects(None), SAMPLE):
        header.update(record.keys())
    names = [name for name, _ in header.most_common()]
    passes = 0

    def rows() -> Iterator[tuple[int, Row]]:
        nonlocal passes
        passes += 1
        for number, record in objects(problems if passes == 2 else None):
            yield number, list(record.values()) if list(record) == names else [record.get(name) for name in names]

    yield from read_table(source, Table(names, rows, spreadsheet=False), options)
    yield from problems


FORMAT = Format(
    name="json-rows",
    title="Table as JSON (one object per row)",
    sniff=_sniff,
    read=_read,
    rank=64,
)
