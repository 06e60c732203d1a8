"""Names, genders, spellings, agents, ids and products move no score; the swaps do swap."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from frictionlens.model import Interaction, Turn
from frictionlens.pipeline import Options, Scanner

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
invariance = pytest.importorskip("invariance")
pairs = pytest.importorskip("pairs")


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(Options())


@pytest.mark.parametrize("asr", [False, True])
def test_no_swap_moves_a_score_of_our_conversations(scanner: Scanner, asr: bool) -> None:
    talks = [each.interaction for each in pairs.read_lines("conversations.jsonl")]
    result = invariance.measure(scanner, talks, invariance.SWAPS, draws=1, asr=asr)
    assert {name: each.moved + each.findings_moved for name, each in result.items()} == dict.fromkeys(result, 0)
    assert sum(each.changed for each in result.values()) > 50


def test_no_name_in_any_slot_moves_a_score(scanner: Scanner) -> None:
    names = [*invariance.WOMEN[::8], *invariance.MEN[::8], *invariance.SPELLINGS[::4]]
    moved = invariance.measure_slots(scanner, names)
    assert moved.moved == 0
    assert moved.scored > 100


def test_the_swaps_swap() -> None:
    text = "Robert said he gave her his Kindle, order 48213355, after 90 days. Thank her. ^AB"
    talk = Interaction(id="x", turns=(Turn("agent", text),), agent="a")

    def swapped(name: str) -> str:
        return invariance.SWAPS[name](talk, random.Random(1)).turns[0].text

    assert "Robert" not in swapped("names")
    assert swapped("genders").startswith("Robert said she gave him her Kindle")
    assert "Thank him." in swapped("genders")
    assert "48213355" not in swapped("ids")
    assert "90 days" in swapped("ids")
    assert "Kindle" not in swapped("products")
    assert not swapped("agents").endswith("^AB")
