"""Write the summary of a scan as one page that opens offline, without JavaScript, on paper and in the dark.

It looks like the weekly report, and is not one: nothing here is compared over time.
"""

from __future__ import annotations

from typing import IO, Final, NamedTuple

from frictionlens import __version__
from frictionlens.analytics.meanings import title_of
from frictionlens.model import Finding, Scored
from frictionlens.reporters._page import stylesheet, template
from frictionlens.reporters.table import FAMILIES, KINDS_OF_NO
from frictionlens.reporters.weekly import words
from frictionlens.results import SortedResults
from frictionlens.summary import Summary, categories_of, evaluated_for, ranked_processes, strongest

SUFFIXES: Final = (".html", ".htm")
MOST_PROCESSES: Final = 20
MOST_PROBLEMS: Final = 50


class _CategoryRow(NamedTuple):
    title: str
    findings: int
    interactions: int
    share: float


class _Part(NamedTuple):
    points: float
    finding: Finding


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write the page: headline, processes, categories, worst interactions, coverage, problems."""
    del results
    page = template(__package__, "scan.html.j2").render(
        s=summary,
        digest=digest,
        version=__version__,
        css=stylesheet(),
        w=words,
        kinds_of_no=KINDS_OF_NO,
        processes=ranked_processes(summary, MOST_PROCESSES),
        further_processes=max(sum(key is not None for key in summary.processes) - MOST_PROCESSES, 0),
        nobody=summary.processes.get(None),
        families=[(title, rows) for family, title, _ in FAMILIES if (rows := _rows(summary, family))],
        problems=summary.problems[:MOST_PROBLEMS],
        not_evaluated=sorted(summary.not_evaluated.items(), key=lambda each: (-each[1], each[0])),
        strongest=strongest,
        parts_of=_parts,
        title_of=lambda category: title_of(category, summary.titles),
    )
    stream.write(page.encode("utf-8", "replace"))


def _rows(summary: Summary, family: str) -> list[_CategoryRow]:
    base = evaluated_for(summary, family)
    return [
        _CategoryRow(
            title_of(key, summary.titles),
            total.findings,
            total.interactions,
            min(total.interactions / base, 1.0) if base else 0.0,
        )
        for key, total in categories_of(summary, family)
    ]


def _parts(scored: Scored) -> list[_Part]:
    """Return what the score is made of, most points first."""
    parts = [_Part(each.points, scored.findings[each.finding]) for each in scored.contributions]
    return sorted(parts, key=lambda each: -each.points)
