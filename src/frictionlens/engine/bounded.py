"""Own matching in bounded time, for patterns with so many optional words that spaCy's `Matcher` would take for ever.

The matcher follows every way through a pattern on its own: a gap of 8 words has 2⁸ ways, three of them 2²⁴, and
two hundred words that all fit keep it busy for minutes. Here a set of positions is one integer, a bit per word, and
ways that meet become one; the hits are the same (tests/test_hostile.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import reduce
from operator import mul, or_
from typing import Final

from frictionlens.engine.steps import KIND_REGEX, Sequence, Step
from frictionlens.rules.pattern import Gap, Opt, Pattern, walk

MOST_WAYS: Final = 4_096
"""Ways through one sequence that spaCy is asked to follow."""

MOST_TURNS: Final = 100_000
"""Turns that a backtracking search (the sieve) is asked to make for one start."""

_BLOCK: Final = 512
"""Words in which starts are looked for at once: integers stay short in endless sentences."""

Alignment = list[int]
"""For every word of a hit, the step that took it."""


def ways(sequence: Sequence) -> int:
    """Return how many ways spaCy follows through a sequence: optional words are there or not, each on its own."""
    return reduce(mul, (2 ** _most(step) for step in sequence if step.op), 1)


def turns(pattern: Pattern) -> int:
    """Return at how many places a backtracking search may have to turn round for one start of a pattern."""
    gaps = (
        node.most + 1 if isinstance(node, Gap) else 2 for node in walk(pattern.root) if isinstance(node, (Gap, Opt))
    )
    return reduce(mul, gaps, 1)


def find_hits(sequence: Sequence, words: list[str]) -> Iterator[tuple[int, int, Alignment]]:
    """Yield (first word, end, alignment) of every hit; of several alignments one."""
    longest = sum(_most(step) if step.op else 1 for step in sequence)
    for first in range(0, len(words), _BLOCK):
        fits = _fits(words[first : first + _BLOCK + longest])
        starts = (1 << min(_BLOCK, len(words) - first)) - 1
        if not _advance(sequence, starts, fits)[-1]:
            continue
        for start in _bits(starts):
            reached = _advance(sequence, 1 << start, fits)
            for end in _bits(reached[-1] & ~(1 << start)):
                yield first + start, first + end, _alignment(sequence, reached, end, fits)


def _most(step: Step) -> int:
    return 1 if step.op == "?" else int(step.op[3:-1])


def _fits(words: list[str]) -> Callable[[Step], int]:
    """Return what tells the words that fit a step, a bit each."""
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << place
    known: dict[tuple[object, ...], int] = {}

    def fits(step: Step) -> int:
        key = (step.words, step.affixes, step.kinds, step.negated)
        if key not in known:
            known[key] = reduce(or_, (mask for word, mask in places.items() if _takes(step, word)), 0)
        return known[key]

    return fits


def _takes(step: Step, word: str) -> bool:
    return step.matches(word) or any(re.search(KIND_REGEX[kind], word) for kind in step.kinds)


def _advance(sequence: Sequence, positions: int, fits: Callable[[Step], int]) -> list[int]:
    """Return the positions before each step and after the last."""
    reached = [positions]
    for step in sequence:
        fitting = fits(step)
        if step.op:
            moved = positions
            for _ in range(_most(step)):
                moved = (moved & fitting) << 1
                positions |= moved
        else:
            positions = (positions & fitting) << 1
        reached.append(positions)
        if not positions:
            return [*reached, 0]
    return reached


def _alignment(sequence: Sequence, reached: list[int], end: int, fits: Callable[[Step], int]) -> Alignment:
    """Go back from the end of a hit; optional words are left out where they can be."""
    alignment: Alignment = []
    for number in range(len(sequence) - 1, -1, -1):
        step = sequence[number]
        least = 0 if step.op else 1
        taken = least
        while not reached[number] >> (end - taken) & 1 or (taken and not fits(step) >> (end - 1) & 1):
            taken += 1
        alignment += [number] * taken
        end -= taken
    return alignment[::-1]


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
