"""Own the way from paths to interactions: find sources, recognise their format, read them.

Formats are found from their files: every module of this package that does not start with `_` has a `FORMAT`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from frictionlens.errors import Problem, Skipped, UserError, nearest
from frictionlens.readers import _sources
from frictionlens.readers._base import BrokenInputError, Format, Head, ReadOptions, Record, Source
from frictionlens.readers._dedupe import Duplicates, Seen
from frictionlens.readers._split import split

__all__ = [
    "Duplicates",
    "Format",
    "Head",
    "ReadOptions",
    "Recognition",
    "Record",
    "Seen",
    "Source",
    "find_sources",
    "formats",
    "read",
    "recognise",
    "split",
]


_NOTES: Final = re.compile(r"(?:readme|licen[cs]e|changelog|index)(?:\.(?:md|rst|txt))?")
"""Names of files that people put beside exports; `--from` reads them all the same."""


@cache
def formats() -> dict[str, Format]:
    """Return every known format by name, in the order in which they are tried."""
    found: list[Format] = [
        importlib.import_module(f"{__name__}.{module.name}").FORMAT
        for module in pkgutil.iter_modules(__path__)
        if not module.name.startswith("_")
    ]
    return {each.name: each for each in sorted(found, key=lambda each: (each.rank, each.name))}


def find_sources(paths: Iterable[str]) -> Iterator[Source]:
    """Find what to read in files, folders, globs and standard input (`-`); a folder that is one export is one source.

    Raises:
        UserError: a path that does not exist, or a pattern that matches nothing.
    """
    return _sources.find_sources(paths, [each.bundle for each in formats().values() if each.bundle])


@dataclass(frozen=True)
class Recognition:
    """What a source was recognised as, why, and what else it could be."""

    format: Format | None
    reason: str
    others: tuple[tuple[str, str], ...] = ()
    """(format name, reason) of every further format whose signature fits, where they were asked for."""


def recognise(source: Source, options: ReadOptions, *, others: bool = False) -> Recognition:
    """Recognise the format of a source; the user's word (`--from`) wins.

    Args:
        source: what is to be read.
        options: how it is to be read.
        others: look on for further formats that fit: to read a source, only the first one matters.

    Raises:
        UserError: `--from` names no known format.
    """
    if options.format:
        chosen = formats().get(options.format)
        if not chosen:
            hint = f"known: {', '.join(formats())}"
            raise UserError(f"no format {options.format!r}{nearest(options.format, formats())}", "--from", hint)
        return Recognition(chosen, "named with --from")
    if source.instead:
        return Recognition(None, source.instead.reason)
    head = source.head
    if not head.data and not head.members:
        return Recognition(None, "the file is empty")
    hits = ((each, reason) for each in formats().values() if (reason := each.sniff(head)))
    first, reason = next(hits, (None, ""))
    if first is None:
        what = "binary data" if head.is_binary else "text" if head.json is None else "JSON"
        return Recognition(None, f"{what} in no format that is known")
    return Recognition(first, reason, tuple((each.name, why) for each, why in hits) if others else ())


def read(source: Source, options: ReadOptions) -> Iterator[Record]:
    """Read one source; whatever goes wrong in its reader becomes a problem with the source named."""
    if source.instead:
        yield source.instead
        return
    try:
        found = recognise(source, options)
    except OSError as error:
        reason = error.reason if isinstance(error, BrokenInputError) else f"could not be opened: {type(error).__name__}"
        yield Problem(source.name, "", reason)
        return
    if not options.format and _NOTES.fullmatch(source.head.file_name):
        yield Skipped(source.name, "", "notes beside the exports", "not a conversation")
        return
    if found.format is None:
        yield Problem(
            source.name, "", found.reason, "`frictionlens formats` lists what can be read; --from FORMAT names one"
        )
        return
    if found.format.not_a_conversation:
        yield Problem(source.name, "", f"{found.format.title}: {found.format.not_a_conversation}")
        return
    count = 0
    try:
        for record in found.format.read(source, options):
            count += 1
            yield record
    except BrokenInputError as error:
        yield Problem(source.name, f"after record {count}" if count else "", error.reason, error.hint)
        return
    except UserError as error:
        yield Problem(source.name, f"after record {count}" if count else "", error.message, error.hint)
        return
    except (
        OSError,
        EOFError,
        ArithmeticError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RuntimeError,
    ) as error:
        # The last line of defence: a reader that trips over its input must not take the run with it.
        # Only the kind of error is told: its message could quote the transcript.
        reason = f"could not be read as {found.format.name}: {type(error).__name__}"
        yield Problem(source.name, f"after record {count}" if count else "", reason)
        return
    if not count:
        yield Problem(source.name, "", f"recognised as {found.format.name}, but it holds no conversation")


def read_all(sources: Iterable[Source], options: ReadOptions) -> Iterator[Record]:
    """Read sources one after the other."""
    for source in sources:
        yield from read(source, options)
