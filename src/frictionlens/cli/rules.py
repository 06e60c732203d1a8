"""Read, document and test rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import RuleError, counted

if TYPE_CHECKING:
    from frictionlens.config import Settings
    from frictionlens.model import Interaction
    from frictionlens.rules import Pack

app = typer.Typer(help="Read, document, test and write rules.", no_args_is_help=True)

RuleId = Annotated[str, typer.Argument(metavar="ID", help="Rule id, as `rules list` shows it.", show_default=False)]


def _folders(pack: list[Path] | None, config: Path | None = None) -> list[Path]:
    settings = given.settings_of(config, packs=[str(each) for each in pack or []])
    return [Path(each) for each in settings.packs]


def _pack(pack: list[Path] | None) -> Pack:
    from frictionlens.rules import load_pack

    return load_pack(_folders(pack))


@app.command("list")
def list_(
    category: Annotated[str | None, typer.Argument(metavar="[CATEGORY]", help="Only this category or family.")] = None,
    pack: given.PackOption = None,
) -> None:
    """List every rule with its category, severity and confidence."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    loaded = _pack(pack)
    everything = list(loaded.everything)
    if category:
        names = {each.category.id for each in everything} | {each.category.family for each in everything}
        if category not in names:
            from frictionlens.errors import nearest

            raise RuleError(
                f"no category or family {category!r}{nearest(category, names)}",
                "",
                f"allowed: {', '.join(sorted(names))}",
            )
        everything = [each for each in everything if category in (each.category.id, each.category.family)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for name in ("rule", "what it catches", "severity", "confidence"):
        table.add_column(name, overflow="fold")
    for each in everything:
        table.add_row(*map(Text, (each.id, each.entry.title, each.entry.severity, each.confidence)))
    _console.out().print(table)
    _console.note(f"{counted(len(everything), 'rule')}; pack digest {loaded.digest}")


@app.command()
def show(rule_id: RuleId, pack: given.PackOption = None) -> None:
    """Print a rule as it is written: patterns, conditions, examples."""
    import yaml
    from rich.syntax import Syntax

    loaded = _pack(pack)
    rule = loaded.rule(rule_id)
    entry = rule.entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    head = (
        f"# {rule.where}\n# category {rule.category.id}, severity {rule.entry.severity}, confidence {rule.confidence}\n"
    )
    text = head + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=10_000)
    console = _console.out()
    console.print(
        Syntax(text, "yaml", background_color="default", word_wrap=True) if console.is_terminal else text, markup=False
    )


@app.command()
def explain(rule_id: RuleId, pack: given.PackOption = None) -> None:
    """Explain a rule: why it exists, what it catches and what not, better wording, how it weighs and how sure it is."""
    from rich.console import Group
    from rich.text import Text

    from frictionlens.reporters.table import rows_of
    from frictionlens.rules import Rule
    from frictionlens.rules.confidence import wilson
    from frictionlens.scoring import Weights

    loaded = _pack(pack)
    rule = loaded.rule(rule_id)
    entry, category = rule.entry, rule.category
    audited = loaded.audited.get(rule.id)
    sure = f"{rule.confidence}: not audited yet"
    if audited is not None and audited.of:
        low, high = wilson(audited.true, audited.of)
        sure = f"{rule.confidence}: {audited.true} of {audited.of} audited findings were true"
        sure += f" (95 % interval {low:.0%} to {high:.0%})"
        sure += f", {audited.data}, {audited.date}" if audited.data else ""
    if isinstance(rule, Rule) and rule.confidence == "high" and rule.proven is not None:
        proven = sum(rule.confidence_in(each.source) == "high" for each in rule.patterns)
        sure += f"; {proven} of {len(rule.patterns)} patterns are proven, findings of the others are medium"
    rows = [("why", entry.why)]
    if entry.advice:
        rows.append(("better wording", entry.advice))
    rows += [
        ("category", f"{category.title} ({category.family}): {category.meaning}"),
        ("severity", entry.severity),
        ("confidence", sure),
    ]
    if category.weight:
        points = category.weight * Weights().severity[entry.severity] * Weights().confidence[rule.confidence]
        rows.append(("weight", f"{points:g} points of load for the first one in an interaction (docs/scoring.md)"))
    if isinstance(rule, Rule):
        said = sorted(rule.roles)
        rows.append(("looked for in", f"turns of {', '.join(said)}"))
        rows += [("matches", _text(each)) for each in rule.entry.examples.match]
        rows += [("does not match", _text(each)) for each in rule.entry.examples.no_match]
        rows += [("known miss", _text(each)) for each in rule.entry.examples.todo_match]
        rows += [("known false alarm", _text(each)) for each in rule.entry.examples.todo_no_match]
    else:
        rows += [("matches", each.strip()) for each in rule.entry.examples.match]
    rows += [("defined in", rule.where)]
    _console.out().print(Group(Text(f"{rule.id}  {entry.title}\n", "bold"), rows_of(rows)))


def _text(example: object) -> str:
    if isinstance(example, str):
        return example
    before = getattr(example, "before", None)
    return (f"after “{before}”: " if before else "") + str(getattr(example, "text", ""))


