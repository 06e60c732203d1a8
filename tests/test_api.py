"""The library: scan files, scan a frame, load rules, the spaCy component."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import spacy

import frictionlens
from frictionlens.errors import Problem

TURNS = [
    ("c1", "customer", "I want my money back"),
    ("c1", "agent", "I'm sorry, we can't refund that."),
    ("c2", "customer", "When do you open?"),
    ("c2", "agent", "At nine."),
]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    lines = []
    for key in ("c1", "c2"):
        turns = [{"role": role, "text": text} for each, role, text in TURNS if each == key]
        lines.append(json.dumps({"id": key, "turns": turns}))
    path.write_text("\n".join(lines) + "\n{broken\n", "utf-8")
    return path


def test_scan_gives_results_and_tells_problems(export: Path) -> None:
    problems: list[object] = []

    results = list(frictionlens.scan(export, on_problem=problems.append))

    assert [each.interaction_id for each in results] == ["c1", "c2"]
    assert results[0].score > results[1].score == 0
    assert [each.record for each in problems if isinstance(each, Problem)] == ["line 3"]


def test_scan_warns_of_problems_that_nobody_takes(export: Path) -> None:
    with pytest.warns(UserWarning, match="line 3"):
        list(frictionlens.scan([export]))


def test_scan_frame_agrees_with_scan(export: Path) -> None:
    frame = pd.DataFrame(TURNS, columns=["conversation_id", "role", "text"])

    findings = frictionlens.scan_frame(frame)
    interactions = frictionlens.scan_frame(frame, table="interactions")

    scored = {each.interaction_id: each for each in frictionlens.scan(export, on_problem=lambda _: None)}
    assert list(findings["rule_id"]) == [each.rule_id for each in scored["c1"].findings]
    assert dict(zip(interactions["interaction_id"], interactions["score"], strict=True)) == {
        key: each.score for key, each in scored.items()
    }


def test_scan_frame_says_where_nothing_could_be_looked_for() -> None:
    frame = pd.DataFrame({"text": ["We can't refund that."]})

    with pytest.warns(UserWarning, match="friction was not looked for in 1 interaction: 1 × no turn has the role"):
        findings = frictionlens.scan_frame(frame)

    assert findings.empty


def test_load_rules() -> None:
    pack = frictionlens.load_rules()

    assert {"refusal", "policy_shield"} <= set(pack.categories)


def test_the_spacy_component_fills_spans() -> None:
    assert frictionlens.FrictionComponent  # importing it registers the factory where the package is not installed
    nlp = spacy.blank("en")
    nlp.add_pipe("frictionlens")

    doc = nlp("Hello. I'm sorry, we can't refund that.")

    assert "refusal" in {span.label_ for span in doc.spans["friction"]}
    assert all(span.text in doc.text for span in doc.spans["friction"])


def test_only_public_names_are_there() -> None:
    with pytest.raises(AttributeError):
        frictionlens.nothing  # noqa: B018
