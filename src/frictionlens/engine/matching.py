"""Own matching: where in a sentence a pattern stands.

A pattern is an expression over the characters of its pack's alphabet (`codes`); a token pattern (`tokens:`) is run by
spaCy over the canonical words, with the attributes of a trained pipeline where there is one. Expressions are compiled
and spaCy is imported when first needed: most patterns never are in a small run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from frictionlens.engine.compiled import CompiledPack
from frictionlens.engine.prefilter import places_of
from frictionlens.rules.pattern import Pattern, TokenPattern

if TYPE_CHECKING:
    from frictionlens.engine.text import Run, Sentence

MAX_STRINGS: Final = 400_000
"""Words that spaCy may remember before the vocabulary is started afresh: memory stays flat on any input."""


_LONG: Final = 200
"""Words of a sentence that is searched whole for what cancels a hit: speech-to-text has sentences of thousands."""


_OFTEN: Final = 30
"""Times that neighbours are looked for before an expression is compiled, which takes as long (about 0.3 ms)."""


class Hit(NamedTuple):
    """Where a pattern stands, in words of its sentence, end-exclusive."""

    start: int
    end: int
    captured: tuple[tuple[str, int, int], ...] = ()
    """(charged kind or "", first word, end) of the charged process, where the pattern captures it."""

    def moved(self, words: int) -> Hit:
        """Return the hit as it is counted from `words` words further on."""
        if not words:
            return self
        captured = tuple((kind, start - words, end - words) for kind, start, end in self.captured)
        return Hit(self.start - words, self.end - words, captured)


class Search(NamedTuple):
    """A pattern ready to be searched for."""

    first: Callable[..., re.Match[str] | None]
    kinds: tuple[str, ...]
    body: int

    def hits(self, match: re.Match[str] | None) -> Iterator[Hit]:
        """Yield the hit of a match, and of every further one that begins behind it."""
        first, kinds, body = self
        while match is not None:
            start, end = match.span(body)
            captured = (
                tuple(
                    (kind, *match.span(group)) for group, kind in enumerate(kinds, body + 1) if match.start(group) >= 0
                )
                if kinds
                else ()
            )
            yield Hit(start, end, captured)
            match = first(match.string, start + 1)


class Decider:
    """Decide whether and where patterns match; one per process.

    Args:
        compiled: the pack of the patterns.
        model: name of a trained spaCy pipeline whose attributes `tokens:` rules may use; None is plain English.
        prefilter: False compiles every expression, whatever stands in the text.
    """

    def __init__(self, compiled: CompiledPack, model: str | None = None, *, prefilter: bool = True) -> None:
        self._prefiltering = prefilter
        self._expressions = compiled.expressions
        self._demands = compiled.demands
        self._conditions = compiled.conditions
        self._lists: dict[int, _Listed] = {}
        self._searches: dict[str, Search] = {}
        self._asked: dict[str, int] = {}
        self._spacy = _TokenMatching(model)

    def search(self, pattern: Pattern) -> Search:
        """Return what finds a pattern in characters."""
        found = self._searches.get(pattern.source)
        if found is None:
            each = self._expressions[pattern.source]
            found = self._searches[pattern.source] = Search(each.compile().search, each.captures, each.body)
        return found

    def search_in(self, pattern: Pattern, characters: str) -> Search | None:
        """Return what finds a pattern; None where less work than compiling it tells that it is not there."""
        found = self._searches.get(pattern.source)
        return self.search(pattern) if found is None and self._worth_compiling(pattern.source, characters) else found

    def _worth_compiling(self, source: str, characters: str) -> bool:
        """Tell whether an expression may be there, or was asked for so often that compiling it is cheaper."""
        if not self._prefiltering:
            return True
        asked = self._asked[source] = self._asked.get(source, 0) + 1
        return asked > _OFTEN or self._demands[source].has_pair(characters)

    def find(self, pattern: Pattern | TokenPattern, sentence: Sentence) -> list[Hit]:
        """Return the hit at every word where one begins, leftmost first."""
        if isinstance(pattern, TokenPattern):
            return self._spacy.find(pattern, sentence)
        return self._find(pattern, sentence.characters)

    def near(self, pattern: Pattern | TokenPattern, sentence: Sentence, start: int, end: int) -> list[Hit]:
        """Return the hits of a pattern; in an endless sentence only those within the words [start, end)."""
        if isinstance(pattern, TokenPattern):
            return self._spacy.find(pattern, sentence)
        characters, start = sentence.characters, max(start, 0)
        if len(characters) <= _LONG or pattern.at_start or pattern.at_end:
            return self._find(pattern, characters)
        return [hit.moved(-start) for hit in self._find(pattern, characters[start:end])]

    def find_all(self, patterns: tuple[Pattern, ...], sentence: Sentence) -> list[Hit]:
        """Return the hits of all these patterns in the sentence. For lists that live as long as the pack."""
        return [hit for pattern in self.among(patterns, sentence.run) for hit in self.find(pattern, sentence)]

    def _find(self, pattern: Pattern, characters: str) -> list[Hit]:
        search = self.search_in(pattern, characters)
        first = search.first(characters) if search is not None else None
        return list(search.hits(first)) if search is not None and first is not None else []

    def among(self, patterns: tuple[Pattern, ...], run: Run) -> Sequence[Pattern]:
        """Return the patterns that the words of the run do not rule out, in no order to rely on.

        For lists of conditions, that live as long as the pack.
        """
        if not patterns:
            return ()
        listed = self._lists.get(id(patterns))
        if listed is None:
            # The list is kept beside its bits, so that its id cannot be given to another.
            by_place = {self._conditions.place_of[each.source]: each for each in patterns}
            listed = self._lists[id(patterns)] = _Listed(self._conditions.bits_of(patterns), by_place, patterns)
        there = run.there
        if there is None:
            there = run.there = self._conditions.there(run.characters) if self._prefiltering else -1
        there &= listed.bits
        return [listed.by_place[place] for place in places_of(there)] if there else ()

    def any_of(self, patterns: tuple[Pattern, ...], run: Run) -> bool:
        """Tell whether any of the patterns stands in any sentence of the run."""
        # No pattern reaches over the end of a sentence: all sentences are searched at once.
        return any(self._find(pattern, run.characters) for pattern in self.among(patterns, run))


class _Listed(NamedTuple):
    """A list of patterns as bits."""

    bits: int
    by_place: dict[int, Pattern]
    patterns: tuple[Pattern, ...]


class _TokenMatching:
    """Run token patterns with spaCy."""

    def __init__(self, model: str | None) -> None:
        self._model = model
        self._nlp: Any = None
        self._matchers: dict[int, tuple[TokenPattern, Any]] = {}

    def _load(self) -> None:
        import spacy

        self._nlp = spacy.load(self._model) if self._model else spacy.blank("en")
        self._matchers = {}

    def find(self, pattern: TokenPattern, sentence: Sentence) -> list[Hit]:
        """Return every hit, leftmost first, the longest first among those with one start."""
        if not sentence.words:
            return []
        if self._nlp is None or len(self._nlp.vocab.strings) > MAX_STRINGS:
            self._load()
        if sentence.doc is None or sentence.doc.vocab is not self._nlp.vocab:
            sentence.doc = self._doc(sentence.words)
        known = self._matchers.get(id(pattern))
        if known is None:
            from spacy.matcher import Matcher

            matcher = Matcher(self._nlp.vocab)
            matcher.add("0", [list(pattern.tokens)])
            # The pattern is kept beside its matcher, so that its id cannot be given to another.
            known = self._matchers[id(pattern)] = (pattern, matcher)
        hits = [Hit(start, end) for _, start, end in known[1](sentence.doc)]
        return sorted(hits, key=lambda hit: (hit.start, -hit.end))

    def _doc(self, words: list[str]) -> Any:
        from spacy.tokens import Doc

        doc = Doc(self._nlp.vocab, words=words)
        if self._model:
            for _, pipe in self._nlp.pipeline:
                doc = pipe(doc)
        return doc
