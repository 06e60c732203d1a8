"""Read Genesys Cloud speech and text analytics transcripts, one communication a file.

`external` is the customer. `internal` is an agent, or the voice menu before one answered: the participants and their
times tell. Without participants it stays unknown (`--role internal=agent`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import Draft, build_interaction, channel_of, read_records, role_for
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_epoch, parse_number, parse_seconds, parse_time

_PURPOSES: Final[dict[str, Role]] = {
    "external": "customer", "customer": "customer", "user": "agent", "agent": "agent", "outbound": "customer",
    "ivr": "bot", "acd": "bot", "voicemail": "bot", "fax": "bot", "workflow": "bot", "bot": "bot", "botflow": "bot",
    "digitalbotflow": "bot", "virtualagent": "bot", "dialer": "bot", "campaign": "bot", "api": "system",
    "system": "system", "manual": "agent", "group": "agent", "station": "agent",
}  # fmt: skip
_EPOCH_FROM: Final = 10**11
"""Milliseconds above this are since 1970; below it they count from the start."""


class _Person(NamedTuple):
    role: Role
    start: float | None
    end: float | None


def _sniff(head: Head) -> str | None:
    transcripts = dicts(head.record.get("transcripts"))
    if any(pick(phrase, "participantPurpose") for each in transcripts[:1] for phrase in dicts(each.get("phrases"))[:3]):
        return "transcripts[].phrases[].participantPurpose"
    if transcripts and "phrases" in transcripts[0] and "communicationId" in head.record:
        return "communicationId and transcripts[].phrases"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _communication(source, item, options), "entities", noun="communication")


def _ms(value: Any) -> float | None:
    if isinstance(value, str) and (moment := parse_time(value)):
        return moment.timestamp() * 1000
    return parse_number(value)


def _communication(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    people = dicts(pick(record, "participants"))
    persons = [person for person in (_person(each) for each in people) if person]
    start_ms = _ms(pick(record, "conversationStartTime", "startTime"))
    start = parse_epoch(start_ms, "ms") if start_ms is not None and start_ms >= _EPOCH_FROM else None
    transcripts = dicts(pick(record, "transcripts"))
    drafts = [
        _draft(phrase, persons, start, options)
        for transcript in transcripts
        for phrase in dicts(pick(transcript, "phrases"))
    ]
    agents = [each for each in people if pick_text(each, "userId")]
    media = pick_text(record, "mediaType", "messageType")
    conversation, communication = pick_text(record, "conversationId"), pick_text(record, "communicationId")
    record_id = f"{conversation}:{communication}" if conversation and communication else conversation or communication
    topics = [
        pick_text(topic, "topicName", "name")
        for each in transcripts
        for topic in dicts(pick_list(pick_dict(each, "analytics"), "topics"))
    ]
    channel = channel_of(media, "voice" if media is None else "other")
    return build_interaction(
        source,
        record_id,
        drafts,
        where=item.where,
        start=start,
        channel=channel,
        joined=channel == "voice",
        agent=pick_text(agents[-1], "userId") if agents else None,
        queue=next((pick_text(each, "queueId") for each in people if pick_text(each, "queueId")), None),
        team=next((pick_text(each, "teamId") for each in people if pick_text(each, "teamId")), None),
        tags=list(dict.fromkeys(topic for topic in topics if topic)),
        language=next((pick_text(each, "language") for each in transcripts if pick_text(each, "language")), None),
        meta={
            "conversation_id": conversation,
            "subject": pick_text(record, "subject"),
            "duration_ms": pick(pick_dict(record, "duration"), "totalMilliseconds"),
        },
    )


def _person(record: dict[str, Any]) -> _Person | None:
    purpose = (pick_text(record, "participantPurpose", "purpose") or "").casefold().replace("_", "")
    role: Role | None = "agent" if purpose == "internal" else _PURPOSES.get(purpose)
    if role is None:
        return None
    start, end = (
        _ms(pick(record, "startTimeMs", "startTime", "connectedTime")),
        _ms(pick(record, "endTimeMs", "endTime")),
    )
    return _Person(role, start, end)


def _inside(persons: list[_Person], at: float | None) -> Role:
    """Tell who on the company's side spoke at a time: the one participant that was there, or nobody knows."""
    ours = [person for person in persons if person.role in ("agent", "bot")]
    roles = {person.role for person in ours}
    if len(roles) == 1:
        return roles.pop()
    if at is not None:
        there = {
            person.role
            for person in ours
            if person.start is not None and person.start <= at and (person.end is None or at <= person.end)
        }
        if len(there) == 1:
            return there.pop()
        if len(there) > 1:
            # The one who came last speaks: a menu stays connected while an agent takes over.
            return max(
                (person for person in ours if person.role in there and (person.start or 0) <= at),
                key=lambda p: p.start or 0,
            ).role
    return "unknown"


def _draft(phrase: dict[str, Any], persons: list[_Person], start: datetime | None, options: ReadOptions) -> Draft:
    purpose = pick_text(phrase, "participantPurpose") or ""
    key = purpose.casefold().replace("_", "")
    time = _ms(pick(phrase, "startTimeMs", "startTime"))
    role: Role = _inside(persons, time) if key == "internal" else _PURPOSES.get(key, "unknown")
    moment: datetime | None = None
    at: float | None = None
    if time is not None and time >= _EPOCH_FROM:
        moment = parse_epoch(time, "ms")
    elif time is not None:
        at = parse_seconds(time, "ms")
        if start is not None:
            moment, at = start + timedelta(seconds=at or 0.0), None
    text = pick_text(phrase, "decoratedText", "text") or ""
    return Draft(role_for(options, role, purpose), text, moment, purpose or None, at=at)


FORMAT = Format(
    name="genesys",
    title="Genesys Cloud speech and text analytics",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles={"external": "customer"},
    interactions_per_file="one",
)
