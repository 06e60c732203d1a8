"""Own the making of a report: which period, then section by section from the tables of its window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from frictionlens import __version__
from frictionlens.analytics.answers import build_answers
from frictionlens.analytics.cases import Cases
from frictionlens.analytics.change_dates import ChangeDate, build_changes
from frictionlens.analytics.coverage import build_coverage, build_packs
from frictionlens.analytics.green import build_green
from frictionlens.analytics.ledger import build_ledger
from frictionlens.analytics.meanings import HARM
from frictionlens.analytics.pairs import build_pairs
from frictionlens.analytics.periods import MAX_WEEKS, Period, parse_week, stretches_until, week_of, weeks_until
from frictionlens.analytics.report import REPORT_VERSION, Bucket, Method, OperationsColumn, Report
from frictionlens.analytics.series import FALSE_CHANGE_RATE
from frictionlens.analytics.tables import DAY, build_tables
from frictionlens.analytics.trends import FIELDS, build_headline, build_kinds, build_slices
from frictionlens.errors import UserError
from frictionlens.store import Store

if TYPE_CHECKING:
    import duckdb

WORST: Final = 5

__all__ = ["HARM", "ReportOptions", "build_report"]


class ReportOptions(msgspec.Struct, frozen=True):
    """What a report is about."""

    week: str | None = None
    """ISO week like 2026-W46; the latest week of the store when nothing is said."""
    since: date | None = None
    until: date | None = None
    """A period of its own instead of a week; both ends included."""
    weeks: int = 8
    """How many weeks (or periods) the window has, this one included."""
    timezone: str = "UTC"
    by: tuple[str, ...] = FIELDS
    """Fields to slice by: channel, queue, team, product, tag; `agent` only where asked for."""
    min_group: int = 10
    """Groups with fewer interactions are folded."""
    high_score: float = 50.0
    """Score from which friction counts as high."""
    changes: tuple[ChangeDate, ...] = ()
    verdicts: Mapping[str, str] = {}
    """Interaction id → `avoidable` or `correct`."""
    operations: Mapping[str, Mapping[str, float]] = {}
    """Column → ISO week → value."""


def build_report(store: Store, options: ReportOptions = ReportOptions()) -> Report:  # noqa: B008
    """Build the report of one period from a store.

    The same store and options give the same report, whenever and wherever it is built.

    Args:
        store: the history, on disk or in memory.
        options: what the report is about.

    Raises:
        UserError: an option makes no sense, each message names it; or no week is asked for and nothing has a date.
    """
    _check(options)
    with store.reading() as connection:
        return _build(connection, options)


def _check(options: ReportOptions) -> None:
    from zoneinfo import ZoneInfo

    if options.week and (options.since or options.until):
        raise UserError("a week and a period exclude each other", "--week", "give --week, or --since and --until")
    if not 1 <= options.weeks <= MAX_WEEKS:
        raise UserError(f"{options.weeks} weeks cannot be shown", "--weeks", f"give a number from 1 to {MAX_WEEKS}")
    if options.min_group < 1:
        raise UserError("the smallest group has at least one interaction", "--min-group")
    unknown = [field for field in options.by if field not in (*FIELDS, "agent", "source", "language")]
    if unknown:
        raise UserError(f"{unknown[0]!r} is no field to slice by", "--by", f"one of {', '.join(FIELDS)}, agent")
    try:
        ZoneInfo(options.timezone)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{options.timezone!r} is no time zone", "--timezone", "write one like Europe/Berlin"
        ) from error


def _periods(connection: duckdb.DuckDBPyConnection, options: ReportOptions) -> tuple[Period, ...]:
    if options.week:
        return weeks_until(parse_week(options.week), options.weeks)
    first, latest = connection.execute(
        f"SELECT min({DAY}), max({DAY}) FROM evaluated WHERE started_utc IS NOT NULL",  # noqa: S608
        {"zone": options.timezone},
    ).fetchall()[0]
    if options.since or options.until:
        until = options.until or latest or options.since
        since = options.since or first or until
        assert since is not None
        assert until is not None
        # Earlier stretches only as far back as there is anything.
        back = (
            0 if first is None else max(0, (since - first).days) // ((until - since).days + 1) if until >= since else 0
        )
        return stretches_until(since, until, min(options.weeks, back + 1))
    if latest is None:
        raise _dateless(connection)
    return weeks_until(week_of(latest).since, options.weeks)


def _dateless(connection: duckdb.DuckDBPyConnection) -> UserError:
    """Return what to say where no interaction tells which week the latest is."""
    (stored,) = connection.execute("SELECT count(*) FROM interactions").fetchall()[0]
    if not stored:
        return UserError("there is no interaction to report on", "report", "fill the store: scan --store FILE")
    return UserError(
        f"none of the {stored:,} interactions has a date, so there is no week to report on",
        "report",
        "scan again and say which column has it (--map started_at=COLUMN), or read the summary of scan, "
        "which needs no dates",
    )


def _build(connection: duckdb.DuckDBPyConnection, options: ReportOptions) -> Report:
    connection.execute("SET TimeZone = 'UTC'")
    periods = _periods(connection, options)
    first = connection.execute(
        f"SELECT min({DAY}) FROM evaluated WHERE started_utc IS NOT NULL",  # noqa: S608
        {"zone": options.timezone},
    ).fetchall()[0][0]
    # Weeks before the record began are not weeks without friction.
    periods = tuple(each for each in periods[:-1] if first is not None and each.until >= first) + periods[-1:]
    build_tables(connection, periods, options.timezone, options.high_score)
    buckets = _buckets(connection, periods)
    last = len(buckets) - 1
    evaluated = [bucket.evaluated for bucket in buckets]
    titles, steps = _notes(connection)
    cases = Cases(connection)
    kinds = build_kinds(connection, evaluated, titles=titles, steps=steps, min_group=options.min_group)
    headline, headline_tests = build_headline(connection, evaluated, kinds.dispersion)
    avoidable = frozenset(key for key, verdict in options.verdicts.items() if verdict == "avoidable")
    ledger = build_ledger(connection, evaluated, cases, min_group=options.min_group, avoidable=avoidable)
    slices, slice_tests = build_slices(
        connection, len(buckets), by=options.by, min_group=options.min_group, dispersion=kinds.dispersion
    )
    green = build_green(connection, last, cases, min_group=options.min_group)
    pairs = build_pairs(connection, last, cases, verdicts=options.verdicts, min_group=options.min_group)
    changes = build_changes(
        connection,
        options.changes,
        zone=options.timezone,
        until=periods[-1].until,
        unsteady={each.name.partition(": ")[2] for each in ledger.series if each.steps},
    )
    worst = _keys(connection, last, "fe AND friction ORDER BY score DESC, interaction_id, source")
    best = _keys(
        connection, last, "fe AND friction AND granted ORDER BY recovery_steps DESC, score DESC, interaction_id, source"
    )
    moving = [headline.friction, *ledger.series, *kinds.kinds, *kinds.signs]
    return Report(
        report_version=REPORT_VERSION,
        program_version=__version__,
        title=_title(periods[-1]),
        timezone=options.timezone,
        buckets=buckets,
        high_score=options.high_score,
        answers=build_answers(buckets, headline, ledger.rows, moving, changes),
        headline=headline,
        ledger=ledger.rows,
        ledger_hidden=ledger.hidden,
        nobody_named=ledger.nobody,
        kinds=kinds.kinds,
        funnel=kinds.funnel,
        signs=kinds.signs,
        operations=_operations(options, periods),
        green=green,
        pairs=pairs,
        changes=changes,
        worst=tuple(cases.add(key) for key in worst),
        best=tuple(cases.add(key) for key in best),
        slices=slices,
        coverage=build_coverage(connection, last),
        packs=build_packs(connection),
        method=Method(
            false_change_rate=FALSE_CHANGE_RATE,
            tests=headline_tests + ledger.tests + kinds.tests + slice_tests,
            dispersion=max(ledger.dispersion, kinds.dispersion),
            min_group=options.min_group,
        ),
        cases=cases.fetch(),
        titles=titles,
    )


def _title(period: Period) -> str:
    if "W" in period.label:
        year, week = period.label.split("-W")
        return f"Friction report, week {int(week)} of {year}"
    return f"Friction report, {period.since} to {period.until}"


def _buckets(connection: duckdb.DuckDBPyConnection, periods: Sequence[Period]) -> tuple[Bucket, ...]:
    rows = connection.execute("SELECT bucket, count(*), count(*) FILTER (fe) FROM i GROUP BY bucket").fetchall()
    found = {bucket: (total, evaluated) for bucket, total, evaluated in rows}
    return tuple(
        Bucket(period.label, period.since.isoformat(), period.until.isoformat(), *found.get(place, (0, 0)))
        for place, period in enumerate(periods)
    )


def _notes(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[str, int]]:
    """Return titles and recovery steps of categories, of the pack that scored most of the window."""
    rows = connection.execute(
        """
        SELECT category, title, step FROM category_notes
        WHERE digest = (SELECT pack_digest FROM i GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) ORDER BY category
        """
    ).fetchall()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows if row[2]}


def _keys(connection: duckdb.DuckDBPyConnection, last: int, condition: str) -> list[int]:
    rows = connection.execute(
        f"SELECT k FROM i JOIN x USING (k) WHERE bucket = $last AND {condition} LIMIT {WORST}",  # noqa: S608
        {"last": last},
    ).fetchall()
    return [row[0] for row in rows]


def load_verdicts(path: Path) -> dict[str, str]:
    """Read a CSV with the columns `interaction_id` and `verdict` (avoidable or correct).

    Raises:
        UserError: a column is missing, or a verdict is another word.
    """
    found = {}
    for line, row in _csv(path, ("interaction_id", "verdict")):
        verdict = row["verdict"].strip().lower()
        if verdict not in ("avoidable", "correct"):
            raise UserError(f"{verdict!r} is no verdict", f"{path}:{line}", "write avoidable or correct")
        found[row["interaction_id"].strip()] = verdict
    return found


def load_operations(path: Path) -> dict[str, dict[str, float]]:
    """Read a CSV with the column `week` (2026-W46) and any number columns (attrition, sick_days, backlog …).

    Raises:
        UserError: there is no such column, a week is none, or a value is no number.
    """
    found: dict[str, dict[str, float]] = {}
    for line, row in _csv(path, ("week",)):
        try:
            label = week_of(parse_week(row["week"])).label
        except UserError as error:
            raise UserError(error.message, f"{path}:{line}", error.hint) from None
        for name, value in row.items():
            if name == "week" or not value.strip():
                continue
            try:
                found.setdefault(name, {})[label] = float(value)
            except ValueError:
                raise UserError(f"{name} is {value!r}, no number", f"{path}:{line}") from None
    return found


def _csv(path: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    import csv

    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError("the file cannot be read as CSV", str(path)) from error
    names = set(rows[0]) if rows else set()
    missing = [name for name in needed if name not in names]
    if missing:
        raise UserError(f"the column {missing[0]!r} is missing", f"{path}:1", f"columns: {', '.join(needed)}")
    return [
        (line, {name: value or "" for name, value in row.items() if name is not None})
        for line, row in enumerate(rows, 2)
    ]


def _operations(options: ReportOptions, periods: Sequence[Period]) -> tuple[OperationsColumn, ...]:
    found = []
    for name, weeks in options.operations.items():
        values = []
        for period in periods:
            monday = period.since - timedelta(days=period.since.weekday())
            own = period.label if "W" in period.label else week_of(monday).label
            values.append(weeks.get(own))
        found.append(OperationsColumn(name, tuple(values)))
    return tuple(found)
