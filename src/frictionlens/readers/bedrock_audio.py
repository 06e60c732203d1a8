"""Read the standard audio output of Amazon Bedrock Data Automation: segments with a speaker label and no role."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, read_records
from frictionlens.readers._json import Item, dicts, pick, pick_dict, pick_text
from frictionlens.readers._times import parse_seconds


def _sniff(head: Head) -> str | None:
    record = head.record
    modality = pick_text(pick_dict(record, "metadata"), "semantic_modality") or ""
    if modality.upper() == "AUDIO" and ("audio_segments" in record or "audio" in record):
        return "metadata.semantic_modality AUDIO with audio_segments"
    first = next(iter(dicts(record.get("audio_segments"))), {})
    return "audio_segments[] with start_timestamp_millis" if "start_timestamp_millis" in first else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: _audio(source, item, options), noun="audio result")


def _audio(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    metadata = pick_dict(record, "metadata")
    drafts: list[Draft] = []
    language = None
    for segment in dicts(pick(record, "audio_segments")):
        language = language or pick_text(segment, "language")
        label = pick_text(pick_dict(segment, "speaker"), "speaker_label", "speaker_id", "speaker_name")
        label = label or pick_text(pick_dict(segment, "channel"), "channel_label", "channel_id")
        role: Role = role_of(label, options) if label else "unknown"
        start = parse_seconds(pick(segment, "start_timestamp_millis"), "ms")
        end = parse_seconds(pick(segment, "end_timestamp_millis"), "ms")
        drafts.append(Draft(role, pick_text(segment, "text") or "", speaker=label, at=start, end=end))
    if not drafts:
        transcript = pick_dict(pick_dict(pick_dict(record, "audio"), "transcript"), "representation")
        drafts = [Draft("unknown", text) for text in (pick_text(transcript, "text"),) if text]
    return build_interaction(
        source,
        pick_text(metadata, "asset_id_string") or None,
        drafts,
        where=item.where,
        channel="voice",
        joined=True,
        language=language,
        meta={"duration_ms": pick(metadata, "duration_millis")},
    )


FORMAT = Format(
    name="bedrock-audio",
    title="Amazon Bedrock Data Automation (audio)",
    sniff=_sniff,
    read=_read,
    rank=30,
    interactions_per_file="one",
)
