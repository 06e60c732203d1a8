"""Read Amazon Transcribe Call Analytics: a near-twin of Contact Lens whose turns carry their role.

The role comes from the channel definition that the submitter of the job chose: swapped there, it is swapped here.
"""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import read_records
from frictionlens.readers._json import pick
from frictionlens.readers.contact_lens import ROLES, first_turn, read_contact


def _sniff(head: Head) -> str | None:
    turn = first_turn(head)
    if pick(turn, "ParticipantRole") is None or pick(turn, "Content") is None or "AbsoluteTime" in turn:
        return None
    if "Items" in turn or "LoudnessScores" in turn or pick(head.record, "JobName") is not None:
        return "Transcript[] with ParticipantRole and Items, LoudnessScores or a JobName"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(source, lambda item: read_contact(source, item, options), noun="call")


FORMAT = Format(
    name="transcribe-calls",
    title="Amazon Transcribe Call Analytics",
    sniff=_sniff,
    read=_read,
    rank=29,
    default_roles=ROLES,
    interactions_per_file="one",
)