@app.command()
def test(
    rule_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this rule or category.")] = None,
    pack: given.PackOption = None,
) -> None:
    """Run the examples of the rules: every one that must match does, every one that must not does not."""
    from frictionlens.testing import cases, run_case

    chosen = [
        each
        for each in cases(_folders(pack))
        if not rule_id or each.rule_id == rule_id or each.rule_id.startswith(f"{rule_id}.")
    ]
    if not chosen:
        raise RuleError(f"no rule or category {rule_id!r} with examples", "", "see `frictionlens rules list`")
    failed = 0
    for case in chosen:
        try:
            run_case(case)
        except AssertionError as error:
            failed += 1
            _console.out().print(f"FAILED {error}", markup=False, style="red")
    known = sum(case.known_wrong for case in chosen)
    _console.out().print(
        f"{len(chosen) - failed} of {len(chosen)} examples pass"
        + (f", of which {known} are known to be wrong still" if known else "")
    )
    if failed:
        raise typer.Exit(RuleError.exit_code)


@app.command()
def lint(pack: given.PackOption = None) -> None:
    """Check the rules without running them: files, patterns, names, and that each is explained and proved."""
    from frictionlens.engine.compiled import compile_pack
    from frictionlens.rules.lint import find_faults

    loaded = _pack(pack)
    compile_pack(loaded)
    faults = find_faults(loaded)
    for fault in faults:
        # One fault a line, however narrow: editors and scripts read it.
        _console.out().print(f"{fault.where}: {fault.message}", markup=False, soft_wrap=True)
    _console.out().print(
        f"{counted(len(loaded.rules), 'rule')} and {counted(len(loaded.episodes), 'episode')}: "
        + (counted(len(faults), "fault") if faults else "no faults")
    )
    if faults:
        raise typer.Exit(RuleError.exit_code)


@app.command()
def stats(
    paths: given.Paths,
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="table or json.")] = "table",
    everything: Annotated[bool, typer.Option("--all", help="Print every rule.")] = False,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    pack: given.PackOption = None,
    config: given.Config = None,
) -> None:
    """Count how rules are found over transcripts: rates, share of interactions, which go together, which are dead."""
    from frictionlens.errors import UserError, nearest
    from frictionlens.pipeline import Scanner
    from frictionlens.reporters import rule_stats as reporter
    from frictionlens.rule_stats import count_rules

    if to not in ("table", "json"):
        raise UserError(f"no output kind {to!r}{nearest(to, ('table', 'json'))}", "--to", "allowed: table, json")
    settings = given.input_settings(config, format_, columns, roles, agent_domain, pack)
    scanner = Scanner(given.scan_options(settings))
    found = count_rules(map(scanner.score, _interactions(paths, settings)), scanner.pack)
    if to == "json":
        _console.out().file.write(reporter.to_json(found).decode())
    else:
        reporter.show(found, _console.out(), most=10_000 if everything else 40)


@app.command()
def new(
    rule_id: Annotated[str, typer.Argument(metavar="CATEGORY.NAME", help="Id of the new rule.", show_default=False)],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="Pack folder of your own; made where there is none.")
    ] = Path("rules-draft"),
    example: Annotated[str, typer.Option("--example", metavar="TEXT", help="Words that it must find.")] = "",
    pack: given.PackOption = None,
) -> None:
    """Write a commented draft of a rule with places for its examples."""
    from frictionlens.errors import UserError
    from frictionlens.rule_draft import draft_rule

    place, text = draft_rule(_pack(pack), rule_id, example)
    path = into / place
    if path.exists():
        raise UserError("there is such a file already", str(path), "change it, or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", str(path)) from None
    _console.out().print(str(path), markup=False)
    _console.note(f"Write its patterns and examples, then: frictionlens rules test {rule_id} --pack {into}")
    _console.note(f"and see what it changes: frictionlens rules spot-check PATHS --draft {into}")


@app.command("spot-check")
def spot_check(
    paths: given.Paths,
    draft: Annotated[Path, typer.Option("--draft", metavar="DIR", help="Pack folder with new or changed rules.")],
    sample: Annotated[
        int, typer.Option("--sample", "-n", min=1, help="Interactions, chosen by a hash of their ids.")
    ] = 500,
    show_: Annotated[int, typer.Option("--show", min=0, help="Newly hit conversations printed.")] = 5,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    pack: given.PackOption = None,
    no_redact: given.NoRedact = False,
    config: given.Config = None,
) -> None:
    """Show what draft rules change on a fixed sample before they are adopted: hits, scores, newly hit conversations."""
    from dataclasses import replace

    from frictionlens.pipeline import Scanner
    from frictionlens.reporters.rule_stats import show_spot_check
    from frictionlens.rule_draft import sample_of
    from frictionlens.rule_draft import spot_check as compare

    settings = given.input_settings(config, format_, columns, roles, agent_domain, pack)
    options = given.scan_options(settings)
    then = Scanner(replace(options, packs=(*options.packs, draft)))
    chosen = sample_of(_interactions(paths, settings), sample)
    found = compare(chosen, Scanner(options), then)
    show_spot_check(found, _console.out(), "off" if no_redact else settings.redact, most=show_)


def _interactions(paths: list[str], settings: Settings) -> Iterator[Interaction]:
    """Yield what can be read; what cannot is noted on standard error."""
    from frictionlens.errors import Problem
    from frictionlens.model import Interaction
    from frictionlens.readers import find_sources, read

    for source in find_sources(paths):
        for record in [source] if isinstance(source, Problem) else read(source, given.read_options(settings)):
            if isinstance(record, Interaction):
                yield record
            elif isinstance(record, Problem):
                _console.note(f"{record.source}: {record.record + ': ' if record.record else ''}{record.reason}")
