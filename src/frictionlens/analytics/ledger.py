"""Own the process ledger: which named policy, system, department or authority did what to customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from frictionlens.analytics.cases import Cases
from frictionlens.analytics.meanings import DEAD_END, ESCALATION, HARM, LEAVING, NOBODY
from frictionlens.analytics.report import Advice, LedgerRow, Quote, QuotedNumber, Rate, Series
from frictionlens.analytics.series import BUDGET, difference, dispersion_of, find_steps, pooled, rate
from frictionlens.analytics.tables import counts, limits_in

if TYPE_CHECKING:
    import duckdb

SHOWN: Final = 15
"""Processes in the ledger; the rest is counted."""
TESTED: Final = 40
"""Processes that are tested for change, most often named in the whole window first."""
QUOTES: Final = 3


class Ledger(NamedTuple):
    """The ledger and how much was tested for it."""

    rows: tuple[LedgerRow, ...]
    hidden: int
    nobody: LedgerRow | None
    series: tuple[Series, ...]
    """All tested processes, shown or not, named `kind: name`."""
    tests: int
    dispersion: float


def build_ledger(
    connection: duckdb.DuckDBPyConnection,
    evaluated: Sequence[int],
    cases: Cases,
    *,
    min_group: int,
    avoidable: frozenset[str] = frozenset(),
) -> Ledger:
    """Rank the processes of the last bucket by harm.

    Args:
        connection: an open store with the temporary tables of the window.
        evaluated: interactions in which friction could be looked for, by bucket.
        cases: takes the conversations that are quoted.
        min_group: processes named in fewer interactions of the whole window are counted, not shown.
        avoidable: interaction ids with the human verdict `avoidable`.
    """
    last = len(evaluated) - 1
    weekly = counts(
        connection,
        "SELECT kind || chr(31) || name, bucket, count(DISTINCT k), 0 FROM c GROUP BY ALL",
        len(evaluated),
    )
    series = {
        tuple(key.split("\x1f")): [(count, of) for (count, _), of in zip(weeks, evaluated, strict=True)]
        for key, weeks in weekly.items()
    }
    size = {key: sum(count for count, _ in weeks) for key, weeks in series.items()}
    named = sorted((key for key in size if key[1] != NOBODY), key=lambda key: (-size[key], key))
    large = [key for key in named if size[key] >= min_group]
    tested = [*large[:TESTED], *(key for key in series if key[1] == NOBODY)]
    dispersion = dispersion_of(series[key] for key in tested)
    found, tests = find_steps(
        [(f"{key[0]}: {key[1]}", series[key]) for key in tested],
        budget=BUDGET["ledger"],
        dispersion=dispersion,
        min_group=min_group,
    )
    steps = dict(zip(tested, found, strict=True))
    totals = _totals(connection, last)
    ranked = sorted((key for key in large if key in totals), key=lambda key: (-totals[key]["harm"], key))
    shown = ranked[:SHOWN]
    details = _Details(connection, last, cases, avoidable)

    def row(rank: int, key: tuple[str, ...]) -> LedgerRow:
        own = steps.get(key) or Series(f"{key[0]}: {key[1]}", tuple(rate(*week) for week in series[key]), (), False)
        return details.row(rank, key, totals[key], own, evaluated=evaluated[last], dispersion=dispersion)

    nobody = next((key for key in totals if key[1] == NOBODY), None)
    return Ledger(
        rows=tuple(row(place, key) for place, key in enumerate(shown, 1)),
        hidden=sum(key in totals for key in named) - len(shown),
        nobody=row(0, nobody) if nobody else None,
        series=tuple(found),
        tests=tests,
        dispersion=dispersion,
    )


def _totals(connection: duckdb.DuckDBPyConnection, last: int) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return (kind, name) → numbers of the last bucket."""
    result = connection.execute(
        f"""
        WITH own AS (
            SELECT k, kind, name, sum(c.points) AS points,
                bool_or(category = 'refusal' OR kind_of_no IS NOT NULL) AS refused
            FROM c WHERE bucket = $last GROUP BY k, kind, name)
        SELECT kind, name, count(*) AS interactions, sum(points) AS points,
            sum(points * CAST(1 + {HARM[DEAD_END]} * dead_end::INT + {HARM[LEAVING]} * leaving::INT
                + {HARM[ESCALATION]} * escalation::INT AS DECIMAL(6, 2))) AS harm,
            count(*) FILTER (own.refused) AS refused, count(*) FILTER (dead_end) AS dead_ends,
            count(*) FILTER (leaving) AS leaving, count(*) FILTER (escalation) AS escalations,
            CAST(sum(CAST(process_words * points / nullif(friction_points, 0) AS DECIMAL(18, 4))) AS DOUBLE) AS words,
            CAST(sum(CAST(process_seconds * points / nullif(friction_points, 0) AS DECIMAL(18, 4))) AS DOUBLE)
                AS seconds
        FROM own JOIN x USING (k) JOIN i USING (k) GROUP BY kind, name
        """,  # noqa: S608
        {"last": last},
    )
    names = [column[0] for column in result.description]
    return {(row[0], row[1]): dict(zip(names, row, strict=True)) for row in result.fetchall()}


