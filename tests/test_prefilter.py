"""The prefilter may over-match but never misses: findings with and without it are equal."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frictionlens.engine.codes import ExpressionWriter, classes_of
from frictionlens.engine.compiled import CompiledPack, compile_pack
from frictionlens.engine.detector import Detector
from frictionlens.engine.matching import Decider
from frictionlens.engine.prefilter import Proposer, demand_of
from frictionlens.engine.text import Run
from frictionlens.engine.tokens import Tokeniser, sentence_bounds
from frictionlens.model import Interaction, Turn
from frictionlens.rules import load_pack
from frictionlens.rules.pattern import Pattern, PatternParser
from frictionlens.rules.spelling import Spelling
from spacy_patterns import Step, sequences

PACK = compile_pack(load_pack())


@cache
def detectors() -> tuple[Detector, Detector]:
    return Detector(PACK), Detector(PACK, prefilter=False)


@cache
def some_sequences(pattern: Pattern) -> list[tuple[Step, ...]]:
    return sequences(pattern)


PATTERNS_OF_RULES = [
    ("customer" if rule.roles == frozenset({"customer"}) else "agent", pattern)
    for rule in PACK.pack.rules
    for pattern in rule.patterns
]


def any_sequence(rng: random.Random) -> tuple[str, tuple[Step, ...]]:
    role, pattern = rng.choice(PATTERNS_OF_RULES)
    return role, rng.choice(some_sequences(pattern))


def say(steps: tuple[Step, ...], spelling: Spelling, rng: random.Random) -> str:
    """Write words that fit the steps, in any of the ways in which people and exports write them."""
    words: list[str] = []
    for step in steps:
        if step.op == "?" and rng.random() < 0.5:
            continue
        times = rng.randint(0, int(step.op[3:-1])) if step.op.startswith("{") else 1
        for _ in range(times):
            if step.negated:
                words.append(
                    rng.choice(["have", "really", "i", "2", "gonna", "going", "to", "us", "is", "café", "x-ray"])
                )
            elif step.kinds:
                kind = sorted(step.kinds)[0]
                words.append(
                    {
                        "number": "24",
                        "link": "https://a.example/b?c=1",
                        "email": "a@b.example",
                        "mention": "@a",
                        "emoji": "😡",
                    }[kind]
                )
            elif step.words and (not step.affixes or rng.random() < 0.7):
                words.append(rng.choice(sorted(step.words)))
            elif step.affixes:
                affix = rng.choice(sorted(step.affixes, key=repr))
                words.append(affix.prefix + rng.choice(["", "s", "able", "o"]) + affix.suffix)
    return join(words, spelling, rng)


def join(words: list[str], spelling: Spelling, rng: random.Random) -> str:
    """Join canonical words, now and then by another writing, a contraction, a filler, capitals, odd punctuation."""
    by_pieces: dict[tuple[str, ...], list[str]] = {}
    for writing, pieces in spelling.table.items():
        by_pieces.setdefault(pieces, []).append(writing)
    out: list[str] = []
    at = 0
    while at < len(words):
        for length in (4, 3, 2, 1):
            writings = by_pieces.get(tuple(words[at : at + length]), [])
            if writings and rng.random() < 0.6:
                out.append(rng.choice(writings).replace("'", rng.choice("'’`")))
                at += length
                break
        else:
            out.append(words[at])
            at += 1
        if rng.random() < 0.08:
            out.append(rng.choice(["um", "uh,", out[-1]]))
    text = ""
    for word in out:
        styled = rng.choice([word, word, word.upper(), word.capitalize()])
        text += styled + rng.choice([" ", " ", " ", "  ", ", ", " - ", "\t", " “"])
    return text.strip()


@given(st.integers(0, 10**9))
@settings(max_examples=120, deadline=None)
def test_findings_are_equal_on_what_rules_look_for(seed: int) -> None:
    rng = random.Random(seed)
    turns = []
    for _ in range(3):
        role, sequence = any_sequence(rng)
        _, other = any_sequence(rng)
        text = rng.choice(["", "Hello. ", "so um ", "😡"]) + say(sequence, PACK.pack.spelling, rng)
        text += rng.choice(["", ". ", "\n", " and ", "?! "]) + rng.choice(["", say(other, PACK.pack.spelling, rng)])
        turns.append(Turn(role, text))  # type: ignore[arg-type]
    interaction = Interaction(id="x", turns=tuple(turns))
    with_it, without = (each.detect(interaction).findings for each in detectors())
    assert with_it == without


@given(st.lists(st.text(max_size=120), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_findings_are_equal_on_any_text(texts: list[str]) -> None:
    interaction = Interaction(id="x", turns=tuple(Turn("agent", text) for text in texts))
    with_it, without = (each.detect(interaction).findings for each in detectors())
    assert with_it == without


PATTERNS = [
    "can't [really] help", "(I|we) (am|are) not able", "(do|does|did) not know", "I ...2 been", "sorry ...3 can't",
    "* not available", "!(wait|see) not", "re* not", "should [not] have", "there is no [other] way",
    "(our team|I) will", "(we|the team) (can|could) [also] not", "{number} (day|days)", "you ? $", "it is *ed",
    "we have ...2 not", "(as soon as possible|soon)", "[I] would have", "sorry [you] [have] waited", "wow !!",
]  # fmt: skip


@given(st.sampled_from(PATTERNS), st.integers(0, 10**9))
@settings(max_examples=300, deadline=None)
def test_whatever_the_decider_finds_was_proposed(source: str, seed: int) -> None:
    rng = random.Random(seed)
    pattern, compiled, proposer = prepared(source)
    words = say(rng.choice(some_sequences(pattern)), compiled.pack.spelling, rng)
    filler = [
        rng.choice(["i", "not", "is", "we", "have", "do", "the", "will", "can"]) for _ in range(rng.randint(0, 4))
    ]
    text = join(filler, compiled.pack.spelling, rng) + " " + words
    run = Run([(0, Turn("agent", text))], Tokeniser(compiled.pack.spelling, compiled.alphabet))

    if Decider(compiled).search(pattern).first(run.whole.characters):
        assert proposer.there(run.characters)
        assert compiled.demands[source].has_pair(run.whole.characters)


@cache
def prepared(source: str) -> tuple[Pattern, CompiledPack, Proposer]:
    pattern = PatternParser({}, PACK.pack.spelling).parse(source)
    classes = classes_of([pattern], PACK.pack.spelling.stutters)
    expressions = {source: ExpressionWriter(classes).write(pattern)}
    demand = demand_of(pattern, classes)
    demands = {source: demand}
    proposer = Proposer(demands)
    compiled = CompiledPack(PACK.pack, classes.alphabet, expressions, demands, {}, proposer)
    return pattern, compiled, proposer


@pytest.mark.parametrize("text", ["it isn’t so", "it isn't so", "IT IS NOT SO", "it isnt, so", "it is\nnot"])
def test_every_writing_of_a_word_is_seen(text: str) -> None:
    _, compiled, proposer = prepared("not")
    assert proposer.there(Tokeniser(compiled.pack.spelling, compiled.alphabet).characters(text))


def test_a_word_inside_another_is_not_seen() -> None:
    _, compiled, proposer = prepared("not")
    written = Tokeniser(compiled.pack.spelling, compiled.alphabet).characters("nothing notable")
    assert not proposer.there(written)


@given(st.text(st.sampled_from("abImrwe .,!?…\n\t\u00a0()'’-@:/0um i we"), max_size=60))
@example("@a A dozen times")
@example("see t.co/a a moment")
@settings(max_examples=500, deadline=None)
def test_words_looked_up_piece_by_piece_are_the_words_of_the_text(text: str) -> None:
    tokeniser = Tokeniser(PACK.pack.spelling, PACK.alphabet)
    words, spans = tokeniser.tokens(text)
    assert tokeniser.characters(text).replace("\n", "") == tokeniser.characters_of(words)
    assert len(words) == len(spans)

    places = [(start, end) for start, end in sentence_bounds(text)]
    per_sentence = [sum(start <= left < end for left, _ in spans) for start, end in places]
    lengths = [len(each) for each in tokeniser.characters(text).split("\n")]
    assert [each for each in lengths if each] == [each for each in per_sentence if each]


def test_without_the_prefilter_nothing_is_ruled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    interaction = Interaction(id="x", turns=(Turn("agent", "I am sorry, we cannot do that. It is our policy."),))
    expected = Detector(PACK).detect(interaction).findings
    monkeypatch.setattr("frictionlens.engine.prefilter.Demand.has_pair", lambda *_: False)

    assert Detector(PACK, prefilter=False).detect(interaction).findings == expected != ()
    assert Detector(PACK).detect(interaction).findings != expected
