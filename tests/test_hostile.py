"""Hostile input: what transcripts, archives and rule files may do to the reader, the matcher and the outputs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.readers.reading import read_text

from frictionlens.engine.bounded import find_hits
from frictionlens.engine.compiled import load_compiled
from frictionlens.engine.matching import Decider, Hit
from frictionlens.engine.steps import sequences
from frictionlens.engine.text import Run
from frictionlens.engine.tokens import Tokeniser
from frictionlens.errors import Problem
from frictionlens.model import Interaction, Turn
from frictionlens.readers import ReadOptions
from frictionlens.rules.pattern import Pattern, PatternParser

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


PACK = load_compiled().pack
PARSER = PatternParser({}, PACK.spelling)


def hits(pattern: Pattern, text: str) -> list[Hit]:
    decider = Decider()
    run = Run([(0, Turn("agent", text))], Tokeniser(PACK.spelling), decider)
    return decider.find(pattern, run.sentences[0])


@pytest.mark.parametrize("end", ["", " nope"])
@pytest.mark.parametrize("middle", ["can ...5 " * 4, "can ...12 " * 6, "can ...12 (we|can we|we can) [we] [can] " * 3])
def test_patterns_of_many_gaps_take_bounded_time(middle: str, end: str) -> None:
    pattern = PARSER.parse(f"{middle}can{end}")
    started = time.process_time()
    found = hits(pattern, "can we " * 250)
    assert time.process_time() - started < 5
    assert bool(found) is not bool(end)


def test_the_bounded_matcher_finds_what_spacy_finds() -> None:
    rng = random.Random(1)
    parts = ["can", "we", "...2", "[not]", "(do|re*|the policy)", "*", "!x", "{number}", "...3", "*ing", "[a b]"]
    words = ["can", "we", "we", "not", "do", "redo", "the", "policy", "x", "24", "doing", "a", "b", "{link}"]
    decider = Decider()
    compared = 0
    for _ in range(400):
        pattern = PARSER.parse(" ".join(["can", *rng.choices(parts, k=rng.randint(1, 3)), "we"]))
        for sequence in sequences(pattern):
            matcher = decider._matcher([step.spacy() for step in sequence])
            for _ in range(4):
                said = ["can", *rng.choices(words, k=rng.randint(1, 6)), "we"]
                expected = {(start, end) for _, start, end in matcher(decider.doc(said))}
                assert {(start, end) for start, end, _ in find_hits(sequence, said)} == expected
                compared += len(expected)
    assert compared > 100
