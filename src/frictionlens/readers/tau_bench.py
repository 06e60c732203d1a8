"""Read tau-bench trajectories: an array of tries of a task, each with its chat messages and its reward.

The customer is a language model that ends with a stop token; nobody said that, so it is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, stem_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dig, pick, pick_text
from frictionlens.readers.openai_chat import ROLES, chat_drafts, is_chat

_STOP: Final = re.compile(r"\s*###(?:STOP|TRANSFER|OUT-OF-SCOPE)###\s*")


def without_stop(draft: Draft) -> Draft:
    """Take the simulator's stop token out of what a customer said."""
    return draft._replace(text=_STOP.sub("", draft.text)) if draft.role == "customer" and "###" in draft.text else draft


def _sniff(head: Head) -> str | None:
    record = head.record
    if isinstance(record.get("traj"), list) and (is_chat(record["traj"]) or not record["traj"]):
        return "traj[].role and content"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _try(source, item, options), "results", "trajectories", noun="trajectory")


def _try(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    drafts = [without_stop(draft) for draft in chat_drafts(record.get("traj"), options)]
    task, trial = pick_text(record, "task_id"), pick_text(record, "trial")
    record_id = f"{stem_of(source)}:{task}:{trial or 0}" if task is not None else None
    meta = {
        "reward": pick(record, "reward"),
        "task_id": task,
        "trial": trial,
        "user_id": dig(record, "info.task.user_id"),
    }
    return build_interaction(source, record_id, drafts, where=item.where, channel="chat", ordered=True, meta=meta)


FORMAT = Format(
    name="tau-bench",
    title="tau-bench trajectories",
    sniff=_sniff,
    read=_read,
    rank=50,
    default_roles=ROLES,
)
