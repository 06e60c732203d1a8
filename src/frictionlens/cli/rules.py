"""Read, document and test rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import RuleError

if TYPE_CHECKING:
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
    _console.note(f"{len(everything)} rules; pack digest {loaded.digest}")


@app.command()
def show(rule_id: RuleId, pack: given.PackOption = None) -> None:
    """Print a rule as it is written: patterns, conditions, examples."""
    import yaml
    from rich.syntax import Syntax

    loaded = _pack(pack)
    rule = loaded.rule(rule_id)
    entry = rule.entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = f"# {rule.where}\n" + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=10_000)
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
        _console.out().print(f"{fault.where}: {fault.message}", markup=False)
    _console.out().print(
        f"{len(loaded.rules)} rules and {len(loaded.episodes)} episodes: "
        + (f"{len(faults)} faults" if faults else "no faults")
    )
    if faults:
        raise typer.Exit(RuleError.exit_code)
