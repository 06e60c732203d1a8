"""Read Freshdesk conversations: the replies of a ticket as an array, or tickets that hold them.

The first message of the customer is the ticket's description, which the array of conversations lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Channel, Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, csat_of, role_for, without_history
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import dicts, iter_items, pick, pick_dict, pick_list, pick_text, text_of
from frictionlens.readers._times import parse_number, parse_time

_SOURCES: Final[dict[int, Channel]] = {
    1: "email",
    2: "email",
    3: "voice",
    7: "chat",
    9: "chat",
    10: "email",
    13: "messaging",
}
"""Codes of a ticket's source: 1 e-mail, 2 portal, 3 phone, 7 chat, 9 widget, 10 outbound mail, 13 WhatsApp."""


def _is_reply(record: dict[str, Any]) -> bool:
    return "incoming" in record and "private" in record and ("body" in record or "body_text" in record)


def _sniff(head: Head) -> str | None:
    record = head.record
    if _is_reply(record):
        return "conversations with incoming and private"
    listed = next(iter(dicts(record.get("tickets"))), None) or record
    if _is_reply(next(iter(dicts(listed.get("conversations"))), {})):
        return "ticket with conversations[].incoming and private"
    if "description_text" in listed and ("responder_id" in listed or "requester_id" in listed):
        return "ticket with description_text and responder_id"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _tickets(source, options))


def _tickets(source: Source, options: ReadOptions) -> Iterator[Record]:
    replies: dict[str, list[dict[str, Any]]] = {}
    tickets: dict[str, dict[str, Any]] = {}
    for item in iter_items(source, "tickets"):
        if isinstance(item, Problem):
            yield item
            continue
        record = item.value
        if not isinstance(record, dict):
            yield Problem(source.name, item.where, "not a ticket: an object was expected")
        elif _is_reply(record):
            replies.setdefault(pick_text(record, "ticket_id") or "", []).append(record)
        else:
            ticket = pick_dict(record, "ticket") or record
            listed = dicts(pick(record, "conversations")) or dicts(pick(ticket, "conversations"))
            ticket_id = pick_text(ticket, "id")
            if listed or ticket_id is None:
                yield _guarded(source, ticket, listed, item.where, options)
            else:
                # Its replies may follow as rows of their own.
                tickets[ticket_id] = ticket
    for ticket_id in dict.fromkeys((*tickets, *replies)):
        ticket = tickets.get(ticket_id, {"id": ticket_id or None})
        yield _guarded(source, ticket, replies.get(ticket_id, []), ticket_id, options)


def _guarded(
    source: Source, ticket: dict[str, Any], replies: list[dict[str, Any]], where: str, options: ReadOptions
) -> Record:
    try:
        return _ticket(source, ticket, replies, where, options)
    except BROKEN as error:
        return Problem(source.name, where, f"not a ticket as Freshdesk has them: {type(error).__name__}")


def _ticket(
    source: Source, ticket: dict[str, Any], replies: list[dict[str, Any]], where: str, options: ReadOptions
) -> Record:
    start = parse_time(pick(ticket, "created_at"))
    requester = pick_dict(ticket, "requester")
    drafts: list[Draft] = []
    first = pick_text(ticket, "description_text") or html_to_text(pick_text(ticket, "description") or "")
    if first:
        name = pick_text(requester, "name") or pick_text(ticket, "requester_id")
        drafts.append(Draft(role_for(options, "customer", name), first, start, name))
    drafts += [_reply(each, options) for each in replies]
    code = parse_number(pick(ticket, "source"))
    agent = pick_text(ticket, "responder_id")
    if agent is None:
        agents = (draft.speaker for draft in drafts if draft.role == "agent" and not draft.internal)
        agent = next(agents, None)
    return build_interaction(
        source,
        pick_text(ticket, "id"),
        drafts,
        where=where,
        start=start,
        channel=_SOURCES.get(int(code), "other") if code is not None else "email",
        agent=agent,
        queue=pick_text(ticket, "group_name", "group_id"),
        product=pick_text(ticket, "product_name", "product_id"),
        tags=pick_list(ticket, "tags"),
        csat=_rating(ticket),
        meta={
            "subject": pick_text(ticket, "subject"),
            "status": text_of(pick(ticket, "status")),
            "priority": text_of(pick(ticket, "priority")),
            "escalated": pick(ticket, "is_escalated"),
        },
    )


def _reply(reply: dict[str, Any], options: ReadOptions) -> Draft:
    internal = pick(reply, "private") is True
    role: Role = "customer" if pick(reply, "incoming") is True else "agent"
    user = pick_text(reply, "user_id")
    html = pick_text(reply, "body") or ""
    text = pick_text(reply, "body_text") or ""
    if html and (not text or "quote" in html):
        text = html_to_text(html)
    text = without_history(text)
    return Draft(
        role_for(options, role, user, pick_text(reply, "from_email")),
        text,
        parse_time(pick(reply, "created_at")),
        user,
        internal,
    )


def _rating(ticket: dict[str, Any]) -> float | None:
    """Return the default question's rating on 1 to 5: 103 is best, 100 neutral, -103 worst."""
    rating = pick(ticket, "satisfaction_rating", "satisfaction_ratings")
    if isinstance(rating, list):
        rating = next(iter(dicts(rating)), None)
    if isinstance(rating, dict):
        ratings = pick_dict(rating, "ratings")
        rating = pick(ratings, "default_question") if ratings else pick(rating, "rating", "score")
    number = parse_number(rating)
    if number is None:
        return csat_of(rating)
    step = {103: 6, 102: 5, 101: 4, 100: 3, -101: 2, -102: 1, -103: 0}.get(int(number))
    return number if step is None and number >= 0 else None if step is None else round(1 + 4 * step / 6, 2)


FORMAT = Format(
    name="freshdesk",
    title="Freshdesk ticket conversations",
    sniff=_sniff,
    read=_read,
    rank=30,
)
