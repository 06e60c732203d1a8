"""Own the command line: arguments in, library calls, output; one small file per command.

Commands are found from their files: a module that does not start with `_` has either `app` (a group of commands) or
a function named like the module (`eval_` for `eval`). Nothing heavy is imported before a command runs: `--help`
answers at once, and a test holds that.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
from typing import Annotated, Any

import typer

from frictionlens import __version__
from frictionlens.cli import _console
from frictionlens.errors import UserError

# Imports and rules make a few hundred thousand objects that live to the end: looking for garbage among them at every
# 700 new ones is a quarter of the processor time of a small run (benchmarks/check_macros.py).
gc.set_threshold(100_000, 20, 100)

ORDER = ("scan", "show", "report", "check", "compare", "rules", "eval", "audit", "formats", "schema", "config", "init")
"""Order in `--help`; what is not named here comes after."""

app = typer.Typer(
    name="frictionlens",
    help="Find where support hides behind its process, charge it to the process, and prove it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        print(f"frictionlens {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001  its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours; the NO_COLOR variable does the same.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    _console.configure(no_color=no_color, quiet=quiet, debug=debug)


def _register() -> None:
    modules = {
        each.name.rstrip("_"): each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_")
    }
    places = {name: place for place, name in enumerate(ORDER)}
    for name in sorted(modules, key=lambda each: (places.get(each, len(ORDER)), each)):
        module: Any = importlib.import_module(f"{__name__}.{modules[name]}")
        group = getattr(module, "app", None)
        if isinstance(group, typer.Typer):
            app.add_typer(group, name=name)
        else:
            app.command(name, no_args_is_help=getattr(module, "NO_ARGS_IS_HELP", False))(getattr(module, modules[name]))


_register()


def main() -> None:
    """Run the command line; every error that a person can mend becomes one message and an exit code."""
    try:
        app(standalone_mode=True)
    except UserError as error:
        if _console.debugging():
            raise
        _console.error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, less) went away: that is not an error.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        _console.note("Stopped.")
        sys.exit(130)
