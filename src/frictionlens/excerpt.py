"""Own the excerpt of an interaction: the redacted turns around its findings, with the found words marked.

A report opens the conversation behind a quote; the transcript itself is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from frictionlens.model import ExcerptTurn, Finding, Interaction, Mark

LENGTH: Final = 500
"""Characters of a turn with a finding that are kept, around the found words."""
NEIGHBOUR_LENGTH: Final = 240
"""Characters of a turn before or after that are kept."""
CUT: Final = "…"


def build_excerpt(
    interaction: Interaction, findings: Sequence[Finding], redact: Callable[[str], str]
) -> tuple[ExcerptTurn, ...]:
    """Return the turns that carry findings and their neighbours, in order.

    Args:
        interaction: as exported.
        findings: with offsets in the original text; their order gives the numbers in `Mark.finding`.
        redact: replaces personal data in a text.

    Returns:
        Turns with redacted, shortened text. A mark is left out where redaction crosses its border so that its
        place cannot be told; the quote of the finding still says what was found. Internal turns are never shown.
    """
    marked: dict[int, list[tuple[int, Finding]]] = {}
    for number, finding in enumerate(findings):
        marked.setdefault(finding.turn, []).append((number, finding))
    wanted = {near for turn in marked for near in (turn - 1, turn, turn + 1)}
    shown = []
    for place, turn in enumerate(interaction.turns):
        if place not in wanted or turn.internal or not turn.text:
            continue
        text = redact(turn.text)
        marks = [
            Mark(*span, number)
            for number, finding in marked.get(place, ())
            if (span := _redacted_span(turn.text, text, finding.start, finding.end, redact)) is not None
        ]
        shown.append(_cut(place, turn.role, text, marks, LENGTH if place in marked else NEIGHBOUR_LENGTH))
    return tuple(shown)


def _redacted_span(
    original: str, redacted: str, start: int, end: int, redact: Callable[[str], str]
) -> tuple[int, int] | None:
    if original == redacted:
        return start, end
    before, after = redact(original[:start]), redact(original[end:])
    if redacted.startswith(before) and redacted.endswith(after) and len(before) + len(after) < len(redacted):
        return len(before), len(redacted) - len(after)
    return None


def _cut(place: int, role: str, text: str, marks: Sequence[Mark], length: int) -> ExcerptTurn:
    """Shorten a text to about `length` characters, at a space, so that as many marks as possible stay in it."""
    start, end = 0, len(text)
    if len(text) > length:
        first = min((mark.start for mark in marks), default=0)
        start = 0 if first < length // 2 else text.rfind(" ", 0, max(first - length // 4, 1)) + 1
        end = len(text) if start + length >= len(text) else text.rfind(" ", start, start + length)
        if end <= start:
            end = start + length
    head, tail = CUT if start else "", CUT if end < len(text) else ""
    moved = tuple(
        Mark(max(mark.start, start) - start + len(head), min(mark.end, end) - start + len(head), mark.finding)
        for mark in sorted(marks, key=lambda each: (each.start, each.end, each.finding))
        if mark.start < end and mark.end > start
    )
    return ExcerptTurn(place, role, f"{head}{text[start:end]}{tail}", moved)  # type: ignore[arg-type]
