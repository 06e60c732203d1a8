"""Own the alphabet of a pack: every word is one character, a pattern a regular expression of a few.

Words that no pattern of the pack can tell apart share a character: all verbs of `<do>` that stand in no other list,
all words that no rule knows. A sentence of fifteen words is then a string of fifteen characters, a list of three
hundred verbs a class of a few, and `re` decides in half a microsecond what a matcher over words decides in fifty.
The text of a run is one string with a line break after every sentence: no pattern reaches over it.

That patterns mean the same as the spaCy token patterns they can be written as is held by tests/test_codes.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

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
)

SENTENCE_END: Final = "\n"
_FIRST: Final = 0x100
_SURROGATES: Final = range(0xD800, 0xE000)
NEVER_SWALLOWED: Final = frozenset({*NEGATIONS, "{link}", "{email}"})
MARKS: Final = frozenset({"?", "??", "!!"})
"""Tokens that may follow the last word of a sentence."""

_NUMBER: Final = re.compile("[0-9]")
_EMOJI: Final = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]\Z")


@dataclass(frozen=True)
class Leaf:
    """One position of a pattern: a set of words, affixes and kinds, or with `negated` any word but those."""

    words: frozenset[str] = frozenset()
    affixes: frozenset[Affix] = frozenset()
    kinds: frozenset[str] = frozenset()
    negated: bool = False


ANY: Final = Leaf(negated=True)
_MARKS_LEAF: Final = Leaf(MARKS)
_MENTION_LEAF: Final = Leaf(frozenset({"{mention}"}))


def leaf_of(node: Node) -> Leaf | None:
    """Return the leaf of a node that is always one word, None for one that is more."""
    match node:
        case Word(text):
            return Leaf(frozenset({text}))
        case Affix(prefix, suffix):
            return Leaf(affixes=frozenset({node})) if prefix or suffix else ANY
        case Kind(name) if name in ("number", "emoji"):
            return Leaf(kinds=frozenset({name}))
        case Kind(name):
            return Leaf(frozenset({f"{{{name}}}"}))
        case Not(words, affixes):
            return Leaf(words, affixes, negated=True)
        case Alt(branches):
            leaves = [leaf_of(branch) for branch in branches]
            single = [each for each in leaves if each is not None and not each.negated]
            return union(single) if len(single) == len(branches) else None
        case _:
            return None


def union(leaves: Iterable[Leaf]) -> Leaf:
    """Return the leaf that fits what any of these fits; none of them negated."""
    some = list(leaves)
    return Leaf(
        frozenset().union(*(each.words for each in some)),
        frozenset().union(*(each.affixes for each in some)),
        frozenset().union(*(each.kinds for each in some)),
    )


def split(branches: tuple[Node, ...]) -> tuple[Leaf | None, list[Node]]:
    """Return what of alternatives is one plain word, folded, and the others, those of most words first."""
    leaves = [leaf_of(branch) for branch in branches]
    plain = [each for each in leaves if each is not None and not each.negated]
    others = [branch for branch, each in zip(branches, leaves, strict=True) if each is None or each.negated]
    return (union(plain) if plain else None), sorted(others, key=lambda node: -longest(node))


def leaves_of(node: Node) -> Iterator[Leaf]:
    """Yield every leaf that the expression of a node is written with."""
    leaf = leaf_of(node)
    if leaf is not None:
        yield leaf
        return
    match node:
        case Gap():
            yield ANY
        case Alt(branches):
            plain, others = split(branches)
            yield from (plain,) if plain else ()
            for each in others:
                yield from leaves_of(each)
        case Opt(inner) | Capture(inner):
            yield from leaves_of(inner)
        case Seq(items):
            for each in items:
                yield from leaves_of(each)


Traits = int
"""Which affixes and kinds of the pack a word has: a bit each."""


@dataclass(frozen=True)
class Alphabet:
    """The characters of a pack: plain data, so that it can be kept on disk."""

    known: dict[str, str]
    """Characters of the words that patterns spell out."""
    unknown: dict[Traits, str]
    """Characters of all other words."""
    prefixes: dict[str, Traits]
    suffixes: dict[str, Traits]
    kinds: dict[str, Traits]
    longest_affix: int

    def character(self, word: str) -> str:
        """Return the character of a canonical word."""
        found = self.known.get(word)
        return found if found is not None else self.unknown[self.traits(word)]

    def traits(self, word: str) -> Traits:
        """Return the affixes and kinds that a word has."""
        found = 0
        if word in NEVER_SWALLOWED:
            return found
        for end in range(1, min(len(word), self.longest_affix) + 1):
            found |= self.prefixes.get(word[:end], 0) | self.suffixes.get(word[-end:], 0)
        if _NUMBER.match(word):
            found |= self.kinds["number"]
        elif _EMOJI.match(word):
            found |= self.kinds["emoji"]
        return found


class Classes:
    """Which characters fit which leaves: what expressions are written with.

    Args:
        leaves: every leaf that any pattern of the pack has.
    """

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        naming: dict[str, list[int]] = {}
        affixes: dict[Affix, None] = {}
        for number, leaf in enumerate(dict.fromkeys(leaves)):
            for word in leaf.words:
                naming.setdefault(word, []).append(number)
            affixes.update(dict.fromkeys(leaf.affixes))
        self._bits = {affix: 1 << place for place, affix in enumerate(sorted(affixes, key=repr))}
        kinds = {kind: 1 << (len(affixes) + place) for place, kind in enumerate(("number", "emoji"))}
        self.alphabet = Alphabet(
            known={},
            unknown={},
            prefixes={each.prefix: bit for each, bit in self._bits.items() if not each.suffix},
            suffixes={each.suffix: bit for each, bit in self._bits.items() if not each.prefix},
            kinds=kinds,
            longest_affix=max((len(each.prefix + each.suffix) for each in self._bits), default=0),
        )
        self._number(naming)

    def _number(self, naming: dict[str, list[int]]) -> None:
        """Give a character to every set of words that no leaf tells apart; neighbours in lists get neighbours."""
        traits = self.alphabet.traits
        words = {word: (tuple(naming.get(word, ())), traits(word), word in NEVER_SWALLOWED) for word in
                 (*naming, *NEVER_SWALLOWED)}  # fmt: skip
        unknown = dict.fromkeys(self._traits_of_unknown_words())
        signatures = sorted({*words.values(), *(((), each, False) for each in unknown)})
        free = (number for number in range(_FIRST, 0x110000) if number not in _SURROGATES)
        characters = {signature: chr(number) for signature, number in zip(signatures, free, strict=False)}
        self.alphabet.known.update((word, characters[words[word]]) for word in sorted(words))
        self.alphabet.unknown.update((each, characters[(), each, False]) for each in unknown)
        self.characters = frozenset(characters.values())
        self._swallowed = self.characters - {characters[words[word]] for word in NEVER_SWALLOWED}
        self._having: dict[Traits, set[str]] = {}
        for (_, has, _), character in characters.items():
            for bit in (*self._bits.values(), *self.alphabet.kinds.values()):
                if has & bit:
                    self._having.setdefault(bit, set()).add(character)

    def members(self, *leaves: Leaf) -> frozenset[str]:
        """Return the characters of the words that any of the leaves fits."""
        return frozenset().union(*map(self._members, leaves))

    def _members(self, leaf: Leaf) -> frozenset[str]:
        named = {self.alphabet.known[word] for word in leaf.words}
        bits = [*(self._bits[each] for each in leaf.affixes), *(self.alphabet.kinds[each] for each in leaf.kinds)]
        found = frozenset(named.union(*(self._having.get(bit, ()) for bit in bits)))
        return self._swallowed - found if leaf.negated else found

    def _traits_of_unknown_words(self) -> Iterator[Traits]:
        """Yield all traits that a word which no pattern spells out can have."""
        known = self.alphabet
        for prefix, suffix, kind in product(("", *known.prefixes), ("", *known.suffixes), (0, *known.kinds.values())):
            found = kind
            for each, bit in known.prefixes.items():
                found |= bit if prefix.startswith(each) else 0
            for each, bit in known.suffixes.items():
                found |= bit if suffix.endswith(each) else 0
            yield found


def classes_of(patterns: Iterable[Pattern], words: Iterable[str] = ()) -> Classes:
    """Return what all these patterns can be written with; each of these words has its own character."""
    leaves = (leaf for pattern in patterns for leaf in leaves_of(pattern.root))
    return Classes((ANY, _MARKS_LEAF, _MENTION_LEAF, *leaves, *(Leaf(frozenset({word})) for word in words)))


@dataclass(frozen=True)
class Expression:
    """A pattern as a regular expression over characters."""

    source: str
    captures: tuple[str, ...]
    """Charged kind (or "") of each group that names a process."""
    body: int = 0
    """The group that is the pattern itself: 1, before those, where others may be addressed first."""

    def compile(self) -> re.Pattern[str]:
        """Compile it; `^` and `$` are the ends of a sentence."""
        return re.compile(self.source, re.MULTILINE)


class ExpressionWriter:
    """Write patterns as expressions."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self._written: dict[Leaf, str] = {}

    def write(self, pattern: Pattern) -> Expression:
        """Return the expression of a pattern."""
        kinds: list[str] = []
        source = self._write(pattern.root, kinds)
        if pattern.at_start:
            # A tweet begins with whom it is written to.
            source = f"^{self._class(_MENTION_LEAF)}*({source})"
        end = f"(?={self._class(_MARKS_LEAF)}*$)" if pattern.at_end else ""
        return Expression(source + end, tuple(kinds), int(pattern.at_start))

    def _write(self, node: Node, kinds: list[str]) -> str:
        leaf = leaf_of(node)
        if leaf is not None:
            return self._class(leaf)
        match node:
            case Gap(most):
                return f"{self._class(ANY)}{{0,{most}}}"
            case Alt(branches):
                plain, others = split(branches)
                parts = [self._write(branch, kinds) for branch in others]
                # One word comes last: of two ways to read the same words the longer is wanted.
                return f"(?:{'|'.join([*parts, *([self._class(plain)] if plain else [])])})"
            case Opt(inner):
                written = self._write(inner, kinds)
                return f"{written}?" if leaf_of(inner) is not None else f"(?:{written})?"
            case Capture(inner, kind):
                kinds.append(kind)
                return f"({self._write(inner, kinds)})"
            case Seq(items):
                return "".join(self._write(item, kinds) for item in items)
        raise AssertionError(node)

    def _class(self, leaf: Leaf) -> str:
        found = self._written.get(leaf)
        if found is None:
            everything, members = self._classes.characters, self._classes.members(leaf)
            if len(members) == 1:
                found = next(iter(members))
            elif len(members) * 2 > len(everything):
                found = f"[^{SENTENCE_END}{_ranges(everything - members)}]"
            else:
                found = f"[{_ranges(members)}]"
            self._written[leaf] = found
        return found


def _ranges(characters: Iterable[str]) -> str:
    """Write characters as the inside of a class, neighbours as ranges."""
    parts: list[list[int]] = []
    for number in sorted(map(ord, characters)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in parts)
