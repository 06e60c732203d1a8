"""Own charging: which process a turn names as what stands in the way, and which kind of no it says.

Both are data (`charges.yml`): wordings that capture a process name, wordings that show a kind of no, in order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple, cast

from frictionlens.engine.matching import Decider, Hit
from frictionlens.engine.text import Sentence
from frictionlens.model import Charged, ChargedKind, KindOfNo
from frictionlens.rules import Pack, Rule
from frictionlens.rules.pack import Charge, ChargeFile, KindOfNoCue

_REACH: Final = 14
"""Words before the hit, and half as many behind it, in which its subject is looked for."""

_RANGE: Final = re.compile(r"(?<=\d) (?=\d)")
"""Between the numbers of a range: marks are no part of a word."""

_CLAUSE: Final = 25
"""Words on either side of the hit that may say which kind of no it is: speech-to-text has no sentence ends."""


def charge(
    rule: Rule, sentence: Sentence, hit: Hit, pack: Pack, decider: Decider, found: Collection[str] = ()
) -> tuple[tuple[Charged, ...], KindOfNo | None]:
    """Return the processes that the words charge, in order of appearance, and the kind of no.

    The sentence of the match decides; where it names nobody, the rest of the turn may, and at last what the words of
    the match are about. `found` are the categories found in the turn: a refusal beside a cited rule is one of
    permission.
    """
    if not rule.category.charged:
        return (), None
    said = _Said(rule, sentence, hit, pack, decider)
    grounds = pack.charging.grounds
    bare = bool(grounds) and set(grounds).isdisjoint(found)
    fixed = [Charged(each.kind, each.name) for each in rule.entry.charged]
    charged = fixed + said.within(said.named) or next(filter(None, said.elsewhere(bare)), [])
    unique = _without_generic(pack, list(dict.fromkeys(charged)))
    if not rule.category.kind_of_no:
        return tuple(unique), None
    return tuple(unique), rule.entry.kind_of_no or said.kind_of_no(unique, found)


def process_name(pack: Pack, sentence: Sentence, start: int, end: int) -> str:
    """Return the normalised name of the process in words[start:end]: no determiners, last word singular."""
    words = sentence.words[start:end]
    while words and words[0] in pack.charging.strip:
        words.pop(0)
    words = [word for word in words if word not in pack.charging.inner]
    if words and words[-1] in pack.charging.singular:
        words[-1] = pack.charging.singular[words[-1]]
    return _RANGE.sub("-", " ".join(words))


class _Named(NamedTuple):
    """A process that a sentence names, and where: words [start, end)."""

    start: int
    end: int
    charged: Charged


class _Said:
    """A finding in its sentence: what it may be charged to, and which kind of no it says."""

    def __init__(self, rule: Rule, sentence: Sentence, hit: Hit, pack: Pack, decider: Decider) -> None:
        self.rule, self.sentence, self.hit, self.pack, self.decider = rule, sentence, hit, pack, decider
        self.clause = _clause(sentence, hit, pack, decider)
        self.named = self.names_in(sentence, hit)

    def names_in(self, sentence: Sentence, hit: Hit | None = None, *, fallback: bool = False) -> list[_Named]:
        """Return what the sentence, and the rule by its hit, name, in order.

        Of names that overlap the longest counts: “refund policy”, not “policy”.
        """
        pack = self.pack
        found = [
            _Named(start, end, Charged(_kind_by_head(name, cast(ChargedKind, kind), pack), name))
            for kind, start, end in (hit.captured if hit else ())
            if kind and (name := process_name(pack, sentence, start, end)) and name not in pack.charging.nobody
        ]
        for each in pack.charges:
            if each.fallback == fallback and (not each.categories or self.rule.category.id in each.categories):
                hits = self.decider.find_all(each.patterns, sentence)
                cancelled = self.decider.find_all(each.except_, sentence) if hits else []
                captures = [
                    _process(each, kind, start, end, sentence, pack)
                    for hit in hits
                    for kind, start, end in hit.captured
                    if not _overlaps(start, end, cancelled)
                ]
                found += [process for process in captures if process is not None]
        kept: list[_Named] = []
        asides = self.decider.find_all(pack.asides, sentence) if found else []
        for one in sorted(found, key=lambda each: (each.start - each.end, each.start)):
            if not _overlaps(one.start, one.end, kept) and not _overlaps(one.start, one.end, asides):
                kept.append(one)
        return sorted(kept, key=lambda each: each.start)

    def elsewhere(self, bare: bool) -> Iterator[list[Charged]]:
        """Yield what may be charged where the clause of the finding names nobody, the likeliest first.

        What a bare no has beside it is seldom its ground: who was written to, or what was done.
        """
        if not bare:
            yield [each.charged for each in self.named]
        causes = self.names_in(self.sentence, fallback=True)
        yield self.within(causes) if bare else [each.charged for each in causes]
        # The nearest sentence that names somebody, those before it first: a cause is told before what comes of it.
        first, kinds = self.sentence.first, self.pack.charging.bare
        for other in sorted(self.sentence.run.sentences, key=lambda it: (it.first > first, abs(it.first - first))):
            beside = self.names_in(other) if other.first != first else []
            yield [each.charged for each in beside if not bare or each.charged.kind in kinds]
        yield _subject(self.rule, self.sentence, self.hit, self.pack)

    def within(self, named: list[_Named]) -> list[Charged]:
        """Return what is named in the clause, and of what is named beyond it the kinds that a bare no is charged to."""
        start, end = self.clause
        kinds = self.pack.charging.bare
        return [each.charged for each in named if each.charged.kind in kinds or (each.start < end and start < each.end)]

    def kind_of_no(self, charged: list[Charged], found: Collection[str]) -> KindOfNo:
        """Return the kind of the first cue of which everything holds."""
        kinds = {each.kind for each in charged}

        def holds(cue: KindOfNoCue) -> bool:
            return (
                (not cue.charged or not kinds.isdisjoint(cue.charged))
                and kinds.isdisjoint(cue.not_charged)
                and (not cue.found or any(each in found for each in cue.found))
                and (not cue.rules or self.rule.id in cue.rules)
                and (not cue.patterns or _overlaps(*self.clause, self.decider.find_all(cue.patterns, self.sentence)))
                and (not cue.same_turn or self.decider.any_of(cue.same_turn, self.sentence.run))
            )

        return next((cue.kind for cue in self.pack.kinds_of_no if holds(cue)), self.pack.charging.otherwise)


def _overlaps(start: int, end: int, others: Iterable[Hit | _Named]) -> bool:
    return any(other.start < end and start < other.end for other in others)


def _process(entry: Charge, captured: str, start: int, end: int, sentence: Sentence, pack: Pack) -> _Named | None:
    """Return the process in the words [start, end) that a wording of the entry captured; None where there is none."""
    charging = pack.charging
    kind = cast(ChargedKind, captured or entry.kind)
    if entry.phrase is not None:
        phrases = _noun_phrases(sentence, start, end, charging)
        if not phrases:
            return None
        start, end = phrases[0 if entry.phrase == "first" else -1]
        if (entry.by_head or kind != "policy") and _is_own(sentence.words[start:end], charging):
            return None
    name = process_name(pack, sentence, start, end)
    # Only a rule is a number, and only where the wording tells what is counted.
    if not name or name in charging.nobody or ((kind != "policy" or entry.phrase) and _is_number(name)):
        return None
    return _Named(start, end, Charged(_kind_by_head(name, kind, pack) if entry.by_head else kind, name))


def _subject(rule: Rule, sentence: Sentence, hit: Hit, pack: Pack) -> list[Charged]:
    """Return the noun phrase that the words of the hit are about, where its category has one.

    That is what the clause begins with: a phrase that the hit begins in, or the last before it that no preposition
    governs. A rule may be its number instead, and may be said by the words of the hit alone.
    """
    charging = pack.charging
    kind = charging.subjects.get(rule.id) or charging.subjects.get(rule.category.id)
    if kind is None:
        return []
    said = sentence.words[hit.start : hit.end]
    if kind != "policy" and not charging.absence.isdisjoint(said):
        return []
    # In speech-to-text the sentence may be the whole turn: only the words around the hit are read.
    phrases = _noun_phrases(sentence, max(hit.start - _REACH, 0), hit.end + _REACH // 2, charging)
    words = sentence.words
    before = [each for each in phrases if each[0] <= hit.start]
    ordered = [each for each in reversed(before) if not _governed(words, each[0], charging)]
    inside = [each for each in phrases if hit.start <= each[0] < hit.end]
    if kind == "policy":
        ruled = max((place for place, each in enumerate(said, hit.start) if each in charging.conditions), default=None)
        numbers = [each for each in phrases if each[1] - each[0] > 1 and _has_number(words[slice(*each)], charging)]
        behind = [each for each in phrases if ruled is not None and each[0] > ruled]
        ordered = [*numbers, *behind, *ordered, *inside, *reversed(before), *phrases]
        # A rule may be about what the customer has, where nothing else is in it.
        ordered.sort(key=lambda each: charging.own.issuperset(words[slice(*each)]))
    elif kind != "department":
        ordered += inside
    # What stands before the word of a cause is what came of it.
    cause = max((place for place, each in enumerate(said, hit.start) if each in charging.causal), default=None)
    if kind == "third_party" and cause is not None:
        ordered = [each for each in phrases if each[0] > cause][:1]
    for start, end in ordered:
        name = process_name(pack, sentence, start, end)
        if name and name not in charging.nobody:
            if kind == "policy":
                # A rule is a rule whatever it is about.
                return [Charged(kind, name)]
            if not _is_own(words[start:end], charging):
                return [Charged(_kind_by_head(name, kind, pack), name)]
            break
    # What went wrong and has no other name went wrong in the company's own doing.
    fault = next((word for word in said if word in charging.faults), None)
    return [Charged("system", fault)] if fault and kind == "third_party" else []


def _is_own(words: list[str], charging: ChargeFile) -> bool:
    """Tell whether a phrase is what the customer has or wants, or what there is none of."""
    return words[-1] in charging.owned or charging.own.issuperset(words)


def _kind_by_head(name: str, kind: ChargedKind, pack: Pack) -> ChargedKind:
    """Return the kind that the last word of a name tells, and the given one where it tells none.

    What belongs to a third party is the third party: the bank's server, the courier's depot.
    """
    *before, head = name.split()
    heads = pack.charging.heads
    if not heads.get("third_party", frozenset()).isdisjoint(before):
        return "third_party"
    return next((each for each, words in heads.items() if head in words), kind)


def _governed(words: list[str], start: int, charging: ChargeFile) -> bool:
    """Tell whether the words before this place are a preposition, and perhaps determiners."""
    while start > 0 and words[start - 1] in charging.determiners:
        start -= 1
    return start > 0 and words[start - 1] in charging.prepositions


def _is_number(name: str) -> bool:
    return name.translate({ord(" "): None, ord("-"): None}).isdigit()


def _has_number(words: list[str], charging: ChargeFile) -> bool:
    return any(each[0].isdigit() or each in charging.numbers for each in words)


def _noun_phrases(sentence: Sentence, first: int, end: int, charging: ChargeFile) -> list[tuple[int, int]]:
    """Return the runs of words in words[first:end] that may name something, the last three words of each."""
    words = sentence.words[first:end]
    found: list[tuple[int, int]] = []
    start = 0
    for place, word in enumerate([*words, ""]):
        parted = place > start and bool(word) and sentence.parted(first + place)
        if parted:
            found.append((max(start, place - 3), place))
            start = place
        verbal = word.endswith(("ly", "ed", "ing")) and word not in charging.nouns
        name = place > 0 and words[place - 1] in charging.address
        if word and word[0].isalnum() and word not in charging.stop and not verbal and not name:
            continue
        if start < place:
            found.append((max(start, place - 3), place))
        start = place + 1
    return [(first + start, first + end) for start, end in found]


def _without_generic(pack: Pack, charged: list[Charged]) -> list[Charged]:
    """Drop bare names beside more specific ones: `policy` beside any rule, `delay` beside `delay in updating`."""
    specific = [each for each in charged if each.name not in pack.charging.generic] or charged
    words = [(each.kind, set(each.name.split())) for each in specific]
    return [
        each
        for each, (kind, own) in zip(specific, words, strict=True)
        if not any(kind == other_kind and own < other for other_kind, other in words)
    ]


def _clause(sentence: Sentence, hit: Hit, pack: Pack, decider: Decider) -> tuple[int, int]:
    """Return the words [start, end) of the sentence that may give the ground for what the hit denies.

    What stands beyond a word of contrast, or what the speaker says they do instead, is about something else: the
    `currently` of “while we cannot bring it back, I can look for what is currently on sale” dates no refusal.
    """
    start, end = max(hit.start - _CLAUSE, 0), min(hit.end + _CLAUSE, len(sentence.words))
    for place in range(hit.start - 1, start - 1, -1):
        if sentence.words[place] in pack.charging.contrast:
            start = place
            break
    for place in range(hit.end, end):
        if sentence.words[place] in pack.charging.contrast:
            end = place
            break
    openings = [each for each in decider.find_all(pack.clauses, sentence) if hit.end <= each.start < end]
    if openings:
        bound = decider.find_all(pack.bound_clauses, sentence)
        for opening in sorted(openings, key=lambda each: each.start):
            if not _overlaps(opening.start, opening.end, bound):
                return start, opening.start
    return start, end
