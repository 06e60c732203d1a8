"""Read tau2-bench results: simulations with their messages; runs in full duplex have `ticks` and may hold no text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.model import Role, Turn
from frictionlens.readers._alias import content_text
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, join_runs, role_of, stem_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_time
from frictionlens.readers.openai_chat import ROLES
from frictionlens.readers.tau_bench import without_stop


def _is_simulation(record: Any) -> bool:
    return isinstance(record, dict) and "task_id" in record and ("messages" in record or "ticks" in record)


def _sniff(head: Head) -> str | None:
    record = head.record
    if any(_is_simulation(each) for each in dicts(record.get("simulations"))[:1]):
        return "simulations[].messages or ticks"
    if _is_simulation(record) and ("termination_reason" in record or "reward_info" in record):
        return "simulation with task_id, messages and termination_reason"
    if "simulations" not in record and {"tasks", "info", "timestamp"} <= record.keys():
        # The tasks stand before the simulations and may fill all that a sniffer sees.
        return "timestamp, info and tasks (simulations come after)"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _simulation(source, item, options), "simulations", noun="simulation")


def _simulation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    drafts = [_draft(message, options) for message in _messages(record)]
    if not any(draft.text for draft in drafts):
        drafts += _from_ticks(record, options)
    task, trial = pick_text(record, "task_id"), pick_text(record, "trial")
    record_id = pick_text(record, "id") or (f"{stem_of(source)}:{task}:{trial or 0}" if task is not None else None)
    voice = ("ticks" in record and record.get("ticks")) or pick_text(record, "mode") == "full_duplex"
    return build_interaction(
        source,
        record_id,
        [without_stop(draft) for draft in drafts],
        where=item.where,
        start=parse_time(pick(record, "start_time", "timestamp")),
        channel="voice" if voice else "chat",
        ordered=True,
        meta={
            "reward": pick(pick_dict(record, "reward_info"), "reward"),
            "task_id": task,
            "trial": trial,
            "termination_reason": pick_text(record, "termination_reason"),
        },
    )


def _messages(record: dict[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for message in dicts(record.get("messages")):
        # Several tool results come as one message that holds them.
        messages += dicts(message.get("tool_messages")) or [message]
    return messages


def _draft(message: dict[str, Any], options: ReadOptions) -> Draft:
    word = pick_text(message, "role") or ""
    return Draft(
        role_of(word, options, ROLES), content_text(message.get("content")), parse_time(message.get("timestamp")), word
    )


def _from_ticks(record: dict[str, Any], options: ReadOptions) -> list[Draft]:
    turns: list[Turn] = []
    for tick in dicts(record.get("ticks")):
        for key, word in (("user_chunk", "user"), ("agent_chunk", "assistant")):
            chunk = tick.get(key)
            text = content_text(chunk).strip() if chunk else ""
            if text:
                role: Role = role_of(word, options, ROLES)
                turns.append(Turn(role=role, text=text, speaker=word))
    return [Draft(turn.role, turn.text, speaker=turn.speaker) for turn in join_runs(turns)]


FORMAT = Format(
    name="tau2-bench",
    title="tau2-bench simulations",
    sniff=_sniff,
    read=_read,
    rank=49,
    default_roles=ROLES,
)
