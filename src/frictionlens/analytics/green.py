"""Own green but hurting: how QA scores and CSAT go with friction, where an export carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from frictionlens.analytics.cases import Cases
from frictionlens.analytics.report import GreenButHurting, Quadrant
from frictionlens.analytics.series import rate

if TYPE_CHECKING:
    import duckdb

MEASURES: Final = {"qa_score": ("QA score", 0.85), "csat": ("CSAT", 0.75)}
"""Column → (title, share of the scale from which a value is good): 85 of 100 in QA, 4 of 5 in CSAT."""
SCALES: Final = (1.0, 5.0, 7.0, 10.0, 100.0)
WORST: Final = 5


def build_green(
    connection: duckdb.DuckDBPyConnection, last: int, cases: Cases, *, min_group: int
) -> tuple[GreenButHurting, ...]:
    """Compare each measure with friction in the last bucket; a measure on too few interactions is left out.

    The correlation is Spearman's; its interval is Fisher's z on the ranks (`scipy.stats.pearsonr`).
    """
    found = []
    for column, (title, good_share) in MEASURES.items():
        rows = connection.execute(
            f"""SELECT k, CAST({column} AS DOUBLE), score, high FROM i
            WHERE bucket = $last AND fe AND {column} IS NOT NULL ORDER BY k""",  # noqa: S608
            {"last": last},
        ).fetchall()
        if len(rows) < min_group:
            continue
        largest = connection.execute(f"SELECT max({column}) FROM interactions").fetchall()[0][0]  # noqa: S608
        scale = next((each for each in SCALES if largest <= each), float(largest))
        # Scales of satisfaction start at 1, so that 4 of 5 is three quarters of the way.
        bottom = 1.0 if column == "csat" and scale in (5.0, 7.0) else 0.0
        good_from = bottom + good_share * (scale - bottom)
        quadrants = {(good, high): 0 for good in (True, False) for high in (True, False)}
        for _, value, _, high in rows:
            quadrants[value >= good_from, high] += 1
        hurting = sorted((row for row in rows if row[1] >= good_from and row[3]), key=lambda row: (-row[2], row[0]))
        rho, low, top = _spearman([row[1] for row in rows], [row[2] for row in rows])
        found.append(
            GreenButHurting(
                measure=title,
                interactions=len(rows),
                good_from=round(good_from, 2),
                scale=scale,
                quadrants=tuple(Quadrant(*key, number) for key, number in quadrants.items()),
                hurting=rate(quadrants[True, True], quadrants[True, True] + quadrants[True, False]),
                rho=rho,
                rho_low=low,
                rho_high=top,
                worst=tuple(cases.add(row[0]) for row in hurting[:WORST]),
            )
        )
    return tuple(found)


def _spearman(one: list[float], other: list[float]) -> tuple[float | None, float | None, float | None]:
    if len(one) < 4 or len(set(one)) < 2 or len(set(other)) < 2:
        return None, None, None
    from scipy.stats import pearsonr, rankdata

    result = pearsonr(rankdata(one), rankdata(other))
    interval = result.confidence_interval(0.95)
    return round(float(result.statistic), 3), round(float(interval.low), 3), round(float(interval.high), 3)
