"""Own charging: which process a turn names as what stands in the way, and which kind of no it says.

Both are data (`charges.yml`): wordings that capture a process name, wordings that show a kind of no, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from frictionlens.engine.compiled import CompiledPack
from frictionlens.engine.matching import Decider, Hit
from frictionlens.model import Charged, ChargedKind, KindOfNo
from frictionlens.rules import Pack

if TYPE_CHECKING:
    from frictionlens.engine.detector import Match, Run, Sentence


def charge(
    match: Match, run: Run, compiled: CompiledPack, decider: Decider
) -> tuple[tuple[Charged, ...], KindOfNo | None]:
    """Return the processes that the words charge, in order of appearance, and the kind of no.

    The sentence of the match decides; where it names nobody, the rest of the turn may.
    """
    pack = compiled.pack
    rule = pack.rules[match.rule]
    if not rule.category.charged:
        return (), None
    charged = [Charged(each.kind, each.name) for each in rule.entry.charged]
    charged += [
        Charged(kind, name)  # type: ignore[arg-type]
        for kind, start, end in match.hit.captured
        if kind and (name := process_name(pack, match.sentence, start, end))
    ]
    charged += _named(match.sentence, compiled, decider)
    if not charged:
        for sentence in run.sentences:
            if sentence.start != match.sentence.start:
                charged += _named(sentence, compiled, decider)
    unique = _without_generic(pack, list(dict.fromkeys(charged)))
    kind = _kind_of_no(match, compiled, decider, unique) if rule.category.kind_of_no else None
    return tuple(unique), kind


def process_name(pack: Pack, sentence: Sentence, start: int, end: int) -> str:
    """Return the normalised name of the process in tokens[start:end]: no determiners, last word singular."""
    words = [token.word for token in sentence.tokens[start:end]]
    while words and words[0] in pack.charging.strip:
        words.pop(0)
    if words and words[-1] in pack.charging.singular:
        words[-1] = pack.charging.singular[words[-1]]
    return " ".join(words)


def _named(sentence: Sentence, compiled: CompiledPack, decider: Decider) -> list[Charged]:
    if not sentence.tokens:
        return []
    pack = compiled.pack
    found: list[tuple[int, int, ChargedKind, str]] = []
    for charge_, (patterns, excepts) in zip(pack.charges, compiled.charges, strict=True):
        for pattern in patterns:
            for hit in decider.find(pattern, sentence.doc):
                if any(_overlap(other, hit) for each in excepts for other in decider.find(each, sentence.doc)):
                    continue
                for kind, start, end in hit.captured:
                    if name := process_name(pack, sentence, start, end):
                        found.append((start, end, kind or charge_.kind, name))  # type: ignore[arg-type]
    # Of names that overlap, the longest is the process: "refund policy", not "policy".
    found.sort(key=lambda each: (each[0] - each[1], each[0]))
    kept: list[tuple[int, int, ChargedKind, str]] = []
    for each in found:
        if not any(other[0] < each[1] and each[0] < other[1] for other in kept):
            kept.append(each)
    return [Charged(kind, name) for _, _, kind, name in sorted(kept)]


def _overlap(one: Hit, other: Hit) -> bool:
    return one.start < other.end and other.start < one.end


def _without_generic(pack: Pack, charged: list[Charged]) -> list[Charged]:
    specific = [each for each in charged if each.name not in pack.charging.generic]
    return specific or charged


def _kind_of_no(match: Match, compiled: CompiledPack, decider: Decider, charged: list[Charged]) -> KindOfNo:
    pack = compiled.pack
    fixed = pack.rules[match.rule].entry.kind_of_no
    if fixed is not None:
        return fixed
    for cue, patterns in zip(pack.kinds_of_no, compiled.kinds_of_no, strict=True):
        if any(decider.find(pattern, match.sentence.doc) for pattern in patterns):
            return cue.kind
    for cue in pack.kinds_of_no:
        if any(each.kind in cue.charged for each in charged):
            return cue.kind
    return pack.charging.otherwise
