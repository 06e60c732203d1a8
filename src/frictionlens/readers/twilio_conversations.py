"""Read Twilio Conversations and Flex messages.

A message has an author, not a role: a participant with a messaging binding is the customer, one with an identity
is with us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Channel, Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, group_rows, is_bot_name, role_for
from frictionlens.readers._json import Item, dicts, iter_items, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_number, parse_time

_ADDRESS: Final = re.compile(r"(?:(?:whatsapp|messenger|sms|viber|instagram|gbm|rcs):|\+\d{6,})", re.I)


def _is_message(record: Mapping[str, Any]) -> bool:
    return "conversation_sid" in record and ("participant_sid" in record or ("author" in record and "body" in record))


def _sniff(head: Head) -> str | None:
    record = head.record
    for candidate in (
        record,
        *(next(iter(dicts(record.get(key))), {}) for key in ("messages", "data", "conversations")),
    ):
        if _is_message(candidate) or _is_message(next(iter(dicts(candidate.get("messages"))), {})):
            return "messages with conversation_sid and participant_sid"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _conversations(source, options))


def _conversations(source: Source, options: ReadOptions) -> Iterator[Record]:
    people: list[dict[str, Any]] = []
    facts: dict[str, dict[str, Any]] = {}

    def messages() -> Iterator[Item | Problem]:
        for found in iter_items(source, "conversations", "data"):
            if isinstance(found, Problem) or not isinstance(found.value, dict) or _is_message(found.value):
                yield found
                continue
            record = found.value
            people.extend(dicts(pick(record, "participants")) or dicts(found.envelope.get("participants")))
            own = pick_dict(record, "conversation") or record
            sid = pick_text(own, "sid", "conversation_sid") or ""
            facts[sid] = own
            yield from (
                Item({"conversation_sid": sid, **each}, found.where) for each in dicts(pick(record, "messages"))
            )

    for found in group_rows(source, messages(), lambda row: pick_text(row, "conversation_sid")):
        if isinstance(found, Problem):
            yield found
            continue
        sid, rows = found
        try:
            yield _conversation(source, sid, rows, options, people=people, facts=facts.get(sid, {}))
        except BROKEN as error:
            yield Problem(source.name, sid, f"not messages as Twilio has them: {type(error).__name__}")


def _conversation(
    source: Source,
    sid: str,
    rows: list[dict[str, Any]],
    options: ReadOptions,
    *,
    people: Iterable[dict[str, Any]],
    facts: dict[str, Any],
) -> Record:
    rows = sorted(rows, key=lambda row: parse_number(pick(row, "index")) or 0)
    roles = _roles(rows, people)
    drafts: list[Draft] = []
    for row in rows:
        author, participant = pick_text(row, "author"), pick_text(row, "participant_sid")
        role = roles.get(participant or "") or roles.get(author or "") or "unknown"
        if participant is None and (author is None or author.casefold() == "system"):
            role = "system"
        if role == "agent" and is_bot_name(author):
            role = "bot"
        role = role_for(options, role, author, participant)
        drafts.append(
            Draft(role, pick_text(row, "body") or "", parse_time(pick(row, "date_created", "date_updated")), author)
        )
    agent = next((draft.speaker for draft in drafts if draft.role == "agent"), None)
    channel: Channel = "messaging" if any(_ADDRESS.match(draft.speaker or "") for draft in drafts) else "chat"
    return build_interaction(
        source,
        sid or None,
        drafts,
        start=parse_time(pick(facts, "date_created")),
        channel=channel,
        agent=agent,
        meta={"state": pick_text(facts, "state"), "name": pick_text(facts, "friendly_name")},
    )


def _roles(rows: Iterable[dict[str, Any]], people: Iterable[dict[str, Any]]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for person in people:
        binding, identity = pick_dict(person, "messaging_binding"), pick_text(person, "identity")
        role: Role = "customer" if binding and not identity else "agent"
        for key in (pick_text(person, "sid"), identity, pick_text(binding, "address")):
            if key and (binding or identity):
                roles[key] = role
    authors = {pick_text(row, "author") or "" for row in rows if pick_text(row, "participant_sid")}
    reached = {author for author in authors if _ADDRESS.match(author)}
    # Who writes from a number or an address outside is the customer; who writes beside them has an identity with us.
    for author in authors if reached else ():
        roles.setdefault(author, "customer" if author in reached else "agent")
    return roles


FORMAT = Format(
    name="twilio-conversations",
    title="Twilio Conversations and Flex messages",
    sniff=_sniff,
    read=_read,
    rank=30,
)
