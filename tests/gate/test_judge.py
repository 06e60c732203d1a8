from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from frictionlens.config import Policy, load_settings
from frictionlens.errors import Problem, UserError
from frictionlens.gate import Baseline, BaselineEntry, Suppression, Verdict, check_names, decide, judge
from frictionlens.gate import update_baseline as entries_of
from frictionlens.model import Expectation, Finding, NotEvaluated, Scored
from frictionlens.rules.confidence import Audited

TODAY = date(2026, 11, 22)
MakeFinding = Callable[..., Finding]
MakeScored = Callable[..., Scored]


def verdict(*results: Scored | Problem, **policy: Any) -> Verdict:
    return judge(results, Policy(**policy), today=TODAY)


def why(found: Verdict) -> list[str]:
    own = [each.message for each in found.failed_criteria]
    return [failure.message for case in found.cases for failure in case.failures] + own


def test_without_a_policy_a_sure_finding_of_medium_severity_fails(finding: MakeFinding, scored: MakeScored) -> None:
    found = verdict(scored("a", finding("refusal.flat")))
    assert found.outcome.code == 1
    assert why(found) == ["new finding of medium severity"]
    assert verdict(scored("a", finding("refusal.flat", severity="low"))).outcome.code == 0
    assert verdict(scored("a", finding("refusal.flat", confidence="medium"))).outcome.code == 0
    assert verdict(scored("a", finding("frustration.x", family="signal", severity="high"))).outcome.code == 0
    assert verdict(scored("a")).outcome.code == 0
    assert verdict().outcome.code == 0


def test_limits_of_your_own_replace_the_default(finding: MakeFinding, scored: MakeScored) -> None:
    bad = scored("a", finding("refusal.flat"), points=(40.0,))
    assert verdict(bad, max_score=50).outcome.code == 0
    assert verdict(bad, max_score=50, fail_on="medium").outcome.code == 1
    assert verdict(bad, fail_on="never").outcome.code == 0


def test_highest_score_names_the_interaction(finding: MakeFinding, scored: MakeScored) -> None:
    found = verdict(scored("a", finding("refusal.flat"), points=(60.5,)), max_score=60)
    assert why(found) == ["friction score 60.5 is over 60"]
    assert [each.rule_id for each in found.marks() if each.level == "error"] == ["check.max_score"]
    assert verdict(scored("a", finding("refusal.flat"), points=(60.0,)), max_score=60).outcome.code == 0


def test_score_counts_only_findings_that_count(finding: MakeFinding, scored: MakeScored) -> None:
    mixed = scored("a", finding("refusal.flat"), finding("excuse.maybe", confidence="low"), points=(40.0, 30.0))
    assert verdict(mixed, max_score=50).outcome.code == 0
    assert verdict(mixed, max_score=50, min_confidence="low").outcome.code == 1
    assert why(verdict(mixed, max_score=30)) == ["friction score 40 is over 30 (of 70, the rest does not count)"]


def test_mean_and_share_over_a_threshold(finding: MakeFinding, scored: MakeScored) -> None:
    results = [scored(str(n), finding("refusal.flat"), points=(float(n * 10),)) for n in range(10)]
    assert verdict(*results, max_mean=45).outcome.code == 0
    assert why(verdict(*results, max_mean=44.9)) == [
        "mean friction score of all interactions is 45.0 (at most 44.9, 10 interactions)"
    ]
    assert verdict(*results, max_share_over=0.4, threshold=50).outcome.code == 0
    assert why(verdict(*results, max_share_over=0.3, threshold=50)) == [
        "4 of 10 interactions score over 50 (40.0%, at most 30.0%)"
    ]


@pytest.mark.parametrize(("budget", "code"), [(2, 0), (1, 1), ("50%", 0), ("49%", 1), (0, 1)])
def test_budgets_count_findings_or_interactions(
    finding: MakeFinding, scored: MakeScored, budget: int | str, code: int
) -> None:
    results = [scored("a", finding("excuse.x"), finding("excuse.y", turn=2)), scored("b")]
    for name in ("excuse", "excuse.*"):
        found = verdict(*results, budgets={name: budget})
        assert found.outcome.code == code
        assert [each.level for each in found.marks()] == (["error", "error"] if code else ["warning", "warning"])
        # The budget is one reason, however many findings it took.
        assert found.outcome.sentence == ("1 reason" if code else "nothing fails")


