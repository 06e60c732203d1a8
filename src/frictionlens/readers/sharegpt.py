"""Read ShareGPT conversations: `{"conversations": [{"from": "human", "value": …}]}`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from frictionlens.model import Role
from frictionlens.readers._alias import facts_of, id_of
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick_text

ROLES: Final[dict[str, Role]] = {
    "human": "customer", "user": "customer", "gpt": "bot", "assistant": "bot", "chatgpt": "bot",
    "bing": "bot", "bard": "bot",
    "model": "bot", "system": "system", "tool": "system", "function_call": "system", "observation": "system",
    "function_response": "system",
}  # fmt: skip


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(head.record.get("conversations"))), {})
    return "conversations[].from and value" if {"from", "value"} <= first.keys() else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), unique=False)


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    turns = dicts(item.value.get("conversations"))
    drafts = [
        Draft(
            role_of(turn.get("from"), options, ROLES), pick_text(turn, "value") or "", speaker=pick_text(turn, "from")
        )
        for turn in turns
    ]
    facts = facts_of(item.value, options)
    if facts["channel"] == "other":
        facts["channel"] = "chat"
    return build_interaction(source, id_of(item.value, options), drafts, where=item.where, **facts)


FORMAT = Format(
    name="sharegpt",
    title="ShareGPT conversations",
    sniff=_sniff,
    read=_read,
    rank=54,
    default_roles=ROLES,
    splittable=True,
)
