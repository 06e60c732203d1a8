"""Read the Taskmaster corpora; `ASSISTANT` is a person who plays one, and reads as agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick_text

_ROLES: Final[dict[str, Role]] = {"user": "customer", "assistant": "agent"}


def _sniff(head: Head) -> str | None:
    record = head.record
    first = next(iter(dicts(record.get("utterances"))), {})
    if "conversation_id" not in record or "speaker" not in first or "text" not in first:
        return None
    if "instruction_id" in record or str(first["speaker"]).upper() in ("USER", "ASSISTANT"):
        return "conversation_id, instruction_id and utterances[].speaker USER or ASSISTANT"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options))


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    drafts = [
        Draft(
            role_of(each.get("speaker"), options, _ROLES),
            pick_text(each, "text") or "",
            speaker=pick_text(each, "speaker"),
        )
        for each in dicts(record.get("utterances"))
    ]
    tags = [pick_text(record, "instruction_id", "vertical", "scenario")]
    return build_interaction(
        source, pick_text(record, "conversation_id"), drafts, where=item.where, channel="chat", tags=tags
    )


FORMAT = Format(
    name="taskmaster",
    title="Taskmaster dialogues",
    sniff=_sniff,
    read=_read,
    rank=40,
    default_roles=_ROLES,
)
