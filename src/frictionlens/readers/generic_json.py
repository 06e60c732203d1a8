"""Read JSON of no known product whose turns can be told by their keys: who spoke, what was said, when.

A conversation is an object with a list of turns, a bare list of turns, or messages that name their conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.errors import Problem
from frictionlens.readers._alias import (
    draft_of,
    drafts_of,
    facts_of,
    group_of,
    id_of,
    is_turn,
    people_of,
    texts_of,
    turns_of,
)
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked
from frictionlens.readers._json import Item, explode, is_one_list, iter_documents, iter_items
from frictionlens.readers._labels import parse_dialogue

_WRAPPERS = (
    "conversations", "data", "records", "results", "dialogs", "dialogues", "interactions", "calls", "chats", "items",
    "sessions", "value", "values", "payload", "tickets", "threads", "callTranscripts", "transcripts", "train", "test",
)  # fmt: skip


def _sniff(head: Head) -> str | None:
    value = head.json
    if value is None:
        return None
    options = ReadOptions()
    if is_one_list(head) and sum(is_turn(each) for each in value[:5]) >= min(2, len(value)) > 0:
        return "array of turns: who spoke and what was said"
    record = head.record
    for candidate in (record, *_inside(record)):
        found = turns_of(candidate, options)
        if found:
            return f"{found[0]}[] of turns: who spoke and what was said"
        text = texts_of(candidate)
        if text and parse_dialogue(text.splitlines()[:50], options, minimum=2).turns:
            return "a transcript of labelled lines in one value"
    if name := _list_of_turns(record, options):
        return f"{name}[] of turns: who spoke and what was said"
    return None


def _list_of_turns(record: dict[str, Any], options: ReadOptions) -> str | None:
    """Return the wrapper whose list holds the turns themselves, as a page of messages has them."""
    for name in _WRAPPERS:
        value = record.get(name)
        if isinstance(value, list) and sum(is_turn(each, options) for each in value[:5]) >= min(2, len(value)) > 0:
            return name
    return None


def _inside(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _WRAPPERS:
        value = record.get(name)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield value[0]


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    head = source.head
    if is_one_list(head) and any(is_turn(each, options) for each in head.json[:5]):
        return checked(source, _from_list(source, options), unique=False)
    return checked(source, _from_records(source, options), unique=False)


def _from_list(source: Source, options: ReadOptions) -> Iterator[Record]:
    for found in iter_documents(source):
        if isinstance(found, Problem):
            yield found
        else:
            yield from _grouped(
                source, found.value if isinstance(found.value, list) else [found.value], found.where, options
            )


def _grouped(
    source: Source, rows: list[Any], where: str, options: ReadOptions, record: dict[str, Any] | None = None
) -> Iterator[Record]:
    """Read a list of turns: one conversation, or several where the turns name theirs.

    Args:
        source: where they are from.
        rows: the turns.
        where: the place in the file.
        options: what the user said.
        record: the object that holds the list, which may say more of the only conversation in it.
    """
    groups: dict[str | None, list[Any]] = {}
    for row in rows:
        groups.setdefault(group_of(row, options), []).append(row)
    people = people_of(record, options) if record else {}
    for number, (name, turns) in enumerate(groups.items(), 1):
        facts = facts_of(turns[0], options) if isinstance(turns[0], dict) else {}
        facts.pop("start", None)
        own = None
        if record and len(groups) == 1:
            facts |= {key: each for key, each in facts_of(record, options).items() if each not in (None, "other")}
            own = id_of(record, options)
        place = where if len(groups) == 1 else f"{where} group {number}"
        yield build_interaction(source, name or own, drafts_of(turns, options, people), where=place, **facts)


def _from_records(source: Source, options: ReadOptions) -> Iterator[Record]:
    for found in iter_items(source, if_huge=_WRAPPERS):
        if isinstance(found, Problem):
            yield found
            continue
        if not isinstance(found.value, dict):
            yield Problem(source.name, found.where, "not a conversation: an object was expected")
            continue
        # A wrapper's list is looked into only where the object itself holds no turns: `conversations` may be either.
        own = turns_of(found.value, options)
        wrapper = None if own else _list_of_turns(found.value, options)
        if wrapper:
            yield from _grouped(source, found.value[wrapper], found.where, options, found.value)
            continue
        if own and id_of(found.value, options) is None and len({group_of(row, options) for row in own[1]}) > 1:
            yield from _grouped(source, own[1], found.where, options)
            continue
        for item in [found] if own else explode(found, *_WRAPPERS):
            try:
                yield _conversation(source, item, own or _turns_in(item.value, options), options)
            except BROKEN as error:
                yield Problem(source.name, item.where, f"not a conversation: {type(error).__name__}")


def _turns_in(record: Any, options: ReadOptions) -> tuple[str, list[Any]] | None:
    return turns_of(record, options) if isinstance(record, dict) else None


def _conversation(source: Source, item: Item, found: tuple[str, list[Any]] | None, options: ReadOptions) -> Record:
    record = item.value
    if not isinstance(record, dict):
        return Problem(source.name, item.where, "not a conversation: an object was expected")
    if found is not None:
        drafts = drafts_of(found[1], options, people_of(record, options))
    elif text := texts_of(record):
        dialogue = parse_dialogue(text.splitlines(), options).turns
        drafts = [Draft(each.role, each.text, speaker=each.speaker, at=_seconds(each.at)) for each in dialogue]
    else:
        single = draft_of(record, options)
        what = "one message without a conversation" if single else "no list of turns found"
        return Problem(source.name, item.where, what, "--map turns=KEY names the list, --map text=KEY the words")
    name = id_of(record, options) or (group_of(found[1][0], options) if found else None)
    return build_interaction(source, name, drafts, where=item.where, **facts_of(record, options))


def _seconds(at: float | str | None) -> float | None:
    return at if isinstance(at, float) else None


FORMAT = Format(
    name="generic-json",
    title="JSON with turns (role or speaker, text or message)",
    sniff=_sniff,
    read=_read,
    rank=60,
    splittable=True,
)
