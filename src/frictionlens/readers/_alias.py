"""Own the words that exports of no known product use for the parts of a turn and of a conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from frictionlens.model import Role
from frictionlens.readers._base import COMMON_ROLES, ReadOptions, role_of
from frictionlens.readers._build import Draft, channel_of, csat_of, role_for
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import dicts, keys_for, note_lost, pick, pick_dict, pick_text, text_of
from frictionlens.readers._times import parse_duration, parse_moment, parse_number, parse_seconds

TEXT: Final = (
    "text",
    "message",
    "content",
    "utterance",
    "body",
    "msg",
    "value",
    "transcript",
    "transcription",
    "sentence",
    "sentences",
    "message_content",
    "message_data",
    "payload",
    "preview",
)
ROLE: Final = (
    "role", "speaker_role", "author_role", "participant_role", "sender_role", "sender_type", "author_type",
    "actor_type",
    "participant_type", "user_type", "speaker_type", "party", "source", "speaker", "sender", "from", "author",
    "who", "participant", "initiator", "commenter",
    "direction", "event", "channel_tag",
)  # fmt: skip
NAME: Final = (
    "name", "speaker_name", "author_name", "sender_name", "display_name", "speaker", "sender", "from", "author",
    "speaker_id", "author_id", "sender_id", "user",
)  # fmt: skip
TIME: Final = (
    "timestamp", "time", "ts", "created_at", "at", "date", "datetime", "sent_at", "start_time", "start",
    "begin", "offset",
    "start_time_ms", "start_ms", "offset_ms", "timestamp_ms", "begin_offset_millis", "time_in_call_secs",
    "seconds_from_start", "created_time", "created_datetime", "date_created", "created", "posted_at", "published_at",
    "message_time", "entry_time", "create_time", "start_offset",
)  # fmt: skip
END: Final = ("end", "end_time", "end_ms", "end_time_ms", "end_offset_millis", "stop")
TURNS: Final = (
    "turns", "transcript", "messages", "dialogue", "dialog", "conversation", "utterances", "conversations",
    "chat", "log",
    "entries", "history", "comments", "thread", "segments", "exchanges", "transcription", "chat_log", "chat_history",
    "transcript_object", "transcripts", "lines", "replies", "chat_transcript", "call_transcript",
    "interactions", "events", "activities", "chat_messages", "call_transcripts", "bubbles", "threads", "sentences",
    "phrases",
)  # fmt: skip
ID: Final = (
    "conversation_id", "interaction_id", "id", "dialogue_id", "dialog_id", "convo_id", "conv_id", "call_id",
    "chat_id", "session_id",
    "ticket_id", "contact_id", "case_id", "thread_id", "uuid", "_id", "transcript_id", "conversation_sid",
    "call_sid", "dialogue_idx",
)  # fmt: skip
GROUP: Final = (
    *(each for each in ID if each not in ("id", "uuid", "_id")),
    "conversation",
    "thread",
    "ticket",
    "dialogue",
)
INTERNAL: Final = ("internal", "is_internal", "private", "is_private", "is_note", "internal_note")


class _Shape(NamedTuple):
    """Which keys of a turn hold what, in the order in which they are believed."""

    text: tuple[str, ...]
    role: tuple[str, ...]
    name: tuple[str, ...]
    time: tuple[str, ...]
    end: tuple[str, ...]
    internal: tuple[str, ...]
    kind: tuple[str, ...]
    public: tuple[str, ...]


_ROLE_NAMES: Final = (*ROLE, *NAME)
_KINDS: Final = ("type", "visibility", "message_type", "event_type", "kind")
"""Keys that tell notes and events from speech, where they do."""

_MAYBE_ROLES: Final = ("type", "kind", "channel", "track", "event_type", "message_type")
"""Keys that say who spoke in some exports and something else in most: only words that mean a role count."""


@lru_cache(maxsize=2048)
def _shape(keys: tuple[str, ...]) -> _Shape:
    record = dict.fromkeys(keys)
    named = (TEXT, _ROLE_NAMES, NAME[:5], TIME, END, INTERNAL, _KINDS, ("public", "is_public"))
    return _Shape(*(keys_for(record, names) for names in named))


def _shape_of(turn: Mapping[str, Any]) -> _Shape:
    keys = tuple(turn)
    return _shape(keys) if len(keys) < 100 else _shape.__wrapped__(keys)


_MISSING: Final = object()


def _value_in(turn: Mapping[str, Any], options: ReadOptions, shape: _Shape) -> Any:
    own = options.columns.get("text") if options.columns else None
    if own is not None and own in turn:
        return turn[own]
    for key in shape.text:
        if not isinstance(turn[key], bool):
            return turn[key]
    return _MISSING


def content_text(content: Any) -> str:
    """Return the words of a message: a string, parts (`[{"type": "text", "text": …}]`), or an object with text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, (content_text(part) for part in content)))
    if isinstance(content, dict):
        if content.get("type") in (
            "image_url",
            "tool_use",
            "tool_result",
            "image",
            "input_audio",
            "thinking",
            "reasoning",
        ):
            return ""
        for key in ("text", "content", "value", "body", "message", "transcript"):
            if key in content:
                return content_text(content[key])
    return text_of(content) or ""


