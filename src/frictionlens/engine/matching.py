"""Own matching: a compiled pattern decides, with a spaCy `Matcher`, where in a sentence it stands.

Matchers are built when a pattern is first needed: most patterns never are in a small run.
"""

from __future__ import annotations

from collections.abc import Sequence as Seq_
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from spacy.lang.en import English
from spacy.matcher import Matcher
from spacy.tokens import Doc

from frictionlens.engine.steps import Sequence
from frictionlens.engine.tokens import Token

MAX_STRINGS: Final = 400_000
"""Words that spaCy may remember before the vocabulary is started afresh: memory stays flat on any input."""


class Hit(NamedTuple):
    """Where a pattern stands, in tokens, end-exclusive."""

    start: int
    end: int
    captured: tuple[tuple[str, int, int], ...] = ()
    """(charged kind or "", start token, end token) of the charged process, where the pattern captures it."""


@dataclass(frozen=True)
class Compiled:
    """A pattern multiplied out into flat sequences, ready to become a spaCy matcher."""

    sequences: tuple[Sequence, ...]
    raw: tuple[dict[str, Any], ...] = ()
    """A spaCy token pattern given by the author instead."""
    at_start: bool = False
    at_end: bool = False

    @property
    def captures(self) -> bool:
        """Tell whether any step is part of a charged process's name."""
        return any(step.capture is not None for each in self.sequences for step in each)


class Decider:
    """Decide, with spaCy, whether and where patterns match; one per process.

    Args:
        model: name of a trained spaCy pipeline whose attributes `tokens:` rules may use; None is plain English.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._reset()

    def _reset(self) -> None:
        if self._model:
            import spacy

            self._nlp = spacy.load(self._model)
        else:
            self._nlp = English()
        self._vocab = self._nlp.vocab
        self._pipes = [pipe for _, pipe in self._nlp.pipeline] if self._model else []
        self._matchers: dict[int, tuple[Compiled, Any]] = {}

    def doc(self, tokens: Seq_[Token]) -> Doc:
        """Build the spaCy document of canonical words."""
        if len(self._vocab.strings) > MAX_STRINGS:
            self._reset()
        doc = Doc(self._vocab, words=[token.word for token in tokens])
        for pipe in self._pipes:
            doc = pipe(doc)
        return doc

    def find(self, pattern: Compiled, doc: Doc) -> list[Hit]:
        """Return every hit, leftmost first, the longest first among those with one start."""
        if doc.vocab is not self._vocab:
            doc = Doc(self._vocab, words=[token.text for token in doc])
        key = id(pattern)
        entry = self._matchers.get(key)
        if entry is None:
            # The pattern is kept beside its matcher, so that its id cannot be given to another one.
            entry = self._matchers[key] = (pattern, self._build(pattern))
        matcher = entry[1]
        last = len(doc)
        while last and doc[last - 1].text in ("?", "??", "!!"):
            last -= 1
        hits: list[Hit] = []
        if pattern.captures:
            for match_id, start, end, alignment in matcher(doc, with_alignments=True):
                sequence = pattern.sequences[int(self._vocab.strings[match_id])]
                hits.append(Hit(start, end, _captured(sequence, start, alignment)))
        else:
            hits = [Hit(start, end) for _, start, end in matcher(doc)]
        hits = [
            hit for hit in hits if (not pattern.at_start or hit.start == 0) and (not pattern.at_end or hit.end >= last)
        ]
        hits.sort(key=lambda hit: (hit.start, -hit.end))
        return hits

    def _build(self, pattern: Compiled) -> Any:
        matcher = Matcher(self._vocab)
        if pattern.raw:
            matcher.add("0", [list(pattern.raw)])
        elif pattern.captures:
            for number, sequence in enumerate(pattern.sequences):
                matcher.add(str(number), [[step.spacy() for step in sequence]])
        else:
            matcher.add("0", [[step.spacy() for step in sequence] for sequence in pattern.sequences])
        return matcher


def _captured(sequence: Sequence, start: int, alignment: list[int]) -> tuple[tuple[str, int, int], ...]:
    found: list[tuple[str, int, int]] = []
    for offset, place in enumerate(alignment):
        kind = sequence[place].capture if place < len(sequence) else None
        if kind is None:
            continue
        position = start + offset
        if found and found[-1][0] == kind and found[-1][2] == position:
            found[-1] = (kind, found[-1][1], position + 1)
        else:
            found.append((kind, position, position + 1))
    return tuple(found)
