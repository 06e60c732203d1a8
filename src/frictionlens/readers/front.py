"""Read Front: pages of messages, of internal comments, or conversations that hold them.

A message is inbound or not; comments come from another endpoint and were never seen by the customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
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
    group_rows,
    role_for,
    without_history,
)
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import Item, dicts, iter_items, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_epoch, parse_time


def _is_message(record: dict[str, Any]) -> bool:
    return "is_inbound" in record


def _is_comment(record: dict[str, Any]) -> bool:
    return "posted_at" in record and "body" in record


def _inner(record: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = pick(record, key)
    return dicts(value, only=True) or dicts(pick_list(value, "_results"), only=True)


def _sniff(head: Head) -> str | None:
    record = head.record
    first = next(iter(dicts(record.get("_results"))), None) or record
    if _is_message(first) and ("recipients" in first or "blurb" in first or "draft_mode" in first or "_links" in first):
        return "_results[].is_inbound"
    if _is_comment(first) and "author" in first:
        return "_results[].posted_at (internal comments)"
    inner = next(iter(_inner(first, "messages")), {})
    if _is_message(inner) and ("recipients" in inner or "_links" in inner or "blurb" in inner):
        return "conversation with messages[].is_inbound"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _conversations(source, options))


def _conversations(source: Source, options: ReadOptions) -> Iterator[Record]:
    facts: dict[str, dict[str, Any]] = {}

    def messages() -> Iterator[Item | Problem]:
        for found in iter_items(source, "_results"):
            if isinstance(found, Problem) or not isinstance(found.value, dict):
                yield found
                continue
            record = found.value
            if _is_message(record) or _is_comment(record):
                yield found
                continue
            name = pick_text(record, "id") or found.where
            facts[name] = record
            for key in ("messages", "comments"):
                for each in _inner(record, key):
                    yield Item({"_conversation": name, **each}, found.where)

    def conversation(row: dict[str, Any]) -> str | None:
        own = row.get("_conversation") or pick_text(row, "conversation_id")
        if own:
            return str(own)
        # The random links of a page without an id of its own name one conversation a page, whatever the message.
        link = pick_text(pick_dict(pick_dict(row, "_links"), "related"), "conversation", "conversations")
        return link.rstrip("/").rsplit("/", 1)[-1] if link and "/" in link else None

    for found in group_rows(source, messages(), conversation):
        if isinstance(found, Problem):
            yield found
            continue
        name, rows = found
        try:
            yield _conversation(source, name, rows, facts.get(name, {}), options)
        except BROKEN as error:
            yield Problem(source.name, name, f"not messages as Front has them: {type(error).__name__}")


def _moment(value: Any) -> datetime | None:
    return parse_epoch(value, "s") or parse_time(value)


def _conversation(
    source: Source, name: str, rows: list[dict[str, Any]], facts: dict[str, Any], options: ReadOptions
) -> Record:
    discussion = pick_text(facts, "type") in ("internal", "discussion")
    # An outgoing message in a draft mode was not sent.
    sent = [row for row in rows if not (pick_text(row, "draft_mode") and pick(row, "is_inbound") is not True)]
    drafts = [_draft(row, discussion, options) for row in sent]
    kinds = [pick_text(row, "type") for row in rows if _is_message(row)]
    assignee = pick_dict(facts, "assignee")
    agent = pick_text(assignee, "id", "username")
    if agent is None:
        agent = next((draft.speaker for draft in drafts if draft.role == "agent" and not draft.internal), None)
    inbox = next(iter(dicts(pick(facts, "inboxes"))), {})
    return build_interaction(
        source,
        name or None,
        drafts,
        start=_moment(pick(facts, "created_at")),
        channel=channel_of(kinds[0] if kinds else None),
        agent=agent,
        queue=pick_text(inbox, "name", "id"),
        tags=pick_list(facts, "tags"),
        meta={
            "subject": pick_text(facts, "subject") or pick_text(rows[0], "subject"),
            "status": pick_text(facts, "status"),
            "unsent_drafts": (len(rows) - len(sent)) or None,
        },
    )


def _draft(row: dict[str, Any], discussion: bool, options: ReadOptions) -> Draft:
    comment = _is_comment(row) and not _is_message(row)
    author = pick_dict(row, "author")
    sender = next((each for each in dicts(pick(row, "recipients")) if each.get("role") == "from"), {})
    name = pick_text(author, "username", "email", "id") or pick_text(sender, "name", "handle")
    role: Role = "customer" if pick(row, "is_inbound") is True and not comment else "agent"
    kind = (pick_text(author, "type") or "").casefold()
    if role == "agent" and (
        kind in ("rule", "api", "bot", "macro") or pick_text(row, "author_type") in ("rule", "bot")
    ):
        role = "bot"
    text = pick_text(row, "text") or ""
    html = pick_text(row, "body") or ""
    if not text or "front-blockquote" in html or "gmail_quote" in html:
        text = html_to_text(html) or text
    if pick_text(row, "type") == "email":
        text = without_history(text)
    internal = comment or discussion or pick_text(row, "type") in ("internal", "discussion")
    return Draft(role_for(options, role, name), text, _moment(pick(row, "created_at", "posted_at")), name, internal)


FORMAT = Format(
    name="front",
    title="Front messages and comments",
    sniff=_sniff,
    read=_read,
    rank=30,
)
