"""Results of a scan are no transcripts, and are told as what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.readers.reading import read_text
from typer.testing import CliRunner

from frictionlens.cli import app
from frictionlens.errors import Problem, UserError

LINE = {"id": "c1", "turns": [{"role": "agent", "text": "We cannot do that."}, {"role": "customer", "text": "Why?"}]}


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(LINE) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_results_are_recognised(suffix: str, transcript: Path) -> None:
    results = transcript.with_name(f"results.{suffix}")
    assert CliRunner().invoke(app, ["scan", str(transcript), "-o", str(results)]).exit_code == 0

    _, others = read_text(results.read_text("utf-8"), results.name)

    assert [each.reason for each in others if isinstance(each, Problem)] == [
        "results of a scan: hold what was found, not what was said; name the transcripts that were scanned"
    ]


def test_audit_of_results_says_what_to_name(transcript: Path) -> None:
    results = transcript.with_name("results.jsonl")
    CliRunner().invoke(app, ["scan", str(transcript), "-o", str(results)])

    found = CliRunner().invoke(app, ["audit", str(results)])

    assert "name the transcripts that were scanned" in found.output
    assert isinstance(found.exception, UserError)
    assert "no transcript in them" in str(found.exception)
