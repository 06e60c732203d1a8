"""Own redaction and escaping of transcript text; knows nothing of who prints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, Literal

Mode = Literal["on", "off", "hash"]

_RULES: Final = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("number", re.compile(r"\d(?:[\s().-]?\d){4,}")),
)


def redact(text: str, mode: Mode = "on", names: Sequence[str] = ()) -> str:
    """Replace personal data by what it was: `[email]`, `[number]`; `hash` keeps equal values recognisable."""
    if mode == "off":
        return text
    for kind, pattern in _RULES:
        text = pattern.sub(lambda match, kind=kind: _mask(kind, match.group(), mode), text)  # type: ignore[misc]
    return text


def _mask(kind: str, value: str, mode: Mode) -> str:
    return f"[{kind}:{hashlib.sha256(value.encode()).hexdigest()[:6]}]" if mode == "hash" else f"[{kind}]"


def hash_identity(name: str) -> str:
    """Return a short stable pseudonym for a person."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:10]


_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]"
)


def printable(text: str) -> str:
    """Return the text with everything that steers a terminal (escapes, bidi marks, lone surrogates) made visible.

    Line ends and tabs stay. For rich, put the result into a `Text`, never into markup.
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def spreadsheet_safe(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula (OWASP: CSV injection), without controls."""
    clean = printable(text)
    return f"'{clean}" if clean[:1] in ("=", "+", "-", "@", "\t", "\r") else clean


def markdown_safe(text: str) -> str:
    """Return the text so that Markdown and the HTML in it show it as it is."""
    clean = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#!|~])", r"\\\1", clean)
