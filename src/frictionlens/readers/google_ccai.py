"""Read the conversation JSON that Google's contact centre products take in (and that converters write): `entries[]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records, role_for
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_epoch, parse_number, parse_seconds

ROLES: Final[dict[str, Role]] = {
    "agent": "agent", "human_agent": "agent", "any_agent": "agent", "automated_agent": "bot", "bot": "bot",
    "customer": "customer", "end_user": "customer",
}  # fmt: skip
_EPOCH_FROM: Final = 10**14
"""Microseconds above this are since 1970 (1973 on); below it they count from the start of the conversation."""


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(head.record.get("entries"))), {})
    if pick(first, "start_timestamp_usec") is not None:
        return "entries[].start_timestamp_usec"
    if "conversation_info" in head.record and "role" in first and "text" in first:
        return "conversation_info and entries[].role and text"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), "conversations")


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    entries = dicts(pick(record, "entries"))
    info = pick_dict(record, "conversation_info")
    times = [parse_number(pick(entry, "start_timestamp_usec")) for entry in entries]
    since_1970 = any(time is not None and time >= _EPOCH_FROM for time in times)
    drafts: list[Draft] = []
    agents: list[str] = []
    for entry, time in zip(entries, times, strict=True):
        word, person = pick_text(entry, "role"), pick_text(entry, "user_id", "participant_id")
        role = role_for(options, role_of(word, options, ROLES), person)
        moment = parse_epoch(time, "us") if since_1970 else None
        at = None if since_1970 else parse_seconds(time, "us")
        drafts.append(Draft(role, pick_text(entry, "text") or "", moment, word, at=at))
        if role == "agent" and person:
            agents.append(person)
    return build_interaction(
        source,
        pick_text(record, "conversation_id", "id") or pick_text(info, "conversation_id", "id"),
        drafts,
        where=item.where,
        channel="other",
        agent=agents[0] if agents else None,
        tags=[each.get("display_name") for each in dicts(pick(info, "categories"))],
        language=pick_text(info, "language_code", "language"),
    )


FORMAT = Format(
    name="google-ccai",
    title="Google CCAI conversation JSON (entries)",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=ROLES,
    interactions_per_file="one",
)
