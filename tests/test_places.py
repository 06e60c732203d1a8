"""The places where the gate plugs in, each tried as its user would: the action's steps, the GitLab job, the hooks."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[1]
BAD = "Hello,\n\nUnfortunately we can't refund that.\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A user's repository whose macro refuses, and a `frictionlens` and a `python` on the path."""
    home = tmp_path / "repository"
    (home / "macros").mkdir(parents=True)
    (home / "macros/refund.txt").write_text(BAD, "utf-8")
    (home / "frictionlens.toml").write_text('[check]\nmacros = ["macros"]\nmin_confidence = "low"\n', "utf-8")
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "frictionlens").write_text(f'#!/bin/sh\nexec {sys.executable} -m frictionlens "$@"\n')
    # Installing is not what is tried here: what would be installed is written down.
    (commands / "python").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/installed\n')
    for each in commands.iterdir():
        each.chmod(0o755)
    return home


def bash(script: str, place: Path, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FRICTIONLENS_", "GITHUB_"))}
    environment = (
        kept | {"PATH": f"{place.parent}/bin:{kept['PATH']}", "PYTHONPATH": str(ROOT / "src")} | dict(variables)
    )
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def schema(name: str) -> Any:
    """A schema that the package `check-jsonschema` brings along."""
    import check_jsonschema

    folder = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


class TestAction:
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))

    def run(self, place: Path, **inputs: str) -> tuple["subprocess.CompletedProcess[str]", dict[str, str]]:
        """Run the steps as the runner does: expressions are put in, then each step is run by bash."""
        values = {f"inputs.{name}": str(each["default"]) for name, each in self.action["inputs"].items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values["github.action_path"] = "/action"
        outputs = place.parent / "outputs"
        outputs.touch()
        done: subprocess.CompletedProcess[str] | None = None
        for step in self.action["runs"]["steps"]:
            variables = {
                key: re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda found: values[found[1]], value)
                for key, value in step["env"].items()
            }
            assert "${{" not in step["run"], "an expression in a script is a hole: its text would be run"
            variables |= {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(place.parent / "summary.md")}
            done = bash(step["run"], place, variables)
        assert done is not None
        return done, dict(line.split("=", 1) for line in outputs.read_text().splitlines())

    def test_fits_the_published_schema(self) -> None:
        jsonschema.validate(self.action, schema("github-actions"))

    def test_a_refusing_macro_fails_with_annotation_summary_and_sarif(self, place: Path) -> None:
        done, outputs = self.run(place)
        assert done.returncode == 1, done.stderr
        assert done.stdout.startswith("::error file=macros/refund.txt,line=3,")
        assert outputs == {"exit-code": "1", "sarif": "frictionlens.sarif"}
        assert "frictionlens check: failed" in (place.parent / "summary.md").read_text("utf-8")
        assert json.loads((place / "frictionlens.sarif").read_text("utf-8"))["version"] == "2.1.0"
        assert (place.parent / "installed").read_text().endswith("/action\n")

    def test_inputs_reach_the_command_whole(self, place: Path) -> None:
        (place / "two words.txt").write_text(BAD, "utf-8")
        hostile = "$(touch pwned)"
        done, outputs = self.run(
            place, macros="two words.txt\n", args="--fail-on\nnever", junit="out.xml", sarif="", package=hostile
        )
        assert done.returncode == 0, done.stderr
        assert outputs["sarif"] == ""
        assert "two words.txt" in (place / "out.xml").read_text("utf-8")
        assert not (place / "pwned").exists()
        assert hostile in (place.parent / "installed").read_text()

    def test_baseline_and_configuration_are_handed_on(self, place: Path) -> None:
        done, outputs = self.run(place, baseline="none.json")
        assert (done.returncode, outputs["exit-code"]) == (2, "2")
        shutil.move(place / "frictionlens.toml", place / "other.toml")
        assert self.run(place, config="other.toml")[0].returncode == 1


class TestGitLab:
    template = yaml.safe_load((ROOT / "templates/frictionlens.gitlab-ci.yml").read_text("utf-8"))

    def test_fits_the_published_schema(self) -> None:
        pipeline = self.template | {"friction": {"extends": ".frictionlens-check"}}
        jsonschema.validate(pipeline, schema("gitlab-ci"))

    def test_the_job_fails_and_leaves_its_reports(self, place: Path) -> None:
        job = self.template[".frictionlens-check"]
        variables = job["variables"] | {"FL_ARGS": "--macros macros/ --fail-on medium"}
        done = bash("\n".join(job["script"]), place, variables)
        assert done.returncode == 1, done.stderr
        for name in job["artifacts"]["paths"]:
            assert (place / name).stat().st_size > 2
        assert set(job["artifacts"]["reports"].values()) == set(job["artifacts"]["paths"])
        (place / "macros/refund.txt").write_text("I've refunded you today.\n", "utf-8")
        assert bash("\n".join(job["script"]), place, variables).returncode == 0


class TestPreCommit:
    manifest = ROOT / ".pre-commit-hooks.yaml"

    def test_fits_what_pre_commit_expects(self) -> None:
        from pre_commit.clientlib import load_manifest

        assert {each["id"] for each in load_manifest(str(self.manifest))} == {
            "frictionlens-check",
            "frictionlens-macros",
        }

    @pytest.mark.parametrize("hook", yaml.safe_load(manifest.read_text("utf-8")), ids=lambda hook: hook["id"])
    def test_the_hook_stops_a_commit_and_lets_it_pass_when_mended(self, place: Path, hook: dict[str, Any]) -> None:
        files = ["macros/refund.txt"] if hook.get("pass_filenames", True) else []
        command = shlex.join([*shlex.split(hook["entry"]), *files])
        done = bash(command, place, {})
        assert done.returncode == 1, done.stderr
        assert "macros/refund.txt" in done.stdout
        (place / "macros/refund.txt").write_text("I've refunded you today.\n", "utf-8")
        assert bash(command, place, {}).returncode == 0
