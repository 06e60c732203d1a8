"""Read the body of a mail saved as text: an answer above the history that it quotes."""

from __future__ import annotations

from collections.abc import Iterator

from frictionlens.errors import Problem
from frictionlens.model import Interaction, Turn
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of, stem_of
from frictionlens.readers._mail import cut_reply, starts_history


def _sniff(head: Head) -> str | None:
    if head.is_binary or head.json is not None or not head.data:
        return None
    lines = head.text.splitlines()[:300]
    for index, line in enumerate(lines):
        if line.strip() and starts_history(lines, index) and any(each.strip() for each in lines[index + 1 :]):
            return "an answer above quoted history (`On … wrote:`, or a From/Sent block)"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    if source.head.is_binary or source.head.text.lstrip()[:1] in ("{", "["):
        yield Problem(source.name, "", "not the text of a mail")
        return
    problems: list[Problem] = []
    text = source.whole_text(problems)
    yield from problems
    # The text names nobody: `--role author=agent` says who wrote it.
    turn = Turn(role_of("author", options), cut_reply(text), speaker="author")
    yield Interaction(stem_of(source), (turn,), source.name, "email")


FORMAT = Format(
    name="mail-text",
    title="Body of a mail, as text",
    sniff=_sniff,
    read=_read,
    rank=85,
    interactions_per_file="one",
)
