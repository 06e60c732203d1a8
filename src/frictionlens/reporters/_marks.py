"""Own the words that all check reports share: what a mark says, in one line and in full."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from frictionlens.gate import Mark
from frictionlens.privacy import printable
from frictionlens.store import RuleNote

Notes = Mapping[str, RuleNote]
"""Rule id → title, why and advice."""


def on_one_line(text: str) -> str:
    """Return transcript text that cannot move a cursor, change direction or start a new line."""
    return printable(re.sub(r"\s+", " ", text)).strip()


def title_of(mark: Mark, notes: Notes) -> str:
    """Return what was found, in a few words."""
    note = notes.get(mark.rule_id)
    return note.title if note else mark.rule_id


def message_of(mark: Mark, notes: Notes, *, advice: bool = True) -> str:
    """Return what was found, the words, why it counts, and better wording."""
    parts = []
    if mark.finding:
        quote = on_one_line(mark.finding.quote)
        parts.append(f"{title_of(mark, notes)}: “{quote}”" if quote else title_of(mark, notes))
    parts += [on_one_line(message) for message in mark.messages]
    if mark.note:
        parts.append(f"{mark.standing}: {mark.note}")
    elif mark.standing == "accepted":
        parts.append("accepted in the baseline")
    note = notes.get(mark.rule_id)
    if advice and note and note.advice and mark.level == "error":
        parts.append(f"Better: {note.advice}")
    return " — ".join(parts)


def uri_of(source: str) -> str:
    """Return a file as repositories name it: relative to the working directory where it lies below it, with `/`.

    A member of an archive has no place of its own in a repository: the archive is named.
    """
    file = source.partition("!")[0]
    relative = Path(os.path.relpath(file)) if Path(file).is_absolute() else Path(file)
    return Path(file).as_posix() if relative.parts[:1] == ("..",) else relative.as_posix()
