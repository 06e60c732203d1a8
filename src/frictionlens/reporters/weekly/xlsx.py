"""Own the report as a workbook: one sheet a section, numbers as numbers, no text that a spreadsheet would run."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from frictionlens.analytics.report import Quote, Rate, Report, Series
from frictionlens.privacy import printable
from frictionlens.reporters.weekly import words

if TYPE_CHECKING:
    from xlsxwriter import Workbook

_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Time of making: fixed, so that the same report gives the same bytes."""
_CELL: Final = 32_767
"""Most characters that a cell holds."""


def render(report: Report) -> bytes:
    """Return the report as an xlsx workbook."""
    import xlsxwriter

    stream = io.BytesIO()
    # Strings stay strings: a transcript may hold "=HYPERLINK(…)", and it is shown, not run.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(stream, options)
    book.set_properties({"title": report.title, "created": _MADE})
    sheets = _Sheets(book)
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
    book.close()
    return stream.getvalue()


class _Sheets:
    """Writes tables; every text cell goes through `printable` and stays a string."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._share = book.add_format({"num_format": "0.0%", "valign": "top"})
        self._plain = book.add_format({"valign": "top", "num_format": "#,##0.##"})

    def add(self, title: str, names: Sequence[str], rows: Iterable[Sequence[Any]], *, wide: int | None = None) -> None:
        """Add a sheet with a header row that stays in sight; fractions are shown as shares."""
        sheet = self._book.add_worksheet(title)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.write_row(0, 0, names, self._head)
        longest = [len(name) for name in names]
        for line, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(line, column, printable(value)[:_CELL], self._text)
                    longest[column] = max(longest[column], len(value))
                else:
                    share = isinstance(value, float) and -1 <= value <= 1
                    sheet.write_number(line, column, value, self._share if share else self._plain)
        for column, length in enumerate(longest):
            sheet.set_column(column, column, 80 if column == wide else min(max(length + 2, 9), 48))


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
