"""Own confidence: a measured property of a rule, computed from audited findings, never typed by hand."""

from __future__ import annotations

from math import sqrt
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, model_validator

from frictionlens.model import Confidence

HIGH: Final = 0.76
"""Lower bound of precision (Wilson, 95 %) from which the confidence of a rule is high."""
PROVEN: Final = 0.65
"""Lower bound from which a pattern of a high rule gives findings of high confidence; those of others are medium.

Patterns are counted from six findings on (`benchmarks/audit_gold.py`); a bound of .65 is eight of eight, or twelve of
thirteen. Audited findings are mostly of data that rules were written with, so they flatter; what does not flatter is
that a pattern came again, many times and in many conversations. Both bounds were chosen on conversations that no rule
was written with, so that high findings *together* are right about 93 times in 100 and hold 60 % of what is labelled
(docs/accuracy.md says how far that holds; `benchmarks/audit_gold.py --explore` prints the grid). Asking less of the
pattern and more of the rule (.45 and .82) gave .94 and .59; without telling patterns apart no bound gave both.
"""
MEDIUM: Final = 0.45
"""Lower bound from which confidence is medium: more often right than wrong, as far as can be told."""
MINIMUM: Final = 8
"""Fewer audited findings than this say nothing: confidence is medium at most."""


class Audited(BaseModel):
    """What became of the findings of a rule that were judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    true: int
    of: int
    patterns: tuple[tuple[int, int, str], ...] | None = None
    """(true, of, pattern as the rule file has it) where enough was found; None: findings were counted by rule only."""
    date: str = ""
    data: str = ""
    """What they were judged on."""

    @model_validator(mode="before")
    @classmethod
    def _written_plainly(cls, value: Any) -> Any:
        """Take `true: 9` as it is written: YAML reads that key as a boolean."""
        return (
            {"true" if key is True else key: each for key, each in value.items()} if isinstance(value, dict) else value
        )


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, 95 % by default.

    Source: E. B. Wilson, JASA 22 (1927), 209-212. Returns (0, 1) when nothing was counted.
    """
    if of <= 0:
        return 0.0, 1.0
    share = hits / of
    centre = share + z * z / (2 * of)
    spread = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def confidence_of(audited: Audited | None, high: float = HIGH) -> Confidence:
    """Return high, medium or low by the lower bound of the audited precision; medium where nothing was audited."""
    if audited is None or audited.of < MINIMUM:
        return "medium" if audited is None or audited.true * 2 >= audited.of else "low"
    low, _ = wilson(audited.true, audited.of)
    return "high" if low >= high else "medium" if low >= MEDIUM else "low"


def proven_in(audited: Audited | None, bound: float = PROVEN) -> frozenset[str] | None:
    """Return the patterns of a rule that its audited findings speak for; None where they were not told apart."""
    if audited is None or audited.patterns is None:
        return None
    return frozenset(pattern for true, of, pattern in audited.patterns if wilson(true, of)[0] >= bound)
