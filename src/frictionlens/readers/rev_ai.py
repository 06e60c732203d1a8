"""Read Rev.ai transcripts: monologues whose elements are words and punctuation, joined as they are."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, pick_list, pick_text, text_of
from frictionlens.readers._speech import Phrase, build_call
from frictionlens.readers._times import parse_duration


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(pick_list(head.record, "monologues"))), {})
    return "monologues[].elements[]" if "elements" in first else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), noun="transcript")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    named = {text_of(each.get("id")): pick_text(each, "name") for each in dicts(pick_list(item.value, "speakers"))}
    phrases = []
    for monologue in dicts(pick_list(item.value, "monologues")):
        elements = dicts(pick_list(monologue, "elements"))
        times = [parse_duration(each.get("ts", each.get("timestamp"))) for each in elements]
        ends = [parse_duration(each.get("end_ts", each.get("end_timestamp"))) for each in elements]
        speaker = monologue.get("speaker")
        inline = monologue.get("speaker_name") or named.get(text_of(speaker))
        phrases.append(
            Phrase(
                "".join(value for each in elements if isinstance(value := each.get("value"), str)),
                next((time for time in times if time is not None), None),
                next((time for time in reversed(ends) if time is not None), None),
                inline or speaker,
            )
        )
    return build_call(source, None, phrases, options, where=item.where, language=pick_text(item.value, "language"))


FORMAT = Format(
    name="rev-ai",
    title="Rev.ai transcript",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
