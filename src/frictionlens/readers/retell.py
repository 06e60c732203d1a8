"""Read Retell calls: `transcript_object` by turn; the role `agent` is an AI agent, and reads as bot.

Where a customer talks over the agent, the platform cuts a turn into alternating pieces; they stay as exported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.model import Channel, Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_text
from frictionlens.readers._labels import parse_dialogue
from frictionlens.readers._times import parse_epoch, parse_seconds

_ROLES: Final[dict[str, Role]] = {
    "agent": "bot", "assistant": "bot", "user": "customer", "transfer_target": "agent",
    "tool_call_invocation": "system",
    "tool_call_result": "system", "node_transition": "system", "dtmf": "system",
}  # fmt: skip
_LISTS: Final = (
    "transcript_with_tool_calls",
    "transcript_object",
    "scrubbed_transcript_with_tool_calls",
    "message_with_tool_calls",
)


def _sniff(head: Head) -> str | None:
    record = next(iter(dicts(head.record.get("calls"))), None) or head.record
    record = pick_dict(record, "call") or record
    if "transcript_object" in record or ("call_id" in record and "transcript_with_tool_calls" in record):
        return "transcript_object"
    if "call_id" in record and "agent_id" in record and ("call_status" in record or "start_timestamp" in record):
        return "call_id, agent_id and call_status"
    return "message_with_tool_calls" if "message_with_tool_calls" in record else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), "calls", "chats")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    record = pick_dict(item.value, "call") or item.value
    turns: list[dict[str, Any]] = next((found for name in _LISTS if (found := dicts(record.get(name)))), [])
    drafts = [_turn(each, options) for each in turns]
    if not drafts and (text := pick_text(record, "transcript")):
        for turn in parse_dialogue(text.splitlines(), options).turns:
            role = role_of(turn.speaker, options, _ROLES)
            drafts.append(Draft(role, turn.text, speaker=turn.speaker))
    analysis = pick_dict(record, "call_analysis", "chat_analysis")
    channel: Channel = "chat" if pick_text(record, "chat_id") else "voice"
    return build_interaction(
        source,
        pick_text(record, "call_id", "chat_id"),
        drafts,
        where=item.where,
        start=parse_epoch(pick(record, "start_timestamp"), "ms"),
        channel=channel,
        ordered=True,
        agent=pick_text(record, "agent_id"),
        meta={
            "status": pick_text(record, "call_status", "chat_status"),
            "successful": pick(analysis, "call_successful", "chat_successful"),
            "sentiment": pick_text(analysis, "user_sentiment"),
            "disconnection_reason": pick_text(record, "disconnection_reason"),
            "duration_ms": pick(record, "duration_ms"),
        },
    )


def _turn(turn: dict[str, Any], options: ReadOptions) -> Draft:
    word = pick_text(turn, "role")
    role = role_of(word, options, _ROLES)
    text = pick_text(turn, "content") or ""
    words = dicts(turn.get("words"))
    start = parse_seconds(pick(words[0], "start")) if words else None
    end = parse_seconds(pick(words[-1], "end")) if words else None
    return Draft(role, text if role != "system" else "", speaker=word, at=start, end=end)


FORMAT = Format(
    name="retell",
    title="Retell AI calls",
    sniff=_sniff,
    read=_read,
    rank=40,
    default_roles=_ROLES,
)
