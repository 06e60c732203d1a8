"""Own the report as Markdown: for a wiki, a ticket or a mail that takes no attachment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from frictionlens.analytics.report import Case, Report, Series
from frictionlens.privacy import markdown_safe as safe
from frictionlens.reporters.table import KINDS_OF_NO
from frictionlens.reporters.weekly import words


def render(report: Report) -> bytes:
    """Return the report as GitHub-flavoured Markdown."""
    return ("\n".join(_lines(report)).rstrip() + "\n").encode("utf-8", "replace")


def _lines(report: Report) -> Iterator[str]:
    headline = report.headline
    yield f"# {report.title}\n"
    yield f"{words.period_words(report)} ({report.timezone}), {words.extent_words(report)}.\n"
    if not headline.interactions:
        yield "No interaction of this period is in the store.\n"
    else:
        for each in report.answers:
            yield f"- **{each.question}** {safe(each.answer)}"
        yield ""
        rate = headline.friction.rates[-1]
        yield (
            f"**{words.percent(rate.share)}** of interactions carried friction ({words.interval(rate)}); "
            f"{words.points(headline.friction_change)} against the period before"
            f"{'.' if headline.friction_changed else ', within the noise.'}\n"
        )
        yield from _ledger(report)
        yield from _series("Kinds of friction", report.kinds, report)
        yield from _recovery(report)
        yield from _series("Seven signs", report.signs, report)
        yield from _green(report)
        yield from _pairs(report)
        yield from _conversations(report)
        yield from _slices(report)
    yield from _notes(report)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], *, text: int = 1) -> Iterator[str]:
    """Yield a table whose first `text` columns are words and the rest numbers."""
    yield "| " + " | ".join(names) + " |"
    yield "|" + "|".join(" --- " if place < text else " ---: " for place in range(len(names))) + "|"
    for row in rows:
        yield "| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |"
    yield ""


def _quoted(case: Case, position: int) -> str:
    return f"“{safe(words.said(case, position))}” ({safe(words.case_title(case))})"


def _ledger(report: Report) -> Iterator[str]:
    yield "## Process ledger\n"
    rows = [*report.ledger, *([report.nobody_named] if report.nobody_named else [])]
    yield from _table(
        ("Process", "Kind", "Interactions", "Harm", "Points", "Refused", "Dead end", "Leaving", "Change"),
        (
            (
                safe(row.name),
                "" if not row.rank else row.kind.replace("_", " "),
                words.number(row.interactions.count),
                words.number(row.harm),
                words.number(row.points),
                words.percent(row.refused.share),
                words.percent(row.dead_ends.share),
                words.percent(row.leaving.share),
                words.change_words(row.series, report.buckets),
            )
            for row in rows
        ),
        text=2,
    )
    for row in report.ledger[:5]:
        yield f"### {row.rank}. {safe(row.name)}\n"
        kinds = ", ".join(f"{KINDS_OF_NO.get(kind, kind)} {count}" for kind, count in row.kinds_of_no)
        if kinds:
            yield f"- Kinds of no: {kinds}"
        if row.numbers:
            quoted = ", ".join(f"{each.text} ({each.interactions})" for each in row.numbers)
            yield f"- {'**Quoted in different ways:**' if row.conflicting else 'Quoted as'} {quoted}"
        for change in words.changes_of(row.series, report.buckets):
            yield f"- {change.arrow} {change.label}: {change.detail}"
        for quote in row.quotes:
            yield f"- {_quoted(report.cases[quote.case], quote.finding)}"
        if row.advice:
            yield f"- **Better wording:** {safe(row.advice.advice)}"
        yield ""


def _series(title: str, found: Sequence[Series], report: Report) -> Iterator[str]:
    if not found:
        return
    yield f"## {title}\n"
    labels = [words.short_label(bucket) for bucket in report.buckets]
    yield from _table(
        ("", *labels, "Change"),
        (
            (
                safe(each.name),
                *(words.percent(rate.share) for rate in each.rates),
                words.change_words(each, report.buckets),
            )
            for each in found
        ),
    )


def _recovery(report: Report) -> Iterator[str]:
    yield "## Six steps of recovery\n"
    yield from _table(
        ("Step", "Taken", "95 % interval", "And all before"),
        (
            (
                f"{place}. {step.name}",
                words.percent(step.met.share),
                words.interval(step.met),
                words.percent(step.reached.share),
            )
            for place, step in enumerate(report.funnel.steps, 1)
        ),
    )
    if report.changes:
        yield from _table(
            ("6. Process changed", "Date", "Before", "After", "Ratio to others", "Verdict"),
            (
                (
                    safe(each.process),
                    each.date,
                    words.rate_words(each.own.before),
                    words.rate_words(each.own.after),
                    "–"
                    if each.ratio is None
                    else f"× {each.ratio:.2f} ({each.ratio_low:.2f} to {each.ratio_high:.2f})",
                    each.verdict,
                )
                for each in report.changes
            ),
            text=2,
        )


def _green(report: Report) -> Iterator[str]:
    for each in report.green:
        yield f"## Green but hurting: {each.measure}\n"
        yield (
            f"{words.rate_words(each.hurting)} of the good ones (from {each.good_from:g} of {each.scale:g}) "
            "carry high friction."
        )
        if each.rho is not None:
            yield f"Rank correlation with friction {each.rho:.2f} ({each.rho_low:.2f} to {each.rho_high:.2f})."
        yield ""


def _pairs(report: Report) -> Iterator[str]:
    if report.pairs is None or not report.pairs.pairs:
        return
    yield "## Inconsistent refusals\n"
    yield "The same request, refused here and granted there; inconsistent is not yet wrong.\n"
    yield from _table(
        ("Process", "Refused", "Granted", "Similarity", "Verdict"),
        (
            (
                safe(pair.process),
                _quoted(report.cases[pair.refused], pair.refusal.finding),
                _quoted(report.cases[pair.granted], pair.grant.finding),
                f"{pair.similarity:.2f}",
                pair.verdict,
            )
            for pair in report.pairs.pairs
        ),
        text=3,
    )


def _conversations(report: Report) -> Iterator[str]:
    for title, numbers in (("Most friction", report.worst), ("Best recoveries", report.best)):
        yield f"## {title}\n"
        for number in numbers:
            case = report.cases[number]
            best = max(case.findings, key=lambda each: (each.points or 0.0, -each.position))
            yield f"- {case.score:.0f} {_quoted(case, best.position)}"
        yield ""


def _slices(report: Report) -> Iterator[str]:
    for each in report.slices:
        folded = (
            f" ({each.folded_groups} groups with {each.folded_interactions} interactions folded)"
            if each.folded_groups
            else ""
        )
        yield f"## By {each.field}{folded}\n"
        yield from _table(
            (
                each.field.capitalize(),
                "Process with most friction",
                "Interactions",
                "With friction",
                "95 % interval",
                "Change",
            ),
            (
                (
                    safe(row.value),
                    safe(row.process),
                    words.number(row.interactions),
                    words.percent(row.friction.share),
                    words.interval(row.friction),
                    words.change_words(row.series, report.buckets),
                )
                for row in each.rows
            ),
            text=2,
        )


def _notes(report: Report) -> Iterator[str]:
    yield "## Coverage and provenance\n"
    yield from (safe(line) for line in words.coverage_words(report))
