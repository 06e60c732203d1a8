"""Own the one decision from which text, reports and exit code all come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns; 1 never means that the program broke."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    UNREADABLE = 3
    BROKEN_RULE = 4


@dataclass(frozen=True)
class Outcome:
    """The verdict in one word, one sentence and one exit code."""

    code: ExitCode
    word: str
    """`passed`, `failed`, `incomplete` or `broken`."""
    sentence: str


def decide(*, failures: int = 0, problems: int = 0, broken_rules: int = 0, allow_problems: bool = False) -> Outcome:
    """Decide verdict and exit code.

    A broken rule comes first, since nothing that it should have found can be trusted; then the gate, since
    what was read is enough to fail; then input that could not be read.

    Args:
        failures: reasons for the gate to fail.
        problems: records or files that could not be read.
        broken_rules: rules that could not be run.
        allow_problems: unreadable input is reported and does not count.
    """
    unread = f"{_count(problems, 'problem')} with the input" if problems else ""
    if broken_rules:
        return Outcome(ExitCode.BROKEN_RULE, "broken", f"{_count(broken_rules, 'rule')} could not be run")
    if failures:
        sentence = _count(failures, "reason") + (f", and {unread}" if unread else "")
        return Outcome(ExitCode.FAILED, "failed", sentence)
    if problems and not allow_problems:
        return Outcome(ExitCode.UNREADABLE, "incomplete", f"{unread}; --allow-problems accepts that")
    return Outcome(ExitCode.FINE, "passed", f"nothing fails; {unread}, allowed" if problems else "nothing fails")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
