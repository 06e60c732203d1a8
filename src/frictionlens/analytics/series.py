"""Own the one rule by which a report calls something a change, and the rates that it is about.

Each week of a series is tested against all weeks since the series last changed, with Fisher's exact test
(`scipy.stats.fisher_exact`). The p-values of a section are multiplied by the number of tests that the section
makes (Bonferroni) and compared with the section's part of the stated rate; the 95 % interval of the difference
must clear zero too. So the chance that a window in which nothing happens shows a change anywhere is at most
the stated rate. Real weeks vary more than chance; the dispersion of the Laney p′ chart (D. B. Laney 2002, Quality
Engineering 14:531) divides the sample sizes. It is a control chart in the sense of Shewhart, with limits that
follow the number of interactions and the number of charts looked at, instead of a fixed three sigma.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from frictionlens.analytics.intervals import rate_difference, wilson
from frictionlens.analytics.report import Difference, Rate, Series, Step

FALSE_CHANGE_RATE: Final = 0.05
"""Stated chance that a window without any change shows one anywhere."""

BUDGET: Final = {"headline": 0.01, "ledger": 0.02, "kinds": 0.01, "slices": 0.01}
"""How the stated rate is shared among the sections; sums to it."""

MIN_WEEKS_FOR_DISPERSION: Final = 5
"""With fewer weeks, week-to-week variation cannot be told from chance, and is taken to be chance."""


@lru_cache(maxsize=100_000)
def rate(count: int, of: int) -> Rate:
    """Return a share with its 95 % Wilson interval."""
    if of <= 0:
        return Rate(count, of, None, None, None)
    low, high = wilson(count, of)
    return Rate(count, of, round(count / of, 6), round(low, 6), round(high, 6))


def difference(before: Rate, after: Rate, *, dispersion: float = 1.0) -> Difference:
    """Return `after` minus `before` with its 95 % Newcombe interval.

    Args:
        before: the earlier rate.
        after: the later rate.
        dispersion: variance over binomial variance; sample sizes are divided by it.
    """
    if before.share is None or after.share is None:
        return Difference(before, after, None, None, None)
    (old, old_of), (new, new_of) = _effective(before, dispersion), _effective(after, dispersion)
    low, high = rate_difference(old, old_of, new, new_of)
    return Difference(before, after, round(after.share - before.share, 6), round(low, 6), round(high, 6))


@lru_cache(maxsize=100_000)
def p_value(count: int, of: int, other_count: int, other_of: int) -> float:
    """Return the two-sided p-value of Fisher's exact test for two shares being equal; 1 where one has no cases."""
    if not of or not other_of:
        return 1.0
    from scipy.stats import fisher_exact

    return float(fisher_exact([[count, of - count], [other_count, other_of - other_count]]).pvalue)


def dispersion_of(series: Iterable[Sequence[tuple[int, int]]]) -> float:
    """Estimate how much more weeks vary than chance alone: the median over series of Laney's squared sigma-z.

    Args:
        series: (count, of) by week, oldest first.

    Returns:
        At least 1. The median over series, and the median of moving ranges within each, keep one real
        change from hiding itself by making the weeks look restless.
    """
    from statistics import median

    found = []
    for weeks in series:
        usable = [(count, of) for count, of in weeks if of]
        total, cases = sum(of for _, of in usable), sum(count for count, _ in usable)
        if len(usable) < MIN_WEEKS_FOR_DISPERSION or not 0 < cases < total or cases < 5 * len(usable):
            continue
        share = cases / total
        z = [(count / of - share) / (share * (1 - share) / of) ** 0.5 for count, of in usable]
        moving = [abs(later - earlier) for earlier, later in pairwise(z)]
        # 0.954: median of the range of two standard normal values.
        found.append((median(moving) / 0.954) ** 2)
    return max(1.0, round(median(found), 4)) if found else 1.0


def find_steps(
    named: Sequence[tuple[str, Sequence[tuple[int, int]]]],
    *,
    budget: float,
    dispersion: float,
    min_group: int,
    extra_tests: int = 0,
) -> tuple[list[Series], int]:
    """Find the weeks in which series changed, by the rule that the module states.

    Args:
        named: (name, (count, of) by week, oldest first).
        budget: the section's part of the stated rate of false changes.
        dispersion: see `dispersion_of`.
        min_group: series whose mean week has fewer cases in its denominator are not tested.
        extra_tests: tests that the section makes besides these.

    Returns:
        The series with their steps, in the order given, and the number of tests made.
    """
    testable = [sum(of for _, of in weeks) >= min_group * max(len(weeks), 1) for _, weeks in named]
    tests = sum(max(len(weeks) - 1, 0) for (_, weeks), yes in zip(named, testable, strict=True) if yes) + extra_tests
    found = []
    for (name, weeks), yes in zip(named, testable, strict=True):
        rates = tuple(rate(count, of) for count, of in weeks)
        steps = _steps(weeks, budget, tests, dispersion) if yes else ()
        found.append(Series(name, rates, steps, yes))
    return found, tests


def is_change(
    before: Rate, after: Rate, *, budget: float, tests: int, dispersion: float
) -> tuple[bool, float, Difference]:
    """Tell whether two rates differ: (verdict, corrected p, difference); the interval must clear zero too."""
    own, other = _effective(after, dispersion), _effective(before, dispersion)
    p = min(1.0, p_value(*own, *other) * max(tests, 1))
    gap = difference(before, after, dispersion=dispersion)
    clears = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
    return clears and p <= budget, p, gap


def _steps(weeks: Sequence[tuple[int, int]], budget: float, tests: int, dispersion: float) -> tuple[Step, ...]:
    starts: list[tuple[int, float]] = []
    base = 0
    for week in range(1, len(weeks)):
        changed, p, _ = is_change(
            _pooled(weeks[base:week]), rate(*weeks[week]), budget=budget, tests=tests, dispersion=dispersion
        )
        if changed:
            starts.append((week, p))
            base = week
    steps = []
    for place, (start, p) in enumerate(starts):
        previous = starts[place - 1][0] if place else 0
        end = starts[place + 1][0] if place + 1 < len(starts) else len(weeks)
        gap = difference(_pooled(weeks[previous:start]), _pooled(weeks[start:end]), dispersion=dispersion)
        steps.append(Step(start, "up" if (gap.points or 0) > 0 else "down", gap, float(f"{p:.3g}")))
    return tuple(steps)


def _effective(each: Rate, dispersion: float) -> tuple[int, int]:
    return round(each.count / dispersion), round(each.of / dispersion)


def _pooled(weeks: Sequence[tuple[int, int]]) -> Rate:
    return rate(sum(count for count, _ in weeks), sum(of for _, of in weeks))


def pooled(rates: Sequence[Rate]) -> Rate:
    """Return the rate of several weeks taken together."""
    return rate(sum(each.count for each in rates), sum(each.of for each in rates))
