"""Own the text that is searched: runs of consecutive turns, their sentences, and the way back to turns as exported."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

from frictionlens.engine.matching import Decider
from frictionlens.engine.sieve import line_of
from frictionlens.engine.tokens import sentence_bounds, tokenise
from frictionlens.model import COMPANY_ROLES, Interaction, Turn
from frictionlens.rules.spelling import Spelling

Side = Literal["company", "customer"]
SIDES: tuple[Side, ...] = ("company", "customer")


class Sentence:
    """A sentence of a run, tokenised when first needed."""

    def __init__(self, run: Run, start: int, end: int) -> None:
        self.run = run
        self.start = start
        self.end = end

    @cached_property
    def _tokens(self) -> tuple[list[str], list[int], list[int]]:
        return tokenise(self.run.clean, self.start, self.end, self.run.spelling)

    @property
    def words(self) -> list[str]:
        """Return its canonical words."""
        return self._tokens[0]

    @cached_property
    def word_set(self) -> frozenset[str]:
        """Return its canonical words without order."""
        return frozenset(self.words)

    @cached_property
    def line(self) -> str:
        """Return its canonical words as the sieve reads them."""
        return line_of(self.words)

    @cached_property
    def doc(self) -> Any:
        """Return the spaCy document of its words."""
        return self.run.decider.doc(self.words)

    def span(self, first: int, end: int) -> tuple[int, int]:
        """Translate words [first, end) to (start, end) in the text of the run."""
        return self._tokens[1][first], self._tokens[2][end - 1]


class Run:
    """Consecutive turns of one side and speaker, read as one: where an export cuts must not matter."""

    def __init__(self, turns: Sequence[tuple[int, Turn]], spelling: Spelling, decider: Decider) -> None:
        self.turns = turns
        self.role = turns[0][1].role
        self.side: Side = "company" if self.role in COMPANY_ROLES else "customer"
        self.spelling = spelling
        self.decider = decider
        self.text = turns[0][1].text if len(turns) == 1 else "\n".join([turn.text for _, turn in turns])

    @cached_property
    def clean(self) -> str:
        """Return the text with disfluencies blanked; the same offsets."""
        return self.spelling.blank_disfluencies(self.text)

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Return its sentences, which together cover the text."""
        return [Sentence(self, start, end) for start, end in sentence_bounds(self.text)]

    @cached_property
    def whole(self) -> Sentence:
        """Return the whole run as one sentence, for rules of scope `turn`."""
        return Sentence(self, 0, len(self.text))

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for _, turn in self.turns:
            starts.append(at)
            at += len(turn.text) + 1
        return starts

    def place(self, start: int, end: int) -> tuple[int, int, int]:
        """Translate offsets in the run to (turn index, start, end) in the turn as exported."""
        number = bisect_right(self._starts, start) - 1
        index, turn = self.turns[number]
        offset = self._starts[number]
        return index, start - offset, min(end - offset, len(turn.text))


def runs_of(interaction: Interaction, spelling: Spelling, decider: Decider) -> Iterator[Run]:
    """Yield the runs in which something can be looked for, in order."""
    evaluable = [
        (index, turn)
        for index, turn in enumerate(interaction.turns)
        if turn.text and not turn.internal and turn.role in _EVALUABLE
    ]
    for _, group in groupby(evaluable, key=_speaker):
        yield Run(list(group), spelling, decider)


_EVALUABLE = frozenset({"agent", "bot", "customer"})


def _speaker(entry: tuple[int, Turn]) -> tuple[str, str | None]:
    return entry[1].role, entry[1].speaker