def flat(turn: dict[str, Any]) -> dict[str, Any]:
    """Return a record of JSON:API with its attributes beside its id; any other as it is."""
    attributes = turn.get("attributes")
    return {**turn, **attributes} if isinstance(attributes, dict) and attributes else turn


def group_of(row: Any, options: ReadOptions) -> str | None:
    """Return which conversation a message says that it belongs to."""
    if not isinstance(row, dict):
        return None
    own = pick_text(row, options.columns["id"]) if "id" in options.columns else None
    if own or (own := pick_text(row, *GROUP)):
        return own
    holder = pick_dict(pick_dict(row, "relationships") or row, "conversation", "ticket", "thread", "chat")
    return pick_text(pick_dict(holder, "data") or holder, "id", "slug")


def is_turn(value: Any, options: ReadOptions | None = None) -> bool:
    """Tell whether a value reads as one turn: it has words, and says who spoke them."""
    options = options or ReadOptions()
    if isinstance(value, list):
        return len(value) == 2 and all(isinstance(each, str) for each in value) and len(value[0]) <= 40
    if not isinstance(value, dict):
        return False
    value = flat(value)
    shape = _shape_of(value)
    if _value_in(value, options, shape) is not _MISSING:
        return _label_in(value, options, shape) is not None or _flag(value) is not None
    return role_key(value) is not None


def role_key(turn: Mapping[str, Any]) -> str | None:
    """Return the key that is itself the role and holds the words, as in `{"agent": "Hello"}`."""
    found = [
        key for key, value in turn.items() if isinstance(value, str) and str(key).strip().casefold() in COMMON_ROLES
    ]
    return found[0] if len(found) == 1 else None


def _label_in(turn: Mapping[str, Any], options: ReadOptions, shape: _Shape) -> str | None:
    own = (options.columns.get("role") or options.columns.get("speaker")) if options.columns else None
    if own is not None and own in turn:
        return _label(turn[own])
    fallback: str | None = None
    for key in shape.role:
        if label := _label(turn[key]):
            if role_of(label, options, _WORDS) != "unknown":
                return label
            fallback = fallback or label
    for key in keys_for(turn, _MAYBE_ROLES) if fallback is None else ():
        if isinstance(kind := turn[key], str) and role_of(kind, options, _WORDS) != "unknown":
            return kind
    return fallback


_SHORT: Final = {"v": "visitor", "a": "agent", "s": "system"}
"""tawk.to says in one letter who sends."""


def _label(value: Any) -> str | None:
    if isinstance(value, dict):
        if pick(value, "is_bot", "bot") is True:
            return "bot"
        if (short := value.get("t")) in _SHORT:
            return _SHORT[short]
        inner = pick_dict(value, "user", "application")
        return pick_text(value, "role", "type", "name", "display_name", "id") or pick_text(
            inner, "display_name", "name", "id"
        )
    return text_of(value)


