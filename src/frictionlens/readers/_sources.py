"""Own the way from what the user typed to `Source`s: files, folders, globs, standard input, compression, archives.

Archives are never unpacked by name: members are read through the archive, so that a path in it cannot lead anywhere.
Members are named `archive.zip!member`. What expands like a bomb stops, with a problem; a broken archive is a problem
too, never an exception: it travels as a `Source` with a `problem`.
"""

from __future__ import annotations

import atexit
import bz2
import contextlib
import glob
import gzip
import io
import lzma
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.readers._base import BrokenInputError, Source, read_up_to

Bundle = Callable[[frozenset[str]], bool]
"""Tells from the names in one folder (files, and folders with a final `/`) that it is one export: `Format.bundle`."""

Step = tuple[str, str]
"""How to go one level deeper: (`gzip`, "") decompresses, (`zip`, member) takes a member."""

MOST_LEVELS: Final = 2
"""Archives inside archives are opened to this depth."""

MOST_MEMBERS: Final = 100_000
MOST_RATIO: Final = 300
"""Text shrinks to a tenth, repetitive logs to a hundredth; bombs are beyond this."""

FREE_BYTES: Final = 64 * 1024 * 1024
"""What may come out before its ratio is looked at."""

MOST_SPOOLED: Final = 2 * 1024 * 1024 * 1024
"""How large an archive inside an archive may be, once decompressed."""

