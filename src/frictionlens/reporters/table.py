"""Show a scan on the terminal: headline, processes, categories, worst interactions, what is missing, problems."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frictionlens.errors import counted
from frictionlens.privacy import printable
from frictionlens.rules import Pack
from frictionlens.summary import Summary, categories_of, evaluated_for, ranked_processes, strongest

MOST_PROCESSES: Final = 8
MOST_PROBLEMS: Final = 8
FAMILIES: Final = (
    ("friction", "Friction", "red"),
    ("episode", "Episodes", "red"),
    ("recovery", "Recovery", "green"),
    ("signal", "Customer signals", "yellow"),
    ("sign", "Organisation signs", "magenta"),
)
"""Family, its title, its colour on a terminal; in this order in every summary of a scan."""
KINDS_OF_NO: Final = {
    "cannot": "cannot", "may_not": "may not", "not_me": "not me", "not_now": "not now",
    "your_fault": "your fault", "no_reason": "no reason",
}  # fmt: skip


def show(summary: Summary, pack: Pack, console: Console) -> None:
    """Print the whole report of a scan."""
    sections = [
        _headline(summary),
        _processes(summary, console.width),
        _categories(summary, pack),
        _worst(summary, pack),
    ]
    for section in [*sections, _not_evaluated(summary), _problems(summary)]:
        if section is not None:
            console.print(section)
            console.print()


def score_style(score: float) -> str:
    """Return the colour of a score; the number itself is always shown, so nothing hangs on colour."""
    return "bold red" if score >= 60 else "yellow" if score >= 30 else "green"


def bar(share: float, width: int) -> str:
    """Return a bar of a share (0 to 1), at least a sliver when it is not nothing."""
    full, rest = divmod(round(share * width * 8), 8)
    text = "█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")
    return text or ("▏" if share > 0 else "")


def _table(title: str, *columns: tuple[str, dict[str, object]]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim",
        expand=True, show_edge=False,
    )  # fmt: skip
    for header, options in columns:
        table.add_column(header, **options)  # type: ignore[arg-type]
    return table


_RIGHT: Final[dict[str, object]] = {"justify": "right", "no_wrap": True}
_WIDE: Final[dict[str, object]] = {"ratio": 1, "overflow": "fold"}


def _headline(summary: Summary) -> RenderableType:
    files = len(summary.sources)
    first = Text()
    number, noun = counted(summary.interactions, "interaction").split(" ")
    first.append(number, "bold").append(f" {noun}, {counted(summary.turns, 'turn')}, {counted(files, 'file')}")
    if summary.problem_count:
        first.append(f", {counted(summary.problem_count, 'problem')}", "bold yellow")
    left_out = sum(summary.skipped.values())
    if left_out:
        first.append(f", {left_out:,} skipped")
    lines: list[Text] = [first]
    evaluated = summary.evaluated["friction"]
    if evaluated:
        worst = summary.worst[0].score if summary.worst else 0.0
        second = Text("Friction score (0 none, 100 worst): mean ")
        second.append(f"{summary.mean:.1f}", score_style(summary.mean))
        second.append(", highest ")
        second.append(f"{worst:.1f}", score_style(worst))
        second.append(
            f"; friction in {summary.with_friction:,} of {evaluated:,} ({summary.with_friction / evaluated:.0%})"
        )
        lines.append(second)
    if summary.interactions:
        share = evaluated / summary.interactions
        coverage = Text(
            f"Coverage: friction could be looked for in {evaluated:,} of {counted(summary.interactions, 'interaction')}"
        )
        coverage.append(f" ({share:.0%})", "green" if share > 0.9 else "bold yellow")
        lines.append(coverage)
    else:
        lines.append(Text("Nothing could be read.", "bold yellow"))
    return Padding(Group(*lines), (1, 0, 0, 0))


def _processes(summary: Summary, width: int) -> RenderableType | None:
    ranked = ranked_processes(summary, MOST_PROCESSES)
    if not ranked:
        return None
    wide = width >= 100
    columns: list[tuple[str, dict[str, object]]] = [
        ("", _RIGHT), ("process", {"overflow": "fold", "max_width": 26}), ("points", _RIGHT),
        ("inter-\nactions", _RIGHT),
    ]  # fmt: skip
    if wide:
        columns += [("kind of no", {"max_width": 16})]
    columns += [("strongest quote", _WIDE)]
    table = _table("Processes behind the friction", *columns)
    for rank, (process, total) in enumerate(ranked, 1):
        name = Text(printable(process.name), "bold")
        name.append(f"\n{process.kind.replace('_', ' ')}", "dim not bold")
        kinds = ", ".join(KINDS_OF_NO.get(kind, kind) for kind, _ in total.kinds_of_no.most_common(2))
        row: list[RenderableType] = [
            Text(str(rank)),
            name,
            Text(f"{total.points:.0f}"),
            Text(f"{total.interactions:,}"),
        ]
        if wide:
            row.append(Text(kinds))
        row.append(Text(quoted(total.quote, 160), "italic"))
        table.add_row(*row)
    nobody = summary.processes.get(None)
    if nobody is not None and nobody.findings:
        note = Text(
            f"Nobody named in {nobody.findings:,} further friction findings ({nobody.points:.0f} points).", "dim"
        )
        return Group(table, note)
    return table


def _categories(summary: Summary, pack: Pack) -> RenderableType | None:
    if not summary.categories:
        return None
    table = _table(
        "What was found", ("category", {"no_wrap": True}), ("findings", _RIGHT), ("interactions", _RIGHT),
        ("share", _RIGHT), ("", {"ratio": 1, "no_wrap": True, "overflow": "crop"}),
    )  # fmt: skip
    for family, title, colour in FAMILIES:
        rows = categories_of(summary, family)
        if not rows:
            continue
        base = evaluated_for(summary, family)
        table.add_row(Text(title, f"bold {colour}"))
        for key, total in rows:
            share = min(total.interactions / base, 1.0) if base else 0.0
            name = pack.categories[key].title if key in pack.categories else key
            cells = [f"  {name}", f"{total.findings:,}", f"{total.interactions:,}", f"{share:.0%}"]
            table.add_row(*map(Text, cells), Text(bar(share, 24), colour))
    return table


def _worst(summary: Summary, pack: Pack) -> RenderableType | None:
    if not summary.worst:
        return None
    table = _table(
        "Worst interactions", ("score", _RIGHT), ("recovery", _RIGHT),
        ("interaction", {"overflow": "fold", "ratio": 2}),
        ("strongest finding", {"ratio": 3, "overflow": "fold"}),
    )  # fmt: skip
    for scored in summary.worst:
        finding = strongest(scored)
        what = Text()
        if finding is not None:
            what.append(quoted(finding.quote, 140), "italic")
            what.append(f"\n{pack.rule(finding.rule_id).entry.title}", "dim")
        where = Text(printable(scored.interaction_id), "bold")
        where.append(f"\n{printable(scored.source)}", "dim not bold")
        score = Text(f"{scored.score:.0f}", score_style(scored.score))
        table.add_row(score, Text(f"{scored.recovery_steps}/5"), where, what)
    return table


def _not_evaluated(summary: Summary) -> RenderableType | None:
    if not summary.not_evaluated:
        return None
    table = _table("Not evaluated", ("interactions", _RIGHT), ("what", {"no_wrap": True}), ("why", _WIDE))
    for (what, reason), count in sorted(summary.not_evaluated.items(), key=lambda each: (-each[1], each[0])):
        table.add_row(Text(f"{count:,}"), Text(what), Text(printable(reason)))
    unknown = any("unknown" in reason for _, reason in summary.not_evaluated)
    if unknown:
        return Group(table, Text("Say who is who with --role LABEL=agent and --role LABEL=customer.", "dim"))
    return table


def _problems(summary: Summary) -> RenderableType | None:
    if not summary.problems and not summary.skipped:
        return None
    parts: list[RenderableType] = []
    if summary.problems:
        table = _table(
            "Problems", ("where", {"ratio": 2, "overflow": "fold"}), ("what is wrong", {"ratio": 3, "overflow": "fold"})
        )
        for problem in summary.problems[:MOST_PROBLEMS]:
            where = Text(printable(problem.source))
            if problem.record:
                where.append(f"\n{printable(problem.record)}", "dim")
            what = Text(printable(problem.reason))
            if problem.hint:
                what.append(f"\n{printable(problem.hint)}", "dim")
            table.add_row(where, what)
        parts.append(table)
        more = summary.problem_count - min(len(summary.problems), MOST_PROBLEMS)
        if more:
            parts.append(Text(f"and {more:,} more: --problems FILE writes all of them", "dim"))
    if summary.skipped:
        reasons = "; ".join(f"{count:,} {printable(reason)}" for reason, count in sorted(summary.skipped.items()))
        parts.append(Text(f"Skipped on purpose: {reasons}", "dim"))
    return Group(*parts)


def quoted(text: str, most: int) -> str:
    """Return a quote on one line, safe to print, cut to length."""
    line = " ".join(printable(text).split())
    return f"“{line if len(line) <= most else line[: most - 1] + '…'}”"


def rows_of(pairs: Iterable[tuple[str, str]]) -> Table:
    """Return a plain two-column table: term, explanation."""
    table = Table(box=None, show_header=False, pad_edge=False, expand=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for term, text in pairs:
        table.add_row(Text(printable(term)), Text(printable(text)))
    return table
