"""Write a verdict as JSON with a versioned, documented shape."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from frictionlens.errors import Problem
from frictionlens.gate import BaselineEntry, Level, Standing, Verdict
from frictionlens.model import Finding
from frictionlens.reporters._marks import Notes, message_of, uri_of

CHECK_VERSION: Final = 1


class OutcomeLine(Struct, frozen=True):
    """The verdict."""

    code: int
    word: str
    sentence: str


class CriterionLine(Struct, frozen=True):
    """One limit over many interactions."""

    key: str
    title: str
    passed: bool
    message: str


class MarkLine(Struct, frozen=True):
    """One thing to point at."""

    level: Level
    rule_id: str
    path: str
    line: int | None
    interaction_id: str
    standing: Standing
    message: str
    fingerprint: str
    finding: Finding | None


class SuppressionLine(Struct, frozen=True):
    """A suppression that does nothing any more."""

    where: str
    selector: str
    reason: str
    owner: str
    expires: str | None


class CheckReport(Struct, frozen=True):
    """What `check` writes as JSON."""

    check_version: int
    outcome: OutcomeLine
    interactions: int
    failed_interactions: int
    coverage: float
    mean_score: float
    standings: dict[str, int]
    criteria: list[CriterionLine]
    marks: list[MarkLine]
    stale: list[BaselineEntry]
    unused_suppressions: list[SuppressionLine]
    expired_suppressions: list[SuppressionLine]
    problems: list[Problem]
    skipped: int


def build(verdict: Verdict, notes: Notes) -> CheckReport:
    """Build the report that `render` writes."""

    def suppressions(entries: Any) -> list[SuppressionLine]:
        return [
            SuppressionLine(
                each.where, each.selector, each.reason, each.owner, each.expires.isoformat() if each.expires else None
            )
            for each in entries
        ]

    return CheckReport(
        check_version=CHECK_VERSION,
        outcome=OutcomeLine(int(verdict.outcome.code), verdict.outcome.word, verdict.outcome.sentence),
        interactions=len(verdict.cases),
        failed_interactions=len(verdict.failed_cases),
        coverage=round(verdict.coverage, 4),
        mean_score=round(verdict.mean, 2),
        standings={str(key): verdict.standings[key] for key in sorted(verdict.standings)},
        criteria=[CriterionLine(each.key, each.title, each.passed, each.message) for each in verdict.criteria],
        marks=[
            MarkLine(
                level=mark.level,
                rule_id=mark.rule_id,
                path=uri_of(mark.source),
                line=mark.line,
                interaction_id=mark.interaction_id,
                standing=mark.standing,
                message=message_of(mark, notes),
                fingerprint=mark.fingerprint,
                finding=mark.finding,
            )
            for mark in verdict.marks()
        ],
        stale=list(verdict.stale),
        unused_suppressions=suppressions(verdict.unused),
        expired_suppressions=suppressions(verdict.expired),
        problems=list(verdict.problems),
        skipped=len(verdict.skipped),
    )


def render(verdict: Verdict, notes: Notes) -> str:
    """Render a verdict; `check_schema` is its JSON Schema."""
    return msgspec.json.format(msgspec.json.encode(build(verdict, notes)), indent=2).decode() + "\n"


def check_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `render` writes."""
    schema = msgspec.json.schema(CheckReport)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
