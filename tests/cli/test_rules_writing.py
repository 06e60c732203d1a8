"""`rules stats`, `rules new`, `rules spot-check`: one walk through all three."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frictionlens.cli import app


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    lines = [
        {"id": "a", "turns": [{"role": "agent", "text": "We can't do that."}]},
        {"id": "b", "turns": [{"role": "agent", "text": "Mail ann@example.com: the lantern is out for that. \x1b[1m"}]},
    ]
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def call(*args: str) -> Result:
        return CliRunner().invoke(app, ["rules", *args])

    return call


def test_from_draft_to_what_it_changes(run, tmp_path: Path) -> None:
    made = run("new", "refusal.ship", "--example", "the lantern is out for that", "--into", "mine")
    assert made.exit_code == 0
    assert (tmp_path / made.stdout.strip()).exists()
    assert "there is such a file" in str(run("new", "refusal.ship", "--into", "mine").exception)
    checked = run("spot-check", "talks.jsonl", "--draft", "mine")
    assert checked.exit_code == 0
    assert "1 finding in 1 of 2 interactions" in checked.stdout
    assert "Newly hit (1 of 1)" in checked.stdout
    assert "ann@example.com" not in checked.stdout
    assert "\x1b" not in checked.stdout


def test_stats_as_table_and_as_json(run) -> None:
    assert "Rules found" in run("stats", "talks.jsonl").stdout
    data = json.loads(run("stats", "talks.jsonl", "--to", "json").stdout)
    assert data["interactions"] == 2
    assert data["uses"]


def test_an_untouched_draft_is_not_done(run) -> None:
    run("new", "refusal.ship", "--example", "the lantern is out for that", "--into", "mine")

    checked = run("lint", "--pack", "mine")

    assert checked.exit_code != 0
    for place in ("why", "advice", "examples, match", "examples, no_match"):
        assert f"refusal.ship: {place} is still to be written" in checked.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("refusal.ship.yml", "rule files stand in a folder"),
        ("friction/ship.yaml", "files of a pack are called .yml"),
        ("README.md", "no rules in this pack"),
    ],
)
def test_no_file_of_a_pack_is_left_out_without_a_word(name: str, said: str, run, tmp_path: Path) -> None:
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("category: refusal\nrules: []\n")

    refused = run("lint", "--pack", "mine")

    assert said in str(refused.exception)
