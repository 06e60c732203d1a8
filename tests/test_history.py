"""A scan with a store says what a scan without one says, and scores only what is new."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.history import Unchanged, load_results, notes_of, scan_into
from frictionlens.model import Interaction, Scored, Turn
from frictionlens.pipeline import Options, Scanner, content_hash
from frictionlens.readers import ReadOptions, find_sources
from frictionlens.runners import parts, serial
from frictionlens.scoring import Weights
from frictionlens.store import Store
from frictionlens.synthetic import Story, interactions


class CountingScanner(Scanner):
    """Counts what it is asked to score."""

    scored = 0

    def score_safely(self, interaction: Interaction) -> Scored | Problem:
        self.scored += 1
        return super().score_safely(interaction)


@pytest.fixture(scope="module")
def scanner() -> CountingScanner:
    return CountingScanner(Options(excerpts=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    lines = [msgspec.json.encode(each) for each in interactions(Story(weeks=1, per_week=40))]
    (made / "a.jsonl").write_bytes(b"\n".join(lines[:20]) + b"\n{broken\n")
    (made / "b.jsonl").write_bytes(b"\n".join(lines[20:]) + b"\n")
    return made


def scan(store: Store, folder: Path, scanner: CountingScanner) -> tuple[list[Scored | Problem | Skipped], int]:
    before = scanner.scored
    sources = list(find_sources([str(folder)]))
    outcomes = [
        each
        for each in scan_into(store, sources, ReadOptions(), scanner.options, lambda: scanner)
        if not isinstance(each, Unchanged)
    ]
    return sorted(outcomes, key=repr), scanner.scored - before


def test_what_is_unchanged_is_not_scored_again(tmp_path: Path, folder: Path, scanner: CountingScanner) -> None:
    store = Store(tmp_path / "s.duckdb")
    plain = sorted(serial.run(list(find_sources([str(folder)])), ReadOptions(), scanner), key=repr)
    first, worked = scan(store, folder, scanner)
    assert first == plain
    assert worked == len([each for each in first if isinstance(each, Scored)])
    assert [each.record for each in first if isinstance(each, Problem)] == ["line 21"]
    second, worked = scan(store, folder, scanner)
    assert second == first
    assert worked == 0


def test_unchanged_files_need_no_rules_and_are_counted(tmp_path: Path, folder: Path, scanner: CountingScanner) -> None:
    store = Store(tmp_path / "s.duckdb")
    first, _ = scan(store, folder, scanner)

    def never() -> Scanner:
        raise AssertionError("nothing had to be scored")

    sources = list(find_sources([str(folder)]))
    again = list(scan_into(store, sources, ReadOptions(), scanner.options, never, replay=False))
    assert [each for each in again if isinstance(each, Problem)] == [
        each for each in first if isinstance(each, Problem)
    ]
    counted = sum(each.interactions for each in again if isinstance(each, Unchanged))
    assert counted == len([each for each in first if isinstance(each, Scored)])


def test_only_new_lines_of_a_changed_file_are_scored(tmp_path: Path, folder: Path, scanner: CountingScanner) -> None:
    store = Store(tmp_path / "s.duckdb")
    first, _ = scan(store, folder, scanner)
    file = folder / "b.jsonl"
    extra = next(interactions(Story(seed=7)))
    file.write_bytes(file.read_bytes() + msgspec.json.encode(msgspec.structs.replace(extra, id="new")) + b"\n")
    second, worked = scan(store, folder, scanner)
    assert worked == 1
    assert len(second) == len(first) + 1
    assert scan(store, folder, scanner) == (second, 0)


def test_a_renamed_file_is_read_and_not_scored(tmp_path: Path, folder: Path, scanner: CountingScanner) -> None:
    store = Store(tmp_path / "s.duckdb")
    first, _ = scan(store, folder, scanner)
    (folder / "a.jsonl").rename(folder / "c.jsonl")
    second, worked = scan(store, folder, scanner)
    assert worked == 0
    assert len(second) == len(first)
    assert scan(store, folder, scanner) == (second, 0)


def test_another_pack_or_other_weights_score_everything_again(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "pack" / "friction"
    own.mkdir(parents=True)
    (own / "excuse.yml").write_text(
        "category: excuse\nrules:\n  - id: gremlins\n    title: Gremlins\n    why: because\n    advice: say so\n"
        "    patterns: [gremlins did it]\n"
    )
    store = Store(tmp_path / "s.duckdb")
    plain = CountingScanner(Options(excerpts=True))
    _, all_of_it = scan(store, folder, plain)
    for options in (
        Options(excerpts=True, packs=(tmp_path / "pack",)),
        Options(excerpts=True, weights=Weights(category={"refusal": 3.0})),
    ):
        _, worked = scan(store, folder, CountingScanner(options))
        assert worked == all_of_it
    with store.reading() as connection:
        digests = connection.execute("SELECT DISTINCT pack_digest FROM interactions").fetchall()
    assert digests == [(notes_of(plain.pack, options).digest,)]
    assert "+" in digests[0][0]


def test_stopped_in_the_middle_the_rest_is_scored_next_time(
    tmp_path: Path, folder: Path, scanner: CountingScanner
) -> None:
    store = Store(tmp_path / "s.duckdb")
    running = scan_into(store, list(find_sources([str(folder)])), ReadOptions(), scanner.options, lambda: scanner)
    for _ in range(25):
        next(running)
    running.close()
    second, worked = scan(store, folder, scanner)
    assert 0 < worked < len(second)


def test_the_same_id_in_two_files_stays_with_both(tmp_path: Path, folder: Path, scanner: CountingScanner) -> None:
    lines = (folder / "a.jsonl").read_bytes().splitlines()[:3]
    for name in ("c.jsonl", "d.jsonl"):
        talk = [msgspec.json.decode(line, type=Interaction) for line in lines]
        others = [
            msgspec.structs.replace(
                each, id=f"{n}", source="", started_at=None, turns=(*each.turns, Turn("agent", name))
            )
            for n, each in enumerate(talk)
        ]
        (folder / name).write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in others))
    store = Store(tmp_path / "s.duckdb")
    first, _ = scan(store, folder, scanner)
    (folder / "d.jsonl").write_bytes((folder / "d.jsonl").read_bytes() + b"{broken\n")
    second, worked = scan(store, folder, scanner)
    assert worked == 0
    assert [each for each in second if isinstance(each, Scored)] == [each for each in first if isinstance(each, Scored)]


def test_of_two_versions_in_one_file_the_later_counts_however_often_it_is_read(
    tmp_path: Path, scanner: CountingScanner
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    store = Store(tmp_path / "s.duckdb")
    one, two, *others = [
        Interaction(id=id_, source="s", turns=(Turn("customer", "Hi"), Turn("agent", f"We cannot do that, {id_}{n}.")))
        for n, id_ in enumerate("xxyz")
    ]
    for lines in ([one], [one, two], [one, two, others[0]], [one, two, *others]):
        (folder / "a.jsonl").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lines))
        found, _ = scan(store, folder, scanner)
        told = {each.interaction_id for each in found if isinstance(each, Scored)}
        assert told | {"?" for each in found if isinstance(each, Problem)} >= {each.id for each in lines}
        if len(lines) > 1:
            (kept,) = [each for each in store.scored() if each.interaction_id == "x"]
            assert "x1" in kept.findings[0].quote or kept.content_hash == content_hash(two)


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is in a store."""
    with store.reading() as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {each: connection.execute(f"SELECT * FROM {each} ORDER BY ALL").fetchall() for each in tables}


