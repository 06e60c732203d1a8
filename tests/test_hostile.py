"""Hostile input: what transcripts, archives and rule files may do to the reader, the matcher and the outputs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.readers.reading import read_text

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions

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
    from tests.fuzz.run import fuzz

    tally = fuzz(2, 3, tmp_path)
    assert tally.inputs > 0
    assert not tally.failures
