"""Write a verdict for people: what fails with its place and better wording, the limits, the verdict last."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frictionlens.errors import counted
from frictionlens.gate import Mark, Verdict
from frictionlens.reporters._marks import Notes, on_one_line, title_of, uri_of

_STYLES = {"passed": "bold green", "failed": "bold red", "incomplete": "bold yellow"}
_STANDINGS = (
    ("accepted", "in the baseline"),
    ("suppressed", "suppressed"),
    ("advisory", "not sure enough to gate"),
    ("expected", "in samples with expectations"),
)


def render(verdict: Verdict, notes: Notes) -> str:
    """Render as plain text, 100 columns wide."""
    console = Console(file=io.StringIO(), width=100, color_system=None, emoji=False, highlight=False, markup=False)
    console.print(build(verdict, notes))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in str(text).splitlines()) + "\n"


def build(verdict: Verdict, notes: Notes, *, everything: bool = False) -> RenderableType:
    """Build what the terminal shows.

    Args:
        verdict: what the gate said.
        notes: title, why and advice of the rules.
        everything: show findings that do not fail as well.
    """
    parts: list[RenderableType] = []
    shown = [mark for mark in verdict.marks() if everything or mark.level == "error"]
    for source, marks in groupby(shown, key=lambda mark: mark.source):
        parts.append(Text(on_one_line(uri_of(source)), style="bold underline"))
        for mark in marks:
            parts += _mark(mark, notes)
        parts.append(Text())
    parts += _limits(verdict)
    parts += _housekeeping(verdict)
    parts += _problems(verdict)
    parts += list(_summary(verdict))
    return Group(*parts)


def _mark(mark: Mark, notes: Notes) -> Iterator[RenderableType]:
    style = {"error": "bold red", "warning": "yellow", "note": "dim"}[mark.level]
    title = title_of(mark, notes) if mark.finding else "; ".join(mark.messages)
    yield _hanging(Text.assemble((f"{mark.line or '':>5}  ", "cyan"), (on_one_line(title), style)))
    reasons = [on_one_line(message) for message in mark.messages] if mark.finding else []
    if mark.standing in ("suppressed", "advisory", "accepted"):
        reasons.append(f"{mark.standing}: {mark.note}" if mark.note else "accepted in the baseline")
    if mark.finding and (quote := on_one_line(mark.finding.quote)):
        yield _indented(Text(f"“{quote}”"))
    place = [on_one_line(mark.interaction_id), *([mark.rule_id] if mark.finding else [])]
    yield _indented(Text(" · ".join([*place, *reasons]), "dim"))
    note = notes.get(mark.rule_id)
    if note and note.advice and mark.level == "error":
        yield _indented(Text(f"Better: {note.advice}", "green"))


def _indented(text: Text) -> RenderableType:
    return Padding(text, (0, 0, 0, 7), expand=False)


def _hanging(text: Text) -> RenderableType:
    """Wrap a line that begins with a line number below its words, not below the number."""
    grid = Table.grid(padding=0)
    grid.add_column(width=7, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(text[:7], text[7:])
    return grid


def _limits(verdict: Verdict) -> Iterator[RenderableType]:
    for criterion in verdict.criteria:
        sign, style = ("ok   ", "green") if criterion.passed else ("FAIL ", "bold red")
        yield Text.assemble((sign, style), on_one_line(criterion.message))
    if verdict.criteria:
        yield Text()


def _housekeeping(verdict: Verdict) -> Iterator[RenderableType]:
    if verdict.stale:
        count = sum(each.count for each in verdict.stale)
        yield Text(
            f"{counted(count, 'baseline entry', 'baseline entries')} stale; --update-baseline takes them out:", "yellow"
        )
        for entry in verdict.stale:
            words = on_one_line(f"{entry.source}: {entry.rule_id} in {entry.interaction_id}")
            yield Padding(Text(words, "dim"), (0, 0, 0, 2), expand=False)
    for suppression in verdict.expired:
        yield Text(
            f"{suppression.where}: this suppression ran out on {suppression.expires} ({suppression.selector})", "yellow"
        )
    for suppression in verdict.unused:
        yield Text(f"{suppression.where}: this suppression silences nothing ({suppression.selector})", "yellow")
    if verdict.stale or verdict.expired or verdict.unused:
        yield Text()


def _problems(verdict: Verdict) -> Iterator[RenderableType]:
    for problem in verdict.problems:
        place = " ".join(part for part in (uri_of(problem.source), problem.record) if part)
        yield Text.assemble(("could not be read  ", "yellow"), f"{on_one_line(place)}: {on_one_line(problem.reason)}")
        if problem.hint:
            yield Padding(Text(problem.hint, style="dim"), (0, 0, 0, 7), expand=False)
    if verdict.problems:
        yield Text()


def _summary(verdict: Verdict) -> Iterator[RenderableType]:
    failed = len(verdict.failed_cases)
    samples = [each for each in verdict.cases if each.scored.expect is not None]
    line = f"{counted(len(verdict.cases), 'interaction')} checked"
    if samples:
        kept = sum(each.passed for each in samples)
        line += f", {len(samples)} of them samples with expectations ({kept} as expected)"
    if failed:
        line += f", {failed} {'fails' if failed == 1 else 'fail'}"
    if len(verdict.cases) > len(samples):
        line += f"; mean score {verdict.mean:.1f}"
    if verdict.coverage < 1:
        line += f"; friction could be looked for in {verdict.coverage:.0%}"
    yield Text(line + ".")
    apart = [f"{number} {words}" for key, words in _STANDINGS if (number := verdict.standings.get(key, 0))]  # type: ignore[call-overload]
    if apart:
        yield Text(f"Findings that do not count: {', '.join(apart)}.", "dim")
    outcome = verdict.outcome
    yield Text.assemble(
        (outcome.word.upper(), _STYLES[outcome.word]),
        f"  {outcome.sentence}  ",
        (f"(exit code {outcome.code:d})", "dim"),
    )
