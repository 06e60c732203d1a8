"""Own charging: which process a turn names as what stands in the way, and which kind of no it says.

Both are data (`charges.yml`): wordings that capture a process name, wordings that show a kind of no, in order.
"""

from __future__ import annotations

from collections.abc import Collection

from frictionlens.engine.matching import Decider, Hit
from frictionlens.engine.text import Sentence
from frictionlens.model import Charged, ChargedKind, KindOfNo
from frictionlens.rules import Pack, Rule


def charge(
    rule: Rule, sentence: Sentence, hit: Hit, pack: Pack, decider: Decider, found: Collection[str] = ()
) -> tuple[tuple[Charged, ...], KindOfNo | None]:
    """Return the processes that the words charge, in order of appearance, and the kind of no.

    The sentence of the match decides; where it names nobody, the rest of the turn may. `found` are the categories
    found in the turn: a refusal beside a cited rule is one of permission.
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
    charged += _named(sentence, pack, decider)
    if not charged:
        charged += _named(sentence, pack, decider, fallback=True)
    if not charged:
        for other in sentence.run.sentences:
            if other.first != sentence.first:
                charged += _named(other, pack, decider)
    unique = _without_generic(pack, list(dict.fromkeys(charged)))
    kind = _kind_of_no(rule, sentence, pack, decider, unique, found) if rule.category.kind_of_no else None
    return tuple(unique), kind


def process_name(pack: Pack, sentence: Sentence, start: int, end: int) -> str:
    """Return the normalised name of the process in words[start:end]: no determiners, last word singular."""
    words = sentence.words[start:end]
    while words and words[0] in pack.charging.strip:
        words.pop(0)
    if words and words[-1] in pack.charging.singular:
        words[-1] = pack.charging.singular[words[-1]]
    return " ".join(words)


def _named(sentence: Sentence, pack: Pack, decider: Decider, *, fallback: bool = False) -> list[Charged]:
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
                if name and name not in pack.charging.nobody:
                    found.append((start, end, kind or each.kind, name))  # type: ignore[arg-type]
    # Of names that overlap, the longest is the process: "refund policy", not "policy".
    found.sort(key=lambda each: (each[0] - each[1], each[0]))
    kept: list[tuple[int, int, ChargedKind, str]] = []
    for one in found:
        if not any(other[0] < one[1] and one[0] < other[1] for other in kept):
            kept.append(one)
    return [Charged(kind, name) for _, _, kind, name in sorted(kept)]


def _without_generic(pack: Pack, charged: list[Charged]) -> list[Charged]:
    specific = [each for each in charged if each.name not in pack.charging.generic]
    return specific or charged


def _kind_of_no(
    rule: Rule, sentence: Sentence, pack: Pack, decider: Decider, charged: list[Charged], found: Collection[str]
) -> KindOfNo:
    if rule.entry.kind_of_no is not None:
        return rule.entry.kind_of_no
    kinds = {each.kind for each in charged}
    for cue in pack.kinds_of_no:
        if (
            (not cue.charged or not kinds.isdisjoint(cue.charged))
            and kinds.isdisjoint(cue.not_charged)
            and (not cue.found or any(each in found for each in cue.found))
            and (not cue.patterns or decider.find_all(cue.patterns, sentence))
        ):
            return cue.kind
    return pack.charging.otherwise
