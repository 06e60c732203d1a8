"""Judge findings one by one, and see how precise each rule is."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import Problem, UserError, counted, nearest

if TYPE_CHECKING:
    from frictionlens.audits import Candidate, Entry, Order
    from frictionlens.config import Settings
    from frictionlens.model import Finding, Interaction
    from frictionlens.pipeline import Scanner

NO_ARGS_IS_HELP = True

DEFAULT_FILE = "friction-audit.jsonl"
_HELP = "[t]rue [f]alse [u]nsure [s]kip [b]ack [q]uit, then a note if you like"
_KINDS = ("table", "json")


def audit(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Transcripts whose findings are judged.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help=f"Side file with the answers; else check.audit, {DEFAULT_FILE}."),
    ] = None,
    order: Annotated[
        str, typer.Option("--order", metavar="ORDER", help="random, or in turn by rule or category: rare ones too.")
    ] = "random",
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule or category (repeatable).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many findings.")] = 50,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another sample.")] = 0,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who judges, kept with each answer.")] = "",
    stats: Annotated[bool, typer.Option("--stats", help="Print the precision per rule.")] = False,
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="With --stats: table or json.")] = "table",
    export: Annotated[
        Path | None, typer.Option("--export", metavar="CSV", help="Write a sheet to be filled in elsewhere.")
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Take answers from a filled-in sheet or JSON lines.")
    ] = None,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    pack: given.PackOption = None,
    no_redact: given.NoRedact = False,
    redact_with: given.RedactWith = None,
    config: given.Config = None,
) -> None:
    """Judge findings true or false one by one; precision per rule follows. Stop and go on whenever you like.

    Answers go to a side file that holds fingerprints, no transcript text; `check` reads it (check.audit) where a rule
    may only fail a build if it has proved precise.
    """
    from frictionlens import audits
    from frictionlens.pipeline import Scanner
    from frictionlens.reporters.audit import known_ids

    for value, allowed, option in ((order, audits.ORDERS, "--order"), (to, _KINDS, "--to")):
        if value not in allowed:
            raise UserError(
                f"{value!r} is not allowed{nearest(value, allowed)}", option, f"allowed: {', '.join(allowed)}"
            )
    settings = given.input_settings(
        config,
        format_,
        columns,
        roles,
        agent_domain,
        pack,
        redact="off" if no_redact else redact_with,
    )
    path = file or Path(settings.check.audit or DEFAULT_FILE)
    if import_ is not None:
        _import(import_, path, by)
    if stats:
        _stats(path, settings, to)
    if not paths:
        if not stats and import_ is None:
            raise UserError("nothing to judge", "", "name transcripts, or ask for --stats, or --import a sheet")
        return
    scanner = Scanner(given.scan_options(settings))
    wanted = frozenset(rule or ())
    known = {*scanner.pack.categories, *known_ids(scanner.pack)}
    for name in sorted(wanted - known):
        raise UserError(f"no rule or category {name!r}{nearest(name, known)}", "--rule")
    done = audits.load_entries(path) if path.exists() else {}
    chosen = audits.choose(
        _found(paths, settings, scanner), done, order=cast("Order", order), seed=seed, limit=limit, wanted=wanted
    )
    if export is not None:
        _export(export, chosen, settings)
    elif chosen:
        _walk(chosen, path, scanner, settings, by)
    else:
        _console.note("Nothing left to judge: every finding asked for has its answer.")


def _found(paths: list[str], settings: Settings, scanner: Scanner) -> Iterator[tuple[Interaction, Sequence[Finding]]]:
    from frictionlens.model import Interaction
    from frictionlens.readers import find_sources, read

    heard = False
    for source in find_sources(paths):
        records: Any = [source] if isinstance(source, Problem) else read(source, given.read_options(settings))
        for record in records:
            if isinstance(record, Interaction):
                heard = True
                yield record, scanner.detect(record).findings
            elif isinstance(record, Problem):
                _console.note(f"{record.source}: {record.record + ': ' if record.record else ''}{record.reason}")
    if not heard:
        raise UserError("no transcript in them", ", ".join(paths), "findings are judged where they were said")


def _walk(chosen: Sequence[Candidate], path: Path, scanner: Scanner, settings: Settings, by: str) -> None:
    """Ask for every finding; each answer is written at once. The questions go to the terminal, not to the results."""
    from frictionlens.audits import append_entries
    from frictionlens.reporters import audit as reporter

    console = _console.err()
    answered = at = 0
    while at < len(chosen):
        each = chosen[at]
        console.print(reporter.candidate(each, scanner.pack, settings.redact, number=at + 1, of=len(chosen)))
        entry, move = _ask(each, by)
        if move == 0:
            break
        if entry is not None:
            append_entries(path, [entry])
            answered += 1
        at = max(0, at + move)
    _console.note(f"{answered} answers in {path}. Go on with the same command; `audit --stats` sums them up.")


def _ask(each: Candidate, by: str) -> tuple[Entry | None, int]:
    """Return the answer, if one was given, and where to go: 1 on, -1 back, 0 to stop."""
    from frictionlens.audits import Entry, answer_of

    finding = each.finding
    while True:
        _console.err().print(f"{_HELP}: ", end="", markup=False)
        line = sys.stdin.readline()
        letter, _, note = line.strip().partition(" ")
        if not line or letter.casefold() in ("q", "quit"):
            return None, 0
        if letter.casefold() in ("s", "skip", "b", "back"):
            return None, 1 if letter.casefold().startswith("s") else -1
        answer = answer_of(letter) if letter else None
        if answer is not None:
            entry = Entry(
                fingerprint=finding.fingerprint,
                rule_id=finding.rule_id,
                answer=answer,
                note=note.strip(),
                interaction_id=each.interaction.id,
                source=each.interaction.source,
                by=by,
                on=_today(),
            )
            return entry, 1
        if letter:
            said = f"{letter!r} is no answer; a note stands behind one: f, a space, the note."
            _console.err().print(said, markup=False)


def _export(path: Path, chosen: Sequence[Candidate], settings: Settings) -> None:
    from frictionlens.reporters import audit as reporter

    try:
        path.write_text(reporter.sheet(chosen, settings.redact), "utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", str(path)) from None
    _console.note(f"Wrote {counted(len(chosen), 'finding')} to {path}. Fill in `answer`, then `audit --import {path}`.")


def _import(sheet: Path, path: Path, by: str) -> None:
    from msgspec.structs import replace

    from frictionlens.audits import append_entries, read_sheet

    entries = [replace(each, by=each.by or by, on=each.on or _today()) for each in read_sheet(sheet)]
    append_entries(path, entries)
    _console.note(f"Took {len(entries)} answers from {sheet} into {path}.")


def _stats(path: Path, settings: Settings, to: str) -> None:
    from frictionlens.audits import audits_of, load_entries
    from frictionlens.reporters import audit as reporter
    from frictionlens.rules import load_pack

    audits = audits_of(load_entries(path).values())
    if to == "json":
        _console.out().file.write(reporter.stats_json(audits).decode())
    else:
        _console.out().print(reporter.stats(audits, load_pack([Path(each) for each in settings.packs])))


def _today() -> str:
    from datetime import date

    return date.today().isoformat()
