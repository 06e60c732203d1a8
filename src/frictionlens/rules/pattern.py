"""Own the pattern language: what a rule author writes, parsed into a small tree.

    can't ...3 (help|do|process) [that]     words, a gap of up to 3 words, alternatives, an optional
    refund*   *ing   *                      words by their beginning, by their end, any one word
    !(wait|imagine)                         any one word but these
    <policy>                                a named list of lexicon.yml
    {number} {link} {mention} {email}       a kind of word
    ? ?? !!                                 a question mark, a run with one in it, a run of exclamation marks
    per our <process>...2 policy</process>  names the charged process
    ^ sorry $                               start and end of the sentence

Case, punctuation, apostrophes and contractions do not matter: see `Spelling`.
A gap, `*` and `!x` never swallow a negation (`not`, `never`), a link or an e-mail address: "we can ...2 help" does
not match "we can not help".
The whole reference with examples is docs/patterns.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from frictionlens.errors import RuleError, nearest
from frictionlens.model import ChargedKind
from frictionlens.rules.spelling import Spelling, plain

KINDS: Final = ("number", "link", "email", "mention", "emoji")
"""Kinds of token that a pattern can ask for with braces; the tokeniser writes them as `{kind}`."""

NEGATIONS: Final = ("not", "never")
"""Words that gaps and wildcards never swallow."""

DEFAULT_GAP: Final = 3
MAX_GAP: Final = 12
MAX_WAYS: Final = 10_000
"""Ways to read one pattern: the richest shipped one has 2,048. On hostile text of 1,000 words, 10,000 take seconds."""


@dataclass(frozen=True)
class Word:
    """One canonical word."""

    text: str


@dataclass(frozen=True)
class Affix:
    """Any word with this beginning and end; both empty is any one word."""

    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of token, such as a number."""

    name: str


@dataclass(frozen=True)
class Not:
    """Any one word but these (and no negation)."""

    words: frozenset[str]
    affixes: frozenset[Affix] = frozenset()


@dataclass(frozen=True)
class Gap:
    """Up to `most` words, none of them a negation, a link or an e-mail address."""

    most: int


@dataclass(frozen=True)
class Alt:
    """One of several."""

    branches: tuple[Node, ...]


@dataclass(frozen=True)
class Opt:
    """This, or nothing."""

    node: Node


@dataclass(frozen=True)
class Seq:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Capture:
    """The words that name the charged process; `kind` is empty where the charge rules decide it."""

    node: Node
    kind: str = ""


