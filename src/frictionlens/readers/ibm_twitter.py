"""Read IBM's Twitter customer care dialogues: the role of a turn is the key that holds its author's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import Draft, build_interaction, read_records, role_for
from frictionlens.readers._json import Item, dicts, pick, pick_text
from frictionlens.readers._times import parse_moment

_KEYS: Final[dict[str, Role]] = {"client": "customer", "customer": "customer", "user": "customer", "agent": "agent"}


def _turns(record: dict[str, Any]) -> list[dict[str, Any]]:
    return dicts(pick(record, "dialogContent"))


def _sniff(head: Head) -> str | None:
    record = head.record
    for candidate in (record, *(next(iter(dicts(value)), {}) for value in record.values())):
        first = next(iter(_turns(candidate)), {})
        if _KEYS.keys() & first.keys():
            return "dialogContent[] with client or agent as key"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(
        source, lambda item: _dialog(source, item, options), "dialogs", "dialogues", "data", "conversations"
    )


def _dialog(source: Source, item: Item, options: ReadOptions) -> Record:
    drafts = [_turn(each, options) for each in _turns(item.value)]
    agent = next((draft.speaker for draft in drafts if draft.role == "agent"), None)
    record_id = pick_text(item.value, "dialogId", "dialogID", "id", "conversationId", "threadId")
    return build_interaction(source, record_id, drafts, where=item.where, channel="social", agent=agent)


def _turn(turn: dict[str, Any], options: ReadOptions) -> Draft:
    key = next((key for key in _KEYS if key in turn), "")
    name = pick_text(turn, key) if key else None
    role = role_for(options, _KEYS.get(key, "unknown"), name, key)
    moment = parse_moment(pick(turn, "datetime", "date", "created_at"))
    return Draft(role, pick_text(turn, "message", "text") or "", moment, name or key or None)


FORMAT = Format(
    name="ibm-twitter",
    title="IBM Twitter customer care dialogues",
    sniff=_sniff,
    read=_read,
    rank=40,
)
