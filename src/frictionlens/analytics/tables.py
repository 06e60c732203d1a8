"""Own the temporary tables that a report is computed from: the interactions and findings of its window.

`i`: interactions with a key `k` and a `bucket`; `f`: their findings; `x`: flags by interaction; `c`: charges,
one row a charged process and finding. Points are exact decimals: sums do not depend on the order of threads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from frictionlens.analytics.meanings import DEAD_END, ESCALATION, GRANTING, LEAVING, NOBODY, REFUSING, TIME_LIMIT
from frictionlens.analytics.periods import Period

if TYPE_CHECKING:
    import duckdb

DAY: Final = "CAST(CASE WHEN zoned THEN timezone($zone, started_utc AT TIME ZONE 'UTC') ELSE started_utc END AS DATE)"
"""The day an interaction started on, in the time zone of the report."""

_NUMBER: Final = (
    r"(?:\d+(?:[.,]\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|"
    r"twenty[ -]?one|twenty[ -]?four|twenty[ -]?eight|thirty|"
    r"forty[ -]?five|forty[ -]?eight|sixty|seventy[ -]?two|ninety)"
)
DURATION: Final = rf"({_NUMBER})[ -]*((?:business |working |calendar )?)(minute|hour|day|week|month|year)s?"
"""A time limit as people say it: number, sort of day, unit."""

_WORDS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fourteen": 14, "fifteen": 15, "twenty": 20, "twentyone": 21, "twentyfour": 24, "twentyeight": 28,
    "thirty": 30, "fortyfive": 45, "fortyeight": 48, "sixty": 60, "seventytwo": 72, "ninety": 90,
}  # fmt: skip
_DURATION = re.compile(rf"\b{DURATION}\b", re.IGNORECASE)


def build_tables(
    connection: duckdb.DuckDBPyConnection, buckets: Sequence[Period], zone: str, high_score: float
) -> None:
    """Make the temporary tables of a window.

    Args:
        connection: an open store; read-only is enough.
        buckets: the window, oldest first.
        zone: time zone that decides on which day an interaction started.
        high_score: score from which friction counts as high.
    """
    values = {
        "labels": list(range(len(buckets))),
        "since": [bucket.since for bucket in buckets],
        "until": [bucket.until for bucket in buckets],
        "zone": zone,
        "high": high_score,
    }
    run = connection.execute
    run(
        f"""
        CREATE OR REPLACE TEMP TABLE i AS
        WITH b AS (SELECT unnest($labels) AS bucket, unnest($since) AS since, unnest($until) AS until),
        dated AS (SELECT *, {DAY} AS day FROM evaluated WHERE started_utc IS NOT NULL)
        SELECT CAST(row_number() OVER (ORDER BY source, interaction_id) AS INTEGER) AS k,
            CAST(bucket AS INTEGER) AS bucket, dated.* EXCLUDE (excerpt, expect, started_utc, day, week, content_hash),
            friction_evaluated AS fe, signal_evaluated AS se, score >= $high AS high
        FROM dated JOIN b ON day BETWEEN since AND until
        """,  # noqa: S608
        values,
    )
    run(
        """
        CREATE OR REPLACE TEMP TABLE f AS
        SELECT i.k, i.bucket, position, rule_id, category, family, kind_of_no, turn, quote, charged,
            CAST(coalesce(points, 0) AS DECIMAL(18, 6)) AS points
        FROM findings JOIN i USING (source, interaction_id)
        """
    )
    noes, grants = _listed(REFUSING), _listed(GRANTING)
    run(
        f"""
        CREATE OR REPLACE TEMP TABLE x AS
        SELECT k, bool_or(family = 'friction') AS friction, bool_or(family = 'episode') AS episode,
            bool_or(category = '{DEAD_END}') AS dead_end, bool_or(category = '{LEAVING}') AS leaving,
            bool_or(category = '{ESCALATION}') AS escalation,
            max(turn) FILTER (category = 'refusal' OR (category IN ({noes}) AND kind_of_no IS NOT NULL)) AS last_no,
            max(turn) FILTER (category IN ({grants})) AS last_yes,
            last_no IS NOT NULL AND (last_yes IS NULL OR last_yes <= last_no) AS refused,
            last_yes IS NOT NULL AND (last_no IS NULL OR last_yes > last_no) AS granted,
            sum(CASE WHEN family = 'friction' THEN points ELSE 0 END) AS friction_points
        FROM f GROUP BY k
        """  # noqa: S608
    )
    pairs = run(
        "SELECT DISTINCT c.charge.kind, c.charge.name FROM f, unnest(charged) AS c(charge) WHERE family = 'friction'"
    ).fetchall()
    run("CREATE OR REPLACE TEMP TABLE named (kind VARCHAR, name VARCHAR, process VARCHAR)")
    if pairs:
        rows = sorted((kind, name, process_of(name)) for kind, name in pairs)
        run(
            "INSERT INTO named SELECT unnest($kind), unnest($name), unnest($process)",
            dict(zip(("kind", "name", "process"), map(list, zip(*rows, strict=True)), strict=True)),
        )
    run(
        f"""
        CREATE OR REPLACE TEMP TABLE c AS
        SELECT f.k, f.bucket, f.position, f.category, f.rule_id, f.kind_of_no, f.quote, charge.kind AS kind,
            CASE WHEN named.process = '{TIME_LIMIT}'
                THEN concat_ws(' · ', named.process, coalesce(i.queue, i.product, i.tags[1]))
                ELSE named.process END AS name,
            charge.name AS said, CAST(f.points / len(f.charged) AS DECIMAL(18, 6)) AS points
        FROM f JOIN i ON i.k = f.k, unnest(f.charged) AS u(charge)
        JOIN named ON named.kind = charge.kind AND named.name = charge.name
        WHERE f.family = 'friction'
        UNION ALL
        SELECT k, bucket, position, category, rule_id, kind_of_no, quote, 'none', '{NOBODY}', '', points
        FROM f WHERE family = 'friction' AND len(charged) = 0
        """  # noqa: S608
    )


def process_of(name: str) -> str:
    """Return the process that a charged name belongs to: the name without its number of days.

    A name that is nothing but a time limit says too little to be a process of its own: all of them in one queue (or
    product, or tag) are one process, so that "30 days" and "90 days" are seen to disagree.

    >>> process_of("30-day return window"), process_of("90 days")
    ('return window', 'time limit')
    """
    rest = re.sub(r"\s+", " ", _DURATION.sub(" ", name)).strip(" -")
    if rest == name:
        return name
    return rest if re.search(r"[^\W\d_]{3}", rest) else TIME_LIMIT


def limits_in(text: str) -> list[tuple[str, str]]:
    """Return the time limits that a text quotes, as (unit to compare within, limit in a common form).

    >>> limits_in("our thirty day window, or two weeks"), limits_in("3 business days")
    ([('day', '30 days'), ('day', '14 days')], [('business day', '3 business days')])
    """
    found = []
    for match in _DURATION.finditer(text):
        number, sort, unit = match[1].lower(), match[2].strip().lower(), match[3].lower()
        value = _WORDS.get(re.sub(r"[ -]", "", number)) or float(number.replace(",", "."))
        if unit == "week":
            unit, value = "day", value * 7
        if unit == "day" and sort in ("business", "working"):
            unit = "business day"
        found.append((unit, f"{value:g} {unit}{'s' if value != 1 else ''}"))
    return found


def counts(
    connection: duckdb.DuckDBPyConnection, query: str, buckets: int, values: dict[str, Any] | None = None
) -> dict[str, list[tuple[int, int]]]:
    """Run a query that gives (name, bucket, count, of) and return name → (count, of) by bucket."""
    found: dict[str, list[tuple[int, int]]] = {}
    for name, bucket, count, of in connection.execute(query, values or {}).fetchall():
        found.setdefault(name, [(0, 0)] * buckets)[bucket] = (int(count), int(of))
    return found


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
