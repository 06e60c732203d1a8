"""Own the prefilter expressions: one byte expression per pattern, that may over-match but never misses.

The expression reads the text as exported: any case, any apostrophe, contractions not yet split, punctuation in
between. The one hard part is that neighbouring words of a pattern may be written as one (`can not` → `can't`):
where that can happen the neighbours form a cluster, which is multiplied out and gets both writings.
That it never misses is held by a property-based test (tests/test_prefilter.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from frictionlens.engine.steps import Sequence, Step, expand
from frictionlens.engine.tokens import LINK_BYTES
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
    longest,
    walk,
)
from frictionlens.rules.spelling import Spelling

_APOSTROPHE: Final = r"(?:['`]|\xe2\x80[\x98\x99]|\xc2\xb4|\xca\xbc)"
_BETWEEN: Final = r"[^a-z0-9_]*(?:s[^a-z0-9_]+)?"
"""What may stand between two words: a possessive `s`, and at least one character that is not of a word, as the next
word begins with `\\b`. So words need no boundary at their right, which would cost three quarters of the compilation."""
_TAIL: Final = r"[a-z0-9_\x80-\xff'`]*"
_RUN: Final = r"[a-z0-9_\x80-\xff'`]+"
"""A written word of any kind; punctuation inside links and numbers makes several of it."""
_KIND: Final = {
    "number": rf"[0-9]{_TAIL}",
    "link": LINK_BYTES,
    "email": "@",
    "mention": "@",
    "emoji": r"[\xe2\xf0][\x80-\xbf]+",
}
LONG_GAP: Final = 4
"""Longer gaps are let through without counting: counting words costs more than confirming a few sentences more."""
_MARKS: Final = {"?": r"\?", "??": r"\?", "!!": "!!"}


def expression(pattern: Pattern, spelling: Spelling) -> bytes:
    """Return the byte expression of a pattern, for Hyperscan or `re` with case ignored and dot matching all."""
    items = [leaf for item in _flat(pattern.root) for leaf in _flat(_loosened(item))]
    while isinstance(items[0], Opt | Gap):
        del items[0]
    while isinstance(items[-1], Opt | Gap):
        del items[-1]
    return _Writer(spelling).sequence(items, True, True).encode("latin-1")


def _loosened(node: Node) -> Node:
    """Return the node with optional words as a gap: any words will do there, and compiling costs a tenth.

    Kept are optionals with a negation, which gaps do not swallow, and with tokens that are not words.
    """
    match node:
        case Opt(inner):
            inside = walk(inner)
            plain_words = not any(isinstance(each, Kind | Gap) for each in inside) and not any(
                isinstance(each, Word) and (each.text in NEGATIONS or not re.match(r"\w", each.text)) for each in inside
            )
            return Gap(longest(inner)) if plain_words else node
        case Seq(items):
            return Seq(tuple(_loosened(item) for item in items))
        case Capture(inner):
            return _loosened(inner)
        case Alt(branches):
            return Alt(tuple(_loosened(branch) for branch in branches))
        case _:
            return node


@dataclass(frozen=True)
class _Writer:
    spelling: Spelling

    @cached_property
    def _pieces(self) -> frozenset[str]:
        return frozenset(self.spelling.joined_with)

    def sequence(self, items: list[Node], left_open: bool, right_open: bool) -> str:
        """Write items one after the other; `…_open`: a joined writing may reach over that edge of the sequence."""
        parts: list[str] = []
        at = 0
        while at < len(items):
            end = self._cluster_end(items, at)
            left = left_open if at == 0 else not _closed(items[at - 1])
            right = right_open if end + 1 == len(items) else not _closed(items[end + 1])
            # A gap or an optional at the edge can be nothing at all: then the edge is that of the sequence.
            parts.append(
                self._cluster(items[at : end + 1], left, right) if end > at else self._node(items[at], left, right)
            )
            at = end + 1
        return _BETWEEN.join(parts)

    def _cluster_end(self, items: list[Node], at: int) -> int:
        """Return the last item that can share a writing, step by step, with the item at `at`."""
        end = position = at
        while position <= end:
            following = position + 1
            over = 1
            while following < len(items):
                if self._share(items[position], items[following], over):
                    end = max(end, following)
                if not _skippable(items[following]):
                    break
                over += items[following].most if isinstance(items[following], Gap) else 1  # type: ignore[union-attr]
                following += 1
            position += 1
        return end

    def _share(self, left: Node, right: Node, over: int) -> bool:
        lasts, firsts = self._edge(left, -1), self._edge(right, 0)
        return bool(lasts and firsts) and any(
            _apart(pieces, lasts, firsts, over) for pieces in self.spelling.joined.values()
        )

    def _edge(self, node: Node, edge: int) -> frozenset[str]:
        """Return the pieces of joined writings that can stand first (0) or last (-1) in what the node matches."""
        match node:
            case Word(text):
                return self._pieces & {text}
            case Affix() | Not():
                return frozenset(piece for piece in self._pieces if _matches(node, piece))
            case Alt(branches):
                return frozenset().union(*(self._edge(branch, edge) for branch in branches))
            case Opt(inner) | Capture(inner):
                return self._edge(inner, edge)
            case Seq():
                flat = _flat(node) if edge == 0 else _flat(node)[::-1]
                found: frozenset[str] = frozenset()
                for item in flat:
                    found |= self._edge(item, edge)
                    if not _skippable(item):
                        break
                return found
            case _:
                return frozenset()

    def _cluster(self, items: list[Node], left_open: bool, right_open: bool) -> str:
        parts: list[str] = []
        for sequence in expand(Seq(tuple(items)), "", ""):
            # A cluster of optional words only may be nothing at all: `_steps` writes that as "".
            parts.extend(self._steps(each, left_open, right_open) for each in _mandatory(sequence))
        return _any_of(parts)

    def _steps(self, steps: Sequence, left_open: bool, right_open: bool) -> str:
        """Write flat steps, with every writing that stands for several of them at once."""
        if not steps:
            return ""
        head = steps[0]
        if head.op:
            longest_gap = head.op.endswith("}") and int(head.op[3:-1]) > LONG_GAP
            over = ".*" if longest_gap else f"(?:{_BETWEEN}{_RUN}){head.op}"
            return over + _BETWEEN + self._steps(steps[1:], True, right_open)
        only = len(steps) == 1
        neighbour_open = right_open if only else not steps[1].is_words
        own = self._step(head, left_open, neighbour_open)
        rest = self._steps(steps[1:], not head.is_words, right_open)
        options = [own if only else own + _BETWEEN + rest]
        for count in range(2, len(steps) + 1):
            if any(step.op for step in steps[:count]):
                break
            tail_open = right_open if count == len(steps) else not steps[count].is_words
            shared = [
                writing
                for writing, pieces in self.spelling.joined.items()
                if _covers(pieces, steps[:count], left_open, tail_open)
            ]
            if shared:
                after = self._steps(steps[count:], True, right_open)
                options.append(self._written(shared) + (_BETWEEN + after if after else ""))
        return _any_of(options)

    def _step(self, step: Step, left_open: bool, right_open: bool) -> str:
        if step.negated:
            return _RUN
        nodes: list[Node] = [
            *map(Word, sorted(step.words)),
            *sorted(step.affixes, key=repr),
            *map(Kind, sorted(step.kinds)),
        ]
        return self._node(Alt(tuple(nodes)) if len(nodes) > 1 else nodes[0], left_open, right_open)

    def _node(self, node: Node, left_open: bool, right_open: bool) -> str:
        match node:
            case Word(text):
                return self._word(text, left_open, right_open)
            case Affix(prefix, suffix) if prefix or suffix:
                starred = rf"\b{_literal(prefix)}{_TAIL}"
                if suffix:
                    starred = rf"\b{_literal(prefix)}{_TAIL}{_literal(suffix)}"
                others = [
                    writing
                    for writing, pieces in self.spelling.table.items()
                    if any(_matches(node, piece) for piece in pieces)
                ]
                return _any_of([starred, self._written(others)] if others else [starred])
            case Affix() | Not():
                return _RUN
            case Kind(name):
                return _KIND[name]
            case Gap(most):
                return ".*" if most > LONG_GAP else f"(?:{_BETWEEN}{_RUN}){{0,{most}}}"
            case Alt(branches):
                words = [branch.text for branch in branches if isinstance(branch, Word) and branch.text not in _MARKS]
                parts = [self._words(words, left_open, right_open)] if words else []
                parts += [
                    self._node(branch, left_open, right_open)
                    for branch in branches
                    if not isinstance(branch, Word) or branch.text in _MARKS
                ]
                return _any_of(parts)
            case Opt(inner):
                return f"(?:{self._node(inner, left_open, right_open)})?"
            case Seq() | Capture():
                return self.sequence(_flat(node), left_open, right_open)

    def _word(self, text: str, left_open: bool, right_open: bool) -> str:
        return _MARKS.get(text) or self._words([text], left_open, right_open)

    def _words(self, words: list[str], left_open: bool, right_open: bool) -> str:
        forms = set(words)
        for word in words:
            forms.update(self.spelling.writings.get(word, ()))
            for writing in self.spelling.joined_with.get(word, ()):
                pieces = self.spelling.joined[writing]
                last = len(pieces) - 1
                if any(
                    piece == word and (place == 0 or left_open) and (place == last or right_open)
                    for place, piece in enumerate(pieces)
                ):
                    forms.add(writing)
        return self._written(forms)

    def _written(self, forms: set[str] | list[str]) -> str:
        symbols = [_literal(form) for form in sorted(set(forms)) if not re.match(r"\w", form)]
        words = [_literal(form) for form in sorted(set(forms)) if re.match(r"\w", form)]
        parts = symbols
        if words:
            bare = [word for word in words if word.isascii() and "\\x" not in word] or words
            parts = [*symbols, rf"\b{_any_of(bare)}"]
            parts += [word for word in words if word not in bare]
        return _any_of(parts)


def _flat(node: Node) -> list[Node]:
    """Return the items with captures opened and nested sequences laid flat."""
    match node:
        case Seq(items):
            return [leaf for item in items for leaf in _flat(item)]
        case Capture(inner):
            return _flat(inner)
        case _:
            return [node]


def _mandatory(sequence: Sequence) -> list[Sequence]:
    """Return the sequence with each optional step there and not there, and each gap as a gap and as nothing."""
    found: list[Sequence] = [()]
    for step in sequence:
        if step.op == "?":
            found = [*found, *((*each, replace(step, op="")) for each in found)]
        elif step.op:
            found = [*found, *((*each, step) for each in found)]
        else:
            found = [(*each, step) for each in found]
    return found


def _covers(pieces: tuple[str, ...], steps: Sequence, left_open: bool, right_open: bool) -> bool:
    """Tell whether one writing can stand for all the steps, and for more only over an open edge."""
    count = len(steps)
    return any(
        (first == 0 or left_open)
        and (first + count == len(pieces) or right_open)
        and all(step.matches(piece) for step, piece in zip(steps, pieces[first : first + count], strict=True))
        for first in range(len(pieces) - count + 1)
    )


def _apart(pieces: tuple[str, ...], lasts: frozenset[str], firsts: frozenset[str], over: int) -> bool:
    """Tell whether a last and, up to `over` places after it, a first word stand in one writing."""
    return any(
        pieces[right] in firsts
        for left in range(len(pieces))
        if pieces[left] in lasts
        for right in range(left + 1, min(left + over, len(pieces) - 1) + 1)
    )


def _matches(node: Affix | Not, piece: str) -> bool:
    if piece in NEGATIONS:
        return False
    if isinstance(node, Affix):
        return _has_affix(node, piece)
    return piece not in node.words and not any(_has_affix(affix, piece) for affix in node.affixes)


def _has_affix(affix: Affix, piece: str) -> bool:
    return (
        len(piece) >= len(affix.prefix) + len(affix.suffix)
        and piece.startswith(affix.prefix)
        and piece.endswith(affix.suffix)
    )


def _skippable(node: Node) -> bool:
    return isinstance(node, Gap | Opt)


def _closed(node: Node) -> bool:
    """Tell whether the node is always there and made of plain words only: then sharing is worked out exactly."""
    match node:
        case Word(text):
            return text not in _MARKS
        case Alt(branches):
            return all(_closed(branch) for branch in branches)
        case Seq(items):
            return all(_closed(item) for item in items)
        case _:
            return False


def _any_of(parts: list[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else f"(?:{'|'.join(unique)})"


def _literal(text: str) -> str:
    return "".join(
        _APOSTROPHE
        if char == "'"
        else re.escape(char)
        if char.isascii()
        else "".join(f"\\x{b:02x}" for b in char.encode())
        for char in text
    )
