"""Own how written words become canonical words: contractions are split, spellings and slang unified.

`can't`, `cannot`, `can not` and `cant` all become the two words `can not`; `we've` becomes `we have`.
Splitting composes: a pattern `(can|could) not` meets every one of those writings.
The table is data (`spelling.yml` in the pack); text and patterns go through the same table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import eq
from typing import Final

APOSTROPHES: Final = "'’‘´`ʼ"
_WORDS: Final = re.compile(r"\w+")
_TO_PLAIN: Final = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))


def plain(word: str) -> str:
    """Return the word in lower case with plain apostrophes.

    A letter outside ASCII never becomes an ASCII one (the Kelvin sign lowers to `k`): the prefilter
    reads bytes and would not see it.
    """
    straight = word.translate(_TO_PLAIN)
    lowered = straight.lower()
    if lowered.isascii() and not straight.isascii():
        return "\u00b7" + lowered
    return lowered


@dataclass(frozen=True)
class Spelling:
    """The table of writings, and the disfluencies of speech that are passed over."""

    table: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Writing (lower case, plain apostrophes) → its canonical words."""
    fillers: tuple[str, ...] = ()
    """Words of hesitation that never count: um, uh …"""
    stutters: tuple[str, ...] = ()
    """Words whose immediate repetition counts once: `we we can't`."""

    def canonical(self, word: str) -> tuple[str, ...]:
        """Return the canonical words of one written word; a possessive `'s` is dropped."""
        found = self.table.get(word)
        if found is not None:
            return found
        if "'" in word and word.endswith("'s"):
            return self.table.get(word[:-2]) or (word[:-2],)
        return (word,)

    @cached_property
    def writings(self) -> dict[str, tuple[str, ...]]:
        """Return canonical word → other single-word writings of it."""
        found: dict[str, list[str]] = {}
        for writing, words in self.table.items():
            if len(words) == 1:
                found.setdefault(words[0], []).append(writing)
        return {word: tuple(sorted(each)) for word, each in found.items()}

    @cached_property
    def joined(self) -> dict[str, tuple[str, ...]]:
        """Return every writing that stands for several words (`can't` → can, not)."""
        return {writing: words for writing, words in self.table.items() if len(words) > 1}

    @cached_property
    def joined_with(self) -> dict[str, tuple[str, ...]]:
        """Return canonical word → the joined writings that contain it."""
        found: dict[str, list[str]] = {}
        for writing, words in self.joined.items():
            for word in set(words):
                found.setdefault(word, []).append(writing)
        return {word: tuple(sorted(each)) for word, each in found.items()}

    @cached_property
    def disfluency(self) -> re.Pattern[str] | None:
        """Match a filler, or all but the last of an immediate repetition; None when there are none."""
        parts = []
        if self.fillers:
            parts.append(rf"\b(?:{_union(self.fillers)})\b[,.]?")
        if self.stutters:
            # Not the end of a name or an address: `@a A dozen` would lose its mention here, and only here.
            parts.append(rf"(?<![@/])(?<!\w\.)\b(?P<again>{_union(self.stutters)})\b(?=[\s,.\-…]+(?P=again)\b)")
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    @cached_property
    def _hints(self) -> tuple[frozenset[str], tuple[int, ...]]:
        """Return the first words of fillers, and how many words the stutters have."""
        lengths = {len(_WORDS.findall(each.lower())) for each in self.stutters}
        return frozenset(_WORDS.findall(each.lower())[0] for each in self.fillers), tuple(sorted(lengths))

    def _is_fluent(self, text: str) -> bool:
        """Tell fast, for most text, that it holds no disfluency; False says that it may."""
        if not text.isascii():  # `ignore case` knows more letters than `lower`
            return False
        words = _WORDS.findall(text.lower())
        firsts, lengths = self._hints
        return firsts.isdisjoint(words) and not any(any(map(eq, words, words[length:])) for length in lengths)

    def blank_disfluencies(self, text: str) -> str:
        """Return the text with disfluencies replaced by as many spaces, so that offsets stay true.

        Runs until nothing changes: blanking `um` in `we um we` makes a repetition.
        """
        if self._is_fluent(text):
            return text
        pattern = self.disfluency
        while pattern is not None:
            blanked = pattern.sub(lambda match: " " * len(match.group()), text)
            if blanked == text:
                break
            text = blanked
        return text


def _union(words: Iterable[str]) -> str:
    return "|".join(sorted((re.escape(word) for word in words), key=lambda word: (-len(word), word)))
