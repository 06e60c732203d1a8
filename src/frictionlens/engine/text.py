"""Own the text that is searched: runs of consecutive turns, their sentences, and the way back to turns as exported."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, Generic, Literal, TypeVar

from frictionlens.engine.codes import SENTENCE_END
from frictionlens.engine.tokens import Tokeniser, sentence_bounds
from frictionlens.model import Interaction, Role, Turn

Side = Literal["company", "customer"]
SIDE_OF: dict[Role, Side] = {"agent": "company", "bot": "company", "customer": "customer"}
"""The roles in whose turns something can be looked for."""


PARTING: Final = frozenset(',;:()[]"“”–—|\n')
"""Marks between two words of a sentence that are in no phrase together."""


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
    """A sentence of a run, or the whole run as one.

    Args:
        run: where it stands.
        first: how many words of the run stand before it.
        at: where it begins in the characters of the run.
        characters: its words in the alphabet of the pack, a character each.
    """

    def __init__(self, run: Run, first: int, at: int, characters: str) -> None:
        self.run = run
        self.first = first
        self.at = at
        self.characters = characters

    @lazy
    def words(self) -> list[str]:
        """Return its canonical words."""
        return self.run.words[self.first : self.first + len(self.characters)]

    @lazy
    def bounds(self) -> tuple[int, int]:
        """Return its (start, end) in the text of the run."""
        return self.run.bounds_at(self.span(0, 1)[0]) if self is not self.run.whole else (0, len(self.run.text))

    doc: Any = None
    """The spaCy document of its words, once a token pattern asked for it."""

    cues: Any = None
    """What the detector knows of the cues of context in it, once it asked."""

    def span(self, first: int, end: int) -> tuple[int, int]:
        """Translate words [first, end) to (start, end) in the text of the run."""
        spans = self.run.tokens[1]
        return spans[self.first + first][0], spans[self.first + end - 1][1]

    def parted(self, place: int) -> bool:
        """Tell whether a comma, a bracket or another mark parts the word at this place from the one before it."""
        spans = self.run.tokens[1]
        between = self.run.text[spans[self.first + place - 1][1] : spans[self.first + place][0]]
        return not PARTING.isdisjoint(between)


class Run:
    """Consecutive turns of one side and speaker, read as one: where an export cuts must not matter."""

    there: int | None = None
    """The conditions that its words do not rule out, as bits (`prefilter`); None until one is asked about."""

    def __init__(self, turns: Sequence[tuple[int, Turn]], tokeniser: Tokeniser) -> None:
        self.turns = turns
        self.role = turns[0][1].role
        self.side = SIDE_OF[self.role]
        self.tokeniser = tokeniser
        self.text = turns[0][1].text if len(turns) == 1 else "\n".join([turn.text for _, turn in turns])

    @lazy
    def characters(self) -> str:
        """Return its words in the alphabet of the pack, a line break after every sentence."""
        return self.tokeniser.characters(self.text)

    @lazy
    def sentences(self) -> list[Sentence]:
        """Return its sentences that have words."""
        found: list[Sentence] = []
        first = at = 0
        for characters in self.characters.split(SENTENCE_END):
            if characters:
                found.append(Sentence(self, first, at, characters))
                first += len(characters)
            at += len(characters) + 1
        return found

    def sentence_at(self, place: int) -> Sentence:
        """Return the sentence of one of the characters of the run."""
        sentences = self.sentences
        return sentences[0] if len(sentences) == 1 else sentences[bisect_right(self._places, place) - 1]

    @lazy
    def _places(self) -> list[int]:
        return [sentence.at for sentence in self.sentences]

    @lazy
    def whole(self) -> Sentence:
        """Return the whole run as one sentence, for rules of scope `turn`."""
        return Sentence(self, 0, 0, self.characters.replace(SENTENCE_END, ""))

    @lazy
    def tokens(self) -> tuple[list[str], list[tuple[int, int]]]:
        """Return its canonical words, and the (start, end) of each in the text."""
        return self.tokeniser.tokens(self.text)

    @property
    def words(self) -> list[str]:
        """Return its canonical words."""
        return self.tokens[0]

    @lazy
    def _bounds(self) -> list[tuple[int, int]]:
        return sentence_bounds(self.text)

    def bounds_at(self, place: int) -> tuple[int, int]:
        """Return the (start, end) of the sentence in whose text a place is."""
        return next((start, end) for start, end in self._bounds if place < end)

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


def runs_of(interaction: Interaction, tokeniser: Tokeniser) -> Iterator[Run]:
    """Yield the runs in which something can be looked for, in order."""
    evaluable = [
        (index, turn)
        for index, turn in enumerate(interaction.turns)
        if turn.text and not turn.internal and turn.role in SIDE_OF
    ]
    for _, group in groupby(evaluable, key=_speaker):
        yield Run(list(group), tokeniser)


def _speaker(entry: tuple[int, Turn]) -> tuple[str, str | None]:
    return entry[1].role, entry[1].speaker
