"""Check macros, QA samples and agents' conversations against the policy; the exit code tells the verdict."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import UserError

if TYPE_CHECKING:
    from frictionlens.config import Settings
    from frictionlens.gate import Verdict
    from frictionlens.pipeline import Scanner
    from frictionlens.reporters._marks import Notes
    from frictionlens.rules import Pack
    from frictionlens.rules.confidence import Audited

SECONDS_BETWEEN_LOOKS = 0.5


def check(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Transcripts, QA samples, agents' conversations.", show_default=False)
    ] = None,
    macros: Annotated[
        list[str] | None,
        typer.Option("--macros", metavar="PATH", help="Reply macros, canned responses, call scripts (repeatable)."),
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write a report: .sarif .xml .tap .json .txt, or KIND=FILE (gitlab=…).",
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="KIND", help="Write this to standard output: text json sarif junit github gitlab tap."
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="FILE", help="Findings that were accepted: only new ones fail.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Accept what is found now, and take stale entries out.")
    ] = False,
    suppressions: Annotated[
        str | None,
        typer.Option("--suppressions", metavar="FILE", help="Findings that are silenced, each with a reason."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", metavar="SEVERITY", help="A new finding this severe fails: low medium high never."),
    ] = None,
    min_confidence: Annotated[
        str | None,
        typer.Option(
            "--min-confidence", metavar="LEVEL", help="Only rules this sure may fail a build (high unless told)."
        ),
    ] = None,
    max_score: Annotated[float | None, typer.Option("--max-score", help="Highest score of one interaction.")] = None,
    max_mean: Annotated[float | None, typer.Option("--max-mean", help="Highest mean score.")] = None,
    max_share_over: Annotated[
        float | None, typer.Option("--max-share-over", help="Highest share (0 to 1) of interactions over --threshold.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Score over which an interaction is bad (50 unless told).")
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option("--forbid", metavar="ID", help="Rule or category that must not be found.")
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option("--budget", metavar="ID=N|N%", help="How often it may be found: excuse=3, stall=5%."),
    ] = None,
    min_coverage: Annotated[
        float | None,
        typer.Option("--min-coverage", help="Least share of interactions in which friction could be looked for."),
    ] = None,
    min_precision: Annotated[
        float | None, typer.Option("--min-precision", help="Least audited precision for a rule to fail a build.")
    ] = None,
    allow_problems: Annotated[
        bool, typer.Option("--allow-problems", help="Unreadable input does not change the exit code.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show findings that do not fail as well.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file changes, until Ctrl-C.")] = False,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    pack: given.PackOption = None,
    rule: given.RuleOption = None,
    no_redact: given.NoRedact = False,
    redact_with: given.RedactWith = None,
    jobs: given.Jobs = None,
    config: given.Config = None,
) -> None:
    """Fail when friction is new or over the limits: the gate for macros, QA samples and AI agents.

    Exit codes: 0 fine, 1 the gate failed, 2 usage or configuration, 3 some input unreadable, 4 a rule is broken.
    """
    from frictionlens.reporters.checks import kind_of, renderer

    def load() -> Settings:
        flags = {
            "check.paths": paths or [],
            "check.macros": macros,
            "check.baseline": baseline,
            "check.suppressions": suppressions,
            "check.fail_on": fail_on,
            "check.min_confidence": min_confidence,
            "check.max_score": max_score,
            "check.max_mean": max_mean,
            "check.max_share_over": max_share_over,
            "check.threshold": threshold,
            "check.forbidden": forbid,
            "check.budgets": given.pairs(budget, "--budget"),
            "check.min_coverage": min_coverage,
            "check.min_precision": min_precision,
            "check.allow_problems": allow_problems,
            "format": format_,
            "columns": given.pairs(columns, "--map"),
            "roles": given.pairs(roles, "--role"),
            "agent_domains": agent_domain,
            "packs": [str(each) for each in pack or []],
            "rules.include": rule,
            "redact": "off" if no_redact else redact_with,
            "jobs": jobs,
        }
        settings = given.settings_of(config, **flags)
        if paths or macros:
            # What the command line names takes the place of what the file names, not half of it.
            policy = settings.check.model_copy(update={"paths": tuple(paths or ()), "macros": tuple(macros or ())})
            settings = settings.model_copy(update={"check": policy})
        return settings

    # Everything that can be wrong with the command line is found before the work begins.
    outputs = [(renderer(kind), path) for kind, path in map(kind_of, output or [])]
    to_stdout = renderer(to) if to and to != "text" else None
    settings = load()

    def once(settings: Settings, scanner: Scanner) -> int:
        verdict, notes = _judge(settings, scanner, update=update_baseline)
        for render, path in outputs:
            _write(path, render(verdict, notes))
        if to == "github":
            _write_summary(verdict, notes)
        if to_stdout is not None:
            sys.stdout.write(to_stdout(verdict, notes))
            _console.note(f"{verdict.outcome.word}: {verdict.outcome.sentence}")
        else:
            from frictionlens.reporters import check_text

            _console.out().print(check_text.build(verdict, notes, everything=everything))
        return int(verdict.outcome.code)

    if watch:
        _watch(load, once, _snapshots(load))
        return
    code = once(settings, _scanner(settings))
    if code:
        raise typer.Exit(code)


def _scanner(settings: Settings) -> Scanner:
    from frictionlens.pipeline import Scanner

    return Scanner(given.scan_options(settings))


def _judge(settings: Settings, scanner: Scanner, *, update: bool) -> tuple[Verdict, Notes]:
    """Read, score and judge; with `update`, write the baseline and judge by the new one."""
    from frictionlens import gate
    from frictionlens.gate import Baseline

    policy = settings.check
    if not policy.paths and not policy.macros:
        hint = "name files or folders, or set paths or macros under [check] in frictionlens.toml"
        raise UserError("there is nothing to check", "check", hint)
    pack = scanner.pack
    known = {*(each.id for each in pack.rules), *(each.id for each in pack.episodes), *pack.categories}
    gate.check_names(settings, known)
    path = Path(policy.baseline) if policy.baseline else None
    if update and path is None:
        raise UserError("there is no baseline to update", "--update-baseline", "name it with --baseline FILE")
    old: Baseline | None = None
    if path is not None and (path.exists() or not update):
        old = gate.load_baseline(path)
    silenced = gate.load_suppressions(Path(policy.suppressions)) if policy.suppressions else ()
    records = list(_records(settings, scanner))

    def judged(baseline: Baseline | None) -> Verdict:
        return gate.judge(
            records,
            policy,
            today=_today(),
            baseline=baseline,
            suppressions=silenced,
            audited=_audited(settings, pack),
            known=known,
        )

    verdict = judged(old)
    if update and path is not None:
        empty = old or Baseline(path)
        verdict = judged(gate.save_baseline(path, gate.update_baseline(verdict, empty.place_of, old)))
        _console.note(f"Wrote {path}.")
    return verdict, given.notes_of(pack)


def _records(settings: Settings, scanner: Scanner) -> Iterator[Any]:
    from dataclasses import replace

    from frictionlens.readers import find_sources
    from frictionlens.runners import local

    options = given.read_options(settings)
    for paths, reading in (
        (settings.check.paths, options),
        (settings.check.macros, replace(options, format="macros")),
    ):
        sources = list(find_sources(paths))
        jobs = local.decide_jobs(sources, settings.jobs)
        yield from local.run(sources, reading, scanner.options, jobs, scanner)


def _audited(settings: Settings, pack: Pack) -> dict[str, Audited]:
    """Return how rules were judged: as they ship, and over that by the audit that the policy names."""
    if settings.check.audit is None:
        return dict(pack.audited)
    from frictionlens.audits import load_audit

    return pack.audited | load_audit(Path(settings.check.audit))


def _today() -> date:
    """Return the day on which suppressions are judged; SOURCE_DATE_EPOCH fixes it for builds that must repeat."""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return datetime.fromtimestamp(int(epoch), UTC).date()
    return datetime.now().astimezone().date()


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", path) from None


def _write_summary(verdict: Verdict, notes: Notes) -> None:
    """Add the step summary where GitHub asks for one."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        from frictionlens.reporters import github

        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(github.render_summary(verdict, notes))