def test_forbidden_takes_rules_and_categories_of_any_severity(finding: MakeFinding, scored: MakeScored) -> None:
    result = scored("a", finding("blame_customer.x", severity="low"))
    assert why(verdict(result, forbidden=("blame_customer",))) == ["blame_customer is forbidden"]
    assert verdict(result, forbidden=("blame_customer.y",)).outcome.code == 0


def test_required_recovery_looks_at_the_same_and_later_turns(finding: MakeFinding, scored: MakeScored) -> None:
    policy = {"required": {"refusal": ("options", "commitment")}}
    no = finding("refusal.flat", turn=2)
    assert why(verdict(scored("a", no), **policy)) == [
        "refusal without any of options, commitment in this or a later turn"
    ]
    for turn, code in ((1, 1), (2, 0), (4, 0)):
        way = finding("options.offer", family="recovery", turn=turn)
        assert verdict(scored("a", no, way), **policy).outcome.code == code


def test_slices_find_the_broken_queue_that_the_global_rate_hides(finding: MakeFinding, scored: MakeScored) -> None:
    good = [scored(f"g{n}", queue="orders") for n in range(49)]
    bad = [scored(f"b{n}", finding("refusal.flat"), points=(80.0,), queue="billing") for n in range(5)]
    small = [scored("s", finding("refusal.flat"), points=(80.0,), queue="vip")]
    everything = [*good, *bad, *small]
    assert verdict(*everything, max_share_over=0.2).outcome.code == 0
    limit = {"by": "queue", "max_share_over": 0.2, "max_mean": 50, "min_size": 5, "budgets": {"refusal": 4}}
    found = verdict(*everything, slices=(limit,))
    assert [each.key for each in found.failed_criteria] == [
        "slices.queue.billing.max_mean",
        "slices.queue.billing.max_share_over",
        "slices.queue.billing.budgets.refusal",
    ]
    assert any("too few to judge" in each.message for each in found.criteria)
    assert verdict(*everything, slices=(limit | {"only": ("orders",)},)).outcome.code == 0


def test_a_rule_gates_only_with_enough_audited_precision(finding: MakeFinding, scored: MakeScored) -> None:
    result = [scored("a", finding("refusal.flat"))]
    policy = Policy(min_precision=0.8)

    def code(labels: dict[str, Audited]) -> tuple[int, str]:
        found = judge(result, policy, today=TODAY, audited=labels)
        return found.outcome.code, found.cases[0].notes[0]

    assert code({}) == (0, "precision never audited")
    assert code({"refusal.flat": Audited(true=10, of=10)})[0] == 0
    assert code({"refusal.flat": Audited(true=40, of=40)})[0] == 1
    assert code({"refusal.flat": Audited(true=40, of=60)}) == (
        0,
        "audited precision 0.67 (0.54 to 0.77, 60 labels) is below 0.8",
    )


def test_coverage_is_required(scored: MakeScored, not_evaluated: type[NotEvaluated]) -> None:
    blind = scored("a", not_evaluated=(not_evaluated("friction", "no speaker labels"),))
    found = verdict(blind, scored("b"), min_coverage=0.9)
    assert why(found) == ["friction was looked for in 1 of 2 interactions (50.0%, at least 90.0%)"]
    assert verdict(blind, scored("b"), min_coverage=0.5).outcome.code == 0
    assert verdict(min_coverage=0.5).outcome.code == 0


