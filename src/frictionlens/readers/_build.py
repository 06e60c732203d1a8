"""Own the last step of every reader: from what was found in an export to an `Interaction`, and what is left out.

One record that trips its reader becomes a `Problem` of that record; the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.model import Channel, Interaction, Role, Turn
from frictionlens.readers._base import ReadOptions, Record, Source, join_runs, stem_of
from frictionlens.readers._json import Item, dicts, iter_items, pick_text, take_lost, text_of
from frictionlens.readers._mail import cut_reply
from frictionlens.readers._spill import HashSet, group_on_disk
from frictionlens.readers._times import iso, offsets, order_by_time, parse_number

BROKEN: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)
"""What a record of an unexpected shape raises."""


_ROWS_IN_MEMORY: Final = 100_000
"""Messages that are grouped in memory; more are grouped on disk."""


class Draft(NamedTuple):
    """A turn whose place in time is not settled yet: it has a `moment`, or seconds `at`, or neither."""

    role: Role
    text: str
    moment: datetime | None = None
    speaker: str | None = None
    internal: bool = False
    at: float | None = None
    end: float | None = None


def role_for(options: ReadOptions, default: Role, *labels: object) -> Role:
    """Return the user's role for any of the labels of a participant (id, name, vendor role), else `default`."""
    if options.roles:
        for label in labels:
            role = options.roles.get(str(label if label is not None else "").strip().casefold())
            if role:
                return role
    return default


