"""Write a commented `frictionlens.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frictionlens.cli import _console
from frictionlens.errors import UserError


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write it.", show_default=False)] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write frictionlens.toml with every setting, its meaning and its default, all commented out."""
    from frictionlens.config import FILE_NAME, render_default

    path = folder / FILE_NAME
    if path.exists() and not force:
        raise UserError("is there already", str(path), "--force replaces it")
    try:
        path.write_text(render_default(), "utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", str(path)) from None
    _console.note(f"Wrote {path}. `frictionlens config` shows what holds.")
