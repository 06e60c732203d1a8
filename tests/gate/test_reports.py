"""Every check report is held against its published schema, or against what its documentation asks for."""

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
import yaml
from rich.console import Console

from frictionlens.config import Policy
from frictionlens.errors import Problem, UserError
from frictionlens.gate import Baseline, BaselineEntry, Suppression, Verdict, judge
from frictionlens.model import Expectation, Finding, NotEvaluated, Scored
from frictionlens.reporters import check_json, check_text, github
from frictionlens.reporters.checks import KINDS, kind_of, renderer
from frictionlens.store import RuleNote

SCHEMAS = Path(__file__).parents[1] / "schemas"
TODAY = date(2026, 11, 22)
HOSTILE = "can't \x1b[31mred\x07 [bold]x[/] <b>&]]> \x00 \u202e 100%\r\n::error::x | `y` =cmd()"
NOTES = {
    "refusal.flat": RuleNote("refusal.flat", "refusal", "We can't do that", "A closed door.", "Say what you can do.")
}
PROBLEM = Problem("exports/bad:1,2.bin", "line 3", "binary data in no format that is known", "see `formats`")


def make(kind: str, finding: Callable[..., Finding], scored: Callable[..., Scored]) -> Verdict:
    old = finding("refusal.flat", fingerprint="old", line=4)
    new = finding("refusal.flat", fingerprint="new", line=12, quote=HOSTILE, severity="high")
    silenced = finding("refusal.flat", fingerprint="quiet", line=14)
    unsure = finding("excuse.maybe", confidence="low", line=15)
    mild = finding("stall.soon", severity="low", line=16)
    full = [
        scored("macro 1", old, new, silenced, unsure, mild, points=(10.0, 50.0, 5.0, 5.0, 5.0), queue="billing"),
        scored("clean"),
        scored("blind", not_evaluated=(NotEvaluated("all", "language fr"),)),
        scored("sample", expect=Expectation(found=("refusal",)), source="qa/samples.jsonl"),
    ]
    policy = Policy(fail_on="medium", max_score=40, max_mean=1, min_coverage=0.9, budgets={"stall": 0, "excuse": 1})
    entries = tuple(BaselineEntry("macros/replies.txt", "macro 1", "refusal.flat", each) for each in ("old", "gone"))
    suppressions = [
        Suppression("legal <wording>", "s.toml:1", fingerprint="quiet", owner="jo"),
        Suppression("unused", "s.toml:5", rule="nothing"),
        Suppression("late", "s.toml:9", rule="*", expires=date(2026, 1, 1)),
    ]
    if kind == "failed":
        return judge(
            [*full, PROBLEM], policy, today=TODAY, baseline=Baseline(Path("b.json"), entries), suppressions=suppressions
        )
    if kind == "incomplete":
        return judge([full[1], PROBLEM], Policy(), today=TODAY)
    if kind == "allowed":
        return judge([full[1], PROBLEM], Policy(allow_problems=True), today=TODAY)
    return judge([] if kind == "empty" else full[1:2], Policy(), today=TODAY)


VERDICTS = ("failed", "incomplete", "allowed", "passed", "empty")
CODES = {"failed": 1, "incomplete": 3, "allowed": 0, "passed": 0, "empty": 0}


@pytest.fixture(params=VERDICTS)
def verdict(request: pytest.FixtureRequest, finding: Callable[..., Finding], scored: Callable[..., Scored]) -> Verdict:
    made = make(request.param, finding, scored)
    assert made.outcome.code == CODES[request.param]
    return made


@pytest.fixture
def failed(finding: Callable[..., Finding], scored: Callable[..., Scored]) -> Verdict:
    return make("failed", finding, scored)


@pytest.mark.parametrize("kind", KINDS)
def test_no_report_lets_control_characters_through(verdict: Verdict, kind: str) -> None:
    text = renderer(kind)(verdict, NOTES)
    values = re.sub(r"\\u[0-9a-f]{4}", "", text)  # JSON escapes are inert; the finding itself keeps the words as said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", values)
    if kind != "json":
        assert "\u202e" not in values
    assert text == renderer(kind)(verdict, NOTES)


