"""Read Freshchat conversations: messages made of parts, with an actor type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, card_text, channel_of, csat_of, read_records, role_for
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_epoch, parse_time

_ROLES: Final[dict[str, Role]] = {
    "user": "customer", "agent": "agent", "system": "system", "bot": "bot", "freddy": "bot", "automation": "bot",
}  # fmt: skip


def _sniff(head: Head) -> str | None:
    record = next(iter(dicts(head.record.get("conversations"))), None) or head.record
    first = next(iter(dicts(record.get("messages"))), {})
    if "message_parts" in first or ("actor_type" in first and "message_type" in first):
        return "messages[].message_parts and actor_type"
    if "conversation_id" in record and "app_id" in record and "channel_id" in record:
        return "conversation_id, app_id and channel_id"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), "conversations")


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    drafts = [_message(each, options) for each in dicts(pick(record, "messages"))]
    users = {pick_text(each, "id"): pick_text(each, "first_name", "name") for each in dicts(pick(record, "users"))}
    drafts = [draft._replace(speaker=users.get(draft.speaker) or draft.speaker) for draft in drafts]
    return build_interaction(
        source,
        pick_text(record, "conversation_id", "id"),
        drafts,
        where=item.where,
        start=parse_time(pick(record, "created_time")),
        channel=channel_of(pick_text(record, "channel", "channel_type"), "chat"),
        agent=pick_text(record, "assigned_agent_id"),
        queue=pick_text(record, "assigned_group_id"),
        tags=pick_list(record, "tags", "labels"),
        csat=csat_of(pick(pick_dict(record, "csat", "rating"), "score", "stars", "rating")),
        meta={"status": pick_text(record, "status"), "channel_id": pick_text(record, "channel_id")},
    )


def _message(message: dict[str, Any], options: ReadOptions) -> Draft:
    word, actor = pick_text(message, "actor_type"), pick_text(message, "actor_id")
    kind = (pick_text(message, "message_type") or "normal").casefold()
    role = role_of(word, options, _ROLES)
    if kind == "system" and role != "customer":
        role = "system"
    clock = pick(message, "created_time")
    moment = parse_time(clock) or parse_epoch(clock, "ms")
    return Draft(role_for(options, role, actor, word), _text(message), moment, actor or word, kind == "private")


def _text(message: dict[str, Any]) -> str:
    parts = pick(message, "message_parts")
    if isinstance(parts, str):
        return parts
    words: list[str] = []
    for part in dicts(parts):
        plain = pick(part, "text")
        content = pick_text(plain, "content") if isinstance(plain, dict) else plain if isinstance(plain, str) else None
        words.append(content if content is not None else card_text(part))
    text = "\n".join(word for word in words if word)
    return html_to_text(text) if is_html(text) else text


FORMAT = Format(
    name="freshchat",
    title="Freshchat conversations",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=_ROLES,
)
