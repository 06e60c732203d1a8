"""Run the patterns of the rules in other ways: what benchmarks/speed.py compares frictionlens with.

Every rival is given the same sentences, the patterns of the rules that look in turns of that role, and the canonical
words for nothing: contractions split, fillers left out. Only its own tokenising and matching is timed; conditions,
context and scores are not asked of it. All are slow, so each runs sentence after sentence until its CPU seconds are
spent, and the characters that it came to are told.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from frictionlens.engine.codes import MARKS
from frictionlens.engine.compiled import CompiledPack
from frictionlens.engine.matching import Decider
from frictionlens.engine.text import runs_of
from frictionlens.engine.tokens import Tokeniser
from frictionlens.errors import RuleError
from frictionlens.model import Interaction
from frictionlens.rules.pattern import NEGATIONS, Affix, Alt, Capture, Gap, Kind, Node, Not, Opt, Pattern, Seq, Word
from frictionlens.rules.spelling import plain
from spacy_patterns import sequences

Found = frozenset[tuple[int, str, int]]
"""(sentence, rule, number of its pattern): where patterns matched, before conditions."""


class Said(NamedTuple):
    """A sentence that rivals are given."""

    role: str
    text: str
    words: tuple[str, ...]


class Run(NamedTuple):
    """How far a rival came."""

    characters: int
    seconds: float
    sentences: int
    """How many sentences it came to."""
    found: Found | None = None
    preparing: float = 0.0
    """CPU seconds before the first sentence."""

    @property
    def rate(self) -> float:
        """Return MB of turn text per CPU second."""
        return self.characters / 1e6 / self.seconds


@dataclass(frozen=True)
class Task:
    """Patterns and sentences."""

    compiled: CompiledPack
    said: Sequence[Said]

    @cached_property
    def written_out(self) -> tuple[dict[str, list[tuple[str, int, list[list[dict[str, Any]]]]]], int, int]:
        """Return (role → (rule, pattern, spaCy sequences), sequences in all, patterns that have too many)."""
        found: dict[str, list[tuple[str, int, list[list[dict[str, Any]]]]]] = {"agent": [], "customer": []}
        count = skipped = 0
        for rule in self.compiled.pack.rules:
            for number, pattern in enumerate(rule.patterns):
                try:
                    flat = [[step.spacy() for step in each] for each in sequences(pattern)]
                except RuleError:
                    skipped += 1
                    continue
                count += len(flat)
                for role in rule.roles & found.keys():
                    found[role].append((rule.id, number, flat))
        return found, count, skipped

    @cached_property
    def anchored(self) -> dict[tuple[str, int], Pattern]:
        """Return the patterns with `^` or `$`, by rule and number: spaCy's patterns have no such thing."""
        return {
            (rule.id, number): pattern
            for rule in self.compiled.pack.rules
            for number, pattern in enumerate(rule.patterns)
            if pattern.at_start or pattern.at_end
        }

    def stands(self, rule: str, number: int, words: Sequence[str], start: int, end: int) -> bool:
        """Tell whether a match keeps the `^` and `$` of its pattern."""
        pattern = self.anchored.get((rule, number))
        return pattern is None or (
            (not pattern.at_start or all(word == "{mention}" for word in words[:start]))
            and (not pattern.at_end or all(word in MARKS for word in words[end:]))
        )


def sentences_of(interactions: Iterable[Interaction], compiled: CompiledPack) -> Iterator[Said]:
    """Yield the sentences of the turns in which rules look."""
    tokeniser = Tokeniser(compiled.pack.spelling, compiled.alphabet)
    for interaction in interactions:
        for run in runs_of(interaction, tokeniser):
            for sentence in run.sentences:
                yield Said(run.role, run.text[slice(*sentence.bounds)], tuple(sentence.words))


