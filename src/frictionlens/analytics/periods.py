"""Own the calendar of a report: which days it is about, and which earlier stretches it is compared with."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from frictionlens.errors import UserError

MAX_WEEKS: Final = 53


class Period(NamedTuple):
    """A stretch of days, both ends included."""

    label: str
    since: date
    until: date


def parse_week(text: str) -> date:
    """Return the Monday of an ISO week written like 2026-W46.

    Raises:
        UserError: it is not written so, or the year has no such week.
    """
    match = re.fullmatch(r"(\d{4})-?[Ww](\d{1,2})", text.strip())
    try:
        if match:
            return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        pass
    raise UserError(f"{text!r} is no ISO week", "--week", "write it like 2026-W46")


def week_of(day: date) -> Period:
    """Return the ISO week that holds a day."""
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    return Period(f"{year}-W{week:02d}", monday, monday + timedelta(days=6))


def weeks_until(monday: date, number: int) -> tuple[Period, ...]:
    """Return so many ISO weeks, oldest first, the last one starting on `monday`."""
    return tuple(week_of(monday - timedelta(weeks=back)) for back in range(number - 1, -1, -1))


def stretches_until(since: date, until: date, number: int) -> tuple[Period, ...]:
    """Return the stretch from `since` to `until` and earlier ones of the same length, oldest first.

    Raises:
        UserError: `until` lies before `since`.
    """
    if until < since:
        raise UserError(f"the period ends ({until}) before it starts ({since})", "--until")
    length = (until - since).days + 1
    found = []
    for back in range(number - 1, -1, -1):
        start = since - timedelta(days=length * back)
        end = start + timedelta(days=length - 1)
        found.append(Period(f"{start} – {end}", start, end))
    return tuple(found)
