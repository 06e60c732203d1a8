"""Own tokenisation: where sentences end, which words they have, and where those stand in the text.

Words are canonical (see `rules.spelling`); punctuation is not a token, so nothing depends on it but sentence ends.
Speech-to-text has no full stops: there a whole turn is one sentence, and rules bound themselves in words.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Final

from frictionlens.rules.spelling import APOSTROPHES, Spelling, plain

_DOMAIN: Final = r"com|org|net|io|gov|edu|uk|de|fr|app|info|eu|ly|gl"
"""Endings that make a link without `https:`. Those that are also words (in, me, us, be, co) are left out: people
forget the space after a full stop."""
LINK_BYTES: Final = rf"(?:https?:|www\.|\bt\.co/|\.(?:{_DOMAIN})\b)"
"""What every link token has in its bytes: the prefilter looks for it."""

SAD_FACE: Final = "🙁"
"""What a typed sad face such as `:(` stands for."""
SAD_FACE_BYTES: Final = r"[:=](?:'|\xe2\x80\x99)?-?\("
"""What every typed sad face has in its bytes: the prefilter looks for it."""

_TOKEN: Final = re.compile(
    rf"""
      [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | https?:\S+|www\.\S+|\bt\.co/\S+|\b\w[\w.-]*\.(?:{_DOMAIN})\b(?:[/?#]\S*)?
    | @\w+
    | \w+(?:[{APOSTROPHES}]\w+)*
    | [?!]*\?[?!]*|!!+
    | (?<!\w)[:=]['\u2019]?-?\(+(?!\w)
    | [\u2600-\u27bf\U0001f300-\U0001faff]
    """,
    re.VERBOSE,
)
_SENTENCE_END: Final = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s|$)|\n+")
_ABBREVIATIONS: Final = frozenset(
    ("mr", "mrs", "ms", "dr", "st", "vs", "etc", "approx", "no", "ext", "dept", "e.g", "i.e", "a.m", "p.m")
)
_REMEMBERED: Final = 200_000
"""Written tokens remembered with their canonical words; then the memory starts afresh, so that it stays flat."""


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


class Tokeniser(dict[str, tuple[str, ...]]):
    """Split text into canonical words; as a mapping, it remembers what each written token stands for."""

    def __init__(self, spelling: Spelling) -> None:
        super().__init__()
        self.spelling = spelling

    def words(self, text: str, start: int, end: int) -> list[str]:
        """Return the canonical words of `text[start:end]`."""
        return list(chain.from_iterable(map(self.__getitem__, _TOKEN.findall(text, start, end))))

    def spans(self, text: str, start: int, end: int) -> tuple[list[int], list[int]]:
        """Return the starts and ends of those words in `text`; words of one contraction share theirs."""
        starts: list[int] = []
        ends: list[int] = []
        for match in _TOKEN.finditer(text, start, end):
            left, right = match.span()
            for _ in self[match.group()]:
                starts.append(left)
                ends.append(right)
        return starts, ends

    def __missing__(self, written: str) -> tuple[str, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[written] = self._canonical(written)
        return found

    def _canonical(self, written: str) -> tuple[str, ...]:
        first = written[0]
        if first in "?!":
            return ("!!" if "?" not in written else "?" if written == "?" else "??",)
        if first in ":=":
            return (SAD_FACE,)
        if first == "@":
            return ("{mention}",)
        if re.fullmatch(rf"\w+(?:[{APOSTROPHES}]\w+)*", written):
            return self.spelling.canonical(plain(written))
        if len(written) == 1:
            return (written,)
        return ("{email}",) if "@" in written and "://" not in written else ("{link}",)
