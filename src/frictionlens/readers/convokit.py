"""Read ConvoKit corpora: the folder, or its utterances alone. Its binary parts are pickles and are never opened.

The docs say `reply_to`, the code writes `reply-to`; older corpora have `user` and `root`. Order is the reply tree.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._alias import facts_of
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, group_rows, role_for
from frictionlens.readers._json import Item, iter_documents, iter_items, pick, pick_dict, pick_text, text_of
from frictionlens.readers._times import parse_moment, parse_number

_META: Final = ("role", "side", "speaker_type", "user_type", "type", "speaker_role", "party", "participant_type")
_FLAGS: Final[Mapping[str, tuple[Role, Role]]] = {
    "is_agent": ("agent", "customer"), "is_staff": ("agent", "customer"), "inbound": ("customer", "agent"),
    "is_customer": ("customer", "agent"), "is_support": ("agent", "customer"),
}  # fmt: skip
_BESIDE: Final = frozenset({"speakers.json", "users.json", "conversations.json", "corpus.json", "index.json"})


def _is_corpus(names: frozenset[str]) -> bool:
    return bool({"utterances.jsonl", "utterances.json"} & names) and bool(_BESIDE & names)


def _is_utterance(record: Mapping[str, Any]) -> bool:
    keys = {str(key).replace("-", "_") for key in record}
    return "reply_to" in keys and "text" in keys and bool({"speaker", "user"} & keys)


def _sniff(head: Head) -> str | None:
    if head.members:
        names = frozenset(each.rsplit("/", 1)[-1] for each in head.members)
        return "folder with utterances and speakers" if _is_corpus(names) else None
    if _is_utterance(head.record) and ("conversation_id" in head.record or "root" in head.record):
        return "utterances with speaker, reply-to and conversation_id"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _corpus(source, options))


def _member(source: Source, *names: str) -> Source | None:
    for name in names:
        for member in source.members:
            if member.name.rsplit("/", 1)[-1] == name:
                return member
    return None


def _metas(source: Source | None) -> Iterator[tuple[str, dict[str, Any]] | Problem]:
    """Yield id and metadata of speakers or conversations; newer corpora wrap them in `meta`."""
    if source is None:
        return
    for found in iter_documents(source):
        if isinstance(found, Problem):
            yield found
        elif isinstance(found.value, dict):
            for key, value in found.value.items():
                if isinstance(value, dict):
                    yield str(key), pick_dict(value, "meta") or value


def _corpus(source: Source, options: ReadOptions) -> Iterator[Record]:
    speakers: dict[str, dict[str, Any]] = {}
    conversations: dict[str, dict[str, Any]] = {}
    for table, names in ((speakers, ("speakers.json", "users.json")), (conversations, ("conversations.json",))):
        for meta in _metas(_member(source, *names)):
            if isinstance(meta, Problem):
                yield meta
            else:
                table[meta[0]] = meta[1]
    utterances = _member(source, "utterances.jsonl", "utterances.json") if source.members else source
    if utterances is None:
        yield Problem(source.name, "", "a corpus without utterances")
        return

    def items() -> Iterator[Item | Problem]:
        yield from iter_items(utterances)

    for found in group_rows(source, items(), lambda row: pick_text(row, "conversation_id", "root")):
        if isinstance(found, Problem):
            yield found
            continue
        name, rows = found
        try:
            facts = conversations.get(name, {})
            yield _conversation(source, name, rows, speakers=speakers, facts=facts, options=options)
        except BROKEN as error:
            yield Problem(source.name, name, f"not utterances as ConvoKit has them: {type(error).__name__}")


def _conversation(
    source: Source,
    name: str,
    rows: list[dict[str, Any]],
    *,
    speakers: Mapping[str, dict[str, Any]],
    facts: dict[str, Any],
    options: ReadOptions,
) -> Record:
    drafts: list[Draft] = []
    for row in _in_tree_order(rows):
        label = pick_text(row, "speaker", "user")
        if label is None:
            label = pick_text(pick_dict(row, "speaker", "user"), "id", "name")
        role = _role(pick_dict(row, "meta"), speakers.get(label or "", {}), label, options)
        clock = pick(row, "timestamp")
        moment = parse_moment(clock)
        at = parse_number(clock) if moment is None else None
        drafts.append(Draft(role, pick_text(row, "text") or "", moment, label, at=at))
    return build_interaction(source, name or None, drafts, ordered=True, **facts_of(facts, options))


def _role(meta: Mapping[str, Any], speaker: Mapping[str, Any], label: str | None, options: ReadOptions) -> Role:
    for holder in (meta, speaker):
        for key in _META:
            role = role_of(text_of(holder.get(key)), options)
            if role != "unknown":
                return role_for(options, role, label)
        for key, (yes, no) in _FLAGS.items():
            value = holder.get(key, holder.get(key.replace("_", "-")))
            if isinstance(value, bool):
                return role_for(options, yes if value else no, label)
    return role_of(label, options)


def _in_tree_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put replies after what they answer; what is free to come next comes in order of time, then of the file."""
    ids = {pick_text(row, "id"): index for index, row in enumerate(rows)}
    children: dict[int | None, list[int]] = {}
    for index, row in enumerate(rows):
        parent = ids.get(pick_text(row, "reply-to", "reply_to"))
        children.setdefault(None if parent == index else parent, []).append(index)
    times: list[float] = []
    for row in rows:
        moment = parse_moment(pick(row, "timestamp"))
        number = parse_number(pick(row, "timestamp"))
        times.append(moment.timestamp() if moment else number if number is not None else float("-inf"))
    order: list[int] = []
    ready = [(times[index], index) for index in children.get(None, [])]
    heapq.heapify(ready)
    while ready:
        _, index = heapq.heappop(ready)
        order.append(index)
        for child in children.get(index, []):
            heapq.heappush(ready, (max(times[child], times[index]), child))
    # What hangs in a circle of replies has no root: it follows in the order of the file.
    placed = set(order)
    return [rows[index] for index in (*order, *(each for each in range(len(rows)) if each not in placed))]


FORMAT = Format(
    name="convokit",
    title="ConvoKit corpora",
    sniff=_sniff,
    read=_read,
    rank=40,
    bundle=_is_corpus,
)
