"""Read MultiDoGO tables: lower-case turns without quotes, in the paper's splits the customer's side alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._columns import plain
from frictionlens.readers._table import Row, Table, read_table
from frictionlens.readers.csv_table import find_dialect, open_rows


def _sniff(head: Head) -> str | None:
    dialect = find_dialect(head) if head.data and head.json is None else None
    names = {plain(name) for name in dialect.header} if dialect else set()
    if {"conversationid", "turnnumber", "utteranceid", "utterance"} <= names:
        return "columns conversationId, turnNumber, utteranceId, utterance"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    found = find_dialect(source.head)
    if found is None:
        yield Problem(source.name, "", "no table")
        return
    # A quote in an utterance is a quote: these files escape nothing.
    dialect = replace(found, quoting=csv.QUOTE_NONE) if found.delimiter == "\t" else found
    names = {plain(name) for name in dialect.header}
    problems: list[Problem] = []
    passes = 0

    def rows() -> Iterator[tuple[int, Row]]:
        nonlocal passes
        passes += 1
        return _joined(open_rows(source, dialect, problems if passes == 2 else None), len(dialect.header))

    table = Table(
        dialect.header,
        rows,
        # Splits with intents and slots, and without a role column, hold what customers wrote.
        default_role="customer" if "authorrole" not in names and "intent" in names else None,
        channel="chat",
        spreadsheet=False,
        join_order="sentencenumber" in names,
    )
    yield from read_table(source, table, options)
    yield from problems


def _joined(rows: Iterator[tuple[int, Row]], width: int) -> Iterator[tuple[int, Row]]:
    """Join rows that a line end within an utterance cut in two: together they have the cells of one."""
    held: tuple[int, Row] | None = None
    for number, row in rows:
        if held is not None:
            (before, first), held = held, None
            if len(first) + len(row) - 1 == width:
                utterance = f"{first[-1]} {row[0]}".strip().removeprefix('"').removesuffix('"')
                yield number, [*first[:-1], utterance, *row[1:]]
                continue
            yield before, first
        if len(row) < width:
            held = number, row
        else:
            yield number, row
    if held is not None:
        yield held


FORMAT = Format(
    name="multidogo",
    title="MultiDoGO dialogues (TSV)",
    sniff=_sniff,
    read=_read,
    rank=66,
)
