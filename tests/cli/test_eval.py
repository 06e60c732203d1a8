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

    call.folder = tmp_path

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


def sheet(*cells: str, name: str = "refusal") -> str:
    """Return a sheet of one label column: every row is a refusal that the rules find, but for a labelled `no`."""
    rows = "".join(f"c{n},agent,\"I'm sorry, we can't do that.\",{cell}\n" for n, cell in enumerate(cells))
    return f"conversation_id,role,text,{name}\n{rows}z,agent,Hello,no\nz,agent,We can't do that,yes\n"


@pytest.mark.parametrize("cell", ["maybe", "not", "2", "0.5", "0.9", "yes?", "no refund is a refusal", "refusal?"])
def test_a_cell_that_says_neither_yes_nor_no_is_reported_and_counts_neither_way(run, cell: str) -> None:
    result = run("--to", "json", table=sheet(cell))
    data = json.loads(result.stdout)
    refusal = data["categories"][0]
    assert (refusal["hits"], refusal["labelled"], refusal["found"], refusal["units"]) == (1, 1, 1, 2)
    assert data["unsure"] == {"refusal": 1}
    assert "labels.csv: column 'refusal': 1 cell is neither yes nor no" in result.stderr
    # What is long may be what somebody said.
    assert ("'" + cell + "' (row 2)" in result.stderr) == (len(cell) < 20)
    assert result.exit_code == 3
    assert run("--allow-problems", table=sheet(cell)).exit_code == 0


@pytest.mark.parametrize("cell", ["?", "unsure", "UNCLEAR "])
def test_a_cell_that_says_unsure_counts_neither_way_and_is_no_problem(run, cell: str) -> None:
    result = run(table=sheet(cell))
    assert "Not judged where the label is unsure or unreadable: refusal (in 1 unit)" in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("cell", "labelled", "units"),
    [
        *((cell, 2, 3) for cell in ("1.0", "Yes", "✓", "✔\ufe0f", "X", "Refusal", "TRUE")),
        *((cell, 1, 3) for cell in ("✗", "-", "None", "FALSE", "0.0")),
        # What programs write into an empty cell: a sheet of yes and no has this row not labelled.
        *((cell, 1, 2) for cell in ("n/a", "null", "NaN")),
    ],
)
def test_words_for_yes_and_no(run, cell: str, labelled: int, units: int) -> None:
    result = run("--to", "json", table=sheet(cell))
    refusal = json.loads(result.stdout)["categories"][0]
    assert (refusal["labelled"], refusal["units"], result.exit_code) == (labelled, units, 0)


def test_many_unreadable_cells_are_told_in_one_line(run) -> None:
    shown = run(table=sheet(*("maybe",) * 5, *(f"0.{n}" for n in range(1, 8)))).stderr
    assert "12 cells are neither yes nor no" in shown
    assert "'maybe' (rows 2, 3, 4 and 2 more), '0.1' (row 7), '0.2' (row 8), '0.3' (row 9), others (4)" in shown


@pytest.mark.parametrize(
    ("name", "meant"), [("Exuse", "excuse"), ("Excuses", "excuse"), ("polcy shield", "policy_shield")]
)
def test_a_misspelt_column_is_named_with_what_may_be_meant(run, name: str, meant: str) -> None:
    result = run(table=sheet("yes").replace("refusal", f"refusal,{name}").replace(",yes\n", ",yes,1\n"))
    assert f"column {name!r} is no category: did you mean {meant!r}?" in result.stderr
    assert result.exit_code == 3
    # What it holds is not known, so nobody can say that a row is labelled with nothing.
    assert "Labelled with nothing" not in result.stdout


@pytest.mark.parametrize("name", ["comment", "install", "note", "refusal_reason", "Refusals", "resolved"])
def test_other_columns_are_ordinary(run, name: str) -> None:
    result = run(table=sheet("yes").replace("refusal", f"refusal,{name}").replace(",yes\n", ",yes,1\n"))
    assert "no category" not in result.stderr
    assert result.exit_code == 0


def test_of_two_columns_for_one_category_the_first_is_read_and_the_other_named(run) -> None:
    result = run("--to", "json", table=sheet("yes").replace("refusal", "refusal,Refusal").replace(",yes\n", ",yes,0\n"))
    assert "column 'Refusal' is a second one for 'refusal'" in result.stderr
    assert json.loads(result.stdout)["categories"][0]["labelled"] == 2


def test_a_misspelt_label_of_a_native_line_is_named_with_what_may_be_meant(run) -> None:
    no = {"role": "agent", "text": "I'm sorry, we can't do that."}
    turns = [{**no, "labels": ["refusel"]}, {**no, "labels": ["Refusal "]}]
    (run.folder / "more.jsonl").write_text(json.dumps({"id": "m", "turns": turns}), "utf-8")
    shown = CliRunner().invoke(app, ["eval", "more.jsonl"])
    assert "1 unit with a label that is no category: 'refusel' (1, did you mean 'refusal'?)" in " ".join(
        shown.stdout.split()
    )
    assert "Worst" not in shown.stdout
    assert shown.exit_code == 3
    data = CliRunner().invoke(app, ["eval", "more.jsonl", "--to", "json"])
    assert json.loads(data.stdout)["suggested"] == {"refusel": "refusal"}
    assert "did you mean 'refusal'" in data.stderr
    (run.folder / "more.jsonl").write_text(json.dumps({"id": "m", "turns": turns[:1]}), "utf-8")
    assert "did you mean 'refusal'" in str(CliRunner().invoke(app, ["eval", "more.jsonl"]).exception)


def test_one_rule_is_judged_by_what_it_looks_for(run) -> None:
    data = json.loads(run("--rule", "refusal", "--to", "json").stdout)
    assert [each["name"] for each in data["categories"]] == ["refusal"]
    assert {each["category"] for each in data["mistakes"]} == {"refusal"}
    assert "Nothing else was looked for: refusal" in run("--rule", "refusal").stdout


def test_figures_that_cannot_be_are_left_out(run) -> None:
    shown = run(table=BY_TURN.replace(",1,1,0", ",0,0,0")).stdout
    assert "1.00 too few" in shown
    assert "fewer than 20 labels" in shown
    assert "1.00–1.00" not in shown
    data = json.loads(run("--to", "json").stdout)
    assert [(each["measure"]["name"], each["measure"]["units"]) for each in data["by_source"]] == [("friction", 4)]
    assert not any("kappa" in each["measure"] for each in data["by_source"])
    assert data["categories"][0]["kappa"] is not None


def test_sources_have_intervals(run) -> None:
    (run.folder / "other.csv").write_text(BY_TURN, "utf-8")
    shown = run("other.csv", "--show", "0").stdout
    assert "By source" in shown
    assert "labels.csv" in shown
    line = next(each for each in shown.splitlines() if each.startswith("  friction"))
    assert "1.00 .21–1.00" in line


def test_a_category_without_mistakes_says_so(run) -> None:
    assert "No mistakes in blame_customer: neither labelled nor found" in run("--errors", "blame_customer").stdout
    table = BY_TURN.replace(",1,1,0", ",0,0,0")
    assert "No mistakes in refusal: 1 labelled, 1 found." in run("--errors", "refusal", table=table).stdout


def test_only_json_is_written(run) -> None:
    failed = run("-o", "x.csv")
    assert "eval writes JSON, not .csv" in str(failed.exception)
    assert ".json" in failed.exception.hint
    assert not (run.folder / "x.csv").exists()
    assert run("-o", "x.json").exit_code == 0
    assert json.loads((run.folder / "x.json").read_text())["schema_version"] == 1
