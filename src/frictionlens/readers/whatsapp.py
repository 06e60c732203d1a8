"""Read WhatsApp chat exports (.txt) in the date layouts of its many locales.

The order of day and month is not in the file: it is inferred from all its dates, and said where it cannot be.
Lines without a name are events; who is the business must be told (`--role "Acme Support=agent"`).
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from frictionlens.errors import Problem
from frictionlens.model import Interaction, Role, Turn
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, stem_of
from frictionlens.readers._dates import CLOCK, DATE, LocalTime, infer_order, parse_local, to_datetime
from frictionlens.readers._labels import label_role
from frictionlens.readers._times import offsets

_SPACE = r"[ \u202f\u00a0]"
_HEAD = re.compile(
    rf"^[\u200e\u200f\ufeff]*(?P<open>\[)?(?P<date>{DATE}),?{_SPACE}+(?P<clock>{CLOCK}(?:{_SPACE}?[ap]\.{_SPACE}?m\.)?)"
    rf"(?(open)\]{_SPACE}*|{_SPACE}*[-–]{_SPACE}+)[\u200e\u200f]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_NAME = re.compile(r"^(?P<name>[^:\"]{1,60}?):(?P<text>\s.*|\.?.*)$", re.DOTALL)
_EVENT = re.compile(
    r"(?i)^(?:messages and calls are end-to-end|you (?:were|created|added|changed|joined|left)"
    r"|.{1,60} (?:created (?:this )?group|added|left|joined|changed (?:the|this|their)|was added|were added|removed"
    r"|pinned|turned (?:on|off)|is now an admin|security code))\b"
)


class _Message(NamedTuple):
    time: LocalTime | None
    name: str | None
    text: str


def _sniff(head: Head) -> str | None:
    if head.is_binary or not head.data:
        return None
    lines = [line for line in head.first_lines if line.strip()]
    hits = [match for line in lines if (match := _HEAD.match(line))]
    named = sum(1 for match in hits if _NAME.match(match["rest"]))
    if not hits or not lines or not _HEAD.match(lines[0]) or len(hits) < min(2, len(lines)) or not named:
        return None
    # WhatsApp writes no ISO date in brackets, and no seconds without them: those are logs of something else.
    foreign = re.match(r"\d{4}-", hits[0]["date"]) if hits[0]["open"] else hits[0]["clock"].count(":") == 2
    if foreign:
        return None
    return f"lines like `{'[date, time] Name:' if hits[0]['open'] else 'date, time - Name:'}` in a chat export"


def _messages(source: Source, problems: list[Problem]) -> Iterator[_Message]:
    time: LocalTime | None = None
    name: str | None = None
    lines: list[str] = []
    begun = False
    with contextlib.closing(source.text_lines(problems)) as all_lines:
        for raw in all_lines:
            line = raw.rstrip("\r\n")
            match = _HEAD.match(line) if line[:1] in "[\u200e\u200f\ufeff" or line[:1].isdigit() else None
            if match is None:
                lines.append(line)
                continue
            text = "\n".join(lines).strip()
            if begun or text:
                yield _Message(time, name, text)
            begun = True
            date, clock, rest = match.group("date", "clock", "rest")
            if "." in clock:
                clock = re.sub(r"([ap])\.\s?m\.", r"\1m", clock, flags=re.IGNORECASE)
            time = parse_local(f"{date} {clock}")
            named = None if _EVENT.match(rest) else _NAME.match(rest)
            name = named["name"].strip("\u200e\u200f \u202a\u202c~") if named else None
            lines = [named["text"].strip(" \u200e\u200f") if named else rest.strip()]
    if begun:
        yield _Message(time, name, "\n".join(lines).strip())


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    problems: list[Problem] = []
    messages = list(_messages(source, problems))
    yield from problems
    if not any(message.name for message in messages):
        yield Problem(source.name, "", "no line has a date, a time and a name", "this is not a WhatsApp chat export")
        return
    times = [message.time for message in messages if message.time]
    order = infer_order(times, options.columns.get("dates", ""))
    if order is None:
        yield Problem(
            source.name,
            "",
            "dates could be day-month or month-day, so the date is left out",
            "say it with --map dates=dmy or dates=mdy",
        )
    # Within one day the order matters for the date alone.
    readable = order or ("dmy" if len({time.date for time in times}) == 1 else None)
    moments = [to_datetime(message.time, readable) if message.time and readable else None for message in messages]
    started, seconds = offsets(moments)
    names = Counter(message.name for message in messages if message.name)
    roles: dict[str | None, Role] = {name: label_role(name, options) for name in names}
    turns = [
        Turn(roles.get(message.name, "system"), message.text, at, speaker=message.name)
        for message, at in zip(messages, seconds, strict=True)
    ]
    meta = {"participants": len(names)}
    yield Interaction(stem_of(source), tuple(turns), source.name, "messaging", started if order else None, meta=meta)


FORMAT = Format(
    name="whatsapp",
    title="WhatsApp chat export",
    sniff=_sniff,
    read=_read,
    rank=80,
    interactions_per_file="one",
)
