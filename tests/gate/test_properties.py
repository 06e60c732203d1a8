"""What holds of every judgement, whatever the results."""

from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frictionlens.config import Policy
from frictionlens.gate import Baseline, judge, update_baseline
from frictionlens.model import Contribution, Facts, Finding, Scored
from frictionlens.reporters.checks import KINDS, renderer

TODAY = date(2026, 11, 22)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEVELS = st.sampled_from(["low", "medium", "high"])

findings = st.builds(
    Finding,
    rule_id=st.sampled_from(["refusal.a", "refusal.b", "excuse.a"]),
    category=st.sampled_from(["refusal", "excuse"]),
    family=st.sampled_from(["friction", "episode", "recovery", "signal"]),
    severity=LEVELS,
    confidence=LEVELS,
    turn=st.integers(0, 3),
    start=st.just(0),
    end=st.just(1),
    quote=st.sampled_from(["we can't", "\x1b[31m<b>]]>\x00", "a\nb | `c`", "\u202e%::"]),
    kind_of_no=st.none(),
    charged=st.just(()),
    fingerprint=st.sampled_from("abcdef"),
    line=st.none() | st.integers(1, 9),
)


@st.composite
def results(draw: st.DrawFn) -> Scored:
    found = tuple(draw(st.lists(findings, max_size=4)))
    signs = {"friction": 1, "episode": 1, "recovery": -1, "signal": 0}
    points = [signs[each.family] * draw(st.floats(0, 20)) for each in found]
    return Scored(
        interaction_id=draw(st.sampled_from(["x", "y z", "\x1b<&]", "::error::"])),
        source=draw(st.sampled_from(["a.txt", "b.txt"])),
        channel="chat",
        started_at=None,
        score=min(max(sum(points), 0.0), 100.0),
        recovery_steps=0,
        process_share=0.0,
        contributions=tuple(Contribution(index, each) for index, each in enumerate(points)),
        not_evaluated=(),
        findings=found,
        facts=Facts(1, 1, 0, 0, 1, 0, None, None, None),
    )


policies = st.builds(
    Policy,
    fail_on=st.sampled_from([None, "low", "high", "never"]),
    min_confidence=LEVELS,
    max_score=st.none() | st.floats(0, 100),
    max_mean=st.none() | st.floats(0, 100),
    max_share_over=st.none() | st.floats(0, 1),
    budgets=st.dictionaries(st.sampled_from(["refusal", "excuse.*"]), st.integers(0, 3) | st.just("10%")),
    required=st.sampled_from([{}, {"refusal": ("excuse",)}]),
)
many = st.lists(results(), max_size=6)


@quick
@given(many, policies)
def test_what_an_updated_baseline_accepts_passes(found: list[Scored], policy: Policy) -> None:
    # Signals say what customers did: no baseline accepts them, and a budget on them would still count them.
    company = [each for each in found if all(finding.family != "signal" for finding in each.findings)]
    first = judge(company, policy, today=TODAY)
    entries = tuple(update_baseline(first, lambda source: source, None))
    again = judge(company, policy, today=TODAY, baseline=Baseline(Path("b.json"), entries))
    named = {name.removesuffix(".*") for name in policy.budgets}
    if not any(
        finding.family == "recovery" and finding.category in named for each in company for finding in each.findings
    ):
        assert again.outcome.code == 0
    assert again.stale == ()
    assert again.standings.get("open", 0) == 0


@quick
@given(many, policies, st.randoms())
def test_the_order_of_results_decides_nothing(found: list[Scored], policy: Policy, dice: "object") -> None:
    keys = {(each.source, each.interaction_id) for each in found}
    if len(keys) < len(found):
        return
    mixed = found.copy()
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert judge(found, policy, today=TODAY) == judge(mixed, policy, today=TODAY)


@quick
@given(many, policies)
def test_one_more_friction_finding_never_turns_a_failure_into_a_pass(found: list[Scored], policy: Policy) -> None:
    if not found:
        return
    before = judge(found, policy, today=TODAY)
    last = found[-1]
    worse = Finding(
        "refusal.a", "refusal", "friction", "high", "high", 3, 0, 1, "no", None, (), "new"
    )  # in the last turn, so that nothing comes after it
    more = Scored(
        **{name: getattr(last, name) for name in last.__struct_fields__}
        | {
            "findings": (*last.findings, worse),
            "contributions": (*last.contributions, Contribution(len(last.findings), 5.0)),
            "score": min(last.score + 5.0, 100.0),
        }
    )
    after = judge([*found[:-1], more], policy, today=TODAY)
    assert after.outcome.code >= before.outcome.code


@quick
@given(many, policies)
def test_every_report_can_be_written(found: list[Scored], policy: Policy) -> None:
    verdict = judge(found, policy, today=TODAY)
    for kind in KINDS:
        assert renderer(kind)(verdict, {}) == renderer(kind)(verdict, {})
