"""Recognise what a scan wrote: findings and scores, none of the words they were found in."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source


def _sniff(head: Head) -> str | None:
    record = head.record
    if "schema_version" not in record:
        return None
    if "interaction_id" in record and "contributions" in record:
        return "schema_version, interaction_id and contributions"
    return "schema_version and pack_digest" if "pack_digest" in record else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return iter(())


FORMAT = Format(
    name="scan-results",
    title="results of a scan",
    sniff=_sniff,
    read=_read,
    rank=19,
    not_a_conversation="hold what was found, not what was said; name the transcripts that were scanned",
)
"""Tried first: results carry fields of transcripts too."""
