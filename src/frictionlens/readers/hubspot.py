"""Read the messages of HubSpot's conversations inbox: the role is the first letter of who sends.

A page of the API may hold messages of several threads, newest first
(developers.hubspot.com, Conversations: get the history of a thread).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Channel, Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, group_rows, role_for, without_history
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import dicts, iter_items, pick, pick_text
from frictionlens.readers._times import parse_time

_SENDERS: Final[dict[str, Role]] = {
    "V": "customer", "E": "customer", "A": "agent", "B": "bot", "L": "bot", "S": "system", "I": "system",
}  # fmt: skip
_CHANNELS: Final[dict[str, Channel]] = {
    "1000": "chat", "1001": "messaging", "1002": "email", "1003": "email", "1007": "messaging", "1008": "voice",
}  # fmt: skip
"""Ids of the channels that every account has: live chat, Messenger, e-mail, forms, WhatsApp, calls."""


def _is_message(record: dict[str, Any]) -> bool:
    return "conversationsThreadId" in record and "type" in record


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(head.record.get("results"))), None) or head.record
    return "results[].conversationsThreadId with senders" if _is_message(first) else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _threads(source, options))


def _threads(source: Source, options: ReadOptions) -> Iterator[Record]:
    groups = group_rows(source, iter_items(source, "results"), lambda row: pick_text(row, "conversationsThreadId"))
    for found in groups:
        if isinstance(found, Problem):
            yield found
            continue
        name, rows = found
        try:
            yield _thread(source, name, rows, options)
        except BROKEN as error:
            yield Problem(source.name, name, f"not messages as HubSpot has them: {type(error).__name__}")


def _thread(source: Source, name: str, rows: list[dict[str, Any]], options: ReadOptions) -> Record:
    drafts = [_draft(row, options) for row in rows]
    channels = (_CHANNELS.get(pick_text(row, "channelId") or "") for row in rows)
    agents = (pick_text(next(iter(dicts(row.get("senders"))), {}), "actorId") or "" for row in rows)
    return build_interaction(
        source,
        name or None,
        drafts,
        channel=next(filter(None, channels), "chat"),
        agent=next((agent for agent in agents if agent.startswith("A-")), None),
        meta={"subject": next(filter(None, (pick_text(row, "subject") for row in rows)), None)},
    )


def _draft(row: dict[str, Any], options: ReadOptions) -> Draft:
    sender = next(iter(dicts(row.get("senders"))), {})
    actor, name = pick_text(sender, "actorId") or "", pick_text(sender, "name")
    kind = (pick_text(row, "type") or "").upper()
    role: Role = _SENDERS.get(actor[:1], "unknown") if actor[1:2] == "-" else "unknown"
    if role in ("unknown", "customer") and actor[:1] != "V" and (way := pick_text(row, "direction")):
        # An e-mail address says nothing: customers and agents have one.
        role = "customer" if way.upper() == "INCOMING" else "agent"
    if kind not in ("MESSAGE", "COMMENT", "WELCOME_MESSAGE"):
        role = "system"
    # The plain text may be cut short; the marked one then holds more, or the whole.
    text, marked = pick_text(row, "text") or "", html_to_text(pick_text(row, "richText") or "")
    text = marked if len(marked) > len(text) else text
    role = role_for(options, role, actor, name)
    return Draft(
        role, without_history(text), parse_time(pick(row, "createdAt")), name or actor or None, kind == "COMMENT"
    )


FORMAT = Format(
    name="hubspot",
    title="HubSpot conversations",
    sniff=_sniff,
    read=_read,
    rank=30,
)
