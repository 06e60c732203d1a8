"""Read the Zendesk conversation log (messaging): events whose author says what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._alias import content_text
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import BROKEN, Draft, build_interaction, card_text, checked, group_rows, role_for
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import Item, dicts, iter_items, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_time

_ROLES: Final[dict[str, Role]] = {
    "user": "customer", "end-user": "customer", "business": "agent", "agent": "agent", "bot": "bot",
    "system": "system",
    "trigger": "bot",
}  # fmt: skip


def _is_event(record: dict[str, Any]) -> bool:
    author = pick_dict(record, "author")
    if any(str(key).startswith("zen:") for key in author):
        return True
    return str(record.get("type", "")).startswith("Messaging::") or str(record.get("reference", "")).startswith("zen:")


def _sniff(head: Head) -> str | None:
    record = head.record
    first = next((each for each in dicts(record.get("events"))[:5] if _is_event(each)), None)
    if first is not None or _is_event(record):
        return "events[].author with zen: ids, or type Messaging::…"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _logs(source, options))


def _logs(source: Source, options: ReadOptions) -> Iterator[Record]:
    def events() -> Iterator[Item | Problem]:
        for found in iter_items(source, "conversations"):
            if isinstance(found, Problem) or not isinstance(found.value, dict) or "events" not in found.value:
                yield found
                continue
            name = pick_text(found.value, "ticket_id", "conversation_id", "id") or found.where
            yield from (Item({"_log": name, **each}, found.where) for each in dicts(found.value.get("events")))

    def log(row: dict[str, Any]) -> str | None:
        return (
            pick_text(row, "ticket_id", "conversation_id")
            or pick_text(pick_dict(row, "metadata"), "ticket_id")
            or row.get("_log")
        )

    for found in group_rows(source, events(), log):
        if isinstance(found, Problem):
            yield found
            continue
        name, rows = found
        try:
            drafts = [_draft(row, options) for row in rows]
            agent = next((draft.speaker for draft in drafts if draft.role == "agent"), None)
            placed = not name or " " in name
            yield build_interaction(
                source, None if placed else name, drafts, where=name if placed else "", channel="messaging", agent=agent
            )
        except BROKEN as error:
            yield Problem(source.name, name, f"not events as Zendesk has them: {type(error).__name__}")


def _draft(event: dict[str, Any], options: ReadOptions) -> Draft:
    author = pick_dict(event, "author")
    word = pick_text(author, "type")
    name = (
        pick_text(author, "display_name", "name")
        or pick_text(author, "zen:support:user_id", "zen:sunco:user_id")
        or word
    )
    role = role_for(options, role_of(word, options, _ROLES), name)
    kind = pick_text(event, "type") or ""
    content = pick(event, "content")
    text = content_text(content) or (card_text(content) if isinstance(content, dict) else "")
    if isinstance(content, dict) and not text:
        text = pick_text(content, "html_body", "plain_body") or ""
    text = html_to_text(text) if is_html(text) else text
    internal = pick(event, "public") is False or (isinstance(content, dict) and pick(content, "public") is False)
    if not text and kind not in ("Comment", "Messaging::ConversationMessage"):
        role = "system"
    return Draft(role, text, parse_time(pick(event, "created_at", "received_at")), name, internal)


FORMAT = Format(
    name="zendesk-log",
    title="Zendesk conversation log (messaging)",
    sniff=_sniff,
    read=_read,
    rank=29,
    default_roles=_ROLES,
)
