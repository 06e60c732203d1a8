"""Read WebVTT captions: Teams, Zoom, Stream, Meet, YouTube, and what speech-to-text tools write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, stem_of
from frictionlens.readers._cues import Cue, seconds_of, turns_from_cues

_STAMP = r"(?:(\d{1,10}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}")
"""Some writers use the comma of SRT."""


def _sniff(head: Head) -> str | None:
    return "the first line is WEBVTT" if re.match(r"\s*WEBVTT(?:[\s-]|$)", head.text) else None


def interaction_from_cues(
    source: Source, cues: list[Cue], options: ReadOptions, *, arrows: int, language: str | None = None
) -> Iterator[Record]:
    """Yield the interaction that cues make, and a problem where some could not be read.

    Args:
        source: the caption file: one interaction, named after it.
        cues: what was read.
        options: the user's roles.
        arrows: how many timing lines the file has.
        language: what its header says.
    """
    if arrows > len(cues):
        yield Problem(source.name, "", f"{arrows - len(cues)} of {arrows} cues could not be read: broken times")
    turns, carried = turns_from_cues(cues, options)
    if turns:
        meta = {"cues_given_to_last_speaker": carried} if carried else {}
        yield Interaction(stem_of(source), tuple(turns), source.name, "voice", language=language, meta=meta)


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    problems: list[Problem] = []
    text = source.whole_text(problems).lstrip(" \n\t")
    yield from problems
    if not text.startswith("WEBVTT"):
        yield Problem(source.name, "", "not a WebVTT file: its first line is not WEBVTT")
        return
    header, _, _ = text.partition("\n\n")
    language = re.search(r"(?im)^Language:\s*([\w-]+)", header)
    cues, arrows = _cues(text)
    yield from interaction_from_cues(source, cues, options, arrows=arrows, language=language[1] if language else None)


def _cues(text: str) -> tuple[list[Cue], int]:
    """Return the cues, and how many lines look like the times of one.

    A cue goes on to the next empty line or arrow.
    """
    cues: list[Cue] = []
    lines: list[str] | None = None
    arrows = 0
    for line in text.split("\n"):
        if "-->" in line:
            arrows += 1
            times = _TIMES.match(line)
            lines = None
            if times:
                lines = []
                hours, minutes, seconds, part, *end = times.groups()
                cues.append(Cue(seconds_of(hours, minutes, seconds, part), seconds_of(*end), lines))
        elif not line:
            lines = None
        elif lines is not None:
            lines.append(line)
    return cues, arrows


FORMAT = Format(
    name="webvtt",
    title="WebVTT captions (Teams, Zoom, Meet, YouTube)",
    sniff=_sniff,
    read=_read,
    rank=12,
    interactions_per_file="one",
)
