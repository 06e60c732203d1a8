"""Report one week (or any period) from a store or from saved results: trends against earlier weeks."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import UserError

NO_ARGS_IS_HELP = True

_DAY = ["%Y-%m-%d"]


def report(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RESULTS]...",
            help="Saved results (`scan -o results.jsonl`), instead of a store.",
            show_default=False,
        ),
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="History written by `scan --store`.")
    ] = None,
    week: Annotated[
        str | None, typer.Option(metavar="WEEK", help="ISO week like 2026-W46; the latest one by default.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=_DAY, metavar="DAY", help="First day of a period, instead of a week.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, metavar="DAY", help="Last day of the period.")] = None,
    weeks: Annotated[int, typer.Option(help="Weeks in the window, this one included.")] = 8,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of the weeks, like Europe/Berlin.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="FIELD", help="Slice by channel, queue, team, product, tag, agent (repeatable)."),
    ] = None,
    min_group: Annotated[int, typer.Option("--min-group", help="Smaller groups are folded.")] = 10,
    changes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Change dates: a YAML list of date, process, what.")
    ] = None,
    operations: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV joined on its column `week`: sick days, backlog …")
    ] = None,
    verdicts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of interaction_id and verdict (avoidable or correct) by people."),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the report: .html .md .xlsx .json (repeatable)."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="KIND", help="Write this to standard output: html markdown xlsx json.")
    ] = None,
    config: given.Config = None,
) -> None:
    """Say which process to overhaul: what got worse, what is behind it, what it cost, what to say, what helped."""
    from frictionlens.reporters.weekly import KINDS, kind_for, render

    settings = given.settings_of(config, timezone=timezone)
    # Everything that can be wrong with the command line is found before the work begins.
    kinds = [(kind_for(path), path) for path in output or []]
    if to is not None and to not in KINDS:
        raise UserError(f"no report kind {to!r}", "--to", f"allowed: {', '.join(KINDS)}")
    if bool(results) == (store is not None):
        raise UserError(
            "give a store or saved results", "--store", "`frictionlens report --store friction.duckdb`, or result files"
        )
    if store is not None and not store.exists():
        raise UserError("there is no such store", str(store), "`frictionlens scan --store FILE PATHS…` writes one")

    from frictionlens.analytics.build import ReportOptions, build_report, load_operations, load_verdicts
    from frictionlens.analytics.change_dates import load_changes
    from frictionlens.analytics.trends import FIELDS
    from frictionlens.history import load_results, notes_of
    from frictionlens.store import Store

    options = ReportOptions(
        week=week,
        since=since.date() if since else None,
        until=until.date() if until else None,
        weeks=weeks,
        timezone=settings.timezone,
        by=tuple(by) if by else FIELDS,
        min_group=min_group,
        high_score=settings.check.threshold,
        changes=load_changes(changes) if changes else (),
        operations=load_operations(operations) if operations else {},
        verdicts=load_verdicts(verdicts) if verdicts else {},
    )
    if store is not None:
        history = Store(store, on_wait=_console.note)
    else:
        from frictionlens.rules import load_pack

        history = load_results(results or [], notes_of(load_pack([Path(each) for each in settings.packs])))
    with history:
        made = build_report(history, options)
    for kind, path in kinds:
        try:
            path.write_bytes(render(made, kind))
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", str(path)) from None
        _console.note(f"Wrote {path}.")
    if to is not None:
        sys.stdout.buffer.write(render(made, to))
        sys.stdout.buffer.flush()
    elif not kinds:
        from frictionlens.reporters.weekly import terminal

        terminal.show(made, _console.out())