Node = Word | Affix | Kind | Not | Gap | Alt | Opt | Seq | Capture


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern."""

    source: str
    root: Seq
    at_start: bool = False
    at_end: bool = False

    def __getstate__(self) -> tuple[str, bool, bool]:
        """Leave the tree out: once a pack is compiled, its source is all that anybody asks of a pattern."""
        return self.source, self.at_start, self.at_end

    def __setstate__(self, state: tuple[str, bool, bool]) -> None:
        """Take what `__getstate__` gave."""
        for name, value in zip(("source", "at_start", "at_end"), state, strict=True):
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class TokenPattern:
    """A spaCy token pattern over canonical words, given by the author where the language is not enough."""

    tokens: tuple[dict[str, Any], ...]


def walk(node: Node) -> list[Node]:
    """Return the node and all below it, outermost first."""
    found: list[Node] = [node]
    children: tuple[Node, ...] = ()
    match node:
        case Seq(items):
            children = items
        case Alt(branches):
            children = branches
        case Opt(inner) | Capture(inner):
            children = (inner,)
    for child in children:
        found.extend(walk(child))
    return found


_TOKEN: Final = re.compile(
    r"""\s*(?:
      \.\.\.(?P<gap>\d*)
    | <process(?::(?P<open>\w+))?(?P<opened>>)
    | (?P<close></process>)
    | <(?P<list>[\w-]+)>
    | \{(?P<brace>\w+)\}
    | (?P<word>\*?[\w'’]+\*?|\*|\?+|!!)
    | (?P<mark>[()\[\]|!^$])
    | (?P<emoji>[^\x00-\x7f\w\s])\ufe0f?
    )""",
    re.VERBOSE,
)


class PatternParser:
    """Parse patterns against a lexicon and a spelling table.

    Args:
        lexicon: list name → its entries, each a pattern of its own; lists may name other lists.
        spelling: how words become canonical.
    """

    def __init__(self, lexicon: Mapping[str, tuple[str, ...]], spelling: Spelling) -> None:
        self._lexicon = lexicon
        self._spelling = spelling
        self._lists: dict[str, Node] = {}
        self._words: dict[str, Node] = {}
        self._open: list[str] = []

    def parse(self, source: str, where: str = "") -> Pattern:
        """Parse one pattern.

        Raises:
            RuleError: what is wrong and where in the pattern.
        """
        tokens = _tokens(source, where)
        at_start = bool(tokens) and tokens[0] == ("mark", "^")
        at_end = bool(tokens) and tokens[-1] == ("mark", "$")
        body = tokens[1 if at_start else 0 : len(tokens) - 1 if at_end else len(tokens)]
        node, rest = self._alternatives(body, 0, source, where, "")
        if rest < len(body):
            raise RuleError(f"pattern {source!r}: {body[rest][1]!r} closes nothing", where)
        root = node if isinstance(node, Seq) else Seq((node,))
        if shortest(root) == 0:
            hint = "at least one word must be required"
            raise RuleError(f"pattern {source!r} could match nothing at all", where, hint)
        if isinstance(root.items[0], Gap) or isinstance(root.items[-1], Gap):
            raise RuleError(f"pattern {source!r} begins or ends with a gap", where, "a gap stands between words")
        if ways_of(root) > MAX_WAYS:
            hint = f"allowed: {MAX_WAYS:,}; write it as several patterns, with fewer or narrower gaps"
            raise RuleError(f"pattern {source!r} can be read in {ways_of(root):,} ways", where, hint)
        return Pattern(source, root, at_start, at_end)

    def check_lexicon(self, where: str) -> None:
        """Parse every list, so that a broken entry is reported even where no rule uses it."""
        for name in self._lexicon:
            self._list(name, f"<{name}>", where)

    def _alternatives(
        self, tokens: list[tuple[str, str]], at: int, source: str, where: str, until: str
    ) -> tuple[Node, int]:
        branches: list[Node] = []
        items: list[Node] = []
        while at < len(tokens):
            kind, value = tokens[at]
            if value == until and kind in ("mark", "close"):
                break
            if (kind, value) == ("mark", "|"):
                branches.append(_sequence(items))
                items = []
                at += 1
                continue
            if kind == "close" or (kind, value) in (("mark", ")"), ("mark", "]")):
                break
            node, at = self._item(tokens, at, source, where)
            items.append(node)
        if until and (at >= len(tokens) or tokens[at][1] != until):
            raise RuleError(f"pattern {source!r}: {until!r} is missing", where)
        branches.append(_sequence(items))
        if len(branches) > 1 and Seq(()) in branches:
            raise RuleError(f"pattern {source!r}: an empty alternative", where, "write [x] for an optional x")
        return (branches[0] if len(branches) == 1 else Alt(tuple(branches))), at

    def _item(self, tokens: list[tuple[str, str]], at: int, source: str, where: str) -> tuple[Node, int]:
        kind, value = tokens[at]
        if kind == "word":
            return self._word(value, source, where), at + 1
        if kind == "emoji":
            return Word(value), at + 1
        if kind == "gap":
            most = int(value or DEFAULT_GAP)
            if not 1 <= most <= MAX_GAP:
                raise RuleError(f"pattern {source!r}: a gap of {most} words", where, f"allowed: 1 to {MAX_GAP}")
            return Gap(most), at + 1
        if kind == "list":
            return self._list(value, source, where), at + 1
        if kind == "brace":
            if value not in KINDS:
                hint = f"allowed: {', '.join(KINDS)}"
                raise RuleError(f"pattern {source!r}: no kind {{{value}}}{nearest(value, KINDS)}", where, hint)
            return Kind(value), at + 1
        if kind == "open":
            if value and value not in get_args(ChargedKind):
                hint = f"allowed: {', '.join(get_args(ChargedKind))}"
                raise RuleError(f"pattern {source!r}: no charged kind {value!r}", where, hint)
            node, at = self._alternatives(tokens, at + 1, source, where, "</process>")
            return Capture(node, value), at + 1
        if (kind, value) == ("mark", "("):
            node, at = self._alternatives(tokens, at + 1, source, where, ")")
            return node, at + 1
        if (kind, value) == ("mark", "["):
            node, at = self._alternatives(tokens, at + 1, source, where, "]")
            return Opt(node), at + 1
        if (kind, value) == ("mark", "!") and at + 1 < len(tokens):
            node, at = self._item(tokens, at + 1, source, where)
            return _negated(node, source, where), at
        hint = "^ stands first and $ last" if value in "^$" else ""
        raise RuleError(f"pattern {source!r}: unexpected {value!r}", where, hint)

    def _word(self, value: str, source: str, where: str) -> Node:
        if "*" in value:
            if value.startswith("*") and value.endswith("*") and len(value) > 1:
                raise RuleError(f"pattern {source!r}: {value!r} has two stars", where, "write refund* or *ed")
            prefix, _, suffix = value.partition("*")
            return Affix(plain(prefix), plain(suffix))
        if value not in self._words:
            self._words[value] = _sequence([Word(word) for word in self._spelling.canonical(plain(value))])
        return self._words[value]

    def _list(self, name: str, source: str, where: str) -> Node:
        if name not in self._lists:
            if name not in self._lexicon:
                hint = "lists stand in lexicon.yml"
                raise RuleError(f"pattern {source!r}: no list <{name}>{nearest(name, self._lexicon)}", where, hint)
            if name in self._open:
                raise RuleError(f"list <{name}> contains itself", where, " → ".join([*self._open, name]))
            self._open.append(name)
            branches: list[Node] = []
            for entry in self._lexicon[name]:
                node = self.parse(entry, f"{where} (list <{name}>)" if where else f"list <{name}>").root
                inner = node.items[0] if len(node.items) == 1 else node
                branches.extend(inner.branches if isinstance(inner, Alt) else (inner,))
            self._open.pop()
            self._lists[name] = branches[0] if len(branches) == 1 else Alt(tuple(branches))
        return self._lists[name]


def _tokens(source: str, where: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position, text = 0, source.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            stray = text[position:].lstrip()[:1]
            hint = "punctuation never counts in a match: leave it out" if stray in ',.;:-!"' else ""
            raise RuleError(f"pattern {source!r}: unexpected {stray!r} at column {position + 1}", where, hint)
        kind = match.lastgroup or ""
        found.append(("open", match["open"] or "") if kind == "opened" else (kind, match[kind]))
        position = match.end()
    return found


def _sequence(items: list[Node]) -> Node:
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Seq) else (item,))
    return flat[0] if len(flat) == 1 else Seq(tuple(flat))


def _negated(node: Node, source: str, where: str) -> Not:
    words: set[str] = set()
    affixes: set[Affix] = set()
    for leaf in node.branches if isinstance(node, Alt) else (node,):
        match leaf:
            case Word(text):
                words.add(text)
            case Affix() if leaf != Affix():
                affixes.add(leaf)
            case Alt():
                inner = _negated(leaf, source, where)
                words |= inner.words
                affixes |= inner.affixes
            case _:
                hint = "contractions are several words: write !(wait|imagine)"
                raise RuleError(f"pattern {source!r}: ! takes single words only", where, hint)
    return Not(frozenset(words), frozenset(affixes))


def ways_of(node: Node) -> int:
    """Return in how many ways gaps and optional words can be read: a search may try them all at every word."""
    ways = 1
    for each in walk(node):
        if isinstance(each, Gap):
            ways *= each.most + 1
        elif isinstance(each, Opt):
            ways *= 2
    return ways


def shortest(node: Node) -> int:
    """Return the fewest words that the node matches."""
    match node:
        case Alt(branches):
            return min(shortest(branch) for branch in branches)
        case Seq(items):
            return sum(shortest(item) for item in items)
        case Capture(inner):
            return shortest(inner)
        case Gap() | Opt():
            return 0
        case _:
            return 1


def longest(node: Node) -> int:
    """Return the most words that the node matches."""
    match node:
        case Alt(branches):
            return max(longest(branch) for branch in branches)
        case Seq(items):
            return sum(longest(item) for item in items)
        case Opt(inner) | Capture(inner):
            return longest(inner)
        case Gap(most):
            return most
        case _:
            return 1
