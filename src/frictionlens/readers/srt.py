"""Read SubRip captions (.srt), in UTF-8 or Latin-1, with empty lines inside a cue."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._cues import Cue
from frictionlens.readers.webvtt import interaction_from_cues

_TIMES = re.compile(r"(?m)^\s*\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}\s*-->\s*\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}")


def _sniff(head: Head) -> str | None:
    if re.match(r"\s*(?:\d+\s*\r?\n)?\s*\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}\s*-->", head.text):
        return "numbered cues with 00:00:00,000 --> times"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    import srt

    # The library logs what it skips, which is what people said; broken cues are counted below instead.
    logging.getLogger("srt").disabled = True
    with source.text() as stream:
        text = stream.read().lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    cues = [
        Cue(cue.start.total_seconds(), cue.end.total_seconds(), tuple(cue.content.splitlines()))
        for cue in srt.parse(text, ignore_errors=True)
    ]
    yield from interaction_from_cues(source, cues, options, arrows=sum(1 for _ in _TIMES.finditer(text)))


FORMAT = Format(
    name="srt",
    title="SubRip captions",
    sniff=_sniff,
    read=_read,
    rank=13,
    interactions_per_file="one",
)
