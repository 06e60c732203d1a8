"""Own charging: which process a turn names as what stands in the way, and which kind of no it says.

Both are data (`charges.yml`): wordings that capture a process name, wordings that show a kind of no, in order.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, cast

from frictionlens.engine.matching import Decider, Hit
from frictionlens.engine.text import Sentence
from frictionlens.model import Charged, ChargedKind, KindOfNo
from frictionlens.rules import Pack, Rule
from frictionlens.rules.pack import ChargeFile, KindOfNoCue
from frictionlens.rules.pattern import Pattern

_REACH: Final = 14
"""Words before the hit, and half as many behind it, in which its subject is looked for."""

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
    charged = [Charged(each.kind, each.name) for each in rule.entry.charged]
    charged += [
        Charged(kind, name)  # type: ignore[arg-type]
        for kind, start, end in hit.captured
        if kind and (name := process_name(pack, sentence, start, end))
    ]
    charged = [each for each in charged if each.name not in pack.charging.nobody]
    clause = _clause(sentence, hit, pack, decider)
    bare = bool(pack.charging.grounds) and set(pack.charging.grounds).isdisjoint(found)
    charged += _named(sentence, pack, decider, clause)
    if not charged and not bare:
        charged += _named(sentence, pack, decider, None)
    if not charged:
        charged += _named(sentence, pack, decider, clause if bare else None, fallback=True)
    if not charged:
        for other in sentence.run.sentences:
            if other.first != sentence.first:
                charged += _named(other, pack, decider, (0, 0) if bare else None)
    if not charged:
        charged += _subject(rule, sentence, hit, pack)
    unique = _without_generic(pack, list(dict.fromkeys(charged)))
    if not rule.category.kind_of_no:
        return tuple(unique), None
    return tuple(unique), rule.entry.kind_of_no or _kind_of_no(rule, sentence, clause, pack, decider, unique, found)


def process_name(pack: Pack, sentence: Sentence, start: int, end: int) -> str:
    """Return the normalised name of the process in words[start:end]: no determiners, last word singular."""
    words = sentence.words[start:end]
    while words and words[0] in pack.charging.strip:
        words.pop(0)
    if words and words[-1] in pack.charging.singular:
        words[-1] = pack.charging.singular[words[-1]]
    return " ".join(words)


def _named(
    sentence: Sentence, pack: Pack, decider: Decider, within: tuple[int, int] | None, *, fallback: bool = False
) -> list[Charged]:
    """Return what the sentence names; beyond the words [start, end) of `within`, only what a bare no is charged to."""
    found: list[tuple[int, int, ChargedKind, str]] = []
    for each in pack.charges:
        if each.fallback != fallback:
            continue
        hits = decider.find_all(each.patterns, sentence)
        if not hits:
            continue
        cancelled = decider.find_all(each.except_, sentence)
        for hit in hits:
            for kind, start, end in hit.captured:
                if any(other.start < end and start < other.end for other in cancelled):
                    continue
                name = process_name(pack, sentence, start, end)
                said = cast(ChargedKind, kind or each.kind)
                # Only a rule is a number.
                if not name or name in pack.charging.nobody or (said != "policy" and _is_number(name)):
                    continue
                found.append((start, end, _kind_by_head(name, said, pack) if each.by_head else said, name))
    # Of names that overlap, the longest is the process: "refund policy", not "policy".
    found.sort(key=lambda each: (each[0] - each[1], each[0]))
    kept: list[tuple[int, int, ChargedKind, str]] = []
    for one in found:
        if not any(other[0] < one[1] and one[0] < other[1] for other in kept):
            kept.append(one)
    return [
        Charged(kind, name)
        for start, end, kind, name in sorted(kept)
        if within is None or kind in pack.charging.bare or (start < within[1] and within[0] < end)
    ]


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
    first = max(hit.start - _REACH, 0)
    begin, stop = hit.start - first, hit.end - first
    words = sentence.words[first : hit.end + _REACH // 2]
    phrases = _noun_phrases(words, charging)
    before = [each for each in phrases if each[0] <= begin]
    ordered = [each for each in reversed(before) if not _governed(words, each[0], charging)]
    inside = [each for each in phrases if begin <= each[0] < stop]
    if kind == "policy":
        ruled = max((begin + place for place, each in enumerate(said) if each in charging.conditions), default=None)
        numbers = [each for each in phrases if each[1] - each[0] > 1 and _has_number(words[slice(*each)], charging)]
        behind = [each for each in phrases if ruled is not None and each[0] > ruled]
        ordered = [*numbers, *behind, *ordered, *inside, *reversed(before), *phrases]
    elif kind != "department":
        ordered += inside
    for start, end in ordered:
        name = process_name(pack, sentence, first + start, first + end)
        if name and name not in charging.nobody:
            if kind == "policy":
                # A rule is a rule whatever it is about.
                return [Charged(kind, name)]
            if not charging.own.issuperset(words[start:end]):
                return [Charged(_kind_by_head(name, kind, pack), name)]
            break
    # What went wrong and has no other name went wrong in the company's own doing.
    fault = next((word for word in said if word in charging.faults), None)
    return [Charged("system", fault)] if fault and kind == "third_party" else []


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
    return name.replace(" ", "").isdigit()


def _has_number(words: list[str], charging: ChargeFile) -> bool:
    return any(each[0].isdigit() or each in charging.numbers for each in words)


def _noun_phrases(words: list[str], charging: ChargeFile) -> list[tuple[int, int]]:
    """Return the runs of words that may name something, the last three words of each."""
    found: list[tuple[int, int]] = []
    start = 0
    for place, word in enumerate([*words, ""]):
        verbal = word.endswith(("ly", "ed", "ing")) and word not in charging.nouns
        name = place > 0 and words[place - 1] in charging.address
        if word and word[0].isalnum() and word not in charging.stop and not verbal and not name:
            continue
        if start < place:
            found.append((max(start, place - 3), place))
        start = place + 1
    return found


def _without_generic(pack: Pack, charged: list[Charged]) -> list[Charged]:
    """Drop bare names beside more specific ones: `policy` beside any rule, `delay` beside `delay in updating`."""
    specific = [each for each in charged if each.name not in pack.charging.generic] or charged
    words = [(each.kind, set(each.name.split())) for each in specific]
    return [
        each
        for each, (kind, own) in zip(specific, words, strict=True)
        if not any(kind == other_kind and own < other for other_kind, other in words)
    ]


def _kind_of_no(
    rule: Rule,
    sentence: Sentence,
    clause: tuple[int, int],
    pack: Pack,
    decider: Decider,
    charged: list[Charged],
    found: Collection[str],
) -> KindOfNo:
    kinds = {each.kind for each in charged}

    def holds(cue: KindOfNoCue) -> bool:
        return (
            (not cue.charged or not kinds.isdisjoint(cue.charged))
            and kinds.isdisjoint(cue.not_charged)
            and (not cue.found or any(each in found for each in cue.found))
            and (not cue.rules or rule.id in cue.rules)
            and (not cue.patterns or _stands_in(clause, cue.patterns, sentence, decider))
            and (not cue.same_turn or decider.any_of(cue.same_turn, sentence.run))
        )

    return next((cue.kind for cue in pack.kinds_of_no if holds(cue)), pack.charging.otherwise)


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
            if not any(each.start < opening.end and opening.start < each.end for each in bound):
                return start, opening.start
    return start, end


def _stands_in(clause: tuple[int, int], patterns: tuple[Pattern, ...], sentence: Sentence, decider: Decider) -> bool:
    start, end = clause
    return any(each.start < end and start < each.end for each in decider.find_all(patterns, sentence))
