"""Show the settings that hold, and where each came from."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from frictionlens.cli import _console
from frictionlens.cli import _input as given


def config(
    file: given.Config = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not the default.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Print the effective settings: value, and the file and line, variable or default that decided."""
    from frictionlens.config import DEFAULT, load_settings, settings_list

    settings = load_settings(config=file)
    rows = [each for each in settings_list(settings) if not changed or each.origin != DEFAULT]
    if as_json:
        json.dump([each._asdict() for each in rows], sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", "from", box=None, pad_edge=False, header_style="bold")
    for key, value, origin in rows:
        style = "dim" if origin == DEFAULT else ""
        table.add_row(Text(key, style), Text(_shown(value), style), Text(origin, style or "cyan"))
    console = _console.out()
    console.print(Text(f"Settings file: {settings.file or 'none found'}", "bold"))
    if rows:
        console.print(table)
    else:
        console.print("Everything is at its default.")


def _shown(value: object) -> str:
    """Write a value as it would stand in the file."""
    return (
        "not set"
        if value is None
        else value
        if isinstance(value, str) and value
        else json.dumps(value, ensure_ascii=False)
    )
