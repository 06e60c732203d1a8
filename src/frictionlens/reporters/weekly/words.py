"""Own how the numbers of a report are written, so that every output says the same in the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from frictionlens.analytics.answers import number, percent
from frictionlens.analytics.report import Bucket, Case, Difference, Rate, Report, Series
from frictionlens.errors import counted

__all__ = [
    "Change",
    "case_title",
    "change_words",
    "changes_of",
    "coverage_words",
    "interval",
    "minutes",
    "number",
    "percent",
    "period_words",
    "points",
    "rate_words",
    "said",
    "sentence",
    "short_label",
]

_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)|\n")
_REACH: Final = 140
"""Characters of a sentence that are shown on each side of what was found."""
ARROWS: Final = {"up": "▲", "down": "▼"}


class Change(NamedTuple):
    """A step of a series, for people."""

    arrow: str
    label: str
    """When: `W43`."""
    detail: str
    """`3.9 % → 11 %, +7.1 points (4.2 to 10.6)`."""
    now: bool
    """Whether it happened in the period of the report."""
    up: bool


def short_label(bucket: Bucket) -> str:
    """Return `W46` for a week, `1 Nov` for another stretch."""
    if "-W" in bucket.label:
        return bucket.label.split("-")[1]
    day = date.fromisoformat(bucket.since)
    return f"{day.day} {day:%b}"


def interval(rate: Rate) -> str:
    """Return the 95 % interval of a rate as `28 to 35 %`; empty where there is none."""
    if rate.low is None or rate.high is None:
        return ""
    digits = 1 if rate.high < 0.0995 else 0
    return f"{rate.low * 100:.{digits}f} to {rate.high * 100:.{digits}f}\u00a0%"


def rate_words(rate: Rate) -> str:
    """Return a rate with its interval: `31 % (28 to 35 %)`."""
    return f"{percent(rate.share)} ({interval(rate)})" if rate.share is not None else "–"


def points(difference: Difference) -> str:
    """Return a difference in percentage points with its interval: `+7.1 points (4.2 to 10.6)`."""
    if difference.points is None or difference.low is None or difference.high is None:
        return "–"
    gap = f"{difference.points * 100:+.1f}".replace("-", "−")
    ends = f"{difference.low * 100:.1f} to {difference.high * 100:.1f}".replace("-", "−")
    return f"{gap} points ({ends})"


def changes_of(series: Series, buckets: Sequence[Bucket]) -> list[Change]:
    """Return the steps of a series, oldest first."""
    return [
        Change(
            arrow=ARROWS[step.direction],
            label=short_label(buckets[step.bucket]),
            detail=f"{percent(step.difference.before.share)} → {percent(step.difference.after.share)}, "
            f"{points(step.difference)}",
            now=step.bucket == len(buckets) - 1,
            up=step.direction == "up",
        )
        for step in series.steps
    ]


def change_words(series: Series, buckets: Sequence[Bucket]) -> str:
    """Return the steps in one line: `▲ W45 ▼ W46`, `steady`, or `too few to tell`."""
    found = changes_of(series, buckets)
    if found:
        return " ".join(f"{each.arrow} {each.label}" for each in found)
    if len(buckets) < 2:
        return "–"
    return "steady" if series.tested else "too few to tell"


def minutes(value: float) -> str:
    """Return a time for people: `under a minute`, `4 minutes`, `12 hours`."""
    if value < 1:
        return "under a minute"
    if value >= 180:
        return f"{number(value / 60)} hours"
    return f"{number(value)} minute{'s' if round(value) != 1 else ''}"


def coverage_words(report: Report) -> list[str]:
    """Return what the report rests on, in a few sentences: coverage, tests, packs."""
    coverage, method = report.coverage, report.method
    notes = [
        f"Friction could be looked for in {number(coverage.friction_evaluated.count)} of "
        f"{number(coverage.friction_evaluated.of)} interactions; "
        f"{number(coverage.problems)} records could not be read; "
        f"{number(coverage.undated)} stored interactions have no date.",
        f"▲ ▼ only where a change clears the noise: {number(method.tests)} tests, at most "
        f"{method.false_change_rate:.0%} of windows without any change show one.",
    ]
    notes += [
        f"{' '.join(filter(None, ('Rules', each.name, each.version)))}, digest {each.digest or 'not known'}: "
        f"{number(each.interactions)} interactions."
        for each in report.packs
    ]
    if len(report.packs) > 1:
        notes.append("More than one version of the rules scored this window: a trend may come from the rules.")
    return notes


def sentence(case: Case, position: int) -> tuple[str, str, str]:
    """Return the sentence around a finding as (before, found, after): a bare match says too little to be quoted.

    Where the excerpt does not hold the finding, the quote stands alone.
    """
    for turn in case.excerpt:
        for mark in turn.marks:
            if mark.finding == position:
                return _around(turn.text, mark.start, mark.end)
    return "", next((each.quote for each in case.findings if each.position == position), ""), ""


def said(case: Case, position: int) -> str:
    """Return the sentence around a finding."""
    return "".join(sentence(case, position))


def _around(text: str, start: int, end: int) -> tuple[str, str, str]:
    first = max((match.end() for match in _SENTENCE_END.finditer(text, 0, start)), default=0)
    stop = _SENTENCE_END.search(text, max(end - 1, start))
    last = stop.start() + 1 if stop else len(text)
    head, tail = "", ""
    if start - first > _REACH:
        first, head = text.rfind(" ", first, start - _REACH + 20) + 1 or start, "…"
    if last - end > _REACH:
        last, tail = max(text.rfind(" ", end, end + _REACH), end), "…"
    return f"{head}{text[first:start]}".lstrip(), text[start:end], f"{text[end:last]}{tail}".rstrip()


def case_title(case: Case) -> str:
    """Return what names a conversation: id, channel, queue, day."""
    parts = [case.interaction_id, case.channel, case.queue or "", (case.started_at or "")[:10]]
    return ", ".join(part for part in parts if part)


def period_words(report: Report) -> str:
    """Return `9 to 15 November 2026`, with the year and month twice only where they differ."""
    since, until = (date.fromisoformat(text) for text in (report.buckets[-1].since, report.buckets[-1].until))
    if since == until:
        return f"{until.day} {until:%B %Y}"
    if (since.year, since.month) == (until.year, until.month):
        return f"{since.day} to {until.day} {until:%B %Y}"
    if since.year == until.year:
        return f"{since.day} {since:%B} to {until.day} {until:%B %Y}"
    return f"{since.day} {since:%B %Y} to {until.day} {until:%B %Y}"


def extent_words(report: Report) -> str:
    """Return how much the report is about and compared with: `1,204 interactions, compared with 7 earlier weeks`."""
    count = report.headline.interactions
    said = f"{number(count)} interaction{'' if count == 1 else 's'}"
    earlier = report.buckets[:-1]
    if not earlier:
        return said
    what = "week" if "-W" in report.buckets[-1].label else "period"
    filled = sum(1 for each in earlier if each.interactions)
    if not filled:
        return f"{said}; nothing to compare with in the {what}s before"
    return f"{said}, compared with {counted(filled, f'earlier {what}')}"
