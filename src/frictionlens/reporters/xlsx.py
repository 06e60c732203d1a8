"""Write a scan as a workbook: what it found in short, and every interaction, finding and problem as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final

from frictionlens.analytics.meanings import title_of
from frictionlens.model import Scored
from frictionlens.reporters._tables import FINDINGS, INTERACTIONS, finding_rows, interaction_row
from frictionlens.reporters._workbook import MOST_ROWS, Share, rows_shown, workbook
from frictionlens.reporters.table import FAMILIES, KINDS_OF_NO
from frictionlens.results import SortedResults
from frictionlens.summary import Summary, categories_of, evaluated_for, ranked_processes

SUFFIXES: Final = (".xlsx",)
MOST_PROCESSES: Final = 50
_Row = Sequence[Any]


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write the sheets Summary, Interactions, Findings and Problems; columns as in the other flat outputs."""
    findings = sum(total.findings for total in summary.categories.values())
    with workbook(stream, "Friction scan") as sheets:
        sheets.begin("Summary", wide=len(_PROCESSES) - 1)
        sheets.table(("Friction scan", ""), _headline(summary, digest, findings))
        sheets.table(_PROCESSES, _processes(summary))
        sheets.table(_CATEGORIES, _categories(summary))
        sheets.flat("Interactions", tuple(INTERACTIONS), map(_interaction, results), results.count)
        rows = (tuple(row.values()) for each in results for row in finding_rows(each))
        sheets.flat("Findings", tuple(FINDINGS), rows, findings)
        sheets.add("Problems", ("source", "record", "reason", "hint"), _problems(summary))


def _interaction(scored: Scored) -> _Row:
    row = interaction_row(scored)
    return tuple((row | {"process_share": Share(scored.process_share)}).values())


def _headline(summary: Summary, digest: str, findings: int) -> Iterator[_Row]:
    yield "Interactions", summary.interactions
    yield "Turns", summary.turns
    yield "Files", len(summary.sources)
    evaluated = summary.evaluated["friction"]
    yield "Friction could be looked for in", evaluated
    if evaluated:
        yield "With friction", summary.with_friction
        yield "Share with friction", Share(summary.with_friction / evaluated)
        yield "Mean friction score (0 none, 100 worst)", round(summary.mean, 2)
        yield "Highest friction score", summary.worst[0].score if summary.worst else 0.0
    for (what, reason), count in sorted(summary.not_evaluated.items(), key=lambda each: (-each[1], each[0])):
        yield f"Not evaluated: {what} ({reason})", count
    yield "Problems", summary.problem_count
    for reason, count in sorted(summary.skipped.items()):
        yield f"Skipped on purpose: {reason}", count
    for name, total in (("interactions", summary.interactions), ("findings", findings)):
        if rows_shown(total) < total:
            left = total - rows_shown(total)
            yield f"Cut: {name} that are not in their sheet, which holds {MOST_ROWS:,} rows", left
    yield "Rule pack digest", digest


_PROCESSES: Final = ("Process", "kind", "points", "findings", "interactions", "refused", "kinds of no", "quote")


def _processes(summary: Summary) -> Iterator[_Row]:
    for process, total in ranked_processes(summary, MOST_PROCESSES):
        kinds = ", ".join(KINDS_OF_NO.get(kind, kind) for kind, _ in total.kinds_of_no.most_common())
        counts = (round(total.points, 2), total.findings, total.interactions, total.refused)
        yield process.name, process.kind.replace("_", " "), *counts, kinds, total.quote
    nobody = summary.processes.get(None)
    if nobody is not None and nobody.findings:
        yield "(nobody named)", None, round(nobody.points, 2), nobody.findings, nobody.interactions, nobody.refused
    further = sum(key is not None for key in summary.processes) - MOST_PROCESSES
    if further > 0:
        yield (f"({further:,} further processes: sheet Findings)",)


_CATEGORIES: Final = ("Category", "family", "findings", "interactions", "share")


def _categories(summary: Summary) -> Iterator[_Row]:
    for family, title, _ in FAMILIES:
        base = evaluated_for(summary, family)
        for key, total in categories_of(summary, family):
            share = Share(min(total.interactions / base, 1.0)) if base else None
            yield title_of(key, summary.titles), title, total.findings, total.interactions, share


def _problems(summary: Summary) -> Iterable[_Row]:
    yield from ((each.source, each.record, each.reason, each.hint) for each in summary.problems)
    further = summary.problem_count - len(summary.problems)
    if further:
        yield (f"{further:,} further problems: --problems FILE writes all of them",)