_WORDS: Final[Mapping[str, Role]] = {
    "incoming": "customer", "outgoing": "agent", "in": "customer", "out": "agent", "internal": "agent",
    "borrower": "customer", "traveler": "customer", "traveller": "customer", "applicant": "customer",
    "wizard": "agent", "support_agent": "agent", "service_rep": "agent", "colleague": "agent",
    "agent_bot": "bot", "ai_agent": "bot", "aiagent": "bot", "llm": "bot", "model": "bot",
    "chatter": "customer", "liveagent": "agent", "live_agent": "agent", "live agent": "agent",
    "end_customer": "customer", "endcustomer": "customer", "messagetooperator": "customer",
    "messagetovisitor": "agent", "to_agent": "customer", "to_customer": "agent", "received": "customer",
    "sent": "agent", "system_message": "system", "systemeventmessage": "system", "systemmessage": "system",
}  # fmt: skip
"""Words for roles beyond the common ones, as found in fields that hold nothing but a role or a direction."""

_FLAGS: Final[Mapping[str, tuple[Role, Role]]] = {
    "is_agent": ("agent", "customer"),
    "from_agent": ("agent", "customer"),
    "is_customer": ("customer", "agent"),
    "from_customer": ("customer", "agent"),
    "inbound": ("customer", "agent"),
    "is_inbound": ("customer", "agent"),
    "incoming": ("customer", "agent"),
    "outbound": ("agent", "customer"),
    "brand_post": ("agent", "customer"),
    "is_staff": ("agent", "customer"),
    "customer?": ("customer", "agent"),
    "is_bot": ("bot", "unknown"),
}
_FLAG_NAMES: Final = tuple(_FLAGS)


def _folded(name: str) -> str:
    return re.sub(r"[_\- ]", "", name).casefold()


def _flag(turn: Mapping[str, Any]) -> Role | None:
    """Tell the role from a field that is true or false, of the turn or of whoever wrote it."""
    author = pick_dict(turn, "author", "sender", "user", "from")
    return _own_flag(turn) or (_own_flag(author) if author else None)


def _own_flag(turn: Mapping[str, Any]) -> Role | None:
    for key in keys_for(turn, _FLAG_NAMES):
        value = turn[key]
        yes, no = _FLAGS.get(key) or _FLAGS[next(name for name in _FLAG_NAMES if _folded(name) == _folded(key))]
        if isinstance(value, bool) or (isinstance(value, str) and value.casefold() in ("true", "false")):
            role = yes if value in (True, "true", "True", "TRUE") else no
            if role != "unknown":
                return role
    return None


def draft_of(turn: Any, options: ReadOptions, own: Mapping[str, Role] | None = None) -> Draft | None:
    """Read one turn of an export of no known product; None where it is none."""
    found = _labelled(turn, options, own)
    return found[0] if found else None


def _labelled(
    turn: Any, options: ReadOptions, own: Mapping[str, Role] | None = None
) -> tuple[Draft, str | None] | None:
    """Read one turn, and the label that its role was told by."""
    if isinstance(turn, list) and len(turn) == 2 and isinstance(turn[0], str):
        return Draft(role_of(turn[0], options, own), text_of(turn[1]) or "", speaker=turn[0]), turn[0]
    if not isinstance(turn, dict):
        return None
    turn = flat(turn)
    shape = _shape_of(turn)
    value = _value_in(turn, options, shape)
    label = _label_in(turn, options, shape)
    text = "" if value is _MISSING else content_text(value)
    if value is _MISSING:
        key = role_key(turn)
        if key is not None:
            text, label = turn[key], key
        elif label is None:
            return None
    role = role_of(label, options, own or _WORDS)
    if role == "unknown" and (flagged := _flag(turn)):
        role = flagged
    name = next((found for key in shape.name if (found := _label(turn[key]))), label)
    role = role_for(options, role, name)
    moment, at = _when(turn, options, shape.time)
    end = _when(turn, options, shape.end)[1] if shape.end and moment is None else None
    internal = False
    if shape.internal or shape.public:
        internal = any(turn[key] is True for key in shape.internal) or any(turn[key] is False for key in shape.public)
    kinds = {str(turn[key]).casefold() for key in shape.kind} if shape.kind else set()
    if isinstance(value, dict):
        kinds.add(str(value.get("type")).casefold())
    if not kinds.isdisjoint(_NOTE_KINDS):
        internal = True
        role = "agent" if role in ("system", "unknown") and (label or "").casefold() == "note" else role
    elif role == "unknown" and not kinds.isdisjoint(_EVENT_KINDS):
        role = "system"
    if "<" in text and is_html(text):
        text = html_to_text(text)
    return Draft(role, text, moment, name, internal, at=at, end=end), label


