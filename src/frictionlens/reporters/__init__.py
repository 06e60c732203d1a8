"""Own outputs: one file per kind, results in, text or file out; no new numbers here.

A kind of scan output is a module with `SUFFIXES` and `write(results, summary, digest, stream)`; `-o FILE` picks it by
suffix, `--to KIND` by name for standard output.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from frictionlens.errors import UserError, nearest

KINDS: Final = ("jsonl", "json", "csv", "parquet", "markdown", "html", "xlsx")
"""Kinds that `scan` writes; each is a module of this package."""


@cache
def reporter(kind: str) -> ModuleType:
    """Return the module that writes this kind.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in KINDS:
        raise UserError(f"no output kind {kind!r}{nearest(kind, KINDS)}", "--to", f"allowed: {', '.join(KINDS)}")
    return importlib.import_module(f"{__name__}.{kind}")


def reporter_for(path: Path) -> ModuleType:
    """Return the module that writes files with this suffix.

    Raises:
        UserError: no kind has this suffix.
    """
    for kind in KINDS:
        if path.suffix.lower() in reporter(kind).SUFFIXES:
            return reporter(kind)
    known = ", ".join(suffix for kind in KINDS for suffix in reporter(kind).SUFFIXES)
    raise UserError(f"no output kind has the suffix {path.suffix!r}", str(path), f"allowed: {known}")
