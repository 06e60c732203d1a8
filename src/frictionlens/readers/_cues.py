"""Own the way from caption cues to turns: who speaks in a cue, markup removed, rolling captions said once, runs joined.

A cue is what fits on a screen, not what somebody said, so consecutive cues of one speaker become one turn.
A cue that names nobody goes on with the last speaker; where a file names nobody at all, cues stay as they are,
because joining them would claim that one person said everything.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from frictionlens.model import Role, Turn
from frictionlens.readers._base import ReadOptions
from frictionlens.readers._labels import NOT_LABELS, label_role, looks_like_speaker

_ONE_VOICE = re.compile(r"<v(?:\.[^\s>]*)?(?:[ \t\n]+([^<>]*))?>([^<]*)(?:</v\s*>\s*)?", re.IGNORECASE)
"""All that a cue of Teams is, nearly always."""
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?(?:[ \t\n]+([^>]*))?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_ESCAPED_TAG = re.compile(r"</?(?:i|b|u|em|strong|font|c|s)(?:[\s.][^<>]*)?>", re.IGNORECASE)
_LABEL = re.compile(
    r"\s*(?:>>\s*)?(?:\[(?P<bracket>[^\]:]{1,48})\]\s*:?|(?P<name>[^\s:<>\[\]{}|()\"][^:\n<>\[\]{}|]{0,47}?)\s*:)(?:\s+|$)"
)
_MEET = re.compile(r"\s*\((?P<name>[^()\n]{1,48})\)\s*$")
_DASHES: Final = ("-", "–", "—")
_NOISE: Final = frozenset(
    [
        "music",
        "applause",
        "laughter",
        "laughs",
        "laughing",
        "silence",
        "noise",
        "crosstalk",
        "inaudible",
        "blank_audio",
        "pause",
        "background noise",
        "sighs",
        "coughs",
        "cheering",
        "ringing",
        "beep",
        "foreign",
        "speaking in foreign language",
    ]
)


class Cue(NamedTuple):
    """One cue: times in seconds, and its lines with their markup."""

    start: float
    end: float
    lines: Sequence[str]


def seconds_of(hours: str | None, minutes: str, seconds: str, part: str | None) -> float:
    """Return the seconds of a time as captions write it; the part of a second may have one to three digits."""
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{seconds}.{part or 0}")


@dataclass(slots=True)
class _Piece:
    """What one speaker says within one cue, and then in all that follows."""

    speaker: str | None
    text: str
    start: float
    end: float
    new: bool = False
    """The cue says that somebody else starts here, though not who."""


def clean_cue(text: str) -> str:
    """Remove markup and decode entities; `a &lt; b` is prose, `&lt;i&gt;` is markup that was escaped once more."""
    if "<" in text or "{" in text:
        text = _TAG.sub("", text)
    if "&" in text:
        text = _ESCAPED_TAG.sub("", html.unescape(text))
    return " ".join(text.split())


def turns_from_cues(cues: Sequence[Cue], options: ReadOptions) -> tuple[list[Turn], int]:
    """Turn cues into turns.

    Returns:
        The turns, and how many cues named nobody and were given to the last speaker.
    """
    cues, cleaned = _say_once(cues)
    names = _find_names(cues, cleaned, options)
    pieces: list[_Piece] = []
    for cue, lines in zip(cues, cleaned, strict=True):
        pieces += _split_cue(cue, lines, names)
    named = any(piece.speaker for piece in pieces)
    marked = any(piece.new for piece in pieces)
    turns: list[tuple[_Piece, list[str]]] = []
    carried = 0
    for piece in pieces:
        if not piece.text:
            continue
        if turns and (named or marked) and not piece.new:
            last, said = turns[-1]
            if piece.speaker is None or piece.speaker == last.speaker:
                carried += piece.speaker is None and last.speaker is not None
                said.append(piece.text)
                last.end = max(last.end, piece.end)
                continue
        turns.append((piece, [piece.text]))
    return [
        Turn(_role(piece.speaker, options), " ".join(said), round(piece.start, 3), round(piece.end, 3), piece.speaker)
        for piece, said in turns
    ], carried


def _role(speaker: str | None, options: ReadOptions) -> Role:
    return label_role(speaker, options) if speaker else "unknown"


def _split_cue(cue: Cue, cleaned: Sequence[str], names: frozenset[str]) -> Iterable[_Piece]:
    """Take a cue apart where its speaker changes."""
    whole = "\n".join(cue.lines)
    if whole[:2] in ("<v", "<V") and (voice := _ONE_VOICE.fullmatch(whole)):
        text = cleaned[0] if len(cleaned) == 1 else clean_cue(voice[2])
        return (_Piece(_voice_name(voice[1]), text, cue.start, cue.end),)
    if "<" in whole and (voices := list(_VOICE.finditer(whole))):
        return _voiced(cue, whole, voices)
    return _unvoiced(cue, [line for line in cleaned if line], names)


def _voice_name(annotation: str | None) -> str | None:
    if not annotation:
        return None
    return (_clean_name if len(annotation) <= _LONGEST_NAME else clean_cue)(annotation) or None


_LONGEST_NAME: Final = 200
_clean_name: Final = lru_cache(maxsize=1024)(clean_cue)
"""Those who speak do so often; what is longer than a name is not kept."""


def _voiced(cue: Cue, whole: str, voices: Sequence[re.Match[str]]) -> Iterator[_Piece]:
    before = clean_cue(whole[: voices[0].start()])
    if before:
        yield _Piece(None, before, cue.start, cue.end)
    for index, voice in enumerate(voices):
        stop = voices[index + 1].start() if index + 1 < len(voices) else len(whole)
        said = re.split(r"(?i)</v\s*>", whole[voice.end() : stop], maxsplit=1)[0]
        rest = whole[voice.end() + len(said) : stop]
        after = clean_cue(rest)
        yield _Piece(_voice_name(voice[1]), clean_cue(said), cue.start, cue.end)
        if after:
            yield _Piece(None, after, cue.start, cue.end)


def _unvoiced(cue: Cue, lines: Sequence[str], names: frozenset[str]) -> Iterator[_Piece]:
    dashes = [line for line in lines if line[0] in _DASHES and len(line) > 1]
    if len(dashes) >= 2 and lines[0] is dashes[0]:
        for line in lines:
            yield _labelled(_without_dash(line), cue, names, new=line[0] in _DASHES and len(line) > 1)
        return
    current: _Piece | None = None
    for index, line in enumerate(lines):
        meet = _MEET.match(line) if line[0] == "(" and index == 0 and len(lines) > 1 else None
        if meet and meet["name"].casefold() not in _NOISE:
            current = _Piece(meet["name"].strip(), "", cue.start, cue.end)
            continue
        piece = _labelled(line, cue, names, new=line.startswith(">>"))
        if current is not None and piece.speaker is None and not piece.new:
            current.text = f"{current.text} {piece.text}".strip()
            continue
        if current is not None:
            yield current
        current = piece
    if current is not None:
        yield current


def _without_dash(line: str) -> str:
    return line[1:].lstrip() if line[:1] in _DASHES else line


def _label(line: str) -> re.Match[str] | None:
    return _LABEL.match(line) if ":" in line or "[" in line else None


def _labelled(line: str, cue: Cue, names: frozenset[str], *, new: bool) -> _Piece:
    match = _label(line)
    if match and (name := (match["name"] or match["bracket"] or "").strip()) in names:
        return _Piece(name, line[match.end() :].strip(), cue.start, cue.end, new)
    return _Piece(None, re.sub(r"^(?:>>+\s*)+", "", line) if line.startswith(">>") else line, cue.start, cue.end, new)


def _find_names(cues: Sequence[Cue], cleaned: Sequence[Sequence[str]], options: ReadOptions) -> frozenset[str]:
    """Find which words before a colon are speakers: where most cues begin with one, all that look like names are."""
    seen: Counter[str] = Counter()
    bracketed: set[str] = set()
    starts = plain = 0
    for cue, lines in zip(cues, cleaned, strict=True):
        for line in cue.lines:
            # Cues that say by markup who speaks tell nothing about the others.
            if "<v" in line or line.lstrip()[:1] in ("-", "–"):
                break
        else:
            plain += 1
        for index, line in enumerate(lines):
            match = _label(_without_dash(line))
            if match is None:
                continue
            name = (match["name"] or match["bracket"] or "").strip()
            seen[name] += 1
            starts += index == 0
            if match["bracket"]:
                bracketed.add(name)
    most = starts > 0 and starts >= plain * 0.5
    names = set()
    for name, count in seen.items():
        key = name.casefold()
        words = name.split()
        known = (
            key in options.roles
            or looks_like_speaker(name)
            or (key not in NOT_LABELS and label_role(name, options) != "unknown")
        )
        if known and key not in _NOISE:
            names.add(name)
        elif key in NOT_LABELS or key in _NOISE or name in bracketed or len(words) > 5:
            continue
        elif all(not word[0].islower() for word in words) and (most or (count >= 2 and len(words) <= 3)):
            names.add(name)
    return frozenset(names)


def _say_once(cues: Sequence[Cue]) -> tuple[Sequence[Cue], Sequence[Sequence[str]]]:
    """Remove what rolling captions repeat: each cue shows the line before again, or the sentence so far.

    Returns:
        The cues, and the lines of each without markup.
    """
    cleaned = [[clean_cue(line) for line in cue.lines] for cue in cues]
    shown: list[str] = []
    repeats = grown = 0
    full = [[line for line in lines if line] if "" in lines else lines for lines in cleaned]
    for before, after in pairwise(full):
        if before and after:
            repeats += after[0] == before[-1]
            grown += len(after) == len(before) == 1 and after[0] != before[0] and after[0].startswith(before[0])
    karaoke = any(re.search(r"<\d[\d:.]*>", line) for cue in cues[:50] for line in cue.lines)
    rolling = karaoke or (len(cues) >= 4 and repeats >= len(cues) * 0.3)
    growing = len(cues) >= 4 and grown >= len(cues) * 0.4
    if not rolling and not growing:
        return cues, cleaned
    result: list[Cue] = []
    for cue, lines in zip(cues, full, strict=True):
        if not lines:
            continue
        if growing and shown and lines[0].startswith(shown[0]) and result:
            last = result[-1]
            result[-1] = Cue(last.start, cue.end, cue.lines)
            shown = lines
            continue
        overlap = 0
        for size in range(min(len(shown), len(lines)), 0, -1):
            if shown[-size:] == lines[:size]:
                overlap = size
                break
        kept = [line for line in cue.lines if clean_cue(line)][overlap:]
        shown = lines
        if kept:
            result.append(Cue(cue.start, cue.end, kept))
    return result, [[clean_cue(line) for line in cue.lines] for cue in result]
