"""Comparison of two result sets: what is told apart, and that noise does not fail a build."""

import json
import random
from collections.abc import Callable
from typing import Any

from frictionlens.gate import compare, decide
from frictionlens.model import Finding, Scored
from frictionlens.reporters import compare_text

MakeFinding = Callable[..., Finding]
MakeScored = Callable[..., Scored]


def draw(
    finding: MakeFinding, scored: MakeScored, seed: int, *, rate: float, size: int = 200, prefix: str = ""
) -> list[Scored]:
    """Interactions of which a share carries a refusal."""
    dice = random.Random(seed)
    made = []
    for number in range(size):
        bad = dice.random() < rate
        findings = (finding("refusal.flat"),) if bad else ()
        made.append(scored(f"{prefix}{number}", *findings, points=(dice.uniform(20, 60),) if bad else ()))
    return made


def test_nothing_changed_is_no_regression(finding: MakeFinding, scored: MakeScored) -> None:
    alarms = 0
    for seed in range(20):
        a, b = (draw(finding, scored, seed * 2 + side, rate=0.3, size=60, prefix=str(side)) for side in (0, 1))
        alarms += bool(compare(a, b).regressions)
    # At most one in twenty is promised.
    assert alarms <= 2
    same = draw(finding, scored, 1, rate=0.3)
    found = compare(same, same)
    assert found.paired
    assert not found.regressions
    assert found.new == found.gone == found.moved == ()


def test_a_real_regression_is_seen_and_points_the_right_way(finding: MakeFinding, scored: MakeScored) -> None:
    good = draw(finding, scored, 1, rate=0.1, prefix="a")
    bad = draw(finding, scored, 2, rate=0.4, prefix="b")
    found = compare(good, bad)
    assert not found.paired
    assert {each.key for each in found.regressions} >= {"mean_score", "refusal"}
    back = compare(bad, good)
    assert not back.regressions
    assert {each.direction for each in back.changes if each.key == "refusal"} == {"better"}


def test_more_recovery_is_better(finding: MakeFinding, scored: MakeScored) -> None:
    without = [scored(f"a{n}") for n in range(50)]
    offering = [scored(f"b{n}", finding("options.offer", family="recovery")) for n in range(50)]
    (change,) = [each for each in compare(without, offering).changes if each.key == "options"]
    assert change.direction == "better"
    (change,) = [each for each in compare(offering, without).changes if each.key == "options"]
    assert change.direction == "worse"


def test_too_few_are_never_called_a_change(finding: MakeFinding, scored: MakeScored) -> None:
    good = draw(finding, scored, 1, rate=0.0, size=9)
    bad = draw(finding, scored, 1, rate=1.0, size=9)
    found = compare(good, bad)
    assert found.too_few
    assert not found.regressions
    assert not compare([], []).regressions


def test_findings_are_new_gone_or_moved(finding: MakeFinding, scored: MakeScored) -> None:
    def one(*fingerprints: tuple[str, int], points: float = 1.0) -> list[Scored]:
        made = [finding("refusal.flat", fingerprint=name, turn=turn) for name, turn in fingerprints]
        return [scored("x", *made, points=(points,) * len(made))]

    found = compare(one(("kept", 0), ("gone", 1), ("moved", 2)), one(("kept", 0), ("moved", 4), ("new", 5), points=3.0))
    assert [(name, each.fingerprint) for name, each in found.new] == [("x", "new")]
    assert [(name, each.fingerprint) for name, each in found.gone] == [("x", "gone")]
    assert [(before.turn, after.turn) for _, before, after in found.moved_findings] == [(2, 4)]
    assert [(each.a, each.b) for each in found.moved] == [(3.0, 9.0)]


def test_one_id_in_two_files_loses_nothing(scored: MakeScored) -> None:
    twice = [scored("x", source="a.txt"), scored("x", source="b.txt")]
    assert compare(twice, twice).size_a == 2


def test_reports_say_the_same(finding: MakeFinding, scored: MakeScored) -> None:
    import io

    from rich.console import Console

    good = draw(finding, scored, 1, rate=0.1)
    bad = draw(finding, scored, 2, rate=0.5)
    found = compare(good, bad)
    outcome = decide(failures=len(found.regressions))
    report: Any = json.loads(compare_text.render_json(found, outcome))
    assert report["outcome"]["code"] == 1
    assert [each["key"] for each in report["figures"] if each["direction"] == "worse"] == [
        each.key for each in found.regressions
    ]
    for width in (80, 120):
        console = Console(file=io.StringIO(), width=width, color_system=None)
        console.print(compare_text.build(found, {}, outcome))
        stream: Any = console.file
        text = stream.getvalue()
        assert max(map(len, text.splitlines())) <= width
        assert "FAILED" in text
        assert text.count(" worse") == len(found.regressions)
