"""Write a verdict as SARIF 2.1.0 (OASIS standard, 2020-03-27), for code scanning."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from frictionlens import __version__
from frictionlens.gate import ExitCode, Mark, Verdict
from frictionlens.reporters._marks import Notes, message_of, uri_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(verdict: Verdict, notes: Notes) -> str:
    """Render a verdict: one result per mark, one rule per rule that is marked, problems as notifications."""
    marks = verdict.marks()
    rules = sorted({mark.rule_id for mark in marks})
    index = {rule_id: number for number, rule_id in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "frictionlens",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule_id, notes, marks) for rule_id in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": verdict.outcome.code in (ExitCode.FINE, ExitCode.FAILED),
                "exitCode": int(verdict.outcome.code),
                "exitCodeDescription": f"{verdict.outcome.word}: {verdict.outcome.sentence}",
                "toolExecutionNotifications": _notifications(verdict),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(mark, index[mark.rule_id], verdict, notes) for mark in marks],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule_id: str, notes: Notes, marks: list[Mark]) -> dict[str, Any]:
    note = notes.get(rule_id)
    finding = next((mark.finding for mark in marks if mark.rule_id == rule_id and mark.finding), None)
    if note is None:
        title = f"Limit {rule_id.removeprefix('check.')} of the policy" if rule_id.startswith("check.") else rule_id
        return {"id": rule_id, "shortDescription": {"text": title}}
    help_text = f"{note.why}\n\nBetter: {note.advice}" if note.advice else note.why
    markdown = f"{note.why}\n\n**Better:** {note.advice}" if note.advice else note.why
    rule: dict[str, Any] = {
        "id": rule_id,
        "shortDescription": {"text": note.title},
        "fullDescription": {"text": note.why or note.title},
        "help": {"text": help_text or note.title, "markdown": markdown or note.title},
        "properties": {"category": note.category, "tags": ["customer-friction", note.category]},
    }
    if finding:
        rule["properties"]["precision"] = finding.confidence
        level = {"low": "note", "medium": "warning", "high": "error"}[finding.severity]
        rule["defaultConfiguration"] = {"level": level}
    return rule


def _result(mark: Mark, index: int, verdict: Verdict, notes: Notes) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(mark.source)}}
    if mark.line:
        location["region"] = {"startLine": mark.line}
    turn = f" turn {mark.finding.turn}" if mark.finding else ""
    result: dict[str, Any] = {
        "ruleId": mark.rule_id,
        "ruleIndex": index,
        "level": mark.level,
        "message": {"text": message_of(mark, notes)},
        "locations": [
            {
                "physicalLocation": location,
                "logicalLocations": [
                    {"name": mark.interaction_id, "fullyQualifiedName": f"{mark.interaction_id}{turn}"}
                ],
            }
        ],
        "partialFingerprints": {"frictionlens/v1": mark.fingerprint},
    }
    if verdict.baseline_used:
        result["baselineState"] = "unchanged" if mark.standing == "accepted" else "new"
    if mark.standing == "suppressed":
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": mark.note}]
    elif mark.standing == "accepted":
        reason = "accepted in the baseline"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _notifications(verdict: Verdict) -> list[dict[str, Any]]:
    notices: list[dict[str, Any]] = []
    for problem in verdict.problems:
        text = ": ".join(part for part in (problem.record, problem.reason) if part)
        place = {"physicalLocation": {"artifactLocation": {"uri": _uri(problem.source)}}}
        notices.append({"level": "error", "message": {"text": text}, "locations": [place]})
    notices += [{"level": "error", "message": {"text": each.message}} for each in verdict.failed_criteria]
    for entry in verdict.stale:
        text = f"stale baseline entry: {entry.rule_id} in {entry.interaction_id} of {entry.source} is gone"
        notices.append({"level": "note", "message": {"text": text}})
    for suppression in verdict.unused:
        text = f"{suppression.where}: this suppression silences nothing ({suppression.selector})"
        notices.append({"level": "note", "message": {"text": text}})
    for suppression in verdict.expired:
        text = f"{suppression.where}: this suppression ran out on {suppression.expires} ({suppression.selector})"
        notices.append({"level": "warning", "message": {"text": text}})
    return notices


def _uri(source: str) -> str:
    path = uri_of(source)
    return PurePath(path).as_uri() if PurePath(path).is_absolute() else quote(path)
