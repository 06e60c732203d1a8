"""Own the way from table rows to interactions, whatever file the table comes in.

Three layouts: one row per utterance (grouped by conversation), one row per conversation with the transcript in a
cell, and wide rows with a column per turn. Rows stream: consecutive rows of one conversation are grouped as they
come; a table that is not sorted by conversation is grouped on disk, so that no conversation is split.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal

from frictionlens.errors import Problem, UserError
from frictionlens.model import Channel, Interaction, Role, Turn
from frictionlens.readers._base import ReadOptions, Record, Source, stem_of
from frictionlens.readers._build import channel_of, score_of
from frictionlens.readers._cells import CELL_LIMIT, parse_cell
from frictionlens.readers._columns import ALIASES, RoleColumn, find_columns, plain
from frictionlens.readers._dates import LocalTime, Order, infer_order, parse_local, to_datetime
from frictionlens.readers._hand_labels import LabelColumns
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._spill import HashSet, group_on_disk
from frictionlens.readers._times import offsets, order_by_time, parse_duration, parse_moment, parse_number, parse_time

Row = Sequence[Any]
Rows = Callable[[], Iterator[tuple[int, Row]]]
"""Opens the table anew and yields (row number for people, values)."""

_Time = datetime | float | None
"""An absolute time, or seconds since the start."""

SAMPLE: Final = 200
"""Rows that are looked at before the layout is settled."""

_IN_MEMORY_CELLS: Final = 300_000
_IN_MEMORY_CHARACTERS: Final = 8_000_000
_MANGLED = re.compile(r"\d(?:[.,]\d+)?E\+?\d{1,3}", re.IGNORECASE)
_NUMBERED = re.compile(r"(?i)^(.*?)[\s_.#-]*(\d{1,3})(?:[\s_.-]*(.*))?$")
_CUSTOMER_TEXT = re.compile(
    r"(?i)^(?:customer|user|client|caller|visitor|consumer)[\s_-]?(?:message|text|utterance|query|question|says?|turn|msg|request|input)?s?$"
    r"|^(?:question|query|prompt|instruction|input|request)$"
)
_AGENT_TEXT = re.compile(
    r"(?i)^(?:agent|support|rep|representative|advisor|assistant|bot|staff|company)[\s_-]?(?:message|text|utterance|reply|response|answer"
    r"|says?|turn|msg|output)?s?$|^(?:response|answer|reply|output|completion)$"
)


_FACTS: Final = ("tags", "channel", "agent", "queue", "team", "product", "csat", "qa_score", "language")
"""Fields of the interaction as a whole: the first row that says them counts."""


@dataclass(frozen=True)
class Table:
    """A table that can be opened, and what its format knows beforehand."""

    header: Sequence[str]
    rows: Rows
    name: str = ""
    """Part of the file that this table is (a sheet), where there are several."""
    default_role: Role | None = None
    """Role of every row where the export has no role column because it holds one side only."""
    channel: Channel = "other"
    offset_unit: Literal["s", "ms"] = "s"
    excel_dates: bool = False
    """Numbers in time columns are days since 1899-12-30."""
    spreadsheet: bool = True
    """Cells may have gone through a spreadsheet: escapes are undone, and what it spoils is reported."""
    join_order: bool = False
    """Rows with the same order value are sentences of one turn."""


@dataclass(frozen=True)
class Plan:
    """How a table is to be read."""

    layout: Literal["utterances", "cells", "wide", "pairs"]
    columns: Mapping[str, int]
    wide: tuple[tuple[int, int | None, str], ...] = ()
    """For wide rows: (text column, role column or None, role label) of each turn, in order."""
    html: bool = False
    fill_down: bool = False
    order: Order | None = None

    def explain(self, header: Sequence[str]) -> str:
        """Say for people how the table is read."""
        used = ", ".join(
            f"{field} = {header[index]}"
            for field, index in self.columns.items()
            if field in ("text", "transcript", "role", "speaker", "conversation")
        )
        shapes = {
            "utterances": "one row per utterance",
            "cells": "one row per conversation, the transcript in a cell",
            "wide": "one row per conversation, a column per turn",
            "pairs": "one row per exchange, a column for each side",
        }
        return f"{shapes[self.layout]} ({used})" if used else shapes[self.layout]


def plan_table(header: Sequence[str], sample: Sequence[Row], options: ReadOptions) -> Plan | None:
    """Settle the layout of a table from its header and first rows; None where no column holds text.

    Raises:
        UserError: `--map` names a column that this table does not have.
    """
    columns = find_columns(header, options)
    mapped = options.columns
    key = columns.get("conversation")
    if key is not None and "conversation" not in mapped and _is_speech(key, sample, options):
        # `conversation`, `chat`, `thread` name an id in one export and what was said in the next.
        columns = find_columns([name if i != key else "" for i, name in enumerate(header)], options)
    if "text" not in mapped and "transcript" not in mapped:
        wide = _find_wide(header)
        if len(wide) >= 2 and not ("text" in columns and "role" in columns):
            return Plan(
                "wide", {k: v for k, v in columns.items() if k not in ("text", "transcript", "role", "speaker")}, wide
            )
    if "text" not in mapped:
        cell = _find_cell_column(columns, header, sample, options)
        if cell is not None:
            return Plan("cells", {**columns, "transcript": cell})
    if "text" not in columns and "text" not in mapped and "transcript" not in mapped:
        pair = _find_pair(header)
        if pair:
            kept = {
                k: v
                for k, v in columns.items()
                if k not in ("role", "speaker", "agent", "transcript") and v not in [p[0] for p in pair]
            }
            return Plan("pairs", kept, pair, order=_sample_order(kept, sample, options))
    if "text" not in columns:
        return None
    columns.pop("transcript", None)
    columns = _settle_role(columns, header, sample, options)
    columns = _settle_conversation(columns, header, sample, options)
    texts = [str(row[columns["text"]]) for row in sample if columns["text"] < len(row) and row[columns["text"]]]
    tagged = sum(1 for text in texts if text.lstrip().startswith("<") and is_html(text))
    return Plan(
        "utterances",
        columns,
        html="html" in plain(header[columns["text"]]) or (len(texts) > 0 and tagged > len(texts) * 0.5),
        fill_down=_is_filled_down(columns, sample),
        order=_sample_order(columns, sample, options),
    )


def _is_speech(index: int, sample: Sequence[Row], options: ReadOptions) -> bool:
    values = [row[index] for row in sample if index < len(row) and row[index] not in (None, "")][:5]
    return any(
        not isinstance(value, str) or (len(value) > 12 and _is_transcript(value, options))
        for value in values
        if not isinstance(value, int | float)
    )


def _find_wide(header: Sequence[str]) -> tuple[tuple[int, int | None, str], ...]:
    """Find `turn_1, turn_2 …`, `customer_1, agent_1 …` and `role_1, text_1 …` columns."""
    texts: list[tuple[int, int, str]] = []
    roles: dict[int, int] = {}
    for index, name in enumerate(header):
        match = _NUMBERED.match(str(name).strip())
        if match is None:
            continue
        word = plain(f"{match[1]}{match[3] or ''}")
        number = int(match[2])
        if word in ("role", "speaker", "sender", "author", "from"):
            roles[number] = index
        elif _CUSTOMER_TEXT.match(word) or _AGENT_TEXT.match(word):
            texts.append((number, index, word))
        elif word in (
            "turn",
            "turntext",
            "message",
            "msg",
            "utterance",
            "text",
            "line",
            "messagetext",
            "comment",
            "body",
            "content",
        ):
            texts.append((number, index, ""))
    if len(texts) < 2 or len({(number, word) for number, _, word in texts}) < 2:
        return ()
    texts.sort(key=lambda each: (each[0], each[1]))
    labels = {word: ("customer" if _CUSTOMER_TEXT.match(word) else "agent") for _, _, word in texts if word}
    return tuple((index, roles.get(number), labels.get(word, "")) for number, index, word in texts)


def _find_pair(header: Sequence[str]) -> tuple[tuple[int, int | None, str], ...]:
    customer = next((i for i, name in enumerate(header) if _CUSTOMER_TEXT.match(str(name).strip())), None)
    agent = next((i for i, name in enumerate(header) if _AGENT_TEXT.match(str(name).strip())), None)
    if customer is None or agent is None:
        return ()
    sides = sorted([(customer, "customer"), (agent, "agent")])
    return tuple((index, None, role) for index, role in sides)


def _find_cell_column(
    columns: Mapping[str, int], header: Sequence[str], sample: Sequence[Row], options: ReadOptions
) -> int | None:
    """Find the column whose cells are whole transcripts: by name first, then by what the cells hold."""
    if "transcript" in options.columns:
        return columns["transcript"]
    key = columns.get("conversation")
    if key is not None:
        ids = [row[key] for row in sample if key < len(row) and row[key] not in (None, "")]
        if len(ids) != len(set(map(str, ids))) and len(set(map(str, ids))) < len(ids) * 0.8:
            return None
    folded = [plain(name) for name in header]
    named = [folded.index(name) for name in ALIASES["transcript"] if name in folded]
    others = [index for index in range(len(header)) if index not in named]
    for index in [*named, *others]:
        values = [row[index] for row in sample if index < len(row) and row[index] not in (None, "")][:20]
        if not values or not _may_be_transcript(values):
            continue
        good = sum(1 for value in values if _is_transcript(value, options))
        if good >= max(1, len(values) * 0.5):
            return index
    return None


def _may_be_transcript(values: Sequence[Any]) -> bool:
    return any(
        ":" in value or value.lstrip()[:1] == "[" if isinstance(value, str) else hasattr(value, "__len__")
        for value in values
    )


def _is_transcript(value: Any, options: ReadOptions) -> bool:
    if isinstance(value, str):
        value = value[:20_000] if value.lstrip()[:1] not in ("[", "{") else value
    _, turns = parse_cell(value, options)
    return len(turns) >= 2 and (len({turn.role for turn in turns}) > 1 or len({turn.speaker for turn in turns}) > 1)


def _settle_role(
    columns: dict[str, int], header: Sequence[str], sample: Sequence[Row], options: ReadOptions
) -> dict[str, int]:
    """Find the role column by its values where no name gives it away (`type`, `from`, `source` …)."""
    if "role" in options.columns:
        return columns
    translator = RoleColumn("", "", "", options)
    known = _known_share(columns.get("role"), sample, translator, header)
    if known > 0.5:
        return columns
    candidates = [i for i, name in enumerate(header) if i not in (columns["text"], columns.get("conversation"))]
    best = max(candidates, key=lambda i: _known_share(i, sample, translator, header), default=None)
    if best is not None and _known_share(best, sample, translator, header) > 0.7:
        moved = {field: index for field, index in columns.items() if index != best or field in options.columns}
        return {**moved, "role": best}
    return columns


def _known_share(index: int | None, sample: Sequence[Row], translator: RoleColumn, header: Sequence[str]) -> float:
    if index is None:
        return 0.0
    column = RoleColumn(header[index], "", "", ReadOptions()) if index < len(header) else translator
    values = [row[index] for row in sample if index < len(row) and row[index] not in (None, "")]
    if not values or len({str(value) for value in values}) > 12:
        return 0.0
    return sum(1 for value in values if column.role(_hashable(value), None) != "unknown") / len(values)


def _settle_conversation(
    columns: dict[str, int], header: Sequence[str], sample: Sequence[Row], options: ReadOptions
) -> dict[str, int]:
    """Keep a plain `id` or `file` column as the conversation only if it does not number the rows."""
    key = columns.get("conversation")
    if (
        key is None
        or "conversation" in options.columns
        or plain(header[key]) not in ("id", "file", "filename", "chat", "contact", "thread", "call")
    ):
        return columns
    ids = [str(row[key]) for row in sample if key < len(row) and row[key] not in (None, "")]
    if len(ids) > 1 and len(set(ids)) == len(ids) and ("role" in columns or "speaker" in columns):
        return {field: index for field, index in columns.items() if field != "conversation"}
    return columns


def _is_filled_down(columns: Mapping[str, int], sample: Sequence[Row]) -> bool:
    """Tell whether the id stands on the first row of each conversation only, as merged cells leave it."""
    key = columns.get("conversation")
    if key is None or not sample:
        return False
    ids = [str(row[key] if key < len(row) and row[key] is not None else "").strip() for row in sample]
    given = [value for value in ids if value]
    return bool(given) and bool(ids[0]) and len(given) < len(ids) * 0.7 and len(set(given)) == len(given)


def _sample_order(columns: Mapping[str, int], sample: Sequence[Row], options: ReadOptions) -> Order | None:
    return infer_order(_local_times(columns, sample), options.columns.get("dates", ""))


def _has_local_dates(columns: Mapping[str, int], sample: Sequence[Row]) -> bool:
    return any(time.date is not None for time in _local_times(columns, sample))


def _local_times(columns: Mapping[str, int], sample: Sequence[Row]) -> list[LocalTime]:
    """Return the times in the sample that only an order of day and month makes readable."""
    index = columns.get("at", columns.get("started_at"))
    if index is None:
        return []
    values = (row[index] for row in sample if index < len(row))
    found = (parse_local(value) for value in values if isinstance(value, str) and parse_time(value) is None)
    return [local for local in found if local is not None]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


# ---------------------------------------------------------------- reading


def missing_text(source: Source, header: Sequence[str], where: str = "") -> Problem:
    """Say that no column holds text, which columns there are, and which names would do."""
    found = ", ".join(str(name)[:40] for name in header[:30]) + (" …" if len(header) > 30 else "")
    allowed = "text, message, message_text, body, content, utterance, comment, sentence, transcript"
    return Problem(
        source.name,
        where,
        f"no column holds the text; columns found: {found}",
        f"name it with --map text=COLUMN; known by themselves: {allowed} and the like",
    )


def read_table(source: Source, table: Table, options: ReadOptions) -> Iterator[Record]:
    """Read a table into interactions."""
    sample = [row for _, row in islice(table.rows(), SAMPLE)]
    try:
        plan = plan_table(table.header, sample, options)
    except UserError as error:
        yield Problem(source.name, table.name, error.message, error.hint)
        return
    if plan is None:
        yield missing_text(source, table.header, table.name)
        return
    if not sample:
        return
    taken = {*plan.columns.values(), *(index for text, role, _ in plan.wide for index in (text, role))}
    labels = LabelColumns(table.header, options.labels, sample, taken)
    yield from labels.misspelt(source.name, table.name)
    reader = _Reader(source, table, options, plan, labels)
    if table.spreadsheet:
        yield from reader.spoiled_ids(sample)
    if plan.layout in ("cells", "wide"):
        yield from reader.read_whole_rows()
    else:
        yield from reader.read_grouped_rows()
    yield from labels.unreadable(source.name, table.name)


@dataclass
class _Group:
    """Rows of one conversation as they gather."""

    key: str
    rows: list[tuple[int, Row]] = field(default_factory=list)


class _Reader:
    """Reads one table by its plan."""

    def __init__(self, source: Source, table: Table, options: ReadOptions, plan: Plan, labels: LabelColumns) -> None:
        self._labels = labels
        self._source = source
        self._table = table
        self._options = options
        self._plan = plan
        columns = plan.columns
        header = table.header
        name = {field: str(header[index]) for field, index in columns.items() if index < len(header)}
        self._key = columns.get("conversation")
        self._roles = RoleColumn(name.get("role", ""), name.get("event", ""), name.get("internal", ""), options)
        stem = stem_of(source)
        self._stem = f"{stem}#{table.name}" if table.name else stem
        self._spoken = 0
        self._facts = [field for field in _FACTS if field in columns]
        self._in_ms = {
            field: table.offset_unit == "ms" or bool(re.search(r"(?i)ms$|milli", name.get(field, "")))
            for field in ("at", "end", "started_at")
        }

    # ------------------------------------------------ what a spreadsheet spoils

    def spoiled_ids(self, sample: Sequence[Row]) -> Iterator[Problem]:
        """Report ids that a spreadsheet turned into rounded numbers: different ones may now be equal."""
        if self._key is None:
            return
        ids = [str(row[self._key]) for row in sample if self._key < len(row)]
        if sum(1 for value in ids if _MANGLED.fullmatch(value.strip())) > len(ids) * 0.3:
            yield Problem(
                self._source.name,
                self._table.name,
                "conversation ids were rounded by a spreadsheet (1.15712E+05): several conversations may be one",
                "export again without opening the file in a spreadsheet, or with that column as text",
            )

    def _cut_cell(self, number: int, text: str) -> Iterator[Problem]:
        if len(text) == CELL_LIMIT and self._table.spreadsheet:
            yield Problem(
                self._source.name,
                self._where(number),
                "the cell is exactly 32,767 characters long, where spreadsheets cut text off: its end is missing",
                "export again without a spreadsheet in between",
            )

    # ------------------------------------------------ rows that are whole conversations

    def read_whole_rows(self) -> Iterator[Record]:
        """Read tables whose rows are one conversation each."""
        columns = self._plan.columns
        used = HashSet()
        for number, row in self._table.rows():
            if not any(value not in (None, "") for value in row):
                continue
            key = _text(_at(row, self._key)) or f"{self._stem}#{number}"
            if used.add(key):
                key = f"{key}#{number}"
            started: str | None = None
            if self._plan.layout == "cells":
                cell = _at(row, columns["transcript"])
                if isinstance(cell, str):
                    yield from self._cut_cell(number, cell)
                    cell = self._clean(cell)
                if cell in (None, "") or (not isinstance(cell, str) and not len(cell)):
                    yield Problem(self._source.name, self._where(number), "the transcript is empty")
                    continue
                started, turns = parse_cell(cell, self._options)
                if not turns and isinstance(cell, str):
                    turns = [Turn("unknown", cell.strip())]
                elif not turns:
                    yield Problem(self._source.name, self._where(number), "the transcript cell holds no messages")
                    continue
            else:
                turns = []
                for text_column, role_column, label in self._plan.wide:
                    text = self._clean(_text(_at(row, text_column)) or "")
                    said = _text(_at(row, role_column)) if role_column is not None else label
                    if text:
                        role = self._roles.role(said, said) if said else "unknown"
                        turns.append(Turn(role, text, speaker=said or None))
                if not turns:
                    yield Problem(self._source.name, self._where(number), "no turn column holds text")
                    continue
            interaction = self._interaction(key, [(number, row)], turns, started or self._started(row))
            if (labels := self._labels.labels_of(row, number)) is not None:
                interaction.meta["labels"] = labels
            yield interaction

    # ------------------------------------------------ rows that are utterances

    def read_grouped_rows(self) -> Iterator[Record]:
        """Read tables whose rows are utterances or exchanges, grouped by conversation."""
        for key, rows in self._groups():
            yield from self._conversation(key, rows)
        if not self._spoken:
            yield Problem(
                self._source.name,
                self._table.name,
                "the text column is empty in every row",
                "some products export messages without their text",
            )

    def _groups(self) -> Iterator[tuple[str, list[tuple[int, Row]]]]:
        """Group rows, in memory where they are few, as they come where they are sorted, else on disk."""
        if self._key is None:
            yield from self._without_key()
            return
        keyed = self._keyed()
        held: dict[str, list[tuple[int, Row]]] = {}
        cells = characters = 0
        for key, number, row in keyed:
            held.setdefault(key, []).append((number, row))
            cells += len(row)
            characters += sum([len(value) for value in row if type(value) is str])
            if cells > _IN_MEMORY_CELLS or characters > _IN_MEMORY_CHARACTERS:
                break
        else:
            yield from held.items()
            return
        held = {}
        if self._is_sorted():
            yield from self._consecutive()
        else:
            for key, rows in group_on_disk((key, (number, row)) for key, number, row in self._keyed()):
                yield key, rows

    def _keyed(self) -> Iterator[tuple[str, int, Row]]:
        key_index = self._key
        assert key_index is not None
        last = ""
        fill = self._plan.fill_down
        for number, row in self._table.rows():
            value = row[key_index] if key_index < len(row) else None
            key = (value if type(value) is str else _text(value) or "").strip()
            if not key:
                if not any(each not in (None, "") for each in row):
                    continue
                # Without an id of its own a row belongs to the one above in merged-cell exports, else to nobody.
                key = last if fill and last else f"{self._stem}#{number}"
            elif key.startswith('="') and key.endswith('"'):
                key = key[2:-1]
            last = key
            yield key, number, row

    def _is_sorted(self) -> bool:
        closed = HashSet()
        current: str | None = None
        for key, _, _ in self._keyed():
            if key != current:
                if closed.add(key):
                    return False
                current = key
        return True

    def _consecutive(self) -> Iterator[tuple[str, list[tuple[int, Row]]]]:
        current: str | None = None
        rows: list[tuple[int, Row]] = []
        for key, number, row in self._keyed():
            if key != current:
                if current is not None:
                    yield current, rows
                current, rows = key, []
            rows.append((number, row))
        if current is not None:
            yield current, rows

    def _without_key(self) -> Iterator[tuple[str, list[tuple[int, Row]]]]:
        """Group rows of a table without a conversation column: by empty rows, by turn numbers that start again."""
        columns = self._plan.columns
        if (
            "role" not in columns
            and "speaker" not in columns
            and self._plan.layout == "utterances"
            and not self._table.default_role
        ):
            # Nothing says that the rows belong together.
            one = "order" in columns or "at" in columns
        else:
            one = True
        order = columns.get("order")
        rows: list[tuple[int, Row]] = []
        count = 0
        last: float | None = None
        for number, row in self._table.rows():
            empty = not any(value not in (None, "") for value in row)
            position = parse_number(_at(row, order)) if order is not None and not empty else None
            again = position is not None and last is not None and position < last and position <= 1
            if rows and (empty or again or not one):
                count += 1
                yield (self._stem if count == 1 else f"{self._stem}#{count}"), rows
                rows, last = [], None
            if empty:
                continue
            last = position if position is not None else last
            rows.append((number, row))
        if rows:
            count += 1
            yield (self._stem if count == 1 else f"{self._stem}#{count}"), rows

    def _conversation(self, key: str, rows: list[tuple[int, Row]]) -> Iterator[Record]:
        turns: list[Turn] = []
        columns = self._plan.columns
        rows, times = self._in_order(rows, self._times(rows, "at"))
        started, seconds = self._seconds(rows, times)
        ends: Sequence[float | None] = self._ends(rows, times) if "end" in columns else [None] * len(rows)
        if self._plan.layout == "pairs":
            for (_, row), at in zip(rows, seconds, strict=True):
                for text_column, _, label in self._plan.wide:
                    text = self._clean(_text(_at(row, text_column)) or "")
                    if text:
                        role = self._roles.role(label, label)
                        turns.append(Turn(role, text, at, speaker=str(self._table.header[text_column])))
                        self._spoken += 1
        else:
            text_column = columns["text"]
            role_column, speaker_column = columns.get("role"), columns.get("speaker")
            event_column, internal_column = columns.get("event"), columns.get("internal")
            translate = self._roles.role
            html, clean, default = self._plan.html, self._clean, self._table.default_role
            for (number, row), at, end in zip(rows, seconds, ends, strict=True):
                width = len(row)
                value = row[text_column] if text_column < width else None
                text = value if type(value) is str else _text(value) or ""
                if len(text) >= CELL_LIMIT:
                    yield from self._cut_cell(number, text)
                text = clean(text)
                if html and "<" in text:
                    text = html_to_text(text)
                said = row[role_column] if role_column is not None and role_column < width else None
                speaker = row[speaker_column] if speaker_column is not None and speaker_column < width else None
                if said is not None and type(said) is not str:
                    said = _text(said)
                if speaker is not None and type(speaker) is not str:
                    speaker = _text(speaker)
                role = translate(said or None, speaker or None)
                if role == "unknown" and default:
                    role = default
                internal = False
                event = row[event_column] if event_column is not None and event_column < width else None
                if event is not None and event != "":
                    if self._roles.is_event(event):
                        role = "system"
                    internal = self._roles.is_internal(None, event)
                if internal_column is not None and internal_column < width:
                    internal = internal or self._roles.is_internal(row[internal_column], None)
                if text:
                    self._spoken += 1
                labels = self._labels.labels_of(row, number)
                turns.append(Turn(role, text, at, end, speaker or said or None, internal, labels))
            if self._table.join_order:
                turns = _join_sentences(turns, [_text(_at(row, columns.get("order"))) for _, row in rows])
        if turns:
            yield self._interaction(key, rows, turns, started)
        else:
            yield Problem(self._source.name, self._where(rows[0][0]), "the row holds no text")

    def _in_order(
        self, rows: list[tuple[int, Row]], times: list[_Time] | None
    ) -> tuple[list[tuple[int, Row]], list[_Time] | None]:
        """Order rows by their turn number, else by time; where neither is whole, the order of the file stands."""
        order = self._plan.columns.get("order")
        indices: Sequence[int] | None = None
        if order is not None:
            cells = [row[order] if order < len(row) else None for _, row in rows]
            positions: list[float | None] = [
                int(cell) if type(cell) is str and cell.isdecimal() and len(cell) < 16 else parse_number(cell)
                for cell in cells
            ]
            if all(position is not None for position in positions):
                indices = sorted(range(len(rows)), key=lambda i: positions[i] or 0.0)
        if indices is None:
            if times is None or len(rows) < 2:
                return rows, times
            if any(isinstance(each, datetime) for each in times) and any(isinstance(each, float) for each in times):
                return rows, times
            indices = order_by_time(times)
        return [rows[i] for i in indices], None if times is None else [times[i] for i in indices]

    # ------------------------------------------------ times

    def _moment(self, value: Any, *, in_ms: bool = False) -> _Time:
        """Read one time: an absolute one as a moment, an offset as seconds."""
        if value is None or value == "":
            return None
        if type(value) is str and value[4:5] == "-":
            # The usual case, without the detour over numbers.
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)
        if isinstance(value, timedelta):
            return value.total_seconds()
        number = parse_number(value)
        if number is not None:
            if self._table.excel_dates and 20_000 < number < 80_000:
                return datetime(1899, 12, 30) + timedelta(days=number)
            if number < 1e8 or (in_ms and number < 1e11):
                return number / 1000 if in_ms else number
            return parse_moment(number)
        text = str(value).strip()
        moment = parse_time(text)
        if moment is not None:
            return moment
        local = parse_local(text)
        if local is not None and local.date is not None:
            return to_datetime(local, self._plan.order) if self._plan.order else None
        if local is not None and local.half_day:
            return local.seconds
        return parse_duration(text)

    def _times(self, rows: Sequence[tuple[int, Row]], field_name: str) -> list[_Time] | None:
        """Read a time column of some rows; None where the table has no such column."""
        index = self._plan.columns.get(field_name)
        if index is None:
            return None
        in_ms = self._in_ms[field_name]
        return [self._moment(row[index] if index < len(row) else None, in_ms=in_ms) for _, row in rows]

    def _seconds(
        self, rows: Sequence[tuple[int, Row]], times: Sequence[_Time] | None
    ) -> tuple[str | None, list[float | None]]:
        """Turn the times of rows into when the first was, and seconds since then."""
        if times is None:
            return None, [None] * len(rows)
        moments = _moments(times)
        if any(moments):
            return offsets(moments)
        numbers = _numbers(times)
        given = [each for each in numbers if each is not None]
        # A time of day without a date: seconds since the first, not since midnight.
        of_day = bool(given) and given[0] >= 3600 and ":" in str(_at(rows[0][1], self._plan.columns["at"]))
        base = given[0] if of_day else 0.0
        return None, [None if each is None else round(each - base, 3) for each in numbers]

    def _ends(self, rows: Sequence[tuple[int, Row]], starts: Sequence[_Time] | None) -> list[float | None]:
        """Return when turns end, counted from the first start; ends that are offsets stay as they are."""
        times = self._times(rows, "end") or []
        moments = _moments(times)
        if any(moments):
            return offsets(moments, next((each for each in starts or () if isinstance(each, datetime)), None))[1]
        return [None if each is None else round(each, 3) for each in _numbers(times)]

    def _started(self, row: Row) -> str | None:
        index = self._plan.columns.get("started_at")
        moment = self._moment(_at(row, index), in_ms=self._in_ms["started_at"]) if index is not None else None
        return offsets([moment])[0] if isinstance(moment, datetime) else None

    # ------------------------------------------------ interactions

    def _clean(self, text: str) -> str:
        """Undo what spreadsheets do to text: formula escapes and `_x000D_`."""
        if not self._table.spreadsheet:
            return text
        if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
            text = text[1:]
        if "_x000D_" in text:
            text = text.replace("_x000D_", "\r")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def _where(self, number: int) -> str:
        return f"{self._table.name}, row {number}" if self._table.name else f"row {number}"

    def _interaction(
        self, key: str, rows: Sequence[tuple[int, Row]], turns: list[Turn], started: str | None
    ) -> Interaction:
        columns = self._plan.columns

        said: dict[str, str] = {}
        for field_name in self._facts:
            index = columns[field_name]
            for _, row in rows:
                if value := _text(_at(row, index)):
                    said[field_name] = value
                    break
        first = said.get
        tags = first("tags")
        channel = channel_of(first("channel")) if "channel" in said else "other"
        return Interaction(
            id=key,
            turns=tuple(turns),
            source=self._source.name,
            channel=channel if channel != "other" else self._table.channel,
            started_at=started
            or (self._started(rows[0][1]) if "started_at" in columns and "at" not in columns else None),
            agent=first("agent"),
            queue=first("queue"),
            team=first("team"),
            product=first("product"),
            tags=tuple(part for part in (each.strip(" '\"[]") for each in re.split(r"[,;|]", tags)) if part)
            if tags
            else (),
            csat=score_of(first("csat")),
            qa_score=score_of(first("qa_score")),
            language=first("language"),
            meta={"judged": self._labels.names} if self._labels.names else {},
        )


def _moments(times: Sequence[_Time]) -> list[datetime | None]:
    return [each if isinstance(each, datetime) else None for each in times]


def _numbers(times: Sequence[_Time]) -> list[float | None]:
    return [each if isinstance(each, float) else None for each in times]


def _join_sentences(turns: Sequence[Turn], orders: Iterable[str | None]) -> list[Turn]:
    joined: list[Turn] = []
    last: str | None = None
    for turn, order in zip(turns, orders, strict=True):
        if joined and order is not None and order == last:
            before = joined[-1]
            joined[-1] = Turn(
                before.role, f"{before.text} {turn.text}".strip(), before.at, turn.end, before.speaker, before.internal
            )
        else:
            joined.append(turn)
        last = order
    return joined


def _at(row: Row, index: int | None) -> Any:
    return row[index] if index is not None and index < len(row) else None


def _text(value: Any) -> str | None:
    """Return a cell as text: whole floats without their `.0`, lists joined, NaN and empty cells as None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list | tuple):
        return ", ".join(text for each in value if (text := _text(each)))
    return str(value)
