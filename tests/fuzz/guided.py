"""Coverage-guided fuzzing of recognition and of the text readers, with atheris (libFuzzer).

`python -m tests.fuzz.guided FINDINGS -max_total_time=60`; further arguments go to libFuzzer.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["frictionlens.readers"]):
    from frictionlens.readers import ReadOptions, Source, formats
from tests.fuzz.run import Tally, check, samples

TEXT = (
    "labelled-text", "whatsapp", "webvtt", "srt", "sbv", "mail-text", "eml", "mbox", "csv", "salesforce-chat",
    "zendesk-log",
)  # fmt: skip
NAMES = ("a.txt", "a.json", "a.csv", "a.vtt", "a.eml", "a.html", "a", "_chat.txt")


def one_input(data: bytes) -> None:
    """Read one input: the first two bytes choose the name and whether a text reader is told."""
    if len(data) < 2:
        return
    told = [name for name in TEXT if name in formats()]
    options = ReadOptions(format=told[data[0] % len(told)]) if data[0] >= 128 else ReadOptions()
    check(Source(NAMES[data[1] % len(NAMES)], lambda: io.BytesIO(data[2:])), options, Tally())


def main() -> None:
    """Start libFuzzer with the samples as its corpus."""
    findings = Path(sys.argv[1])
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, sample in enumerate(samples()):
            (Path(corpus) / str(number)).write_bytes(bytes((number % 256, number % 8)) + sample.data[:8192])
        arguments = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=8192", f"-artifact_prefix={findings}/guided-"]
        atheris.Setup([sys.argv[0], *sys.argv[2:], *arguments, "-print_final_stats=1", corpus], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
