"""Read Google Speech-to-Text results.

With diarisation the last result repeats the whole transcript with speaker tags: that one alone is read,
or every word would count twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._speech import Phrase, build_call, phrases_from_words
from frictionlens.readers._times import parse_duration, parse_seconds


def _results(record: dict[str, Any]) -> list[dict[str, Any]]:
    for holder in (record, pick_dict(record, "response"), pick_dict(record, "transcript")):
        found = dicts(pick_list(holder, "results"))
        if found:
            return found
    return []


def _sniff(head: Head) -> str | None:
    first = next((each for each in _results(head.record) if "alternatives" in each), {})
    alternative = next(iter(dicts(pick_list(first, "alternatives"))), {})
    # Speechmatics and Rev have alternatives too, but of single words.
    if "transcript" in alternative and "type" not in first:
        return "results[].alternatives[].transcript"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), noun="recognition result")


def _seconds(value: Any) -> float | None:
    if isinstance(value, dict):
        return (parse_seconds(value.get("seconds")) or 0.0) + (parse_seconds(value.get("nanos")) or 0.0) / 1e9
    return parse_duration(value)


def _speaker(word: dict[str, Any]) -> Any:
    tag = pick(word, "speakerTag", "speakerLabel")
    return None if tag in (0, "0", "") else tag


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    results = _results(item.value)
    phrases: list[Phrase] = []
    tagged = [result for result in results if any(_speaker(word) is not None for word in _words(result))]
    for result in tagged[-1:] or results:
        alternative = next(iter(dicts(pick_list(result, "alternatives"))), {})
        words = _words(result)
        channel = pick(result, "channelTag")
        if tagged:
            phrases += phrases_from_words(
                Phrase(pick_text(word, "word") or "", _seconds(pick(word, "startTime", "startOffset")),
                       _seconds(pick(word, "endTime", "endOffset")), _speaker(word), channel)
                for word in words
            )  # fmt: skip
        else:
            start = _seconds(pick(words[0], "startTime", "startOffset")) if words else None
            end = _seconds(pick(words[-1], "endTime", "endOffset")) if words else None
            end = end if end is not None else _seconds(pick(result, "resultEndTime", "resultEndOffset"))
            phrases.append(Phrase(pick_text(alternative, "transcript") or "", start, end, None, channel))
    language = pick_text(next(iter(results), {}), "languageCode")
    return build_call(source, None, phrases, options, where=item.where, language=language)


def _words(result: dict[str, Any]) -> list[dict[str, Any]]:
    return dicts(pick_list(next(iter(dicts(pick_list(result, "alternatives"))), {}), "words"))


FORMAT = Format(
    name="google-stt",
    title="Google Speech-to-Text results",
    sniff=_sniff,
    read=_read,
    rank=35,
    interactions_per_file="one",
)
