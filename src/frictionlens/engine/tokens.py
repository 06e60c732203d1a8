"""Own tokenisation: where sentences end, which words they have, and where those stand in the text.

Words are canonical (see `rules.spelling`); punctuation is not a token, so nothing depends on it but sentence ends.
Speech-to-text has no full stops: there a whole turn is one sentence, and rules bound themselves in words.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from frictionlens.rules.spelling import APOSTROPHES, Spelling, plain

_TLD: Final = "com|org|net|io|co|gov|edu|uk|de|fr|us|ca|au|in|info|app|ly|me|gl|be|tv|eu"
LINK_BYTES: Final = rf"(?:https?:|www\.|\.(?:{_TLD})\b)"
"""What every link token has in its bytes: the prefilter looks for it."""

_TOKEN: Final = re.compile(
    rf"""
      (?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<link>https?:\S+|www\.\S+|\b\w[\w.-]*\.(?:{_TLD})\b(?:[/?#]\S*)?)
    | (?P<mention>@\w+)
    | (?P<word>\w+(?:[{APOSTROPHES}]\w+)*)
    | (?P<mark>[?!]*\?[?!]*|!!+)
    | (?P<emoji>[\u2600-\u27bf\U0001f300-\U0001faff])
    """,
    re.VERBOSE,
)

_SENTENCE_END: Final = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s|$)|\n+")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|vs|etc|approx|no|ext|dept|e\.g|i\.e|a\.m|p\.m)|(?:^|[\s(])[a-z])\.$", re.IGNORECASE
)


class Token(NamedTuple):
    """A canonical word and the characters it was written with (a contraction's words share theirs)."""

    word: str
    start: int
    end: int


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every sentence; together they cover the text."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
        if text[match.start()] == "." and _ABBREVIATION.search(text, max(start, end - 9), match.start() + 1):
            continue
        bounds.append((start, end))
        start = end
    if start < len(text):
        bounds.append((start, len(text)))
    return bounds


def tokenise(text: str, start: int, end: int, spelling: Spelling) -> list[Token]:
    """Return the tokens of `text[start:end]`, with offsets into `text`."""
    tokens: list[Token] = []
    table = spelling.table
    for match in _TOKEN.finditer(text, start, end):
        left, right = match.span()
        kind = match.lastgroup
        if kind == "word":
            written = plain(match.group())
            words = table.get(written)
            if words is None:
                words = spelling.canonical(written) if "'" in written else (written,)
            tokens.extend([Token(word, left, right) for word in words])
        elif kind == "mark":
            mark = match.group()
            tokens.append(Token("!!" if "?" not in mark else "?" if mark == "?" else "??", left, right))
        elif kind == "emoji":
            tokens.append(Token(match.group(), left, right))
        else:
            tokens.append(Token(f"{{{kind}}}", left, right))
    return tokens
