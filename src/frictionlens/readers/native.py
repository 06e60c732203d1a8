"""Read native transcripts: JSONL, one interaction a line (docs/formats.md has the contract); arrays of them too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from frictionlens.errors import Problem
from frictionlens.model import ROLES, Interaction
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._build import checked
from frictionlens.readers._json import is_one_list, iter_items, parse_json

_DECODER = msgspec.json.Decoder(Interaction)


def _sniff(head: Head) -> str | None:
    record = head.record
    turns = record.get("turns")
    if not isinstance(record.get("id"), str) or not isinstance(turns, list) or not turns:
        return None
    # Lines of the same shape with other role words or numbers as ids are read by what their keys mean.
    if all(isinstance(turn, dict) and "text" in turn and turn.get("role") in ROLES for turn in turns[:5]):
        return "lines with id and turns[].role/text"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _interactions(source), unique=False)


def _interactions(source: Source) -> Iterator[Record]:
    lines = source.span is not None or (source.head.is_ndjson and not is_one_list(source.head))
    for where, found in _lines(source) if lines else _values(source):
        if isinstance(found, Problem):
            yield found
        elif isinstance(found, Interaction):
            yield found if found.source else msgspec.structs.replace(found, source=source.name)
        else:
            yield Problem(source.name, where, found, "see `frictionlens schema transcript`")


def _lines(source: Source) -> Iterator[tuple[str, Interaction | str]]:
    for number, line in source.lines():
        try:
            yield f"line {number}", _DECODER.decode(line)
        except msgspec.ValidationError as error:
            yield f"line {number}", _told(error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield f"line {number}", _mended(line)


def _mended(line: bytes) -> Interaction | str:
    """Read a line with lone surrogates, NUL or spoilt bytes in it, which become U+FFFD; else say what is wrong."""
    try:
        return msgspec.convert(parse_json(line), Interaction)
    except msgspec.ValidationError as error:
        return _told(error)
    except (ValueError, RecursionError):
        return "not valid JSON"


def _values(source: Source) -> Iterator[tuple[str, Interaction | Problem | str]]:
    """Read what somebody made one value of: an array of interactions, or one laid out over many lines."""
    for item in iter_items(source):
        if isinstance(item, Problem):
            yield "", item
            continue
        try:
            yield item.where, msgspec.convert(item.value, Interaction)
        except (msgspec.ValidationError, RecursionError) as error:
            yield item.where, _told(error)


def _told(error: Exception) -> str:
    """Say what is wrong without the value that is: it may be anybody's words."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return re.sub(r"(?s)^(Invalid enum value) .*( - at `[^`]*`)$", r"\1\2", str(error))


FORMAT = Format(
    name="native",
    title="frictionlens transcript lines (JSONL)",
    sniff=_sniff,
    read=_read,
    rank=20,
    splittable=True,
)
