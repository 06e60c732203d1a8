"""Read Help Scout conversations and pages of threads (newest first: they are put in order of time)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import (
    Draft,
    build_interaction,
    channel_of,
    csat_of,
    read_records,
    role_for,
    without_history,
)
from frictionlens.readers._html import html_to_text
from frictionlens.readers._json import Item, dicts, dig, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_time

_TYPES: Final[dict[str, Role]] = {
    "customer": "customer", "reply": "agent", "message": "agent", "phone": "agent", "note": "agent",
    "forwardparent": "agent", "forwardchild": "customer", "beaconchat": "customer",
}  # fmt: skip
_THREAD_KEYS: Final = frozenset({"type", "createdBy"})


def _is_thread(record: dict[str, Any]) -> bool:
    return record.keys() >= _THREAD_KEYS and ("state" in record or "action" in record or "body" in record)


def _threads(record: dict[str, Any]) -> list[dict[str, Any]]:
    return dicts(dig(record, "_embedded.threads")) or dicts(pick(record, "threads"))


def _sniff(head: Head) -> str | None:
    record = head.record
    listed = next(iter(dicts(dig(record, "_embedded.conversations"))), None) or record
    if _is_thread(next(iter(_threads(listed)), {})):
        return "_embedded.threads[].createdBy"
    if "mailboxId" in listed and ("primaryCustomer" in listed or "number" in listed):
        return "conversation with mailboxId and primaryCustomer"
    return "threads with type and createdBy" if _is_thread(record) and "customer" in record else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), "_embedded.conversations")


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    threads = [record] if _is_thread(record) else _threads(record)
    drafts = [_thread(each, options) for each in threads if pick_text(each, "state") != "draft"]
    if not drafts and not threads:
        preview = pick_text(record, "preview")
        if preview is None and "mailboxId" not in record and "_embedded" not in record and "page" not in record:
            return Problem(source.name, item.where, "no threads found", "export with ?embed=threads")
    link = pick_text(pick_dict(pick_dict(record, "_links"), "self"), "href") or ""
    from_link = link.split("/conversations/", 1)[1].split("/", 1)[0] if "/conversations/" in link else None
    assignee = pick_dict(record, "assignee")
    if not assignee:
        assignee = next((pick_dict(each, "assignedTo") for each in threads if pick_dict(each, "assignedTo")), {})
    team = pick_text(assignee, "first", "id") if pick_text(assignee, "type") == "team" else None
    kind = (
        pick_text(record, "type") or pick_text(pick_dict(threads[0], "source"), "type")
        if threads
        else pick_text(record, "type")
    )
    return build_interaction(
        source,
        pick_text(record, "id", "number") or from_link,
        drafts,
        where=item.where,
        start=parse_time(pick(record, "createdAt")),
        channel=channel_of(kind, "email"),
        agent=None if team else pick_text(assignee, "id", "email"),
        queue=pick_text(record, "mailboxId"),
        team=team,
        tags=pick_list(record, "tags"),
        csat=csat_of(
            pick(pick_dict(record, "rating"), "rating")
            if isinstance(pick(record, "rating"), dict)
            else pick(record, "rating")
        ),
        meta={"subject": pick_text(record, "subject"), "status": pick_text(record, "status")},
    )


def _thread(thread: dict[str, Any], options: ReadOptions) -> Draft:
    kind = (pick_text(thread, "type") or "").casefold()
    author = pick_dict(thread, "createdBy")
    by = (pick_text(author, "type") or "").casefold()
    name = " ".join(filter(None, (pick_text(author, "first"), pick_text(author, "last")))) or pick_text(
        author, "email", "id"
    )
    text = without_history(html_to_text(pick_text(thread, "body") or ""))
    role: Role
    if kind == "lineitem":
        role = "system"
    elif kind == "note":
        role = "agent"
    elif by == "customer" or kind == "customer":
        role = "customer"
    elif kind in ("chat", "beaconchat"):
        role = "agent" if by in ("user", "team") else "bot" if by in ("bot", "ai", "system") else "unknown"
    else:
        role = _TYPES.get(kind, "agent" if by in ("user", "team") else "unknown")
    internal = kind == "note" or pick_text(thread, "state") == "hidden"
    return Draft(role_for(options, role, name), text, parse_time(pick(thread, "createdAt")), name, internal)


FORMAT = Format(
    name="helpscout",
    title="Help Scout conversations and threads",
    sniff=_sniff,
    read=_read,
    rank=30,
)
