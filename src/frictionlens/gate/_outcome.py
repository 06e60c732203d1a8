"""Own the one decision from which text, reports and exit code all come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from frictionlens.errors import counted


class ExitCode(IntEnum):
    """What the process returns; 1 never means that the program broke."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    """Comes with `UserError`, before anything is judged."""
    UNREADABLE = 3
    BROKEN_RULE = 4
    """Comes with `RuleError`, before anything is judged."""


@dataclass(frozen=True)
class Outcome:
    """The verdict in one word, one sentence and one exit code."""

    code: ExitCode
    word: str
    """`passed`, `failed` or `incomplete`."""
    sentence: str


def decide(*, failures: int = 0, problems: int = 0, allow_problems: bool = False) -> Outcome:
    """Decide verdict and exit code.

    The gate comes before input that could not be read, since what was read is enough to fail.

    Args:
        failures: reasons for the gate to fail.
        problems: records or files that could not be read.
        allow_problems: unreadable input is reported and does not count.
    """
    unread = f"{counted(problems, 'problem')} with the input" if problems else ""
    if failures:
        sentence = counted(failures, "reason") + (f", and {unread}" if unread else "")
        return Outcome(ExitCode.FAILED, "failed", sentence)
    if problems and not allow_problems:
        return Outcome(ExitCode.UNREADABLE, "incomplete", f"{unread}; --allow-problems accepts that")
    return Outcome(ExitCode.FINE, "passed", f"nothing fails; {unread}, allowed" if problems else "nothing fails")
