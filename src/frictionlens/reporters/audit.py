"""Show an audit: a finding to be judged in its conversation, the precision per rule, a sheet for judging elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frictionlens.analytics.intervals import wilson
from frictionlens.audits import SHEET_COLUMNS, Candidate, RuleAudit
from frictionlens.pipeline import names_of
from frictionlens.privacy import Mode, printable, redact, spreadsheet_safe
from frictionlens.reporters.conversation import in_place
from frictionlens.reporters.table import quoted
from frictionlens.rules import Pack
from frictionlens.rules.confidence import MINIMUM

_QUOTE: Final = 200
"""Characters of a quote that are shown."""
_TEXT: Final = 600
"""Characters of a turn that a sheet shows."""


def candidate(each: Candidate, pack: Pack, mode: Mode, *, number: int, of: int) -> RenderableType:
    """Return a finding in its conversation, with what the rule claims."""
    finding = each.finding
    category = pack.categories[finding.category]
    head = Text(f"{number} of {of}  ", "dim")
    head.append(f"{category.title}: ", "bold red" if finding.family == "friction" else "bold")
    head.append(pack.rule(finding.rule_id).entry.title, "bold")
    place = f"{finding.rule_id} in {printable(each.interaction.id)}"
    claim = Text(f"{category.meaning}\n{place}", "dim")
    names = names_of(each.interaction)
    found = Text(f"Found in turn {finding.turn}: {quoted(redact(finding.quote, mode, names), _QUOTE)}")
    turns = in_place(each.interaction, finding.turn, [finding], mode, names=names)
    return Padding(Group(head, claim, found, Text(""), turns), (1, 0, 1, 0))


def stats(audits: Sequence[RuleAudit], pack: Pack) -> RenderableType:
    """Return the table of precision per rule; rules with too few answers say so."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, header_style="dim", show_edge=False)
    table.add_column("rule", overflow="fold")
    for name in ("true", "false", "unsure", "precision", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    known = known_ids(pack)
    for each in audits:
        judged = each.true + each.false
        says = "" if each.enough else f" too few: {judged} of {MINIMUM}"
        says += (";" if says else "") + " no such rule now" if each.rule_id not in known else ""
        cells = _figures(each.true, each.false, each.unsure)
        table.add_row(
            Text(printable(each.rule_id)),
            *cells,
            Text(says, "yellow"),
        )
    true, false, unsure = (sum(getattr(each, name) for each in audits) for name in ("true", "false", "unsure"))
    table.add_section()
    table.add_row(Text("all", "bold"), *_figures(true, false, unsure), Text(""))
    note = Text(
        "Precision: true of true and false. Intervals: Wilson. Unsure counts neither way.\n"
        "Answers are about what a rule found when it was asked: judge anew where rules have changed since.",
        "dim",
    )
    return Group(table, note)


def known_ids(pack: Pack) -> set[str]:
    """Return the ids of all rules and episodes."""
    return {each.id for each in pack.rules} | {each.id for each in pack.episodes}


def _figures(true: int, false: int, unsure: int) -> list[Text]:
    low, high = wilson(true, true + false)
    share = f"{true / (true + false):.2f}" if true + false else "–"
    return [Text(str(true)), Text(str(false)), Text(str(unsure)), Text(share), Text(f"{low:.2f}–{high:.2f}", "dim")]


def stats_json(audits: Sequence[RuleAudit]) -> bytes:
    """Encode the precision per rule."""
    data = {"schema_version": 1, "minimum": MINIMUM, "rules": msgspec.to_builtins(list(audits))}
    return msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"


def sheet(candidates: Iterable[Candidate], mode: Mode) -> str:
    """Write findings as a CSV sheet, so that somebody can fill in `answer` in a spreadsheet."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, SHEET_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in candidates:
        writer.writerow({name: spreadsheet_safe(cell) for name, cell in _row(each, mode).items()})
    return stream.getvalue()


def _row(each: Candidate, mode: Mode) -> Mapping[str, str]:
    interaction, finding = each
    names = names_of(interaction)
    turns = interaction.turns

    def text(index: int) -> str:
        return redact(turns[index].text, mode, names)[:_TEXT] if 0 <= index < len(turns) else ""

    return {
        "fingerprint": finding.fingerprint,
        "rule_id": finding.rule_id,
        "interaction_id": interaction.id,
        "source": interaction.source,
        "turn": str(finding.turn),
        "before": text(finding.turn - 1),
        "quote": redact(finding.quote, mode, names),
        "text": text(finding.turn),
        "answer": "",
        "note": "",
    }
