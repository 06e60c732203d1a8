"""`frictionlens audit`: walking, resuming, sheets, sums."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frictionlens.cli import app

TALK = {
    "id": "t1",
    "turns": [
        {"role": "customer", "text": "My card 4111 1111 1111 1111 was charged. =1+1"},
        {"role": "agent", "text": "I'm sorry, we can't do that. Per our policy we can't refund it."},
    ],
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "talk.jsonl").write_text(json.dumps(TALK) + "\n")

    def call(*args: str, says: str = "") -> Result:
        return CliRunner().invoke(app, ["audit", *args], input=says)

    return call


def entries(tmp_path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (tmp_path / "friction-audit.jsonl").read_text().splitlines()]


def test_answers_are_kept_one_by_one_and_the_walk_goes_on_where_it_stopped(run, tmp_path: Path) -> None:
    first = run("talk.jsonl", "--rule", "refusal", "--by", "qa", says="f the wrong words\nq\n")
    assert first.exit_code == 0
    assert "4111" not in first.output
    (entry,) = entries(tmp_path)
    assert (entry["answer"], entry["note"], entry["by"]) == ("false", "the wrong words", "qa")
    assert "we can't" not in json.dumps(entry)
    again = run("talk.jsonl", "--rule", "refusal", says="t\nt\nt\nt\n")
    assert again.exit_code == 0
    prints = [each["fingerprint"] for each in entries(tmp_path)]
    assert len(prints) == len(set(prints))
    assert "Nothing left to judge" in run("talk.jsonl", "--rule", "refusal").output


def test_what_is_judged_is_told_without_colours_too(run) -> None:
    asked = run("talk.jsonl", "--rule", "refusal", says="maybe\nq\n").output

    assert "Found in turn 1: “" in asked
    assert "▸ 1 agent" in asked
    assert "'maybe' is no answer" in asked


def test_a_sheet_goes_out_and_comes_back(run, tmp_path: Path) -> None:
    run("talk.jsonl", "--export", "sheet.csv")
    rows = list(csv.DictReader((tmp_path / "sheet.csv").open()))
    assert rows
    assert "4111" not in (tmp_path / "sheet.csv").read_text()
    with (tmp_path / "sheet.csv").open("w") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows({**row, "answer": "yes"} for row in rows)
    data = json.loads(run("--import", "sheet.csv", "--stats", "--to", "json").stdout)
    assert sum(each["true"] for each in data["rules"]) == len(rows)
    shown = run("--stats").stdout
    assert "too few" in shown


def test_wrong_use_is_named(run) -> None:
    assert "nothing to judge" in str(run("--file", "x.jsonl").exception)
    assert "there is no such audit file" in str(run("--stats").exception)
    assert "did you mean 'refusal'" in str(run("talk.jsonl", "--rule", "refusl").exception)
    assert "did you mean 'random'" in str(run("talk.jsonl", "--order", "randm").exception)
