"""`frictionlens eval`: what it reads, what it prints, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frictionlens.cli import app

BY_TURN = """conversation_id,role,text,refusal,Policy Shield,frustration
c1,customer,Can I get a refund? My number is 4111 1111 1111 1111.,0,0,0
c1,agent,"I'm sorry, we can't do that.",1,0,0
c1,customer,not labelled,,,
c2,agent,"We will look \x1b[31minto it [bold]today[/bold].",1,1,0
"""
BY_CONVERSATION = """id,transcript,refusal
1,"Agent: I'm sorry, we can't do that.
Customer: ok",x
2,"Agent: Hello, how can I help?
Customer: hi",
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")

    def call(*args: str, table: str = BY_TURN) -> Result:
        (tmp_path / "labels.csv").write_text(table, "utf-8")
        return CliRunner().invoke(app, ["eval", "labels.csv", *args])

    return call


def test_a_table_with_a_column_per_category_is_judged_by_turn(run) -> None:
    data = json.loads(run("--to", "json").stdout)
    refusal = next(each for each in data["categories"] if each["name"] == "refusal")
    assert (refusal["hits"], refusal["labelled"], refusal["units"]) == (1, 2, 2)
    # One row of four carries no mark in a sheet that writes 0 and 1: it has not been labelled.
    assert data["units"] == 3
    assert {each["category"] for each in data["mistakes"]} >= {"refusal", "policy_shield"}
    assert "into it" not in json.dumps(data)


def test_a_row_per_conversation_is_judged_as_a_whole(run) -> None:
    data = json.loads(run("--to", "json", table=BY_CONVERSATION).stdout)
    assert data["units"] == 2
    assert [(each["name"], each["hits"], each["found"]) for each in data["categories"]] == [("refusal", 1, 1)]


def test_mistakes_are_shown_in_their_conversation_without_what_steers_a_terminal(run) -> None:
    shown = run().stdout
    assert "Worst misses" in shown
    assert "into it [bold]today[/bold]." in shown
    assert "\x1b" not in shown
    assert "4111" not in run("--no-redact", "--show", "0").stdout


def test_personal_data_around_a_mistake_is_redacted(run) -> None:
    table = BY_TURN.replace("can't do that.", "look into it.").replace(",1,0,0\n", ",1,0,0\n", 1)
    assert "4111" not in run(table=table).stdout
    assert "4111" in run("--no-redact", table=table).stdout


def test_an_f1_that_is_not_reached_fails(run) -> None:
    failed = run("--min-f1", "refusal=0.9")
    assert failed.exit_code == 1
    assert "FAILED refusal: F1 0.667, asked for 0.9" in failed.stdout
    assert run("--min-f1", "refusal=50%").exit_code == 0
    # Nothing to judge it by is no pass.
    assert run("--min-f1", "acknowledge=0.1").exit_code == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--min-f1", "refusl=0.9"), "did you mean 'refusal'"),
        (("--min-f1", "refusal=9"), "is not a share"),
        (("--errors", "excuses"), "did you mean 'excuse'"),
        (("--to", "jsn"), "did you mean 'json'"),
    ],
)
def test_wrong_options_are_named(run, args: tuple[str, ...], message: str) -> None:
    failed = run(*args)
    assert message in str(failed.exception)
    assert failed.exception.exit_code == 2


def test_a_file_without_labels_says_so(run) -> None:
    failed = run(table="conversation_id,role,text\nc1,agent,Hello\n")
    assert "there are no labels" in str(failed.exception)
