"""Recognise Amazon Connect evaluation forms, which hold scores of a contact and none of its words."""

from __future__ import annotations

from frictionlens.readers._base import Format, Head, read_nothing
from frictionlens.readers._json import pick_dict


def _sniff(head: Head) -> str | None:
    record = head.record
    if "evaluationId" in record and ("schemaVersion" in record or "questions" in record):
        return "schemaVersion and evaluationId"
    return "metadata.evaluationDefinitionId" if "evaluationDefinitionId" in pick_dict(record, "metadata") else None


FORMAT = Format(
    name="connect-evaluation",
    title="Amazon Connect evaluation form",
    sniff=_sniff,
    read=read_nothing,
    rank=28,
    interactions_per_file="one",
    not_a_conversation="holds the scores of a contact, not its words; scan the transcript of the contact that it names",
)
