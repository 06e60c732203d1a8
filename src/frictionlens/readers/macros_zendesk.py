"""Read Zendesk macros: what the API lists (`GET /api/v2/macros`), an array of macros, or one macro.

A macro is a list of actions; the reply stands in `comment_value` (text) or `comment_value_html`, as a string or as
[channel, string] (developer.zendesk.com/api-reference/ticketing/business-rules/macros).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._macros import read_json_macros

_REPLIES = ("comment_value", "comment_value_html")


def _macros(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        value = value.get("macros") or [value.get("macro") or value]
    return [each for each in value if _is_macro(each)] if isinstance(value, list) else []


def _is_macro(value: Any) -> bool:
    actions = value.get("actions") if isinstance(value, dict) else None
    return isinstance(actions, list) and any(isinstance(each, dict) and "field" in each for each in actions)


def _sniff(head: Head) -> str | None:
    if _macros(head.record) or _macros(head.json):
        return "macros[].actions[].field"
    return None


def _reply(macro: dict[str, Any]) -> tuple[str, str]:
    if macro.get("active") is False:
        return "", "the macro is switched off"
    actions = [each for each in macro["actions"] if isinstance(each, dict)]
    public = [each.get("value") for each in actions if each.get("field") == "comment_mode_is_public"]
    if public and str(public[-1]).lower() == "false":
        return "", "an internal note: the customer never sees it"
    texts = (text for field in _REPLIES for each in actions if each.get("field") == field if (text := _text(each)))
    return next(texts, ""), "the macro writes no reply"


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:  # macros have no roles to map
    return read_json_macros(source, _macros, "title", _reply)


def _text(action: dict[str, Any]) -> str:
    value = action.get("value")
    if isinstance(value, list):
        value = next((each for each in reversed(value) if isinstance(each, str)), "")
    return value if isinstance(value, str) else ""


FORMAT = Format(name="zendesk-macros", title="Zendesk macros (JSON)", sniff=_sniff, read=_read, rank=25)
