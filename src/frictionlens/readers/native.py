"""Read native transcript lines: JSONL, one interaction a line (product.md names the contract)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from frictionlens.errors import Problem
from frictionlens.model import ROLES, Interaction
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source

_DECODER = msgspec.json.Decoder(Interaction)


def _sniff(head: Head) -> str | None:
    record = head.record
    turns = record.get("turns")
    if not isinstance(record.get("id"), str) or not isinstance(turns, list) or not turns:
        return None
    # Lines of the same shape with other role words or numbers as ids are read by what their keys mean.
    if all(isinstance(turn, dict) and "text" in turn and turn.get("role") in ROLES for turn in turns[:5]):
        return "lines with id and turns[].role/text"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    for number, line in source.lines():
        try:
            interaction = _DECODER.decode(line)
        except msgspec.ValidationError as error:
            yield Problem(source.name, f"line {number}", str(error), "see `frictionlens schema transcript`")
            continue
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Problem(source.name, f"line {number}", f"not valid JSON: {error}")
            continue
        yield interaction if interaction.source else msgspec.structs.replace(interaction, source=source.name)


FORMAT = Format(
    name="native",
    title="frictionlens transcript lines (JSONL)",
    sniff=_sniff,
    read=_read,
    rank=20,
    splittable=True,
)
