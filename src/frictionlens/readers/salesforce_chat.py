"""Read Salesforce LiveChatTranscript bodies: HTML files, the `Body` column of a CSV, or records of the API.

The body names the agent in a centred header; who else speaks is the visitor. A transfer inserts another header.
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, is_bot_name, role_for
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import iter_items, pick_text
from frictionlens.readers._times import parse_time

_STARTED: Final = re.compile(r"<p\b[^<>]*>\s*Chat Started:", re.I)
_HEADER: Final = re.compile(r"<p\b[^<>]{0,80}>(.*?)</p>", re.I | re.S)
_ENTRY: Final = re.compile(r"\(\s*((?:\d+\s*d\s*)?(?:\d+\s*h\s*)?(?:\d+\s*m\s*)?\d+\s*s)\s*\)\s*", re.I)
_UNIT: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART: Final = re.compile(r"(\d+)\s*([dhms])", re.I)
_PLACE: Final = re.compile("\ue001(\\d+)\ue002")
_TRANSFER: Final = re.compile(r"transferred from (.+?) to (.+)", re.I)
_BODY_COLUMN: Final = re.compile(r"""(?:^|[,;\t])"?(?:\w+\.)?Body"?(?:$|[,;\t])""", re.I)
_MOST_CELL: Final = 64 * 1024 * 1024


def _sniff(head: Head) -> str | None:
    if _STARTED.search(head.text[:2048]) or _STARTED.search(html.unescape(head.text[:2048])):
        return '<p align="center">Chat Started:'
    if _header_line(head) is not None and _STARTED.search(head.text):
        return "a table whose Body column holds Chat Started: headers"
    if head.json is not None and _STARTED.search(head.text[:8192]):
        return "records whose Body holds Chat Started: headers"
    return None


def _header_line(head: Head) -> int | None:
    """Return which of the first lines names the columns: reports have titles above it."""
    return next((number for number, line in enumerate(head.first_lines[:12]) if _BODY_COLUMN.search(line)), None)


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _transcripts(source, options))


def _transcripts(source: Source, options: ReadOptions) -> Iterator[Record]:
    head = source.head
    if head.json is not None:
        for item in iter_items(source, "records"):
            if isinstance(item, Problem):
                yield item
            elif isinstance(item.value, dict):
                yield _row(source, item.value, item.where, options)
            else:
                yield Problem(source.name, item.where, "not a record: an object was expected")
        return
    above = _header_line(head)
    if above is None:
        if not re.match(r"\s*<", head.text) and not _STARTED.search(html.unescape(head.text)):
            yield Problem(source.name, "", "neither a chat's body (Chat Started:) nor a table with a Body column")
            return
        problems: list[Problem] = []
        yield _row(source, {"Body": source.whole_text(problems)}, "", options)
        yield from problems
        return
    csv.field_size_limit(_MOST_CELL)
    with source.text() as stream:
        try:
            dialect = csv.Sniffer().sniff(head.first_lines[above], ",;\t")
            delimiter = dialect.delimiter
        except csv.Error:
            delimiter = ","
        for _ in range(above):
            stream.readline()
        rows = csv.DictReader(stream, delimiter=delimiter)
        number = 1
        try:
            for number, row in enumerate(rows, above + 2):
                yield _row(source, row, f"row {number}", options)
        except csv.Error as error:
            yield Problem(source.name, f"after row {number}", f"broken CSV: {error}")


def _row(source: Source, row: Mapping[Any, Any], where: str, options: ReadOptions) -> Record:
    try:
        body = pick_text(row, "Body", "LiveChatTranscript.Body") or ""
        drafts, header = _parse(body, options)
        started = next(
            (parse_time(line.split(":", 1)[1].strip()) for line in header if line.startswith("Chat Started:")), None
        )
        origin = next((line.split(":", 1)[1].strip() for line in header if line.startswith("Chat Origin:")), None)
        agents = _agents(header)
        return build_interaction(
            source,
            pick_text(row, "Id", "Name", "ChatKey"),
            drafts,
            where=where,
            start=started or parse_time(pick_text(row, "StartTime", "CreatedDate")),
            channel="chat",
            ordered=True,
            agent=pick_text(row, "OwnerId", "Owner.Name") or (agents[0] if agents else None),
            queue=pick_text(row, "LiveChatButtonId", "LiveChatButton.Name") or origin,
            language=pick_text(row, "Language"),
            meta={"case": pick_text(row, "CaseId"), "status": pick_text(row, "Status")},
        )
    except BROKEN as error:
        return Problem(source.name, where, f"not a chat body: {type(error).__name__}")


def _agents(header: list[str]) -> list[str]:
    names: list[str] = []
    for line in header:
        if match := _TRANSFER.search(line):
            names += [match[1].strip(), match[2].strip(" .")]
        elif line.startswith("Agent ") and "(" not in line:
            names.append(line.removeprefix("Agent ").strip())
    return names


def _parse(body: str, options: ReadOptions) -> tuple[list[Draft], list[str]]:
    """Split a body into its turns and the lines of its headers."""
    header: list[str] = []
    events: list[tuple[int, str]] = []

    def take_header(match: re.Match[str]) -> str:
        text = html_to_text(match[1])
        if text:
            header.append(text)
        return f"\ue001{len(header) - 1}\ue002" if text else ""

    marked = _HEADER.sub(take_header, body)
    parts = _ENTRY.split(marked)
    said: list[tuple[float, str, str]] = []
    seen_headers = parts[0].count("\ue001")
    for offset, part in zip(parts[1::2], parts[2::2], strict=False):
        seconds = 0.0
        for number, unit in _PART.findall(offset):
            seconds += int(number) * _UNIT[unit.lower()]
        # A header in mid-body tells of a transfer; it stands after what was said before it.
        places = _PLACE.findall(part) if "\ue001" in part else ()
        events += [(len(said) + 1, header[int(index)]) for index in places]
        text = html_to_text(_PLACE.sub("", part) if places else part)
        name, colon, words = text.partition(":")
        if colon and len(name) <= 60 and "\n" not in name:
            said.append((seconds, name.strip(), words.strip()))
        elif text:
            said.append((seconds, "", text))
    agents = [name.casefold() for name in _agents(header)]
    roles = _roles({name for _, name, _ in said if name}, agents, options)
    drafts = [Draft(roles.get(name, "system"), words, speaker=name or None, at=at) for at, name, words in said]
    for place, line in reversed(events if seen_headers < len(header) else []):
        index = min(place, len(drafts))
        at = drafts[index - 1].at if index else None
        drafts.insert(index, Draft("system", line, at=at))
    return drafts, header


def _roles(names: set[str], agents: list[str], options: ReadOptions) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for name in names:
        key = name.casefold()
        if any(key == agent or agent.startswith(f"{key} ") or key.startswith(f"{agent} ") for agent in agents):
            roles[name] = "agent"
        elif role_of(name, options) != "unknown":
            roles[name] = role_of(name, options)
        elif is_bot_name(name) or "einstein" in key:
            roles[name] = "bot"
    open_names = [name for name in names if name not in roles]
    if "agent" in roles.values():
        roles |= dict.fromkeys(open_names, "customer")
    elif "customer" in roles.values() and len(open_names) == 1:
        # The header did not give the agent's name (an unresolved merge field), but the visitor is known.
        roles[open_names[0]] = "agent"
    else:
        roles |= dict.fromkeys(open_names, "unknown")
    return {name: role_for(options, role, name) for name, role in roles.items()}


FORMAT = Format(
    name="salesforce-chat",
    title="Salesforce LiveChatTranscript bodies",
    sniff=_sniff,
    read=_read,
    rank=20,
)
