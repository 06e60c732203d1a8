"""Recognise what a scan wrote: findings and scores, none of the words they were found in."""

from __future__ import annotations

from frictionlens.readers._base import Format, Head, read_nothing


def _sniff(head: Head) -> str | None:
    record = head.record
    if "schema_version" not in record:
        return None
    if "interaction_id" in record and "contributions" in record:
        return "schema_version, interaction_id and contributions"
    return "schema_version and pack_digest" if "pack_digest" in record else None


FORMAT = Format(
    name="scan-results",
    title="results of a scan",
    sniff=_sniff,
    read=read_nothing,
    rank=19,
    not_a_conversation="hold what was found, not what was said; name the transcripts that were scanned",
)
"""Tried first: results carry fields of transcripts too."""
