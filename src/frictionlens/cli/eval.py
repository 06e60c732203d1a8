"""Measure the rules against hand labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import Problem, UserError, nearest

if TYPE_CHECKING:
    from frictionlens.config import Settings
    from frictionlens.model import Interaction

NO_ARGS_IS_HELP = True

_KINDS = ("table", "json")
_SUFFIXES = (".json", "")
"""Of files that JSON may be written to; without any are devices such as /dev/stdout."""


def eval(  # noqa: A001  the command has this name
    paths: given.Paths,
    min_f1: Annotated[
        list[str] | None,
        typer.Option("--min-f1", metavar="NAME=F1", help="Fail (exit 1) below this F1 of a category or family."),
    ] = None,
    errors: Annotated[
        str | None, typer.Option("--errors", metavar="CATEGORY", help="Print mistakes of this category only.")
    ] = None,
    show: Annotated[int, typer.Option("--show", min=0, help="Misses and false alarms printed, each.")] = 3,
    min_confidence: Annotated[
        str | None,
        typer.Option(
            "--min-confidence", "--confidence", metavar="LEVEL", help="Judge only findings at least this sure."
        ),
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="table or json, to standard output.")] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write json there.")] = None,
    allow_problems: Annotated[
        bool, typer.Option("--allow-problems", help="Unreadable input does not change the exit code.")
    ] = False,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    pack: given.PackOption = None,
    rule: given.RuleOption = None,
    no_redact: given.NoRedact = False,
    redact_with: given.RedactWith = None,
    config: given.Config = None,
) -> None:
    """Measure findings against hand labels: precision, recall, F1 with intervals, kappa, mistakes.

    Labels stand in native lines (`labels` of a turn), or in a table with a column per category: 0 and 1, yes and no, or
    a mark where it holds; ? where nobody can tell. A row per utterance is judged by turn, a row per conversation as a
    whole. A label that cannot be read is reported and counts neither way (exit 3; `--allow-problems`: 0).
    """
    from frictionlens.evaluation import evaluate, find_shortfalls, find_units
    from frictionlens.pipeline import Scanner, selected
    from frictionlens.reporters import evaluation as reporter

    if to not in _KINDS:
        raise UserError(f"no output kind {to!r}{nearest(to, _KINDS)}", "--to", f"allowed: {', '.join(_KINDS)}")
    if output is not None and output.suffix.lower() not in _SUFFIXES:
        raise UserError(f"eval writes JSON, not {output.suffix}", f"-o {output}", "allowed: a name that ends in .json")
    least = {name: _share(value, name) for name, value in given.pairs(min_f1, "--min-f1").items()}
    settings = given.input_settings(
        config,
        format_,
        columns,
        roles,
        agent_domain,
        pack,
        min_confidence=min_confidence,
        redact="off" if no_redact else redact_with,
        **{"rules.include": rule},
    )
    scanner = Scanner(given.scan_options(settings))
    categories = scanner.pack.categories
    if errors and errors not in categories:
        raise UserError(f"no category {errors!r}{nearest(errors, categories)}", "--errors")
    problems: list[Problem] = []
    interactions = read_labelled(paths, settings, tuple(categories), problems)
    taking = selected(scanner.pack, scanner.options.rules, scanner.options.without)
    found = evaluate(
        find_units(interactions, lambda each: scanner.detect(each).findings),
        categories,
        weights=scanner.options.weights,
        looked_for={each.category.id for each in scanner.pack.everything if taking is None or each.id in taking},
    )
    for problem in problems:
        _console.note(f"{problem.source}: {problem.record + ': ' if problem.record else ''}{problem.reason}")
    for hint in dict.fromkeys(problem.hint for problem in problems if problem.hint):
        _console.note(f"  {hint}")
    unread = reporter.told_unread(found)
    if not found.units and unread:
        raise UserError(unread, ", ".join(paths), f"categories: {', '.join(categories)}; of your own rules with --pack")
    if not found.units:
        hint = "native lines with `labels` in their turns, or a table with a column per category"
        raise UserError("there are no labels to compare with", ", ".join(paths), hint)
    short = find_shortfalls(found, least, categories)
    if output is not None:
        try:
            output.write_bytes(reporter.to_json(found, short))
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror}", str(output)) from None
        _console.note(f"Wrote {output}.")
    if unread and to == "json":
        # The table says it itself.
        _console.note(unread)
    if to == "json":
        _console.out().file.write(reporter.to_json(found, short).decode())
    else:
        reporter.show(found, short, _console.out(), mode=settings.redact, mistakes=show, category=errors)
    given.leave(
        failures=len(short),
        problems=len(problems) + found.unread,
        allow_problems=allow_problems or settings.check.allow_problems,
    )


def read_labelled(
    paths: list[str], settings: Settings, labels: tuple[str, ...], problems: list[Problem]
) -> Iterator[Interaction]:
    """Yield the interactions of labelled files; what cannot be read goes to `problems`."""
    from dataclasses import replace

    from frictionlens.model import Interaction
    from frictionlens.readers import find_sources, read

    options = replace(given.read_options(settings), labels=labels)
    for source in find_sources(paths):
        records: Any = [source] if isinstance(source, Problem) else read(source, options)
        for record in records:
            if isinstance(record, Interaction):
                yield record
            elif isinstance(record, Problem):
                problems.append(record)


def _share(value: str, name: str) -> float:
    try:
        share = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UserError(f"{value!r} is not a share from 0 to 1", f"--min-f1 {name}={value}")
    return share
