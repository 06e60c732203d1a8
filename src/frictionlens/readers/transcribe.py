"""Read plain Amazon Transcribe jobs: words with a channel or a diarisation label, joined into turns.

The label is not a role: it stays the speaker, and `--role ch_0=agent` says who that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_number


class _Word(NamedTuple):
    label: str | None
    start: float | None
    end: float | None
    text: str
    glued: bool
    """True for punctuation, which follows its word without a space."""


def _sniff(head: Head) -> str | None:
    results = pick_dict(head.record, "results")
    listed = any(key in results for key in ("items", "channel_labels", "speaker_labels", "audio_segments"))
    # The text of a long call stands first and may fill all that a sniffer sees.
    if "transcripts" in results and (listed or "jobName" in head.record):
        return "jobName, results.transcripts and items"
    return "results.items and jobName" if listed and "jobName" in head.record else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _job(source, item, options), noun="transcription job")


def _job(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    results = pick_dict(record, "results")
    words = _words(results)
    drafts = _turns(words, options)
    if not drafts:
        drafts = _segments(results, options)
    if not drafts:
        texts = (pick_text(each, "transcript") for each in dicts(pick(results, "transcripts")))
        drafts = [Draft("unknown", text) for text in texts if text]
    return build_interaction(
        source,
        pick_text(record, "jobName"),
        drafts,
        where=item.where,
        channel="voice",
        ordered=True,
        language=pick_text(results, "language_code"),
        meta={"redacted": pick(record, "isRedacted")},
    )


def _words(results: dict[str, Any]) -> list[_Word]:
    channels = dicts(pick_list(pick_dict(results, "channel_labels"), "channels"))
    if channels:
        listed = [_read_words(pick_list(each, "items"), pick_text(each, "channel_label"), {}) for each in channels]
        words = [word for each in listed for word in each]
    else:
        spoken: dict[str, str] = {}
        for segment in dicts(pick_list(pick_dict(results, "speaker_labels"), "segments")):
            for each in (*dicts(segment.get("items")), segment):
                start, label = (
                    pick_text(each, "start_time"),
                    pick_text(each, "speaker_label") or pick_text(segment, "speaker_label"),
                )
                if start and label:
                    spoken.setdefault(start, label)
        words = _read_words(pick_list(results, "items"), None, spoken)
    # Punctuation has no time of its own: it moves with the word it follows.
    keys: list[tuple[float, int]] = []
    last = 0.0
    for index, word in enumerate(words):
        last = word.start if word.start is not None else last
        keys.append((last, index))
    return [words[index] for _, index in sorted(keys)]


def _read_words(items: list[Any], label: str | None, spoken: dict[str, str]) -> list[_Word]:
    words: list[_Word] = []
    for each in dicts(items):
        best = next(iter(dicts(each.get("alternatives"))), {})
        text = pick_text(best, "content") or ""
        glued = each.get("type") == "punctuation"
        start = pick_text(each, "start_time")
        own = label or pick_text(each, "speaker_label", "channel_label") or spoken.get(start or "")
        if glued and words:
            own = words[-1].label
        if text:
            words.append(_Word(own, parse_number(start), parse_number(pick_text(each, "end_time")), text, glued))
    return words


def _turns(words: list[_Word], options: ReadOptions) -> list[Draft]:
    groups: list[list[_Word]] = []
    for word in words:
        if groups and groups[-1][0].label == word.label:
            groups[-1].append(word)
        else:
            groups.append([word])
    drafts: list[Draft] = []
    for group in groups:
        text = "".join(word.text if word.glued else f" {word.text}" for word in group).strip()
        end = next((word.end for word in reversed(group) if word.end is not None), None)
        start = next((word.start for word in group if word.start is not None), None)
        label = group[0].label
        role: Role = role_of(label, options) if label else "unknown"
        drafts.append(Draft(role, text, speaker=label, at=start, end=end))
    return drafts


def _segments(results: dict[str, Any], options: ReadOptions) -> list[Draft]:
    """Read `audio_segments`, where a job has them without words."""
    drafts: list[Draft] = []
    for each in dicts(pick(results, "audio_segments")):
        label = pick_text(each, "speaker_label", "channel_label")
        start, end = parse_number(pick(each, "start_time")), parse_number(pick(each, "end_time"))
        role: Role = role_of(label, options) if label else "unknown"
        drafts.append(Draft(role, pick_text(each, "transcript") or "", speaker=label, at=start, end=end))
    return drafts


FORMAT = Format(
    name="transcribe",
    title="Amazon Transcribe (channels, speakers)",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