class TestSarif:
    def test_fits_the_published_schema(self, verdict: Verdict) -> None:
        schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8"))
        log = json.loads(renderer("sarif")(verdict, NOTES))
        jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(log)
        run = log["runs"][0]
        assert run["invocations"][0]["exitCode"] == verdict.outcome.code
        for result in run["results"]:
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]

    def test_marks_the_line_and_keeps_the_reasons(self, failed: Verdict) -> None:
        run = json.loads(renderer("sarif")(failed, NOTES))["runs"][0]
        results = {each["partialFingerprints"]["frictionlens/v1"]: each for each in run["results"]}
        new = results["new"]
        assert new["level"] == "error"
        assert new["baselineState"] == "new"
        place = new["locations"][0]["physicalLocation"]
        assert (place["artifactLocation"]["uri"], place["region"]) == ("macros/replies.txt", {"startLine": 12})
        assert results["old"]["baselineState"] == "unchanged"
        assert results["quiet"]["suppressions"] == [
            {"kind": "external", "status": "accepted", "justification": "legal <wording> (jo)"}
        ]
        rules = {each["id"]: each for each in run["tool"]["driver"]["rules"]}
        assert rules["refusal.flat"]["help"]["text"] == "A closed door.\n\nBetter: Say what you can do."
        said = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
        assert any("stale baseline entry" in each for each in said)
        assert any("silences nothing" in each for each in said)
        assert any("ran out on 2026-01-01" in each for each in said)
        assert any("binary data" in each for each in said)


class TestJunit:
    def test_fits_the_published_schema_and_its_own_totals(self, verdict: Verdict) -> None:
        text = renderer("junit")(verdict, NOTES)
        xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd")).validate(text)
        root = ET.fromstring(text)
        cases = root.findall(".//testcase")
        assert cases, "CI servers refuse a report without cases"
        for tag, attribute in (("failure", "failures"), ("error", "errors")):
            assert int(root.get(attribute, "-1")) == len(root.findall(f".//{tag}"))
            assert sum(int(suite.get(attribute, "-1")) for suite in root) == len(root.findall(f".//{tag}"))
        assert int(root.get("tests", "-1")) == len(cases)
        red = int(root.get("failures", "0")) + int(root.get("errors", "0"))
        assert (red > 0) == (verdict.outcome.code != 0)

    def test_a_suite_per_source_and_a_case_per_interaction(self, failed: Verdict) -> None:
        root = ET.fromstring(renderer("junit")(failed, NOTES))
        found = {suite.get("name"): [case.get("name") for case in suite] for suite in root}
        assert found["macros/replies.txt"] == ["blind", "clean", "macro 1"]
        assert found["qa/samples.jsonl"] == ["sample"]
        assert len(found["policy"]) == 4
        failure = root.find(".//testcase[@name='macro 1']/failure")
        assert failure is not None
        assert (failure.text or "").startswith("macros/replies.txt:12: We can't do that: “can't")
        assert root.find(".//testcase[@name='blind']/skipped") is not None


COMMAND = re.compile(r"::(error|warning|notice) ((?:(?:file|line|title)=[^,:\n]*,?)+)::([^\r\n]*)")
"""What the runner parses: docs.github.com, workflow commands. Values are escaped, so none holds a separator."""


class TestGithub:
    def test_every_line_is_one_command(self, verdict: Verdict) -> None:
        lines = renderer("github")(verdict, NOTES).splitlines()
        assert all(COMMAND.fullmatch(line) for line in lines)
        assert lines[-1].endswith(f"{verdict.outcome.word}: {verdict.outcome.sentence}")
        assert any(line.startswith("::error") for line in lines) == (verdict.outcome.code != 0)

    def test_the_line_is_marked_and_hostile_words_are_inert(self, failed: Verdict) -> None:
        lines = renderer("github")(failed, NOTES).splitlines()
        assert lines[0].startswith("::error file=macros/replies.txt,line=12,title=We can't do that::")
        assert "100%25 \ufffderror::x" in lines[0]
        assert any("file=exports/bad%3A1%2C2.bin" in line for line in lines)

    def test_the_summary_escapes_markup(self, failed: Verdict) -> None:
        text = github.render_summary(failed, NOTES)
        row = next(line for line in text.splitlines() if "macro 1" in line)
        assert len(re.findall(r"(?<!\\)\|", row)) == 5
        assert "&lt;b&gt;" in row
        assert "<b>" not in text
        assert "❌ frictionlens check: failed" in text


