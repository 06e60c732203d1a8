"""Own the comparison of two result sets: what is new, gone, moved, and whether B is worse than A beyond noise.

Method. Where most interactions are in both sets (two rule packs on the same conversations, two versions of an agent on
the same scenarios) they are compared in pairs, else as separate samples. A difference of means has a percentile
bootstrap interval, a difference of shares a hybrid score interval (`frictionlens.analytics.intervals` names the
sources). All figures are tested at once, so each interval is widened (Bonferroni): together they cry wolf in at most
one of twenty comparisons in which nothing changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

from frictionlens.analytics.intervals import Interval, mean_difference, paired_rate_difference, rate_difference
from frictionlens.gate._verdict import COMPANY_FAMILIES
from frictionlens.model import Family, Finding, Scored

LEAST: Final = 10
"""Fewer interactions than this on a side say nothing about a difference."""
MOSTLY: Final = 0.8
"""Share of the smaller set that must be in the other one for a comparison in pairs."""
ERROR: Final = 0.05
"""How often all figures together may call a change where there is none."""
RESAMPLES: Final = 20_000
"""More than usual: widened intervals have their ends far out in the tails."""

Direction = Literal["worse", "better", "unclear"]

_HARMFUL: Final[frozenset[Family]] = COMPANY_FAMILIES | frozenset[Family]({"signal"})


@dataclass(frozen=True)
class Change:
    """One figure in A and in B."""

    key: str
    """`mean_score`, `share_over`, or a category."""
    title: str
    a: float
    b: float
    interval: Interval
    """Of B minus A."""
    direction: Direction

    @property
    def difference(self) -> float:
        """Return B minus A."""
        return self.b - self.a


@dataclass(frozen=True)
class Moved:
    """An interaction whose score differs between A and B."""

    interaction_id: str
    a: float
    b: float


@dataclass(frozen=True)
class Comparison:
    """What became of A in B."""

    size_a: int
    size_b: int
    common: int
    """Interactions in both."""
    paired: bool
    level: float
    """Coverage of each interval after widening."""
    threshold: float
    changes: tuple[Change, ...]
    new: tuple[tuple[str, Finding], ...]
    """(interaction id, finding) of company findings in B and not in A; of interactions in both."""
    gone: tuple[tuple[str, Finding], ...]
    moved_findings: tuple[tuple[str, Finding, Finding], ...]
    """(interaction id, in A, in B): the same words at another place."""
    moved: tuple[Moved, ...]
    """Largest change of score first."""

    @property
    def regressions(self) -> tuple[Change, ...]:
        """Return the figures that are worse in B beyond noise."""
        return tuple(each for each in self.changes if each.direction == "worse")

    @property
    def too_few(self) -> bool:
        """Tell whether there is too little on a side to call anything a change."""
        return min(self.size_a, self.size_b) < LEAST


def compare(a: Iterable[Scored], b: Iterable[Scored], threshold: float = 50.0) -> Comparison:
    """Compare two result sets by interaction id.

    Args:
        a: what was.
        b: what is.
        threshold: score over which an interaction counts as bad.
    """
    before, after = _by_id(a), _by_id(b)
    common = sorted(before.keys() & after.keys())
    smaller = min(len(before), len(after))
    paired = bool(smaller) and len(common) >= MOSTLY * smaller and len(common) >= LEAST
    left = [before[key] for key in common] if paired else list(before.values())
    right = [after[key] for key in common] if paired else list(after.values())
    categories = sorted(_categories(left) | _categories(right))
    level = 1 - ERROR / (2 + len(categories))
    enough = min(len(left), len(right)) >= LEAST
    changes = [
        _mean(left, right, paired=paired, level=level, enough=enough),
        _share(
            "share_over",
            f"score over {threshold:g}",
            lambda each: each.score > threshold,
            left,
            right,
            paired=paired,
            level=level,
            enough=enough,
        ),
    ]
    for family, category in categories:
        change = _share(
            category,
            category,
            lambda each, category=category: any(finding.category == category for finding in each.findings),  # type: ignore[misc]
            left,
            right,
            paired=paired,
            level=level,
            enough=enough,
            harmful=family in _HARMFUL,
        )
        changes.append(change)
    new, gone, shifted = _findings([before[key] for key in common], [after[key] for key in common])
    moved = [Moved(key, before[key].score, after[key].score) for key in common if before[key].score != after[key].score]
    return Comparison(
        size_a=len(before),
        size_b=len(after),
        common=len(common),
        paired=paired,
        level=level,
        threshold=threshold,
        changes=tuple(changes),
        new=new,
        gone=gone,
        moved_findings=shifted,
        moved=tuple(sorted(moved, key=lambda each: (-abs(each.b - each.a), each.interaction_id))),
    )


def _by_id(results: Iterable[Scored]) -> dict[str, Scored]:
    """Index by id; the second interaction of one id gets a number, so that none is lost."""
    found: dict[str, Scored] = {}
    for scored in sorted(results, key=lambda each: (each.source, each.interaction_id)):
        key, count = scored.interaction_id, 1
        while key in found:
            count += 1
            key = f"{scored.interaction_id} ({count})"
        found[key] = scored
    return found


def _categories(results: Iterable[Scored]) -> set[tuple[Family, str]]:
    return {
        (finding.family, finding.category) for each in results for finding in each.findings if finding.family != "sign"
    }


def _direction(interval: Interval, *, enough: bool, harmful: bool = True) -> Direction:
    if not enough or not interval.clears_zero:
        return "unclear"
    return "worse" if (interval.low > 0) == harmful else "better"


def _mean(a: Sequence[Scored], b: Sequence[Scored], *, paired: bool, level: float, enough: bool) -> Change:
    left, right = [each.score for each in a], [each.score for each in b]
    interval = mean_difference(left, right, paired=paired, level=level, resamples=RESAMPLES)
    means = (fmean(left) if left else 0.0, fmean(right) if right else 0.0)
    return Change("mean_score", "mean score", *means, interval, _direction(interval, enough=enough))


def _share(
    key: str,
    title: str,
    holds: Callable[[Scored], bool],
    a: Sequence[Scored],
    b: Sequence[Scored],
    *,
    paired: bool,
    level: float,
    enough: bool,
    harmful: bool = True,
) -> Change:
    left, right = [holds(each) for each in a], [holds(each) for each in b]
    if paired:
        pairs = Counter(zip(left, right, strict=True))
        cells = (pairs[True, True], pairs[True, False], pairs[False, True], pairs[False, False])
        interval = paired_rate_difference(*cells, level=level)
    else:
        interval = rate_difference(sum(left), len(left), sum(right), len(right), level=level)
    shares = (sum(left) / len(left) if left else 0.0, sum(right) / len(right) if right else 0.0)
    return Change(key, title, *shares, interval, _direction(interval, enough=enough, harmful=harmful))


def _findings(
    a: Sequence[Scored], b: Sequence[Scored]
) -> tuple[tuple[tuple[str, Finding], ...], tuple[tuple[str, Finding], ...], tuple[tuple[str, Finding, Finding], ...]]:
    """Match company findings of the same interactions by fingerprint, one to one, in order."""
    new: list[tuple[str, Finding]] = []
    gone: list[tuple[str, Finding]] = []
    shifted: list[tuple[str, Finding, Finding]] = []
    for left, right in zip(a, b, strict=True):
        waiting: dict[str, list[Finding]] = {}
        for finding in left.findings:
            if finding.family in COMPANY_FAMILIES:
                waiting.setdefault(finding.fingerprint, []).append(finding)
        for finding in right.findings:
            if finding.family not in COMPANY_FAMILIES:
                continue
            if partners := waiting.get(finding.fingerprint):
                partner = partners.pop(0)
                if (partner.turn, partner.start) != (finding.turn, finding.start):
                    shifted.append((right.interaction_id, partner, finding))
            else:
                new.append((right.interaction_id, finding))
        gone += [(left.interaction_id, finding) for partners in waiting.values() for finding in partners]
    return tuple(new), tuple(gone), tuple(shifted)