def expressions(task: Task, sentences: int) -> Found:
    """Return what the engine's own expressions find in the first sentences."""
    decider = Decider(task.compiled)
    found: set[tuple[int, str, int]] = set()
    tokeniser = Tokeniser(task.compiled.pack.spelling, task.compiled.alphabet)
    searches = {
        role: [
            (rule.id, number, decider.search(pattern).first)
            for rule in task.compiled.pack.rules
            if role in rule.roles
            for number, pattern in enumerate(rule.patterns)
        ]
        for role in ("agent", "customer")
    }
    for place, said in enumerate(task.said[:sentences]):
        characters = tokeniser.characters_of(said.words)
        found.update((place, rule, number) for rule, number, first in searches[said.role] if first(characters))
    return frozenset(found)


def spacy_matcher(task: Task, budget: float) -> Run:
    """Run spaCy: its tokeniser on the text, and one `Matcher` a role with all patterns on the canonical words."""
    from spacy.lang.en import English
    from spacy.matcher import Matcher
    from spacy.tokens import Doc

    start = time.process_time()
    nlp = English()
    matchers = {}
    for role, patterns in task.written_out[0].items():
        matchers[role] = Matcher(nlp.vocab)
        for rule, number, flat in patterns:
            matchers[role].add(f"{rule} {number}", flat)
    preparing = time.process_time() - start
    found: set[tuple[int, str, int]] = set()
    names = nlp.vocab.strings
    spent = 0.0
    characters = place = 0
    for place, said in enumerate(task.said, 1):
        doc = Doc(nlp.vocab, words=list(said.words))
        start = time.process_time()
        nlp.make_doc(said.text)
        matches = matchers[said.role](doc)
        spent += time.process_time() - start
        characters += len(said.text)
        for key, first, end in matches:
            rule, _, number = names[key].rpartition(" ")
            if task.stands(rule, int(number), said.words, first, end):
                found.add((place - 1, rule, int(number)))
        if spent > budget:
            break
    return Run(characters, spent, place, frozenset(found), preparing)


