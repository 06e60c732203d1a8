"""The command line, through its runner: outputs, messages and exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from frictionlens.cli import app
from frictionlens.errors import UserError

LINE = {
    "id": "c1",
    "channel": "chat",
    "turns": [
        {"role": "customer", "text": "I want my money back"},
        {"role": "agent", "text": "I'm sorry, as per our refund policy we cannot refund this."},
        {"role": "customer", "text": "So what now?"},
    ],
}


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(LINE) + "\n", "utf-8")
    return path


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nsys.argv = ['frictionlens', '--help']\nfrom frictionlens.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'spacy', 'pandas', 'numpy', 'hyperscan', 'duckdb', 'pyarrow', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    path = os.pathsep.join(each for each in sys.path if each)
    environ = {**os.environ, "PYTHONPATH": path}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environ)

    assert result.returncode == 0, result.stderr


def test_scan_says_what_and_who(export: Path) -> None:
    result = run("scan", str(export))

    assert result.exit_code == 0
    assert "1 interaction, 3 turns, 1 file" in result.stdout
    assert "refund policy" in result.stdout


def test_results_follow_the_contract(export: Path) -> None:
    result = run(
        "scan", str(export), "-o", "out.jsonl", "-o", "out.csv", "-o", "out.parquet", "-o", "out.md", "-o", "out.json"
    )

    assert result.exit_code == 0
    (line,) = Path("out.jsonl").read_text().splitlines()
    scored = json.loads(line)
    assert scored["schema_version"] == 1
    assert scored["interaction_id"] == "c1"
    for finding in scored["findings"]:
        text = LINE["turns"][finding["turn"]]["text"]  # type: ignore[index]
        assert text[finding["start"] : finding["end"]] == finding["quote"]
    assert sum(each["points"] for each in scored["contributions"]) == pytest.approx(scored["score"])
    assert json.loads(Path("out.json").read_text())["interactions"] == [scored]
    assert len(Path("out.csv").read_text().splitlines()) == len(scored["findings"]) + 1
    assert Path("out.interactions.csv").exists()
    assert Path("out.interactions.parquet").exists()


def test_a_page_and_a_workbook_in_one_run(export: Path) -> None:
    result = run("scan", str(export), "-o", "x.html", "-o", "x.xlsx", "-o", "x.jsonl")

    assert result.exit_code == 0
    page = Path("x.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "refund policy" in page
    assert "Policy as a shield" in page, "categories have their titles"
    assert Path("x.xlsx").read_bytes().startswith(b"PK")
    # What else is written in the run stays as it is.
    run("scan", str(export), "-o", "alone.jsonl")
    assert Path("x.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()


def test_a_page_goes_to_standard_output(export: Path) -> None:
    result = run("scan", str(export), "--to", "html")

    assert result.exit_code == 0
    assert result.stdout.startswith("<!doctype html>")
    assert result.stdout.endswith("</html>")


def test_the_same_input_gives_the_same_bytes(export: Path) -> None:
    run("scan", str(export), "-o", "one.jsonl")
    run("scan", str(export), "-o", "two.jsonl")

    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()


def test_stdout_carries_only_the_result(export: Path) -> None:
    result = run("scan", str(export), "--to", "jsonl")

    assert json.loads(result.stdout)["interaction_id"] == "c1"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.jsonl", b"", "the file is empty"),
        ("binary.dat", bytes(range(256)) * 8, "binary data"),
        ("broken.jsonl", b'{"id": "x", "turns": [{"role": "agent", "text": "hi"}]}\n{"id": \n', "line 2"),
        ("no_text.csv", b"id,name\n1,Ann\n2,Bob\n", "no_text.csv"),
        ("prose.txt", b"It was a dark and stormy night.\n", "prose.txt"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    result = run("scan", str(path), "--problems", str(tmp_path / "problems.jsonl"))

    assert result.exit_code == 3
    assert says in result.stdout
    assert "Traceback" not in result.output
    problem = json.loads((tmp_path / "problems.jsonl").read_text().splitlines()[0])
    assert problem["source"] == str(path)
    assert run("scan", str(path), "--allow-problems").exit_code == 0


def fails(*args: str) -> UserError:
    result = run(*args)
    assert isinstance(result.exception, UserError), result.output
    return result.exception


def test_usage_errors_say_what_is_allowed(export: Path) -> None:
    missing = fails("scan", "nowhere.jsonl")
    assert missing.exit_code == 2
    assert "nowhere.jsonl" in str(missing)
    unknown = fails("scan", str(export), "--from", "zendsk")
    assert "did you mean 'zendesk'" in str(unknown)
    assert "allowed: " in str(fails("scan", str(export), "-o", "out.docx"))
    assert fails("scan", str(export), "--rule", "refusl").exit_code == 4


def test_a_broken_rule_names_file_line_and_remedy(export: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack" / "friction"
    pack.mkdir(parents=True)
    (pack / "mine.yml").write_text(
        "category: refusal\nrules:\n  - id: x\n    title: X\n    why: because of this and that\n"
        "    severity: hi\n    patterns: [sorry]\n",
        "utf-8",
    )

    error = fails("scan", str(export), "--pack", str(tmp_path / "pack"))

    assert error.exit_code == 4
    assert "mine.yml:6" in str(error)
    assert "not one of low, medium, high" in str(error)


def test_show_marks_findings_in_place(export: Path) -> None:
    result = run("show", str(export), "c1")

    assert result.exit_code == 0
    assert "charged to refund policy (policy)" in result.stdout


def test_show_names_the_interactions_there_are(export: Path) -> None:
    assert "there are 1: c1" in str(fails("show", str(export), "c2"))


def test_rules_are_explained_and_pass(export: Path) -> None:
    listed = run("rules", "list")
    rule_id = next(word for word in listed.stdout.split() if word.startswith("refusal."))

    assert run("rules", "explain", rule_id).exit_code == 0
    assert run("rules", "show", rule_id).exit_code == 0
    assert run("rules", "test", rule_id).exit_code == 0


@pytest.mark.parametrize("name", ["transcript", "result", "rules", "config"])
def test_schemas_are_valid_and_hold(name: str, export: Path) -> None:
    import jsonschema

    schema = json.loads(run("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    if name == "transcript":
        jsonschema.validate(LINE, schema)
    if name == "result":
        jsonschema.validate(json.loads(run("scan", str(export), "--to", "jsonl").stdout), schema)


@pytest.mark.parametrize("command", ["show", "formats"])
def test_the_agent_of_the_export_is_named_nowhere(command: str, export: Path) -> None:
    turns = [{"role": "agent", "text": "Bob Smith here. I cannot refund this."}, {"role": "customer", "text": "Why?"}]
    export.write_text(json.dumps({"id": "c1", "agent": "Bob Smith", "turns": turns}) + "\n", "utf-8")

    result = run(command, str(export))

    assert "[name] here" in result.stdout
    assert "Smith" not in result.stdout


def test_a_scan_for_some_rules_says_so(export: Path) -> None:
    result = run("scan", str(export), "--rule", "stall")

    assert "Looked for stall only." in result.stderr


@pytest.mark.parametrize(
    ("words", "option"),
    [(("scan", "--redact-with", "foo"), "--redact-with"), (("check", "--forbid", "nonsense"), "--forbid")],
)
def test_what_is_wrong_is_told_by_the_name_it_was_given_by(words: tuple[str, ...], option: str, export: Path) -> None:
    result = run(words[0], str(export), *words[1:])

    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith(f"{option}: ")


def test_a_rule_is_shown_with_its_category_and_weight() -> None:
    shown = run("rules", "show", "refusal.we-cannot-do").stdout

    assert re.search("^# category refusal, severity (low|medium|high), confidence (low|medium|high)$", shown, re.M)


def test_formats_says_whom_role_did_not_meet(export: Path) -> None:
    chat = export.with_name("chat.txt")
    chat.write_text("Support: We cannot do that.\nAnna: Why?\nSupport: It is our policy.\nAnna: Hm.\n", "utf-8")

    result = run("formats", str(chat), "--role", "Suport=agent")
    told = run("formats", str(chat), "--role", "Support=agent")

    assert "nobody is called 'suport' (did you mean 'support'?)" in " ".join(result.stdout.split())
    assert "nobody is called" not in told.stdout
    assert "--role 'Anna=customer'" in told.stdout
