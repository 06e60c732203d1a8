"""Read Azure Speech batch and fast transcriptions: phrases by channel, perhaps by speaker, never by role.

Ticks are 100 ns. Stereo files list one channel after the other, so phrases are put in order of time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import Item, dicts, pick, pick_list, pick_text, text_of
from frictionlens.readers._speech import Phrase, build_call
from frictionlens.readers._times import parse_duration, parse_seconds


def _sniff(head: Head) -> str | None:
    record = head.record
    if pick_list(record, "recognizedPhrases") or pick_list(record, "combinedRecognizedPhrases"):
        return "recognizedPhrases[] and combinedRecognizedPhrases[]"
    first = next(iter(dicts(pick_list(record, "phrases"))), {})
    if (
        pick(first, "offsetMilliseconds", "offsetInTicks") is not None
        and pick(record, "combinedPhrases", "durationMilliseconds") is not None
    ):
        return "phrases[] and combinedPhrases[]: fast transcription"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _call(source, item, options), noun="transcription")


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    phrases = []
    failed = 0
    for each in dicts(pick_list(record, "recognizedPhrases", "phrases")):
        status = pick_text(each, "recognitionStatus")
        if status and status.casefold() != "success":
            failed += 1
            continue
        best = next(iter(dicts(pick_list(each, "nBest"), only=True)), {})
        text = (
            pick_text(best, "display") or pick_text(each, "text", "display") or pick_text(best, "itn", "lexical") or ""
        )
        start = _seconds(each, "offset")
        length = _seconds(each, "duration")
        end = round(start + length, 3) if start is not None and length is not None else None
        speaker = pick(each, "speaker")
        phrases.append(
            Phrase(text, start, end, speaker if speaker is not None else pick(best, "speaker"), pick(each, "channel"))
        )
    if not phrases and not failed:
        combined = dicts(pick_list(record, "combinedRecognizedPhrases", "combinedPhrases"))
        phrases = [Phrase(pick_text(each, "display", "text") or "", channel=pick(each, "channel")) for each in combined]
    language = pick_text(next(iter(dicts(pick_list(record, "recognizedPhrases", "phrases"))), {}), "locale")
    meta = {"phrases_not_recognised": failed, "transcribed_at": pick_text(record, "timestamp")} if failed else {}
    return build_call(source, None, phrases, options, where=item.where, language=language, meta=meta)


def _seconds(phrase: dict[str, Any], name: str) -> float | None:
    """Read `offset` or `duration`, which drift between ticks, milliseconds and ISO durations."""
    milliseconds = pick(phrase, f"{name}Milliseconds")
    if milliseconds is not None:
        return parse_seconds(milliseconds, "ms")
    ticks = pick(phrase, f"{name}InTicks", f"{name}Ticks")
    if ticks is not None:
        return parse_seconds(ticks, "ticks")
    return parse_duration(text_of(pick(phrase, name)))


FORMAT = Format(
    name="azure-speech",
    title="Azure Speech transcription",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
