"""The benchmark keeps its shape: labels that exist, pairs that differ, halves that both hold everything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from frictionlens.evaluation import families_of
from frictionlens.rules import load_pack

FOLDER = Path(__file__).parents[2] / "benchmarks" / "pairs"
PAIRS = [json.loads(line) for line in (FOLDER / "pairs.jsonl").read_text("utf-8").splitlines()]
PRACTICE = [json.loads(line) for line in (FOLDER / "practice.jsonl").read_text("utf-8").splitlines()]
TALKS = [json.loads(line) for line in (FOLDER / "conversations.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def families() -> dict[str, str]:
    return {each.id: each.family for each in load_pack().categories.values()}


def test_there_are_enough_of_both() -> None:
    assert len({each["pair"] for each in PAIRS}) >= 800
    assert len(TALKS) >= 60
    assert len({each["industry"] for each in PAIRS}) >= 10
    assert {each["register"] for each in PAIRS} == {"chat", "email", "tweet", "call", "bot"}
    ids = [each["id"] for each in (*PAIRS, *PRACTICE, *TALKS)]
    assert len(ids) == len(set(ids))


def test_one_line_of_a_pair_carries_the_category_under_test_and_the_other_does_not() -> None:
    lines = defaultdict(dict)
    for each in (*PAIRS, *PRACTICE):
        lines[each["pair"]][each["id"][-1]] = each
    for pair, both in lines.items():
        assert set(both) == {"a", "b"}, pair
        assert both["a"]["half"] == both["b"]["half"], pair
        assert both["a"]["focus"] == both["b"]["focus"], pair
        assert both["a"]["focus"] in both["a"]["turns"][-1]["labels"], pair
        assert both["b"]["focus"] not in both["b"]["turns"][-1]["labels"], pair


def test_labels_exist_and_stand_on_roles_that_can_carry_them(families: dict[str, str]) -> None:
    assert {each["half"] for each in PRACTICE} == {"tune"}
    for each in (*PAIRS, *PRACTICE, *TALKS):
        for turn in each["turns"]:
            for label in turn.get("labels", ()):
                assert families[label] in families_of(turn["role"]), each["id"]
            assert set(turn) <= {"role", "text", "labels", "charged", "kind_of_no"}, each["id"]
    assert all("labels" in turn for each in TALKS for turn in each["turns"])


def test_both_halves_hold_every_category() -> None:
    counts = Counter((each["focus"], each["half"]) for each in PAIRS)
    for focus in {each["focus"] for each in PAIRS}:
        tune, check = counts[focus, "tune"], counts[focus, "check"]
        assert abs(tune - check) <= 2, focus
        assert min(tune, check) >= 10, focus


@pytest.mark.parametrize("half", [[], ["--half", "check"]])
def test_the_check_half_is_never_printed(half: list[str]) -> None:
    script = FOLDER.parent / "pairs.py"
    command = [sys.executable, str(script), "--errors", "stall", *half]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not done.stdout
    assert "figures only" in done.stderr
