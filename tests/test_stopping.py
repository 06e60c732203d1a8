"""A scan that is stopped, or killed, leaves valid results and nothing behind; with a store it goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from frictionlens.engine.compiled import load_compiled
from frictionlens.errors import Problem
from frictionlens.history import scan_into
from frictionlens.model import Interaction, Scored, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, find_sources
from frictionlens.runners import parts
from frictionlens.store import Store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")

TALK = (
    "Hi, my order is late.",
    "We cannot do that. Our policy does not allow it.",
    "Ridiculous.",
    "Call the bank.",
) * 6


def write(path: Path, count: int) -> None:
    turns = tuple(Turn("customer" if place % 2 == 0 else "agent", text) for place, text in enumerate(TALK))
    with path.open("wb") as stream:
        stream.writelines(msgspec.json.encode(Interaction(id=f"i{n}", turns=turns)) + b"\n" for n in range(count))


def children(process: int) -> list[int]:
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Press Ctrl-C; return the exit code, and the seconds of the processor that it and its children had in all."""
    process.send_signal(signal.SIGINT)
    wait_for(lambda: not alive(process.pid))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def compiled_rules() -> None:
    """Have the rules compiled on the disk, so that processes get to work at once."""
    load_compiled()


@pytest.fixture
def scan(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
        line = [sys.executable, "-m", "frictionlens", "scan", *arguments]
        process = subprocess.Popen(
            line, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def seconds(process: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy(process: subprocess.Popen[bytes], jobs: int, least: float = 0.4) -> Callable[[], bool]:
    """Tell whether all processes have worked for a while."""
    return lambda: len(children(process.pid)) == jobs and all(seconds(each) > least for each in children(process.pid))


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_stops_soon_and_leaves_what_was_read(
    jobs: int, scan: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    write(tmp_path / "large.jsonl", 30_000)
    process = scan("large.jsonl", "-o", "out.jsonl", f"--jobs={jobs}")
    wait_for(busy(process, jobs) if jobs > 1 else lambda: seconds(process.pid) > 2)
    workers = children(process.pid)

    used = sum(map(seconds, (process.pid, *workers)))
    code, spent = interrupt(process)

    assert code == 130
    # Of the processor: tests share the machine, so the clock tells nothing. In a second each of them has one at most.
    assert spent - used < jobs
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
    found = [msgspec.json.decode(line, type=Scored).interaction_id for line in lines]
    assert len(found) == len(set(found)) < 30_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.jsonl", "out.jsonl"]
    wait_for(lambda: not any(map(alive, workers)), 5)


def test_ctrl_c_while_rules_compile_does_not_compile_them_again(
    scan: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRICTIONLENS_CACHE", "off")
    write(tmp_path / "small.jsonl", 3)
    process = scan("small.jsonl")
    wait_for(lambda: seconds(process.pid) > 1.5)
    code, spent = interrupt(process)
    assert code == 130
    # Compiling takes several seconds of the processor.
    assert spent < 3.5


def test_killing_the_parent_ends_its_workers(scan: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    write(tmp_path / "large.jsonl", 30_000)
    process = scan("large.jsonl", "-o", "out.jsonl", "--jobs=2")
    wait_for(lambda: len(children(process.pid)) == 2)
    workers = children(process.pid)

    process.kill()
    process.wait()

    wait_for(lambda: not any(map(alive, workers)), 5)


def test_a_worker_that_is_killed_is_a_problem_of_its_file(
    scan: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    write(tmp_path / "large.jsonl", 1_500)
    process = scan("large.jsonl", "-o", "out.jsonl", "--problems=problems.jsonl", "--jobs=2")
    wait_for(busy(process, 2))
    os.kill(children(process.pid)[0], signal.SIGKILL)

    assert process.wait(120) == 3
    [problem] = (tmp_path / "problems.jsonl").read_bytes().splitlines()
    assert b"large.jsonl" in problem
    assert b"ended with code -9" in problem
    assert 0 < len((tmp_path / "out.jsonl").read_bytes().splitlines()) < 1_500


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_scan_keeps_in_its_store_what_was_scored(
    jobs: int, scan: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    write(tmp_path / "large.jsonl", 30_000)
    process = scan("large.jsonl", "--store", "history.duckdb", "-o", "out.jsonl", f"--jobs={jobs}")
    wait_for((tmp_path / "history.duckdb").exists)
    wait_for(busy(process, jobs, 2) if jobs > 1 else lambda: seconds(process.pid) > 2)
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    scored = len((tmp_path / "out.jsonl").read_bytes().splitlines())
    with Store(tmp_path / "history.duckdb") as store:
        kept = sum(1 for _ in store.scored())
    assert 0 < scored <= kept < 30_000
    wait_for(lambda: not any(map(alive, workers)), 5)


@pytest.mark.parametrize("who", ["worker", "parent"])
def test_whoever_is_killed_a_store_goes_on_where_it_was(
    who: str, scan: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    count = 1_500
    write(tmp_path / "large.jsonl", count)
    asked = ("large.jsonl", "--store=history.duckdb", "-o", "out.jsonl", "--jobs=2")
    process = scan(*asked)
    wait_for(busy(process, 2))
    workers = children(process.pid)
    os.kill(workers[0] if who == "worker" else process.pid, signal.SIGKILL)

    assert process.wait(120) == (3 if who == "worker" else -signal.SIGKILL)
    wait_for(lambda: not any(map(alive, workers)), 5)
    with Store(tmp_path / "history.duckdb") as store:
        before = {each.interaction_id for each in store.scored()}
    assert len(before) < count
    assert before or who == "parent"

    # What was lost is read again, what is there is not scored again, and nothing tells that it was ever stopped.
    again = scan(*asked)
    assert again.wait(120) == 0
    with Store(tmp_path / "history.duckdb") as store:
        stored = [each.interaction_id for each in store.scored()]
    written = [msgspec.json.decode(line, type=Scored).interaction_id for line in (tmp_path / "out.jsonl").open("rb")]
    assert stored == written == sorted(f"i{n}" for n in range(count))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_scan_with_a_store_goes_on_where_it_was_stopped(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.jsonl", 40)
    monkeypatch.setattr(parts, "LEAST_BYTES", 2_000)
    note = tmp_path / "scored"
    real = Scanner.score_safely

    def score_safely(scanner: Scanner, each: Interaction) -> Scored | Problem:
        with note.open("a") as stream:  # also from the processes that are forked
            stream.write(f"{each.id}\n")
        return real(scanner, each)

    monkeypatch.setattr(Scanner, "score_safely", score_safely)
    options = Options(excerpts=True)
    sources = list(find_sources([str(tmp_path / "a.jsonl")]))
    with Store(tmp_path / "history.duckdb") as store:
        outcomes = scan_into(store, sources, ReadOptions(), options, lambda: Scanner(options), jobs=jobs)
        began = [next(outcomes) for _ in range(15)]
        outcomes.close()  # type: ignore[attr-defined]
        kept = {each.interaction_id for each in store.scored()}
        note.write_text("")
        ended = list(scan_into(store, sources, ReadOptions(), options, lambda: Scanner(options), jobs=jobs))

    everything = {f"i{n}" for n in range(40)}
    assert {each.interaction_id for each in began if isinstance(each, Scored)} <= kept < everything
    assert {each.interaction_id for each in ended if isinstance(each, Scored)} == everything
    assert sorted(note.read_text().split()) == sorted(everything - kept)