_NOTE_KINDS: Final = frozenset(
    {"note", "internal", "internal_note", "private", "private_note", "agents", "conversation_note", "internal note"}
)
_EVENT_KINDS: Final = frozenset(
    {"system", "system_message", "systemmessage", "systemeventmessage", "event", "activity"}
)


def when_in(turn: Mapping[str, Any], options: ReadOptions) -> tuple[datetime | None, float | None]:
    """Return when a turn was said: a moment, or the seconds since the start; or neither."""
    return _when(turn, options, _shape_of(turn).time)


def _when(turn: Mapping[str, Any], options: ReadOptions, keys: tuple[str, ...]) -> tuple[datetime | None, float | None]:
    if options.columns:
        own = options.columns.get("time") or options.columns.get("at")
        keys = (own, *keys) if own and own in turn else keys
    for key in keys:
        value = turn[key]
        if value is None or isinstance(value, (bool, dict, list)):
            continue
        if (moment := parse_moment(value)) is not None:
            return moment, None
        if (number := parse_number(value)) is not None:
            return None, parse_seconds(number, "ms" if key.casefold().endswith(("ms", "millis")) else "s")
        if (seconds := parse_duration(value)) is not None:
            return None, seconds
    return None, None


_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "agent": ("agent_id", "agent_name", "agent", "assignee", "assignee_id", "operator"),
    "tags": ("tags", "labels", "categories", "topics"),
    "start": ("started_at", "start_time", "created_at", "timestamp", "date", "time", "datetime", "start"),
    "qa_score": ("qa_score", "quality_score", "qa", "evaluation_score"),
    "channel": ("channel", "medium", "media_type", "channel_type"),
    "queue": ("queue", "queue_name", "queue_id", "skill"),
    "team": ("team", "team_name", "group", "department"),
    "product": ("product", "product_name", "brand"),
    "csat": ("csat", "csat_score", "satisfaction", "satisfaction_score", "rating", "customer_rating"),
    "language": ("language", "lang", "language_code", "locale"),
    "call": ("call_id", "call_sid"),
    "chat": ("chat_id",),
}
_OWN_NAMES: Final = {"start": "started_at"}
"""Fields whose name in `--map` is not the one here."""


