"""Every example of every shipped rule is a test: `pytest -k refusal.we-cannot-do`."""

from __future__ import annotations

import pytest

from frictionlens.rules import Rule, load_pack
from frictionlens.testing import Case, cases, run_case

PACK = load_pack()


@pytest.mark.parametrize("case", cases(), ids=str)
def test_example(case: Case) -> None:
    run_case(case)


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.id)
def test_rule_is_whole(rule: Rule) -> None:
    entry = rule.entry
    assert len(entry.examples.match) >= 2, "at least two examples that match"
    assert len(entry.examples.no_match) >= 2, "at least two examples that do not"
    assert entry.why
    assert entry.advice or rule.category.family != "friction", "a friction rule says what to say instead"


@pytest.mark.parametrize("episode", PACK.episodes, ids=lambda each: each.id)
def test_episode_is_whole(episode: object) -> None:
    examples = episode.entry.examples  # type: ignore[attr-defined]
    assert examples.match
    assert examples.no_match
