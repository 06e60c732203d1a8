"""Show how rules are found over transcripts, and what a draft rule would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frictionlens.errors import counted
from frictionlens.model import Finding
from frictionlens.pipeline import names_of
from frictionlens.privacy import Mode, printable
from frictionlens.reporters.conversation import in_place
from frictionlens.rule_draft import SpotCheck
from frictionlens.rule_stats import RuleStats

PAIRS: Final = 10


def show(stats: RuleStats, console: Console, *, most: int = 40) -> None:
    """Print hit rates, rules found together, and dead rules."""
    console.print(Text(f"\n{counted(stats.interactions, 'interaction')}\n"))
    for section in _sections(stats, most):
        console.print(section)
        console.print()


def to_json(stats: RuleStats) -> bytes:
    """Encode the statistics."""
    data = {"schema_version": 1, **msgspec.to_builtins(stats)}
    return msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.show_edge, table.header_style = False, "dim"
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _sections(stats: RuleStats, most: int) -> Iterator[RenderableType]:
    if stats.uses:
        table = _table("Rules found", ["rule"], ["  hits", "  inter-\nactions", "  share", "  95 %", "  alone"])
        for each in stats.uses[:most]:
            low, high = each.interval
            numbers = (f"{each.findings:,}", f"{each.interactions:,}", f"{each.share:.1%}", f"  {low:.1%}–{high:.1%}")
            table.add_row(Text(each.rule_id), *map(Text, numbers), Text(f"{each.only:,}"))
        more = len(stats.uses) - most
        note = "alone: interactions in which no other rule finds the category"
        yield Group(table, Text(note + (f"; {more} rarer rules left out (--all)" if more > 0 else ""), "dim"))
    if stats.together:
        table = _table("Found together", ["rule", "and"], ["  both", "  overlap", "   lift"])
        for pair in stats.together[:PAIRS]:
            cells = (f"{pair.both:,}", f"{pair.jaccard:.0%}", f"{pair.lift:.1f}")
            table.add_row(Text(f"{pair.first} "), Text(pair.second), *map(Text, cells))
        yield Group(table, Text("overlap: interactions with both, of those with either; lift: 1 is chance", "dim"))
    for title, names in (("Never found", stats.dead), ("Could be looked for nowhere", stats.not_looked_for)):
        if names:
            yield Group(Text(f"{title} ({len(names)})", "bold"), Padding(Text(", ".join(names), "dim"), (0, 0, 0, 2)))


def show_spot_check(found: SpotCheck, console: Console, mode: Mode, *, most: int = 5) -> None:
    """Print what a draft changes."""
    low, high = found.interval
    share = found.hit / found.interactions if found.interactions else 0.0
    head = Text(f"\n{', '.join(found.rules)}\n", "bold")
    head.append(
        f"{counted(found.findings, 'finding')} in {found.hit:,} of {found.interactions:,} "
        "interactions: "
        f"{share:.1%} ({low:.1%} to {high:.1%})\n"
        f"turns: {found.new_turns} newly found, {found.known_turns} that other rules of the category find as well",
        "not bold",
    )
    head.append(f", {found.lost_turns} no longer found" if found.lost_turns else "", "yellow not bold")
    console.print(head)
    console.print()
    table = _table("Friction score", [""], ["   least", " quartile", "  median", " quartile", " highest"])
    rows = [("sample, rules as they are", found.before), ("sample, with the draft", found.after)]
    rows += [("interactions hit, as they are", found.before_hit), ("interactions hit, with the draft", found.after_hit)]
    for name, numbers in rows:
        if numbers:
            table.add_row(Text(name), *(Text(f"{number:.1f}") for number in numbers))
    console.print(table)
    if found.new:
        console.print(Text(f"\nNewly hit ({min(most, len(found.new))} of {len(found.new)})", "bold"))
    for each in found.new[:most]:
        quote = each.interaction.turns[each.turn].text[each.start : each.end]
        mark = Finding(each.rule_id, "", "friction", "low", "low", each.turn, each.start, each.end, quote, None, (), "")
        title = Text(f"{printable(each.interaction.id)}  ", "bold")
        title.append(f"score {each.before:.1f} → {each.after:.1f}  {each.rule_id}", "dim not bold")
        turns = in_place(each.interaction, each.turn, [mark], mode, names=names_of(each.interaction))
        console.print(Padding(Group(title, turns), (1, 0, 0, 2)))
    console.print()
