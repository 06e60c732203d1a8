"""Own the two consoles: standard output carries results only, everything else goes to standard error."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from frictionlens.errors import UserError
from frictionlens.privacy import printable

if TYPE_CHECKING:
    from rich.console import Console

_state = {"no_color": False, "quiet": False, "debug": False}


def configure(*, no_color: bool, quiet: bool, debug: bool) -> None:
    """Set what the root options say."""
    _state.update(no_color=no_color, quiet=quiet, debug=debug)
    out.cache_clear()
    err.cache_clear()


def debugging() -> bool:
    """Tell whether tracebacks are wanted."""
    return _state["debug"]


def quiet() -> bool:
    """Tell whether only results and errors are wanted."""
    return _state["quiet"]


def _width() -> int | None:
    """Return the width for output that goes to no terminal: 120 unless COLUMNS says otherwise."""
    return None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 120


@cache
def out() -> Console:
    """Return the console for results."""
    from rich.console import Console

    return Console(no_color=_state["no_color"] or None, width=_width(), highlight=False)


@cache
def err() -> Console:
    """Return the console for everything that is not a result."""
    from rich.console import Console

    return Console(stderr=True, no_color=_state["no_color"] or None, highlight=False)


def note(message: str) -> None:
    """Say something that is not a result, unless `--quiet`."""
    if not _state["quiet"]:
        from rich.text import Text

        err().print(Text(printable(message), "dim"), soft_wrap=True)


def error(problem: UserError) -> None:
    """Print an error for people: where, what, what to do."""
    from rich.text import Text

    text = Text("error: ", "bold red")
    text.append(printable(f"{problem.where}: {problem.message}" if problem.where else problem.message), "default")
    if problem.hint:
        text.append(f"\n  {printable(problem.hint)}", "dim")
    err().print(text, soft_wrap=True)
