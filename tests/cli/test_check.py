"""The gate as its user sees it: exit codes, places, files; the text never disagrees with the code."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from frictionlens.cli import check as check_module
from frictionlens.cli import main

BAD = "Hello,\n\nUnfortunately we can't refund that.\n"
GOOD = "Hello,\n\nI've refunded you today.\n"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in a folder of its own, in which `macros/refund.txt` refuses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for name in [each for each in os.environ if each.startswith(("FRICTIONLENS_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    Path("macros").mkdir()
    Path("macros/refund.txt").write_text(BAD, "utf-8")
    # The rules that ship may be audited more or less: what is tested here is the gate.
    Path("frictionlens.toml").write_text('[check]\nmacros = ["macros"]\nmin_confidence = "low"\n', "utf-8")

    def go(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["frictionlens", *arguments])
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Ran(code, captured.out, captured.err)

    return go


def sample(name: str, **fields: object) -> str:
    turns = [{"role": "customer", "text": "Refund?"}, {"role": "agent", "text": "We can't refund that."}]
    return json.dumps({"id": name, "turns": turns, **fields}) + "\n"


class TestExitCodes:
    def test_0_when_nothing_fails(self, run: Run) -> None:
        Path("macros/refund.txt").write_text(GOOD, "utf-8")
        ran = run("check")
        assert ran.code == 0
        assert "PASSED" in ran.out

    def test_1_when_the_gate_fails(self, run: Run) -> None:
        ran = run("check")
        assert ran.code == 1
        assert "FAILED" in ran.out
        assert re.search(r"^    3  We can't do that|^    3  A refusal", ran.out, re.MULTILINE)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--fail-on", "hihg"), "did you mean 'high'"),
            (("--max-score", "400"), "less than or equal to 100"),
            (("--baseline", "none.json"), "no such baseline"),
            (("--suppressions", "none.toml"), "no such suppressions"),
            (("--forbid", "refusl"), "no rule or category 'refusl' (did you mean 'refusal'?)"),
            (("--budget", "excuse"), "is not NAME=VALUE"),
            (("--budget", "excuse=lots"), "is no budget"),
            (("--update-baseline",), "no baseline to update"),
            (("--audit", "x"), "No such option"),
            (("nowhere/",), "no such file or folder"),
            (("-o", "report.pdf"), "does not tell which report"),
            (("-o", "nowhere/report.sarif"), "cannot be written"),
            (("--to", "sarf"), "did you mean 'sarif'"),
            (("--config", "none.toml"), "configuration cannot be read"),
        ],
    )
    def test_2_for_usage_and_configuration(self, run: Run, arguments: tuple[str, ...], message: str) -> None:
        ran = run("check", *arguments)
        assert ran.code == 2
        assert message in ran.err
        assert "PASSED" not in ran.out

    def test_2_for_a_broken_baseline_and_for_nothing_to_check(self, run: Run) -> None:
        Path("b.json").write_text("{", "utf-8")
        assert run("check", "--baseline", "b.json").code == 2
        Path("frictionlens.toml").unlink()
        ran = run("check")
        assert (ran.code, "nothing to check" in ran.err) == (2, True)

    def test_3_when_some_input_cannot_be_read(self, run: Run) -> None:
        Path("macros/refund.txt").write_text(GOOD, "utf-8")
        Path("macros/data.json").write_text('{"a": 1}', "utf-8")
        ran = run("check")
        assert ran.code == 3
        assert "INCOMPLETE" in ran.out
        assert "data.json" in ran.out
        allowed = run("check", "--allow-problems")
        assert (allowed.code, "PASSED" in allowed.out) == (0, True)
        # What could be read decides first.
        Path("macros/refund.txt").write_text(BAD, "utf-8")
        assert run("check").code == 1

    def test_4_when_a_rule_is_broken(self, run: Run) -> None:
        Path("pack/friction").mkdir(parents=True)
        Path("pack/friction/refusal.yml").write_text("category: refusal\nrules:\n  - id: x\n    tilte: y\n", "utf-8")
        ran = run("check", "--pack", "pack")
        assert ran.code == 4
        assert "refusal.yml:" in ran.err

    def test_the_installed_command_returns_them(self, run: Run, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "frictionlens", "check"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
        assert done.returncode == 1, done.stderr


def test_expectations_run_as_a_test_suite(run: Run) -> None:
    Path("qa.jsonl").write_text(
        sample("kept", expect={"found": ["refusal"], "min_score": 10})
        + sample("missed", expect={"found": ["exception"]})
        + sample("false alarm", expect={"not_found": ["refusal"]})
        + sample("typo", expect={"found": ["refusl"]}),
        "utf-8",
    )
    ran = run("check", "qa.jsonl")
    assert ran.code == 1
    assert re.search(r"expected exception, which was not found\s+missed$", ran.out, re.MULTILINE)
    assert "expected no refusal" in ran.out
    assert "did you mean 'refusal'" in ran.out
    assert "4 of them samples with expectations (1 as expected)" in ran.out
    assert "macros" not in ran.out, "what the command line names takes the place of what the file names"


def test_several_reports_in_one_run_agree(run: Run) -> None:
    ran = run(
        "check", "-o", "a.sarif", "-o", "a.xml", "-o", "gitlab=gl.json", "-o", "a.tap", "-o", "a.json", "-o", "a.txt"
    )
    assert ran.code == 1
    log = json.loads(Path("a.sarif").read_text("utf-8"))["runs"][0]
    regions = [each["locations"][0]["physicalLocation"] for each in log["results"] if each["level"] == "error"]
    assert {(each["artifactLocation"]["uri"], each["region"]["startLine"]) for each in regions} == {
        ("macros/refund.txt", 3)
    }
    failure = ET.parse("a.xml").getroot().find(".//testsuite[@name='macros/refund.txt']//failure")
    assert failure is not None
    assert "macros/refund.txt:3" in (failure.text or "")
    issues = json.loads(Path("gl.json").read_text("utf-8"))
    assert {(each["location"]["path"], each["location"]["lines"]["begin"]) for each in issues} == {
        ("macros/refund.txt", 3)
    }
    assert "not ok 1" in Path("a.tap").read_text("utf-8")
    assert json.loads(Path("a.json").read_text("utf-8"))["outcome"]["code"] == 1
    assert "FAILED" in Path("a.txt").read_text("utf-8")


def test_a_report_on_standard_output_stands_alone(run: Run) -> None:
    ran = run("check", "--to", "json")
    assert json.loads(ran.out)["outcome"]["code"] == ran.code == 1
    assert "failed" in ran.err


def test_github_gets_annotations_and_a_summary(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    ran = run("check", "--to", "github")
    assert ran.code == 1
    assert ran.out.startswith("::error file=macros/refund.txt,line=3,title=")
    assert "frictionlens check: failed" in Path("summary.md").read_text("utf-8")


def test_baseline_from_first_debt_to_stale_entry(run: Run) -> None:
    assert run("check", "--baseline", "b.json", "--update-baseline").code == 0
    accepted = Path("b.json").read_text("utf-8")
    assert "refund that" not in accepted, "a baseline holds no words of anyone"
    assert run("check", "--baseline", "b.json").code == 0
    # Lines move, white space and case change: the debt is the same.
    Path("macros/refund.txt").write_text("Hello,\n\nthanks!\n\n" + BAD, "utf-8")
    assert run("check", "--baseline", "b.json").code == 0
    Path("macros/other.txt").write_text(BAD, "utf-8")
    ran = run("check", "--baseline", "b.json")
    assert ran.code == 1
    assert "macros/other.txt" in ran.out
    assert "macros/refund.txt" not in ran.out
    Path("macros/other.txt").unlink()
    Path("macros/refund.txt").write_text(GOOD, "utf-8")
    ran = run("check", "--baseline", "b.json")
    assert ran.code == 0
    assert "stale" in ran.out
    assert run("check", "--baseline", "b.json", "--update-baseline").code == 0
    assert "stale" not in run("check", "--baseline", "b.json").out


def test_suppressions_silence_with_a_reason_until_they_run_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("s.toml").write_text(
        '[[suppress]]\nsource = "macros/refund.txt"\nreason = "agreed with counsel"\nexpires = 2026-12-31\n', "utf-8"
    )
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795305600")  # 2026-11-22
    ran = run("check", "--suppressions", "s.toml", "--all")
    assert ran.code == 0
    assert "agreed with counsel" in ran.out
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1798761600")  # 2027-01-01
    ran = run("check", "--suppressions", "s.toml")
    assert ran.code == 1
    assert "ran out on 2026-12-31" in ran.out


def test_a_rule_may_gate_only_when_its_audit_says_so(run: Run) -> None:
    found = json.loads(run("scan", "macros", "--from", "macros", "--to", "jsonl").out)
    rules = {each["rule_id"] for each in found["findings"]}

    def code(true: int, of: int, policy: str = "") -> int:
        text = f'[check]\nmacros = ["macros"]\naudit = "a.jsonl"\n{policy}'
        Path("frictionlens.toml").write_text(text, "utf-8")
        answers = [
            {"fingerprint": f"{rule}{number}", "rule_id": rule, "answer": "true" if number < true else "false"}
            for rule in rules
            for number in range(of)
        ]
        Path("a.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answers), "utf-8")
        return run("check").code

    # An audit of one's own decides how sure a rule is: only high confidence fails a build unless told otherwise.
    assert code(40, 40) == 1
    assert code(20, 40) == 0
    assert code(3, 3) == 0
    assert code(30, 40, 'min_confidence = "low"\nmin_precision = 0.5') == 1
    assert code(30, 40, 'min_confidence = "low"\nmin_precision = 0.8') == 0
    Path("a.jsonl").write_text("{", "utf-8")
    assert run("check").code == 2


def test_watch_checks_again_when_something_changes_and_waits_mistakes_out(run: Run) -> None:
    codes: list[int] = []
    from frictionlens.config import load_settings

    def once(settings: object, scanner: object) -> int:
        verdict, _ = check_module._judge(settings, scanner, update=False)  # type: ignore[arg-type]
        codes.append(int(verdict.outcome.code))
        return codes[-1]

    def looks() -> object:
        snapshots = check_module._snapshots(load_settings)
        first = next(snapshots)
        yield first
        yield next(snapshots)  # nothing changed
        Path("macros/refund.txt").write_text(GOOD, "utf-8")
        yield next(snapshots)
        Path("frictionlens.toml").write_text("[check]\nmcaros = []\n", "utf-8")
        yield next(snapshots)
        Path("frictionlens.toml").write_text('[check]\nmacros = ["macros"]\nforbidden = ["refusal"]\n', "utf-8")
        yield next(snapshots)

    check_module._watch(load_settings, once, looks())  # type: ignore[arg-type]
    assert codes == [1, 0, 0]


class TestCompare:
    def test_transcripts_are_scored_and_regressions_fail(self, run: Run) -> None:
        better = [{"role": "customer", "text": "Refund?"}, {"role": "agent", "text": "Done, I've refunded you."}]
        Path("a.jsonl").write_text("".join(sample(str(n), turns=better) for n in range(40)), "utf-8")
        Path("b.jsonl").write_text("".join(sample(str(n)) for n in range(40)), "utf-8")
        ran = run("compare", "a.jsonl", "b.jsonl", "--fail-on-regression")
        assert ran.code == 1
        assert "refusal" in ran.out
        assert run("compare", "a.jsonl", "b.jsonl").code == 0
        assert run("compare", "b.jsonl", "a.jsonl", "--fail-on-regression").code == 0

    def test_saved_results_compare_like_the_transcripts_they_came_from(self, run: Run) -> None:
        Path("a.jsonl").write_text("".join(sample(str(n)) for n in range(12)), "utf-8")
        assert run("scan", "a.jsonl", "-o", "saved.jsonl").code == 0
        ran = run("compare", "saved.jsonl", "a.jsonl", "--to", "json")
        report = json.loads(ran.out)
        assert ran.code == 0
        assert report["common"] == 12
        assert report["new"] == report["gone"] == report["scores"] == []

    def test_broken_results_are_problems(self, run: Run) -> None:
        Path("a.jsonl").write_text(sample("x"), "utf-8")
        assert run("scan", "a.jsonl", "-o", "saved.jsonl").code == 0
        with Path("saved.jsonl").open("a") as stream:
            stream.write('{"schema_version": 1}\n')
        ran = run("compare", "saved.jsonl", "a.jsonl")
        assert ran.code == 3
        assert "line 2" in ran.err
        Path("saved.jsonl").write_text('{"schema_version": 99}\n', "utf-8")
        assert run("compare", "saved.jsonl", "a.jsonl").code == 2


class TestConfiguration:
    def test_config_tells_where_each_value_came_from(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FRICTIONLENS_JOBS", "3")
        ran = run("config", "--changed")
        assert ran.code == 0
        assert re.search(r"^check\.min_confidence +low +frictionlens\.toml:3 *$", ran.out, re.MULTILINE)
        assert re.search(r"^jobs +3 +environment FRICTIONLENS_JOBS *$", ran.out, re.MULTILINE)
        assert "timezone" not in ran.out
        rows = json.loads(run("config", "--json").out)
        assert {"key": "timezone", "value": "UTC", "origin": "default"} in rows

    def test_init_writes_a_file_that_holds_and_replaces_none(self, run: Run) -> None:
        Path("new").mkdir()
        assert run("init", "new").code == 0
        assert run("config", "--config", "new/frictionlens.toml", "--changed").code == 0
        ran = run("init", "new")
        assert (ran.code, "--force" in ran.err) == (2, True)
        assert run("init", "new", "--force").code == 0


def test_whatever_the_number_of_processes_every_report_is_the_same(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763800000")
    for number in range(6):
        Path(f"macros/{number}.txt").write_text(f"{BAD if number % 2 else GOOD}\nNumber {number}.\n", "utf-8")
    # Some of many lines, one that cannot be read, one that comes again.
    lines = [sample(f"s{number}", expect={"found": ["refusal"]}) for number in range(30)]
    Path("samples.jsonl").write_text("".join([*lines, "{broken\n", lines[3]]), "utf-8")
    names = ("r.sarif", "r.xml", "r.tap", "r.json", "r.txt", "gitlab=r.gl")

    def reports(jobs: int) -> tuple[Ran, list[bytes]]:
        done = run("check", "samples.jsonl", "--macros=macros", f"--jobs={jobs}", *(f"-o{each}" for each in names))
        return done, [Path(each.rpartition("=")[2]).read_bytes() for each in names]

    done, files = reports(1)
    assert done.code == 1
    assert b"samples.jsonl" in files[0]
    assert reports(3) == (done, files)


def test_a_limit_of_nothing_is_a_limit(run: Run) -> None:
    Path("macros/refund.txt").write_text(BAD, "utf-8")
    assert run("check", "--macros=macros", "--fail-on=never").code == 0
    assert run("check", "--macros=macros", "--fail-on=never", "--max-score=0").code == 1
