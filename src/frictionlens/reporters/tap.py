"""Write a verdict as TAP version 14 (testanything.org): a point per interaction, per limit, per unreadable input."""

from __future__ import annotations

import json

from frictionlens.gate import Mark, Verdict
from frictionlens.reporters._marks import Notes, message_of, on_one_line, uri_of


def render(verdict: Verdict, notes: Notes) -> str:
    """Render the points in the order of the results."""
    marks: dict[tuple[str, str], list[Mark]] = {}
    for mark in verdict.marks():
        if mark.level == "error":
            marks.setdefault((mark.source, mark.interaction_id), []).append(mark)
    points: list[tuple[bool, str, list[str]]] = []
    for case in verdict.cases:
        name = f"{uri_of(case.scored.source)} {case.scored.interaction_id}"
        skip = "" if case.evaluated or not case.passed else " # SKIP not evaluated"
        own = marks.get((case.scored.source, case.scored.interaction_id), [])
        said = [f"{f'line {mark.line}: ' if mark.line else ''}{message_of(mark, notes)}" for mark in own]
        points.append((case.passed, _description(name) + skip, [] if case.passed else said))
    points += [(each.passed, _description(each.message), []) for each in verdict.criteria]
    for problem in verdict.problems:
        name = f"{uri_of(problem.source)} {problem.record}".strip()
        points.append((verdict.policy.allow_problems, _description(f"read {name}"), [problem.reason]))
    lines = ["TAP version 14", f"1..{len(points)}{'' if points else ' # SKIP nothing to check'}"]
    for number, (passed, description, messages) in enumerate(points, 1):
        lines.append(f"{'ok' if passed else 'not ok'} {number} - {description}")
        if messages:
            # A JSON string is a YAML string, and never ends the block early.
            lines += [
                "  ---",
                "  messages:",
                *(f"    - {json.dumps(text, ensure_ascii=False)}" for text in messages),
                "  ...",
            ]
    lines.append(f"# {verdict.outcome.word}: {verdict.outcome.sentence}")
    return "\n".join(lines) + "\n"


def _description(text: str) -> str:
    return on_one_line(text).replace("\\", "\\\\").replace("#", "\\#")
