"""Read Gorgias tickets with their messages; a rule's message is a bot's, an internal note was never seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import (
    BROKEN,
    Draft,
    build_interaction,
    channel_of,
    checked,
    csat_of,
    group_rows,
    role_for,
    without_history,
)
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import Item, dicts, iter_items, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_time


def _sniff(head: Head) -> str | None:
    record = next(iter(dicts(head.record.get("data"))), None) or head.record
    if "from_agent" in next(iter(dicts(record.get("messages"))), {}):
        return "messages[].from_agent"
    if "from_agent" in record and ("ticket_id" in record or "stripped_text" in record):
        return "messages with from_agent and ticket_id"
    return (
        "ticket with assignee_user and messages_count" if {"assignee_user", "messages_count"} <= record.keys() else None
    )


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _tickets(source, options))


def _tickets(source: Source, options: ReadOptions) -> Iterator[Record]:
    facts: dict[str, dict[str, Any]] = {}

    def messages() -> Iterator[Item | Problem]:
        for found in iter_items(source, "data", "tickets"):
            if isinstance(found, Problem) or not isinstance(found.value, dict) or "from_agent" in found.value:
                yield found
                continue
            ticket = found.value
            name = pick_text(ticket, "id") or found.where
            facts.setdefault(name, {key: value for key, value in ticket.items() if key != "messages"})
            yield from (Item({**each, "ticket_id": name}, found.where) for each in dicts(pick(ticket, "messages")))

    seen: set[str] = set()
    for found in group_rows(source, messages(), lambda row: pick_text(row, "ticket_id")):
        if isinstance(found, Problem):
            yield found
            continue
        name, rows = found
        seen.add(name)
        try:
            yield _ticket(source, name, rows, facts.get(name, {}), options)
        except BROKEN as error:
            yield Problem(source.name, name, f"not a ticket as Gorgias has them: {type(error).__name__}")
    for name in (each for each in facts if each not in seen):
        yield build_interaction(source, name, [])


def _ticket(
    source: Source, name: str, rows: list[dict[str, Any]], facts: dict[str, Any], options: ReadOptions
) -> Record:
    unique = {pick_text(row, "id") or str(index): row for index, row in enumerate(rows)}
    assignee = pick_dict(facts, "assignee_user")
    survey = pick(facts, "satisfaction_survey")
    return build_interaction(
        source,
        name or None,
        [_message(row, options) for row in unique.values()],
        start=parse_time(pick(facts, "created_datetime")),
        channel=channel_of(pick_text(facts, "channel") or pick_text(rows[0], "channel")),
        agent=pick_text(assignee, "id", "email", "name"),
        team=pick_text(pick_dict(facts, "assignee_team"), "name", "id"),
        tags=pick_list(facts, "tags"),
        csat=csat_of(pick(survey, "score") if isinstance(survey, dict) else survey),
        language=pick_text(facts, "language"),
        meta={
            "subject": pick_text(facts, "subject"),
            "status": pick_text(facts, "status"),
            "via": pick_text(facts, "via"),
        },
    )


def _message(message: dict[str, Any], options: ReadOptions) -> Draft:
    role: Role = "agent" if pick(message, "from_agent") is True else "customer"
    if role == "agent" and pick(message, "rule_id") is not None:
        role = "bot"
    sender = pick_dict(message, "sender")
    name = pick_text(sender, "name", "email", "id")
    kinds = {pick_text(message, "channel"), pick_text(pick_dict(message, "source"), "type")}
    internal = pick(message, "public") is False or "internal-note" in kinds
    text = pick_text(message, "stripped_text")
    if text is None:
        body = pick_text(message, "body_text") or html_to_text(pick_text(message, "stripped_html", "body_html") or "")
        text = without_history(body)
    clock = pick(message, "sent_datetime", "created_datetime")
    return Draft(role_for(options, role, name), text, parse_time(clock), name, internal)


FORMAT = Format(
    name="gorgias",
    title="Gorgias tickets",
    sniff=_sniff,
    read=_read,
    rank=30,
)
