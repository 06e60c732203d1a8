"""Every runner gives the same outcomes, in the same order, however the work is cut."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import msgspec
import pytest

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Scored, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, find_sources
from frictionlens.runners import local, parts, processes, serial

SAMPLES = Path(__file__).parents[1] / "samples"


def lines_of(path: Path, count: int, marker: str = "") -> None:
    said = "I am sorry, we cannot do that. Our policy does not allow it."
    with path.open("wb") as stream:
        for number in range(count):
            # Every fifth interaction comes again; a broken line stands in the middle.
            text = f"{said} {marker}" if number % 5 else said
            interaction = Interaction(id=f"i{number - number % 5}", turns=(Turn("customer", "Hi"), Turn("agent", text)))
            stream.write(msgspec.json.encode(interaction) + b"\n")
            if number == count // 2:
                stream.write(b"{broken\n\n")


def test_processes_give_what_serial_gives_on_every_sample() -> None:
    sources = list(find_sources([str(SAMPLES)]))
    expected = list(serial.run(sources, ReadOptions(), Scanner()))

    assert list(processes.run(sources, ReadOptions(), Options(), 2, part_bytes=300)) == expected
    assert sum(isinstance(each, Scored) for each in expected) > 20


@pytest.mark.parametrize("jobs", [1, 3])
def test_ranges_of_a_file_keep_lines_duplicates_and_order(tmp_path: Path, jobs: int) -> None:
    lines_of(tmp_path / "a.jsonl", 300)
    lines_of(tmp_path / "b.jsonl", 40)
    sources = list(find_sources([str(tmp_path)]))
    expected = list(serial.run(sources, ReadOptions(), Scanner()))

    found = list(processes.run(sources, ReadOptions(), Options(), jobs, part_bytes=1000))

    assert found == expected
    assert [each.record for each in found if isinstance(each, Problem)] == ["line 152", "line 22"]
    assert any(isinstance(each, Skipped) for each in found)


def test_a_process_that_dies_is_a_problem_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        lines_of(tmp_path / f"{name}.jsonl", 10, marker=name)
    real = parts.read

    def read(source, options):  # type: ignore[no-untyped-def]
        if source.name.endswith("b.jsonl"):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(source, options)

    monkeypatch.setattr(parts, "read", read)
    found = list(processes.run(find_sources([str(tmp_path)]), ReadOptions(), Options(), 2))

    died = [each for each in found if isinstance(each, Problem) and "ended with code" in each.reason]
    assert [Path(each.source).name for each in died] == ["b.jsonl"]
    assert {Path(each.source).name for each in found if isinstance(each, Scored)} == {"a.jsonl", "c.jsonl"}


def test_stopping_early_ends_the_processes(tmp_path: Path) -> None:
    lines_of(tmp_path / "a.jsonl", 500)
    outcomes = processes.run(find_sources([str(tmp_path)]), ReadOptions(), Options(), 2, part_bytes=2000)
    next(outcomes)
    outcomes.close()

    assert not [each for each in multiprocessing.active_children() if each.is_alive()]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_is_gone_is_a_problem_and_the_rest_is_read(tmp_path: Path, jobs: int) -> None:
    for name in ("a", "b", "c"):
        lines_of(tmp_path / f"{name}.jsonl", 4, marker=name)
    sources = list(find_sources([str(tmp_path)]))
    (tmp_path / "b.jsonl").unlink()

    assert local.decide_jobs(sources, 0) == 1
    found = list(local.run(sources, ReadOptions(), Options(), jobs, Scanner()))

    gone = [each for each in found if isinstance(each, Problem) and not each.record]
    assert [Path(each.source).name for each in gone] == ["b.jsonl"]
    assert {Path(each.source).name for each in found if isinstance(each, Scored)} == {"a.jsonl", "c.jsonl"}


def test_problems_of_dead_processes_are_sorted_among_others() -> None:
    mixed = [Problem("c", "", "x"), parts.Lost("b", "", "x"), Problem("a", "", "x"), parts.Lost("d", "", "x")]
    for order in (mixed, mixed[::-1]):
        assert [each.source for each in sorted(order)] == ["a", "b", "c", "d"]


def test_small_inputs_stay_in_one_process(tmp_path: Path) -> None:
    lines_of(tmp_path / "a.jsonl", 10)
    sources = list(find_sources([str(tmp_path)]))

    assert local.decide_jobs(sources, 0) == 1
    assert local.decide_jobs(sources, 3) == 3
