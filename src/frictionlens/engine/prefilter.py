"""Own the prefilter: which patterns could match, from the words in a text; may over-propose, never misses.

Every pattern asks for some words, in order: `<we> can not ...2 <do>` needs one of {can}, then {not}, then one of the
<do> words, not too far apart. All words that any pattern asks for are searched at once, in every writing (Hyperscan);
a pattern is proposed where its words stand in order. What the words are joined by, the decider sees.
That nothing is missed is held by a property-based test (tests/test_prefilter.py).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import hyperscan

from frictionlens.engine.steps import reach_of
from frictionlens.engine.tokens import LINK_BYTES, SAD_FACE, SAD_FACE_BYTES
from frictionlens.rules.pattern import Affix, Alt, Capture, Kind, Node, Pattern, Seq, Word
from frictionlens.rules.spelling import Spelling

Need = frozenset[str]
"""Keys of words of which one must be there: `word`, `prefix*`, `{kind}`."""

_APOSTROPHE: Final = r"(?:['`]|\xe2\x80[\x98\x99]|\xc2\xb4|\xca\xbc)"
_SPECIAL: Final = {
    "{number}": r"\b[0-9]",
    "{link}": LINK_BYTES,
    "{email}": "@",
    "{mention}": "@",
    "{emoji}": rf"[\xe2\xf0][\x80-\xbf]|{SAD_FACE_BYTES}",
    "?": r"\?",
    "??": r"\?",
    "!!": "!!",
}
_FLAGS: Final = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL

_EVERYWHERE: Final = frozenset(
    """
    the a an to and of i you it is that we in for on this my your our be are was with have at me us so do if but or
    as will can they please from has been there what all would he she his her them their am
    """.split()  # noqa: SIM905  a page of words in quotes is no list to read
)
"""Words in every second sentence: asking for one of them tells nothing."""
_COMMON: Final = frozenset(
    """
    not no get up out just any how when who where which about by could should need want know see time day days order
    account help thank thanks sorry contact service customer check send back again now then more also here had did
    does were one some other only new first like look make sure may after before still than too very call go going
    let provide information email number details refund understand issue team request
    """.split()  # noqa: SIM905  a page of words in quotes is no list to read
)
"""Words in every tenth sentence."""


@dataclass(frozen=True)
class Demand:
    """What a pattern asks for: needs in order, and how many characters they may span."""

    needs: tuple[Need, ...]
    anchor: int
    """The need that is rarest: looked up first."""
    reach: int


def demand_of(pattern: Pattern) -> Demand:
    """Return what must be in a text for the pattern to match."""
    needs = _needs(pattern.root)
    anchor = min(range(len(needs)), key=lambda place: (_weight(needs[place]), place), default=0)
    return Demand(tuple(needs), anchor, reach_of(pattern))


NOTHING: Final = Demand((), 0, 0)
"""Asks for nothing that can be searched: proposed everywhere."""


def _needs(node: Node) -> list[Need]:
    match node:
        case Word(text):
            return [frozenset({text})]
        case Affix(prefix, suffix) if prefix or suffix:
            # With both, its beginning is enough: nothing can be asked for twice of one word.
            return [frozenset({f"{prefix}*" if prefix else f"*{suffix}"})]
        case Kind(name):
            return [frozenset({f"{{{name}}}"})]
        case Capture(inner):
            return _needs(inner)
        case Seq(items):
            return [need for item in items for need in _needs(item)]
        case Alt(branches):
            rarest = [min(needs, key=_weight) for branch in branches if (needs := _needs(branch))]
            # A branch that asks for nothing makes the whole alternative ask for nothing.
            return [frozenset().union(*rarest)] if len(rarest) == len(branches) else []
        case _:
            return []


def _weight(need: Need) -> int:
    return sum(_weight_of(word) for word in need)


def _weight_of(word: str) -> int:
    if word in _EVERYWHERE:
        return 400
    if word in _COMMON or word in ("{number}", "?"):
        return 40
    # Short affixes stand in many words.
    return 1 if "*" not in word else 400 if len(word) <= 3 else 60 if len(word) == 4 else 4


class WordSearch:
    """Search a text for all words that demands ask for.

    Args:
        data: a serialised database of `compile_words`.
    """

    def __init__(self, data: bytes) -> None:
        self._database = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
        self._database.scratch = hyperscan.Scratch(self._database)

    def find(self, data: bytes) -> tuple[list[int], list[int]]:
        """Return (word numbers, end offsets in bytes) of everything found, in order of the ends."""
        words: list[int] = []
        ends: list[int] = []
        add_word, add_end = words.append, ends.append

        def note(word: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            add_word(word)
            add_end(end)

        self._database.scan(data, match_event_handler=note)
        return words, ends


def compile_words(keys: Sequence[str], spelling: Spelling) -> bytes:
    """Compile the search for words, numbered by their place, into a serialised Hyperscan database."""
    expressions = [expression(key, spelling) for key in keys] or [rb"\x00\x01\x00\x01"]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    count = len(expressions)
    database.compile(expressions=expressions, ids=list(range(count)), elements=count, flags=[_FLAGS] * count)
    return bytes(hyperscan.dumpb(database))


def expression(key: str, spelling: Spelling) -> bytes:
    """Return the byte expression that holds every writing of a word, for case to be ignored."""
    if key in _SPECIAL:
        return _SPECIAL[key].encode("latin-1")
    if key.startswith("*"):
        suffix = key[1:]
        others = {writing for writing, words in spelling.table.items() if any(word.endswith(suffix) for word in words)}
        forms = [rf"{_literal(suffix)}\b", *(rf"\b{_literal(form)}\b" for form in sorted(others))]
        return "|".join(forms).encode("latin-1")
    if key.endswith("*"):
        prefix = key[:-1]
        others = {
            writing for writing, words in spelling.table.items() if any(word.startswith(prefix) for word in words)
        }
        forms = [rf"\b{_literal(prefix)}", *(rf"\b{_literal(form)}\b" for form in sorted(others))]
        return "|".join(forms).encode("latin-1")
    forms = sorted({key, *spelling.writings.get(key, ()), *spelling.joined_with.get(key, ())})
    # `\b` is only at home beside ASCII letters: a symbol such as an emoji stands alone.
    written = [
        rf"\b{_literal(form)}\b" if re.match(r"\w.*\w$|\w$", form, re.ASCII) else _literal(form) for form in forms
    ]
    if key == SAD_FACE:
        written.append(SAD_FACE_BYTES)
    return "|".join(written).encode("latin-1")


def _literal(text: str) -> str:
    return "".join(
        _APOSTROPHE
        if char == "'"
        else re.escape(char)
        if char.isascii()
        else "".join(f"\\x{b:02x}" for b in char.encode())
        for char in text
    )


class Proposer:
    """Propose patterns for a text from the words found in it.

    Every word has a bit mask: plane k, bit p is set when the word meets need k of pattern p. The masks of all words
    of a text are or-ed; a pattern is there when its bit is set in every plane. That costs the same for ten rules and
    for hundreds: a few machine words more.

    Args:
        demands: one per pattern, in their order.
        keys: the words that are searched, in their order.
    """

    def __init__(self, demands: Sequence[Demand], keys: Sequence[str]) -> None:
        number = {key: place for place, key in enumerate(keys)}
        self._needs = [tuple(frozenset(number[key] for key in need) for need in demand.needs) for demand in demands]
        self._reach = [demand.reach for demand in demands]
        self.always = [place for place, demand in enumerate(demands) if not demand.needs]
        self._width = len(demands)
        self._planes = max((len(needs) for needs in self._needs), default=0)
        masks = [0] * len(keys)
        met = 0
        for place, needs in enumerate(self._needs):
            for plane in range(self._planes):
                bit = 1 << (plane * self._width + place)
                if plane >= len(needs):
                    met |= bit if needs else 0
                    continue
                for word in needs[plane]:
                    masks[word] |= bit
        self._masks = masks
        self._met = met
        """Bits of needs that shorter patterns do not have."""

    def propose(
        self, words: Sequence[int], ends: Sequence[int], *, bounded: bool, within: frozenset[int] | None = None
    ) -> list[int]:
        """Return the patterns whose words are there in order.

        Args:
            words: the numbers of the words found, in order of their ends.
            ends: where they end.
            bounded: whether the distance of the ends counts; offsets in bytes of non-ASCII text are too large.
            within: only these patterns.
        """
        return [
            place
            for place in (*self.always, *self.present(words))
            if (within is None or place in within)
            and (
                len(self._needs[place]) < 2
                or self._in_order(self._needs[place], words, ends, self._reach[place] if bounded else None)
            )
        ]

    def present(self, words: Iterable[int]) -> Iterator[int]:
        """Yield the patterns all of whose words are there, in whatever order."""
        masks, gathered = self._masks, self._met
        for word in set(words):
            gathered |= masks[word]
        plane = (1 << self._width) - 1
        there = plane
        for _ in range(self._planes):
            there &= gathered
            if not there:
                return
            gathered >>= self._width
        while there:
            lowest = there & -there
            yield lowest.bit_length() - 1
            there ^= lowest

    def _in_order(
        self, needs: Sequence[frozenset[int]], words: Sequence[int], ends: Sequence[int], reach: int | None
    ) -> bool:
        """Tell whether the needs stand one after the other; words of one writing share their end, in any order."""
        count = len(words)
        for start in range(count):
            if words[start] not in needs[0]:
                continue
            end = ends[start]
            limit = ends[-1] if reach is None else end + reach
            for need in needs[1:]:
                place = bisect_left(ends, end)
                while place < count and words[place] not in need:
                    place += 1
                if place == count:
                    return False
                end = ends[place]
                if end > limit:
                    break
            else:
                return True
        return False


def keys_of(demands: Iterable[Demand]) -> tuple[str, ...]:
    """Return every word that is asked for, in a fixed order."""
    return tuple(sorted({key for demand in demands for need in demand.needs for key in need}))
