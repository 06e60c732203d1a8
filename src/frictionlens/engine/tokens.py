"""Own tokenisation: where sentences end, which words they have, and where those stand in the text.

Words are canonical (see `rules.spelling`); punctuation is not a token, so nothing depends on it but sentence ends.
Speech-to-text has no full stops: there a whole turn is one sentence, and rules bound themselves in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final, TypeVar

from frictionlens.engine.codes import SENTENCE_END, Alphabet
from frictionlens.rules.spelling import APOSTROPHES, Spelling, plain

_DOMAIN: Final = r"com|org|net|io|gov|edu|uk|de|fr|app|info|eu|ly|gl"
"""Endings that make a link without `https:`. Those that are also words (in, me, us, be, co) are left out: people
forget the space after a full stop."""
SAD_FACE: Final = "🙁"
"""What a typed sad face such as `:(` stands for."""

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
_LONGEST_ABBREVIATION: Final = 12
"""Characters, with some before it, that can tell an abbreviation: the text before may be endless."""
_REMEMBERED: Final = 50_000
"""Texts remembered with what they stand for."""
_LONGEST_REMEMBERED: Final = 40
"""Characters of a text that is remembered: what is longer is a link or worse, and seldom comes again."""


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every sentence; together they cover the text."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if not _abbreviates(text, start, match):
            bounds.append((start, match.end()))
            start = match.end()
    if start < len(text):
        bounds.append((start, len(text)))
    return bounds


def _abbreviates(text: str, start: int, end: re.Match[str]) -> bool:
    """Tell whether what looks like the end of a sentence is the full stop of an abbreviation or a single letter."""
    if end.group() != ".":
        return False
    before = text[max(start, end.start() - _LONGEST_ABBREVIATION) : end.start()]
    if not before or before[-1].isspace():
        return False
    word = before.rsplit(maxsplit=1)[-1].rpartition("(")[2].lower()
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


class Tokeniser:
    """Split text into canonical words, and write them in the alphabet of a pack.

    Args:
        spelling: how words become canonical.
        alphabet: the characters that words are written with.
    """

    def __init__(self, spelling: Spelling, alphabet: Alphabet) -> None:
        self.spelling = spelling
        self._words = _Memory(self._canonical)
        self._written = _Memory(alphabet.character)
        self._pieces = _Memory(self._piece)
        stutters = {self.characters_of(spelling.canonical(each)) for each in spelling.stutters}
        self._stutter = re.compile(rf"({'|'.join(sorted(stutters))}){SENTENCE_END}*\1") if stutters else None

    def tokens(self, text: str) -> tuple[list[str], list[tuple[int, int]]]:
        """Return the canonical words of a text, and the (start, end) of each in it.

        Words of one contraction share their place. What is passed over in speech (um, we we) has no words.
        """
        words: list[str] = []
        spans: list[tuple[int, int]] = []
        canonical = self._words
        for match in _TOKEN.finditer(self.spelling.blank_disfluencies(text)):
            found = canonical[match[0]]
            words += found
            spans += [match.span()] * len(found)
        return words, spans

    def characters_of(self, words: Iterable[str]) -> str:
        """Return canonical words as characters."""
        return "".join(map(self._written.__getitem__, words))

    def characters(self, text: str) -> str:
        """Return all words of a text as characters, with a line break where sentences end.

        What stands between spaces is looked up as a whole: nearly all of it was seen before. Only text with a
        repetition (`we we can't`) is taken apart word by word.
        """
        pieces = self._pieces.__getitem__
        if "\n" in text:
            found = SENTENCE_END.join(["".join(map(pieces, line.split())) for line in text.split("\n")])
        else:
            found = "".join(map(pieces, text.split()))
        if self._stutter is not None and self._stutter.search(found):
            clean = self.spelling.blank_disfluencies(text)
            return SENTENCE_END.join([self._plain(clean[start:end]) for start, end in sentence_bounds(text)])
        return found

    def _piece(self, piece: str) -> str:
        """Return the characters of what stands between two spaces."""
        end = _SENTENCE_END.search(piece)  # which can only be its own end
        written = self._plain(self.spelling.blank_disfluencies(piece))
        return written if end is None or _abbreviates(piece, 0, end) else written + SENTENCE_END

    def _plain(self, text: str) -> str:
        """Return the characters of a text that holds no disfluency, without the ends of sentences."""
        return self.characters_of(chain.from_iterable(map(self._words.__getitem__, _TOKEN.findall(text))))

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


Found = TypeVar("Found")


class _Memory(dict[str, Found]):
    """Remember what was worked out for a text; afresh when there is much, so that it stays flat on any input."""

    def __init__(self, work: Callable[[str], Found]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, text: str) -> Found:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self._work(text)
        if len(text) <= _LONGEST_REMEMBERED:
            self[text] = found
        return found
