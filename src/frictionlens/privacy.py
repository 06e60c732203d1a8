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
