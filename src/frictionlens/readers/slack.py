"""Read Slack exports: a folder or zip with users.json and one file per channel and day, or such a file alone.

A thread is one interaction; what is said in a channel outside of threads is another. The file is never one: days are
cut at midnight. Agents and customers are told by the domain of their e-mail (`--agent-domain`), or mapped by name.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, stem_of
from frictionlens.readers._build import Draft, build_interaction, checked
from frictionlens.readers._json import dicts, dig, iter_items, pick_dict, pick_list, pick_text, text_of
from frictionlens.readers._labels import label_role
from frictionlens.readers._times import parse_epoch

_LISTS = {"channels.json", "groups.json", "dms.json", "mpims.json"}
_OWN = _LISTS | {
    "users.json",
    "integration_logs.json",
    "canvases.json",
    "lists.json",
    "huddle_transcripts.json",
    "file_conversations.json",
}
_MARK = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_TS = re.compile(r"\d{9,11}\.\d{3,6}")


def _bundle(names: frozenset[str]) -> bool:
    return "users.json" in names and bool(names & _LISTS)


def _sniff(head: Head) -> str | None:
    if head.members:
        names = {re.split(r"[/!]", name)[-1] for name in head.members}
        return "a folder with users.json and channels.json" if _bundle(frozenset(names)) else None
    value = head.json
    if isinstance(value, dict):
        value = value.get("messages")
    first = next(iter(dicts(value)), {})
    if first.get("type") == "message" and _TS.fullmatch(str(first.get("ts", ""))):
        return "messages with type and a ts like 1458980525.000012"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _conversations(source, options))


def _conversations(source: Source, options: ReadOptions) -> Iterator[Record]:
    people: dict[str, dict[str, Any]] = {}
    channels: defaultdict[str, list[Source]] = defaultdict(list)
    for member in source.members or (source,):
        parts = re.split(r"[/!]", member.name)
        if source.members and parts[-1] == "users.json":
            for item in iter_items(member):
                if isinstance(item, Problem):
                    yield item
                elif isinstance(item.value, dict) and (key := pick_text(item.value, "id")):
                    people[key] = item.value
        elif not source.members or (parts[-1] not in _OWN and parts[-1].endswith(".json")):
            channels[parts[-2] if len(parts) > 1 else stem_of(member)].append(member)
    for channel, files in channels.items():
        yield from _channel(source, channel, files, people, options)


def _channel(
    source: Source, channel: str, files: list[Source], people: dict[str, dict[str, Any]], options: ReadOptions
) -> Iterator[Record]:
    threads: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in files:
        for item in iter_items(file, "messages"):
            if isinstance(item, Problem):
                yield item
            elif not isinstance(item.value, dict) or not {"ts", "text", "user"} & item.value.keys():
                yield Problem(file.name, item.where, "not a message: an object with ts, user and text was expected")
            else:
                threads[text_of(item.value.get("thread_ts")) or ""].append(item.value)
    for thread, messages in sorted(threads.items()):
        if thread and len(messages) == 1:
            # The root of a thread whose answers are gone is an ordinary message.
            threads[""] += messages
    for thread, messages in sorted(threads.items()):
        if messages and (not thread or len(messages) > 1):
            drafts = [_draft(message, people, options) for message in messages]
            name = f"{channel}:{thread}" if thread else channel
            yield build_interaction(source, name, drafts, channel="messaging", queue=channel)


def _draft(message: dict[str, Any], people: dict[str, dict[str, Any]], options: ReadOptions) -> Draft:
    user = pick_text(message, "user", "bot_id")
    person = people.get(user or "", {})
    profile = pick_dict(person, "profile") or pick_dict(message, "user_profile")
    name = (
        pick_text(profile, "display_name", "real_name")
        or pick_text(person, "real_name", "name")
        or pick_text(message, "username")
        or user
    )
    role = _role(message, person, profile, (user, name), options)
    return Draft(role, _plain(_words(message), people), parse_epoch(message.get("ts"), "s"), name)


def _role(
    message: dict[str, Any],
    person: dict[str, Any],
    profile: dict[str, Any],
    labels: tuple[str | None, ...],
    options: ReadOptions,
) -> Role:
    for label in labels:
        mapped = options.roles.get(label.casefold()) if label else None
        if mapped:
            return mapped
    subtype = pick_text(message, "subtype") or ""
    if subtype == "bot_message" or person.get("is_bot") is True or (message.get("bot_id") and not message.get("user")):
        return "bot"
    if subtype and subtype not in ("thread_broadcast", "file_share", "me_message", "reply_broadcast", "file_comment"):
        return "system"
    domain = (pick_text(profile, "email") or "").rpartition("@")[2].casefold()
    if options.agent_domains and domain:
        return "agent" if domain in {each.casefold() for each in options.agent_domains} else "customer"
    return label_role(labels[-1] or "", options)


def _words(message: dict[str, Any]) -> str:
    """Return what a message says: its text, else that of its attachments, else that of its blocks."""
    text = message.get("text")
    if isinstance(text, str) and text.strip():
        return text
    parts = [pick_text(each, "text", "fallback", "pretext") or "" for each in dicts(pick_list(message, "attachments"))]
    if not any(parts):
        blocks = dicts(pick_list(message, "blocks"))
        parts = [text_of(dig(block, "text.text")) or _elements(block, 0) for block in blocks]
    return "\n".join(part for part in parts if part)


def _elements(block: Any, depth: int) -> str:
    if depth > 8 or not isinstance(block, dict):
        return ""
    own = block.get("text") if isinstance(block.get("text"), str) else ""
    return str(own) + "".join(_elements(each, depth + 1) for each in dicts(pick_list(block, "elements")))


def _plain(text: str, people: dict[str, dict[str, Any]]) -> str:
    """Write `<@U123>` as a name and `<url|label>` as its label, and decode entities."""

    def spoken(match: re.Match[str]) -> str:
        kind, target, label = match[1], match[2], match[3]
        if kind == "@":
            person = people.get(target, {})
            known = pick_text(pick_dict(person, "profile"), "display_name", "real_name") or pick_text(person, "name")
            return f"@{label or known or target}"
        return f"{kind}{label or target}" if kind else (label or target)

    return html.unescape(_MARK.sub(spoken, text)) if "<" in text or "&" in text else text


FORMAT = Format(
    name="slack",
    title="Slack export",
    sniff=_sniff,
    read=_read,
    rank=25,
    bundle=_bundle,
)