def build_interaction(
    source: Source,
    record_id: str | None,
    drafts: Sequence[Draft],
    *,
    where: str = "",
    start: datetime | None = None,
    channel: Channel = "other",
    joined: bool = False,
    ordered: bool = False,
    agent: str | None = None,
    queue: str | None = None,
    team: str | None = None,
    product: str | None = None,
    tags: Iterable[Any] = (),
    csat: float | None = None,
    qa_score: float | None = None,
    language: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Interaction:
    """Put the turns in order of time, count their seconds from the first moment, and add what is known.

    Args:
        source: where it was read.
        record_id: the export's own id; without one, the file name (and the place in it) stands in.
        drafts: the turns in the order of the file.
        where: the place in the file, for the id that stands in.
        start: when the interaction began, where the export says so.
        channel: in our words.
        joined: the export carries phrases, not turns: join what one speaker says in a row.
        ordered: the order of the file is right whatever the times say.
        agent: id or name of the human agent.
        queue: queue, skill or mailbox.
        team: team, group or department.
        product: product or brand.
        tags: labels of any shape; text is kept.
        csat: satisfaction as the export scales it.
        qa_score: score of a quality form.
        language: language code.
        meta: further vendor fields; None is left out.
    """
    if not ordered:
        keys = [draft.moment if draft.moment is not None else draft.at for draft in drafts]
        if any(key is not None for key in keys):
            drafts = [drafts[index] for index in order_by_time(keys)]
    started_at, counted = offsets([draft.moment for draft in drafts], start)
    turns = [
        Turn(
            role=draft.role,
            text=draft.text,
            at=draft.at if draft.moment is None else seconds,
            end=draft.end,
            speaker=draft.speaker,
            internal=draft.internal,
        )
        for draft, seconds in zip(drafts, counted, strict=True)
    ]
    if joined:
        turns = join_runs(turns)
    return Interaction(
        id=record_id or place_id(source, where),
        turns=tuple(turns),
        source=source.name,
        channel=channel,
        started_at=started_at or iso(start),
        agent=agent,
        queue=queue,
        team=team,
        product=product,
        tags=tuple(tag for tag in (tag_of(each) for each in tags) if tag),
        csat=csat,
        qa_score=qa_score,
        language=language,
        meta={key: value for key, value in (meta or {}).items() if value not in (None, "", [], {})},
    )


def place_id(source: Source, where: str) -> str:
    """Name a record that has no id by its file and its place in it: `chats:12`."""
    numbers = re.findall(r"\d+", where)
    return ":".join([stem_of(source), *numbers])


def tag_of(tag: Any) -> str | None:
    """Return the words of a tag: a string, or an object with a name."""
    if isinstance(tag, dict):
        return pick_text(tag, "name", "tag", "label", "title", "value")
    return text_of(tag)


def read_records(
    source: Source,
    build: Callable[[Item], Iterable[Record] | Record | None],
    *keys: str,
    noun: str = "conversation",
    unique: bool = True,
) -> Iterator[Record]:
    """Read a source whose records are one conversation each: see `iter_items` for `keys`, `checked` for the rest."""
    yield from checked(source, _build_each(source, iter_items(source, *keys), build, noun), unique=unique)


def _build_each(
    source: Source,
    items: Iterable[Item | Problem],
    build: Callable[[Item], Iterable[Record] | Record | None],
    noun: str,
) -> Iterator[Record]:
    for item in items:
        if isinstance(item, Problem):
            yield item
            continue
        if not isinstance(item.value, dict):
            yield Problem(source.name, item.where, f"not a {noun}: an object was expected")
            continue
        try:
            built = build(item)
            if built is None:
                continue
            records = [built] if isinstance(built, (Interaction, Problem, Skipped)) else list(built)
        except UserError as error:
            yield Problem(source.name, item.where, error.message, error.hint)
            continue
        except BROKEN as error:
            yield Problem(source.name, item.where, f"not a {noun} as this format has them: {type(error).__name__}")
            continue
        yield from records


def checked(source: Source, records: Iterable[Record], *, unique: bool = True) -> Iterator[Record]:
    """Let interactions with text through once each; what has none, or an id that was there, is skipped with the reason.

    Args:
        source: where they are read.
        records: what was read.
        unique: the product gives every conversation an id of its own, so that an id that comes again is the same one:
            pages of one export overlap, and raw and redacted twins of a contact carry one id. False where people make
            the ids; `Duplicates` then finds those with the same words.
    """
    seen, lengths = HashSet(), HashSet()
    for record in _with_losses(source, records):
        if not isinstance(record, Interaction):
            yield record
        elif not record.turns:
            yield Skipped(source.name, record.id, "it has no turns", "no turns")
        elif not any(turn.text and not turn.text.isspace() for turn in record.turns):
            yield Skipped(source.name, record.id, f"none of its {len(record.turns)} turns has text", "no turns")
        elif unique and seen.add(record.id):
            reason = "an interaction with this id was read before in this file"
            if not lengths.add(f"{record.id}\0{len(record.turns)}"):
                reason += ", with another number of turns: an older copy, or a page of it"
            yield Skipped(source.name, record.id, reason, "duplicate")
        else:
            if unique:
                lengths.add(f"{record.id}\0{len(record.turns)}")
            yield record


def _with_losses(source: Source, records: Iterable[Record]) -> Iterator[Record]:
    """Yield records, and after each a problem where entries of its lists were no objects (see `dicts`)."""
    take_lost()
    where = ""
    for record in records:
        yield record
        where = record.id if isinstance(record, Interaction) else record.record
        yield from _loss(source, where)
    yield from _loss(source, where)


def _loss(source: Source, where: str) -> Iterator[Problem]:
    if lost := take_lost():
        what = "an entry in it is no object" if lost == 1 else f"{lost} entries in it are no objects"
        yield Problem(source.name, where, f"{what} and could not be read", "the rest of it was read")


def group_rows(
    source: Source, items: Iterable[Item | Problem], key: Callable[[dict[str, Any]], str | None]
) -> Iterator[tuple[str, list[dict[str, Any]]] | Problem]:
    """Gather records that are one message each by conversation, in order of first appearance; "" is without an id.

    Messages of one conversation may lie anywhere in the file: many rows are gathered on disk.
    """
    problems: list[Problem] = []

    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        for item in items:
            if isinstance(item, Problem):
                problems.append(item)
            elif isinstance(item.value, dict):
                yield key(item.value) or "", item.value
            else:
                problems.append(Problem(source.name, item.where, "not a message: an object was expected"))

    stream = rows()
    first = list(islice(stream, _ROWS_IN_MEMORY))
    if len(first) < _ROWS_IN_MEMORY:
        groups: dict[str, list[dict[str, Any]]] = {}
        for name, row in first:
            groups.setdefault(name, []).append(row)
        yield from groups.items()
    else:
        yield from group_on_disk(chain(first, stream))
    yield from problems


# ---------------------------------------------------------------- vendor words

_CHANNELS: Final[Mapping[str, Channel]] = {
    "voice": "voice", "call": "voice", "phone": "voice", "phone_call": "voice", "telephony": "voice",
    "audio": "voice",
    "webcall": "voice", "web_call": "voice", "inboundphonecall": "voice", "outboundphonecall": "voice",
    "aircall": "voice",
    "phone_switch": "voice", "talk": "voice", "voicemail": "voice", "callback": "voice",
    "chat": "chat", "webchat": "chat", "web_chat": "chat", "live_chat": "chat", "livechat": "chat",
    "front_chat": "chat",
    "chat_transcript": "chat", "conversation": "chat", "web_messaging": "chat", "webmessaging": "chat", "web": "chat",
    "in_app": "chat", "app": "chat", "beacon": "chat", "sunshine_conversations_api": "messaging",
    "email": "email", "e-mail": "email", "mail": "email",
    "messaging": "messaging", "native_messaging": "messaging", "message": "messaging", "sms": "messaging",
    "whatsapp": "messaging", "line": "messaging", "telegram": "messaging", "viber": "messaging",
    "wechat": "messaging",
    "apple_messages": "messaging", "abc": "messaging", "facebook_messenger": "messaging", "messenger": "messaging",
    "smooch": "messaging", "open": "messaging",
    "social": "social", "twitter": "social", "facebook": "social", "instagram": "social", "tweet": "social",
    "x": "social",
    "facebook_post": "social", "instagram_dm": "social", "twitter_dm": "social",
}  # fmt: skip


def channel_of(word: object, default: Channel = "other") -> Channel:
    """Translate a vendor's word for a channel; `default` where it is none that is known."""
    key = str(word if word is not None else "").strip().casefold().replace(" ", "_").replace("-", "_")
    return _CHANNELS.get(key) or _CHANNELS.get(key.replace("_", "")) or default


_BOT_NAME: Final = re.compile(
    r"\b(?:(?!abbot|talbot|cabot|chabot)\w*bot|virtual (?:assistant|agent)|answer bot|autoresponder|autopilot)\b", re.I
)


def is_bot_name(name: str | None) -> bool:
    """Tell whether a participant calls itself a bot, where the export has no other word for it."""
    return bool(name and _BOT_NAME.search(name))


_SATISFACTION: Final = {
    "good": 5.0, "great": 5.0, "bad": 1.0, "not good": 1.0, "notgood": 1.0, "okay": 3.0, "ok": 3.0, "neutral": 3.0,
    "satisfied": 5.0, "unsatisfied": 1.0, "dissatisfied": 1.0, "positive": 5.0, "negative": 1.0,
}  # fmt: skip


def csat_of(value: Any) -> float | None:
    """Return a satisfaction score: numbers as they are, words of two- and three-step surveys on 1 to 5.

    Negative numbers and words such as `offered` or `undefined` mean that there is none.
    """
    if isinstance(value, str):
        word = value.strip().casefold().removesuffix("_with_comment").removesuffix("withcomment")
        if word in _SATISFACTION:
            return _SATISFACTION[word]
    number = parse_number(value)
    return number if number is not None and number >= 0 else None


def score_of(value: Any) -> float | None:
    """Return the number that a score starts with (`4`, `4.5`, `92 %`, `4/5`), or what its word stands for."""
    match = re.match(r"\s*(\d+(?:[.,]\d+)?)", value) if isinstance(value, str) else None
    return float(match[1].replace(",", ".")) if match else csat_of(value)


_MAILISH: Final = re.compile(r"^\s*(?:>|-{2,}|_{5,}|From:|Von:|De ?:)|:\s*$|Sent from|Gesendet von|Envoyé", re.M)


def without_history(text: str) -> str:
    """Return what somebody wrote in a mail, without the quoted history and the signature that helpdesks keep."""
    return cut_reply(text) if _MAILISH.search(text) else text


def card_text(content: Any) -> str:
    """Gather the words of an interactive message (cards, buttons, lists): its titles and texts, one a line."""
    words: list[str] = []
    _gather(content, words, 0)
    return "\n".join(words)


_CARD_KEYS: Final = frozenset(
    {"title", "subtitle", "text", "body", "content", "label", "caption", "description", "elements", "data", "items",
     "actions", "buttons", "quickReplies", "quick_replies", "replies", "parts", "message", "staticContent",
     "abstractMessage", "choices", "optionItems", "titleItem", "payload", "collection", "sub_parts", "url_button",
     "quick_reply_button", "sections", "header", "footer"}
)  # fmt: skip


def _gather(content: Any, words: list[str], depth: int) -> None:
    if depth > 12:
        return
    if isinstance(content, str):
        if content.strip():
            words.append(content.strip())
    elif isinstance(content, list):
        for each in content:
            _gather(each, words, depth + 1)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key in _CARD_KEYS:
                _gather(value, words, depth + 1)


def has_keys(values: Any, *names: str) -> bool:
    """Tell whether the first object of a list has all these keys, whatever their case and separators."""
    first = next(iter(dicts(values)), None)
    if first is None:
        return False
    plain = {re.sub(r"[_\- ]", "", key).casefold() for key in first}
    return all(re.sub(r"[_\- ]", "", name).casefold() in plain for name in names)
