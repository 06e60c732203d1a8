"""Own the way from what the user typed to `Source`s: files, folders, globs, standard input, compression."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from frictionlens.errors import UserError
from frictionlens.readers._base import Source

Bundle = Callable[[frozenset[str]], bool]
"""Tells from the names in one folder (files, and folders with a final `/`) that it is one export: `Format.bundle`."""


def find_sources(paths: Iterable[str], bundles: Sequence[Bundle] = ()) -> Iterator[Source]:
    """Find what to read, in sorted order; `-` is standard input.

    Args:
        paths: files, folders, glob patterns.
        bundles: what makes a folder one source (with `members`) instead of many.

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
            files = (each for each in sorted(path.rglob("*")) if each.is_file() and not _is_hidden(each, path))
            members = [(PurePosixPath(each.relative_to(path).as_posix()), _file_source(each)) for each in files]
            yield from group_bundles(members, name.rstrip("/") or name, bundles)
        elif path.exists():
            yield _file_source(path)
        else:
            matches = sorted(glob.glob(name, recursive=True))
            if not matches:
                raise UserError("there is no such file or folder", name, "check the path; quote patterns with *")
            yield from find_sources(matches, bundles)


def group_bundles(
    members: Sequence[tuple[PurePosixPath, Source]], root: str, bundles: Sequence[Bundle]
) -> Iterator[Source]:
    """Turn every folder that is one export into one source; everything else stays as it is, in order.

    Args:
        members: every file below a folder or in an archive: its path from there, and its source.
        root: name of the folder or archive, for people.
        bundles: what makes a folder one export; the folder nearest to the root wins and takes all below it.
    """
    names: defaultdict[PurePosixPath, set[str]] = defaultdict(set)
    for path, _ in members:
        names[path.parent].add(path.name)
        for folder in path.parents[:-1]:
            names[folder.parent].add(f"{folder.name}/")
    claimed = {folder for folder, inside in names.items() if any(bundle(frozenset(inside)) for bundle in bundles)}
    gathered: dict[PurePosixPath, list[Source]] = {}
    loose: list[Source | PurePosixPath] = []
    for path, source in members:
        home = next((folder for folder in reversed(path.parents) if folder in claimed), None)
        if home is None:
            loose.append(source)
        elif home in gathered:
            gathered[home].append(source)
        else:
            gathered[home] = [source]
            loose.append(home)
    for each in loose:
        if isinstance(each, Source):
            yield each
        else:
            name = root if each == PurePosixPath() else f"{root}/{each}"
            yield Source(name, _no_bytes, members=tuple(gathered[each]))


def _no_bytes() -> IO[bytes]:
    return io.BytesIO()


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
