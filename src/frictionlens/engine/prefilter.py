"""Own the prefilter: which patterns could match, from the characters in a run; may over-propose, never misses.

Every pattern asks for words: `<we> can not ...2 <do>` needs one of {can}, one of {not} and one of the <do> words. Its
three rarest needs are looked up, as bits: every character has the bits of the patterns it serves, the bits of a run are
or-ed, and a pattern is there when all its needs are. That costs the same for ten rules and for hundreds: a few
machine words more. It is done once for all patterns of the pack, those of conditions and of charging too: what a rule
asks of a turn is then answered, nearly always, by one `&`. What is left is one search of an expression per pattern.
That nothing is missed is held by a property-based test (tests/test_prefilter.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Final, Literal, NamedTuple

from frictionlens.engine.codes import Classes, Leaf, leaf_of, split, union
from frictionlens.rules.pattern import Affix, Alt, Capture, Node, Opt, Pattern, Seq

NEEDS: Final = 3
"""Needs that are looked up; more cost time in every run and rule out little."""


class Demand(NamedTuple):
    """What a pattern asks for."""

    needs: tuple[str, ...] = ()
    """The rarest first: characters of each of which one must be there; at most `NEEDS` times."""
    pair: tuple[str, str] | None = None
    """Characters of which one must be directly followed by one of these; None where no two words are that close."""

    def has_pair(self, characters: str) -> bool:
        """Tell whether its neighbours are neighbours there: asked before the expression is worth compiling."""
        if self.pair is None:
            return True
        before, after = self.pair
        return any(one in before and two in after for one, two in pairwise(characters))


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


def demand_of(pattern: Pattern, classes: Classes) -> Demand:
    """Return what must be in a run for the pattern to match."""

    def characters(need: Need) -> str:
        return "".join(sorted(classes.members(*need)))

    rarest = sorted(_needs(pattern.root), key=_weight)
    pair = min(_pairs(pattern.root), key=lambda pair: _weight(pair[0]) * _weight(pair[1]), default=None)
    return Demand(
        tuple(dict.fromkeys(map(characters, rarest)))[:NEEDS],
        (characters(pair[0]), characters(pair[1])) if pair else None,
    )


Need = tuple[Leaf, ...]


def _needs(node: Node) -> list[Need]:
    """Return sets of leaves of each of which one must fit."""
    leaf = leaf_of(node)
    if leaf is not None:
        return [] if leaf.negated else [(leaf,)]
    match node:
        case Capture(inner):
            return _needs(inner)
        case Seq(items):
            return [need for item in items for need in _needs(item)]
        case Alt(branches):
            plain, others = split(branches)
            rarest = [min(needs, key=_weight) for branch in others if (needs := _needs(branch))]
            # A branch that asks for nothing makes the whole alternative ask for nothing.
            if len(rarest) < len(others):
                return []
            return [(*((plain,) if plain else ()), *(leaf for need in rarest for leaf in need))]
        case _:
            return []


def _pairs(root: Seq) -> Iterator[tuple[Need, Need]]:
    """Yield (what one word must fit, what the word after it must fit) for neighbours of a pattern."""
    for place, item in enumerate(root.items[:-1]):
        ends = None if isinstance(item, Opt) else _edge(item, -1)
        begins: Need = ()
        for other in root.items[place + 1 :]:
            edge = _edge(other.node if isinstance(other, Opt) else other, 0)
            if ends is None or edge is None:
                break
            begins += edge
            if not isinstance(other, Opt):
                yield ends, begins
                break


def _edge(node: Node, side: Literal[0, -1]) -> Need | None:
    """Return what the first word (0) or the last (-1) of a node fits; None where that may be any word, or none."""
    leaf = leaf_of(node)
    if leaf is not None:
        return None if leaf.negated else (leaf,)
    match node:
        case Capture(inner):
            return _edge(inner, side)
        case Seq(items) if items:
            return _edge(items[side], side)
        case Alt(branches):
            plain, others = split(branches)
            found: Need = (plain,) if plain else ()
            for branch in others:
                edge = _edge(branch, side)
                if edge is None:
                    return None
                found += edge
            return found
        case _:
            return None


def _weight(need: Need) -> int:
    whole = union(need)
    return sum(map(_weight_of, whole.words)) + sum(map(_weight_of_affix, whole.affixes)) + 40 * len(whole.kinds)


def _weight_of(word: str) -> int:
    return 400 if word in _EVERYWHERE else 40 if word in _COMMON or word == "?" else 1


def _weight_of_affix(affix: Affix) -> int:
    letters = len(affix.prefix + affix.suffix)
    return 400 if letters <= 2 else 60 if letters == 3 else 4  # short ones stand in many words


class Proposer:
    """Tell which patterns of a pack may stand in a run, from its characters: a bit for each.

    Plain data, so that it can be kept on disk.

    Args:
        demands: by the source of their patterns, which are numbered in this order; one without needs is proposed
            everywhere.
    """

    def __init__(self, demands: Mapping[str, Demand]) -> None:
        width = self._width = len(demands)
        self.place_of = {source: place for place, source in enumerate(demands)}
        served: dict[str, list[int]] = {}
        met: list[int] = []
        for place, demand in enumerate(demands.values()):
            for plane in range(NEEDS):
                bit = plane * width + place
                if plane >= len(demand.needs):
                    met.append(bit)
                    continue
                for character in demand.needs[plane]:
                    served.setdefault(character, []).append(bit)
        self._bits = {character: _with_bits(places) for character, places in served.items()}
        self._asked = frozenset(served)
        self._all = (1 << width) - 1
        self._met = _with_bits(met)
        """Bits of needs that shorter demands do not have."""

    def there(self, characters: str) -> int:
        """Return the bits of the patterns whose rarest words are there."""
        found = map(self._bits.__getitem__, self._asked.intersection(characters))
        there = gathered = reduce(or_, found, self._met)
        for plane in range(1, NEEDS):
            there &= gathered >> (plane * self._width)
        return there & self._all

    def bits_of(self, patterns: Iterable[Pattern]) -> int:
        """Return the bits of some patterns."""
        return _with_bits([self.place_of[each.source] for each in patterns])


def places_of(bits: int) -> list[int]:
    """Return the places of the bits that are set, the last one first."""
    places = []
    while bits:
        place = bits.bit_length() - 1
        places.append(place)
        bits ^= 1 << place  # from the top: what is left gets shorter
    return places


def _with_bits(places: Sequence[int]) -> int:
    """Return the number with these bits set; or-ing one after the other would copy it every time."""
    written = bytearray(max(places, default=0) // 8 + 1)
    for place in places:
        written[place // 8] |= 1 << place % 8
    return int.from_bytes(written, "little")
