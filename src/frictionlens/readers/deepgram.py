"""Read Deepgram transcriptions: utterances where asked for, else paragraphs, else words grouped by speaker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, dig, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._speech import Phrase, build_call, phrases_from_words
from frictionlens.readers._times import parse_seconds


def _sniff(head: Head) -> str | None:
    results = pick_dict(_unwrapped(head.record), "results")
    channels = pick_list(results, "channels")
    if channels and isinstance(channels[0], dict) and "alternatives" in channels[0]:
        return "results.channels[].alternatives[]"
    return None


def _unwrapped(record: dict[str, Any]) -> dict[str, Any]:
    inner = pick_dict(record, "result", "response")
    return inner if "results" in inner else record


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), noun="transcription")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    record = _unwrapped(item.value)
    results = pick_dict(record, "results")
    channels = dicts(pick_list(results, "channels"))
    phrases = [
        _phrase(each, pick_text(each, "transcript") or "", pick(each, "channel") if len(channels) > 1 else None)
        for each in dicts(pick_list(results, "utterances"))
    ]
    if not phrases:
        for number, channel in enumerate(channels):
            alternative = next(iter(dicts(pick_list(channel, "alternatives"))), {})
            phrases += _from_channel(alternative, number if len(channels) > 1 else None)
    metadata = pick_dict(record, "metadata")
    language = pick_text(next(iter(channels), {}), "detected_language")
    meta = {"request_id": pick_text(metadata, "request_id"), "transcribed_at": pick_text(metadata, "created")}
    return build_call(source, None, phrases, options, where=item.where, language=language, meta=meta)


def _phrase(record: dict[str, Any], text: str, channel: Any) -> Phrase:
    return Phrase(
        text, parse_seconds(record.get("start")), parse_seconds(record.get("end")), record.get("speaker"), channel
    )


def _from_channel(alternative: dict[str, Any], channel: Any) -> list[Phrase]:
    paragraphs = dicts(dig(alternative, "paragraphs.paragraphs"))
    words = dicts(pick_list(alternative, "words"))
    speakers = {word.get("speaker") for word in words} - {None}
    if paragraphs and (len(speakers) < 2 or any("speaker" in paragraph for paragraph in paragraphs)):
        return [
            _phrase(
                paragraph,
                " ".join(pick_text(each, "text") or "" for each in dicts(paragraph.get("sentences"))),
                channel,
            )
            for paragraph in paragraphs
        ]
    if words:
        return phrases_from_words(
            _phrase(word, pick_text(word, "punctuated_word", "word") or "", channel) for word in words
        )
    return [Phrase(pick_text(alternative, "transcript") or "", channel=channel)]


FORMAT = Format(
    name="deepgram",
    title="Deepgram transcription",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
