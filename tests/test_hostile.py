"""Hostile input: what transcripts, archives and rule files may do to the reader, the matcher and the outputs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.readers.reading import read_text

from frictionlens.engine.codes import ExpressionWriter, classes_of
from frictionlens.errors import Problem, RuleError
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions
from frictionlens.rules import load_pack
from frictionlens.rules.pattern import PatternParser

ROOT = Path(__file__).resolve().parent.parent
CUE = "1\n00:00:01,000 --> 00:00:02,000\nAgent: we can't do that\n\n"


# ---------------------------------------------------------------- what fuzzing found


@pytest.mark.parametrize(
    "junk",
    ["1" * 3_000, "1:" * 3_000, " \n" * 3_000, "0:00:00,000 --> " * 400, "9" * 5_000 + ":00:00,0 --> 00:00:01,000"],
)
def test_digits_in_subtitles_take_no_time(junk: str) -> None:
    started = time.process_time()
    found, _ = read_text(f"{CUE}{junk}\n\n{CUE}", "a.srt", ReadOptions(format="srt"))
    assert time.process_time() - started < 2
    assert sum(len(each.turns) for each in found) >= 1


def test_a_time_too_large_for_a_computer_is_a_problem_of_that_cue() -> None:
    broken = "2\n99999999999999999999:00:00,000 --> 00:00:03,000\nCustomer: why?\n\n"
    records, others = read_text(f"{CUE}{broken}{CUE}", "a.srt")
    assert isinstance(records[0], Interaction)
    assert [each.reason for each in others if isinstance(each, Problem)] == [
        "1 of 3 cues could not be read: broken times"
    ]


def test_nothing_is_left_of_the_fuzzer(tmp_path: Path) -> None:
    # In a process of its own: what other tests hold in memory is not the fuzzer's.
    bounds = {"FUZZ_SECONDS": "2", "FUZZ_ATHERIS_SECONDS": "0", "FUZZ_JOBS": "1", "FUZZ_SEED": "3"}
    path = os.pathsep.join([str(ROOT / "src"), *(each for each in sys.path if each)])
    environ = {**os.environ, **bounds, "FUZZ_FINDINGS": str(tmp_path), "PYTHONPATH": path}
    command = [sys.executable, "-m", "tests.fuzz"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "mutated inputs" in done.stdout + done.stderr


# ---------------------------------------------------------------- catastrophic patterns


SPELLING = load_pack().spelling
PARSER = PatternParser({}, SPELLING)


@pytest.mark.parametrize("middle", ["can ...5 " * 4, "can ...2 (we|can we|we can) [we] [can] " * 3])
@pytest.mark.parametrize("end", ["", " nope"])
def test_patterns_of_many_gaps_take_bounded_time(middle: str, end: str) -> None:
    pattern = PARSER.parse(f"{middle}can{end}")
    classes = classes_of([pattern])
    written = "".join(map(classes.alphabet.character, ["can", "we"] * 250))
    started = time.process_time()
    found = ExpressionWriter(classes).write(pattern).compile().search(written)
    assert time.process_time() - started < 5
    assert (found is None) is bool(end)


@pytest.mark.parametrize("source", ["can ...12 " * 6 + "x", "[a] [b] [c] [d] " * 4 + "x"])
def test_patterns_that_could_take_for_ever_are_refused_with_their_place(source: str) -> None:
    with pytest.raises(RuleError, match="ways") as error:
        PARSER.parse(source, "rules/mine.yml:7")
    assert error.value.where == "rules/mine.yml:7"
