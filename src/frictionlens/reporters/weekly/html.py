"""Own the HTML report: one file that opens offline, without JavaScript, on paper and in the dark.

Every text that comes from a transcript goes through Jinja's autoescaping; the page forbids itself scripts and
requests by its own content security policy.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import NamedTuple

import msgspec

from frictionlens.analytics.meanings import GRANTING, title_of
from frictionlens.analytics.report import Case, Quote, Report
from frictionlens.model import ExcerptTurn
from frictionlens.reporters._page import stylesheet, template
from frictionlens.reporters.table import KINDS_OF_NO
from frictionlens.reporters.weekly import charts, words


class Piece(NamedTuple):
    """A stretch of a turn under the same findings."""

    text: str
    kind: str
    """`focus` for the finding that was opened, `found` for others, empty for plain text."""
    title: str
    """What was found there."""


class ShownTurn(NamedTuple):
    """A turn of an excerpt, cut where findings begin and end."""

    role: str
    skipped: int
    """Turns left out before this one."""
    pieces: list[Piece]


def render(report: Report) -> bytes:
    """Return the report as one HTML file in UTF-8."""
    digest = hashlib.sha256(msgspec.json.encode(report)).hexdigest()[:16]
    page = template(__package__, "weekly.html.j2").render(
        r=report,
        digest=digest,
        css=stylesheet(),
        w=words,
        charts=charts,
        kinds_of_no=KINDS_OF_NO,
        title_of=lambda category: title_of(category, report.titles),
        turns_of=lambda case, finding=None: shown_turns(report, case, finding),
        strongest=strongest,
        quote_of=lambda quote: report.cases[quote.case],
    )
    return page.encode("utf-8", "replace")


def strongest(case: Case, *, recovery: bool = False) -> Quote | None:
    """Return the finding of a case that added most to its score, or the last one that helped."""
    if recovery and (helped := [each for each in case.findings if each.category in (*GRANTING, "options")]):
        return Quote(helped[-1].quote, 0, helped[-1].position)
    scored = [each for each in case.findings if each.points]
    if not scored:
        return None
    best = max(scored, key=lambda each: (each.points or 0.0, -each.position))
    return Quote(best.quote, 0, best.position)


def shown_turns(report: Report, case: Case, focus: int | None = None) -> list[ShownTurn]:
    """Cut the turns of an excerpt where findings begin and end.

    Args:
        report: for the titles of categories.
        case: the conversation.
        focus: position of the finding that the reader opened.
    """
    titles = {each.position: title_of(each.category, report.titles) for each in case.findings}
    families = {each.position: each.family for each in case.findings}
    shown, last = [], -1
    for turn in case.excerpt:
        shown.append(ShownTurn(turn.role, turn.turn - last - 1, _pieces(turn, titles, families, focus)))
        last = turn.turn
    return shown


def _pieces(turn: ExcerptTurn, titles: dict[int, str], families: dict[int, str], focus: int | None) -> list[Piece]:
    edges = sorted({0, len(turn.text), *(edge for mark in turn.marks for edge in (mark.start, mark.end))})
    pieces = []
    for start, end in pairwise(edges):
        here = [mark.finding for mark in turn.marks if mark.start <= start and mark.end >= end]
        kind = ""
        if here:
            recovery = all(families.get(number) == "recovery" for number in here)
            kind = "focus" if focus in here else "good" if recovery else "found"
        pieces.append(Piece(turn.text[start:end], kind, ", ".join(dict.fromkeys(titles.get(n, "") for n in here))))
    return pieces
