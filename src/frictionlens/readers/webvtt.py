"""Read WebVTT captions: Teams, Zoom, Stream, Meet, YouTube, and what speech-to-text tools write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, stem_of
from frictionlens.readers._cues import Cue, turns_from_cues
from frictionlens.readers._times import parse_duration

_ARROW_LINE = re.compile(r"(?m)^[^\n]*-->[^\n]*$")


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
    import webvtt

    problems: list[Problem] = []
    text = source.whole_text(problems).lstrip(" \n\t")
    yield from problems
    # Some writers use the comma of SRT.
    text = _ARROW_LINE.sub(lambda line: line[0].replace(",", "."), text)
    header, _, _ = text.partition("\n\n")
    language = re.search(r"(?im)^Language:\s*([\w-]+)", header)
    try:
        captions = webvtt.from_string(text).captions
    except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError):
        yield Problem(source.name, "", "not a WebVTT file: its first line is not WEBVTT")
        return
    cues = [
        Cue(parse_duration(caption.start) or 0.0, parse_duration(caption.end) or 0.0, tuple(caption.lines))
        for caption in captions
    ]
    arrows = sum(1 for _ in _ARROW_LINE.finditer(text))
    yield from interaction_from_cues(source, cues, options, arrows=arrows, language=language[1] if language else None)


FORMAT = Format(
    name="webvtt",
    title="WebVTT captions (Teams, Zoom, Meet, YouTube)",
    sniff=_sniff,
    read=_read,
    rank=12,
    interactions_per_file="one",
)
