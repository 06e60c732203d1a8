"""Print the JSON Schemas of the contracts."""

from __future__ import annotations

from typing import Annotated

import typer

from frictionlens.errors import UserError, nearest

NO_ARGS_IS_HELP = True


def schema(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="transcript, result, rules, config or check.", show_default=False)
    ],
) -> None:
    """Print a JSON Schema: of transcript lines, result lines, rule files, the configuration or check reports."""
    import json

    from frictionlens.schemas import SCHEMAS

    if name not in SCHEMAS:
        raise UserError(f"no schema {name!r}{nearest(name, SCHEMAS)}", "", f"allowed: {', '.join(SCHEMAS)}")
    typer.echo(json.dumps(SCHEMAS[name](), indent=2, sort_keys=True))
