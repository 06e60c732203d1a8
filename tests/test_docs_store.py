"""Every number of the report can be recomputed: the queries of docs/store.md against a report of the same store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frictionlens.analytics.build import ReportOptions, build_report
from frictionlens.analytics.report import Report
from frictionlens.model import NotEvaluated
from frictionlens.store import Pack, Store
from frictionlens.synthetic import Story, scored

DOCUMENT = Path(__file__).parents[1] / "docs" / "store.md"
QUERIES = dict(re.findall(r"<!-- (\w+) -->\n```sql\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL))


@pytest.fixture(scope="module")
def store() -> Store:
    rows = list(scored(Story(per_week=150), excerpts=False))
    # One in ten could not be evaluated, so that denominators differ.
    reason = (NotEvaluated("friction", "other language"),)
    for place in range(0, len(rows), 10):
        rows[place] = msgspec.structs.replace(
            rows[place], not_evaluated=reason, findings=(), contributions=(), score=0.0
        )
    made = Store(None)
    for _ in made.put(rows, Pack("digest")):
        pass
    return made


@pytest.fixture(scope="module")
def report(store: Store) -> Report:
    return build_report(store, ReportOptions(week="2026-W46", min_group=1))


def expected(report: Report, name: str) -> list[tuple[Any, ...]]:
    headline = report.headline
    first = next(row for row in report.ledger if row.name == "return window")
    kinds = {series.name: series for series in report.kinds}
    signs = {series.name: series for series in report.signs}
    queues = next(each for each in report.slices if each.field == "queue")
    values: dict[str, list[tuple[Any, ...]]] = {
        "friction": [(headline.friction.rates[-1].share,)],
        "high": [(headline.high.rates[-1].share, headline.mean_score)],
        "process_words": [(headline.process_words, headline.company_words, headline.process_minutes)],
        "leaving": [(headline.leaving.count,)],
        "ledger": [(first.interactions.count, first.points, first.harm, first.dead_ends.count, first.leaving.count)],
        "kind": [(b.label, r.share) for b, r in zip(report.buckets, kinds["Refusal"].rates, strict=True)],
        "step": [(report.funnel.steps[2].met.share,)],
        "sign": [(b.label, r.share) for b, r in zip(report.buckets, signs["Lost customers"].rates, strict=True)],
        "green": [(report.green[0].hurting.share,)],
        "refused": [(report.pairs.refused if report.pairs else 0,)],
        "slice": sorted(
            [(row.value, row.friction.of, row.friction.share) for row in queues.rows], key=lambda row: (-row[1], row[0])
        ),
        "coverage": [(each.what, each.reason, each.interactions) for each in report.coverage.not_evaluated],
    }  # fmt: skip
    return values[name]


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_documented_query_gives_the_number_of_the_report(store: Store, report: Report, name: str) -> None:
    with store.reading() as connection:
        rows = connection.execute(QUERIES[name]).fetchall()
    wanted = expected(report, name)
    assert len(rows) == len(wanted)
    for row, want in zip(rows, wanted, strict=True):
        for value, number in zip(row, want, strict=True):
            # The report rounds: minutes, points and scores to a tenth or a hundredth.
            assert value == (
                number
                if isinstance(number, str)
                else pytest.approx(number, abs=0.051 if number and number > 1 else 1e-5)
            )


def test_every_query_is_there() -> None:
    assert len(QUERIES) == 12
