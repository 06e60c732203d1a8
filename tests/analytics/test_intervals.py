import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frictionlens.analytics.intervals import mean_difference, paired_rate_difference, rate_difference, wilson

# Expected values: Newcombe 1998 (Statistics in Medicine 17:857, table I; 17:873, table II; 17:2635, table III),
# as printed there to four places.


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_values(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 20), 0.6791, 1.0)],
)
def test_rate_difference_gives_the_published_values(
    one: tuple[int, int], two: tuple[int, int], low: float, high: float
) -> None:
    assert rate_difference(*two, *one) == pytest.approx((low, high), abs=5e-5)


@given(*[st.integers(0, 40)] * 4)
def test_paired_intervals_hold_the_difference_and_turn_with_the_sides(a: int, b: int, c: int, d: int) -> None:
    there, back = paired_rate_difference(a, b, c, d), paired_rate_difference(a, c, b, d)
    if total := a + b + c + d:
        assert there.low - 1e-9 <= (c - b) / total <= there.high + 1e-9
    assert there == pytest.approx((-back.high, -back.low))


def test_pairing_narrows_the_interval_when_the_pairs_agree() -> None:
    paired, apart = paired_rate_difference(40, 2, 8, 50), rate_difference(42, 100, 48, 100)
    assert paired.high - paired.low < apart.high - apart.low
    assert paired.high < apart.high


def test_nothing_is_known_of_nothing() -> None:
    assert wilson(0, 0) == (0, 1)
    assert rate_difference(0, 0, 3, 5) == (-1, 1)
    assert paired_rate_difference(0, 0, 0, 0) == (-1, 1)
    assert not mean_difference([], [1.0]).clears_zero


def test_mean_difference_is_repeatable_and_sees_a_real_shift_only() -> None:
    draw = random.Random(7)
    scores = [draw.choice([0, 0, 0, 10, 35, 70]) + draw.random() for _ in range(300)]
    others = [draw.choice([0, 0, 0, 10, 35, 70]) + draw.random() for _ in range(300)]
    same = mean_difference(scores, others)
    assert same == mean_difference(scores, others)
    assert not same.clears_zero
    assert mean_difference(scores, [each + 15 for each in others]).clears_zero
    # The same shift, too small to see between two samples, shows when the pairs are known.
    slightly = [each + 1 for each in scores]
    assert not mean_difference(scores, slightly).clears_zero
    assert mean_difference(scores, slightly, paired=True) == pytest.approx((1, 1))
    with pytest.raises(ValueError, match="one length"):
        mean_difference([1.0], [1.0, 2.0], paired=True)
