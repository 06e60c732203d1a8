"""Own the two ways in which things go wrong: `UserError` stops the run, a `Problem` is reported in the results."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct


class UserError(Exception):
    """Something the person at the keyboard can mend; the only exception meant for people.

    Args:
        message: what is wrong, in one sentence.
        where: `path`, `path:line` or the option at fault.
        hint: what is allowed, or what to do.
    """

    exit_code = 2

    def __init__(self, message: str, where: str = "", hint: str = "") -> None:
        super().__init__(message, where, hint)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return `where: message (hint)`, leaving out what is empty."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.hint}" if self.hint else head


class RuleError(UserError):
    """A rule, lexicon or category file that cannot be used."""

    exit_code = 4


class Problem(Struct, frozen=True, order=True):
    """Something that could not be read or run; counted and shown, never a traceback."""

    source: str
    """The file, as the user named it (members of archives as `archive.zip!member`)."""
    record: str
    """Which record or line (`line 12`, `ticket 9001`); empty when it is the whole file."""
    reason: str
    hint: str = ""


class Skipped(Struct, frozen=True, order=True):
    """A record left out on purpose, with the reason: duplicates, empty interactions, redacted twins."""

    source: str
    record: str
    reason: str
    kind: Literal["duplicate", "no turns", "not a conversation", "other"] = "other"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest allowed word, or an empty string."""
    found = closest(word, allowed)
    return f" (did you mean {found!r}?)" if found else ""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return `1 finding`, `2 findings`, `1,200 findings`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def closest(word: str, allowed: Iterable[str], least: float = 0.6) -> str | None:
    """Return the nearest allowed word, or None where none is near.

    Args:
        word: what was given.
        allowed: what may be meant.
        least: how alike, from 0 to 1 (`difflib.SequenceMatcher.ratio`).
    """
    return next(iter(difflib.get_close_matches(word, list(allowed), n=1, cutoff=least)), None)
