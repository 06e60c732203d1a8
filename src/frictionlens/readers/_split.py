"""Own the cutting of a file of lines into byte ranges that can be read side by side."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from frictionlens.readers._base import Source


def split(source: Source, size: int) -> Iterator[Source]:
    """Yield the source in ranges of whole lines, of about `size` bytes each; itself where it cannot be cut.

    Cut are plain UTF-8 files with a JSON value on every line; whether the format reads every line for itself,
    `Format.splittable` says.
    """
    if source.path is None or source.members or source.instead or not source.head.is_ndjson:
        yield source
        return
    if source.head.encoding not in ("utf-8", "utf-8-sig"):
        yield source
        return
    start, line = 0, 1
    with source.path.open("rb") as stream:
        while data := stream.read(size):
            data += stream.readline()
            end = start + len(data)
            part = replace(
                source, opener=partial(_open_range, source.path, start, end), span=(start, end), first_line=line
            )
            # What the beginning of the file shows holds for all of it.
            part.__dict__["head"] = source.head
            yield part
            start, line = end, line + data.count(b"\n")


def _open_range(path: Path, start: int, end: int) -> IO[bytes]:
    """Open the bytes [start, end) of a file."""
    with path.open("rb") as stream:
        stream.seek(start)
        return io.BytesIO(stream.read(end - start))
