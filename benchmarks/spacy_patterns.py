"""Write a pattern as spaCy token patterns: what the engine is compared with, and tests hold it to.

A spaCy `Matcher` pattern is a flat sequence with an operator per token and no groups. Alternatives of several
words are therefore multiplied out; what differs in one place only is folded back into one set of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from frictionlens.errors import RuleError
from frictionlens.rules.pattern import (
    NEGATIONS,
    Affix,
    Alt,
    Capture,
    Gap,
    Kind,
    Node,
    Not,
    Opt,
    Pattern,
    Seq,
    Word,
)

MAX_SEQUENCES: Final = 600
"""Beyond this a pattern is not written out."""

_NEVER_SWALLOWED: Final = (*NEGATIONS, "{link}", "{email}")
KIND_REGEX: Final = {
    "number": r"^[0-9]",
    "link": r"^\{link\}$",
    "email": r"^\{email\}$",
    "mention": r"^\{mention\}$",
    "emoji": r"^[\u2600-\u27bf\U0001f300-\U0001faff]$",
}


@dataclass(frozen=True)
class Step:
    """One position of a sequence: a set of words and affixes, or with `negated` anything but those."""

    words: frozenset[str] = frozenset()
    affixes: frozenset[Affix] = frozenset()
    kinds: frozenset[str] = frozenset()
    negated: bool = False
    op: str = ""
    """spaCy operator: empty for exactly one, `?`, or `{0,n}`."""
    capture: str | None = None
    """Charged kind (or "") when this step is part of the charged process's name."""

    @property
    def is_set(self) -> bool:
        """Tell whether this is a plain set that can be folded with another."""
        return not self.negated and not self.op

    def spacy(self) -> dict[str, Any]:
        """Return the spaCy token pattern."""
        token: dict[str, Any]
        if self.negated and not self.affixes:
            token = {"ORTH": {"NOT_IN": sorted(self.words | set(_NEVER_SWALLOWED))}}
        elif self.negated:
            token = {"ORTH": {"REGEX": rf"^(?!(?:{_any_of([*self.words, *_NEVER_SWALLOWED], self.affixes)})$)"}}
        elif self.kinds or self.affixes:
            parts = [KIND_REGEX[kind] for kind in sorted(self.kinds)]
            if self.words or self.affixes:
                inner = []
                if self.affixes:
                    never = "|".join(re.escape(word) for word in _NEVER_SWALLOWED)
                    inner.append(rf"(?!(?:{never})$)(?:{_any_of((), self.affixes)})")
                if self.words:
                    inner.append(_any_of(self.words, ()))
                parts.append(rf"^(?:{'|'.join(inner)})$")
            token = {"ORTH": {"REGEX": "|".join(parts)}}
        elif len(self.words) == 1:
            token = {"ORTH": next(iter(self.words))}
        else:
            token = {"ORTH": {"IN": sorted(self.words)}}
        if self.op:
            token["OP"] = self.op
        return token


def _any_of(words: Iterable[str], affixes: Iterable[Affix]) -> str:
    parts = [re.escape(word) for word in sorted(words)]
    parts += sorted(f"{re.escape(each.prefix)}.*{re.escape(each.suffix)}" for each in affixes)
    return "|".join(parts)


Sequence = tuple[Step, ...]


def sequences(pattern: Pattern, where: str = "") -> list[Sequence]:
    """Multiply a pattern out into flat sequences.

    Raises:
        RuleError: the pattern has more combinations than `MAX_SEQUENCES`.
    """
    found = expand(pattern.root, pattern.source, where)
    return [each for each in found if each]


def expand(node: Node, source: str, where: str) -> list[Sequence]:
    """Multiply a node out into flat sequences, folding what differs in one set only."""
    match node:
        case Word(text):
            return [(Step(words=frozenset({text})),)]
        case Affix() if node == Affix():
            return [(Step(negated=True),)]
        case Affix():
            return [(Step(affixes=frozenset({node})),)]
        case Kind(name):
            return [(Step(kinds=frozenset({name})),)]
        case Not(words, affixes):
            return [(Step(words=words, affixes=affixes, negated=True),)]
        case Gap(most):
            return [(Step(negated=True, op=f"{{0,{most}}}"),)]
        case Capture(inner, kind):
            return [tuple(replace(step, capture=kind) for step in each) for each in expand(inner, source, where)]
        case Opt(inner):
            found = expand(inner, source, where)
            single = [each for each in found if len(each) == 1 and not each[0].op]
            longer = [each for each in found if each not in single]
            if single:
                optional = [(replace(each[0], op="?"),) for each in single]
                return [*optional, *longer]
            return [(), *longer]
        case Alt(branches):
            return _fold([each for branch in branches for each in expand(branch, source, where)])
        case Seq(items):
            found = [()]
            for item in items:
                tails = expand(item, source, where)
                found = _fold([head + tail for head in found for tail in tails])
                if len(found) > MAX_SEQUENCES:
                    hint = "write it as two patterns, or use fewer alternatives of several words"
                    raise RuleError(f"pattern {source!r} has over {MAX_SEQUENCES} combinations", where, hint)
            return found


def _fold(found: list[Sequence]) -> list[Sequence]:
    """Fold sequences that differ in one set only into one, until nothing folds; keep the first one's place."""
    found = list(dict.fromkeys(found))
    changed = len(found) > 1
    while changed:
        changed = False
        for place in range(max(map(len, found))):
            groups: dict[tuple[Any, ...], list[Sequence]] = {}
            for each in found:
                if place < len(each) and each[place].is_set:
                    key: tuple[Any, ...] = (each[:place], each[place].capture, each[place + 1 :])
                else:
                    key = (each,)
                groups.setdefault(key, []).append(each)
            if len(groups) < len(found):
                changed = True
                found = [_union(group, place) if len(group) > 1 else group[0] for group in groups.values()]
    return found


def _union(group: list[Sequence], place: int) -> Sequence:
    first = group[0]
    step = Step(
        words=frozenset().union(*(each[place].words for each in group)),
        affixes=frozenset().union(*(each[place].affixes for each in group)),
        kinds=frozenset().union(*(each[place].kinds for each in group)),
        capture=first[place].capture,
    )
    return (*first[:place], step, *first[place + 1 :])
