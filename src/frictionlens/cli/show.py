"""Show one conversation with findings highlighted in place, and its score explained."""

from __future__ import annotations

from typing import Annotated

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given
from frictionlens.errors import Problem, UserError

NO_ARGS_IS_HELP = True


def show(
    path: Annotated[str, typer.Argument(metavar="FILE", help="File or folder with transcripts.", show_default=False)],
    interaction_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Which one; without it, the one with the highest score.")
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
    """Print one conversation with findings highlighted in place, and its score explained."""
    from frictionlens.model import Interaction
    from frictionlens.pipeline import Scanner
    from frictionlens.readers import find_sources, read
    from frictionlens.reporters import conversation

    settings = given.input_settings(
        config,
        format_,
        columns,
        roles,
        agent_domain,
        pack,
        redact="off" if no_redact else redact_with,
    )
    scanner = Scanner(given.scan_options(settings))
    best = None
    seen: list[str] = []
    for source in find_sources([path]):
        for record in [source] if isinstance(source, Problem) else read(source, given.read_options(settings)):
            if isinstance(record, Problem):
                _console.note(f"{record.source}: {record.record + ': ' if record.record else ''}{record.reason}")
            if not isinstance(record, Interaction):
                continue
            seen.append(record.id)
            if interaction_id is not None and record.id != interaction_id:
                continue
            scored = scanner.score(record)
            if best is None or scored.score > best[1].score:
                best = (record, scored)
            if interaction_id is not None:
                break
    if best is None:
        from frictionlens.errors import nearest

        if not seen:
            raise UserError("there is no interaction in it", path)
        hint = f"there are {len(seen):,}: {', '.join(seen[:8])}{' …' if len(seen) > 8 else ''}"
        raise UserError(f"no interaction {interaction_id!r}{nearest(interaction_id or '', seen)}", path, hint)
    conversation.show(best[0], best[1], scanner.pack, settings.redact, _console.out())
