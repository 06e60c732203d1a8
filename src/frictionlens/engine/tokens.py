"""Own tokenisation: where sentences end, which words they have, and where those stand in the text.

Words are canonical (see `rules.spelling`); punctuation is not a token, so nothing depends on it but sentence ends.
Speech-to-text has no full stops: there a whole turn is one sentence, and rules bound themselves in words.
"""

from __future__ import annotations

import re
from typing import Final

from frictionlens.rules.spelling import APOSTROPHES, Spelling, plain

_DOMAIN: Final = r"com|org|net|io|gov|edu|uk|de|fr|app|info|eu|ly|gl"
"""Endings that make a link without `https:`. Those that are also words (in, me, us, be, co) are left out: people
forget the space after a full stop."""
LINK_BYTES: Final = rf"(?:https?:|www\.|\bt\.co/|\.(?:{_DOMAIN})\b)"
"""What every link token has in its bytes: the prefilter looks for it."""

_TOKEN: Final = re.compile(
    rf"""
      (?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<link>https?:\S+|www\.\S+|\bt\.co/\S+|\b\w[\w.-]*\.(?:{_DOMAIN})\b(?:[/?#]\S*)?)
    | (?P<mention>@\w+)
    | (?P<word>\w+(?:[{APOSTROPHES}]\w+)*)
    | (?P<mark>[?!]*\?[?!]*|!!+)
    | (?P<emoji>[\u2600-\u27bf\U0001f300-\U0001faff])
    """,
    re.VERBOSE,
)

_SENTENCE_END: Final = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s|$)|\n+")
_ABBREVIATIONS: Final = frozenset(
    ("mr", "mrs", "ms", "dr", "st", "vs", "etc", "approx", "no", "ext", "dept", "e.g", "i.e", "a.m", "p.m")
)


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every sentence; together they cover the text."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        left, end = match.span()
        if end - left == 1 and text[left] == "." and _abbreviates(text, start, left):
            continue
        bounds.append((start, end))
        start = end
    if start < len(text):
        bounds.append((start, len(text)))
    return bounds


def _abbreviates(text: str, start: int, dot: int) -> bool:
    """Tell whether the full stop at `dot` belongs to an abbreviation or a single letter."""
    before = max(text.rfind(" ", start, dot), text.rfind("(", start, dot), start - 1)
    word = text[before + 1 : dot].lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


def tokenise(text: str, start: int, end: int, spelling: Spelling) -> tuple[list[str], list[int], list[int]]:
    """Return the canonical words of `text[start:end]` with their starts and ends in `text`.

    Words of one contraction share the characters that it was written with.
    """
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    table = spelling.table
    for match in _TOKEN.finditer(text, start, end):
        left, right = match.span()
        kind = match.lastgroup
        if kind == "word":
            written = plain(match.group())
            several = table.get(written)
            if several is None and "'" not in written:
                words.append(written)
                starts.append(left)
                ends.append(right)
                continue
            several = several or spelling.canonical(written)
            words.extend(several)
            starts.extend([left] * len(several))
            ends.extend([right] * len(several))
            continue
        written = match.group()
        if kind == "mark":
            written = "!!" if "?" not in written else "?" if written == "?" else "??"
        elif kind != "emoji":
            written = f"{{{kind}}}"
        words.append(written)
        starts.append(left)
        ends.append(right)
    return words, starts, ends
