"""The history: what goes in comes out, nothing twice, nothing lost, and nobody in each other's way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import msgspec
import pytest

from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.model import Scored
from frictionlens.store import Pack, RuleNote, Store, parse_started
from frictionlens.synthetic import Story, scored

PACK = Pack("digest-1", "core", "1.0", (RuleNote("a.b", "a", "A", "because", "say this"),))


def weeks(number: int = 1, per_week: int = 60) -> list[Scored]:
    return list(scored(Story(weeks=number, per_week=per_week)))


def put(store: Store, rows: list[Scored], pack: Pack = PACK) -> int:
    return max(store.put(rows, pack), default=0)


@pytest.mark.parametrize("where", ["memory", "file"])
def test_what_goes_in_comes_out(tmp_path: Path, where: str) -> None:
    rows = weeks()
    with Store(tmp_path / "s.duckdb" if where == "file" else None) as store:
        assert put(store, rows) == len(rows)
        assert list(store.scored()) == sorted(rows, key=lambda row: (row.source, row.interaction_id))
        assert list(store.scored("elsewhere")) == []


def test_scored_reads_across_pages(tmp_path: Path) -> None:
    rows = weeks(1, 2_100)
    with Store(tmp_path / "s.duckdb") as store:
        put(store, rows)
        assert [row.interaction_id for row in store.scored()] == sorted(row.interaction_id for row in rows)


def test_a_second_reading_replaces_the_first(tmp_path: Path) -> None:
    rows = weeks()
    store = Store(tmp_path / "s.duckdb")
    put(store, rows)
    changed = msgspec.structs.replace(rows[3], score=77.0, content_hash="new", findings=(), contributions=())
    put(store, [changed])
    back = {row.interaction_id: row for row in store.scored()}
    assert len(back) == len(rows)
    assert back[rows[3].interaction_id] == changed


def test_the_same_conversation_in_another_export_is_not_counted_twice(tmp_path: Path) -> None:
    rows = weeks()
    store = Store(tmp_path / "s.duckdb")
    put(store, rows)
    put(store, [msgspec.structs.replace(row, source="monday.jsonl") for row in rows])
    assert [row.source for row in store.scored()] == ["monday.jsonl"] * len(rows)
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM findings").fetchall() == [
            (sum(len(row.findings) for row in rows),)
        ]


def test_one_id_for_two_conversations_keeps_both(tmp_path: Path) -> None:
    first = msgspec.structs.replace(weeks()[0], interaction_id="1", source="a.jsonl")
    other = msgspec.structs.replace(first, source="b.jsonl", started_at="2026-01-01T00:00:00Z", content_hash="other")
    undated = msgspec.structs.replace(other, source="c.jsonl", started_at=None, content_hash="")
    store = Store(tmp_path / "s.duckdb")
    put(store, [first, other, undated])
    put(store, [msgspec.structs.replace(undated, source="d.jsonl")])
    assert [row.source for row in store.scored()] == ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]


def test_a_new_pack_makes_everything_unknown(tmp_path: Path) -> None:
    rows = weeks()
    store = Store(tmp_path / "s.duckdb")
    put(store, rows)
    assert store.known_contents("digest-1").tolist() == sorted({int(row.content_hash, 16) for row in rows})
    assert store.known_contents("digest-2").tolist() == []


def test_files_and_their_problems(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.duckdb")
    left_out = [Problem("x.jsonl", "line 2", "not JSON", "mend it"), Skipped("x.jsonl", "line 3", "again", "duplicate")]
    store.put_file("x.jsonl", "stamp", "digest-1", 4, left_out)
    assert store.known_files("digest-1") == {"x.jsonl": ("stamp", 4, 2)}
    assert store.known_files("digest-2") == {}
    assert store.left_out("x.jsonl") == left_out
    store.put_file("x.jsonl", "other", "digest-1", 5)
    assert store.left_out("x.jsonl") == []


def test_any_duckdb_client_reads_it(tmp_path: Path) -> None:
    rows = weeks()
    put(Store(tmp_path / "s.duckdb"), rows)
    plain = duckdb.connect(str(tmp_path / "s.duckdb"), read_only=True)
    charged = [
        (charge.kind, charge.name)
        for row in rows
        for finding in row.findings
        for charge in finding.charged
        if finding.family == "friction"
    ]
    assert sorted(plain.execute("SELECT kind, name FROM charges WHERE kind <> 'none'").fetchall()) == sorted(charged)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-16T09:30:00Z", ("2026-11-16 09:30:00", True)),
        ("2026-11-16T09:30:00+02:00", ("2026-11-16 07:30:00", True)),
        ("2026-11-16T09:30:00", ("2026-11-16 09:30:00", False)),
        ("last Tuesday", ("None", False)),
        (None, ("None", False)),
    ],
)
def test_started_at(text: str | None, expected: tuple[str, bool]) -> None:
    moment, zoned = parse_started(text)
    assert (str(moment), zoned) == expected


_WRITER = """
import sys
from frictionlens.store import Pack, Store
from frictionlens.synthetic import Story, scored
rows = list(scored(Story(weeks=1, per_week=3000, seed=int(sys.argv[2]))))
print("ready", flush=True)
store = Store(sys.argv[1], on_wait=lambda text: print("waiting", flush=True))
for stored in store.put(rows, Pack("d"), batch=100):
    print(stored, flush=True)
"""


def writer(path: Path, seed: int = 1) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
def test_kill_in_the_middle_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    process = writer(path)
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        if line.strip().isdigit():
            told = int(line)
        if told >= 500:
            break
    process.send_signal(signal.SIGKILL)
    told = max([told, *(int(line) for line in process.stdout if line.strip().isdigit())])
    process.wait()
    back = list(Store(path).scored())
    assert told <= len(back) < 3000
    assert len(back) % 100 == 0
    assert all(row.findings or row.score == 0 for row in back)


@pytest.mark.slow
def test_two_scans_at_once_both_arrive(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    both = [writer(path, 1), writer(path, 2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    with Store(path).reading() as connection:
        ids = connection.execute("SELECT count(*), count(DISTINCT (interaction_id, source)) FROM interactions")
        number, distinct = ids.fetchall()[0]
    assert number == distinct
    assert number >= len(list(scored(Story(weeks=1, per_week=3000, seed=1))))


_HOLDER = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)"


def test_a_taken_store_is_said_clearly(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    put(Store(path), weeks())
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        said: list[str] = []
        with pytest.raises(UserError, match="another process is using the store"):
            Store(path, wait=0.2, on_wait=said.append)
        assert len(said) == 1
        killer = threading.Timer(0.3, holder.kill)
        killer.start()
        assert len(Store(path, wait=30).known_contents("digest-1"))
    finally:
        holder.kill()
        holder.wait()


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.duckdb"
    text.write_text("not a database")
    with pytest.raises(UserError, match="not a frictionlens store"):
        Store(text)
    foreign = tmp_path / "foreign.duckdb"
    duckdb.connect(str(foreign)).execute("CREATE TABLE t (a INTEGER)").close()
    with pytest.raises(UserError, match="not a frictionlens store"):
        Store(foreign)
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    assert put(Store(empty), weeks())
    store = tmp_path / "s.duckdb"
    Store(store)
    duckdb.connect(str(store)).execute("UPDATE store_info SET version = 99").close()
    with pytest.raises(UserError, match="schema version 99"):
        Store(store)
