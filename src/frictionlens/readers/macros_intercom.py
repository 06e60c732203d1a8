"""Read Intercom macros (saved replies): what the API lists (`GET /macros`), an array of macros, or one macro.

A macro has `body_text` (plain, placeholders in braces) and `body` (HTML, placeholders as tags)
(developers.intercom.com, Macros).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._macros import read_json_macros


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


def _reply(macro: dict[str, Any]) -> tuple[str, str]:
    texts = (text for key in ("body_text", "body") if isinstance(text := macro.get(key), str) and text.strip())
    return next(texts, ""), "the macro writes no reply"


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:  # macros have no roles to map
    return read_json_macros(source, _macros, "name", _reply)


FORMAT = Format(name="intercom-macros", title="Intercom macros (JSON)", sniff=_sniff, read=_read, rank=25)
