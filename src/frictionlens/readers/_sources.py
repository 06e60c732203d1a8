"""Own the way from what the user typed to `Source`s: files, folders, globs, standard input, compression."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from frictionlens.errors import UserError
from frictionlens.readers._base import Source


def find_sources(paths: Iterable[str]) -> Iterator[Source]:
    """Find what to read, in sorted order; `-` is standard input.

    Raises:
        UserError: a path that does not exist, or a pattern that matches nothing.
    """
    for name in paths:
        if name == "-":
            data = sys.stdin.buffer.read()
            yield Source("-", lambda data=data: io.BytesIO(data))  # type: ignore[misc]
            continue
        path = Path(name)
        if path.is_dir():
            yield from (_file_source(each) for each in sorted(path.rglob("*")) if each.is_file() and not _is_hidden(each, path))
        elif path.exists():
            yield _file_source(path)
        else:
            matches = sorted(glob.glob(name, recursive=True))
            if not matches:
                raise UserError("there is no such file or folder", name, "check the path; quote patterns with *")
            yield from find_sources(matches)


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts)


def _file_source(path: Path) -> Source:
    with path.open("rb") as stream:
        magic = stream.read(6)

    def opener() -> IO[bytes]:
        if magic.startswith(b"\x1f\x8b"):
            return gzip.open(path, "rb")  # type: ignore[return-value]
        if magic.startswith(b"BZh"):
            return bz2.open(path, "rb")
        if magic.startswith(b"\xfd7zXZ\x00"):
            return lzma.open(path, "rb")
        return path.open("rb")

    plain = not magic.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"))
    return Source(str(path), opener, path if plain else None)
