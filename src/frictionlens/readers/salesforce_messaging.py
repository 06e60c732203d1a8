"""Read Salesforce messaging as JSON: `ConversationEntry` records and the entries of its Connect API.

The same entries as CSV are a table like others. Enhanced channels may export entries without words: they are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import BROKEN, Draft, build_interaction, card_text, checked, group_rows, role_for
from frictionlens.readers._json import dicts, iter_items, parse_json, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_epoch, parse_number, parse_time

_ROLES: Final[dict[str, Role]] = {
    "agent": "agent", "supervisor": "agent", "bot": "bot", "chatbot": "bot", "enduser": "customer",
    "end_user": "customer",
    "system": "system",
}  # fmt: skip
_SPOKEN: Final = frozenset({"text", "message", "staticcontentmessage", "choicesmessage", "formmessage", ""})


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", "").replace(" ", "")


def _sniff(head: Head) -> str | None:
    record = head.record
    for key in ("conversationEntries", "records"):
        record = next(iter(dicts(record.get(key))), record)
    keys = {_plain(key) for key in record}
    if "actortype" in keys and ("entrytype" in keys or "entrytime" in keys):
        return "rows with ActorType and EntryType"
    if "entrytype" in keys and "sender" in keys and ("messagetext" in keys or "entrypayload" in keys):
        return "conversationEntries[] with sender and entryType"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _conversations(source, options))


def _conversations(source: Source, options: ReadOptions) -> Iterator[Record]:
    for found in group_rows(
        source,
        iter_items(source, "conversationEntries", "records"),
        lambda row: pick_text(row, "ConversationId", "conversationIdentifier"),
    ):
        if isinstance(found, Problem):
            yield found
            continue
        name, rows = found
        try:
            order = [(parse_number(pick(row, "Seq")), index) for index, row in enumerate(rows)]
            if all(seq is not None for seq, _ in order):
                rows = [rows[index] for _, index in sorted(order, key=lambda each: (each[0] or 0, each[1]))]
            drafts = [_entry(row, options) for row in rows]
            agent = next(
                (_actor(row)[1] for row, draft in zip(rows, drafts, strict=True) if draft.role == "agent"), None
            )
            yield build_interaction(source, name or None, drafts, channel="messaging", agent=agent)
        except BROKEN as error:
            yield Problem(source.name, name, f"not entries as Salesforce has them: {type(error).__name__}")


def _actor(row: dict[str, Any]) -> tuple[str | None, str | None]:
    sender = pick_dict(row, "sender")
    word = pick_text(row, "ActorType") or pick_text(sender, "role", "appType")
    return word, pick_text(row, "ActorName", "senderDisplayName", "ActorId") or pick_text(sender, "name", "subject")


def _moment(row: dict[str, Any]) -> datetime | None:
    for name in ("EntryTimeMilliSecs", "serverReceivedTimestamp", "transcriptedTimestamp", "ClientTimestamp"):
        value = pick(row, name)
        if moment := parse_epoch(value, "ms") or parse_time(value):
            return moment
    return parse_time(pick(row, "EntryTime", "CreatedDate"))


def _entry(row: dict[str, Any], options: ReadOptions) -> Draft:
    word, name = _actor(row)
    kind = _plain(pick_text(row, "EntryType") or "")
    role = role_for(options, role_of(word, options, _ROLES), name)
    payload = pick(row, "EntryPayload")
    text = pick_text(row, "Message", "messageText") or ""
    if not text and payload is not None:
        try:
            text = card_text(parse_json(payload.encode("utf-8", "replace")) if isinstance(payload, str) else payload)
        except (ValueError, RecursionError):
            text = ""
    if kind not in _SPOKEN:
        return Draft("system", "", _moment(row), name or word)
    return Draft(role, text, _moment(row), name or word)


FORMAT = Format(
    name="salesforce-messaging",
    title="Salesforce messaging entries",
    sniff=_sniff,
    read=_read,
    rank=25,
    default_roles=_ROLES,
)
