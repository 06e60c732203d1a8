"""Read Zendesk Support tickets with their comments: lines, arrays, API pages, ticket event streams.

A comment names its author by id; the role needs a join: with the requester, the users table, or what else they did.
A chat that became a ticket is one comment that holds the whole log; it is split into its turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Channel, Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import (
    Draft,
    build_interaction,
    channel_of,
    checked,
    csat_of,
    is_bot_name,
    role_for,
    without_history,
)
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import Item, dicts, dig, iter_items, pick, pick_dict, pick_list, pick_text, text_of
from frictionlens.readers._times import parse_epoch, parse_time

ROLES: Final[dict[str, Role]] = {
    "end-user": "customer", "end_user": "customer", "user": "customer",
    "agent": "agent", "admin": "agent", "light_agent": "agent", "light-agent": "agent",
}  # fmt: skip
_LOG_LINE: Final = re.compile(r"^\s*[(\[](\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp]\.?[Mm]\.?)?[)\]]\s*(.*)$")
_LOG_CHANNELS: Final = frozenset(
    {"chat", "chat_transcript", "native_messaging", "messaging", "whatsapp", "sunshine_conversations_api"}
)


@dataclass
class _People:
    """Who is who, as far as an export says."""

    roles: dict[str, Role] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def learn(self, user: Mapping[str, Any], role: Role | None = None) -> None:
        user_id = pick_text(user, "id", "user_id")
        name = pick_text(user, "name", "display_name", "email")
        if user_id and name:
            self.names[user_id] = name
        known = role or _role_word(user)
        if user_id and known:
            self.roles.setdefault(user_id, known)


def _role_word(user: Mapping[str, Any]) -> Role | None:
    word = (pick_text(user, "role", "type") or "").casefold()
    return ROLES.get(word)


def _sniff(head: Head) -> str | None:
    record = head.record
    if has_events(record):
        return "ticket_events[].child_events"
    for key in ("tickets", "results", "rows"):
        if _is_ticket(next(iter(dicts(record.get(key))), {})):
            return f"{key}[] with requester_id"
    if _is_ticket(record) or _is_ticket(pick_dict(record, "ticket")):
        return "ticket with requester_id and comments, via or description"
    if _is_comment(next(iter(dicts(record.get("comments"))), {})):
        return "comments[] with author_id and public"
    if _is_comment(record) and ("audit_id" in record or "html_body" in record):
        return "comments with author_id and public"
    return None


def has_events(record: Mapping[str, Any]) -> bool:
    """Tell whether this is a page of the ticket event stream, or one of its events."""
    first = next(iter(dicts(record.get("ticket_events"))), None)
    return "child_events" in (first or record) or (first is not None and "ticket_id" in first)


def _is_comment(record: Mapping[str, Any]) -> bool:
    return "author_id" in record and ("public" in record or "html_body" in record or "plain_body" in record)


def _is_ticket(record: Mapping[str, Any]) -> bool:
    if not ("requester_id" in record or "requester" in record):
        return False
    told = (
        "via",
        "comments",
        "raw_subject",
        "submitter_id",
        "satisfaction_rating",
        "audits",
        "brand_id",
        "ticket_form_id",
    )
    return any(key in record for key in told)


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _records(source, options))


def _records(source: Source, options: ReadOptions) -> Iterator[Record]:
    events: dict[str, list[dict[str, Any]]] = {}
    loose: list[dict[str, Any]] = []
    shared: dict[str, Any] = {}
    for item in iter_items(source, "tickets", "results", "rows", "ticket_events"):
        if isinstance(item, Problem):
            yield item
            continue
        record = item.value
        if not isinstance(record, dict):
            yield Problem(source.name, item.where, "not a ticket: an object was expected")
        elif "child_events" in record:
            ticket_id = pick_text(record, "ticket_id") or ""
            events.setdefault(ticket_id, []).append(record)
            shared = dict(item.envelope) or shared
        elif _is_comment(record) and not _is_ticket(record):
            loose.append(record)
        else:
            try:
                yield _ticket(source, item, options)
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                yield Problem(source.name, item.where, f"not a ticket as Zendesk has them: {type(error).__name__}")
    for ticket_id, group in events.items():
        yield _from_events(source, ticket_id, group, shared, options)
    if loose:
        yield _ticket(source, Item({"comments": loose}, ""), options)


def _from_events(
    source: Source, ticket_id: str, events: list[dict[str, Any]], envelope: Mapping[str, Any], options: ReadOptions
) -> Record:
    ticket: dict[str, Any] = {"id": ticket_id or None, "comments": []}
    for event in events:
        for child in dicts(event.get("child_events")):
            kind = pick_text(child, "event_type", "type") or ""
            if kind == "Comment" or _is_comment(child):
                if child.get("created_at") is None:
                    child["created_at"] = event.get("created_at") or event.get("timestamp")
                ticket["comments"].append(child)
            else:
                for key in ("requester_id", "assignee_id", "submitter_id", "group_id", "subject", "tags", "status"):
                    if child.get(key) is not None:
                        ticket[key] = child[key]
    return _ticket(source, Item(ticket, "", envelope), options)


def _comments(ticket: Mapping[str, Any], outer: Mapping[str, Any]) -> list[dict[str, Any]]:
    for holder in (ticket, outer):
        value = pick(holder, "comments")
        found = dicts(value) or dicts(dig(value, "comments"))
        if found:
            return found
        audits = dicts(pick(holder, "audits"))
        if audits:
            return [
                {
                    "author_id": audit.get("author_id"),
                    "created_at": audit.get("created_at"),
                    "via": audit.get("via"),
                    **event,
                }
                for audit in audits
                for event in dicts(audit.get("events"))
                if event.get("type") in ("Comment", "VoiceComment")
            ]
    return []


def _ticket(source: Source, item: Item, options: ReadOptions) -> Record:
    outer = item.value
    ticket = pick_dict(outer, "ticket") or outer
    comments = _comments(ticket, outer)
    people = _who_is_who(ticket, comments, (item.envelope, outer))
    start = _moment(pick(ticket, "created_at"))
    channel = _channel(pick_text(pick_dict(ticket, "via"), "channel") or pick_text(ticket, "channel", "via"))
    drafts: list[Draft] = []
    for comment in comments:
        drafts += _comment(comment, ticket, people, options)
    if not any(draft.text for draft in drafts) and (text := pick_text(ticket, "description")):
        author = pick_text(ticket, "submitter_id") or _requester(ticket)
        role = _role(author, ticket, people, options, {})
        drafts = [Draft(role, text, start, people.names.get(author or "", author))]
    rating = pick(ticket, "satisfaction_rating")
    score = pick(rating, "score") if isinstance(rating, dict) else rating
    assignee = pick(ticket, "assignee")
    return build_interaction(
        source,
        pick_text(ticket, "id", "ticket_id", "nice_id"),
        drafts,
        where=item.where,
        start=start,
        channel=channel,
        agent=pick_text(ticket, "assignee_id") or (pick_text(assignee, "id", "name") or text_of(assignee)),
        queue=_named(ticket, "group"),
        product=_named(ticket, "brand"),
        tags=pick_list(ticket, "tags"),
        csat=csat_of(score),
        language=pick_text(ticket, "locale", "detected_language"),
        meta={
            "subject": pick_text(ticket, "subject", "raw_subject"),
            "status": pick_text(ticket, "status"),
            "priority": pick_text(ticket, "priority"),
            "satisfaction": text_of(score),
        },
    )


def _named(ticket: Mapping[str, Any], key: str) -> str | None:
    value = pick(ticket, key)
    name = pick_text(value, "name") if isinstance(value, dict) else text_of(value)
    return name or pick_text(ticket, f"{key}_name", f"{key}_id")


def _requester(ticket: Mapping[str, Any]) -> str | None:
    return pick_text(ticket, "requester_id") or pick_text(pick_dict(ticket, "requester"), "id")


def _who_is_who(
    ticket: Mapping[str, Any], comments: Iterable[Mapping[str, Any]], holders: Iterable[Mapping[str, Any]]
) -> _People:
    people = _People()
    for holder in (*holders, ticket):
        for user in dicts(pick(holder, "users")):
            people.learn(user)
    for comment in comments:
        if author := pick_dict(comment, "author"):
            people.learn(author)
    people.learn(pick_dict(ticket, "requester"), "customer")
    people.learn(pick_dict(ticket, "assignee"), "agent")
    if requester := _requester(ticket):
        people.roles[requester] = "customer"
    if assignee := pick_text(ticket, "assignee_id"):
        people.roles.setdefault(assignee, "agent")
    for comment in comments:
        # Only agents can write what the customer does not see.
        author_id = _author_id(comment)
        if pick(comment, "public") is False and author_id:
            people.roles.setdefault(author_id, "agent")
    return people


def _author_id(comment: Mapping[str, Any]) -> str | None:
    return pick_text(comment, "author_id") or pick_text(pick_dict(comment, "author"), "id")


def _role(
    author: str | None, ticket: Mapping[str, Any], people: _People, options: ReadOptions, comment: Mapping[str, Any]
) -> Role:
    name = people.names.get(author or "")
    role: Role = people.roles.get(author or "", "unknown")
    if pick_text(pick_dict(comment, "via"), "channel") == "rule":
        role = "bot"
    elif author is None:
        role = _role_word(pick_dict(comment, "author")) or "unknown"
    elif author.startswith("-"):
        role = "system"
    elif role == "unknown" and _requester(ticket) and author not in _copied(ticket):
        # Whoever writes on a ticket is its requester, someone in copy, or an agent.
        role = "agent"
    return role_for(options, role, author, name)


def _copied(ticket: Mapping[str, Any]) -> set[str | None]:
    ids = (
        *pick_list(ticket, "collaborator_ids"),
        *pick_list(ticket, "email_cc_ids"),
        *pick_list(ticket, "follower_ids"),
    )
    return {text_of(each) for each in ids}


def _comment(
    comment: Mapping[str, Any], ticket: Mapping[str, Any], people: _People, options: ReadOptions
) -> list[Draft]:
    author = _author_id(comment)
    role = _role(author, ticket, people, options, comment)
    moment = _moment(pick(comment, "created_at"))
    internal = pick(comment, "public") is False
    via = pick_text(pick_dict(comment, "via"), "channel") or ""
    text = _text(comment, via)
    whole = Draft(role, text, moment, people.names.get(author or "", author), internal)
    if via in _LOG_CHANNELS or sum(bool(_LOG_LINE.match(line)) for line in text.splitlines()[:40]) >= 3:
        log = _split_log(text, ticket, people, options, whole)
        if len(log) > 1:
            return log
    return [whole]


def _text(comment: Mapping[str, Any], via: str) -> str:
    html = pick_text(comment, "html_body") or ""
    plain = pick_text(comment, "plain_body") or pick_text(comment, "body", "value") or ""
    # Only the HTML tells what is quoted from earlier mails.
    if html and (not plain or "quote" in html):
        return html_to_text(html)
    plain = html_to_text(plain) if is_html(plain) or "&nbsp;" in plain else plain
    return without_history(plain) if via not in _LOG_CHANNELS else plain


def _split_log(
    text: str, ticket: Mapping[str, Any], people: _People, options: ReadOptions, attached: Draft
) -> list[Draft]:
    """Split the log of a chat, `(hh:mm:ss) Name: text`; lines without a time belong to the turn before."""
    requester = people.names.get(_requester(ticket) or "", "").casefold()
    agents = {name.casefold() for user_id, name in people.names.items() if people.roles.get(user_id) == "agent"}
    customers = {requester} - {""}
    entries: list[list[Any]] = []
    first: int | None = None
    for line in text.splitlines():
        match = _LOG_LINE.match(line)
        if match is None:
            served = re.match(r"\s*(?:served by|agent)\s*:\s*(.+)", line, re.I)
            if served and not entries:
                agents |= {name.strip().casefold() for name in served[1].split(",")}
            elif entries and line.strip():
                entries[-1][2] += f"\n{line.strip()}"
            continue
        hour, minute, second, half, rest = match.groups()
        clock = int(hour) % 24 * 3600 + int(minute) * 60 + int(second or 0)
        if half:
            clock = clock % 43200 + (43200 if half[0] in "pP" else 0)
        first = clock if first is None else first
        name, colon, said = rest.partition(": ")
        if rest.startswith("***") or not (colon or rest.endswith(":")):
            entries.append([(clock - first) % 86400, None, rest.strip("* ")])
        else:
            entries.append([(clock - first) % 86400, name.strip(), said.strip()])
    drafts: list[Draft] = []
    for seconds, name, said in entries:
        key = (name or "").casefold()
        role: Role = "unknown"
        if name is None:
            role = "system"
        elif key in agents:
            role = "agent"
        elif key in customers or key.startswith(("visitor", "web user", "customer")):
            role = "customer"
        else:
            role = "bot" if is_bot_name(name) else role_of(name, options)
        # The log has times of day in no stated zone; it was attached when the session ended.
        when = attached.moment and attached.moment - timedelta(seconds=entries[-1][0] - seconds)
        at = None if when else float(seconds)
        drafts.append(Draft(role_for(options, role, name), said, when, name, attached.internal, at=at))
    speakers = {draft.speaker for draft in drafts if draft.role == "unknown"}
    known = {draft.role for draft in drafts}
    # Two people talk in a chat: with one of them known and one name left, that name is the other.
    if len(speakers) == 1 and len(known & {"agent", "customer"}) == 1:
        other: Role = "customer" if "agent" in known else "agent"
        drafts = [draft._replace(role=other) if draft.role == "unknown" else draft for draft in drafts]
    return drafts


def _moment(value: Any) -> datetime | None:
    return parse_time(value) or parse_epoch(value, "s")


def _channel(word: str | None) -> Channel:
    if word in ("web", "api", "mobile", "mobile_sdk", "web_form", "help_center", "web_widget"):
        return "email"  # a form that opens a thread of mails
    return channel_of(word)


FORMAT = Format(
    name="zendesk",
    title="Zendesk Support tickets with comments, ticket events",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=ROLES,
)
