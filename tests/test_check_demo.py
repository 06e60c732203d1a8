"""The script that shows the gate at work does what the documentation says."""

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    folder = tmp_path_factory.mktemp("demo")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FRICTIONLENS_", "GITHUB_"))}
    done = subprocess.run(
        ["bash", str(ROOT / "docs/check-demo.sh"), str(folder)],
        env=kept
        | {
            "FRICTIONLENS": f"{sys.executable} -m frictionlens",
            "PYTHONPATH": str(ROOT / "src"),
            "COLUMNS": "100",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def steps(text: str) -> dict[str, str]:
    """The output of each step by its number; a step without one belongs to the step before."""
    parts = re.split(r"^== (\d)\..*$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def line_of_the_refusal() -> int:
    """The line on which the script writes the refusal into the macro."""
    script = (ROOT / "docs/check-demo.sh").read_text("utf-8")
    macro = script.split("<<'MACRO'\n", 1)[1].split("MACRO\n", 1)[0]
    return 1 + next(number for number, line in enumerate(macro.splitlines()) if "refund" in line)


@pytest.mark.slow
def test_it_passes_fails_is_accepted_is_mended_and_cleaned(shown: tuple[Path, str]) -> None:
    _, text = shown
    found = steps(text)
    assert "PASSED" in found["1"]
    assert "9 as expected" in found["1"]
    assert "FAILED" in found["2"]
    assert "(exit code 1)" in found["2"]
    assert "FAILED" not in found["3"]
    assert "in the baseline" in found["3"]
    assert "stale" in found["4"]
    assert "PASSED" in found["4"]
    assert "stale" not in found["5"]


@pytest.mark.slow
def test_every_report_marks_the_line_of_the_bad_macro(shown: tuple[Path, str]) -> None:
    folder, text = shown
    line, path = line_of_the_refusal(), "macros/late-returns.md"
    results = json.loads((folder / "check.sarif").read_text("utf-8"))["runs"][0]["results"]
    places = [each["locations"][0]["physicalLocation"] for each in results if each["level"] == "error"]
    assert {(each["artifactLocation"]["uri"], each["region"]["startLine"]) for each in places} == {(path, line)}
    failures = ET.parse(folder / "check.xml").getroot().findall(f".//testsuite[@name='{path}']/testcase/failure")
    assert len(failures) == 1
    assert f"{path}:{line}: " in (failures[0].text or "")
    assert re.search(rf"^::error file={path},line={line},title=", text, re.MULTILINE)
    issues = json.loads((folder / "gl-code-quality-report.json").read_text("utf-8"))
    assert {(each["location"]["path"], each["location"]["lines"]["begin"]) for each in issues} == {(path, line)}
    assert f"{line}  We can't" in steps(text)["2"]
