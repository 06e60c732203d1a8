"""Read Speechmatics transcripts (json-v2): words and punctuation with a speaker (`S1`) or a channel."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, dig, pick_list, pick_text, text_of
from frictionlens.readers._speech import Phrase, build_call, phrases_from_words
from frictionlens.readers._times import parse_seconds


def _sniff(head: Head) -> str | None:
    first = next(iter(dicts(pick_list(head.record, "results"))), {})
    alternative = next(iter(dicts(pick_list(first, "alternatives"))), {})
    if "content" in alternative and "start_time" in first and "type" in first:
        return "results[] of words with alternatives[].content"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), noun="transcript")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    words = []
    for each in dicts(pick_list(item.value, "results")):
        best = next(iter(dicts(pick_list(each, "alternatives"))), {})
        speaker = pick_text(best, "speaker") or pick_text(each, "speaker")
        words.append(
            Phrase(
                pick_text(best, "content") or "",
                parse_seconds(each.get("start_time")),
                parse_seconds(each.get("end_time")),
                None if speaker == "UU" else speaker,
                each.get("channel"),
            )
        )
    language = text_of(dig(item.value, "metadata.transcription_config.language"))
    job = text_of(dig(item.value, "job.id"))
    return build_call(source, job, phrases_from_words(words), options, where=item.where, language=language)


FORMAT = Format(
    name="speechmatics",
    title="Speechmatics transcript",
    sniff=_sniff,
    read=_read,
    rank=31,
    interactions_per_file="one",
)
