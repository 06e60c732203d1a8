"""Read SubRip captions (.srt), in UTF-8 or Latin-1, with empty lines inside a cue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._cues import Cue, seconds_of
from frictionlens.readers.webvtt import interaction_from_cues

_STAMP = r"([0-9]{1,3})[:.,]([0-9]{1,2})[:.,]([0-9]{1,2})(?:[:.,]([0-9]{1,3}))?"
_TIMES = re.compile(rf"(?m)^[ \t]*{_STAMP}[ \t]{{0,9}}-->[ \t]{{0,9}}{_STAMP}[^\n]*$")
_ARROWS = re.compile(r"(?m)^[ \t]*\d[^\n]{0,40}-->")
_INDEX = re.compile(r"[ \t]*-?[0-9]{1,9}[ \t]*")


def _sniff(head: Head) -> str | None:
    # Each run of spaces is taken once and for all: a file of empty lines has many ways to be split in two.
    if re.match(r"\s*+(?:\d+[^\S\n]*+\n\s*+)?\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}\s*+-->", head.text):
        return "numbered cues with 00:00:00,000 --> times"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    problems: list[Problem] = []
    text = source.whole_text(problems)
    yield from problems
    yield from interaction_from_cues(source, list(_cues(text)), options, arrows=sum(1 for _ in _ARROWS.finditer(text)))


def _cues(text: str) -> Iterator[Cue]:
    """Yield the cues: what stands between one line of times and the next, without the number before that.

    The `srt` library looks ahead for the next cue with one expression, which takes minutes on a few kilobytes of
    digits; this takes one pass.
    """
    found = list(_TIMES.finditer(text))
    for match, following in zip_longest(found, found[1:]):
        content = text[match.end() : following.start() if following else len(text)]
        if following:
            before, _, last = content.removesuffix("\n").rpartition("\n")
            content = before if _INDEX.fullmatch(last) else content
        hours, minutes, seconds, part, *end = match.groups()
        yield Cue(seconds_of(hours, minutes, seconds, part), seconds_of(*end), content.strip("\n").splitlines())


FORMAT = Format(
    name="srt",
    title="SubRip captions",
    sniff=_sniff,
    read=_read,
    rank=13,
    interactions_per_file="one",
)
