"""Write result lines: one interaction a line, sorted, as `frictionlens schema result` describes them."""

from __future__ import annotations

from typing import IO, Final

from frictionlens.privacy import inert_json
from frictionlens.results import SortedResults
from frictionlens.summary import Summary

SUFFIXES: Final = (".jsonl", ".ndjson")


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write every result line."""
    del summary, digest
    for line in results.lines():
        stream.write(inert_json(line) + b"\n")
