"""Own the outputs of the friction report: one module per kind, a `Report` in, bytes out; no new numbers here."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from frictionlens.errors import UserError, nearest

if TYPE_CHECKING:
    from frictionlens.analytics.report import Report

SUFFIXES: Final = {
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".xlsx": "xlsx",
    ".json": "json",
}
KINDS: Final = ("html", "markdown", "xlsx", "json")


def kind_for(path: Path) -> str:
    """Return the kind of a file by its suffix.

    Raises:
        UserError: no kind has this suffix.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise UserError(
            f"no report has the suffix {path.suffix!r}", str(path), f"allowed: {', '.join(sorted(SUFFIXES))}"
        )
    return kind


def render(report: Report, kind: str) -> bytes:
    """Return the report as one file of this kind.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in KINDS:
        raise UserError(f"no report kind {kind!r}{nearest(kind, KINDS)}", "--to", f"allowed: {', '.join(KINDS)}")
    return bytes(importlib.import_module(f"{__name__}.{kind}").render(report))
