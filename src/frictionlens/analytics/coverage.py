"""Own what a report rests on: what was read, what could not be looked for, which packs scored it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from frictionlens.analytics.report import Coverage, Missing, PackUse, ProblemLine
from frictionlens.analytics.series import rate

if TYPE_CHECKING:
    import duckdb

LINES: Final = 20
"""Problems that are listed; all are counted."""


def build_coverage(connection: duckdb.DuckDBPyConnection, last: int) -> Coverage:
    """Count what the last bucket rests on."""
    stored, undated = connection.execute(
        "SELECT count(*), count(*) FILTER (started_utc IS NULL) FROM interactions"
    ).fetchall()[0]
    total, fe, se, csat, qa, unknown, turns = connection.execute(
        """
        SELECT count(*), count(*) FILTER (fe), count(*) FILTER (se), count(csat), count(qa_score),
            coalesce(sum(unknown_turns), 0), coalesce(sum(turns), 0)
        FROM i WHERE bucket = $last
        """,
        {"last": last},
    ).fetchall()[0]
    missing = connection.execute(
        """
        SELECT item.what, item.reason, count(*) AS n
        FROM i, unnest(not_evaluated) AS u(item) WHERE bucket = $last GROUP BY ALL ORDER BY n DESC, 1, 2
        """,
        {"last": last},
    ).fetchall()
    problems = connection.execute("SELECT count(*) FROM problems").fetchall()[0][0]
    lines = connection.execute(
        f"SELECT source, record, reason FROM problems ORDER BY ALL LIMIT {LINES}"  # noqa: S608
    ).fetchall()
    return Coverage(
        stored=stored,
        undated=undated,
        in_period=total,
        friction_evaluated=rate(fe, total),
        signal_evaluated=rate(se, total),
        not_evaluated=tuple(Missing(*row) for row in missing),
        with_csat=rate(csat, total),
        with_qa_score=rate(qa, total),
        unknown_turns=rate(int(unknown), int(turns)),
        problems=problems,
        problem_lines=tuple(ProblemLine(*row) for row in lines),
    )


def build_packs(connection: duckdb.DuckDBPyConnection) -> tuple[PackUse, ...]:
    """Name the rule packs that scored the window, most used first."""
    rows = connection.execute(
        """
        SELECT pack_digest, coalesce(any_value(name), ''), coalesce(any_value(version), ''), count(*) AS n
        FROM i LEFT JOIN packs ON packs.digest = pack_digest GROUP BY pack_digest ORDER BY n DESC, pack_digest
        """
    ).fetchall()
    return tuple(PackUse(*row) for row in rows)
