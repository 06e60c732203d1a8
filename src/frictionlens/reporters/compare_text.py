"""Show a comparison to people, and write it as JSON."""

from __future__ import annotations

import json

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from frictionlens.errors import counted
from frictionlens.gate import Change, Comparison, Outcome
from frictionlens.gate._compare import LEAST
from frictionlens.reporters._marks import Notes, on_one_line

SHOWN = 10
"""Findings and interactions listed of each sort; the number left out is said."""

_ORDER = {"worse": 0, "better": 1, "unclear": 2}
_STYLES = {"worse": "bold red", "better": "green", "unclear": "dim"}


def build(comparison: Comparison, notes: Notes, outcome: Outcome | None = None) -> RenderableType:
    """Build what the terminal shows."""
    how = f"{comparison.common} compared in pairs" if comparison.paired else "compared as separate samples"
    parts: list[RenderableType] = [
        Text(f"A: {counted(comparison.size_a, 'interaction')}, B: {comparison.size_b:,}; {how}.", "bold"),
        _figures(comparison),
        Text(_method(comparison), "dim"),
        Text(),
    ]
    if not comparison.common:
        parts.append(Text("No interaction is in both, so findings and scores cannot be matched one by one."))
        return Group(*parts, *_verdict(outcome))
    for title, entries in (("New in B", comparison.new), ("Gone from B", comparison.gone)):
        parts.append(Text(f"{title}: {counted(len(entries), 'finding')}", "bold"))
        for interaction, finding in entries[:SHOWN]:
            note = notes.get(finding.rule_id)
            line = Text.assemble(
                ("  " + on_one_line(interaction) + "  ", "cyan"), note.title if note else finding.rule_id
            )
            quote = on_one_line(finding.quote)
            parts.append(line.append(f"  “{quote}”" if quote else ""))
        parts += _more(len(entries))
    parts.append(Text(f"Moved inside their interaction: {counted(len(comparison.moved_findings), 'finding')}", "bold"))
    parts.append(Text(f"Score changed: {counted(len(comparison.moved), 'interaction')}", "bold"))
    for moved in comparison.moved[:SHOWN]:
        arrow = f"{moved.a:g} → {moved.b:g}"
        parts.append(Text.assemble(("  " + on_one_line(moved.interaction_id) + "  ", "cyan"), arrow))
    parts += _more(len(comparison.moved))
    return Group(*parts, *_verdict(outcome))


def _verdict(outcome: Outcome | None) -> list[RenderableType]:
    if outcome is None:
        return []
    style = "bold green" if outcome.code == 0 else "bold red"
    said = f"  {outcome.sentence}  (exit code {outcome.code:d})"
    return [Text(), Text.assemble((outcome.word.upper(), style), said)]


def _more(count: int) -> list[RenderableType]:
    return [Text(f"  … and {count - SHOWN} more", "dim")] if count > SHOWN else []


def _figures(comparison: Comparison) -> Table:
    table = Table("figure", box=None, pad_edge=False, header_style="bold")
    for name in ("A", "B", "points", "interval", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    # What changed stands first, below the two figures that sum everything up.
    changes = comparison.changes[:2] + tuple(sorted(comparison.changes[2:], key=lambda each: _ORDER[each.direction]))
    for change in changes:
        low, high = (_points(change, end) for end in change.interval)
        table.add_row(
            Text(change.title),
            _number(change, change.a),
            _number(change, change.b),
            _points(change, change.difference),
            f"{low} to {high}",
            Text(change.direction, _STYLES[change.direction]),
        )
    return table


def _number(change: Change, value: float) -> str:
    return f"{value:.1f}" if change.key == "mean_score" else f"{value:.1%}"


def _points(change: Change, value: float) -> str:
    """Write a difference in points: of the score, or percentage points."""
    return f"{value if change.key == 'mean_score' else value * 100:+.1f}"


def _method(comparison: Comparison) -> str:
    if comparison.too_few:
        return f"Changes in points. Fewer than {LEAST} interactions on a side: nothing is called a change."
    return (
        f"Changes in points. Each interval covers {comparison.level:.2%}, so that all {len(comparison.changes)} "
        "figures together err in at most 5 % of comparisons in which nothing changed (Bonferroni). Mean: percentile "
        "bootstrap; shares: hybrid score interval (Newcombe 1998)."
    )


def render_json(comparison: Comparison, outcome: Outcome) -> str:
    """Render as JSON."""
    report = {
        "compare_version": 1,
        "outcome": {"code": int(outcome.code), "word": outcome.word, "sentence": outcome.sentence},
        "size_a": comparison.size_a,
        "size_b": comparison.size_b,
        "common": comparison.common,
        "paired": comparison.paired,
        "level": round(comparison.level, 6),
        "figures": [
            {
                "key": each.key,
                "a": round(each.a, 4),
                "b": round(each.b, 4),
                "low": round(each.interval.low, 4),
                "high": round(each.interval.high, 4),
                "direction": each.direction,
            }
            for each in comparison.changes
        ],
        "new": [_entry(interaction, finding.rule_id, finding.fingerprint) for interaction, finding in comparison.new],
        "gone": [_entry(interaction, finding.rule_id, finding.fingerprint) for interaction, finding in comparison.gone],
        "moved_findings": [
            _entry(name, after.rule_id, after.fingerprint) for name, _, after in comparison.moved_findings
        ],
        "scores": [{"interaction_id": each.interaction_id, "a": each.a, "b": each.b} for each in comparison.moved],
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _entry(interaction: str, rule_id: str, fingerprint: str) -> dict[str, str]:
    return {"interaction_id": interaction, "rule_id": rule_id, "fingerprint": fingerprint}
