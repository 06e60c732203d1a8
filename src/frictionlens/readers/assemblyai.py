"""Read AssemblyAI transcripts: utterances by speaker or channel, times in milliseconds (the duration in seconds)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, pick_list, pick_text
from frictionlens.readers._speech import Phrase, build_call, phrases_from_words
from frictionlens.readers._times import parse_seconds


def _sniff(head: Head) -> str | None:
    record = head.record
    if "audio_url" in record and ({"utterances", "words", "audio_duration"} & record.keys()):
        return "audio_url with utterances, words or audio_duration"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), "transcripts", noun="transcript")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    if record.get("status") == "error":
        return Problem(source.name, item.where, "the transcription failed: the export holds no text")
    utterances = dicts(pick_list(record, "utterances"))
    words = dicts(pick_list(record, "words"))
    if utterances:
        phrases = [_phrase(each) for each in utterances]
    elif any(word.get("speaker") is not None or word.get("channel") is not None for word in words):
        phrases = phrases_from_words(_phrase(word) for word in words)
    else:
        phrases = [Phrase(pick_text(record, "text") or "", 0.0, parse_seconds(record.get("audio_duration")))]
    return build_call(
        source, pick_text(record, "id"), phrases, options, where=item.where, language=pick_text(record, "language_code")
    )


def _phrase(each: dict[str, Any]) -> Phrase:
    return Phrase(
        pick_text(each, "text") or "",
        parse_seconds(each.get("start"), "ms"),
        parse_seconds(each.get("end"), "ms"),
        each.get("speaker"),
        each.get("channel"),
    )


FORMAT = Format(
    name="assemblyai",
    title="AssemblyAI transcript",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
