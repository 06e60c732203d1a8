"""Times in the units in which exports write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from frictionlens.readers import _times as times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
        ("2026-01-05T12:00:00.250+02:00", "2026-01-05T10:00:00.250Z"),
        ("2026-01-05 10:00:00.000+0000", "2026-01-05T10:00:00Z"),
        ("2026-01-05T10:00:00.1234567Z", "2026-01-05T10:00:00.123Z"),
        ("2026-01-05 10:00:00", "2026-01-05T10:00:00"),
        ("2026-01-05 10:00:00 UTC", "2026-01-05T10:00:00Z"),
        ("Tue Oct 31 22:10:47 +0000 2017", "2017-10-31T22:10:47Z"),
        ("Mon, 05 Jan 2026 11:00:00 +0100", "2026-01-05T10:00:00Z"),
        ("Monday, December 17, 2018, 23:27:57 (-0500)", "2018-12-18T04:27:57Z"),
        ("yesterday", None),
        (17, None),
    ],
)
def test_parse_time(text: object, expected: str | None) -> None:
    assert times.iso(times.parse_time(text)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1767607200, "s", 0),
        ("1767607200000", "ms", 0),
        (1767607200500000, "us", 0.5),
        (float("nan"), "s", None),
        (1e300, "s", None),
    ],
)
def test_parse_epoch(value: object, unit: times.Unit, expected: float | None) -> None:
    moment = times.parse_epoch(value, unit)
    assert (moment and times.seconds_between(datetime(2026, 1, 5, 10, tzinfo=UTC), moment)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("PT1M2.5S", 62.5),
        ("1.500s", 1.5),
        ("00:01:02,500", 62.5),
        ("1:02", 62),
        ("62.5", 62.5),
        (3, 3),
        ("P", None),
        ("", None),
        (None, None),
    ],
)
def test_parse_duration(value: object, expected: float | None) -> None:
    assert times.parse_duration(value) == expected


def test_parse_moment_reads_the_unit_from_the_size() -> None:
    assert [times.iso(times.parse_moment(1767607200 * factor)) for factor in (1, 1_000, 1_000_000)] == [
        "2026-01-05T10:00:00Z"
    ] * 3
    assert times.parse_moment(12.5) is None


def test_offsets_count_from_the_first_moment() -> None:
    moments = [times.parse_epoch(value, "s") for value in (1767607205, None, 1767607200)]
    assert times.offsets(moments) == ("2026-01-05T10:00:00Z", [5.0, None, 0.0])
    assert times.offsets([None]) == (None, [None])


def test_order_keeps_the_place_of_equals_and_of_what_has_no_time() -> None:
    assert times.order_by_time([5.0, None, 1.0, 1.0]) == [2, 3, 0, 1]