def test_samples_with_expectations_are_judged_by_them_alone(finding: MakeFinding, scored: MakeScored) -> None:
    def sample(**expect: Any) -> list[str]:
        result = scored("a", finding("refusal.flat"), points=(40.0,), expect=Expectation(**expect))
        return why(verdict(result, max_score=1, max_mean=1, forbidden=("refusal",), budgets={"refusal": 0}))

    assert sample(found=("refusal", "refusal.flat"), not_found=("excuse",), min_score=40, max_score=40) == []
    assert sample(found=("excuse",)) == ["expected excuse, which was not found"]
    assert sample(not_found=("refusal",)) == ["expected no refusal, and refusal.flat found it in turn 0"]
    assert sample(min_score=41) == ["expected a score of at least 41, and it is 40"]
    assert sample(max_score=39) == ["expected a score of at most 39, and it is 40"]


def test_an_expectation_never_holds_for_want_of_looking(scored: MakeScored) -> None:
    blind = (NotEvaluated("all", "language fr"),)
    found = verdict(scored("a", expect=Expectation(not_found=("refusal",)), not_evaluated=blind))
    assert why(found) == ["expected no refusal, which could not be looked for (all not evaluated: language fr)"]
    typo = scored("a", expect=Expectation(not_found=("refusl",)))
    found = judge([typo], Policy(), today=TODAY, known={"refusal", "excuse"})
    assert why(found) == ["there is no rule or category 'refusl' (did you mean 'refusal'?)"]


def test_names_in_the_policy_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("frictionlens.toml").write_text("[check.budgets]\nexcus = 3\n", "utf-8")
    with pytest.raises(UserError, match=r"frictionlens\.toml:2.*no rule or category 'excus'.*'excuse'"):
        check_names(load_settings(environ={}), {"excuse", "refusal.flat"})
    flags = {"check.forbidden": ["refusal.*"], "check.required": {"refusal.flat": ["excuse"]}}
    check_names(load_settings(config="/dev/null", environ={}, flags=flags), {"excuse", "refusal.flat"})


class TestBaseline:
    def test_only_new_findings_fail(self, finding: MakeFinding, scored: MakeScored, tmp_path: Path) -> None:
        old = finding("refusal.flat", fingerprint="x")
        accepted = Baseline(tmp_path / "b.json", (BaselineEntry("m.txt", "a", "refusal.flat", "x"),))

        def run(*findings: Finding, **policy: Any) -> Verdict:
            result = scored("a", *findings, points=(30.0,) * len(findings), source=str(tmp_path / "m.txt"))
            return judge([result], Policy(**policy), today=TODAY, baseline=accepted)

        assert run(old).outcome.code == 0
        assert run(old).standings == {"accepted": 1}
        # What is accepted does not count for limits either.
        assert run(old, max_score=10).outcome.code == 0
        # The same words once more are new: the baseline counts.
        again = run(old, finding("refusal.flat", fingerprint="x", turn=3))
        assert [each.level for each in again.marks()] == ["note", "error"]
        assert run(old, finding("refusal.flat", fingerprint="y", turn=3)).outcome.code == 1
        assert run(old).stale == ()
        assert [each.fingerprint for each in run().stale] == ["x"]

    def test_stale_is_said_of_what_was_looked_at_or_is_gone(self, scored: MakeScored, tmp_path: Path) -> None:
        for name in ("seen.txt", "elsewhere.txt"):
            (tmp_path / name).touch()
        names = ("seen.txt", "elsewhere.txt", "deleted.txt")
        entries = tuple(BaselineEntry(name, "a", "r", f"fp-{name}") for name in names)
        baseline = Baseline(tmp_path / "b.json", entries)
        result = scored("a", source=str(tmp_path / "seen.txt"))
        found = judge([result], Policy(), today=TODAY, baseline=baseline)
        assert [each.source for each in found.stale] == ["seen.txt", "deleted.txt"]
        kept = entries_of(found, baseline.place_of, baseline)
        assert [each.source for each in kept] == ["elsewhere.txt"]

    def test_an_updated_baseline_accepts_what_counts(self, finding: MakeFinding, scored: MakeScored) -> None:
        result = scored(
            "a",
            finding("refusal.flat"),
            finding("excuse.maybe", confidence="low"),
            finding("frustration.x", family="signal"),
        )
        found = verdict(result)
        entries = tuple(entries_of(found, lambda source: source, None))
        assert [each.rule_id for each in entries] == ["refusal.flat"]
        again = judge([result], Policy(), today=TODAY, baseline=Baseline(Path("b.json"), entries))
        assert again.outcome.code == 0