_MAGIC: Final = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"))
_CLOSED: Final = ((b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07", "rar"))
_TEXT_SUFFIXES: Final = frozenset(
    {
        ".json",
        ".jsonl",
        ".ndjson",
        ".csv",
        ".tsv",
        ".txt",
        ".vtt",
        ".srt",
        ".sbv",
        ".eml",
        ".mbox",
        ".html",
        ".htm",
        ".xml",
        ".md",
        ".log",
    }
)
"""Files with these names are not looked into for archives: a zip of a hundred thousand of them opens at once."""


def find_sources(paths: Iterable[str], bundles: Sequence[Bundle] = ()) -> Iterator[Source]:
    """Find what to read, in sorted order; `-` is standard input.

    Args:
        paths: files, folders, archives, glob patterns.
        bundles: what makes a folder one source (with `members`) instead of many.

    Raises:
        UserError: a path that does not exist, or a pattern that matches nothing.
    """
    for name in paths:
        path = Path(name)
        if name == "-":
            yield from _expand(_file_source(_spool_stream(sys.stdin.buffer), "-"), bundles)
        elif path.is_dir():
            members = list(_inside(path))
            if not members:
                yield _unreadable(name, "the folder holds no files")
            for source in group_bundles(members, _shown(name.rstrip("/") or name), bundles):
                yield from _expand(source, bundles)
        elif path.is_file():
            yield from _expand(_file_source(path, name), bundles)
        elif path.exists():
            # A pipe (`<(zcat …)`) can be read once: it is kept, so that it can be looked at first.
            with path.open("rb") as stream:
                yield from _expand(_file_source(_spool_stream(stream), name), bundles)
        else:
            matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - a pattern may be absolute
            if not matches:
                raise UserError("there is no such file or folder", name, "check the path; quote patterns with *")
            yield from find_sources(matches, bundles)


def group_bundles(
    members: Sequence[tuple[PurePosixPath, Source]], root: str, bundles: Sequence[Bundle], separator: str = "/"
) -> Iterator[Source]:
    """Turn every folder that is one export into one source; everything else stays as it is, in order.

    Args:
        members: every file below a folder or in an archive: its path from there, and its source.
        root: name of the folder or archive, for people.
        bundles: what makes a folder one export; the folder nearest to the root wins and takes all below it.
        separator: what stands between the root and a path below it: `!` in archives.
    """
    names: defaultdict[PurePosixPath, set[str]] = defaultdict(set)
    for path, source in members:
        if isinstance(source.instead, Skipped):
            continue
        names[path.parent].add(path.name)
        for folder in path.parents[:-1]:
            names[folder.parent].add(f"{folder.name}/")
    claimed = {folder for folder, inside in names.items() if any(bundle(frozenset(inside)) for bundle in bundles)}
    gathered: dict[PurePosixPath, list[Source]] = {}
    loose: list[Source | PurePosixPath] = []
    for path, source in members:
        home = next((folder for folder in reversed(path.parents) if folder in claimed), None)
        if home is None or isinstance(source.instead, Skipped):
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
            name = root if each == PurePosixPath() else f"{root}{separator}{each}"
            yield Source(_shown(name), _no_bytes, members=tuple(gathered[each]))


def _shown(name: str) -> str:
    """Return a name that can be written and printed: bytes in it that are no UTF-8 are spelt out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _no_bytes() -> IO[bytes]:
    return io.BytesIO()


_OWN: Final = frozenset({"frictionlens.toml", "friction-baseline.json", "friction-suppressions.toml"})
"""Files of ours that lie beside transcripts; they are read only when they are named themselves."""


def _inside(root: Path) -> Iterator[tuple[PurePosixPath, Source]]:
    """Find everything below a folder, in sorted order: what is to be read, and what is not, with the reason."""
    found: list[tuple[Path, Source]] = []

    def locked(error: OSError) -> None:
        where = Path(error.filename or root)
        reason = f"the folder could not be opened: {error.strerror or type(error).__name__}"
        found.append((where, _unreadable(str(where), reason)))

    for home, folders, files in os.walk(root, onerror=locked):
        folder = Path(home)
        for each in list(folders):
            path = folder / each
            if path.is_symlink():
                found.append((path, _left_out(str(path), "a link to a folder is not followed")))
            elif _is_hidden(each):
                folders.remove(each)
                found.append((path, _left_out(str(path), "a hidden folder is not looked into")))
        found.extend((path, _found_file(path)) for path in (folder / each for each in files))
    for path, source in sorted(found, key=lambda each: each[0]):
        yield PurePosixPath(path.relative_to(root).as_posix()), source


def _found_file(path: Path) -> Source:
    if path.name in _OWN:
        return _left_out(str(path), "a file of frictionlens beside the exports")
    if _is_hidden(path.name):
        return _left_out(str(path), "a hidden file is not read")
    if path.is_file():
        return _file_source(path, str(path))
    if path.exists():
        return _left_out(str(path), "no file with contents: a pipe, a socket or a device")
    return _unreadable(str(path), "a link to a file that is not there")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _left_out(name: str, reason: str) -> Source:
    """Stand for something that is not read on purpose; by its own name it can still be given."""
    name = _shown(name)
    return Source(name, io.BytesIO, instead=Skipped(name, "", reason, "not a conversation"))


def _spool_stream(stream: IO[bytes]) -> Path:
    """Keep a stream that can be read only once in a private temporary file, which goes away at exit."""
    with tempfile.NamedTemporaryFile(prefix="frictionlens-", delete=False) as kept:
        shutil.copyfileobj(stream, kept)
    atexit.register(_forget, kept.name)
    return Path(kept.name)


def _forget(name: str) -> None:
    with contextlib.suppress(OSError):
        Path(name).unlink()


# ---------------------------------------------------------------- opening


@dataclass(frozen=True)
class _Opener:
    """Opens a file, and goes down into it; picklable, so that work can move to other processes."""

    path: str
    steps: tuple[Step, ...] = ()

    def __call__(self) -> IO[bytes]:
        stream: IO[bytes]
        archive = max((index for index, (kind, _) in enumerate(self.steps) if kind in ("zip", "tar")), default=-1)
        if archive < 0:
            stream = open(self.path, "rb")  # noqa: SIM115, PTH123 - the caller closes it
            size = Path(self.path).stat().st_size
        else:
            kind, member = self.steps[archive]
            stream, size = _open_member(self.path, self.steps[:archive], kind, member)
        for kind, _ in self.steps[archive + 1 :]:
            stream = _decompress(kind, stream, size)
        return stream


def _decompress(kind: str, stream: IO[bytes], size: int) -> IO[bytes]:
    opened: Any
    if kind == "gzip":
        opened = gzip.GzipFile(fileobj=stream)
    elif kind == "bzip2":
        opened = bz2.BZ2File(stream)
    elif kind == "xz":
        opened = lzma.LZMAFile(stream)  # noqa: SIM115 - closed by what wraps it
    else:
        import zstandard

        opened = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(stream, read_across_frames=True)
    return io.BufferedReader(_Bounded(opened, size), 128 * 1024)


class _Bounded(io.RawIOBase):
    """Hand on what is decompressed, up to a ratio, and say in one way that it is broken."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream = stream
        self._size = max(size, 1)
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
            # The names differ with every library, zstandard's error is a plain Exception of its own.
            raise BrokenInputError(
                "the compressed data is broken or cut off", "what came before it was read"
            ) from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise BrokenInputError(
                "the compressed data is broken or cut off", "what came before it was read"
            ) from error
        buffer[: len(data)] = data
        self._given += len(data)
        if self._given > FREE_BYTES and self._given > MOST_RATIO * self._size:
            raise BrokenInputError(
                f"expands to more than {MOST_RATIO} times its size, as decompression bombs do: reading stopped",
                "unpack it yourself if you trust it",
            )
        return len(data)

    def close(self) -> None:
        if not self.closed:
            with contextlib.suppress(OSError, ValueError):
                self._stream.close()
        super().close()


def _open_member(path: str, outer: tuple[Step, ...], kind: str, member: str) -> tuple[IO[bytes], int]:
    container = _container(os.getpid(), path, outer, kind)
    try:
        if isinstance(container, zipfile.ZipFile):
            info = container.getinfo(member)
            return io.BufferedReader(_Bounded(container.open(info), info.compress_size), 128 * 1024), info.file_size
        found = container.getmember(member)
        opened = container.extractfile(found)
    except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise BrokenInputError(f"a member of the archive could not be opened: {type(error).__name__}", "") from error
    if opened is None:
        raise BrokenInputError("a member of the archive is no file", "")
    return io.BufferedReader(_Bounded(opened, found.size), 128 * 1024), found.size


@lru_cache(maxsize=4)
def _container(process: int, path: str, outer: tuple[Step, ...], kind: str) -> zipfile.ZipFile | tarfile.TarFile:
    """Open an archive with random access and keep it open: once a process, because a fork shares file positions."""
    if outer:
        file: Any = tempfile.TemporaryFile(prefix="frictionlens-")  # noqa: SIM115 - lives as long as the archive
        with _Opener(path, outer)() as stream:
            while block := stream.read(1024 * 1024):
                file.write(block)
                if file.tell() > MOST_SPOOLED:
                    raise BrokenInputError(
                        f"the archive inside is larger than {MOST_SPOOLED // 2**30} GB", "unpack it first"
                    )
        file.seek(0)
    else:
        file = open(path, "rb")  # noqa: SIM115, PTH123 - lives as long as the archive
    return zipfile.ZipFile(file) if kind == "zip" else tarfile.open(fileobj=file, mode="r:")


# ---------------------------------------------------------------- looking inside


def _file_source(path: Path, name: str) -> Source:
    """Make a file a source, decompressed where its first bytes say that it is compressed."""
    name = _shown(name)
    try:
        return _unwrapped(name, _Opener(str(path)))
    except OSError as error:
        return _unreadable(name, f"could not be opened: {error.strerror or type(error).__name__}")


def _unwrapped(name: str, opener: _Opener) -> Source:
    for _ in range(2):
        with opener() as stream:
            head = read_up_to(stream, 8)
        kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
        if kind is None:
            break
        opener = _Opener(opener.path, (*opener.steps, (kind, "")))
    return Source(name, opener, Path(opener.path) if not opener.steps else None)


def _unreadable(name: str, reason: str, hint: str = "") -> Source:
    name = _shown(name)
    return Source(name, io.BytesIO, instead=Problem(name, "", reason, hint))


def _expand(source: Source, bundles: Sequence[Bundle], level: int = 0) -> Iterator[Source]:
    """Yield the sources inside an archive, or the source itself."""
    opener = source.opener
    if source.instead or source.members or not isinstance(opener, _Opener):
        yield source
        return
    try:
        with opener() as stream:
            head = read_up_to(stream, 512)
        kind = _archive_kind(head)
        if kind is None:
            yield source
        elif kind in ("7z", "rar"):
            yield _unreadable(
                source.name, f"a {kind} archive, which is not opened", "unpack it, or pack it as .zip or .tar.gz"
            )
        elif level >= MOST_LEVELS:
            yield _unreadable(
                source.name, f"archives inside archives are opened {MOST_LEVELS} deep, not deeper", "unpack it first"
            )
        else:
            yield from _expand_archive(source, opener, kind, bundles, level)
    except BrokenInputError as error:
        yield _unreadable(source.name, error.reason, error.hint)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, NotImplementedError) as error:
        yield _unreadable(source.name, f"the archive could not be opened: {type(error).__name__}", "it may be cut off")


def _archive_kind(head: bytes) -> str | None:
    for magic, kind in _CLOSED:
        if head.startswith(magic):
            return kind
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if head[257:262] == b"ustar" else None


def _expand_archive(
    source: Source, opener: _Opener, kind: str, bundles: Sequence[Bundle], level: int
) -> Iterator[Source]:
    container = _container(os.getpid(), opener.path, opener.steps, kind)
    members: list[tuple[PurePosixPath, Source]] = []
    locked: set[str] = set()
    if isinstance(container, zipfile.ZipFile):
        entries = [info for info in container.infolist() if not info.is_dir()]
        names = {info.filename for info in entries}
        if "[Content_Types].xml" in names or "mimetype" in names:
            yield source  # an Office or OpenDocument file is one document, not an archive
            return
        locked = {info.filename for info in entries if info.flag_bits & 1}
        paths = [info.filename for info in entries]
        odd: list[str] = []
    else:
        paths, odd = [], []
        for member in container:
            if not member.isdir():
                (paths if member.isfile() else odd).append(member.name)
    if len(paths) + len(odd) > MOST_MEMBERS:
        yield _unreadable(source.name, f"holds more than {MOST_MEMBERS} files", "unpack it first")
        return
    if not paths:
        yield _unreadable(source.name, "the archive holds no files")
    for path in odd:
        yield _left_out(f"{source.name}!{path}", "no file with contents: a link or a device")
    for path, times in sorted(Counter(paths).items()):
        members.append((_safe(path), _member(f"{source.name}!{path}", opener, kind, path, locked=path in locked)))
        for _ in range(times - 1):
            yield _left_out(f"{source.name}!{path}", "the archive holds a later file of this name, which is read")
    for each in group_bundles(members, source.name, bundles, "!"):
        known = PurePosixPath(each.name).suffix.lower() in _TEXT_SUFFIXES
        yield from (each,) if known else _expand(each, bundles, level + 1)


def _safe(path: str) -> PurePosixPath:
    """Return the path of a member without what leads out of the archive; it names and groups, and is never opened."""
    return PurePosixPath(*(part for part in PurePosixPath(path).parts if part not in ("/", "..")))


def _member(name: str, opener: _Opener, kind: str, path: str, *, locked: bool) -> Source:
    name, inside = _shown(name), _safe(path)
    if any(_is_hidden(part) for part in inside.parts):
        return _left_out(name, "a hidden file is not read")
    if inside.name in _OWN:
        return _left_out(name, "a file of frictionlens beside the exports")
    if locked:
        return _unreadable(name, "this file of the archive is encrypted", "unpack it with its password first")
    member = _Opener(opener.path, (*opener.steps, (kind, path)))
    if inside.suffix.lower() in _TEXT_SUFFIXES:
        return Source(name, member)
    try:
        return _unwrapped(name, member)
    except OSError as error:
        return _unreadable(name, error.reason if isinstance(error, BrokenInputError) else "could not be opened")
