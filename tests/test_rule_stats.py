"""Hit rates, dead rules, drafts and what they would change."""

from __future__ import annotations

from pathlib import Path

import pytest

from frictionlens.errors import RuleError, UserError
from frictionlens.model import Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.rule_draft import draft_rule, five_numbers, sample_of, spot_check
from frictionlens.rule_stats import count_rules
from frictionlens.testing import cases, run_case


def talk(name: str, *texts: str) -> Interaction:
    return Interaction(id=name, turns=tuple(Turn("agent", text) for text in texts))


TALKS = [
    talk("a", "I'm sorry, we can't do that."),
    talk("b", "As per our policy we can't do that."),
    talk("c", "The teapot sings at dawn."),
    *(talk(f"d{number}", "Hello, how are you?") for number in range(5)),
]


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(Options())


def test_counts_of_a_hand_made_week(scanner: Scanner) -> None:
    stats = count_rules(map(scanner.score, TALKS), scanner.pack, least_together=1)
    uses = {each.rule_id: each for each in stats.uses}
    refusal = next(each for each in stats.uses if each.category == "refusal" and each.interactions == 2)
    assert (refusal.findings, refusal.share) == (2, 0.25)
    assert refusal.interval.low < 0.25 < refusal.interval.high
    pair = next(each for each in stats.together if refusal.rule_id in (each.first, each.second))
    assert 0 < pair.jaccard <= 1
    every = {each.id for each in (*scanner.pack.rules, *scanner.pack.episodes)}
    assert set(uses) | set(stats.dead) | set(stats.not_looked_for) == every


def test_rules_that_could_be_looked_for_nowhere_are_not_dead(scanner: Scanner) -> None:
    unknown = Interaction(id="x", turns=(Turn("unknown", "we can't do that"),))
    stats = count_rules(map(scanner.score, [unknown]), scanner.pack)
    assert not stats.uses
    assert {each.id for each in scanner.pack.rules if each.category.family == "friction"} <= set(stats.not_looked_for)


def draft(folder: Path, scanner: Scanner, pattern: str) -> None:
    place, text = draft_rule(scanner.pack, "refusal.shutters", "teapot sings")
    path = folder / place
    path.parent.mkdir(parents=True)
    path.write_text(text.replace('"teapot sings"\n    # What cancels', f'"{pattern}"\n    # What cancels'))


def test_a_draft_loads_as_it_is_written_and_its_first_example_passes(tmp_path: Path, scanner: Scanner) -> None:
    draft(tmp_path, scanner, "teapot sings")
    case = next(each for each in cases([tmp_path]) if str(each) == "refusal.shutters[match-0]")
    run_case(case)


def test_a_spot_check_tells_what_would_change(tmp_path: Path, scanner: Scanner) -> None:
    draft(tmp_path, scanner, "(teapot sings|not do that)")
    found = spot_check(TALKS, scanner, Scanner(Options(packs=(tmp_path,))))
    assert found.rules == ("refusal.shutters",)
    assert (found.findings, found.hit, found.new_turns, found.known_turns, found.lost_turns) == (3, 3, 1, 2, 0)
    assert [each.interaction.id for each in found.new] == ["c"]
    assert found.new[0].before == 0 < found.new[0].after
    assert found.after_hit[0] > found.before_hit[0]
    assert found.before == five_numbers([scanner.score(each).score for each in TALKS])


def test_a_draft_that_changes_nothing_is_an_error(tmp_path: Path, scanner: Scanner) -> None:
    with pytest.raises(RuleError, match="changes none"):
        spot_check(TALKS, scanner, Scanner(Options(packs=(tmp_path,))))


def test_the_sample_is_fixed_whatever_is_read_beside_it() -> None:
    chosen = {each.id for each in sample_of(TALKS, 3)}
    assert chosen == {each.id for each in sample_of(reversed(TALKS), 3)}
    more = [*TALKS, *(talk(f"e{number}", "x") for number in range(3))]
    assert {each.id for each in sample_of(more, 3)} <= chosen | {f"e{number}" for number in range(3)}


@pytest.mark.parametrize(
    ("rule_id", "message"),
    [("refusl.x", "did you mean 'refusal'"), ("refusal.Not This", "cannot be the name"), ("dead_end.x", "no category")],
)
def test_a_wrong_name_is_named(scanner: Scanner, rule_id: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        draft_rule(scanner.pack, rule_id)


def test_five_numbers() -> None:
    assert five_numbers([]) == ()
    assert five_numbers([3.0]) == (3.0,) * 5
    assert five_numbers([1.0, 2.0, 3.0, 4.0, 5.0]) == (1.0, 2.0, 3.0, 4.0, 5.0)
