"""Own the summary of one scan: running aggregates and the worst few, held in memory that does not grow."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Charged, Finding, Scored

WORST: Final = 5
KEPT_PROBLEMS: Final = 1_000
"""Problems kept for showing; all are counted, and `--problems FILE` writes all of them."""
MAX_PROCESSES: Final = 20_000
"""Distinct process names counted before new ones are folded together."""
FOLDED: Final = Charged("policy", "(further names)")
NOBODY: Final = "nobody named"


@dataclass
class ProcessTotal:
    """What was charged to one process."""

    points: float = 0.0
    findings: int = 0
    interactions: int = 0
    refused: int = 0
    """Interactions in which a no was said with this process named."""
    kinds_of_no: Counter[str] = field(default_factory=Counter)
    quote: str = ""
    """The strongest quote."""
    quote_points: float = -1.0


@dataclass
class CategoryTotal:
    """How often a category was found."""

    findings: int = 0
    interactions: int = 0
    family: str = ""


@dataclass
class Summary:
    """Running aggregates over results, problems and what was skipped."""

    interactions: int = 0
    turns: int = 0
    company_turns: int = 0
    score_sum: float = 0.0
    with_friction: int = 0
    evaluated: Counter[str] = field(default_factory=Counter)
    """Family → interactions in which it could be looked for."""
    not_evaluated: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, reason) → interactions."""
    categories: dict[str, CategoryTotal] = field(default_factory=lambda: defaultdict(CategoryTotal))
    processes: dict[Charged | None, ProcessTotal] = field(default_factory=lambda: defaultdict(ProcessTotal))
    """Charged process (None is nobody named) → what was charged to it."""
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """Reason → records left out on purpose."""
    sources: set[str] = field(default_factory=set)
    titles: dict[str, str] = field(default_factory=dict)
    """Category → title in the rules that were used; whoever scans fills it in for the outputs that people read."""
    _worst: list[tuple[float, int, Scored]] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Return the records seen: interactions, problems and skipped ones; nothing is lost."""
        return self.interactions + self.problem_count + sum(self.skipped.values())

    @property
    def mean(self) -> float:
        """Return the mean score over the interactions in which friction could be looked for."""
        return self.score_sum / self.evaluated["friction"] if self.evaluated["friction"] else 0.0

    @property
    def worst(self) -> list[Scored]:
        """Return the interactions with the highest scores, worst first; ties in order of source and id."""
        return sorted(
            (each for _, _, each in self._worst), key=lambda each: (-each.score, each.source, each.interaction_id)
        )

    def add_problem(self, problem: Problem) -> None:
        """Count a problem and keep the first ones."""
        self.problem_count += 1
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(problem)

    def add_skipped(self, skipped: Skipped) -> None:
        """Count a record left out on purpose."""
        self.skipped[f"{skipped.kind}: {skipped.reason}" if skipped.kind != "other" else skipped.reason] += 1

    def add(self, scored: Scored) -> None:
        """Count one result."""
        self.interactions += 1
        self.turns += scored.facts.turns
        self.company_turns += scored.facts.company_turns
        left_out = {each.what for each in scored.not_evaluated}
        for each in scored.not_evaluated:
            self.not_evaluated[each.what, each.reason] += 1
        for family in ("friction", "recovery", "signal"):
            if not left_out & {family, "all"}:
                self.evaluated[family] += 1
        self.score_sum += scored.score
        self.with_friction += any(each.family == "friction" for each in scored.findings)
        for (category, family), count in Counter((each.category, each.family) for each in scored.findings).items():
            total = self.categories[category]
            total.family = family
            total.findings += count
            total.interactions += 1
        self._charge(scored)
        if scored.score > 0:
            entry = (scored.score, -self.interactions, scored)
            if len(self._worst) < WORST:
                heapq.heappush(self._worst, entry)
            elif entry > self._worst[0]:
                heapq.heapreplace(self._worst, entry)

    def _charge(self, scored: Scored) -> None:
        points = {each.finding: each.points for each in scored.contributions}
        seen: set[Charged | None] = set()
        refused: set[Charged | None] = set()
        for index, finding in enumerate(scored.findings):
            if finding.family != "friction":
                continue
            for process in finding.charged or (None,):
                key: Charged | None = process
                if key not in self.processes and len(self.processes) >= MAX_PROCESSES:
                    key = FOLDED
                total = self.processes[key]
                share = points.get(index, 0.0) / max(len(finding.charged), 1)
                total.points += share
                total.findings += 1
                if finding.kind_of_no:
                    total.kinds_of_no[finding.kind_of_no] += 1
                    refused.add(key)
                if share > total.quote_points:
                    total.quote, total.quote_points = finding.quote, share
                seen.add(key)
        for key in seen:
            self.processes[key].interactions += 1
        for key in refused:
            self.processes[key].refused += 1


def ranked_processes(summary: Summary, most: int) -> list[tuple[Charged, ProcessTotal]]:
    """Return the named processes by friction points, most first."""
    named = [(key, total) for key, total in summary.processes.items() if key is not None]
    named.sort(key=lambda each: (-round(each[1].points, 6), -each[1].interactions, each[0].kind, each[0].name))
    return named[:most]


def evaluated_for(summary: Summary, family: str) -> int:
    """Return the interactions that shares of a family are taken of: those in which it could be looked for."""
    return summary.evaluated.get(family, 0) or summary.evaluated.get("friction", 0) or summary.interactions


def categories_of(summary: Summary, family: str) -> list[tuple[str, CategoryTotal]]:
    """Return the categories of a family that were found, those in most interactions first."""
    found = [(key, total) for key, total in summary.categories.items() if total.family == family]
    return sorted(found, key=lambda each: (-each[1].interactions, each[0]))


def strongest(scored: Scored) -> Finding | None:
    """Return the finding that added most to the score."""
    if not scored.contributions:
        return None
    best = max(scored.contributions, key=lambda each: (each.points, -each.finding))
    return scored.findings[best.finding]


def as_record(summary: Summary) -> Mapping[str, object]:
    """Return the summary as plain data for the json output."""
    return {
        "records": summary.records,
        "interactions": summary.interactions,
        "problems": summary.problem_count,
        "skipped": dict(sorted(summary.skipped.items())),
        "turns": summary.turns,
        "mean_score": round(summary.mean, 2),
        "with_friction": summary.with_friction,
        "evaluated": dict(sorted(summary.evaluated.items())),
        "categories": {
            key: {"findings": each.findings, "interactions": each.interactions}
            for key, each in sorted(summary.categories.items())
        },
        "processes": [
            {
                "kind": key.kind,
                "name": key.name,
                "points": round(total.points, 2),
                "findings": total.findings,
                "interactions": total.interactions,
                "kinds_of_no": dict(sorted(total.kinds_of_no.items())),
            }
            for key, total in ranked_processes(summary, 50)
        ],
    }
