"""Own the way from the eight units in which exports write time to ISO 8601 and seconds.

A unit is never guessed from the size of a number once the format is known: each reader names it.
`parse_moment` guesses, and is for exports of no known product alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from operator import le
from typing import Final, Literal

Unit = Literal["s", "ms", "us", "ticks"]

_PER_SECOND: Final[dict[Unit, int]] = {"s": 1, "ms": 1_000, "us": 1_000_000, "ticks": 10_000_000}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CTIME: Final = ("%a %b %d %H:%M:%S %z %Y", "%a %b %d %H:%M:%S %Y")
_IN_WORDS: Final = ("%A, %B %d, %Y, %H:%M:%S (%z)", "%B %d, %Y, %H:%M:%S")
_IN_NUMBERS: Final = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")
_TWITTER: Final = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) \+0000 (\d{4})", re.ASCII)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_ISO_DURATION: Final = re.compile(
    r"(-)?P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.I,
)
_CLOCK: Final = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")


def parse_number(value: object) -> float | None:
    """Return a number, or a string that holds one, as a finite float; anything else is None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def parse_seconds(value: object, unit: Unit = "s") -> float | None:
    """Turn an offset or a duration in `unit` (a number, or a string holding one) into seconds."""
    number = parse_number(value)
    return None if number is None else round(number / _PER_SECOND[unit], 3)


def parse_duration(value: object) -> float | None:
    """Turn `PT1M2.5S`, `1.500s`, `00:01:02,500`, `1:02`, `62.5` or a number of seconds into seconds."""
    if not isinstance(value, str):
        return parse_seconds(value)
    text = value.strip()
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds = match.groups()
        return round(int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", ".")), 3)
    if text[:1] in "Pp-" and (found := _ISO_DURATION.fullmatch(text)) and any(found.groups()[1:]):
        weeks, days, hours_, minutes_, seconds_ = (float(part or 0) for part in found.groups()[1:])
        total = ((weeks * 7 + days) * 24 + hours_) * 3600 + minutes_ * 60 + seconds_
        return round(-total if found[1] else total, 3)
    return parse_seconds(text.removesuffix("s").strip())


def parse_time(value: object) -> datetime | None:
    """Parse an absolute time written as text: ISO 8601, RFC 5322, ctime, Twitter's; None where it is none of these.

    The result has a zone exactly where the text has one.
    """
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not 8 <= len(text := value.strip()) <= 64:
        return None
    if text.endswith((" UTC", " GMT")):
        text = f"{text[:-4]}+00:00"
    if text[0].isdigit():
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    if match := _TWITTER.fullmatch(text):
        # Ten times as fast as strptime, on exports that hold millions of these.
        month, day, hour, minute, second, year = match.groups()
        if month in _MONTHS:
            try:
                return datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
            except ValueError:
                return None
    # A weekday written out is the Salesforce header, three letters are ctime or RFC 5322.
    layouts = _IN_NUMBERS if not text[0].isalpha() else _CTIME if text[3:4] == " " else _IN_WORDS
    for layout in layouts:
        try:
            return datetime.strptime(text, layout)
        except ValueError:
            continue
    if re.match(r"(?:[A-Za-z]{3},? )?\d{1,2} [A-Za-z]{3}", text):
        try:
            return parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return None


def parse_epoch(value: object, unit: Unit) -> datetime | None:
    """Turn time since 1970 in `unit` (a number, or a string holding one) into a moment in UTC."""
    number = parse_number(value)
    if number is None:
        return None
    try:
        return _EPOCH + timedelta(seconds=number / _PER_SECOND[unit])
    except OverflowError:
        return None


def parse_moment(value: object) -> datetime | None:
    """Guess an absolute time in an export of no known product: text, or an epoch whose unit its size gives away.

    Numbers below 10^8 are None: they are offsets.
    """
    # What has a year in front is no number of any size, and finding that out costs as much as reading it.
    number = None if type(value) is str and value[4:5] == "-" else parse_number(value)
    if number is None:
        return parse_time(value)
    for least, unit in ((1e17, None), (1e14, "us"), (1e11, "ms"), (1e8, "s")):
        if number >= least:
            return parse_epoch(number, unit) if unit else None  # type: ignore[arg-type]
    return None


def iso(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601, in UTC with `Z` where its zone is known, with milliseconds where it has any."""
    if moment is None:
        return None
    zoned = moment.tzinfo is not None
    if zoned:
        try:
            moment = moment.astimezone(UTC)
        except (OverflowError, ValueError):
            return None
    text = moment.replace(tzinfo=None).isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds")
    return f"{text}Z" if zoned else text


def _comparable(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def seconds_between(start: datetime, end: datetime) -> float:
    """Return the seconds from `start` to `end`; a moment without a zone counts as UTC."""
    return round((_comparable(end) - _comparable(start)).total_seconds(), 3)


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """Return the first moment in time, or None where there is none."""
    return min((moment for moment in moments if moment is not None), key=_comparable, default=None)


def offsets(moments: Sequence[datetime | None], start: datetime | None = None) -> tuple[str | None, list[float | None]]:
    """Turn absolute times into the start of the interaction (ISO) and seconds since then, one for each moment.

    Args:
        moments: one for each turn, in any order; None where a turn has no time.
        start: when the interaction began, where the export says so; the earliest of all counts.
    """
    known = [moment for moment in moments if moment is not None]
    if known:
        try:
            least = min(known) if start is None else min(start, *known)
            counted = [None if each is None else round((each - least).total_seconds(), 3) for each in moments]
        except TypeError:
            pass  # some have a zone, others not
        else:
            return iso(least), counted
    first = earliest([start, *moments])
    if first is None:
        return None, [None] * len(moments)
    return iso(first), [None if moment is None else seconds_between(first, moment) for moment in moments]


def order_by_time(moments: Sequence[datetime | float | None]) -> list[int]:
    """Return the indices in order of time; equal times, and items without one, keep their place in the file.

    An item without a time stays right behind the one before it.
    """
    try:
        if all(map(le, moments, moments[1:])):  # type: ignore[arg-type]
            return list(range(len(moments)))
    except TypeError:
        pass  # some have none, or some have a zone and others not
    keys: list[tuple[float, int]] = []
    last = float("-inf")
    for index, moment in enumerate(moments):
        if moment is not None:
            last = (_comparable(moment) - _EPOCH).total_seconds() if isinstance(moment, datetime) else float(moment)
        keys.append((last, index))
    return [index for _, index in sorted(keys)]
