"""Read OpenAI-style chat lines: `{"messages": [{"role", "content"}]}`, one conversation a line, or an array of them.

`assistant` is an AI agent and reads as `bot`; `--role assistant=agent` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._alias import content_text, facts_of, id_of, when_in
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, checked, read_records, role_for
from frictionlens.readers._json import Item, dicts, is_one_list, iter_documents

ROLES: Final[dict[str, Role]] = {
    "user": "customer", "assistant": "bot", "model": "bot", "system": "system", "developer": "system",
    "tool": "system", "function": "system", "ipython": "system",
}  # fmt: skip


def chat_drafts(messages: Any, options: ReadOptions) -> list[Draft]:
    """Read chat messages; a tool call without words keeps its place with an empty text."""
    return [chat_draft(message, options) for message in dicts(messages)]


def chat_draft(message: Mapping[str, Any], options: ReadOptions) -> Draft:
    """Read one chat message."""
    word = message.get("role")
    role = role_of(word, options, ROLES)
    name = message.get("name") if role in ("customer", "agent", "bot") else None
    moment, at = when_in(message, options)
    text = content_text(message.get("content"))
    return Draft(role_for(options, role, name), text, moment, str(name or word or "") or None, at=at)


def is_chat(messages: Any) -> bool:
    """Tell whether a list holds chat messages: roles of this shape, and content, tool calls or none."""
    found = dicts(messages)[:5]
    return bool(found) and all(
        str(each.get("role", "")).casefold() in ROLES
        and ("content" in each or "tool_calls" in each or "function_call" in each)
        for each in found
    )


def _sniff(head: Head) -> str | None:
    record = head.record
    if is_one_list(head) and is_chat(head.json):
        return "array of messages with role and content"
    return "messages[].role and content" if is_chat(record.get("messages")) else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    head = source.head
    if is_one_list(head) and is_chat(head.json):
        yield from checked(source, _bare_list(source, options))
        return
    lists = ("data", "conversations", "examples")
    yield from read_records(source, lambda item: _conversation(source, item, options), *lists, unique=False)


def _bare_list(source: Source, options: ReadOptions) -> Iterator[Record]:
    """Read one conversation that was dumped as its list of messages."""
    for found in iter_documents(source):
        if isinstance(found, Item):
            yield build_interaction(source, None, chat_drafts(found.value, options), where=found.where, channel="chat")
        else:
            yield found


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    facts = facts_of(item.value, options)
    if facts["channel"] == "other":
        facts["channel"] = "chat"
    drafts = chat_drafts(item.value.get("messages"), options)
    return build_interaction(source, id_of(item.value, options), drafts, where=item.where, **facts)


FORMAT = Format(
    name="openai-chat",
    title="OpenAI-style chat messages (JSONL)",
    sniff=_sniff,
    read=_read,
    rank=55,
    default_roles=ROLES,
    splittable=True,
)
