"""The report tells the story that was planted, and nothing that is not there."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from frictionlens.analytics.build import ReportOptions, build_report, load_operations, load_verdicts
from frictionlens.analytics.change_dates import ChangeDate, load_changes
from frictionlens.analytics.periods import parse_week, stretches_until, week_of
from frictionlens.analytics.report import Report, Series
from frictionlens.analytics.series import BUDGET, FALSE_CHANGE_RATE, find_steps
from frictionlens.analytics.tables import limits_in, process_of
from frictionlens.errors import UserError
from frictionlens.model import NotEvaluated, Scored
from frictionlens.store import CategoryNote, Pack, RuleNote, Store
from frictionlens.synthetic import Story, scored

PACK = Pack(
    "digest-1",
    "core",
    "1.0",
    (RuleNote("synthetic.refusal", "refusal", "Refusal", "because", "Say what you can do."),),
    (CategoryNote("refusal", "friction", "Refusal", charged=True), CategoryNote("options", "recovery", "Options", 2)),
)


def stored(rows: list[Scored] | Iterator[Scored]) -> Store:
    store = Store(None)
    for _ in store.put(rows, Pack("digest-1", "core", "1.0", PACK.rules)):
        pass
    return store


@pytest.fixture(scope="module")
def history() -> Store:
    return stored(scored(Story()))


@pytest.fixture(scope="module")
def report(history: Store) -> Report:
    return build_report(history)


def every_series(report: Report) -> list[Series]:
    return [
        report.headline.friction,
        report.headline.high,
        *(row.series for row in report.ledger),
        *report.kinds,
        *report.signs,
        *(step.series for step in report.funnel.steps),
        *(row.series for each in report.slices for row in each.rows),
    ]


def steps_of(report: Report, name: str) -> list[tuple[str, str]]:
    series = next(each for each in every_series(report) if each.name == name)
    return [(report.buckets[step.bucket].label, step.direction) for step in series.steps]


def test_the_planted_story_is_told(report: Report) -> None:
    assert [bucket.label for bucket in report.buckets] == [f"2026-W{week}" for week in range(39, 47)]
    assert steps_of(report, "policy: return window") == [("2026-W43", "up")]
    assert steps_of(report, "system: payment system") == [("2026-W45", "up"), ("2026-W46", "down")]
    assert steps_of(report, "Work overload") == [("2026-W45", "up"), ("2026-W46", "down")]
    first = report.ledger[0]
    assert (first.kind, first.name) == ("policy", "return window")
    assert first.conflicting
    assert {number.text for number in first.numbers} == {"14 days", "30 days"}
    assert "return window" in report.answers[0].answer
    assert "2026-W43" in report.answers[0].answer


def test_nothing_else_is_told(report: Report) -> None:
    for row in report.ledger:
        if row.name not in ("return window", "payment system"):
            assert not row.series.steps, row.name
    for quiet in ("Blaming the customer", "Staff turnover", "Staff absence", "Asked for feedback"):
        assert steps_of(report, quiet) == []


def _false_changes(seeds: range) -> int:
    told = 0
    for seed in seeds:
        with stored(scored(Story(seed=seed, story=False), excerpts=False)) as store:
            report = build_report(store)
        told += report.headline.friction_changed or any(each.steps for each in every_series(report))
    return told


def test_quiet_histories_stay_quiet() -> None:
    # One false change in eight histories is likelier than one in three at the stated rate; three are not.
    assert _false_changes(range(1000, 1008)) <= 2


@pytest.mark.slow
def test_false_changes_stay_under_the_stated_rate() -> None:
    assert _false_changes(range(200)) <= 200 * FALSE_CHANGE_RATE


def test_the_stated_rate_is_what_the_sections_share() -> None:
    assert sum(BUDGET.values()) == pytest.approx(FALSE_CHANGE_RATE)


def test_the_same_store_gives_the_same_bytes(report: Report) -> None:
    # Written in another order and in other batches, as two scans would.
    rows = list(scored(Story()))
    store = Store(None)
    for _ in store.put(reversed(rows), Pack("digest-1", "core", "1.0", PACK.rules), batch=701):
        pass
    assert msgspec.json.encode(build_report(store)) == msgspec.json.encode(report)


def test_points_add_up(history: Store, report: Report) -> None:
    with history.reading() as connection:
        (total,) = connection.execute(
            "SELECT round(sum(points), 1) FROM evaluated JOIN findings USING (source, interaction_id) "
            "WHERE week = '2026-W46' AND family = 'friction'"
        ).fetchall()[0]
    assert report.nobody_named is not None
    assert report.ledger_hidden == 0
    assert sum(row.points for row in report.ledger) + report.nobody_named.points == pytest.approx(total, abs=1)
    assert report.headline.points == pytest.approx(total, abs=0.1)


def test_every_quote_opens_a_conversation_that_holds_it(report: Report) -> None:
    quotes = [quote for row in report.ledger for quote in row.quotes]
    quotes += [pair.refusal for pair in report.pairs.pairs] if report.pairs else []
    assert quotes
    for quote in quotes:
        case = report.cases[quote.case]
        marked = [
            turn.text[mark.start : mark.end]
            for turn in case.excerpt
            for mark in turn.marks
            if mark.finding == quote.finding
        ]
        assert marked == [quote.text]


def test_pairs_are_the_same_request_refused_and_granted(report: Report) -> None:
    assert report.pairs is not None
    assert report.pairs.pairs
    for pair in report.pairs.pairs:
        refused, granted = report.cases[pair.refused], report.cases[pair.granted]
        assert pair.similarity >= report.pairs.threshold
        yes = {finding.turn for finding in granted.findings if finding.category in ("commitment", "exception")}
        no = {
            finding.turn
            for finding in refused.findings
            if finding.category in ("refusal", "policy_shield", "disempowered")
        }
        assert max(yes) > max((f.turn for f in granted.findings if f.category == "refusal"), default=-1)
        assert max(no) >= max(
            (f.turn for f in refused.findings if f.category in ("commitment", "exception")), default=-1
        )
        assert refused.queue == granted.queue
        assert pair.verdict == ""


def test_a_verdict_makes_a_refusal_avoidable(history: Store, report: Report) -> None:
    assert report.pairs is not None
    case = report.cases[report.pairs.pairs[0].refused]
    again = build_report(history, ReportOptions(verdicts={case.interaction_id: "avoidable"}))
    assert again.pairs is not None
    assert [pair.verdict for pair in again.pairs.pairs].count("avoidable") == 1
    assert sum(row.labelled_avoidable for row in again.ledger) >= 1


def test_green_but_hurting_appears_only_where_there_is_a_measure(report: Report) -> None:
    assert [each.measure for each in report.green] == ["QA score", "CSAT"]
    csat = report.green[1]
    assert (csat.scale, csat.good_from) == (5.0, 4.0)
    assert csat.rho is not None
    assert csat.rho_high is not None
    assert csat.rho_high < 0
    assert sum(each.interactions for each in csat.quadrants) == csat.interactions
    rows = [msgspec.structs.replace(row, csat=None, qa_score=None) for row in scored(Story(weeks=1, per_week=80))]
    assert build_report(stored(rows)).green == ()


def test_before_and_after_a_change_date(history: Store) -> None:
    changes = (
        ChangeDate(datetime.date(2026, 10, 19), "Return window", "cut from 30 to 14 days"),
        ChangeDate(datetime.date(2026, 10, 19), "basic fare", "new wording"),
        ChangeDate(datetime.date(2026, 10, 19), "nobody knows", "?"),
    )
    found = {each.process: each for each in build_report(history, ReportOptions(changes=changes)).changes}
    cut = found["Return window"]
    assert cut.verdict == "rose"
    assert cut.ratio is not None
    assert cut.ratio > 1.5
    assert (cut.weeks_before, cut.weeks_after) == (4, 4)
    assert found["basic fare"].verdict == "no change that clears the interval"
    assert found["nobody knows"].verdict == "too little to tell"


def test_small_groups_are_folded_and_agents_are_not_shown_unasked(history: Store, report: Report) -> None:
    assert [each.field for each in report.slices] == ["channel", "queue", "team", "product", "tag"]
    last = report.buckets[-1].interactions
    for each in report.slices:
        assert sum(row.interactions for row in each.rows) + each.folded_interactions + each.missing == last
    folded = build_report(history, ReportOptions(min_group=70, by=("queue",))).slices[0]
    assert folded.folded_groups > 0
    assert all(row.interactions >= 70 for row in folded.rows)


def test_agents_are_listed_by_name_and_never_tested(history: Store) -> None:
    (agents,) = build_report(history, ReportOptions(by=("agent",), min_group=15)).slices
    assert [row.value for row in agents.rows] == sorted(row.value for row in agents.rows)
    assert all(row.process and not row.series.tested for row in agents.rows)


def test_what_was_not_evaluated_leaves_the_denominator() -> None:
    rows = list(scored(Story(weeks=1, per_week=100)))
    why = (NotEvaluated("all", "no speaker labels"),)
    blind = [
        msgspec.structs.replace(row, findings=(), contributions=(), score=0.0, not_evaluated=why) for row in rows[:30]
    ]
    report = build_report(stored([*blind, *rows[30:]]))
    assert report.headline.friction.rates[-1].of == len(rows) - 30
    assert [(each.what, each.interactions) for each in report.coverage.not_evaluated] == [("all", 30)]


def test_undated_interactions_are_counted_and_left_out() -> None:
    rows = list(scored(Story(weeks=1, per_week=50)))
    rows[0] = msgspec.structs.replace(rows[0], started_at=None)
    report = build_report(stored(rows))
    assert report.coverage.undated == 1
    assert report.headline.interactions == len(rows) - 1


def test_without_any_date_there_is_no_week() -> None:
    rows = [msgspec.structs.replace(row, started_at=None) for row in scored(Story(weeks=1, per_week=50))]
    with pytest.raises(UserError, match=f"none of the {len(rows)} interactions has a date"):
        build_report(stored(rows))
    with pytest.raises(UserError, match="no interaction to report on"):
        build_report(Store(None))
    assert build_report(stored(rows), ReportOptions(week="2026-W46")).coverage.undated == len(rows)


def test_an_empty_store_gives_an_empty_report_of_a_week() -> None:
    report = build_report(Store(None), ReportOptions(week="2026-W46"))
    assert report.headline.interactions == 0
    assert report.ledger == ()
    assert report.cases == ()


def test_the_time_zone_decides_the_week() -> None:
    row = msgspec.structs.replace(next(scored(Story())), started_at="2026-11-15T23:30:00Z")
    local = msgspec.structs.replace(row, interaction_id="local", started_at="2026-11-15T23:30:00")
    store = stored([row, local])
    assert build_report(store, ReportOptions(week="2026-W46")).headline.interactions == 2
    berlin = ReportOptions(week="2026-W47", timezone="Europe/Berlin")
    assert build_report(store, berlin).headline.interactions == 1


def test_a_period_is_compared_with_earlier_ones_of_its_length(history: Store) -> None:
    options = ReportOptions(since=datetime.date(2026, 11, 1), until=datetime.date(2026, 11, 10))
    report = build_report(history, options)
    assert report.buckets[-1].since == "2026-11-01"
    assert report.buckets[-2].until == "2026-10-31"
    assert {
        (datetime.date.fromisoformat(b.until) - datetime.date.fromisoformat(b.since)).days for b in report.buckets
    } == {9}


def test_operations_are_joined_on_the_week(history: Store, tmp_path: Path) -> None:
    path = tmp_path / "ops.csv"
    path.write_text("week,sick_days,backlog\n2026-W45,14,320\n2026-w46,9,\n")
    report = build_report(history, ReportOptions(operations=load_operations(path)))
    assert {each.name: each.values[-2:] for each in report.operations} == {"sick_days": (14, 9), "backlog": (320, None)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReportOptions(week="46"), "no ISO week"),
        (ReportOptions(week="2026-W54"), "no ISO week"),
        (ReportOptions(week="2026-W46", since=datetime.date(2026, 1, 1)), "exclude each other"),
        (ReportOptions(since=datetime.date(2026, 2, 1), until=datetime.date(2026, 1, 1)), "before it starts"),
        (ReportOptions(weeks=0), "0 weeks"),
        (ReportOptions(by=("mood",)), "'mood' is no field"),
        (ReportOptions(timezone="Mars"), "no time zone"),
        (ReportOptions(min_group=0), "at least one"),
    ],
)
def test_options_that_make_no_sense(history: Store, options: ReportOptions, message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_report(history, options)


def test_files_that_make_no_sense(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for load, text, message in [
        (load_verdicts, "a,b\n1,2\n", "'interaction_id' is missing"),
        (load_verdicts, "interaction_id,verdict\n1,maybe\n", "'maybe' is no verdict"),
        (load_operations, "week,sick\nnever,1\n", "no ISO week"),
        (load_operations, "week,sick\n2026-W01,many\n", "no number"),
        (load_changes, "- {date: 2026-10-19}", "process"),
        (load_changes, "[", "not valid YAML"),
    ]:
        path.write_text(text)
        with pytest.raises(UserError, match=message):
            load(path)
        with pytest.raises(UserError):
            load(tmp_path / "absent")


def test_changes_file(tmp_path: Path) -> None:
    path = tmp_path / "changes.yml"
    path.write_text("- date: 2026-10-19\n  process: return window\n  what: cut\n")
    assert load_changes(path) == (ChangeDate(datetime.date(2026, 10, 19), "return window", "cut"),)


@pytest.mark.parametrize(
    ("name", "process"),
    [
        ("30-day return window", "return window"),
        ("90 days", "time limit"),
        ("basic economy", "basic economy"),
        ("24 hour rule", "rule"),
    ],
)
def test_process_of(name: str, process: str) -> None:
    assert process_of(name) == process


def test_limits_in() -> None:
    assert limits_in("thirty day window, or two weeks") == [("day", "30 days"), ("day", "14 days")]
    assert limits_in("3 business days") == [("business day", "3 business days")]
    assert limits_in("twenty-four hours") == [("hour", "24 hours")]
    assert limits_in("birthday 7 party") == []


def test_weeks_and_stretches() -> None:
    assert week_of(datetime.date(2027, 1, 1)).label == "2026-W53"
    assert parse_week("2026W46") == datetime.date(2026, 11, 9)
    day = datetime.date(2026, 3, 1)
    assert [each.since.day for each in stretches_until(day, day, 2)] == [28, 1]


def test_a_step_is_found_once_and_small_groups_are_not_tested() -> None:
    (up, small), tests = find_steps(
        [("up", [(10, 400)] * 4 + [(60, 400)] * 4), ("small", [(0, 5)] * 4 + [(5, 5)] * 4)],
        budget=0.05, dispersion=1.0, min_group=10,
    )  # fmt: skip
    assert tests == 7
    assert [(step.bucket, step.direction) for step in up.steps] == [(4, "up")]
    assert up.steps[0].difference.before.of == 1600
    assert small.steps == ()
    assert not small.tested


def test_restless_weeks_ask_for_more() -> None:
    weeks = [("up", [(20, 400)] * 4 + [(44, 400)])]
    calm, _ = find_steps(weeks, budget=0.05, dispersion=1.0, min_group=10)
    restless, _ = find_steps(weeks, budget=0.05, dispersion=3.0, min_group=10)
    assert calm[0].steps
    assert not restless[0].steps
