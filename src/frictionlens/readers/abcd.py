"""Read the ABCD corpus (Action-Based Conversations Dataset): turns are pairs of speaker and text; actions are events.

The full file has its conversations under `train`, `dev` and `test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick_dict, pick_list, pick_text, text_of

_ROLES: Final[dict[str, Role]] = {"agent": "agent", "customer": "customer", "action": "system"}
_PARTS: Final = ("train", "dev", "test")


def _sniff(head: Head) -> str | None:
    listed = (next(iter(dicts(head.record.get(part))), None) for part in _PARTS)
    record = next((each for each in listed if each is not None), head.record)
    if "convo_id" in record and ("original" in record or "delexed" in record or "scenario" in record):
        return "convo_id, scenario and original[] pairs"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _conversation(source, item, options), *_PARTS)


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    pairs = [(each[0], each[1]) for each in pick_list(record, "original") if isinstance(each, list) and len(each) == 2]
    pairs = pairs or [(each.get("speaker"), each.get("text")) for each in dicts(record.get("delexed"))]
    drafts = [Draft(role_of(who, options, _ROLES), text_of(said) or "", speaker=text_of(who)) for who, said in pairs]
    scenario = pick_dict(record, "scenario")
    return build_interaction(
        source,
        pick_text(record, "convo_id"),
        drafts,
        where=item.where,
        channel="chat",
        tags=[pick_text(scenario, "flow"), pick_text(scenario, "subflow")],
    )


FORMAT = Format(
    name="abcd",
    title="ABCD (Action-Based Conversations Dataset)",
    sniff=_sniff,
    read=_read,
    rank=40,
    default_roles=_ROLES,
)
