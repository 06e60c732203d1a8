"""Read bytes as a named file, for tests of readers."""

from __future__ import annotations

import io

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction
from frictionlens.readers import read, recognise
from frictionlens.readers._base import ReadOptions, Source


def source_of(data: str | bytes, name: str) -> Source:
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return Source(name, lambda: io.BytesIO(raw))


def format_of(data: str | bytes, name: str = "file.txt") -> str | None:
    found = recognise(source_of(data, name), ReadOptions()).format
    return found.name if found else None


def read_text(
    data: str | bytes, name: str = "file.txt", options: ReadOptions | None = None
) -> tuple[list[Interaction], list[Problem | Skipped]]:
    records = list(read(source_of(data, name), options or ReadOptions()))
    interactions = [record for record in records if isinstance(record, Interaction)]
    return interactions, [record for record in records if not isinstance(record, Interaction)]


def said(interaction: Interaction) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in interaction.turns]
