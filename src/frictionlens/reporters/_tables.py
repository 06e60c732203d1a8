"""Own the two flat tables, interactions and findings, that csv and parquet share with the store: same names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from frictionlens.model import Scored

INTERACTIONS: Final[dict[str, str]] = {
    "interaction_id": "string", "source": "string", "channel": "string", "started_at": "string", "score": "double",
    "recovery_steps": "int64", "process_share": "double", "agent": "string", "queue": "string", "team": "string",
    "product": "string", "tags": "string", "csat": "double", "qa_score": "double", "language": "string",
    "turns": "int64", "company_turns": "int64", "customer_turns": "int64", "unknown_turns": "int64",
    "company_words": "int64", "process_words": "int64", "seconds": "double", "process_seconds": "double",
    "apology_words_before_option": "int64", "not_evaluated": "string", "findings": "int64", "request": "string",
    "content_hash": "string",
}  # fmt: skip
FINDINGS: Final[dict[str, str]] = {
    "interaction_id": "string", "source": "string", "rule_id": "string", "category": "string", "family": "string",
    "severity": "string", "confidence": "string", "turn": "int64", "start": "int64", "end": "int64", "quote": "string",
    "kind_of_no": "string", "charged_kind": "string", "charged_name": "string", "points": "double",
    "fingerprint": "string",
}  # fmt: skip
"""Column → Arrow type. Several charged processes stand in one cell, separated by `; `."""


def interaction_row(scored: Scored) -> dict[str, Any]:
    """Return the row of one interaction."""
    facts = scored.facts
    row = {name: getattr(scored, name) for name in INTERACTIONS if hasattr(scored, name)}
    row |= {name: getattr(facts, name) for name in facts.__struct_fields__}
    row["tags"] = "; ".join(scored.tags)
    row["not_evaluated"] = "; ".join(f"{each.what}: {each.reason}" for each in scored.not_evaluated)
    row["findings"] = len(scored.findings)
    return {name: row[name] for name in INTERACTIONS}


def finding_rows(scored: Scored) -> Iterator[dict[str, Any]]:
    """Yield the rows of its findings."""
    points = {each.finding: each.points for each in scored.contributions}
    for index, finding in enumerate(scored.findings):
        row = {name: getattr(finding, name) for name in FINDINGS if hasattr(finding, name)}
        row |= {
            "interaction_id": scored.interaction_id,
            "source": scored.source,
            "charged_kind": "; ".join(each.kind for each in finding.charged),
            "charged_name": "; ".join(each.name for each in finding.charged),
            "points": points.get(index, 0.0),
        }
        yield {name: row[name] for name in FINDINGS}


def beside(path: Path) -> Path:
    """Return where the interactions go when `path` takes the findings: `out.csv` → `out.interactions.csv`."""
    return path.with_name(f"{path.stem}.interactions{path.suffix}")
