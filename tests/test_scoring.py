"""The properties that the score must have, each a test of its own."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from frictionlens.model import Finding, Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.rules import load_pack
from frictionlens.scoring import Weights, score

PACK = load_pack()
SCORING = [each.id for each in PACK.categories.values() if each.family in ("friction", "episode")]
RECOVERY = [each.id for each in PACK.categories.values() if each.family == "recovery"]
SIGNALS = [each.id for each in PACK.categories.values() if each.family in ("signal", "sign")]


def finding(category: str, turn: int = 0, severity: str = "medium", confidence: str = "high") -> Finding:
    family = PACK.categories[category].family
    return Finding(f"{category}.x", category, family, severity, confidence, turn, 0, 1, "", None, (), "")  # type: ignore[arg-type]


def some(categories: list[str]) -> st.SearchStrategy[Finding]:
    levels = st.sampled_from(["low", "medium", "high"])
    return st.builds(finding, st.sampled_from(categories), st.integers(0, 30), levels, levels)


friction = some(SCORING)
anything = some(SCORING + RECOVERY + SIGNALS)


@given(st.lists(anything, max_size=60))
def test_bounded_and_deterministic(findings: list[Finding]) -> None:
    first, again = (score(findings, PACK.categories) for _ in range(2))

    assert 0 <= first.score <= 100
    assert 0 <= first.recovery_steps <= 5
    assert first == again


@given(st.lists(anything, max_size=60))
def test_contributions_add_up(findings: list[Finding]) -> None:
    result = score(findings, PACK.categories)

    assert isclose(sum(each.points for each in result.contributions), result.score, abs_tol=1e-6)
    assert all(findings[each.finding].family in ("friction", "episode") for each in result.contributions)


@given(st.lists(anything, max_size=30), friction)
def test_friction_never_lowers(findings: list[Finding], more: Finding) -> None:
    assert score([*findings, more], PACK.categories).score >= score(findings, PACK.categories).score


@given(st.lists(anything, max_size=30), some(RECOVERY))
def test_recovery_never_raises(findings: list[Finding], more: Finding) -> None:
    assert score([*findings, more], PACK.categories).score <= score(findings, PACK.categories).score


@given(st.lists(anything, max_size=30), some(SIGNALS))
def test_customer_signals_do_not_count(findings: list[Finding], more: Finding) -> None:
    assert score([*findings, more], PACK.categories).score == score(findings, PACK.categories).score


@given(st.lists(anything, max_size=30), st.randoms())
def test_order_does_not_matter(findings: list[Finding], rng: object) -> None:
    shuffled = list(findings)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]

    assert score(shuffled, PACK.categories).score == score(findings, PACK.categories).score


@given(st.lists(friction, min_size=1, max_size=20), st.integers(1, 50))
def test_a_long_conversation_is_not_worse_for_being_long(findings: list[Finding], shift: int) -> None:
    later = [replace(each, turn=each.turn + shift) for each in findings]

    assert score(later, PACK.categories).score == score(findings, PACK.categories).score


@given(st.lists(some(SCORING), max_size=20))
def test_turns_of_one_run_count_as_one(findings: list[Finding]) -> None:
    one_run = {turn: turn // 5 for turn in range(31)}
    joined = [replace(each, turn=each.turn // 5) for each in findings]

    assert score(findings, PACK.categories, one_run).score == score(joined, PACK.categories).score


SENTENCES = [
    "I'm sorry, we can't do that.", "As per our refund policy we cannot refund this.", "Please contact your bank.",
    "Sorry for any inconvenience.", "I have refunded you $20.", "Thank you for waiting.", "Our courier is late.",
    "What is your order number?", "You should have read the terms.",
]  # fmt: skip


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6), st.data())
def test_cutting_a_turn_at_a_sentence_end_changes_nothing(sentences: list[str], data: st.DataObject) -> None:
    cuts = [data.draw(st.booleans()) for _ in sentences[1:]]
    pieces = [[sentences[0]]]
    for cut, sentence in zip(cuts, sentences[1:], strict=True):
        if cut:
            pieces.append([])
        pieces[-1].append(sentence)
    ask, reply = Turn("customer", "I want my money back"), Turn("customer", "ok")
    whole = Interaction("x", (ask, Turn("agent", " ".join(sentences)), reply))
    parts = Interaction("x", (ask, *(Turn("agent", " ".join(each)) for each in pieces), reply))

    assert SCANNER.score(whole).score == SCANNER.score(parts).score


@given(
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=5), st.sampled_from(["Ann", "Mohammed", "agent-7", "💬"])
)
def test_who_speaks_does_not_matter(sentences: list[str], name: str) -> None:
    turns = tuple(Turn("agent", each, speaker="Bob") for each in sentences)
    renamed = tuple(replace(each, speaker=name) for each in turns)

    one = SCANNER.score(Interaction("a", turns, agent="Bob"))
    other = SCANNER.score(Interaction("b", renamed, agent=name))

    assert one.score == other.score


SCANNER = Scanner(Options())


def test_weights_can_be_set() -> None:
    findings = [finding("refusal")]

    default = score(findings, PACK.categories).score
    assert score(findings, PACK.categories, weights=Weights(category={"refusal": 0.0})).score == 0
    assert score(findings, PACK.categories, weights=Weights(category={"refusal": 50.0})).score > default
