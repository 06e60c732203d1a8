"""Read what the Whisper family writes as JSON.

That is openai-whisper, whisper-timestamped, WhisperX, faster-whisper, the OpenAI transcription API, and Hugging Face
pipelines with diarisation. Whisper knows no speakers; the diarising ones add labels to segments or to words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import checked, place_id
from frictionlens.readers._json import Item, dicts, iter_documents, pick_list, pick_text
from frictionlens.readers._labels import parse_dialogue
from frictionlens.readers._speech import Phrase, build_call, phrases_from_words
from frictionlens.readers._times import parse_seconds

_SEGMENT_KEYS = {
    "seek",
    "tokens",
    "avg_logprob",
    "no_speech_prob",
    "compression_ratio",
    "temperature",
    "words",
    "confidence",
    "speaker",
    "id",
}
_API_KEYS = {"task", "duration", "usage", "language", "logprobs"}
_API_TEXT = {"text", "segments", "words", "x_groq", "model"}


def _sniff(head: Head) -> str | None:
    value = head.json
    if head.is_ndjson and len(head.first_lines) > 1 and not _are_segments(head.record.get("segments")):
        return None
    if isinstance(value, list):
        return "an array of segments with start, end and text" if _are_segments(value) else None
    record = head.record
    segments = record.get("segments")
    if _are_segments(segments):
        extra = "word_segments: WhisperX" if "word_segments" in record else "Whisper"
        return f"segments[] with start, end and text ({extra})"
    chunks = record.get("chunks")
    if (
        isinstance(chunks, list)
        and chunks
        and isinstance(chunks[0], dict)
        and {"timestamp", "text"} <= chunks[0].keys()
    ):
        return "chunks[] with timestamp and text"
    if isinstance(record.get("text"), str) and _API_KEYS & record.keys() and record.keys() <= _API_KEYS | _API_TEXT:
        return "text with task, duration, usage or language: a transcription API"
    return None


def _are_segments(value: Any) -> bool:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    keys = value[0].keys()
    return {"start", "end", "text"} <= keys and (bool(keys & _SEGMENT_KEYS) or len(keys) == 3) and "role" not in keys


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _calls(source, options))


def _calls(source: Source, options: ReadOptions) -> Iterator[Record]:
    for item in iter_documents(source):
        yield item if isinstance(item, Problem) else _call(source, item, options)


def _call(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value if isinstance(item.value, dict) else {"segments": item.value}
    # `speakers` of Hugging Face pipelines are the diarised segments, `chunks` the same words without labels.
    segments = (
        dicts(pick_list(record, "speakers"))
        or dicts(pick_list(record, "segments"))
        or dicts(pick_list(record, "chunks"))
    )
    language = pick_text(record, "language")
    phrases: list[Phrase] = []
    for segment in segments:
        words = dicts(pick_list(segment, "words"))
        if segment.get("speaker") is None and any(word.get("speaker") is not None for word in words):
            phrases += phrases_from_words(_word(word) for word in words)
        else:
            phrases.append(_segment(segment))
    if not phrases:
        text = pick_text(record, "text") or ""
        dialogue = parse_dialogue(text.splitlines(), options, minimum=2)
        if dialogue.turns:
            return Interaction(
                place_id(source, item.where), tuple(dialogue.turns), source.name, "voice", language=language
            )
        phrases = [Phrase(text, 0.0, parse_seconds(record.get("duration")))]
    return build_call(source, None, phrases, options, where=item.where, language=language)


def _segment(segment: dict[str, Any]) -> Phrase:
    start, end = segment.get("start"), segment.get("end")
    span = segment.get("timestamp")
    if isinstance(span, list) and len(span) == 2:
        start, end = span
    speaker = segment.get("speaker")
    return Phrase(pick_text(segment, "text") or "", parse_seconds(start), parse_seconds(end), speaker)


def _word(word: dict[str, Any]) -> Phrase:
    # Words that could not be aligned have no times; a speaker may be missing too.
    text = pick_text(word, "word", "text") or ""
    return Phrase(text.strip(), parse_seconds(word.get("start")), parse_seconds(word.get("end")), word.get("speaker"))


FORMAT = Format(
    name="whisper",
    title="Whisper, WhisperX and OpenAI transcriptions",
    sniff=_sniff,
    read=_read,
    rank=40,
    interactions_per_file="one",
)
