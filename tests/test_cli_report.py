"""`scan --store` and `report` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frictionlens import synthetic
from frictionlens.cli import app
from frictionlens.errors import UserError


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in args])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three made-up weeks, scanned into a store and into result lines."""
    made = tmp_path_factory.mktemp("report")
    synthetic.main([str(made), "--weeks", "3", "--per-week", "60"])
    first = run("scan", made / "weeks", "--store", made / "s.duckdb", "-o", made / "results.jsonl")
    assert first.exit_code == 0, first.output
    return made


def test_a_store_and_saved_results_give_the_same_report(folder: Path) -> None:
    one, other = folder / "one.json", folder / "other.json"
    for source, target in ((["--store", folder / "s.duckdb"], one), ([folder / "results.jsonl"], other)):
        result = run("report", *source, "-o", target)
        assert result.exit_code == 0, result.output
    assert one.read_bytes() == other.read_bytes()


def test_every_output_in_one_run(folder: Path) -> None:
    targets = [folder / f"out.{suffix}" for suffix in ("html", "md", "xlsx", "json")]
    result = run("report", "--store", folder / "s.duckdb", *(word for path in targets for word in ("-o", path)))
    assert result.exit_code == 0, result.output
    assert all(path.stat().st_size > 2_000 for path in targets)


def test_the_terminal_and_standard_output(folder: Path) -> None:
    shown = run("report", "--store", folder / "s.duckdb", "--week", "2026-W40")
    assert shown.exit_code == 0
    assert "Friction report, week 40 of 2026" in shown.stdout
    assert run("report", "--store", folder / "s.duckdb", "--to", "markdown").stdout.startswith("# Friction report")


def test_a_second_scan_says_the_same(folder: Path) -> None:
    again = folder / "again.jsonl"
    assert run("scan", folder / "weeks", "--store", folder / "s.duckdb", "-o", again).exit_code == 0
    assert again.read_bytes() == (folder / "results.jsonl").read_bytes()


def test_a_second_scan_without_outputs_says_what_it_left_alone(folder: Path) -> None:
    result = run("scan", folder / "weeks", "--store", folder / "s.duckdb")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "unchanged since the last scan" in " ".join(result.stderr.split())


@pytest.mark.slow
def test_the_whole_chain_tells_the_planted_story(tmp_path: Path) -> None:
    synthetic.main([str(tmp_path), "--report"])
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    result = run(
        "report", "--store", tmp_path / "friction.duckdb", "--changes", tmp_path / "changes.yml", "--to", "json"
    )
    report = json.loads(result.stdout)
    series = {each["name"]: each["series"] for each in report["ledger"]} | {
        each["name"]: each for each in report["signs"]
    }
    told = {
        name: [(report["buckets"][step["bucket"]]["label"], step["direction"]) for step in each["steps"]]
        for name, each in series.items()
    }
    assert told["return window"] == [("2026-W43", "up")]
    assert told["Excuses"] == [("2026-W45", "up"), ("2026-W46", "down")]
    assert told["Work overload"] == [("2026-W45", "up"), ("2026-W46", "down")]
    assert told["Staff turnover"] == []
    first = report["ledger"][0]
    assert first["name"] == "return window"
    assert {each["text"] for each in first["numbers"]} == {"14 days", "30 days"}
    assert [each["verdict"] for each in report["changes"] if each["process"] == "return window"] == ["rose"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--store", "absent.duckdb"], "no such store"),
        (["--store", "absent.duckdb", "results.jsonl"], "a store or saved results"),
        (["--week", "2026-W40"], "a store or saved results"),
        (["absent.jsonl"], "cannot be read"),
        (["absent.jsonl", "-o", "report.docx"], "no report has the suffix"),
        (["absent.jsonl", "--to", "pdf"], "no report kind"),
        (["absent.jsonl", "--timezone", "Mars"], "time zone"),
    ],
)
def test_mistakes_are_said_at_once(
    args: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("report", *args)
    assert isinstance(result.exception, UserError)
    assert message in str(result.exception)
