"""Principles that are tests: rules are data, the samples show everything, the package carries its rules."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import frictionlens
from frictionlens.rules import load_pack

ROOT = Path(__file__).resolve().parent.parent
PACK = load_pack()


def test_no_rule_id_stands_in_the_code() -> None:
    ids = {rule.id for rule in PACK.everything}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in ids
    ]

    assert found == []


def test_the_samples_show_every_category_and_episode() -> None:
    problems: list[object] = []
    found = {
        finding.category
        for scored in frictionlens.scan(ROOT / "samples", on_problem=problems.append)
        for finding in scored.findings
    }

    assert sorted(set(PACK.categories) - found) == []
    assert problems, "the broken samples show how a problem is told"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(target),
        ".",
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(target.glob("*.whl"))


def test_the_wheel_carries_the_rules(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "frictionlens/_pack/categories.yml" in names
    assert "frictionlens/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "samples/", "benchmarks/"))]


def test_an_installed_wheel_scans(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    zipfile.ZipFile(wheel).extractall(site)
    # Everything it needs comes from the environment of the tests; only frictionlens itself is the wheel's.
    (site / "needs.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    export = tmp_path / "export.txt"
    export.write_text("Customer: I want a refund.\nAgent: I'm sorry, we can't do that.\n", "utf-8")

    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    where = subprocess.run(
        [python, "-c", "import frictionlens; print(frictionlens.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=environ,
    )  # fmt: skip
    result = subprocess.run(
        [python, "-m", "frictionlens", "scan", str(export), "--to", "jsonl"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environ,
    )  # fmt: skip

    assert str(site) in where.stdout
    assert result.returncode == 0, result.stderr
    assert "refusal" in {each["category"] for each in json.loads(result.stdout)["findings"]}
