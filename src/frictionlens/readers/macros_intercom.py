"""Read Intercom macros (saved replies): what the API lists (`GET /macros`), an array of macros, or one macro.

A macro has `body_text` (plain, placeholders in braces) and `body` (HTML, placeholders as tags)
(developers.intercom.com, Macros).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.errors import Problem
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._macros import left_out, macro_of_json, numbered, parse_or_problem


def _macros(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        value = value.get("data") or [value]
    return [each for each in value if _is_macro(each)] if isinstance(value, list) else []


def _is_macro(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "macro" and ("body" in value or "body_text" in value)


def _sniff(head: Head) -> str | None:
    if _macros(head.record) or _macros(head.json):
        return "type macro with body or body_text"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:  # macros have no roles to map
    return numbered(_each(source))


def _each(source: Source) -> Iterator[Record]:
    for document in parse_or_problem(source):
        if isinstance(document, Problem):
            yield document
            continue
        for number, macro in enumerate(_macros(document), 1):
            macro_id = str(macro.get("id") or macro.get("name") or number)
            body = next(
                (text for key in ("body_text", "body") if isinstance(text := macro.get(key), str) and text.strip()), ""
            )
            if body:
                yield macro_of_json(source, macro_id, body, str(macro.get("name") or ""))
            else:
                yield left_out(source, macro_id, "the macro writes no reply")


FORMAT = Format(name="intercom-macros", title="Intercom macros (JSON)", sniff=_sniff, read=_read, rank=25)
