"""Own what readers of reply macros share: what a company means to say, as interactions of one agent turn each.

Every turn carries the lines of the user's file, so that `check` marks the line that a person has to mend.
"""

from __future__ import annotations

import json
import json.scanner
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Turn
from frictionlens.readers._base import Record, Source
from frictionlens.readers._html import html_to_text, is_html

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of the largest file of macros: they are written by hand, so a larger one is something else."""


class Located(str):
    """A string of a JSON file that knows its line."""

    __slots__ = ("line",)
    line: int


def read_whole(source: Source) -> str:
    """Return the text of a source.

    Raises:
        ValueError: it is larger than macros can be.
    """
    with source.text() as stream:
        text = stream.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError("too large for a file of macros")
    return text.removeprefix("\ufeff")


def parse_located(text: str) -> Any:
    """Parse JSON; every string value is a `Located`.

    Raises:
        json.JSONDecodeError: with the line of the mistake.
    """
    ends = [index for index, sign in enumerate(text) if sign == "\n"]

    def located(document: str, end: int, strict: bool = True) -> tuple[Located, int]:
        value, after = json.decoder.scanstring(document, end, strict)  # type: ignore[attr-defined]
        found = Located(value)
        found.line = bisect_left(ends, end) + 1
        return found, after

    decoder = json.JSONDecoder(strict=False)
    # The C scanner ignores `parse_string`; the Python one honours it, and macros are small.
    decoder.parse_string = located  # type: ignore[attr-defined]
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder.decode(text)


def macro_of(source: Source, macro_id: str, text: str, lines: tuple[int, int], title: str = "") -> Interaction:
    """Build the interaction of one macro: a single agent turn."""
    return Interaction(
        id=macro_id,
        turns=(Turn("agent", text, lines=lines),),
        source=source.name,
        meta={"title": title} if title else {},
    )


def macro_of_json(source: Source, macro_id: str, body: str, title: str = "") -> Interaction:
    """Build the interaction of a macro from a JSON string, which may be HTML and stands on one line of the file."""
    line = body.line if isinstance(body, Located) else 1
    return macro_of(source, macro_id, html_to_text(body) if is_html(body) else str(body), (line, line), title)


def left_out(source: Source, macro_id: str, reason: str) -> Skipped:
    """Say why a macro is not read."""
    return Skipped(source.name, f"macro {macro_id}", reason, "not a conversation")


def read_json_macros(
    source: Source,
    find: Callable[[Any], list[dict[str, Any]]],
    title: str,
    reply: Callable[[dict[str, Any]], tuple[str, str]],
) -> Iterator[Record]:
    """Read an export of macros as JSON.

    Args:
        source: the file.
        find: finds the macros in the parsed file.
        title: key of a macro's title.
        reply: returns what a macro writes, or an empty text and why it writes nothing.
    """
    return numbered(_json_macros(source, find, title, reply))


def _json_macros(
    source: Source,
    find: Callable[[Any], list[dict[str, Any]]],
    title: str,
    reply: Callable[[dict[str, Any]], tuple[str, str]],
) -> Iterator[Record]:
    text = read_whole(source)
    try:
        document = parse_located(text)
    except json.JSONDecodeError as error:
        yield Problem(source.name, f"line {error.lineno}", f"not valid JSON: {error.msg}")
        return
    except RecursionError:
        yield Problem(source.name, "", "JSON nested too deeply")
        return
    macros = find(document)
    values = document.values() if isinstance(document, dict) else [document]
    listed = next((each for each in values if isinstance(each, list) and macros and macros[0] in each), macros)
    for number, macro in enumerate(macros, 1):
        macro_id = str(macro.get("id") or macro.get(title) or number)
        body, reason = reply(macro)
        if body.strip():
            yield macro_of_json(source, macro_id, body, str(macro.get(title) or ""))
        else:
            yield left_out(source, macro_id, reason)
    if len(listed) > len(macros):
        yield Problem(source.name, "", f"{len(listed) - len(macros)} entries are no macros and could not be read")


def numbered(records: Iterator[Record]) -> Iterator[Record]:
    """Make ids unique within a file: the second `refund` becomes `refund (2)`."""
    seen: dict[str, int] = {}
    for record in records:
        if isinstance(record, Interaction):
            seen[record.id] = count = seen.get(record.id, 0) + 1
            if count > 1:
                yield msgspec.structs.replace(record, id=f"{record.id} ({count})")
                continue
        yield record