def test_gitlab_has_the_fields_that_its_documentation_asks_for(verdict: Verdict) -> None:
    # docs.gitlab.com/ci/testing/code_quality: no schema is published.
    issues = json.loads(renderer("gitlab")(verdict, NOTES))
    assert isinstance(issues, list)
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "location", "severity"} == issue.keys()
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert not issue["location"]["path"].startswith(("./", "/"))
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({each["fingerprint"] for each in issues}) == len(issues)
    if verdict.outcome.code == 1:
        assert {"critical", "blocker", "minor"} <= {each["severity"] for each in issues}
        assert all("legal" not in each["description"] for each in issues)


def test_tap_follows_version_14(verdict: Verdict) -> None:
    # testanything.org/tap-version-14-specification: no schema is published.
    lines = renderer("tap")(verdict, NOTES).splitlines()
    assert lines[0] == "TAP version 14"
    plan = re.fullmatch(r"1\.\.(\d+)( # SKIP .*)?", lines[1])
    assert plan
    points = [match for line in lines if (match := re.match(r"(not )?ok (\d+) - \S", line))]
    assert [int(each[2]) for each in points] == list(range(1, int(plan[1]) + 1))
    assert any(each[1] for each in points) == (verdict.outcome.code != 0)
    blocks = re.findall(r"^  ---\n(.*?)^  \.\.\.$", "\n".join(lines) + "\n", re.DOTALL | re.MULTILINE)
    for block in blocks:
        assert all(isinstance(each, str) for each in yaml.safe_load(block)["messages"])
    if verdict.outcome.code == 1:
        assert blocks


def test_json_fits_its_own_schema(verdict: Verdict) -> None:
    report = json.loads(renderer("json")(verdict, NOTES))
    schema = check_json.check_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    assert report["outcome"]["code"] == verdict.outcome.code
    assert report["interactions"] == len(verdict.cases)


class TestText:
    def test_the_word_never_disagrees_with_the_code(self, verdict: Verdict) -> None:
        last = renderer("text")(verdict, NOTES).splitlines()[-1]
        assert (
            last == f"{verdict.outcome.word.upper()}  {verdict.outcome.sentence}  (exit code {verdict.outcome.code:d})"
        )

    def test_place_words_and_remedy_are_shown(self, failed: Verdict) -> None:
        text = renderer("text")(failed, NOTES)
        assert "   12  We can't do that\n       “can't" in text
        assert "       macro 1 · refusal.flat · new finding of high severity" in text
        assert "Better: Say what you can do." in text
        assert "1 baseline entry stale" in text
        assert "expected refusal, which was not found" in text
        assert "[bold]x[/]" in text, "markup in a quote is shown, not obeyed"

    @pytest.mark.parametrize("width", [80, 120])
    def test_fits_the_terminal(self, failed: Verdict, width: int) -> None:
        console = Console(file=io.StringIO(), width=width, color_system=None)
        console.print(check_text.build(failed, NOTES, everything=True))
        output: Any = console.file
        assert max(len(line) for line in output.getvalue().splitlines()) <= width


def test_the_kind_of_a_report_comes_from_its_name() -> None:
    assert kind_of("out/report.sarif") == ("sarif", "out/report.sarif")
    assert kind_of("report.sarif.json") == ("sarif", "report.sarif.json")
    assert kind_of("junit.xml") == ("junit", "junit.xml")
    assert kind_of("gitlab=gl-code-quality-report.json") == ("gitlab", "gl-code-quality-report.json")
    with pytest.raises(UserError, match="does not tell"):
        kind_of("report.pdf")
    with pytest.raises(UserError, match="did you mean 'sarif'"):
        renderer("sarf")
