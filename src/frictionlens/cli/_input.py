"""Own the options that every command with input shares, and their way into settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frictionlens.errors import UserError

if TYPE_CHECKING:
    from frictionlens.config import Settings
    from frictionlens.pipeline import Options
    from frictionlens.readers import ReadOptions
    from frictionlens.rules.pack import Episode, Pack, Rule
    from frictionlens.store import RuleNote

Paths = Annotated[
    list[str], typer.Argument(help="Files, folders, globs, archives; - is standard input.", show_default=False)
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="FORMAT", help="Format of the input, instead of recognising it; see `formats`."),
]
Map = Annotated[
    list[str] | None, typer.Option("--map", metavar="OURS=THEIRS", help="Column of a table: text=body,role=sender.")
]
Role = Annotated[list[str] | None, typer.Option("--role", metavar="LABEL=ROLE", help="Who a speaker is: spk_0=agent.")]
AgentDomain = Annotated[
    list[str] | None, typer.Option("--agent-domain", metavar="DOMAIN", help="E-mail domain whose senders are agents.")
]
PackOption = Annotated[
    list[Path] | None,
    typer.Option("--pack", metavar="DIR", help="Folder with rules of your own, beside the shipped ones."),
]
RuleOption = Annotated[
    list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule or category (repeatable).")
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file, instead of the nearest one.")
]
NoRedact = Annotated[bool, typer.Option("--no-redact", help="Leave personal data in quotes.")]
RedactWith = Annotated[
    str | None, typer.Option("--redact-with", metavar="hash", help="Replace personal data by a stable token.")
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 decides by the size.")]
MinConfidence = Annotated[
    str | None,
    typer.Option("--min-confidence", metavar="LEVEL", help="Leave out less sure findings: low, medium, high."),
]


def settings_of(config: Path | None, **flags: Any) -> Settings:
    """Load settings: defaults, file, environment, then the flags that were given (None and empty are not given)."""
    from frictionlens.config import load_settings

    # By identity where equality would take a limit of 0 for "not given".
    given = {
        key: value
        for key, value in flags.items()
        if value is not None and value is not False and value not in ([], {}, ())
    }
    return load_settings(config=config, flags=given)


def input_settings(
    config: Path | None,
    format_: str | None,
    columns: list[str] | None,
    roles: list[str] | None,
    agent_domain: list[str] | None,
    pack: list[Path] | None,
    **flags: Any,
) -> Settings:
    """Load settings with the flags that every command with input shares, and those of its own."""
    return settings_of(
        config,
        format=format_,
        columns=pairs(columns, "--map"),
        roles=pairs(roles, "--role"),
        agent_domains=agent_domain,
        packs=[str(each) for each in pack or []],
        **flags,
    )


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Split `a=b,c=d` options.

    Raises:
        UserError: one without `=`.
    """
    found: dict[str, str] = {}
    for each in (part for item in given or [] for part in item.split(",")):
        key, equals, value = each.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UserError(f"{each!r} is not NAME=VALUE", option)
        found[key.strip()] = value.strip()
    return found


def read_options(settings: Settings) -> ReadOptions:
    """Return what the readers need of the settings."""
    from frictionlens.readers import ReadOptions

    return ReadOptions(
        format=settings.format,
        columns=dict(settings.columns),
        roles={key.casefold(): value for key, value in settings.roles.items()},
        agent_domains=settings.agent_domains,
    )


def scan_options(settings: Settings, *, excerpts: bool = False) -> Options:
    """Return what the pipeline needs of the settings."""
    from frictionlens.pipeline import Options

    return Options.from_settings(settings, excerpts=excerpts)


def notes_of(pack: Pack) -> dict[str, RuleNote]:
    """Return what reports say of each rule and episode: title, why and advice."""
    from frictionlens.store import RuleNote

    rules: list[Rule | Episode] = [*pack.rules, *pack.episodes]
    return {
        each.id: RuleNote(each.id, each.category.id, each.entry.title, each.entry.why, each.entry.advice)
        for each in rules
    }


def leave(*, failures: int = 0, problems: int = 0, allow_problems: bool = False) -> None:
    """End the command with the code that `frictionlens.gate.decide` gives, if it is not 0.

    Raises:
        typer.Exit: the command did not go well.
    """
    from frictionlens.gate import decide

    if code := decide(failures=failures, problems=problems, allow_problems=allow_problems).code:
        raise typer.Exit(int(code))
