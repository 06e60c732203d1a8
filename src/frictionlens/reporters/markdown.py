"""Write the summary of a scan as Markdown, for a ticket or a wiki page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Final

from frictionlens.errors import counted
from frictionlens.privacy import markdown_safe
from frictionlens.results import SortedResults
from frictionlens.summary import Summary, ranked_processes, strongest

SUFFIXES: Final = (".md", ".markdown")


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write headline, processes, categories, worst interactions and problems."""
    del results
    evaluated = summary.evaluated["friction"]
    parts = [
        "# Friction scan\n",
        f"- Interactions: {summary.interactions:,} ({counted(summary.turns, 'turn')}); "
        f"problems: {summary.problem_count:,}\n"
        f"- Mean friction score: {summary.mean:.1f} of 100\n"
        f"- Coverage: friction could be looked for in {evaluated:,} of "
        f"{counted(summary.interactions, 'interaction')}\n",
    ]
    ranked = ranked_processes(summary, 20)
    if ranked:
        ledger: list[tuple[str, ...]] = [
            (str(rank), process.name, process.kind, f"{total.points:.0f}", f"{total.interactions:,}", total.quote)
            for rank, (process, total) in enumerate(ranked, 1)
        ]
        parts.append("## Processes\n")
        parts.append(_table(("#", "process", "kind", "points", "interactions", "strongest quote"), ledger))
    if summary.categories:
        found = sorted(summary.categories.items(), key=lambda each: (-each[1].interactions, each[0]))
        parts.append("## Categories\n")
        parts.append(
            _table(
                ("category", "findings", "interactions"),
                [(key, f"{total.findings:,}", f"{total.interactions:,}") for key, total in found],
            )
        )
    if summary.worst:
        rows = []
        for scored in summary.worst:
            finding = strongest(scored)
            quote = finding.quote if finding else ""
            rows.append((f"{scored.score:.0f}", scored.interaction_id, scored.source, quote))
        parts.append("## Worst interactions\n")
        parts.append(_table(("score", "interaction", "source", "strongest quote"), rows))
    if summary.problems:
        parts.append("## Problems\n")
        parts.append(_table(("where", "record", "reason"), [(p.source, p.record, p.reason) for p in summary.problems]))
    parts.append(f"Rule pack digest: `{digest}`\n")
    stream.write("\n".join(parts).encode("utf-8", "replace"))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([markdown_safe(" ".join(cell.split())) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
