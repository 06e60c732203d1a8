"""Expressions over characters mean what the patterns mean as spaCy token patterns."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import spacy
from spacy.matcher import Matcher
from spacy.tokens import Doc

from frictionlens.engine.codes import Classes, ExpressionWriter, classes_of
from frictionlens.engine.matching import Search
from frictionlens.errors import RuleError
from frictionlens.rules import load_pack
from frictionlens.rules.pattern import Pattern, PatternParser
from frictionlens.rules.spelling import Spelling
from spacy_patterns import sequences

VOCAB = spacy.blank("en").vocab
PARSER = PatternParser({}, Spelling())


def expected(pattern: Pattern, words: list[str]) -> set[tuple[int, int]]:
    """Return what spaCy finds, all ways of all lengths."""
    matcher = Matcher(VOCAB)
    matcher.add("0", [[step.spacy() for step in each] for each in sequences(pattern)])
    return {(start, end) for _, start, end in matcher(Doc(VOCAB, words=words))}


def found(pattern: Pattern, classes: Classes, words: list[str]) -> list[tuple[int, int]]:
    """Return what the expression finds, one hit per word where one begins."""
    expression = ExpressionWriter(classes).write(pattern)
    search = Search(expression.compile().search, expression.captures, expression.body)
    written = "".join(map(classes.alphabet.character, words))
    return [(hit.start, hit.end) for hit in search.hits(search.first(written))]


def check(pattern: Pattern, classes: Classes, words: list[str]) -> int:
    """Check one sentence: a hit wherever spaCy has one, and none that spaCy has not."""
    mine, theirs = found(pattern, classes, words), expected(pattern, words)
    assert {start for start, _ in mine} == {start for start, _ in theirs}, (pattern.source, words)
    assert set(mine) <= theirs, (pattern.source, words)
    return len(mine)


def test_expressions_find_what_spacy_finds() -> None:
    rng = random.Random(1)
    parts = ["can", "we", "...2", "[not]", "(do|re*|the policy)", "*", "!x", "!(x|re*)", "{number}", "...3", "*ing",
             "[a b]", "(we|can we|{link})", "[do|a]"]  # fmt: skip
    words = ["can", "we", "we", "not", "do", "redo", "reing", "re", "the", "policy", "x", "24", "24ing", "doing", "a",
             "b", "{link}", "never", "unheard"]  # fmt: skip
    compared = 0
    for _ in range(400):
        pattern = PARSER.parse(" ".join(["can", *rng.choices(parts, k=rng.randint(1, 3)), "we"]))
        classes = classes_of([pattern])
        for _ in range(8):
            compared += check(pattern, classes, ["can", *rng.choices(words, k=rng.randint(1, 6)), "we"])
    assert compared > 300


def test_the_shipped_patterns_find_what_spacy_finds() -> None:
    pack = load_pack()
    patterns = [pattern for pattern in pack.patterns if not (pattern.at_start or pattern.at_end)]
    classes = classes_of(patterns)
    rng = random.Random(2)
    compared = 0
    for pattern in rng.sample(patterns, 150):
        for _ in range(3):
            try:
                each = rng.choice(sequences(pattern))
            except RuleError:  # too many to write out
                continue
            words = [rng.choice(sorted(step.words)) for step in each if step.words and not step.negated]
            compared += check(pattern, classes, [*rng.choices(["we", "can", "not", "the"], k=2), *words, "please"])
    assert compared > 150


@pytest.mark.parametrize(
    ("source", "words", "hits"),
    [
        ("^ we can", ["we", "can"], [(0, 2)]),
        ("^ can", ["we", "can"], []),
        ("can $", ["we", "can", "?", "!!"], [(1, 2)]),
        ("we $", ["we", "can"], []),
        ("^ can", ["{mention}", "{mention}", "can"], [(2, 3)]),
        ("^ {mention} can", ["{mention}", "{mention}", "can"], [(1, 3)]),
    ],
)
def test_the_ends_of_a_sentence(source: str, words: list[str], hits: list[tuple[int, int]]) -> None:
    pattern = PARSER.parse(source)
    assert found(pattern, classes_of([pattern]), words) == hits


def test_captures_say_which_words_name_the_process() -> None:
    pattern = PARSER.parse("per our <process:policy>[refund] policy</process>")
    classes = classes_of([pattern])
    expression = ExpressionWriter(classes).write(pattern)
    written = "".join(map(classes.alphabet.character, ["per", "our", "refund", "policy"]))
    match = expression.compile().search(written)
    assert match is not None
    assert (expression.captures, match.span(1)) == (("policy",), (2, 4))


@pytest.mark.parametrize("given", ["", "same_turn: [sorry]", "before: [refund]"])
def test_either_needs_two_to_choose_from(given: str, tmp_path: Path) -> None:
    (tmp_path / "friction").mkdir()
    text = "category: refusal\nrules:\n  - {id: mine, title: t, why: w, advice: a, patterns: [cannot], either: true, "
    (tmp_path / "friction" / "mine.yml").write_text(f"{text}{given}}}\n", "utf-8")
    with pytest.raises(RuleError, match="either has nothing to choose from"):
        load_pack((tmp_path,))