def medspacy(task: Task, budget: float, python: Path) -> Run:
    """Run medspaCy's `TargetMatcher` in an environment of its own: it wants an older spaCy.

    Raises:
        OSError, subprocess.SubprocessError, ValueError: it does not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "task.json"
        given.write_text(json.dumps({"patterns": task.written_out[0], "said": task.said, "budget": budget}))
        script = Path(__file__).with_name("rival_medspacy.py")
        done = subprocess.run(
            [str(python), str(script), str(given)], check=True, capture_output=True, text=True, timeout=600
        )
    told = json.loads(done.stdout.splitlines()[-1])
    found = frozenset(
        (place, rule, number)
        for place, rule, number, first, end in told["found"]
        if task.stands(rule, number, task.said[place].words, first, end)
    )
    return Run(told["characters"], told["seconds"], told["sentences"], found, told["preparing"])


# ------------------------------------------------------------------------------------------- regular expressions

_BETWEEN: Final = r"[^\w.?!\n]+"
_CLITICS: Final = {
    "not": "n[’']?t", "will": "[’']ll", "am": "[’']m", "are": "[’']re", "have": "[’']ve", "would": "[’']d",
    "is": "[’']s",
}  # fmt: skip
_KINDS: Final = {
    "number": r"[0-9]\w*", "link": r"https?://\S+|www\.\S+", "email": r"[\w.+-]+@[\w.-]+", "mention": r"@\w+",
    "emoji": "[\u2600-\u27bf\U0001f300-\U0001faff]",
}  # fmt: skip
_SWALLOWED: Final = rf"(?!(?:{'|'.join(NEGATIONS)})\b)\w+"


def per_rule(task: Task) -> dict[str, list[tuple[str, str]]]:
    """Return role → (rule, one expression for raw text): what somebody would write by hand, contractions included."""
    found: dict[str, list[tuple[str, str]]] = {"agent": [], "customer": []}
    for rule in task.compiled.pack.rules:
        if rule.patterns:
            source = "|".join(dict.fromkeys(map(_expression, rule.patterns)))
            for role in rule.roles & found.keys():
                found[role].append((rule.id, source))
    return found


def _expression(pattern: Pattern) -> str:
    start = r"(?:^|(?<=[.?!\n]))\W*" if pattern.at_start else r"(?<!\w)"
    # The first word has nothing before it; every other one brings what stands between.
    body = _first(pattern.root)
    end = r"(?=[^a-zA-Z0-9]*(?:[.?!\n]|$))" if pattern.at_end else r"(?!\w)"
    return start + body + end


def _first(node: Seq) -> str:
    parts = []
    leading = True
    for item in node.items:
        parts.append(_written(item, leading=leading))
        leading = leading and isinstance(item, Opt | Gap)
    return "".join(parts)


def _written(node: Node, *, leading: bool = False) -> str:
    between = rf"(?:{_BETWEEN})?" if leading else _BETWEEN
    match node:
        case Word(text):
            if text in ("?", "??", "!!"):
                return rf"\s*{re.escape(text[0])}"
            word = rf"{between}{re.escape(text)}\b"
            return f"(?:{word}|{_CLITICS[text]})" if text in _CLITICS and not leading else word
        case Affix() if node == Affix():
            return between + _SWALLOWED
        case Affix(prefix, suffix):
            return rf"{between}{re.escape(prefix)}\w*{re.escape(suffix)}\b"
        case Kind(name):
            return f"{between}(?:{_KINDS[name]})"
        case Not(words, affixes):
            no = [*map(re.escape, sorted(words)), *(rf"{each.prefix}\w*{each.suffix}" for each in affixes), *NEGATIONS]
            return rf"{between}(?!(?:{'|'.join(no)})\b)\w+"
        case Gap(most):
            return f"(?:{between}{_SWALLOWED}){{0,{most}}}"
        case Opt(inner):
            return f"(?:{_written(inner, leading=leading)})?"
        case Capture(inner, _):
            return _written(inner, leading=leading)
        case Alt(branches):
            return f"(?:{'|'.join(_written(each, leading=leading) for each in branches)})"
        case Seq(items):
            return _first(node) if leading else "".join(_written(each) for each in items)
    raise AssertionError(node)


def _compiled(task: Task) -> tuple[dict[str, list[re.Pattern[str]]], float]:
    start = time.process_time()
    found = {role: [re.compile(source, re.IGNORECASE) for _, source in each] for role, each in per_rule(task).items()}
    return found, time.process_time() - start


def re_per_rule(task: Task, budget: float) -> Run:
    """Search the raw text with one compiled expression a rule."""
    compiled, preparing = _compiled(task)
    characters = sentences = 0
    start = time.process_time()
    for said in task.said:
        for expression in compiled[said.role]:
            expression.search(said.text)
        characters += len(said.text)
        sentences += 1
        if time.process_time() - start > budget:
            break
    return Run(characters, time.process_time() - start, sentences, None, preparing)


def pandas_contains(task: Task, budget: float, rows: int = 200) -> Run:
    """Search a column of texts with `str.contains`, once a rule; so many rows at a time, so that it can be stopped."""
    import pandas as pd

    compiled, preparing = _compiled(task)
    characters = sentences = 0
    spent = 0.0
    for at in range(0, len(task.said), rows):
        part = task.said[at : at + rows]
        columns = {role: pd.Series([each.text for each in part if each.role == role], dtype=str) for role in compiled}
        start = time.process_time()
        for role, column in columns.items():
            for expression in compiled[role]:
                column.str.contains(expression, regex=True)
        spent += time.process_time() - start
        characters += sum(len(each.text) for each in part)
        sentences += len(part)
        if spent > budget:
            break
    return Run(characters, spent, sentences, None, preparing)


# ------------------------------------------------------------------------------------------------------- limits


def hyperscan_words(task: Task, texts: Sequence[str]) -> Callable[[], Any]:
    """Return a search of texts for all words that patterns spell out, with Hyperscan; every text is one call.

    Raises:
        ImportError: the package `hyperscan` is not there.
    """
    import hyperscan

    words = sorted({plain(word) for word in task.compiled.alphabet.known if re.fullmatch(r"[a-z][a-z']*", word)})
    database = hyperscan.Database()
    flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
    database.compile(
        expressions=[rf"\b{re.escape(word)}\b".encode() for word in words],
        ids=list(range(len(words))),
        elements=len(words),
        flags=[flags] * len(words),
    )
    data = [each.encode() for each in texts]

    def seen(*_: Any) -> None:
        return None

    def search() -> None:
        for each in data:
            database.scan(each, match_event_handler=seen)

    return search
