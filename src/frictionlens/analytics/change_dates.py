"""Own step six: did the process change help? Before and after a date, against the other processes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from frictionlens.analytics.meanings import NOBODY
from frictionlens.analytics.report import ChangeResult
from frictionlens.analytics.series import difference, rate
from frictionlens.analytics.tables import DAY, process_of
from frictionlens.errors import UserError

if TYPE_CHECKING:
    import duckdb

WEEKS: Final = 8
"""Weeks that are looked at on each side, where there are so many."""


class ChangeDate(msgspec.Struct, frozen=True):
    """A line of changes.yml: on this day, this was changed in this process."""

    date: date
    process: str
    """As the ledger names it."""
    what: str
    names: tuple[str, ...] = ()
    """Further names of the same process."""


def load_changes(path: Path) -> tuple[ChangeDate, ...]:
    """Read changes.yml: a list of `date`, `process`, `what`.

    Raises:
        UserError: the file cannot be read, or an entry is not of that shape.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text("utf-8"))
        return tuple(sorted(msgspec.convert(found or [], tuple[ChangeDate, ...]), key=lambda each: each.date))
    except OSError as error:
        raise UserError(f"the file cannot be read: {error.strerror}", str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError("not valid YAML", str(path), str(error).splitlines()[0]) from error
    except RecursionError as error:
        raise UserError("not valid YAML: it is nested too deeply", str(path)) from error
    except msgspec.ValidationError as error:
        raise UserError(
            str(error),
            str(path),
            "write a list of entries: {date: 2026-10-19, process: return window, what: …, names: […]}",
        ) from error
    except ValueError as error:
        raise UserError("not valid YAML: a date or number that does not exist", str(path)) from error


def build_changes(
    connection: duckdb.DuckDBPyConnection,
    changes: Sequence[ChangeDate],
    *,
    zone: str,
    until: date,
    unsteady: Collection[str] = (),
) -> tuple[ChangeResult, ...]:
    """Compare each process before and after its date with the other, steady processes over the same weeks.

    The ratio is the rate ratio of the process divided by that of the other processes. Both come from Poisson
    regressions of weekly counts, with evaluated interactions as exposure (statsmodels `GLM`); each standard error is
    scaled by its own Pearson chi-square, so that an outage elsewhere does not blur a quiet process. The interval uses
    Student's t; p-values are corrected by Holm's method (`multipletests`).

    Args:
        connection: an open store.
        changes: what was changed when.
        zone: time zone that decides on which day an interaction started.
        until: last day that the report knows of.
        unsteady: processes that changed of their own in the window; they are nobody's yardstick, and neither are
            processes with a change date of their own.
    """
    left_out = {*unsteady, *(_wanted(change) for change in changes)}
    measured = [_measure(connection, change, zone, until, left_out) for change in changes]
    tested = [place for place, (_, p) in enumerate(measured) if p is not None]
    if tested:
        from statsmodels.stats.multitest import multipletests

        corrected = multipletests([measured[place][1] for place in tested], method="holm")[1]
        for place, p in zip(tested, corrected, strict=True):
            measured[place] = (_judge(measured[place][0], float(p)), float(p))
    return tuple(result for result, _ in measured)


def _wanted(change: ChangeDate) -> str:
    return process_of(change.process.strip().lower())


def _judge(result: ChangeResult, p: float) -> ChangeResult:
    verdict: Literal["fell", "rose", "no change that clears the interval"] = "no change that clears the interval"
    if result.ratio_low is not None and result.ratio_high is not None and p <= 0.05:
        if result.ratio_high < 1:
            verdict = "fell"
        elif result.ratio_low > 1:
            verdict = "rose"
    return msgspec.structs.replace(result, p=float(f"{p:.3g}"), verdict=verdict)


def _measure(
    connection: duckdb.DuckDBPyConnection, change: ChangeDate, zone: str, until: date, left_out: Collection[str]
) -> tuple[ChangeResult, float | None]:
    rows = _weekly(connection, change, zone, until, left_out)
    before, after = [row for row in rows if row[0] < 0], [row for row in rows if row[0] >= 0]

    def total(part: Sequence[tuple[int, int, int, int]], column: int) -> Any:
        return rate(sum(row[column] for row in part), sum(row[1] for row in part))

    own, others = (difference(total(before, column), total(after, column)) for column in (2, 3))
    result = ChangeResult(
        date=change.date.isoformat(), process=change.process, what=change.what,
        weeks_before=len(before), weeks_after=len(after), own=own, others=others,
        ratio=None, ratio_low=None, ratio_high=None, p=None, verdict="too little to tell",
    )  # fmt: skip
    cells = [sum(row[column] for row in part) for part in (before, after) for column in (2, 3)]
    if min(len(before), len(after)) < 1 or min(cells) < 5:
        return result, None
    ratio, low, high, p = _ratio(rows)
    return msgspec.structs.replace(result, ratio=ratio, ratio_low=low, ratio_high=high), p


def _weekly(
    connection: duckdb.DuckDBPyConnection, change: ChangeDate, zone: str, until: date, left_out: Collection[str]
) -> list[tuple[int, int, int, int]]:
    """Return (week from the date, evaluated, naming the process, naming another one); whole weeks only."""
    wanted = {_wanted(change), *(name.strip().lower() for name in change.names)}
    names = connection.execute("SELECT DISTINCT name FROM charges WHERE kind <> 'none'").fetchall()
    own = [name for (name,) in names if wanted & {name, process_of(name)}]
    others = [name for (name,) in names if name not in own and process_of(name) not in left_out]
    rows = connection.execute(
        f"""
        WITH days AS (
            SELECT interaction_id, source, friction_evaluated, date_diff('day', $date, {DAY}) AS away
            FROM evaluated WHERE started_utc IS NOT NULL AND {DAY} <= $until),
        weeks AS (SELECT *, CAST(floor(away / 7.0) AS INTEGER) AS week FROM days WHERE friction_evaluated),
        flags AS (
            SELECT interaction_id, source, bool_or(list_contains($own, name)) AS own,
                bool_or(list_contains($others, name)) AS other
            FROM charges WHERE name <> '{NOBODY}' GROUP BY ALL)
        SELECT week, count(*), count(*) FILTER (own), count(*) FILTER (other)
        FROM weeks LEFT JOIN flags USING (interaction_id, source)
        WHERE week BETWEEN -{WEEKS} AND {WEEKS - 1} AND $date + 7 * (week + 1) - 1 <= $until
        GROUP BY week ORDER BY week
        """,  # noqa: S608
        {"date": change.date, "zone": zone, "until": until, "own": own, "others": others},
    ).fetchall()
    # The first week on record may have begun before the record did.
    first = connection.execute(
        f"SELECT min({DAY}) FROM evaluated WHERE started_utc IS NOT NULL",  # noqa: S608
        {"zone": zone},
    ).fetchall()[0][0]
    return [
        row
        for row in rows
        if first is not None and change.date + timedelta(days=7 * row[0]) >= first - timedelta(days=1)
    ]


def _ratio(rows: Sequence[tuple[int, int, int, int]]) -> tuple[float, float, float, float]:
    """Return (ratio of rate ratios, low, high, p)."""
    from math import exp

    from scipy.stats import t

    own, own_error, freedom = _effect([(week, of, count) for week, of, count, _ in rows])
    others, others_error, _ = _effect([(week, of, count) for week, of, _, count in rows])
    effect, error = own - others, (own_error**2 + others_error**2) ** 0.5
    reach = float(t.ppf(0.975, freedom)) * error
    p = float(2 * t.sf(abs(effect / error), freedom))
    low, middle, high = (round(exp(value), 3) for value in (effect - reach, effect, effect + reach))
    return middle, low, high, p


def _effect(rows: Sequence[tuple[int, int, int]]) -> tuple[float, float, int]:
    """Return (log rate ratio after against before, its standard error, degrees of freedom) of weekly counts."""
    import numpy as np
    import statsmodels.api as sm

    counts, exposure = np.array([count for _, _, count in rows]), np.array([of for _, of, _ in rows])
    design = np.array([[1.0, float(week >= 0)] for week, _, _ in rows])
    fitted = sm.GLM(counts, design, family=sm.families.Poisson(), exposure=exposure).fit()
    freedom = int(fitted.df_resid)
    scale = max(1.0, float(fitted.pearson_chi2) / freedom) if freedom > 0 else 1.0
    return float(fitted.params[1]), float(fitted.bse[1]) * scale**0.5, max(freedom, 1)
