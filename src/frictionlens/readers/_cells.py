"""Own transcripts that stand whole in one table cell: labelled lines, lists of messages, JSON or Python literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from frictionlens.model import Turn
from frictionlens.readers._base import ReadOptions
from frictionlens.readers._columns import ALIASES, plain, role_value
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import parse_json, pick_list, text_of
from frictionlens.readers._labels import parse_dialogue
from frictionlens.readers._times import offsets, parse_duration, parse_moment

CELL_LIMIT: Final = 32_767
"""What a cell of a spreadsheet holds at most; longer text is cut there without a word."""

_ROLE_WORDS = (
    r"(?:agent|customer|client|caller|user|visitor|guest|member|rep|representative|advisor|operator|support|csr|bot|assistant|system"
    r"|chatbot|virtual assistant|customer service|speaker[ _]?\d{1,2}|spk_\d)(?: ?\d{1,2})?"
)
_INLINE = re.compile(
    rf"(?i)(?:^|(?<=[\s.!?|;\]]))(?=\[?(?:\d{{1,2}}:\d{{2}}(?::\d{{2}})?\]?\s+)?\*{{0,2}}{_ROLE_WORDS}\s*:)"
)
_BREAKS = re.compile(r"(?i)<br\s*/?>|</p>|</div>|\\r\\n|\\n|\s\|{1,3}\s|\s*\u2028\s*")
_TEXT_KEYS = (*ALIASES["text"], "value", "parts")
_ROLE_KEYS = (*ALIASES["role"], *ALIASES["speaker"], "type")
_TIME_KEYS = ALIASES["at"]


def parse_cell(value: Any, options: ReadOptions) -> tuple[str | None, list[Turn]]:
    """Read the transcript in one cell.

    Args:
        value: text, or a list of messages where the table is typed (Parquet, JSON).
        options: the user's roles.

    Returns:
        When it started, where its messages say, and the turns; no turns where this is no transcript.
    """
    if isinstance(value, Mapping):
        for key in ("turns", "messages", "transcript", "conversation", "utterances"):
            if found := pick_list(dict(value), key):
                return _from_messages(found, options)
        return None, []
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _from_messages(list(value), options)
    text = str(value or "").strip()
    if len(text) < 5:
        return None, []
    if text[0] in "[{" and text[-1:] in "]}" and (literal := _literal(text)) is not None:
        return parse_cell(literal, options) if isinstance(literal, list | dict) else (None, [])
    if is_html(text) or "<br" in text:
        text = html_to_text(_BREAKS.sub("<br>", text), keep_quotes=True)
    lines = text.splitlines()
    dialogue = parse_dialogue(lines, options, minimum=2)
    if len({turn.speaker for turn in dialogue.turns}) < 2:
        parts = [part for part in _BREAKS.split(text) if part.strip()]
        if len(parts) > len(lines):
            dialogue = parse_dialogue([line for part in parts for line in part.splitlines()], options, minimum=2)
    if len({turn.speaker for turn in dialogue.turns}) < 2:
        parts = [part for part in _INLINE.split(text) if part.strip()]
        if len(parts) > 1:
            dialogue = parse_dialogue(parts, options, minimum=2)
    return dialogue.started_at, dialogue.turns


_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Half a character, escaped: Python's own notation needs none, and no output can write one."""


def _literal(text: str) -> Any:
    try:
        return parse_json(text.encode("utf-8", "replace"))
    except ValueError:
        pass
    # A cell that pandas wrote: single quotes, None, and lists of an array without commas between them.
    if len(text) > 2_000_000 or _depth(text) > 50:
        return None
    text = _SURROGATE.sub(r"\\ufffd", text)
    for candidate in (text, re.sub(r"\}\s+\{", "}, {", text)):
        try:
            return ast.literal_eval(candidate)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return None


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        if char in "[{(":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]})":
            depth -= 1
    return deepest


def _from_messages(messages: list[Any], options: ReadOptions) -> tuple[str | None, list[Turn]]:
    if messages and all(isinstance(message, str) for message in messages):
        dialogue = parse_dialogue([line for message in messages for line in message.splitlines()], options, minimum=2)
        return dialogue.started_at, dialogue.turns
    rows: list[tuple[str, str, Any]] = []
    for message in messages:
        if isinstance(message, Mapping):
            folded = {plain(key): value for key, value in message.items()}
            text = next((folded[key] for key in _TEXT_KEYS if folded.get(key) is not None), None)
            label = next((folded[key] for key in _ROLE_KEYS if folded.get(key) is not None), None)
            when = next((folded[key] for key in _TIME_KEYS if folded.get(key) is not None), None)
            if text is None and label is None and len(message) == 1:
                # `{"agent": "Hello"}`: the key says who speaks.
                label, text = next(iter(message.items()))
            if text is None and label is None:
                return None, []
            rows.append((str(label or ""), _as_text(text), when))
        elif isinstance(message, Sequence) and not isinstance(message, str) and len(message) >= 2:
            rows.append((str(message[0]), _as_text(message[1]), None))
        else:
            return None, []
    moments = [parse_moment(when) for _, _, when in rows]
    if any(moments):
        started, seconds = offsets(moments)
    else:
        started, seconds = None, [parse_duration(when) if when is not None else None for _, _, when in rows]
    turns = [
        Turn(role=role_value(label.strip().casefold(), options), text=text, at=at, speaker=label or None)
        for (label, text, _), at in zip(rows, seconds, strict=True)
    ]
    return started, turns


def _as_text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(_as_text(part) for part in value)
    if isinstance(value, Mapping):
        return _as_text(value.get("text") or value.get("content") or "")
    return value if isinstance(value, str) else text_of(value) or ""
