"""Show one conversation on the terminal: turns with findings marked in place, then where the score comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.rule import Rule as Line
from rich.table import Table
from rich.text import Text

from frictionlens.model import Finding, Interaction, Scored, Turn
from frictionlens.pipeline import names_of
from frictionlens.privacy import Mode, printable, redact
from frictionlens.reporters.table import KINDS_OF_NO, quoted, score_style
from frictionlens.rules import Pack

_STYLES: Final = {
    "friction": "bold red underline",
    "recovery": "green underline",
    "signal": "yellow underline",
    "sign": "magenta underline",
}
_BEFORE, _AFTER = 2, 1
"""Turns shown around one that is shown in place."""
_QUOTED: Final = 90
_CLIPPED: Final = 280
"""Characters shown of the turns around it."""
_ROLES: Final = {"agent": "cyan", "bot": "cyan", "customer": "white", "system": "dim", "unknown": "dim"}


def show(interaction: Interaction, scored: Scored, pack: Pack, mode: Mode, console: Console) -> None:
    """Print the conversation and its score."""
    names = names_of(interaction)
    console.print(_head(interaction, scored))
    # Where nothing is coloured and underlined, the words that were found are said again.
    plain = console.no_color or console.color_system is None
    console.print(_turns(interaction, scored, pack, mode, names, plain=plain))
    console.print(Line("Score", style="dim", align="left"))
    console.print(_score(scored, pack))


def _head(interaction: Interaction, scored: Scored) -> RenderableType:
    title = Text(printable(interaction.id), "bold")
    title.append(f"  {interaction.channel}", "dim not bold")
    for name in ("started_at", "queue", "team", "product", "csat", "qa_score"):
        value = getattr(interaction, name)
        if value is not None:
            title.append(f"  {name.replace('_', ' ')} {printable(str(value))}", "dim not bold")
    second = Text("Friction ")
    second.append(f"{scored.score:.1f}", score_style(scored.score))
    second.append(f" of 100, recovery steps {scored.recovery_steps} of 5, process share {scored.process_share:.0%}")
    return Group(title, second, Text(""))


def _turns(
    interaction: Interaction, scored: Scored, pack: Pack, mode: Mode, names: tuple[str, ...], *, plain: bool
) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, expand=True, padding=(0, 1, 1, 0))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(ratio=1, overflow="fold")
    for index, turn in enumerate(interaction.turns):
        here = [each for each in scored.findings if each.turn == index]
        label = Text("note" if turn.internal else turn.role, "dim" if turn.internal else _ROLES[turn.role])
        label.append(f"\n{_clock(turn)}", "dim")
        found = _marks(here, pack, quotes=plain)
        body = marked(turn, [each for each in here if each.family != "episode"], mode, names)
        table.add_row(label, Group(body, found) if found.plain else body)
    return table


def in_place(
    interaction: Interaction, turn: int | None, findings: Sequence[Finding], mode: Mode, *, names: tuple[str, ...]
) -> Table:
    """Return a turn with findings marked, and what was said around it, dim and clipped.

    Args:
        interaction: the conversation.
        turn: which turn; None shows the beginning, nothing marked.
        findings: those to mark.
        mode: redaction.
        names: of people, which the export itself gives.
    """
    table = Table(box=None, show_header=False, pad_edge=False, expand=True, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(ratio=1, overflow="fold")
    first, last = (0, 3) if turn is None else (max(0, turn - _BEFORE), turn + _AFTER)
    for index, each in list(enumerate(interaction.turns))[first : last + 1]:
        here = index == turn
        shown = [one for one in findings if one.turn == index] if here else []
        text = marked(each, shown, mode, names)
        if not here:
            text.stylize("dim")
            text.truncate(_CLIPPED, overflow="ellipsis")
        table.add_row(Text(f"{'▸ ' if here else ''}{index} {each.role}", "" if here else "dim"), text)
    return table


def _clock(turn: Turn) -> str:
    if not isinstance(turn.at, int | float):
        return ""
    minutes, seconds = divmod(int(turn.at), 60)
    return f"{minutes}:{seconds:02}"


def _style_of(finding: Finding) -> str:
    return _STYLES.get(finding.family, "bold red underline")


def marked(turn: Turn, findings: Sequence[Finding], mode: Mode, names: tuple[str, ...]) -> Text:
    """Return the text with findings styled; each stretch is redacted by itself, so that offsets need no mapping."""
    text, at = Text(style="dim" if turn.internal or turn.role == "system" else ""), 0
    for finding in sorted(findings, key=lambda each: (each.start, -each.end)):
        if finding.start < at:
            continue
        text.append(printable(redact(turn.text[at : finding.start], mode, names)))
        text.append(printable(redact(turn.text[finding.start : finding.end], mode, names)), _style_of(finding))
        at = finding.end
    text.append(printable(redact(turn.text[at:], mode, names)))
    return text


def _marks(findings: Sequence[Finding], pack: Pack, *, quotes: bool) -> Text:
    text = Text()
    for finding in findings:
        category = pack.categories[finding.category]
        text.append("\n" if text.plain else "")
        colour = _STYLES.get(finding.family, "bold red").removesuffix(" underline")
        text.append(f"  ▸ {category.title}", colour)
        if quotes and finding.quote:
            text.append(f" {quoted(finding.quote, _QUOTED)}")
        if finding.kind_of_no:
            text.append(f", {KINDS_OF_NO.get(finding.kind_of_no, finding.kind_of_no)}")
        if finding.charged:
            charged = ", ".join(f"{printable(each.name)} ({each.kind.replace('_', ' ')})" for each in finding.charged)
            text.append(f"; charged to {charged}")
        text.append(f"  {finding.rule_id}", "dim")
    return text


def _score(scored: Scored, pack: Pack) -> RenderableType:
    if not scored.contributions:
        return Text("No friction was found." if not scored.not_evaluated else "Not evaluated: see above.", "green")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, expand=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what")
    table.add_column("quote", ratio=1, overflow="fold")
    table.add_column("say instead", ratio=1, overflow="fold")
    for each in sorted(scored.contributions, key=lambda each: (-each.points, each.finding)):
        finding = scored.findings[each.finding]
        advice = pack.rule(finding.rule_id).entry.advice
        what = pack.categories[finding.category].title
        table.add_row(
            f"{each.points:.1f}", Text(what), Text(quoted(finding.quote, _QUOTED), "italic"), Text(advice, "dim")
        )
    total = Text(f"{scored.score:.1f}", "bold")
    table.add_row(total, Text("sum, after relief for recovery", "bold"), "", "")
    return table
