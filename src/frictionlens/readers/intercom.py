"""Read Intercom conversations: one object, a list, or lines of them.

The first message stands in `source`, not among the parts; a bot may post under an admin's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, channel_of, csat_of, read_records, role_for
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_epoch, parse_time

ROLES: Final[dict[str, Role]] = {
    "user": "customer", "lead": "customer", "contact": "customer", "visitor": "customer",
    "admin": "agent", "team": "agent", "teammate": "agent",
    "bot": "bot", "operator": "bot", "workflow": "bot", "fin": "bot",
}  # fmt: skip
_SPOKEN: Final = frozenset(
    {"comment", "quick_reply", "message", "open_with_message", "channel_and_reply_time_expectation"}
)
_REMOVED: Final = re.compile(r"\W*we(?:'|’| ha)?ve removed this (?:part|message)", re.I)


def _sniff(head: Head) -> str | None:
    record = head.record
    listed = next(iter(dicts(record.get("conversations")) or dicts(record.get("data"))), None)
    record = listed or record
    kind = record.get("type")
    if "conversation_parts" in record and (
        "source" in record or "conversation_message" in record or kind == "conversation"
    ):
        return "conversation_parts beside source"
    if kind == "conversation" and isinstance(record.get("source"), dict) and "author" in record["source"]:
        return 'type "conversation" with source.author'
    if kind == "conversation" and "conversation_message" in record:
        return 'type "conversation" with conversation_message (API v1)'
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), "conversations", "data")


def _moment(value: Any) -> Any:
    return parse_time(value) or parse_epoch(value, "s")


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    drafts: list[Draft] = []
    first = pick_dict(record, "source", "conversation_message")
    if first:
        drafts.append(_first(first, record, options))
    container = pick(record, "conversation_parts")
    parts = container if isinstance(container, list) else pick_list(container, "conversation_parts", "data")
    drafts += [_part(part, options) for part in dicts(parts)]
    rating = pick_dict(record, "conversation_rating")
    agent = pick_text(record, "admin_assignee_id") or pick_text(pick_dict(record, "assignee"), "name", "id")
    team = pick_text(record, "team_assignee_name", "team_assignee_id")
    return build_interaction(
        source,
        pick_text(record, "id"),
        drafts,
        where=item.where,
        start=_moment(pick(record, "created_at")),
        channel=channel_of(pick_text(first, "type"), "chat"),
        agent=None if agent == "0" else agent,
        team=None if team == "0" else team,
        tags=[*pick_list(pick(record, "tags"), "tags"), *(each for each in pick_list(record, "tags"))],
        csat=csat_of(pick(rating, "rating", "score")),
        language=pick_text(pick_dict(record, "custom_attributes"), "Language", "language")
        or pick_text(record, "language"),
        meta={
            "subject": html_to_text(pick_text(first, "subject") or "") or pick_text(record, "title"),
            "state": pick_text(record, "state"),
            "delivered_as": pick_text(first, "delivered_as"),
            "csat_remark": pick_text(rating, "remark"),
            "reopens": pick(pick_dict(record, "statistics"), "count_reopens"),
            "ai_agent": pick_text(pick_dict(record, "ai_agent"), "resolution_state"),
        },
    )


def _author(part: dict[str, Any], options: ReadOptions) -> tuple[Role, str | None]:
    author = pick_dict(part, "author", "user")
    word = pick_text(author, "type")
    role = role_of(word, options, ROLES)
    if role == "agent" and (pick(author, "from_ai_agent") is True or pick(author, "is_ai_answer") is True):
        role = "bot"
    name = pick_text(author, "name") or pick_text(author, "id") or word
    return role_for(options, role, name, pick_text(author, "id")), name


def _body(part: dict[str, Any]) -> str:
    if pick(part, "redacted") is True:
        return ""
    text = html_to_text(pick_text(part, "body") or "")
    # What Twitter and Meta made Intercom take away leaves a notice that nobody said.
    return "" if _REMOVED.match(text) else text


def _first(first: dict[str, Any], record: dict[str, Any], options: ReadOptions) -> Draft:
    role, name = _author(first, options)
    if role == "agent" and pick_text(first, "delivered_as") in (
        "automated",
        "operator_initiated",
        "campaigns_initiated",
    ):
        role = "bot"
    return Draft(role, _body(first), _moment(pick(first, "created_at")) or _moment(pick(record, "created_at")), name)


def _part(part: dict[str, Any], options: ReadOptions) -> Draft:
    role, name = _author(part, options)
    kind = pick_text(part, "part_type", "type") or "comment"
    text = _body(part)
    internal = kind.startswith("note")
    if kind not in _SPOKEN and not internal and not text and pick(part, "redacted") is not True:
        role = "system"
    return Draft(role, text, _moment(pick(part, "created_at", "updated_at")), name, internal)


FORMAT = Format(
    name="intercom",
    title="Intercom conversations",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=ROLES,
)
