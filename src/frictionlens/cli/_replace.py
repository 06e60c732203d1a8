"""Own how results get into files: a file takes its place only when it is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from frictionlens.errors import UserError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Any]:
    """Open a file for writing that takes its place only when it is whole; `-` as name is not special here.

    Raises:
        UserError: the file cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        stream = Target(beside, "wb", path)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", str(path)) from None
    try:
        with stream:
            yield stream
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class Target:
    """A binary file that knows the name it will have, so that a reporter can put a second file beside it."""

    def __init__(self, path: Path, mode: str, target: Path) -> None:
        self._stream = path.open(mode)
        self.target = target

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
