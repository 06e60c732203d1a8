"""Own the text that is searched: runs of consecutive turns, their sentences, and the way back to turns as exported."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Generic, Literal, TypeVar

from frictionlens.engine.matching import Decider
from frictionlens.engine.sieve import line_of
from frictionlens.engine.tokens import Tokeniser, sentence_bounds
from frictionlens.model import COMPANY_ROLES, Interaction, Turn

Side = Literal["company", "customer"]
SIDES: tuple[Side, ...] = ("company", "customer")


T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801  used as a decorator
    """Work a value out when first asked for, and keep it.

    What `functools.cached_property` does, without its lock, which costs more than most values (until Python 3.12).
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        """Work the value out; from then on the instance has it itself."""
        value: T = self._work(instance)
        instance.__dict__[self._name] = value
        return value


class Sentence:
    """A sentence of a run, tokenised when first needed."""

    def __init__(self, run: Run, start: int, end: int) -> None:
        self.run = run
        self.start = start
        self.end = end

    @lazy
    def words(self) -> list[str]:
        """Return its canonical words."""
        return self.run.tokeniser.words(self.run.clean, self.start, self.end)

    @lazy
    def _spans(self) -> tuple[list[int], list[int]]:
        return self.run.tokeniser.spans(self.run.clean, self.start, self.end)

    @lazy
    def word_set(self) -> frozenset[str]:
        """Return its canonical words without order."""
        return frozenset(self.words)

    @lazy
    def line(self) -> str:
        """Return its canonical words as the sieve reads them."""
        return line_of(self.words)

    @lazy
    def doc(self) -> Any:
        """Return the spaCy document of its words."""
        return self.run.decider.doc(self.words)

    def span(self, first: int, end: int) -> tuple[int, int]:
        """Translate words [first, end) to (start, end) in the text of the run."""
        starts, ends = self._spans
        return starts[first], ends[end - 1]


class Run:
    """Consecutive turns of one side and speaker, read as one: where an export cuts must not matter."""

    def __init__(self, turns: Sequence[tuple[int, Turn]], tokeniser: Tokeniser, decider: Decider) -> None:
        self.turns = turns
        self.role = turns[0][1].role
        self.side: Side = "company" if self.role in COMPANY_ROLES else "customer"
        self.tokeniser = tokeniser
        self.decider = decider
        self.text = turns[0][1].text if len(turns) == 1 else "\n".join([turn.text for _, turn in turns])

    @lazy
    def clean(self) -> str:
        """Return the text with disfluencies blanked; the same offsets."""
        return self.tokeniser.spelling.blank_disfluencies(self.text)

    @lazy
    def sentences(self) -> list[Sentence]:
        """Return its sentences, which together cover the text."""
        return [Sentence(self, start, end) for start, end in sentence_bounds(self.text)]

    @lazy
    def whole(self) -> Sentence:
        """Return the whole run as one sentence, for rules of scope `turn`."""
        return Sentence(self, 0, len(self.text))

    @lazy
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


def runs_of(interaction: Interaction, tokeniser: Tokeniser, decider: Decider) -> Iterator[Run]:
    """Yield the runs in which something can be looked for, in order."""
    evaluable = [
        (index, turn)
        for index, turn in enumerate(interaction.turns)
        if turn.text and not turn.internal and turn.role in _EVALUABLE
    ]
    for _, group in groupby(evaluable, key=_speaker):
        yield Run(list(group), tokeniser, decider)


_EVALUABLE = frozenset({"agent", "bot", "customer"})


def _speaker(entry: tuple[int, Turn]) -> tuple[str, str | None]:
    return entry[1].role, entry[1].speaker
