"""The audit: what is chosen, what is kept, what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frictionlens.audits import Entry, append_entries, audits_of, choose, load_audit, load_entries, read_sheet
from frictionlens.errors import UserError
from frictionlens.model import Finding, Interaction, Turn


def finding(name: str, rule: str = "refusal.a") -> Finding:
    category = rule.split(".", maxsplit=1)[0]
    return Finding(rule, category, "friction", "low", "low", 0, 0, 1, "x", None, (), name)


def found(*findings: Finding) -> list[tuple[Interaction, list[Finding]]]:
    return [(Interaction(id="i", turns=(Turn("agent", "x"),)), list(findings))]


def names(chosen: list) -> list[str]:
    return [each.finding.fingerprint for each in chosen]


@given(st.permutations([f"f{number}" for number in range(12)]), st.integers(0, 5))
def test_the_sample_does_not_hang_on_the_order_of_the_input(order: list[str], seed: int) -> None:
    given_ = names(choose(found(*map(finding, order)), {}, seed=seed, limit=5))
    assert given_ == names(choose(found(*map(finding, sorted(order))), {}, seed=seed, limit=5))
    assert len(set(given_)) == 5


def test_what_was_judged_is_passed_over_and_the_rest_comes_in_the_same_order() -> None:
    everything = found(*(finding(f"f{number}") for number in range(20)))
    first = names(choose(everything, {}, limit=10))
    done = {name: Entry(name, "refusal.a", "true") for name in first[:4]}
    assert names(choose(everything, done, limit=6)) == first[4:]
    assert names(choose(everything, {}, limit=10, seed=1)) != first


def test_rare_rules_come_in_turn() -> None:
    many = [finding(f"f{number}") for number in range(50)]
    chosen = choose(found(*many, finding("rare", "stall.b")), {}, order="rule", limit=4)
    assert [each.finding.rule_id for each in chosen].count("stall.b") == 1
    only = choose(found(*many, finding("rare", "stall.b")), {}, wanted=frozenset({"stall"}))
    assert names(only) == ["rare"]


def test_the_last_answer_holds_and_unsure_counts_neither_way(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    append_entries(path, [Entry("a", "r.x", "true"), Entry("b", "r.x", "true", note="é")])
    append_entries(path, [Entry("a", "r.x", "false"), Entry("c", "r.x", "unsure"), Entry("d", "r.y", "unsure")])
    x, y = audits_of(load_entries(path).values())
    assert (x.true, x.false, x.unsure, x.precision, x.enough) == (1, 1, 1, 0.5, False)
    assert y.precision is None
    audited = load_audit(path)
    assert (audited["r.x"].true, audited["r.x"].of, audited["r.y"].of) == (1, 2, 0)


def test_eight_answers_are_enough() -> None:
    assert [each.enough for each in audits_of(Entry(f"{n}", "r.x", "true") for n in range(7))] == [False]
    assert [each.enough for each in audits_of(Entry(f"{n}", "r.x", "true") for n in range(8))] == [True]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"fingerprint": "a"}',
        '{"fingerprint": "a", "rule_id": "r", "answer": "maybe"}',
        '{"fingerprint": "a", "x": 1}',
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text(f'{{"fingerprint": "a", "rule_id": "r", "answer": "true"}}\n{line}\n')
    with pytest.raises(UserError, match=r"audit\.jsonl:2"):
        load_entries(path)


def test_a_sheet_is_read_with_the_words_people_write(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("fingerprint,rule_id,answer,note\na,r.x,Yes,\nb,r.x,f,why\nc,r.x,,\nd,r.x,?,\n", "utf-8-sig")
    assert [(each.fingerprint, each.answer, each.note) for each in read_sheet(path)] == [
        ("a", "true", ""),
        ("b", "false", "why"),
        ("d", "unsure", ""),
    ]
    path.write_text("fingerprint,rule_id,answer\na,r.x,treu\n")
    with pytest.raises(UserError, match="did you mean 'true'"):
        read_sheet(path)
    path.write_text("fingerprint,answer\na,true\n")
    with pytest.raises(UserError, match="no column rule_id"):
        read_sheet(path)
