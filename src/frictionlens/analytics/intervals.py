"""Own the intervals: how sure a rate, a mean, or a difference of two is.

Every rate that people see carries one of these, so that small numbers are said to be small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

from frictionlens.rules.confidence import wilson as score_interval

RESAMPLES: Final = 4_000
"""Bootstrap resamples: enough that the ends of a 95 % interval move by about 1 % of its width between seeds."""
SEED: Final = 20_261_116
"""Fixed, so that the same results give the same interval."""


class Interval(NamedTuple):
    """Both ends of an interval."""

    low: float
    high: float

    @property
    def clears_zero(self) -> bool:
        """Tell whether zero lies outside: only then is a difference called a change."""
        return self.low > 0 or self.high < 0


def wilson(hits: int, total: int, level: float = 0.95) -> Interval:
    """Return the score interval of a rate (E. B. Wilson 1927, JASA 22:209), ends in 0 to 1; (0, 1) of nothing."""
    return Interval(*score_interval(hits, total, _z(level)))


def rate_difference(hits_a: int, total_a: int, hits_b: int, total_b: int, level: float = 0.95) -> Interval:
    """Return the interval of rate B minus rate A of two separate samples.

    Hybrid score interval: R. G. Newcombe 1998, Statistics in Medicine 17:873, method 10.
    """
    if not total_a or not total_b:
        return Interval(-1.0, 1.0)
    return _hybrid(
        hits_b / total_b, wilson(hits_b, total_b, level), hits_a / total_a, wilson(hits_a, total_a, level), 0.0
    )


def paired_rate_difference(both: int, only_a: int, only_b: int, neither: int, level: float = 0.95) -> Interval:
    """Return the interval of rate B minus rate A, where both were seen on the same interactions.

    Hybrid score interval with the correlation of the pairs: R. G. Newcombe 1998, Statistics in Medicine 17:2635,
    method 10.

    Args:
        both: interactions found in A and in B.
        only_a: found in A only.
        only_b: found in B only.
        neither: found in none.
        level: coverage of the interval.
    """
    total = both + only_a + only_b + neither
    if not total:
        return Interval(-1.0, 1.0)
    in_a, in_b = both + only_a, both + only_b
    phi = 0.0
    if product := in_a * in_b * (total - in_a) * (total - in_b):
        excess = both * neither - only_a * only_b
        phi = (max(excess - total / 2, 0.0) if excess > 0 else excess) / math.sqrt(product)
    return _hybrid(in_b / total, wilson(in_b, total, level), in_a / total, wilson(in_a, total, level), phi)


def mean_difference(
    a: Sequence[float], b: Sequence[float], *, paired: bool = False, level: float = 0.95, resamples: int = RESAMPLES
) -> Interval:
    """Return the percentile bootstrap interval of mean(b) − mean(a) (Efron and Tibshirani 1993, chapter 13).

    Friction scores are mostly zero with a long tail, so no normal shape is assumed.

    Args:
        a: values of the first sample.
        b: values of the second; with `paired` of the same length, `b[i]` belonging to `a[i]`.
        paired: resample pairs, not values.
        level: coverage of the interval.
        resamples: how often to draw.

    Raises:
        ValueError: paired samples of different length.
    """
    import numpy as np

    if paired and len(a) != len(b):
        raise ValueError("paired samples have one length")
    if not a or not b:
        return Interval(-math.inf, math.inf)
    generator = np.random.Generator(np.random.PCG64(SEED))

    def means(values: Sequence[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        # Drawing how often each distinct value comes up is the same as drawing values, and needs far less memory.
        distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
        size = len(values)
        drawn = [generator.multinomial(size, counts / size, chunk) @ distinct / size for chunk in _chunks(resamples)]
        return np.concatenate(drawn)

    differences = means([y - x for x, y in zip(a, b, strict=True)]) if paired else means(b) - means(a)
    tail = (1 - level) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _chunks(total: int, size: int = 250) -> list[int]:
    return [size] * (total // size) + ([total % size] if total % size else [])


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def _hybrid(p1: float, one: Interval, p2: float, two: Interval, phi: float) -> Interval:
    """Combine the intervals of two rates into that of p1 − p2 (square and add)."""
    down, up = p1 - one.low, one.high - p1
    down2, up2 = p2 - two.low, two.high - p2
    low = p1 - p2 - math.sqrt(max(down * down - 2 * phi * down * up2 + up2 * up2, 0.0))
    high = p1 - p2 + math.sqrt(max(up * up - 2 * phi * up * down2 + down2 * down2, 0.0))
    return Interval(max(low, -1.0), min(high, 1.0))
