"""Own local dates: numeric dates whose day and month order the export does not say, and clock times.

`05/06/26` is the 5th of June or the 6th of May. The order is inferred from all dates of one export:
a number above 12 decides, then the order in which time never runs backwards. Where both orders fit
and it matters, nobody is asked to believe a guess: the caller reports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from frictionlens.readers._times import seconds_between

Order = Literal["dmy", "mdy", "ymd"]

DATE: Final = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
CLOCK: Final = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,9})?(?:[\s\u202f\u00a0]?[AaPp]\.?[\s\u202f\u00a0]?[Mm]\b\.?)?"
STAMP: Final = rf"(?:{DATE}[T,]?[\s\u202f\u00a0]{{0,3}})?{CLOCK}(?:\s?(?:Z|UTC|GMT)\b|[+-]\d{{2}}:?\d{{2}}\b)?"
"""A clock time with an optional date before and zone behind, as a pattern without groups."""

_PARTS = re.compile(
    r"\s*(?:(?P<a>\d{1,4})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{1,4})[T,]?\s*)?"
    r"(?:(?P<h>\d{1,3}):(?P<m>\d{2})(?::(?P<s>\d{2}))?(?:[.,](?P<f>\d{1,9}))?\s*(?P<p>[AaPp])?\.?\s?(?:[Mm]\.?)?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})?\s*$"
)


@dataclass(frozen=True)
class LocalTime:
    """A time as written: up to three date numbers, the clock, and the zone."""

    date: tuple[int, int, int] | None
    seconds: float
    """Seconds of the clock part: since midnight, or since the start where it is an offset."""
    parts: int
    """How many parts the clock had: 2 for `10:32`, 3 for `00:10:32`; 0 when there was none."""
    half_day: bool = False
    """True when AM or PM was given: certainly a time of day."""
    zone: timedelta | None = None


@lru_cache(maxsize=4096)
def parse_local(text: str) -> LocalTime | None:
    """Parse `05/06/26, 3:04 PM`, `2026-01-05T10:00:03Z`, `00:01:02.5` and the like; None for anything else."""
    match = _PARTS.match(text)
    if match is None or (match["a"] is None and match["h"] is None):
        return None
    date = (int(match["a"]), int(match["b"]), int(match["c"])) if match["a"] else None
    if match["h"] is None:
        return LocalTime(date, 0.0, 0, zone=_zone(match["z"]))
    first, second = int(match["h"]), int(match["m"])
    fraction = float(f"0.{match['f']}") if match["f"] else 0.0
    half = match["p"]
    if half:
        first = first % 12 + (12 if half in "pP" else 0)
    if match["s"] is not None:
        seconds, parts = first * 3600 + second * 60 + int(match["s"]) + fraction, 3
    elif date or half:
        seconds, parts = first * 3600 + second * 60 + fraction, 3
    else:
        seconds, parts = first * 60 + second + fraction, 2
    return LocalTime(date, seconds, parts, bool(half), _zone(match["z"]))


def _zone(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text[0] not in "+-":
        return timedelta()
    digits = text[1:].replace(":", "")
    sign = -1 if text[0] == "-" else 1
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def to_datetime(time: LocalTime, order: Order) -> datetime | None:
    """Place a local time on the calendar; naive where no zone is written, UTC where one is; None if impossible."""
    if time.date is None:
        return None
    a, b, c = time.date
    if a > 31 or order == "ymd":
        year, month, day = a, b, c
    elif order == "dmy":
        day, month, year = a, b, c
    else:
        month, day, year = a, b, c
    try:
        moment = datetime(year + 2000 if year < 100 else year, month, day) + timedelta(seconds=time.seconds)
        return moment if time.zone is None else (moment - time.zone).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def infer_order(times: Iterable[LocalTime], given: str = "") -> Order | None:
    """Infer the order of day and month from all dates of one export.

    Args:
        times: local times in the order of the export.
        given: the user's word (`dmy`, `mdy`, `ymd`), which wins.

    Returns:
        The order, or None when both fit and they would give different days apart.
    """
    if given.lower() in ("dmy", "mdy", "ymd"):
        return given.lower()  # type: ignore[return-value]
    dated = [time for time in times if time.date]
    if any(time.date and time.date[0] > 31 for time in dated):
        return "ymd"
    both: tuple[Order, Order] = ("dmy", "mdy")
    fits = [order for order in both if _all_fit({time.date: time for time in dated}.values(), order)]
    if len(fits) == 1:
        return fits[0]
    rising = [order for order in fits if _never_backwards(dated, order)]
    if len(rising) == 1:
        return rising[0]
    # Dates that read the same both ways (`05/05/26`) need no decision.
    return "dmy" if all(time.date and time.date[0] == time.date[1] for time in dated) else None


def _all_fit(times: Iterable[LocalTime], order: Order) -> bool:
    return all(to_datetime(time, order) is not None for time in times)


def _never_backwards(times: Sequence[LocalTime], order: Order) -> bool:
    moments = [moment for time in times if (moment := to_datetime(time, order))]
    return all(seconds_between(earlier, later) >= 0 for earlier, later in pairwise(moments))
