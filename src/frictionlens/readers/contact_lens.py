"""Read Amazon Connect Contact Lens analyses (voice and chat), its real-time segments and raw Connect chat transcripts.

Voice turns name a participant whose role stands in `Participants`; chat turns carry their role.
The contact id is often in the file name alone: raw and redacted twins of a contact get one id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Skipped
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of, stem_of
from frictionlens.readers._build import Draft, build_interaction, card_text, channel_of, read_records, role_for
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import Item, dicts, parse_json, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_seconds, parse_time

ROLES: Final[dict[str, Role]] = {
    "agent": "agent",
    "customer": "customer",
    "system": "system",
    "custom_bot": "bot",
    "bot": "bot",
    "supervisor": "agent",
}
_FILE_NAME: Final = re.compile(
    r"([0-9a-fA-F-]{8,})_(?:analysis|transcript)?(?:_redacted)?_?(\d{4}-\d\d-\d\dT[\d:_.-]+Z?)?"
)


def first_turn(head: Head) -> dict[str, Any]:
    """Return the first turn of an Amazon transcript; {} where there is none."""
    return next(iter(dicts(pick_list(head.record, "Transcript"))), {})


def _sniff(head: Head) -> str | None:
    record = head.record
    segments = dicts(record.get("Segments"))
    if segments and any(key in segments[0] for key in ("Transcript", "Event", "Utterance")):
        return "Segments[].Transcript (real-time contact analysis)"
    if pick(record, "JobName") is not None:
        return None
    if pick(record, "ConversationCharacteristics") is not None and (
        pick(record, "ContentMetadata") is not None or pick(record, "CustomerMetadata") is not None
    ):
        return "ConversationCharacteristics with ContentMetadata or CustomerMetadata, no JobName"
    turn = first_turn(head)
    if "Items" in turn or "LoudnessScores" in turn:
        return None
    if "ParticipantId" in turn and ("BeginOffsetMillis" in turn or "AbsoluteTime" in turn):
        return "Transcript[] with ParticipantId and a time"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: read_contact(source, item, options), noun="contact")


def read_contact(source: Source, item: Item, options: ReadOptions) -> Record:
    """Read one analysed contact, of Contact Lens or of Transcribe Call Analytics (its near-twin)."""
    record = item.value
    people = {pick_text(each, "ParticipantId"): each for each in dicts(pick(record, "Participants"))}
    turns = dicts(pick(record, "Transcript"))
    for segment in dicts(pick(record, "Segments")):
        turns += [
            each
            for each in (pick(segment, "Transcript", "Utterance", "Event", "Attachments"),)
            if isinstance(each, dict)
        ]
    drafts = [_draft(turn, people, options) for turn in turns]
    customer = pick_dict(record, "CustomerMetadata")
    named = _FILE_NAME.search(stem_of(source))
    record_id = (
        pick_text(customer, "ContactId") or pick_text(record, "ContactId", "JobName") or (named[1] if named else None)
    )
    word = pick_text(record, "Channel")
    channel = channel_of(word, "chat" if any(draft.moment for draft in drafts) else "voice")
    if not turns:
        reason = (
            "the analysis of an e-mail contact holds no text"
            if channel == "email"
            else "the analysis has no Transcript"
        )
        return Skipped(source.name, record_id or item.where, reason, "no turns")
    start = None
    if named and named[2] and not any(draft.moment for draft in drafts):
        # The file was written when the contact had been analysed: the nearest to its start that a voice export tells.
        start = parse_time(re.sub(r"T(\d\d)[_-](\d\d)[_-](\d\d)", r"T\1:\2:\3", named[2]))
    characteristics = pick_dict(record, "ConversationCharacteristics")
    sentiment = pick_dict(pick_dict(characteristics, "Sentiment"), "OverallSentiment")
    content = pick_dict(record, "ContentMetadata")
    return build_interaction(
        source,
        record_id,
        drafts,
        where=item.where,
        start=start,
        channel=channel,
        tags=pick_list(pick_dict(record, "Categories"), "MatchedCategories"),
        language=pick_text(record, "LanguageCode"),
        meta={
            "output": pick_text(content, "Output"),
            "sentiment": pick_dict(sentiment, "DetailsByParticipantRole") or sentiment,
            "interruptions": pick(pick_dict(characteristics, "Interruptions"), "TotalCount"),
            "non_talk_ms": pick(pick_dict(characteristics, "NonTalkTime"), "TotalTimeMillis"),
            "duration_ms": pick(characteristics, "TotalConversationDurationMillis"),
        },
    )


def _draft(turn: dict[str, Any], people: dict[str | None, dict[str, Any]], options: ReadOptions) -> Draft:
    person_id = pick_text(turn, "ParticipantId")
    person = people.get(person_id, {})
    word = pick_text(turn, "ParticipantRole") or pick_text(person, "ParticipantRole") or person_id
    name = pick_text(turn, "DisplayName") or pick_text(person, "DisplayName")
    role = role_of(word, options, ROLES)
    if role == "system" and (name or "").casefold() == "bot":
        role = "bot"
    role = role_for(options, role, name, person_id)
    kind = (pick_text(turn, "Type") or "").upper()
    text = pick_text(turn, "Content") or ""
    content_type = pick_text(turn, "ContentType") or ""
    if kind == "EVENT" or (not text and "event" in content_type):
        role = "system"
    elif text[:1] in "{[" and ("interactive" in content_type or "json" in content_type):
        text = _interactive(text)
    elif "html" in content_type:
        text = html_to_text(text)
    clock = pick(turn, "AbsoluteTime")
    if clock is None:
        clock = pick(pick_dict(turn, "Time"), "AbsoluteTime")
    return Draft(
        role,
        text,
        parse_time(clock),
        name or word,
        at=parse_seconds(pick(turn, "BeginOffsetMillis"), "ms"),
        end=parse_seconds(pick(turn, "EndOffsetMillis"), "ms"),
    )


def _interactive(text: str) -> str:
    try:
        return card_text(parse_json(text.encode("utf-8", "replace"))) or text
    except (ValueError, RecursionError):
        return text


FORMAT = Format(
    name="contact-lens",
    title="Amazon Connect Contact Lens (voice, chat)",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=ROLES,
    interactions_per_file="one",
)