def _watch(load: Callable[[], Settings], once: Callable[[Settings, Scanner], int], snapshots: Iterator[object]) -> None:
    """Check whenever a snapshot of the files differs from the one before; mistakes are shown and waited out."""
    scanner: Scanner | None = None
    seen: object = None
    kept: object = None
    for snapshot in snapshots:
        if snapshot == seen:
            continue
        seen = snapshot
        if _console.out().is_terminal:
            _console.out().clear()
        try:
            settings = load()
            options = given.scan_options(settings)
            if scanner is None or kept != (options, _stamps(settings.packs)):
                scanner, kept = _scanner(settings), (options, _stamps(settings.packs))
            once(settings, scanner)
        except UserError as error:
            _console.error(error)
        _console.note("Watching; Ctrl-C stops.")


def _snapshots(load: Callable[[], Settings]) -> Iterator[object]:
    """Yield names, sizes and times of every file that matters, for ever."""
    settings: Settings | None = None
    while True:
        try:
            settings = load()
        except UserError as error:
            yield str(error)
        if settings is not None:
            policy = settings.check
            extra = [each for each in (policy.baseline, policy.suppressions, policy.audit, settings.file) if each]
            yield _stamps([*policy.paths, *policy.macros, *settings.packs, *map(str, extra)])
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _stamps(paths: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    found = []
    for name in paths:
        path = Path(name)
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for file in files:
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
