"""Own the report as a workbook: one sheet a section, numbers as numbers, no text that a spreadsheet would run."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from frictionlens.analytics.report import Quote, Rate, Report, Series
from frictionlens.reporters._workbook import Sheets, workbook
from frictionlens.reporters.weekly import words


def render(report: Report) -> bytes:
    """Return the report as an xlsx workbook."""
    stream = io.BytesIO()
    with workbook(stream, report.title) as sheets:
        _fill(sheets, report)
    return stream.getvalue()


def _fill(sheets: Sheets, report: Report) -> None:
    labels = [bucket.label for bucket in report.buckets]
    sheets.add("Summary", ("Question", "Answer"), [(each.question, each.answer) for each in report.answers], wide=1)
    sheets.add("Ledger", _LEDGER, _ledger(report), wide=len(_LEDGER) - 1)
    for title, found in (("Kinds", report.kinds), ("Signs", report.signs)):
        sheets.add(title, ("", *labels, "low", "high", "change"), _series(found, report))
    sheets.add(
        "Recovery",
        ("Step", "interactions", "taken", "share", "low", "high", "and all before"),
        [
            (step.name, step.met.of, step.met.count, *_ends(step.met), step.reached.share)
            for step in report.funnel.steps
        ],
    )
    sheets.add(
        "Change dates",
        (
            "Date",
            "Process",
            "Change",
            "before",
            "after",
            "others before",
            "others after",
            "ratio",
            "low",
            "high",
            "verdict",
        ),
        [
            (
                each.date,
                each.process,
                each.what,
                each.own.before.share,
                each.own.after.share,
                each.others.before.share,
                each.others.after.share,
                each.ratio,
                each.ratio_low,
                each.ratio_high,
                each.verdict,
            )
            for each in report.changes
        ],
    )
    sheets.add(
        "Pairs",
        ("Process", "similarity", "refused id", "request", "refusal", "granted id", "request", "grant", "verdict"),
        _pairs(report),
    )
    sheets.add(
        "Conversations",
        ("Id", "source", "started", "channel", "queue", "score", "recovery steps", "csat", "qa score", "request"),
        [
            (
                case.interaction_id,
                case.source,
                case.started_at,
                case.channel,
                case.queue,
                case.score,
                case.recovery_steps,
                case.csat,
                case.qa_score,
                case.request,
            )
            for case in report.cases
        ],
    )
    sheets.add(
        "Slices",
        ("Field", "value", "interactions", "with friction", "low", "high", "mean score", "process", "change"),
        _slices(report),
    )
    sheets.add("Coverage", ("What", "value"), _coverage(report))


_LEDGER: Final = (
    "Rank",
    "kind",
    "process",
    "interactions",
    "share",
    "low",
    "high",
    "harm",
    "points",
    "refused",
    "dead ends",
    "leaving",
    "escalations",
    "process words",
    "process minutes",
    "numbers quoted",
    "change",
    "example",
    "better wording",
)


def _ledger(report: Report) -> Iterable[Sequence[Any]]:
    for row in (*report.ledger, *([report.nobody_named] if report.nobody_named else [])):
        yield (
            row.rank or None,
            row.kind,
            row.name,
            row.interactions.count,
            *_ends(row.interactions),
            round(row.harm),
            round(row.points),
            row.refused.share,
            row.dead_ends.share,
            row.leaving.share,
            row.escalations.share,
            row.process_words,
            round(row.process_minutes),
            ", ".join(f"{each.text} ({each.interactions})" for each in row.numbers),
            words.change_words(row.series, report.buckets),
            _said(report, row.quotes[0]) if row.quotes else None,
            row.advice.advice if row.advice else None,
        )


def _said(report: Report, quote: Quote) -> str:
    return words.said(report.cases[quote.case], quote.finding)


def _ends(rate: Rate) -> tuple[float | None, float | None, float | None]:
    return rate.share, rate.low, rate.high


def _series(found: Sequence[Series], report: Report) -> Iterable[Sequence[Any]]:
    for each in found:
        last = each.rates[-1]
        yield (
            each.name,
            *(rate.share for rate in each.rates),
            last.low,
            last.high,
            words.change_words(each, report.buckets),
        )


def _pairs(report: Report) -> Iterable[Sequence[Any]]:
    for pair in report.pairs.pairs if report.pairs else ():
        refused, granted = report.cases[pair.refused], report.cases[pair.granted]
        yield (
            pair.process,
            f"{pair.similarity:.2f}",
            refused.interaction_id,
            refused.request,
            _said(report, pair.refusal),
            granted.interaction_id,
            granted.request,
            _said(report, pair.grant),
            pair.verdict,
        )


def _slices(report: Report) -> Iterable[Sequence[Any]]:
    for each in report.slices:
        for row in each.rows:
            change = "" if each.field == "agent" else words.change_words(row.series, report.buckets)
            mean = None if row.mean_score is None else f"{row.mean_score:.1f}"
            yield each.field, row.value, row.interactions, *_ends(row.friction), mean, row.process, change
        if each.folded_groups:
            yield each.field, f"({each.folded_groups} folded groups)", each.folded_interactions


def _coverage(report: Report) -> Iterable[Sequence[Any]]:
    coverage = report.coverage
    yield "Interactions in the period", coverage.in_period
    yield "Friction could be looked for in", coverage.friction_evaluated.count
    yield "Customer signals could be looked for in", coverage.signal_evaluated.count
    for each in coverage.not_evaluated:
        yield f"Not evaluated: {each.what} ({each.reason})", each.interactions
    yield "Interactions in the store", coverage.stored
    yield "Without a date", coverage.undated
    yield "Records that could not be read", coverage.problems
    yield "Tests for change", report.method.tests
    yield "Most windows without a change that show one", report.method.false_change_rate
    for pack in report.packs:
        yield f"Rules {pack.name} {pack.version}, digest {pack.digest}", pack.interactions