class _Details:
    """Quotes, kinds of no, numbers and advice of the processes that are shown."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, last: int, cases: Cases, avoidable: frozenset[str]
    ) -> None:
        self._connection = connection
        self._last = last
        self._cases = cases
        self._avoidable = avoidable

    def row(
        self,
        rank: int,
        key: tuple[str, ...],
        numbers: dict[str, Any],
        series: Series,
        *,
        evaluated: int,
        dispersion: float,
    ) -> LedgerRow:
        of = numbers["interactions"]
        earlier: Rate = pooled(series.rates[:-1])
        return LedgerRow(
            rank=rank,
            kind=key[0],
            name=key[1],
            interactions=rate(of, evaluated),
            points=round(float(numbers["points"]), 1),
            harm=round(float(numbers["harm"]), 1),
            refused=rate(numbers["refused"], of),
            kinds_of_no=self._tally(key, "kind_of_no"),
            categories=self._tally(key, "category"),
            dead_ends=rate(numbers["dead_ends"], of),
            leaving=rate(numbers["leaving"], of),
            escalations=rate(numbers["escalations"], of),
            process_words=round(numbers["words"] or 0),
            process_minutes=round((numbers["seconds"] or 0) / 60, 1),
            numbers=(found := self._numbers(key) if key[0] in ("policy", "contract") else ()),
            conflicting=len({number.unit for number in found}) < len(found),
            quotes=self._quotes(key),
            advice=self._advice(key),
            series=series,
            change=difference(earlier, series.rates[-1], dispersion=dispersion),
            labelled_avoidable=self._labelled(key),
        )

    def _fetch(self, query: str, key: tuple[str, ...], **more: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, {"last": self._last, "kind": key[0], "name": key[1], **more}).fetchall()

    def _tally(self, key: tuple[str, ...], column: str) -> tuple[tuple[str, int], ...]:
        return tuple(
            self._fetch(
                f"""SELECT {column}, count(*) AS n FROM c
                WHERE bucket = $last AND kind = $kind AND name = $name AND {column} IS NOT NULL
                GROUP BY 1 ORDER BY n DESC, 1""",  # noqa: S608
                key,
            )
        )

    def _quotes(self, key: tuple[str, ...]) -> tuple[Quote, ...]:
        """Choose what was said most, then what has most points: each wording and each interaction once."""
        rows = self._fetch(
            """
            SELECT k, position, quote FROM (
                SELECT k, position, quote, said, points,
                    row_number() OVER (PARTITION BY k ORDER BY said DESC, points DESC, position) AS own
                FROM (
                    SELECT k, position, quote, c.points, count(*) OVER (PARTITION BY lower(quote)) AS said,
                        row_number() OVER (
                            PARTITION BY lower(quote) ORDER BY score DESC, interaction_id, i.source, position) AS place
                    FROM c JOIN i USING (k) WHERE c.bucket = $last AND kind = $kind AND name = $name)
                WHERE place = 1)
            WHERE own = 1 ORDER BY said DESC, points DESC, quote LIMIT $quotes
            """,
            key,
            quotes=QUOTES,
        )
        return tuple(self._cases.quote(*row) for row in rows)

    def _advice(self, key: tuple[str, ...]) -> Advice | None:
        rows = self._fetch(
            """
            SELECT rule_id, any_value(title ORDER BY n.digest), any_value(advice ORDER BY n.digest),
                count(DISTINCT (k, position)) AS said
            FROM c JOIN i USING (k) JOIN rule_notes n USING (rule_id)
            WHERE c.bucket = $last AND kind = $kind AND name = $name AND advice <> '' AND n.digest = i.pack_digest
            GROUP BY rule_id ORDER BY said DESC, rule_id LIMIT 1
            """,
            key,
        )
        return Advice(*rows[0]) if rows else None

    def _labelled(self, key: tuple[str, ...]) -> int:
        if not self._avoidable:
            return 0
        rows = self._fetch(
            """SELECT count(DISTINCT k) FROM c JOIN i USING (k)
            WHERE c.bucket = $last AND kind = $kind AND name = $name AND list_contains($ids, interaction_id)""",
            key,
            ids=sorted(self._avoidable),
        )
        return int(rows[0][0])

    def _numbers(self, key: tuple[str, ...]) -> tuple[QuotedNumber, ...]:
        """Find the time limits quoted for one process, each in two interactions or more."""
        heard: dict[tuple[str, str], dict[int, tuple[int, str]]] = {}
        for k, position, quote, said in self._fetch(
            r"""SELECT k, position, quote, said FROM c
            WHERE bucket = $last AND kind = $kind AND name = $name
                AND regexp_matches(said || ' ' || quote, '(?i)(minute|hour|day|week|month|year)')
            ORDER BY k, position""",
            key,
        ):
            # The name is the process's own number; a quote may mention others in passing.
            for limit in limits_in(said) or limits_in(quote):
                heard.setdefault(limit, {}).setdefault(k, (position, quote))
        often = {limit: where for limit, where in heard.items() if len(where) >= 2}
        found = []
        for (unit, text), where in sorted(often.items(), key=lambda item: (-len(item[1]), item[0])):
            first = min(where)
            found.append(QuotedNumber(text, unit, len(where), self._cases.quote(first, *where[first])))
        return tuple(found)
