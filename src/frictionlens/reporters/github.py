"""Write a verdict as GitHub workflow commands (annotations) and as a step summary."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.errors import counted
from frictionlens.gate import Mark, Verdict
from frictionlens.privacy import markdown_safe
from frictionlens.reporters._marks import Notes, message_of, on_one_line, title_of, uri_of

MARKS_IN_SUMMARY = 50
"""GitHub cuts a summary at 1 MiB and nobody reads more; the number left out is said."""


def render(verdict: Verdict, notes: Notes) -> str:
    """Render annotations, one a line: errors fail the build, warnings count without failing."""
    return "".join(f"{line}\n" for line in _lines(verdict, notes))


def _lines(verdict: Verdict, notes: Notes) -> Iterator[str]:
    marks = verdict.marks()
    # GitHub shows the first ten of a kind per step, so what fails comes first.
    for mark in [each for each in marks if each.level == "error"]:
        yield _command("error", message_of(mark, notes), mark.source, mark.line, title_of(mark, notes))
    for criterion in verdict.failed_criteria:
        yield _command("error", criterion.message, title=criterion.title)
    level = "warning" if verdict.policy.allow_problems else "error"
    for problem in verdict.problems:
        reason = ": ".join(part for part in (problem.record, problem.reason) if part)
        yield _command(level, reason, problem.source, title="input could not be read")
    for mark in [each for each in marks if each.level == "warning"]:
        yield _command("warning", message_of(mark, notes), mark.source, mark.line, title_of(mark, notes))
    for text in _housekeeping(verdict):
        yield _command("notice", text, title="frictionlens check")
    yield _command("notice", f"{verdict.outcome.word}: {verdict.outcome.sentence}", title="frictionlens check")


def _housekeeping(verdict: Verdict) -> Iterator[str]:
    if verdict.stale:
        yield f"{len(verdict.stale)} stale entries in the baseline; --update-baseline takes them out"
    for suppression in verdict.expired:
        yield f"{suppression.where}: this suppression ran out on {suppression.expires}"
    for suppression in verdict.unused:
        yield f"{suppression.where}: this suppression silences nothing"


def _command(level: str, message: str, file: str = "", line: int | None = None, title: str = "") -> str:
    place = {"file": on_one_line(uri_of(file)) if file else "", "line": str(line) if line else "", "title": title}
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items() if value)
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render_summary(verdict: Verdict, notes: Notes) -> str:
    """Render the step summary: Markdown for `$GITHUB_STEP_SUMMARY`."""
    icon = {"passed": "✅", "failed": "❌"}.get(verdict.outcome.word, "⚠️")
    lines = [f"## {icon} frictionlens check: {verdict.outcome.word}", "", _cell(verdict.outcome.sentence) + ".", ""]
    checked = counted(len(verdict.cases), "interaction")
    lines += [f"{checked}, coverage {verdict.coverage:.0%}, mean score {verdict.mean:.1f}.", ""]
    errors = [each for each in verdict.marks() if each.level == "error"]
    if errors:
        lines += ["| where | what | words | better |", "| --- | --- | --- | --- |"]
        lines += [_row(mark, notes) for mark in errors[:MARKS_IN_SUMMARY]]
        if len(errors) > MARKS_IN_SUMMARY:
            lines.append(f"\n{len(errors) - MARKS_IN_SUMMARY} more are not listed here.")
        lines.append("")
    if verdict.criteria:
        lines += ["| limit | |", "| --- | --- |"]
        for each in verdict.criteria:
            lines.append(f"| {'✅' if each.passed else '❌'} {_cell(each.title)} | {_cell(each.message)} |")
        lines.append("")
    lines += [f"- {_cell(text)}" for text in _housekeeping(verdict)]
    for problem in verdict.problems:
        place = f"{_cell(uri_of(problem.source))} {_cell(problem.record)}".strip()
        lines.append(f"- could not be read: {place}: {_cell(problem.reason)}")
    return "\n".join(lines).rstrip() + "\n"


def _row(mark: Mark, notes: Notes) -> str:
    note = notes.get(mark.rule_id)
    place = f"{uri_of(mark.source)}{f':{mark.line}' if mark.line else ''}"
    what = title_of(mark, notes) if mark.finding else "; ".join(mark.messages)
    quote = f"“{mark.finding.quote}”" if mark.finding else ""
    cells = (f"{place} {mark.interaction_id}", what, quote, note.advice if note else "")
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Escape what Markdown or HTML would take for markup, and what GitHub would link: quotes come from transcripts."""
    return markdown_safe(on_one_line(text)).replace("@", "@\u200b").replace("://", ":\u200b//")
