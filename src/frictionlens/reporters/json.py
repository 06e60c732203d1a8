"""Write one JSON document: summary, interactions, problems."""

from __future__ import annotations

from typing import IO, Final

import msgspec

from frictionlens.model import SCHEMA_VERSION
from frictionlens.privacy import inert_json
from frictionlens.results import SortedResults
from frictionlens.summary import Summary, as_record

SUFFIXES: Final = (".json",)


def write(results: SortedResults, summary: Summary, digest: str, stream: IO[bytes]) -> None:
    """Write the document, streaming the interactions."""
    head = {"schema_version": SCHEMA_VERSION, "pack_digest": digest, "summary": as_record(summary)}
    encode = msgspec.json.encode
    top = encode(head)[:-1] + b',\n"problems":' + encode(sorted(summary.problems)) + b',\n"interactions":['
    stream.write(inert_json(top))
    for number, line in enumerate(results.lines()):
        stream.write((b",\n" if number else b"\n") + inert_json(line))
    stream.write(b"\n]}\n")
