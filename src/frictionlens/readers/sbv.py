"""Read SubViewer captions (.sbv): what YouTube and Google Meet write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._cues import Cue
from frictionlens.readers._times import parse_duration
from frictionlens.readers.webvtt import interaction_from_cues

_TIMES = re.compile(r"(?m)^(\d{1,2}:\d{2}:\d{2}\.\d{3}),(\d{1,2}:\d{2}:\d{2}\.\d{3})[ \t]*$")


def _sniff(head: Head) -> str | None:
    return "cues below 0:00:00.000,0:00:00.000 times" if _TIMES.match(head.text.lstrip()) else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    problems: list[Problem] = []
    text = source.whole_text(problems)
    yield from problems
    # One split by a pattern with two groups: before, start, end, text, start, end, text …
    parts = _TIMES.split(text)
    cues = [
        Cue(parse_duration(start) or 0.0, parse_duration(end) or 0.0, said.strip().splitlines())
        for start, end, said in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    ]
    yield from interaction_from_cues(source, cues, options, arrows=len(cues))


FORMAT = Format(
    name="sbv",
    title="SubViewer captions (YouTube, Google Meet)",
    sniff=_sniff,
    read=_read,
    rank=14,
    interactions_per_file="one",
)