def test_whatever_the_number_of_processes_outcomes_and_store_are_the_same(
    tmp_path: Path, folder: Path, scanner: CountingScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LEAST_BYTES", 2_000)
    lines = (folder / "b.jsonl").read_bytes().splitlines(keepends=True)
    stores = {jobs: Store(tmp_path / f"{jobs}.duckdb") for jobs in (1, 2, 3)}

    def outcomes(jobs: int, *, replay: bool) -> list[object]:
        sources = list(find_sources([str(folder)]))
        shape = scanner.options
        found = scan_into(stores[jobs], sources, ReadOptions(), shape, lambda: scanner, replay=replay, jobs=jobs)
        return list(found)

    def all_the_same(*, replay: bool = True) -> list[object]:
        expected = outcomes(1, replay=replay)
        for jobs in (2, 3):
            assert outcomes(jobs, replay=replay) == expected
            assert content(stores[jobs]) == content(stores[1])
        return expected

    first = all_the_same()
    assert sum(isinstance(each, Scored) for each in first) > 30
    # Something new at the end, something known in between, a copy of a whole file, a file that went away.
    extra = msgspec.structs.replace(next(interactions(Story(seed=7))), id="new")
    (folder / "b.jsonl").write_bytes(b"".join(lines[3:]) + b"{broken\n" + msgspec.json.encode(extra) + b"\n" + lines[0])
    (folder / "c.jsonl").write_bytes(b"".join(lines))
    all_the_same()
    (folder / "a.jsonl").unlink()
    all_the_same(replay=False)
    assert all(isinstance(each, Unchanged | Problem | Skipped) for each in all_the_same(replay=False))


def test_saved_results_are_a_store_too(tmp_path: Path, folder: Path, scanner: CountingScanner) -> None:
    outcomes = serial.run(list(find_sources([str(folder)])), ReadOptions(), scanner)
    results = [each for each in outcomes if isinstance(each, Scored)]
    file = tmp_path / "results.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(each) for each in results) + b"\nnot json\n")
    store = load_results([file], notes_of(scanner.pack))
    assert sorted(store.scored(), key=repr) == sorted(results, key=repr)
    assert [each.record for each in store.left_out(str(file))] == [f"line {len(results) + 1}"]
    file.write_text('{"id": "1", "turns": []}\n')
    with pytest.raises(UserError, match="no result lines"):
        load_results([file], notes_of(scanner.pack))
    with pytest.raises(UserError, match="cannot be read"):
        load_results([tmp_path / "absent.jsonl"], notes_of(scanner.pack))
