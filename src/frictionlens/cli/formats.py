"""Say what can be read, what a file was recognised as and why; write native transcript lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import Problem, Skipped, counted, nearest

if TYPE_CHECKING:
    from frictionlens.model import Interaction
    from frictionlens.readers import ReadOptions, Source

FIRST_TURNS: Final = 6


def formats(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATHS]...", help="Files to look at; none lists what can be read.")
    ] = None,
    convert: Annotated[
        Path | None, typer.Option("--convert", metavar="OUT.jsonl", help="Write native transcript lines of all PATHS.")
    ] = None,
    format_: given.From = None,
    columns: given.Map = None,
    roles: given.Role = None,
    agent_domain: given.AgentDomain = None,
    allow_problems: Annotated[
        bool, typer.Option("--allow-problems", help="Unreadable input does not change the exit code.")
    ] = False,
    no_redact: given.NoRedact = False,
    config: given.Config = None,
) -> None:
    """List what can be read; or say what a file was recognised as, why, and how its first turns are understood."""
    settings = given.settings_of(
        config,
        format=format_,
        columns=given.pairs(columns, "--map"),
        roles=given.pairs(roles, "--role"),
        agent_domains=agent_domain,
        redact="off" if no_redact else None,
    )
    if not paths:
        _list()
        return
    from frictionlens.readers import find_sources

    options = given.read_options(settings)
    if convert is not None:
        wrong = _convert(paths, convert, options)
    else:
        wrong = 0
        for source in find_sources(paths):
            wrong += _tell(source) if isinstance(source, Problem) else _explain(source, options, settings.redact)
    given.leave(problems=wrong, allow_problems=allow_problems)


def _list() -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from frictionlens.readers import formats as known

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("--from", no_wrap=True, style="bold")
    table.add_column("what it is", overflow="fold")
    for name, each in sorted(known().items()):
        title = f"{each.title} ({each.not_a_conversation})" if each.not_a_conversation else each.title
        table.add_row(Text(name), Text(title))
    _console.out().print(table)
    _console.note(f"{len(known())} formats; gzip, bzip2, xz, zstd, zip and tar are opened by themselves.")


def _explain(source: Source, options: ReadOptions, mode: str) -> int:
    """Print what a source was recognised as and its first turns; return how many problems it has."""
    from rich.text import Text

    from frictionlens.privacy import printable
    from frictionlens.readers import read, recognise

    console = _console.out()
    found = recognise(source, options, others=True)
    line = Text(printable(source.name), "bold")
    line.append(f"\n  {found.format.name}: {found.format.title}" if found.format else "\n  not recognised", "default")
    line.append(f"\n  because: {printable(found.reason)}", "dim not bold")
    for name, why in found.others[:3]:
        line.append(f"\n  could also be {name}: {printable(why)}", "dim not bold")
    console.print(line)
    interactions = turns = wrong = 0
    roles: dict[str, set[str]] = {}
    heard: set[str] = set()
    left_out: dict[str, int] = {}
    for record in read(source, options):
        if isinstance(record, Problem):
            wrong += _tell(record)
        elif isinstance(record, Skipped):
            left_out[record.reason] = left_out.get(record.reason, 0) + 1
        else:
            interactions += 1
            turns += len(record.turns)
            for turn in record.turns:
                heard.add((turn.speaker or turn.role).casefold())
                if len(roles.setdefault(turn.role, set())) < 4:
                    roles[turn.role].add(turn.speaker or "")
            if interactions == 1:
                _first_turns(record, mode)
    said = ", ".join(
        f"{role} ({', '.join(sorted(map(printable, names - {''})))})" if names - {""} else role
        for role, names in sorted(roles.items())
    )
    console.print(Text(f"  {counted(interactions, 'interaction')}, {counted(turns, 'turn')}; roles: {said or 'none'}"))
    for reason, count in sorted(left_out.items()):
        console.print(Text(f"  {count:,} left out: {printable(reason)}", "dim"))
    if "unknown" in roles:
        labels = sorted(roles["unknown"] - {""})
        example = labels[0] if labels else "LABEL"
        other = "customer" if {"agent", "bot"} & set(roles) else "agent"
        console.print(Text(f"  Say who is who: --role '{printable(example)}={other}'", "yellow"))
    for label in sorted(set(options.roles) - heard) if interactions else ():
        console.print(Text(f"  --role: nobody is called {printable(label)!r}{nearest(label, heard)}", "yellow"))
    console.print()
    return wrong


def _first_turns(interaction: Interaction, mode: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from frictionlens.pipeline import names_of
    from frictionlens.privacy import printable, redact

    names = names_of(interaction)
    head = Text(f"  first: {printable(interaction.id)}, {interaction.channel}", "dim")
    for name in ("started_at", "language", "queue", "team", "product", "csat", "qa_score"):
        if getattr(interaction, name) is not None:
            head.append(f", {name} {printable(str(getattr(interaction, name)))}")
    _console.out().print(head)
    table = Table(box=None, show_header=False, pad_edge=True, expand=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for turn in interaction.turns[:FIRST_TURNS]:
        text = redact(turn.text, mode, names)  # type: ignore[arg-type]
        cut = " ".join(printable(text).split())
        at = f"{turn.at:.1f}s" if isinstance(turn.at, int | float) else ""
        role = "note" if turn.internal else turn.role
        table.add_row(Text(at, "dim"), Text(role, "cyan"), Text(cut if len(cut) <= 160 else f"{cut[:159]}…"))
    _console.out().print(table)


def _convert(paths: list[str], target: Path, options: ReadOptions) -> int:
    """Write every interaction as a native line; return how many problems there were."""
    import msgspec

    from frictionlens.cli._replace import replacing
    from frictionlens.model import Interaction
    from frictionlens.readers import find_sources, read_all

    written = wrong = skipped = 0
    with replacing(target) as stream:
        for record in read_all(find_sources(paths), options):
            if isinstance(record, Interaction):
                stream.write(msgspec.json.encode(record) + b"\n")
                written += 1
            elif isinstance(record, Problem):
                wrong += _tell(record)
            else:
                skipped += 1
    _console.note(
        f"Wrote {counted(written, 'interaction')} to {target}; "
        f"{counted(wrong, 'problem')}, {skipped:,} left out on purpose."
    )
    return wrong


def _tell(problem: Problem) -> int:
    from rich.text import Text

    from frictionlens.privacy import printable

    place = f"{problem.source}: {problem.record}" if problem.record else problem.source
    _console.err().print(Text(printable(f"  problem: {place}: {problem.reason}"), "yellow"), soft_wrap=True)
    return 1
