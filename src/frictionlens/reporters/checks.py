"""Own the list of check reports: which there are, and which one a file name asks for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import PurePath
from typing import Final, cast

from frictionlens.errors import UserError, nearest
from frictionlens.gate import Verdict
from frictionlens.reporters._marks import Notes

Render = Callable[[Verdict, Notes], str]

KINDS: Final = {
    "text": "check_text",
    "json": "check_json",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "gitlab": "gitlab",
    "tap": "tap",
}
"""Kind of report → module with its `render`."""

SUFFIXES: Final = {".txt": "text", ".json": "json", ".sarif": "sarif", ".xml": "junit", ".tap": "tap"}


def renderer(kind: str) -> Render:
    """Return the function that writes a kind of report.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in KINDS:
        raise UserError(f"no report {kind!r}{nearest(kind, KINDS)}", "--to", f"known: {', '.join(KINDS)}")
    module = importlib.import_module(f"frictionlens.reporters.{KINDS[kind]}")
    return cast(Render, module.render)


def kind_of(output: str) -> tuple[str, str]:
    """Return (kind, path) of an output: by its suffix, or as written before an equals sign (`gitlab=report.json`).

    Raises:
        UserError: neither tells.
    """
    kind, equals, path = output.partition("=")
    if equals and kind in KINDS:
        return kind, path
    name = PurePath(output).name.lower()
    if name.endswith((".sarif.json", ".sarif")):
        return "sarif", output
    suffix = PurePath(name).suffix
    if suffix in SUFFIXES:
        return SUFFIXES[suffix], output
    hint = f"by suffix: {', '.join(SUFFIXES)}; or KIND=FILE with one of {', '.join(KINDS)}"
    raise UserError("the name does not tell which report this is to be", output, hint)
