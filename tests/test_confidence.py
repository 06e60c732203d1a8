"""Confidence is measured: of a rule by its audited findings, of a finding by those of the pattern that matched too."""

from __future__ import annotations

from pathlib import Path

import pytest

from frictionlens.model import Confidence, Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.rules.confidence import HIGH, PROVEN, Audited, confidence_of, proven_in, wilson

RULES = """\
category: refusal
rules:
  - id: parked
    title: t
    why: w
    advice: a
    patterns: ["zebras are parked", "zebras are towed", "zebras"]
"""


@pytest.mark.parametrize(
    ("true", "of", "expected"),
    [(0, 0, "medium"), (4, 7, "medium"), (3, 7, "low"), (8, 8, "medium"), (99, 100, "high"), (10, 100, "low")],
)
def test_the_lower_bound_decides(true: int, of: int, expected: Confidence) -> None:
    assert confidence_of(Audited(true=true, of=of)) == expected
    assert (expected == "high") == (wilson(true, of)[0] >= HIGH)


def test_a_pattern_is_proven_by_findings_of_its_own() -> None:
    assert proven_in(None) is None
    assert proven_in(Audited(true=9, of=9)) is None
    counts = ((40, 40, "often"), (1, 1, "once"), (20, 40, "wrong"))
    assert proven_in(Audited(true=61, of=81, patterns=counts)) == {"often"}
    assert wilson(1, 1)[0] < PROVEN < wilson(40, 40)[0]


def scanner(folder: Path, audited: str, **options: Confidence) -> Scanner:
    (folder / "friction").mkdir()
    (folder / "friction" / "mine.yml").write_text(RULES, "utf-8")
    (folder / "audited.yml").write_text(audited, "utf-8")
    return Scanner(Options(packs=(folder,), rules=("refusal.parked",), **options))  # type: ignore[arg-type]


def said(*texts: str) -> Interaction:
    return Interaction(id="one", turns=tuple(Turn(role="agent", text=each) for each in texts))


def test_in_a_high_rule_only_proven_patterns_give_high_findings(tmp_path: Path) -> None:
    counts = "[[60, 60, zebras are parked], [2, 2, zebras are towed]]"
    mine = scanner(tmp_path, f"refusal.parked: {{'true': 99, of: 100, patterns: {counts}}}\n")
    found = mine.detect(said("Our zebras are parked.", "Our zebras are towed.", "Our zebras."))
    assert [each.confidence for each in found.findings] == ["high", "medium", "medium"]
    assert found.patterns == ("zebras are parked", "zebras are towed", "zebras")


def test_of_two_patterns_in_a_sentence_the_proven_one_is_reported(tmp_path: Path) -> None:
    counts = "[[60, 60, zebras are towed]]"
    mine = scanner(tmp_path, f"refusal.parked: {{'true': 99, of: 100, patterns: {counts}}}\n")
    found = mine.detect(said("These zebras, like all zebras are towed."))
    assert [(each.quote, each.confidence) for each in found.findings] == [("zebras are towed", "high")]


def test_an_audit_by_rule_speaks_for_all_its_patterns(tmp_path: Path) -> None:
    mine = scanner(tmp_path, "refusal.parked: {'true': 99, of: 100}\n")
    assert {each.confidence for each in mine.detect(said("Zebras are towed.", "Our zebras.")).findings} == {"high"}


def test_least_confidence_leaves_out_what_is_not_proven(tmp_path: Path) -> None:
    counts = "[[60, 60, zebras are parked]]"
    audited = f"refusal.parked: {{'true': 99, of: 100, patterns: {counts}}}\n"
    found = scanner(tmp_path, audited, min_confidence="high").detect(said("Zebras are towed.", "Zebras are parked."))
    assert [each.turn for each in found.findings] == [1]
    assert found.patterns == ("zebras are parked",)
