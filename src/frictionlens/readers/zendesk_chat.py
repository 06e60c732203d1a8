"""Read Zendesk Chat (Zopim) chats: only `chat.msg` entries of `history` are speech; an offline message has none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, csat_of, read_records, role_for
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text, text_of
from frictionlens.readers._times import parse_epoch, parse_time

_SENDERS: Final[dict[str, Role]] = {
    "visitor": "customer", "end_user": "customer", "agent": "agent", "trigger": "bot", "bot": "bot",
    "system": "system",
}  # fmt: skip


def _is_chat(record: dict[str, Any]) -> bool:
    history = dicts(record.get("history"))
    if history:
        return str(history[0].get("type", "")).startswith("chat.") or ("nick" in history[0] and "msg" in history[0])
    return "visitor" in record and ("department_id" in record or record.get("type") == "offline_msg")


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(head.record.get("chats"))), None)
    if _is_chat(first or head.record):
        return "history[].type chat.msg" if first is None else "chats[] with history"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _chat(source, item, options), "chats", noun="chat")


def _moment(value: Any) -> datetime | None:
    return parse_time(value) or parse_epoch(value, "s")


def _chat(source: Source, item: Item, options: ReadOptions) -> Record:
    chat = item.value
    visitor = pick_dict(chat, "visitor")
    agents = pick_list(chat, "agent_names")
    names = {str(name).casefold() for name in agents}
    drafts = [
        _entry(entry, (pick_text(visitor, "name") or "").casefold(), names, options)
        for entry in dicts(pick(chat, "history"))
    ]
    start = _moment(pick(chat, "timestamp"))
    if not drafts and (text := pick_text(chat, "message")):
        drafts = [Draft("customer", text, start, pick_text(visitor, "name"))]
    ids = pick_list(chat, "agent_ids") or agents
    return build_interaction(
        source,
        pick_text(chat, "id"),
        drafts,
        where=item.where,
        start=start,
        channel="chat",
        agent=text_of(ids[0]) if ids else None,
        queue=pick_text(chat, "department_name", "department_id"),
        tags=pick_list(chat, "tags"),
        csat=csat_of(pick(chat, "rating")),
        meta={
            "type": pick_text(chat, "type"),
            "csat_remark": pick_text(chat, "comment"),
            "ticket": pick_text(chat, "zendesk_ticket_id"),
            "missed": pick(chat, "missed"),
        },
    )


def _entry(entry: dict[str, Any], visitor: str, agents: set[str], options: ReadOptions) -> Draft:
    kind = pick_text(entry, "type") or "chat.msg"
    nick, name = (pick_text(entry, "nick") or "").casefold(), pick_text(entry, "name")
    moment = _moment(pick(entry, "timestamp"))
    text = pick_text(entry, "msg", "message") or ""
    if kind not in ("chat.msg", "chat.message", "msg"):
        return Draft("system", "", moment, name)
    sender = (pick_text(entry, "sender_type") or "").casefold()
    key = (name or "").casefold()
    role: Role
    if sender:
        role = role_of(sender, options, _SENDERS)
    elif nick == "agent:trigger" or "trigger" in nick or nick.startswith("bot"):
        role = "bot"
    elif nick.startswith("visitor"):
        role = "customer"
    elif nick.startswith("agent") or (key and key in agents):
        role = "agent"
    elif key and key == visitor:
        role = "customer"
    else:
        role = role_of(name, options)
    return Draft(role_for(options, role, name, nick), text, moment, name or nick or None)


FORMAT = Format(
    name="zendesk-chat",
    title="Zendesk Chat (Zopim) chats",
    sniff=_sniff,
    read=_read,
    rank=29,
    default_roles=_SENDERS,
)
