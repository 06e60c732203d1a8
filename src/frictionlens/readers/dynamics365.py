"""Read Dynamics 365 Omnichannel transcripts: an array of messages, or the Dataverse annotations that hold it in base64.

The role is no field: the customer is called `Customer` or writes from a bridged channel, agents join and leave.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, role_for
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import Item, dicts, explode, iter_documents, parse_json, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_time

_CAME_AND_WENT: Final = re.compile(r"^(.{1,60}?) (?:has )?(?:joined|left|ended|accepted|entered)\b", re.I)
_BASE64_JSON: Final = re.compile(r"\s*W3s[A-Za-z0-9+/=\s]+$")
"""Base64 of `[{`, to the end of what is seen."""


def _is_message(record: Any) -> bool:
    if not isinstance(record, dict) or "content" not in record:
        return False
    return ("createdDateTime" in record or "created" in record) and ("from" in record or "isControlMessage" in record)


def _sniff(head: Head) -> str | None:
    if _is_message(head.record) and (isinstance(head.json, list) or head.is_ndjson):
        return "messages with content, createdDateTime and from"
    value = next(iter(dicts(head.record.get("value"))), head.record)
    if pick(value, "documentbody") is not None and str(pick(value, "documentbody")).startswith(
        ("W3s", "WwogIHs", "WyB7", "Ww0K", "77u/")
    ):
        return "annotations whose documentBody is base64 JSON"
    return "base64 of a JSON array" if _BASE64_JSON.match(head.text) else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _transcripts(source, options))


def _transcripts(source: Source, options: ReadOptions) -> Iterator[Record]:
    if _BASE64_JSON.match(source.head.text):
        with source.open() as stream:
            yield _decoded(source, stream.read(), None, "", options)
        return
    loose: list[Any] = []
    for found in iter_documents(source):
        if isinstance(found, Problem):
            yield found
        elif isinstance(found.value, list) and any(_is_message(each) for each in found.value):
            yield _transcript(source, None, found.value, found.where, options)
        elif _is_message(found.value):
            loose.append(found.value)
        else:
            for item in explode(found, "value"):
                yield from _annotation(source, item, options)
    if loose:
        yield _transcript(source, None, loose, "", options)


def _annotation(source: Source, item: Item, options: ReadOptions) -> Iterator[Record]:
    record = item.value
    if isinstance(record, list):
        yield _transcript(source, None, record, item.where, options)
        return
    body = pick_text(record, "documentbody")
    if body is None:
        yield Problem(source.name, item.where, "an annotation without documentBody")
        return
    record_id = pick_text(record, "_objectid_value", "objectid", "annotationid")
    yield _decoded(source, body.encode(), record_id, item.where, options)


def _decoded(source: Source, body: bytes, record_id: str | None, where: str, options: ReadOptions) -> Record:
    try:
        messages = parse_json(base64.b64decode(body))
    except (binascii.Error, ValueError):
        return Problem(source.name, where, "documentBody is not the base64 of a JSON array")
    return _transcript(source, record_id, messages if isinstance(messages, list) else [], where, options)


def _transcript(source: Source, record_id: str | None, messages: list[Any], where: str, options: ReadOptions) -> Record:
    try:
        return build_interaction(source, record_id, _drafts(dicts(messages), options), where=where, channel="chat")
    except BROKEN as error:
        return Problem(source.name, where, f"not messages as Dynamics 365 has them: {type(error).__name__}")


def _tags(message: dict[str, Any]) -> set[str]:
    tags = pick(message, "tags")
    words = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else []
    return {str(word).strip().casefold() for word in words}


def _person(message: dict[str, Any]) -> tuple[str, str | None]:
    sender = pick_dict(message, "from")
    for kind in ("user", "application", "guest", "phone"):
        person = pick_dict(sender, kind)
        if person:
            return kind, pick_text(person, "displayName", "id")
    return "", None


def _drafts(messages: list[dict[str, Any]], options: ReadOptions) -> list[Draft]:
    spoken = [message for message in messages if pick(message, "isControlMessage") is not True]
    came = {
        match[1].strip().casefold()
        for message in spoken
        if "system" in _tags(message) and (match := _CAME_AND_WENT.match(pick_text(message, "content") or ""))
    }
    customers = {
        (name or "").casefold()
        for message in spoken
        for kind, name in (_person(message),)
        if name and _is_customer(message, kind, name, options)
    }
    drafts: list[Draft] = []
    for message in spoken:
        kind, name = _person(message)
        key = (name or "").casefold()
        tags = _tags(message)
        role: Role = "unknown"
        if "system" in tags:
            role = "system"
        elif key in customers:
            role = "customer"
        elif kind == "application":
            role = "bot"
        elif key in came or (customers and kind == "user"):
            role = "agent"
        role = role_for(options, role, name)
        text = (pick_text(message, "content") or "").replace("\\r\\n", "\n").replace("\\n", "\n")
        text = html_to_text(text) if is_html(text) else text
        # Agents whisper among themselves in private; the vendor's own example shows a customer tagged so.
        internal = "private" in tags and role != "customer"
        drafts.append(Draft(role, text, parse_time(pick(message, "createdDateTime", "created")), name, internal))
    return drafts


def _is_customer(message: dict[str, Any], kind: str, name: str, options: ReadOptions) -> bool:
    if role_for(options, "unknown", name) == "customer" or role_of(name, options) == "customer":
        return True
    bridged = (pick_text(message, "deliveryMode") or "").casefold() == "bridged"
    return kind == "user" and bridged and "system" not in _tags(message)


FORMAT = Format(
    name="dynamics365",
    title="Dynamics 365 Omnichannel transcripts",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
