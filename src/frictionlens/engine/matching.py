"""Own matching: a pattern decides, with a spaCy `Matcher`, where in a sentence it stands.

Matchers are built when a pattern is first needed: most patterns never are in a small run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from frictionlens.engine.bounded import MOST_TURNS, MOST_WAYS, find_hits, turns, ways
from frictionlens.engine.light_spacy import Doc, English, Matcher
from frictionlens.engine.prefilter import demand_of
from frictionlens.engine.sieve import sieve_of
from frictionlens.engine.steps import Sequence, sequences
from frictionlens.rules.pattern import Pattern, TokenPattern

if TYPE_CHECKING:
    from frictionlens.engine.text import Sentence

MAX_STRINGS: Final = 400_000
"""Words that spaCy may remember before the vocabulary is started afresh: memory stays flat on any input."""

_MARKS: Final = frozenset({"?", "??", "!!"})


class Hit(NamedTuple):
    """Where a pattern stands, in words of its sentence, end-exclusive."""

    start: int
    end: int
    captured: tuple[tuple[str, int, int], ...] = ()
    """(charged kind or "", first word, end) of the charged process, where the pattern captures it."""


@dataclass
class _Entry:
    pattern: Pattern | TokenPattern
    """Kept beside its matcher, so that its id cannot be given to another pattern."""
    anchor: frozenset[str] | None = None
    """Words of which one must be in the sentence."""
    sieve: Callable[[str], object] | None = None
    sequences: list[Sequence] = field(default_factory=list)
    """Every way to say the pattern; empty for a token pattern, and until the sieve first lets a sentence through."""
    asks: list[tuple[frozenset[str], ...]] = field(default_factory=list)
    """Per sequence, the sets of words of each of which one must be in the sentence."""
    matchers: dict[int, Any] = field(default_factory=dict)
    """Number of the sequence → its matcher, built when first needed: one matcher that holds hundreds of sequences
    starts every one of them at every word, and most cannot match for want of a word."""
    built: bool = False
    reach: int = 0
    captures: bool = False


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

            self._nlp: Any = spacy.load(self._model)
        else:
            self._nlp = English()
        self._vocab = self._nlp.vocab
        self._pipes = [pipe for _, pipe in self._nlp.pipeline] if self._model else []
        self._entries: dict[int, _Entry] = {}
        self._lists: dict[int, tuple[tuple[Pattern, ...], dict[str, list[int]], list[int]]] = {}

    def doc(self, words: list[str]) -> Doc:
        """Build the spaCy document of canonical words."""
        if len(self._vocab.strings) > MAX_STRINGS:
            self._reset()
        doc = Doc(self._vocab, words=words)
        for pipe in self._pipes:
            doc = pipe(doc)
        return doc

    def find(self, pattern: Pattern | TokenPattern, sentence: Sentence) -> list[Hit]:
        """Return every hit, leftmost first, the longest first among those with one start."""
        words = sentence.words
        entry = self._entries.get(id(pattern))
        if entry is None:
            entry = self._entries[id(pattern)] = self._prepare(pattern)
        if entry.anchor is not None and entry.anchor.isdisjoint(sentence.word_set):
            return []
        if entry.sieve is not None and not entry.sieve(sentence.line):
            return []
        if not words:
            return []
        if not entry.built:
            self._build(entry)
        hits: list[Hit] = []
        for number in _possible(entry, sentence.word_set):
            if entry.sequences and ways(entry.sequences[number]) > MOST_WAYS:
                sequence = entry.sequences[number]
                hits += [
                    Hit(start, end, _captured(sequence, start, alignment))
                    for start, end, alignment in find_hits(sequence, words)
                ]
                continue
            doc = sentence.doc
            if doc.vocab is not self._vocab:
                doc = self.doc(words)
            matcher = entry.matchers.get(number)
            if matcher is None:
                matcher = entry.matchers[number] = self._matcher([step.spacy() for step in entry.sequences[number]])
            if entry.captures:
                sequence = entry.sequences[number]
                hits += [
                    Hit(start, end, _captured(sequence, start, alignment))
                    for _, start, end, alignment in matcher(doc, with_alignments=True)
                ]
            else:
                hits += [Hit(start, end) for _, start, end in matcher(doc)]
        if not hits:
            return hits
        if isinstance(pattern, Pattern):
            if pattern.at_start:
                first = 0
                while first < len(words) - 1 and words[first] == "{mention}":  # whom a tweet is written to
                    first += 1
                hits = [hit for hit in hits if hit.start in (0, first)]
            if pattern.at_end:
                last = len(words)
                while last and words[last - 1] in _MARKS:
                    last -= 1
                hits = [hit for hit in hits if hit.end >= last]
            hits = [hit for hit in hits if _length(sentence, hit) <= entry.reach]
        hits.sort(key=lambda hit: (hit.start, -hit.end))
        return hits

    def among(self, patterns: tuple[Pattern, ...], sentence: Sentence) -> list[int]:
        """Return the places, in order, of the patterns that the words of the sentence do not rule out.

        For long lists that live as long as the pack: looked up word by word instead of one pattern after the other.
        """
        entry = self._lists.get(id(patterns))
        if entry is None:
            by_word: dict[str, list[int]] = {}
            always: list[int] = []
            for place, pattern in enumerate(patterns):
                anchor = _anchor_of(pattern)
                if anchor is None:
                    always.append(place)
                for word in anchor or ():
                    by_word.setdefault(word, []).append(place)
            entry = self._lists[id(patterns)] = (patterns, by_word, always)
        _, by_word, always = entry
        found = set(always)
        for word in sentence.word_set & by_word.keys():
            found.update(by_word[word])
        return sorted(found)

    def _prepare(self, pattern: Pattern | TokenPattern) -> _Entry:
        if isinstance(pattern, TokenPattern):
            return _Entry(pattern)
        reach, captures = demand_of(pattern).reach, bool(pattern.captures)
        # Backtracking over many gaps is worse than no sieve.
        sieve = sieve_of(pattern).search if turns(pattern) <= MOST_TURNS else None
        return _Entry(pattern, _anchor_of(pattern), sieve, reach=reach, captures=captures)

    def _build(self, entry: _Entry) -> None:
        entry.built = True
        if isinstance(entry.pattern, TokenPattern):
            entry.matchers[0] = self._matcher(list(entry.pattern.tokens))
            entry.asks = [()]
            return
        entry.sequences = sequences(entry.pattern)
        entry.asks = [tuple(step.words for step in each if step.is_words and not step.op) for each in entry.sequences]

    def _matcher(self, tokens: list[dict[str, Any]]) -> Any:
        matcher = Matcher(self._vocab)
        matcher.add("0", [tokens])
        return matcher


def _anchor_of(pattern: Pattern) -> frozenset[str] | None:
    """Return the words of which one must be in the sentence; None where it is not words that are asked for."""
    demand = demand_of(pattern)
    anchor = demand.needs[demand.anchor] if demand.needs else None
    if anchor is not None and any(not word[0].isalnum() or word[-1] == "*" for word in anchor):
        return None
    return anchor


def _possible(entry: _Entry, here: frozenset[str]) -> list[int]:
    """Return the sequences whose words are all in the sentence."""
    found: list[int] = []
    for number, asks in enumerate(entry.asks):
        for words in asks:
            if words.isdisjoint(here):
                break
        else:
            found.append(number)
    return found


def _length(sentence: Sentence, hit: Hit) -> int:
    start, end = sentence.span(hit.start, hit.end)
    return end - start


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
