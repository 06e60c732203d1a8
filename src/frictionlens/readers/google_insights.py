"""Read conversations of Google's Conversational Insights API (REST camelCase, client and BigQuery snake_case)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, channel_of, csat_of, read_records, role_for
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_duration, parse_epoch, parse_time
from frictionlens.readers.google_ccai import ROLES


def _sniff(head: Head) -> str | None:
    record = head.record
    listed = next(iter(dicts(record.get("conversations"))), None)
    transcript = pick_dict(listed or record, "transcript")
    return "transcript.transcriptSegments" if pick(transcript, "transcriptSegments") is not None else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), "conversations")


def _moment(value: Any) -> datetime | None:
    if isinstance(value, dict):
        return parse_epoch(pick(value, "seconds"), "s")
    return parse_time(value)


def _seconds(value: Any) -> float | None:
    if isinstance(value, dict):
        seconds, nanos = pick(value, "seconds"), pick(value, "nanos")
        return round(float(seconds or 0) + float(nanos or 0) / 1e9, 3)
    return parse_duration(value)


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    start = _moment(pick(record, "startTime"))
    calls = pick_dict(record, "callMetadata")
    channels: dict[str | None, Role] = {
        pick_text(calls, "agentChannel"): "agent",
        pick_text(calls, "customerChannel"): "customer",
    }
    channels.pop(None, None)
    drafts = [
        _segment(segment, start, channels, options)
        for segment in dicts(pick(pick_dict(record, "transcript"), "transcriptSegments"))
    ]
    quality = pick_dict(record, "qualityMetadata")
    agent_info = next(iter(dicts(pick(quality, "agentInfo"))), {})
    medium = pick_text(record, "medium") or ""
    name = pick_text(record, "name")
    return build_interaction(
        source,
        name.rsplit("/", 1)[-1] if name else None,
        drafts,
        where=item.where,
        start=start,
        channel=channel_of(medium, "voice" if calls else "other"),
        joined=medium == "PHONE_CALL",
        agent=pick_text(record, "agentId") or pick_text(agent_info, "agentId", "displayName"),
        team=pick_text(agent_info, "team"),
        tags=[f"{key}={value}" for key, value in pick_dict(record, "labels").items()],
        csat=csat_of(pick(quality, "customerSatisfactionRating")),
        language=pick_text(record, "languageCode")
        or next(
            (
                pick_text(each, "languageCode")
                for each in dicts(pick_list(pick(record, "transcript"), "transcriptSegments"))
            ),
            None,
        ),
        meta={"duration_s": _seconds(pick(record, "duration"))},
    )


def _segment(
    segment: dict[str, Any], start: datetime | None, channels: dict[str | None, Role], options: ReadOptions
) -> Draft:
    person = pick_dict(segment, "segmentParticipant")
    word, tag = pick_text(person, "role"), pick_text(segment, "channelTag")
    if word is None or word == "ROLE_UNSPECIFIED":
        # Only the call metadata says whose channel this is.
        role = role_for(options, channels.get(tag, "unknown"), f"channel {tag}", tag)
        word = f"channel {tag}" if tag else None
    else:
        role = role_of(word, options, ROLES)
    role = role_for(options, role, pick_text(person, "userId", "obfuscatedExternalUserId"))
    words = dicts(pick(segment, "words"))
    begin = _seconds(pick(words[0], "startOffset")) if words else None
    end = _seconds(pick(words[-1], "endOffset")) if words else None
    moment = _moment(pick(segment, "messageTime"))
    if moment is None and start is not None and begin is not None:
        moment = start + timedelta(seconds=begin)
    return Draft(role, pick_text(segment, "text") or "", moment, word, at=begin if moment is None else None, end=end)


FORMAT = Format(
    name="google-insights",
    title="Google Conversational Insights conversations",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=ROLES,
)
