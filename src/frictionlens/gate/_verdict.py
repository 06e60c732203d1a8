"""Own what the gate says: cases (one per interaction), criteria (one per limit), and marks (what to point at)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

from frictionlens.config import Policy
from frictionlens.errors import Problem, Skipped
from frictionlens.gate._baseline import BaselineEntry
from frictionlens.gate._outcome import Outcome
from frictionlens.gate._suppressions import Suppression
from frictionlens.model import Family, Finding, Scored

Standing = Literal["open", "accepted", "suppressed", "expected", "advisory"]
"""Of a finding: it counts; it is in the baseline; it is silenced; its sample asks for it; it may not gate."""

COMPANY_FAMILIES: Final[frozenset[Family]] = frozenset({"friction", "episode"})
"""Families that say what the company did to the customer: what a build can fail on."""

Level = Literal["error", "warning", "note"]
"""Of a mark: it fails the build; it counts without failing; it is told and does not count."""


def named(name: str, finding: Finding) -> bool:
    """Tell whether a name from the policy, which may hold `*`, means the rule or the category of a finding."""
    return fnmatchcase(finding.rule_id, name) or fnmatchcase(finding.category, name)


@dataclass(frozen=True)
class Failure:
    """One reason for an interaction to fail."""

    criterion: str
    """Key of the setting that decides (`max_score`), or `expect`."""
    message: str
    finding: int | None = None
    """Index into `Scored.findings`, where one finding is the reason."""


@dataclass(frozen=True)
class Case:
    """One interaction under judgement."""

    scored: Scored
    standings: tuple[Standing, ...]
    """One per finding."""
    notes: tuple[str, ...]
    """One per finding: why it is suppressed or may not gate; else empty."""
    counted: float
    """Friction score without what accepted, suppressed and advisory findings contributed."""
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether nothing speaks against this interaction."""
        return not self.failures

    @property
    def evaluated(self) -> bool:
        """Tell whether friction could be looked for."""
        return not any(each.what in ("all", "friction") for each in self.scored.not_evaluated)


@dataclass(frozen=True)
class Criterion:
    """One limit over many interactions, and how it came out."""

    key: str
    title: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Mark:
    """One thing to point at in the user's files."""

    level: Level
    rule_id: str
    """Rule of the finding; `check.<criterion>` where no single finding is the reason."""
    source: str
    interaction_id: str
    messages: tuple[str, ...]
    fingerprint: str
    standing: Standing
    note: str = ""
    line: int | None = None
    finding: Finding | None = None


@dataclass(frozen=True)
class Verdict:
    """Everything that the gate says; reports render it and add nothing."""

    outcome: Outcome
    policy: Policy
    cases: tuple[Case, ...]
    criteria: tuple[Criterion, ...]
    overdrawn: tuple[str, ...] = ()
    """Rules and categories whose budget is overdrawn."""
    problems: tuple[Problem, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    stale: tuple[BaselineEntry, ...] = ()
    """Baseline entries that nothing matches any more: take them out with --update-baseline."""
    unused: tuple[Suppression, ...] = ()
    expired: tuple[Suppression, ...] = ()
    baseline_used: bool = False
    mean: float = 0.0
    """Mean counted score of the interactions that are judged by limits."""
    standings: dict[Standing, int] = field(default_factory=dict)
    """How many company findings stand how."""

    @property
    def failed_cases(self) -> tuple[Case, ...]:
        """Return the interactions that fail."""
        return tuple(each for each in self.cases if not each.passed)

    @property
    def failed_criteria(self) -> tuple[Criterion, ...]:
        """Return the limits that are broken."""
        return tuple(each for each in self.criteria if not each.passed)

    @property
    def coverage(self) -> float:
        """Return the share of interactions in which friction could be looked for; 1 when there are none."""
        return sum(each.evaluated for each in self.cases) / len(self.cases) if self.cases else 1.0

    def marks(self) -> list[Mark]:
        """Return what to point at, by source and line; what has no line comes last, in the order of the results."""
        return sorted(self._marks(), key=lambda mark: (mark.source, mark.line or math.inf))

    def _marks(self) -> Iterator[Mark]:
        for case in self.cases:
            scored = case.scored
            for index, finding in enumerate(scored.findings):
                messages = tuple(each.message for each in case.failures if each.finding == index)
                standing = case.standings[index]
                if standing == "open":
                    over = [name for name in self.overdrawn if named(name, finding)]
                    messages += tuple(f"the budget of {name} is overdrawn" for name in over)
                if not messages and (finding.family not in COMPANY_FAMILIES or standing == "expected"):
                    continue
                level: Level = "error" if messages else "warning" if standing == "open" else "note"
                yield Mark(
                    level=level,
                    rule_id=finding.rule_id,
                    source=scored.source,
                    interaction_id=scored.interaction_id,
                    messages=messages,
                    fingerprint=finding.fingerprint,
                    standing=standing,
                    note=case.notes[index],
                    line=finding.line,
                    finding=finding,
                )
            for failure in case.failures:
                if failure.finding is None:
                    parts = (failure.criterion, scored.interaction_id, failure.message.split(":")[0])
                    yield Mark(
                        level="error",
                        rule_id=f"check.{failure.criterion}",
                        source=scored.source,
                        interaction_id=scored.interaction_id,
                        messages=(failure.message,),
                        fingerprint=hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16],
                        standing="open",
                    )
