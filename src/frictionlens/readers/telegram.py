"""Read Telegram exports (result.json): one chat, or every chat of an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import Draft, build_interaction, read_records, role_for
from frictionlens.readers._json import Item, dicts, pick_dict, pick_list, pick_text, text_of
from frictionlens.readers._labels import label_role
from frictionlens.readers._times import parse_epoch, parse_time


def _sniff(head: Head) -> str | None:
    record = head.record
    chats = dicts(pick_list(pick_dict(record, "chats"), "list"))
    first = next(iter(dicts(pick_list(chats[0] if chats else record, "messages"))), {})
    if "date_unixtime" in first or (
        {"from", "date", "type"} <= first.keys() and first.get("type") in ("message", "service")
    ):
        return "messages[] with date_unixtime, from and type"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _chat(source, item, options), "chats.list", "list", noun="chat")


def _chat(source: Source, item: Item, options: ReadOptions) -> Record:
    drafts = []
    for message in dicts(pick_list(item.value, "messages")):
        moment = parse_epoch(message.get("date_unixtime"), "s") or parse_time(message.get("date"))
        text = _text(message.get("text"))
        if message.get("type") == "service":
            drafts.append(
                Draft("system", text or pick_text(message, "action") or "", moment, pick_text(message, "actor"))
            )
            continue
        name = pick_text(message, "from", "from_id")
        role = role_for(options, label_role(name or "", options), name, message.get("from_id"))
        drafts.append(Draft(role, text, moment, name))
    meta = {"chat_type": pick_text(item.value, "type")}
    chat = pick_text(item.value, "id")
    return build_interaction(source, chat, drafts, where=item.where, channel="messaging", meta=meta)


def _text(value: Any) -> str:
    """Join text that comes as a string, or as a mix of strings and marked pieces."""
    if isinstance(value, list):
        return "".join(_text(part) for part in value)
    if isinstance(value, dict):
        return _text(value.get("text"))
    return value if isinstance(value, str) else text_of(value) or ""


FORMAT = Format(
    name="telegram",
    title="Telegram chat export",
    sniff=_sniff,
    read=_read,
    rank=30,
)
