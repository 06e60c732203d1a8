"""Read Vapi calls and end-of-call reports: messages of an AI assistant, which reads as bot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, channel_of, read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_text
from frictionlens.readers._labels import parse_dialogue
from frictionlens.readers._times import parse_epoch, parse_seconds, parse_time

_ROLES: Final[dict[str, Role]] = {
    "assistant": "bot", "bot": "bot", "ai": "bot", "agent": "bot", "user": "customer", "system": "system",
    "tool": "system",
    "tool_calls": "system", "tool_call_result": "system", "function_call": "system", "function_result": "system",
}  # fmt: skip


def _call_in(record: dict[str, Any]) -> dict[str, Any]:
    message = pick_dict(record, "message")
    return message if "artifact" in message or "endedReason" in message else record


def _messages(record: dict[str, Any]) -> list[dict[str, Any]]:
    return dicts(record.get("messages")) or dicts(pick_dict(record, "artifact").get("messages"))


def _sniff(head: Head) -> str | None:
    record = _call_in(next(iter(dicts(head.record.get("results"))), head.record))
    if any("secondsFromStart" in message for message in _messages(record)[:3]):
        return "messages[].secondsFromStart"
    if ("endedReason" in record or "assistantId" in record) and ("artifact" in record or "transcript" in record):
        return "assistantId or endedReason with artifact or transcript"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), "results")


def _moment(value: Any) -> datetime | None:
    return parse_time(value) or parse_epoch(value, "ms")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    record = _call_in(item.value)
    call = pick_dict(record, "call") or record
    drafts = [_message(each, options) for each in _messages(record)]
    if not drafts:
        text = pick_text(record, "transcript") or pick_text(pick_dict(record, "artifact"), "transcript") or ""
        drafts = [
            Draft(role_of(turn.speaker, options, _ROLES), turn.text, speaker=turn.speaker)
            for turn in parse_dialogue(text.splitlines(), options).turns
        ]
    analysis = pick_dict(record, "analysis")
    return build_interaction(
        source,
        pick_text(call, "id") or pick_text(record, "id", "callId"),
        drafts,
        where=item.where,
        start=_moment(pick(record, "startedAt", "createdAt")) or _moment(pick(call, "startedAt", "createdAt")),
        channel=channel_of(pick_text(call, "type"), "voice"),
        ordered=True,
        agent=pick_text(call, "assistantId"),
        meta={
            "ended_reason": pick_text(record, "endedReason"),
            "successful": pick_text(analysis, "successEvaluation"),
            "status": pick_text(call, "status"),
        },
    )


def _message(message: dict[str, Any], options: ReadOptions) -> Draft:
    word = pick_text(message, "role")
    role = role_of(word, options, _ROLES)
    at = parse_seconds(pick(message, "secondsFromStart"))
    duration = parse_seconds(pick(message, "duration"), "ms")
    end = round(at + duration, 3) if at is not None and duration is not None else None
    text = pick_text(message, "message", "content") or ""
    return Draft(role, text, speaker=word, at=at, end=end)


FORMAT = Format(
    name="vapi",
    title="Vapi calls",
    sniff=_sniff,
    read=_read,
    rank=40,
    default_roles=_ROLES,
)
