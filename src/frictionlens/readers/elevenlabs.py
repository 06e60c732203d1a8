"""Read ElevenLabs agent conversations: the role `agent` is an AI agent, and reads as bot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, csat_of, read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_epoch, parse_seconds

_ROLES: Final[dict[str, Role]] = {"agent": "bot", "assistant": "bot", "user": "customer", "tool": "system"}


def _sniff(head: Head) -> str | None:
    record = next(iter(dicts(head.record.get("conversations"))), None) or head.record
    record = pick_dict(record, "data") or record
    first = next(iter(dicts(record.get("transcript"))), {})
    if "time_in_call_secs" in first and "role" in first:
        return "transcript[].time_in_call_secs"
    if "message" in first and "role" in first and "agent_id" in record and "conversation_id" in record:
        return "conversation_id, agent_id and transcript[].message"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), "conversations")


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value if "transcript" in item.value else pick_dict(item.value, "data") or item.value
    metadata, analysis = pick_dict(record, "metadata"), pick_dict(record, "analysis")
    start = parse_epoch(pick(metadata, "start_time_unix_secs"), "s")
    drafts = [_turn(each, options) for each in dicts(pick(record, "transcript"))]
    phone = pick(metadata, "phone_call") is not None
    return build_interaction(
        source,
        pick_text(record, "conversation_id"),
        drafts,
        where=item.where,
        start=start,
        channel="chat" if pick_text(metadata, "conversation_initiation_source") == "text" and not phone else "voice",
        ordered=True,
        agent=pick_text(record, "agent_id"),
        csat=csat_of(pick(pick_dict(metadata, "feedback"), "rating")),
        language=pick_text(metadata, "main_language"),
        meta={
            "status": pick_text(record, "status"),
            "successful": pick_text(analysis, "call_successful"),
            "duration_s": pick(metadata, "call_duration_secs"),
            "termination_reason": pick_text(metadata, "termination_reason"),
        },
    )


def _turn(turn: dict[str, Any], options: ReadOptions) -> Draft:
    word = pick_text(turn, "role")
    text = pick_text(turn, "message") or ""
    return Draft(role_of(word, options, _ROLES), text, speaker=word, at=parse_seconds(pick(turn, "time_in_call_secs")))


FORMAT = Format(
    name="elevenlabs",
    title="ElevenLabs agent conversations",
    sniff=_sniff,
    read=_read,
    rank=40,
    default_roles=_ROLES,
)
