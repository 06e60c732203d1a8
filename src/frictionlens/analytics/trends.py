"""Own the weekly rates: the headline, the kinds of friction, the seven signs, the funnel's steps, and slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from frictionlens.analytics.meanings import DEFAULT_STEPS, SIGNS, STEP_NAMES, title_of
from frictionlens.analytics.report import Funnel, FunnelStep, Headline, Series, Slice, SliceRow
from frictionlens.analytics.series import BUDGET, dispersion_of, find_steps, is_change, rate
from frictionlens.analytics.tables import counts

if TYPE_CHECKING:
    import duckdb

FIELDS: Final = ("channel", "queue", "team", "product", "tag")
SHOWN: Final = 12
"""Groups of one field that are shown; the rest is folded."""

Weeks = list[tuple[int, int]]


def build_headline(
    connection: duckdb.DuckDBPyConnection, evaluated: Sequence[int], dispersion: float
) -> tuple[Headline, int]:
    """Sum up the last bucket; return it and how many tests were made for it."""
    last = len(evaluated) - 1
    weeks: dict[str, Weeks] = {"friction": [], "high": []}
    rows = connection.execute(
        """
        SELECT bucket, count(*) FILTER (fe AND coalesce(friction, false)), count(*) FILTER (fe AND high)
        FROM i LEFT JOIN x USING (k) GROUP BY bucket
        """
    ).fetchall()
    by_bucket = {bucket: (friction, high) for bucket, friction, high in rows}
    for bucket, of in enumerate(evaluated):
        friction, high = by_bucket.get(bucket, (0, 0))
        weeks["friction"].append((friction, of))
        weeks["high"].append((high, of))
    (friction_series, high_series), tests = find_steps(
        [("Interactions with friction", weeks["friction"]), ("Interactions with high friction", weeks["high"])],
        budget=BUDGET["headline"], dispersion=dispersion, min_group=1, extra_tests=1,
    )  # fmt: skip
    before = weeks["friction"][-2] if last else (0, 0)
    changed, _, gap = is_change(
        rate(*before), rate(*weeks["friction"][-1]), budget=BUDGET["headline"], tests=tests, dispersion=dispersion
    )
    numbers = connection.execute(
        """
        SELECT count(*), count(*) FILTER (fe), count(*) FILTER (se),
            CAST(avg(CAST(score AS DECIMAL(18, 6))) FILTER (fe) AS DOUBLE),
            CAST(sum(CAST(score AS DECIMAL(18, 6))) FILTER (fe) AS DOUBLE),
            CAST(sum(CAST(score * score AS DECIMAL(18, 6))) FILTER (fe) AS DOUBLE),
            CAST(coalesce(sum(friction_points), 0) AS DOUBLE),
            coalesce(sum(process_words), 0), coalesce(sum(company_words), 0),
            CAST(coalesce(sum(CAST(process_seconds AS DECIMAL(18, 3))), 0) AS DOUBLE),
            count(*) FILTER (fe AND dead_end), count(*) FILTER (se AND leaving), count(*) FILTER (se AND escalation)
        FROM i LEFT JOIN x USING (k) WHERE bucket = $last
        """,
        {"last": last},
    ).fetchall()[0]
    total, fe, se, _, sum_of, squares, points, words, all_words, seconds, dead, leaving, escalated = numbers
    mean, low, high = _mean_interval(fe, sum_of or 0.0, squares or 0.0)
    return Headline(
        interactions=total,
        friction=friction_series,
        high=high_series,
        friction_change=gap,
        friction_changed=changed,
        mean_score=mean,
        mean_score_low=low,
        mean_score_high=high,
        points=round(points, 1),
        process_words=int(words),
        company_words=int(all_words),
        process_minutes=round(seconds / 60, 1),
        dead_ends=rate(dead, fe),
        leaving=rate(leaving, se),
        escalations=rate(escalated, se),
    ), tests


def _mean_interval(number: int, total: float, squares: float) -> tuple[float | None, float | None, float | None]:
    """Return (mean, low, high) with a 95 % t interval from sums, so that no score has to be held in memory."""
    if not number:
        return None, None, None
    mean = total / number
    if number < 2:
        return round(mean, 2), None, None
    from scipy.stats import t

    deviation = max((squares - number * mean * mean) / (number - 1), 0.0) ** 0.5
    margin = float(t.ppf(0.975, number - 1)) * deviation / number**0.5
    return round(mean, 2), round(max(mean - margin, 0.0), 2), round(mean + margin, 2)


class Kinds(NamedTuple):
    """What is tested together: kinds of friction, signs, and steps of recovery."""

    kinds: tuple[Series, ...]
    signs: tuple[Series, ...]
    funnel: Funnel
    tests: int
    dispersion: float


def build_kinds(
    connection: duckdb.DuckDBPyConnection,
    evaluated: Sequence[int],
    *,
    titles: dict[str, str],
    steps: Mapping[str, int],
    min_group: int,
) -> Kinds:
    """Count kinds of friction and episodes, the seven signs and the recovery funnel by week."""
    buckets = len(evaluated)
    kinds = counts(
        connection,
        """SELECT category, f.bucket, count(DISTINCT k) FILTER (fe), 0 FROM f JOIN i USING (k)
        WHERE family IN ('friction', 'episode') GROUP BY ALL""",
        buckets,
    )
    heard = _heard(connection, buckets)
    signs: dict[str, Weeks] = {}
    for sign in SIGNS:
        found = counts(
            connection,
            """SELECT 'sign', f.bucket, count(DISTINCT k), 0 FROM f
            WHERE list_contains($categories, category) GROUP BY ALL""",
            buckets,
            {"categories": list(sign.categories)},
        ).get("sign", [(0, 0)] * buckets)
        signs[sign.name] = [(min(count, of), of) for (count, _), of in zip(found, heard, strict=True)]
    met, reached, funnel_of = _funnel(connection, steps or DEFAULT_STEPS, buckets)
    order = sorted(kinds, key=lambda name: (-sum(count for count, _ in kinds[name]), name))
    named: list[tuple[str, Weeks]] = [
        (title_of(name, titles), [(count, of) for (count, _), of in zip(kinds[name], evaluated, strict=True)])
        for name in order
    ]
    named += list(signs.items())
    named += [
        (name, [(weeks[place], of) for weeks, of in zip(met, funnel_of, strict=True)])
        for place, name in enumerate(STEP_NAMES)
    ]
    dispersion = dispersion_of(weeks for _, weeks in named)
    series, tests = find_steps(named, budget=BUDGET["kinds"], dispersion=dispersion, min_group=min_group)
    return Kinds(
        kinds=tuple(series[: len(order)]),
        signs=tuple(series[len(order) : len(order) + len(SIGNS)]),
        funnel=_build_funnel(
            connection, met[-1], reached[-1], funnel_of[-1], series[len(order) + len(SIGNS) :], last=buckets - 1
        ),
        tests=tests,
        dispersion=dispersion,
    )


def _heard(connection: duckdb.DuckDBPyConnection, buckets: int) -> list[int]:
    """Count interactions in which anything could be looked for, by bucket: the denominator of the signs."""
    rows = dict(connection.execute("SELECT bucket, count(*) FILTER (fe OR se) FROM i GROUP BY bucket").fetchall())
    return [rows.get(bucket, 0) for bucket in range(buckets)]


def _funnel(
    connection: duckdb.DuckDBPyConnection, steps: Mapping[str, int], buckets: int
) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """Return by bucket: how often each step was met, how often it and all before it were, and out of how many."""
    wanted = {step: [category for category, own in steps.items() if own == step] for step in range(1, 6)}
    flags = ", ".join(f"coalesce(bool_or(list_contains($s{step}, category)), false) AS s{step}" for step in range(1, 6))
    sums = [f"count(*) FILTER (s{step})" for step in range(1, 6)]
    sums += [f"count(*) FILTER ({' AND '.join(f's{n}' for n in range(1, step + 1))})" for step in range(1, 6)]
    rows = connection.execute(
        f"""
        SELECT bucket, {", ".join(sums)}, count(*)
        FROM (SELECT k, any_value(f.bucket) AS bucket, {flags}
            FROM f JOIN i USING (k) JOIN x USING (k) WHERE x.friction AND i.fe GROUP BY k)
        GROUP BY bucket
        """,  # noqa: S608
        {f"s{step}": categories for step, categories in wanted.items()},
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    all_rows = [found.get(bucket, (0,) * 11) for bucket in range(buckets)]
    return [list(row[:5]) for row in all_rows], [list(row[5:10]) for row in all_rows], [row[10] for row in all_rows]


def _build_funnel(
    connection: duckdb.DuckDBPyConnection,
    met: Sequence[int],
    reached: Sequence[int],
    of: int,
    series: Sequence[Series],
    *,
    last: int,
) -> Funnel:
    words = connection.execute(
        """
        SELECT count(*), CAST(quantile_cont(apology_words_before_option, 0.5) AS DOUBLE),
            CAST(quantile_cont(apology_words_before_option, 0.9) AS DOUBLE)
        FROM i JOIN x USING (k)
        WHERE bucket = $last AND friction AND fe AND apology_words_before_option IS NOT NULL
        """,
        {"last": last},
    ).fetchall()[0]
    left = [before - after for before, after in zip([of, *reached], reached, strict=False)]
    return Funnel(
        interactions=of,
        steps=tuple(
            FunnelStep(name, rate(met[place], of), rate(reached[place], of), series[place])
            for place, name in enumerate(STEP_NAMES)
        ),
        breaks_at=STEP_NAMES[left.index(max(left))] if of and max(left) else None,
        with_options=words[0],
        apology_words_median=words[1],
        apology_words_p90=words[2],
    )


def build_slices(
    connection: duckdb.DuckDBPyConnection, buckets: int, *, by: Sequence[str], min_group: int, dispersion: float
) -> tuple[tuple[Slice, ...], int]:
    """Split the last bucket by fields; groups smaller than `min_group` are folded.

    Fields: channel, queue, team, product, tag, and agent where asked for. Agents are listed by name, never by rate.
    """
    found: list[tuple[str, dict[str, Weeks], dict[str, tuple[int, ...]], int]] = []
    for field in by:
        value = "unnest(tags)" if field == "tag" else field
        values = f"SELECT k, bucket, {value} AS value FROM i"  # noqa: S608
        weekly = counts(
            connection,
            f"""
            SELECT value, v.bucket, count(*) FILTER (fe AND coalesce(friction, false)), count(*) FILTER (fe)
            FROM ({values}) v JOIN i USING (k) LEFT JOIN x USING (k) WHERE value IS NOT NULL GROUP BY ALL
            """,  # noqa: S608
            buckets,
        )
        numbers = {
            row[0]: row[1:]
            for row in connection.execute(
                f"""
                SELECT value, count(*), count(*) FILTER (fe AND high), count(*) FILTER (fe),
                    CAST(avg(CAST(score AS DECIMAL(18, 6))) FILTER (fe) AS DOUBLE)
                FROM ({values}) v JOIN i USING (k) WHERE value IS NOT NULL AND v.bucket = $last GROUP BY value
                """,  # noqa: S608
                {"last": buckets - 1},
            ).fetchall()
        }
        if not numbers:
            continue
        total = connection.execute("SELECT count(*) FROM i WHERE bucket = $last", {"last": buckets - 1}).fetchall()
        with_value = connection.execute(
            f"SELECT count(DISTINCT k) FROM ({values}) WHERE value IS NOT NULL AND bucket = $last",  # noqa: S608
            {"last": buckets - 1},
        ).fetchall()
        found.append((field, weekly, numbers, total[0][0] - with_value[0][0]))
    large = {field: _large(numbers, min_group) for field, _, numbers, _ in found}
    named = [
        (f"{field}: {value}", weekly[value])
        for field, weekly, _, _ in found if field != "agent" for value in large[field]
    ]  # fmt: skip
    series, tests = find_steps(named, budget=BUDGET["slices"], dispersion=dispersion, min_group=min_group)
    by_name = {each.name: each for each in series}
    slices = []
    for field, weekly, numbers, missing in found:
        worst = _worst_process(connection, field, buckets - 1)
        keep = large[field]
        shown = sorted(keep) if field == "agent" else keep
        rows = tuple(
            SliceRow(
                value=value,
                interactions=numbers[value][0],
                friction=rate(*weekly[value][-1]),
                high=rate(numbers[value][1], numbers[value][2]),
                mean_score=None if numbers[value][3] is None else round(numbers[value][3], 1),
                process=worst.get(value, ""),
                series=by_name.get(f"{field}: {value}")
                or Series(f"{field}: {value}", tuple(rate(*week) for week in weekly[value]), (), False),
            )
            for value in shown
        )
        folded = [value for value in numbers if value not in keep]
        slices.append(Slice(field, rows, len(folded), sum(numbers[value][0] for value in folded), missing))
    return tuple(slices), tests


def _large(numbers: Mapping[str, tuple[int, ...]], min_group: int) -> list[str]:
    large = [value for value in numbers if numbers[value][0] >= min_group]
    return sorted(large, key=lambda value: (-numbers[value][0], value))[:SHOWN]


def _worst_process(connection: duckdb.DuckDBPyConnection, field: str, last: int) -> dict[str, str]:
    values = "unnest(tags)" if field == "tag" else field
    rows = connection.execute(
        f"""
        SELECT value, arg_max(name, (points, name)) FROM (
            SELECT value, c.name, sum(c.points) AS points
            FROM c JOIN (SELECT k, {values} AS value FROM i) USING (k)
            WHERE c.bucket = $last AND kind <> 'none' AND value IS NOT NULL GROUP BY ALL)
        GROUP BY value
        """,  # noqa: S608
        {"last": last},
    ).fetchall()
    return dict(rows)
