"""Own the score: findings in, a number from 0 to 100 out, as a sum of listed contributions. Pure arithmetic.

The formula (docs/scoring.md has the reasons, the weights stand in rules/categories.yml):

    points(finding) = weight(category) · severity factor · confidence factor
    load            = Σ over categories Σ over k of points_k · REPEAT^k, strongest first
    relief          = RELIEF per recovery step met, at most 5 steps
    score           = 100 · (1 − exp(−load · (1 − relief) / SCALE))

Within one turn of the company a category counts once, by its strongest finding: consecutive turns of one speaker are
one turn. Each contribution is the finding's share of the load, so the contributions add up to the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Final

from frictionlens.model import Contribution, Finding
from frictionlens.rules.pack import Category

DIGITS: Final = 2
"""Contributions are rounded to this many digits and the score is their sum, so that both add up exactly."""


@dataclass(frozen=True)
class Weights:
    """Everything that can be configured about the score."""

    category: Mapping[str, float] = field(default_factory=dict)
    """Category → weight; what is not named here has the weight of categories.yml."""
    severity: Mapping[str, float] = field(default_factory=lambda: {"low": 0.6, "medium": 1.0, "high": 1.5})
    confidence: Mapping[str, float] = field(default_factory=lambda: {"low": 0.5, "medium": 0.85, "high": 1.0})
    repeat: float = 0.5
    """Each further finding of a category counts this much of the one before: being long does not make a talk worse."""
    relief: float = 0.08
    """Share of the load that one recovery step takes away; five steps take 40 %."""
    scale: float = 30.0
    """Load at which the score reaches 63; see docs/scoring.md."""


@dataclass(frozen=True)
class Score:
    """The score of an interaction and what it is made of."""

    score: float
    recovery_steps: int
    contributions: tuple[Contribution, ...]


def score(
    findings: Sequence[Finding],
    categories: Mapping[str, Category],
    run_of: Mapping[int, int] | None = None,
    weights: Weights | None = None,
) -> Score:
    """Score findings.

    Args:
        findings: of one interaction, any order; only friction and recovery (and friction episodes) count.
        categories: the pack's categories.
        run_of: turn index → number of the speaker's run it belongs to; without it every turn is its own run.
        weights: None for the documented ones.

    Returns:
        The score (0 to 100, two digits), the recovery steps met (0 to 5), and one contribution per finding that added
        something, in order of the findings.
    """
    weights = weights or Weights()
    steps = {
        step for each in findings if each.family == "recovery" and (step := categories[each.category].step) is not None
    }
    loads = _loads(findings, categories, run_of or {}, weights)
    load = sum(loads.values())
    if load <= 0:
        return Score(0.0, len(steps), ())
    relieved = load * (1 - weights.relief * min(len(steps), 5))
    total = 100 * (1 - exp(-relieved / weights.scale))
    contributions = _rounded({index: total * part / load for index, part in loads.items()})
    return Score(round(sum(each.points for each in contributions), DIGITS), len(steps), contributions)


def _loads(
    findings: Sequence[Finding], categories: Mapping[str, Category], run_of: Mapping[int, int], weights: Weights
) -> dict[int, float]:
    """Return finding index → its part of the load."""
    strongest: dict[tuple[str, int], tuple[float, int]] = {}
    for index, each in enumerate(findings):
        if each.family not in ("friction", "episode"):
            continue
        weight = weights.category.get(each.category, categories[each.category].weight)
        points = weight * weights.severity[each.severity] * weights.confidence[each.confidence]
        place = (each.category, run_of.get(each.turn, each.turn))
        if points > 0 and points > strongest.get(place, (0.0, 0))[0]:
            strongest[place] = (points, index)
    ranked: dict[str, list[tuple[float, int]]] = {}
    for (category, _), entry in strongest.items():
        ranked.setdefault(category, []).append(entry)
    loads: dict[int, float] = {}
    for entries in ranked.values():
        for rank, (points, index) in enumerate(sorted(entries, key=lambda each: (-each[0], each[1]))):
            loads[index] = points * weights.repeat**rank
    return loads


def _rounded(shares: Mapping[int, float]) -> tuple[Contribution, ...]:
    """Round shares by largest remainder, so that their sum is the rounded sum."""
    unit = 10**DIGITS
    floors = {index: int(share * unit) for index, share in shares.items()}
    missing = round(sum(shares.values()) * unit) - sum(floors.values())
    by_remainder = sorted(shares, key=lambda index: (floors[index] - shares[index] * unit, index))
    for index in by_remainder[:missing]:
        floors[index] += 1
    return tuple(Contribution(index, floors[index] / unit) for index in sorted(floors) if floors[index] > 0)
