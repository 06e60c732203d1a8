"""Scan transcripts: read, detect, score; a summary on the terminal, results into files."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.cli._replace import replacing
from frictionlens.errors import Problem, Skipped, UserError, counted, nearest

if TYPE_CHECKING:
    from frictionlens.config import Settings
    from frictionlens.history import Unchanged
    from frictionlens.model import Scored
    from frictionlens.pipeline import Options, Scanner
    from frictionlens.readers import Source
    from frictionlens.results import SortedResults
    from frictionlens.summary import Summary

    _Outcomes = Callable[[Sequence[Source | Problem]], Iterator[Scored | Problem | Skipped | Unchanged]]

NO_ARGS_IS_HELP = True

EXIT_STOPPED = 130
RUNNERS = ("serial", "processes", "spark")


def scan(
    paths: given.Paths,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write results; kind by suffix: jsonl json csv parquet md html xlsx."
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="KIND", help="Write this kind to standard output instead of tables.")
    ] = None,
    problems: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every problem, one JSON line each.")
    ] = None,
    allow_problems: Annotated[
        bool, typer.Option("--allow-problems", help="Unreadable input does not change the exit code.")
    ] = False,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", metavar="FILE", help="Keep history in this DuckDB file; what is unchanged is not scored again."
        ),
    ] = None,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    pack: given.PackOption = None,
    rule: given.RuleOption = None,
    min_confidence: given.MinConfidence = None,
    no_redact: given.NoRedact = False,
    redact_with: given.RedactWith = None,
    jobs: given.Jobs = None,
    runner: Annotated[
        str | None,
        typer.Option(
            "--runner", metavar="NAME", help="Who does the work: serial, processes, spark; --jobs decides unless told."
        ),
    ] = None,
    config: given.Config = None,
) -> None:
    """Read transcripts, find friction, score every interaction, and say which process is behind it."""
    from frictionlens.reporters import reporter, reporter_for

    settings = given.input_settings(
        config,
        format_,
        columns,
        roles,
        agent_domain,
        pack,
        min_confidence=min_confidence,
        redact="off" if no_redact else redact_with,
        jobs=jobs,
        **{"rules.include": rule},
    )
    # Everything that can be wrong with the command line is found before the work begins.
    _check_runner(runner, jobs, store)
    writers = [(reporter_for(path), path) for path in output or []]
    to_stdout = reporter(to) if to else None

    from frictionlens.pipeline import Scanner
    from frictionlens.results import SortedResults
    from frictionlens.rules import pack_digest
    from frictionlens.summary import Summary

    shape = given.scan_options(settings, excerpts=store is not None)
    # With a store there may be nothing to score: rules are then not even loaded.
    scanner = functools.cache(lambda: Scanner(shape))
    replay = bool(writers) or to_stdout is not None
    summary = Summary()
    with SortedResults() as results:
        outcomes = (
            _into(store, settings, shape, scanner, runner, replay=replay)
            if store
            else _plain(settings, shape, scanner, runner)
        )
        stopped, unchanged = _collect(paths, outcomes, results, summary, problems)
        if replay and summary.records:
            summary.titles = {each.id: each.title for each in scanner().pack.categories.values()}
        for writer, path in writers:
            with replacing(path) as stream:
                writer.write(results, summary, pack_digest(shape.packs), stream)
        if to_stdout is not None:
            to_stdout.write(results, summary, pack_digest(shape.packs), sys.stdout.buffer)
            sys.stdout.buffer.flush()
        elif summary.records or not (unchanged or stopped):  # stopped while rules compile: not begun again for a table
            from frictionlens.reporters import table

            table.show(summary, scanner().pack, _console.out())
    if unchanged:
        _console.note(
            f"{counted(unchanged, 'interaction')} unchanged since the last scan, not scored again; "
            f"`frictionlens report --store {store}` covers them."
        )
    if rule:
        _console.note(f"Looked for {', '.join(rule)} only.")
    for _, path in writers:
        _console.note(f"Wrote {path}.")
    if stopped:
        _console.note("Stopped before the end: results are of what had been read.")
        raise typer.Exit(EXIT_STOPPED)
    given.leave(problems=summary.problem_count, allow_problems=allow_problems or settings.check.allow_problems)


def _check_runner(runner: str | None, jobs: int | None, store: Path | None) -> None:
    """Check that the runner exists and fits the other options.

    Raises:
        UserError: it does not.
    """
    if runner not in (None, *RUNNERS):
        raise UserError(
            f"no runner {runner!r}{nearest(str(runner), RUNNERS)}", "--runner", f"one of {', '.join(RUNNERS)}"
        )
    if runner == "serial" and jobs and jobs > 1:
        raise UserError(f"the serial runner has one process, not {jobs}", "--jobs", "leave out one of the two")
    if runner == "spark" and store is not None:
        raise UserError("a store is written by one process", "--runner spark", "scan with -o, or without Spark")


def _jobs(sources: Sequence[Source | Problem], settings: Settings, runner: str | None) -> int:
    """Return how many processes work: as many as are asked for, or worth it."""
    from frictionlens.runners.local import decide_jobs

    if runner == "serial":
        return 1
    jobs = decide_jobs(sources, settings.jobs)
    return max(jobs, 2) if runner == "processes" and not settings.jobs else jobs


def _plain(settings: Settings, shape: Options, scanner: Callable[[], Scanner], runner: str | None) -> _Outcomes:
    """Read and score everything, by the runner asked for."""
    from frictionlens.runners import local

    def outcomes(sources: Sequence[Source | Problem]) -> Iterator[Scored | Problem | Skipped]:
        reading = given.read_options(settings)
        if runner == "spark":
            from frictionlens.runners import spark

            return spark.run(sources, reading, shape, settings.jobs)
        return local.run(sources, reading, shape, _jobs(sources, settings, runner), scanner())

    return outcomes


def _into(
    path: Path, settings: Settings, shape: Options, scanner: Callable[[], Scanner], runner: str | None, *, replay: bool
) -> _Outcomes:
    """Score what is new and put it into the store."""
    from frictionlens.history import scan_into
    from frictionlens.store import Store

    store = Store(path, on_wait=_console.note)

    def outcomes(sources: Sequence[Source | Problem]) -> Iterator[Scored | Problem | Skipped | Unchanged]:
        jobs = _jobs(sources, settings, runner)
        return scan_into(store, sources, given.read_options(settings), shape, scanner, replay=replay, jobs=jobs)

    return outcomes


def _collect(
    paths: list[str], outcomes: _Outcomes, results: SortedResults, summary: Summary, problems: Path | None
) -> tuple[bool, int]:
    """Run the scan into results and summary.

    Returns:
        Whether it was stopped with Ctrl-C, and how many interactions were unchanged and left in the store.
    """
    import msgspec

    from frictionlens.model import Scored
    from frictionlens.readers import find_sources

    sources = list(find_sources(paths))
    summary.sources.update(each.name for each in sources if not isinstance(each.instead, Skipped))
    unchanged = 0
    with contextlib.ExitStack() as stack:
        into = stack.enter_context(replacing(problems)) if problems else None
        tick = stack.enter_context(_progress(len(sources)))
        try:
            for outcome in outcomes(sources):
                if isinstance(outcome, Scored):
                    summary.add(outcome)
                    results.add(outcome)
                elif isinstance(outcome, Problem):
                    summary.add_problem(outcome)
                    if into is not None:
                        into.write(msgspec.json.encode(outcome) + b"\n")
                elif isinstance(outcome, Skipped):
                    summary.add_skipped(outcome)
                else:
                    unchanged += outcome.interactions
                tick(summary.interactions)
        except KeyboardInterrupt:
            return True, unchanged
    return False, unchanged


@contextlib.contextmanager
def _progress(sources: int) -> Iterator[Any]:
    """Show how many interactions are done, on a terminal and after two seconds only."""
    import time

    if _console.quiet() or not _console.err().is_terminal:
        yield lambda _count: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=_console.err(), transient=True
    )
    task = progress.add_task(f"Reading {counted(sources, 'file')}")
    started, shown = time.monotonic(), False

    def tick(count: int) -> None:
        nonlocal shown
        if count % 64 == 0 and (shown or time.monotonic() - started > 2):
            if not shown:
                progress.start()
                shown = True
            progress.update(task, description=f"{counted(count, 'interaction')}")

    try:
        yield tick
    finally:
        progress.stop()