@lru_cache(maxsize=2048)
def _fact_keys(keys: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    record = dict.fromkeys(keys)
    found = ((field, keys_for(record, names)) for field, names in _FACTS.items())
    return tuple((field, each) for field, each in found if each)


def facts_of(record: Mapping[str, Any], options: ReadOptions) -> dict[str, Any]:
    """Return what a record says of the conversation as a whole, as arguments of `build_interaction`."""
    told: dict[str, Any] = {}
    for holder in (pick_dict(record, "metadata", "meta", "info", "attributes"), record):
        keys = tuple(holder)
        for field, each in _fact_keys(keys) if len(keys) < 100 else _fact_keys.__wrapped__(keys):
            told[field] = next((value for key in each if (value := holder[key]) is not None), told.get(field))
    for field in _FACTS if options.columns else ():
        own = options.columns.get(_OWN_NAMES.get(field, field))
        if own is not None and own in record:
            told[field] = record[own]
    channel = channel_of(told["channel"]) if "channel" in told else "other"
    if channel == "other" and ("call" in told or "chat" in told):
        channel = "voice" if "call" in told else "chat"
    facts: dict[str, Any] = {"channel": channel}
    for field in ("agent", "queue", "team", "product"):
        if field in told and not isinstance(told[field], list):
            facts[field] = _label(told[field])
    start, tags = told.get("start"), told.get("tags")
    if start is not None and not isinstance(start, (dict, list)):
        facts["start"] = parse_moment(start)
    if tags:
        facts["tags"] = tags if isinstance(tags, list) else [tags] if isinstance(tags, str) else []
    if "csat" in told:
        facts["csat"] = csat_of(told["csat"])
    if "qa_score" in told:
        facts["qa_score"] = parse_number(told["qa_score"])
    if "language" in told:
        facts["language"] = text_of(told["language"])
    return facts


def id_of(record: Mapping[str, Any], options: ReadOptions) -> str | None:
    """Return the id of a conversation, wherever it stands."""
    own = options.columns.get("id")
    if own is not None and own in record:
        return text_of(record[own])
    inner = pick_dict(record, "metadata", "meta", "info")
    return pick_text(record, *ID) or pick_text(inner, *ID)


def turns_of(record: Mapping[str, Any], options: ReadOptions, depth: int = 2) -> tuple[str, list[Any]] | None:
    """Return the key and the list of turns in a record, up to two levels deep; None where nothing reads as turns."""
    own = options.columns.get("turns") if options.columns else None
    keys = keys_for(record, TURNS)
    for name in (own, *keys) if own and own in record else keys:
        value = record[name]
        if isinstance(value, list) and any(is_turn(each, options) for each in value[:5]):
            return name, value
    for value in record.values() if depth else ():
        if isinstance(value, dict) and (found := turns_of(value, options, depth - 1)):
            return found
    return None


def drafts_of(turns: Sequence[Any], options: ReadOptions, people: Mapping[str, _Person] | None = None) -> list[Draft]:
    """Read a list of turns; what is none is noted as lost.

    `people` says who is who where turns carry an id alone (see `people_of`).

    Two words mean what the others beside them say: `user` is the agent where a `contact` or `customer` speaks too (it
    is a user of the helpdesk), and `system` is the assistant in a dialogue of `user` and `system` alone.
    """
    found = [each for turn in turns if (each := _labelled(turn, options))]
    if lost := sum(turn not in (None, {}, []) for turn in turns) - len(found):
        note_lost(turns, max(lost, 0))
    if people and len(found) == len(turns):
        pairs = zip(found, turns, strict=True)
        found = [(_joined(draft, turn, people, options), label) for (draft, label), turn in pairs]
    labels = {(label or "").casefold() for _, label in found}
    told = options.roles
    swapped: tuple[str, Role] | None = None
    if "user" in labels and labels & _CUSTOMERS and "user" not in told:
        swapped = "user", "agent"
    elif labels == {"user", "system"} and "system" not in told:
        swapped = "system", "bot"
    if swapped is None:
        return [draft for draft, _ in found]
    word, role = swapped
    return [draft._replace(role=role) if (label or "").casefold() == word else draft for draft, label in found]


class _Person(NamedTuple):
    """Somebody that a record lists beside its turns."""

    role: Role
    name: str | None


_PEOPLE: Final = ("users", "participants", "parties", "speakers", "members", "people", "authors", "contacts", "agents")
_IDS: Final = ("author_id", "sender_id", "speaker_id", "participant_id", "user_id", "from_id", "created_by", "from")


def people_of(record: Mapping[str, Any], options: ReadOptions) -> dict[str, _Person]:
    """Return who is who by id, from the lists of people that a record has beside its turns."""
    people: dict[str, _Person] = {}
    for key in keys_for(record, _PEOPLE):
        for each in dicts(record[key]):
            word = pick_text(each, "role", "type", "purpose", "affiliation", "participant_role", "user_type")
            role = role_of(word, options, _AFFILIATIONS)
            name = pick_text(each, "name", "display_name", "full_name", "email")
            for number in (pick_text(each, "id"), pick_text(each, "speaker_id", "participant_id", "user_id")):
                if number and (role != "unknown" or name):
                    people[number] = _Person(role, name)
    return people


_AFFILIATIONS: Final[Mapping[str, Role]] = {"internal": "agent", "external": "customer", "host": "agent"}


def _joined(draft: Draft, turn: Any, people: Mapping[str, _Person], options: ReadOptions) -> Draft:
    number = pick_text(turn, *_IDS) if isinstance(turn, dict) else None
    person = people.get(number or "")
    if person is None:
        return draft
    role = draft.role if draft.role != "unknown" else person.role
    name = person.name if draft.speaker in (None, number) else draft.speaker
    return draft._replace(role=role_for(options, role, number, name), speaker=name or draft.speaker)


_CUSTOMERS: Final = frozenset({"contact", "customer", "visitor", "lead", "end_user", "end-user", "consumer", "client"})


def texts_of(record: Mapping[str, Any]) -> str | None:
    """Return a whole transcript that stands in one string, or in a list of strings."""
    for name in TURNS:
        value = record.get(name)
        if isinstance(value, str) and "\n" in value.strip():
            return value
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            return "\n".join(value)
    return None