class TestSuppressions:
    def test_a_suppressed_finding_keeps_its_reason(self, finding: MakeFinding, scored: MakeScored) -> None:
        results = [scored("a", finding("refusal.flat"), points=(50.0,))]
        entry = Suppression("legal wording", "s.toml:1", rule="refusal.*", owner="jo", expires=TODAY)
        found = judge(results, Policy(max_score=10, fail_on="low"), today=TODAY, suppressions=[entry])
        assert found.outcome.code == 0
        assert [each.note for each in found.marks()] == ["legal wording (jo, until 2026-11-22)"]
        assert found.unused == found.expired == ()
        later = judge(results, Policy(), today=date(2026, 11, 23), suppressions=[entry])
        assert later.outcome.code == 1
        assert later.expired == (entry,)

    @pytest.mark.parametrize(
        ("selector", "covered"),
        [
            ({"rule": "refusal.flat"}, True),
            ({"rule": "excuse.*"}, False),
            ({"category": "refusal", "interaction": "a*"}, True),
            ({"category": "refusal", "interaction": "b*"}, False),
            ({"source": "replies.txt"}, True),
            ({"source": "macros/*.txt"}, True),
            ({"source": "plies.txt"}, False),
            ({"fingerprint": "fp-refusal.flat-0"}, True),
        ],
    )
    def test_selectors_must_all_fit(
        self, finding: MakeFinding, scored: MakeScored, selector: dict[str, str], covered: bool
    ) -> None:
        entry = Suppression("why", "s.toml:1", **selector)
        found = judge([scored("a1", finding("refusal.flat"))], Policy(), today=TODAY, suppressions=[entry])
        assert found.outcome.code == (0 if covered else 1)
        assert found.unused == (() if covered else (entry,))


def test_problems_change_the_code_but_never_hide_a_failure(finding: MakeFinding, scored: MakeScored) -> None:
    problem = Problem("x.bin", "", "binary data in no format that is known")
    bad = scored("a", finding("refusal.flat"))
    assert verdict(problem).outcome.code == 3
    assert verdict(problem, allow_problems=True).outcome.code == 0
    assert verdict(problem, bad).outcome.code == 1


def test_word_and_code_are_one_decision() -> None:
    outcomes = {
        (failures, problems, allow): decide(failures=failures, problems=problems, allow_problems=allow)
        for failures in (0, 2)
        for problems in (0, 1)
        for allow in (False, True)
    }
    assert {(each.code.value, each.word) for each in outcomes.values()} == {
        (0, "passed"),
        (1, "failed"),
        (3, "incomplete"),
    }
    assert outcomes[2, 1, False].sentence == "2 reasons, and 1 problem with the input"


def test_order_of_the_input_does_not_change_the_verdict(finding: MakeFinding, scored: MakeScored) -> None:
    results = [scored(name, finding("refusal.flat", fingerprint="same")) for name in "cab"]
    baseline = Baseline(Path("b.json"), (BaselineEntry("macros/replies.txt", "a", "refusal.flat", "same"),))
    one, two = (judge(each, Policy(), today=TODAY, baseline=baseline) for each in (results, results[::-1]))
    assert one == two
    assert [case.scored.interaction_id for case in one.failed_cases] == ["b", "c"]


def test_an_audit_of_ones_own_decides_confidence_and_the_shipped_one_is_in_the_finding(
    finding: MakeFinding, scored: MakeScored
) -> None:
    unproven = [scored("a", finding("refusal.flat", confidence="medium"))]

    def code(labels: Audited) -> int:
        return judge(unproven, Policy(), today=TODAY, audited={"refusal.flat": labels}).outcome.code

    assert code(Audited(true=99, of=99, patterns=((99, 99, "other words"),))) == 0
    assert code(Audited(true=99, of=99)) == 1
