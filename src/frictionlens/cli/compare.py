"""Compare two result sets: two weeks, two versions of an agent, two rule packs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import Problem, Skipped, UserError, nearest

if TYPE_CHECKING:
    from frictionlens.config import Settings
    from frictionlens.model import Scored
    from frictionlens.pipeline import Scanner

NO_ARGS_IS_HELP = True
KINDS = ("text", "json")


def compare(
    a: Annotated[
        str, typer.Argument(help="What was: result lines (`scan -o a.jsonl`), or transcripts.", show_default=False)
    ],
    b: Annotated[str, typer.Argument(help="What is.", show_default=False)],
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit 1 when a figure is worse in B beyond its interval.")
    ] = False,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Score over which an interaction is bad (50 unless told).")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="text or json.")] = "text",
    allow_problems: Annotated[
        bool, typer.Option("--allow-problems", help="Unreadable input does not change the exit code.")
    ] = False,
    format_: given.From = None,
    pack: given.PackOption = None,
    config: given.Config = None,
) -> None:
    """Say what is new, gone and moved between A and B, and which figures changed beyond noise."""
    from frictionlens import gate
    from frictionlens.pipeline import Scanner
    from frictionlens.reporters import compare_text

    if to not in KINDS:
        raise UserError(f"no report {to!r}{nearest(to, KINDS)}", "--to", f"known: {', '.join(KINDS)}")
    settings = given.settings_of(
        config,
        format=format_,
        packs=[str(each) for each in pack or []],
        **{"check.threshold": threshold, "check.allow_problems": allow_problems},
    )
    problems: list[Problem] = []
    scanner = Scanner(given.scan_options(settings))
    before, after = (list(_results(each, settings, scanner, problems)) for each in (a, b))
    found = gate.compare(before, after, threshold=settings.check.threshold)
    outcome = gate.decide(
        failures=len(found.regressions) if fail_on_regression else 0,
        problems=len(problems),
        allow_problems=settings.check.allow_problems,
    )
    for problem in problems:
        _console.note(f"{problem.source} {problem.record}: {problem.reason}")
    if to == "json":
        sys.stdout.write(compare_text.render_json(found, outcome))
    else:
        _console.out().print(compare_text.build(found, given.notes_of(scanner.pack), outcome))
    if outcome.code:
        raise typer.Exit(int(outcome.code))


def _results(path: str, settings: Settings, scanner: Scanner, problems: list[Problem]) -> Iterator[Scored]:
    """Yield saved results as they are, and score transcripts."""
    import msgspec

    from frictionlens.model import SCHEMA_VERSION, Scored
    from frictionlens.readers import find_sources
    from frictionlens.runners import serial

    decoder: Any = msgspec.json.Decoder(Scored)
    for source in find_sources([path]):
        if isinstance(source, Problem) or "schema_version" not in source.head.record:
            for record in serial.run([source], given.read_options(settings), scanner):
                if isinstance(record, Problem):
                    problems.append(record)
                elif not isinstance(record, Skipped):
                    yield record
            continue
        if source.head.record["schema_version"] != SCHEMA_VERSION:
            version = source.head.record["schema_version"]
            raise UserError(
                f"these results have schema version {version!r}, not {SCHEMA_VERSION}", source.name, "scan again"
            )
        for number, line in source.lines():
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                problems.append(Problem(source.name, f"line {number}", f"not a result line: {error}"))
