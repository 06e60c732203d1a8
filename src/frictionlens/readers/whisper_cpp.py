"""Read whisper.cpp JSON (`-oj`): segments with offsets in milliseconds, speakers only with stereo diarisation."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, dig, pick_dict, pick_list, pick_text, text_of
from frictionlens.readers._speech import Phrase, build_call
from frictionlens.readers._times import parse_seconds


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(pick_list(head.record, "transcription"))), {})
    if "offsets" in first or "timestamps" in first:
        return "transcription[] with offsets and timestamps"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), noun="transcription")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    phrases = []
    for segment in dicts(pick_list(item.value, "transcription")):
        offsets = pick_dict(segment, "offsets")
        speaker = text_of(segment.get("speaker"))
        if speaker == "?":
            speaker = None
        phrases.append(
            Phrase(
                (pick_text(segment, "text") or "").strip(),
                parse_seconds(offsets.get("from"), "ms"),
                parse_seconds(offsets.get("to"), "ms"),
                speaker,
            )
        )
    language = text_of(dig(item.value, "result.language"))
    return build_call(source, None, phrases, options, where=item.where, language=language)


FORMAT = Format(
    name="whisper-cpp",
    title="whisper.cpp transcription",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
