"""Nothing is dropped silently: files, archive members, records, lines, entries of lists; and the totals add up.

Every count that is compared here is made without the readers: files by walking the folder, records by counting lines.
"""

from __future__ import annotations

import copy
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.readers.reading import read_text
from tests.test_readers_contract import FOLDERS, parsed, payload, records, sources, variant
from typer.testing import CliRunner

from frictionlens.cli import app
from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions, Source, find_sources, read

ROOT = Path(__file__).resolve().parent.parent.parent
REAL = Path(os.environ.get("FRICTIONLENS_SHARED", ROOT.parent / "shared")) / "formats" / "real"
FOLDERS_OF_FILES = [ROOT / "samples", REAL]


def talks(found: list[Any]) -> list[Interaction]:
    return [each for each in found if isinstance(each, Interaction)]


# ---------------------------------------------------------------- files


def files_of(source: Source) -> Iterator[str]:
    for member in source.members:
        yield from files_of(member)
    if not source.members:
        yield source.name


@pytest.mark.parametrize("folder", FOLDERS_OF_FILES, ids=["samples", "real"])
def test_every_file_is_read_or_named(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"no public samples at {folder}")
    found = list(find_sources([str(folder)]))
    named = sorted(name for source in found for name in files_of(source))
    assert named == sorted(str(each) for each in folder.rglob("*") if each.is_file())
    for source in found:
        assert list(read(source, ReadOptions())), f"{source.name}: nothing was said about it"


def archive_of(folder: Path, kind: str) -> bytes:
    """Everything below a folder, as the archiver of a Mac packs it: with what it hides."""
    out = io.BytesIO()
    files = {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    files |= {f"__MACOSX/._{name}": b"junk" for name in list(files)[:3]} | {".DS_Store": b"junk"}
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("folder", FOLDERS_OF_FILES, ids=["samples", "real"])
def test_an_archive_gives_what_its_folder_gives(folder: Path, kind: str, tmp_path: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"no public samples at {folder}")
    path = tmp_path / f"all.{kind}"
    path.write_bytes(archive_of(folder, kind))
    packed = list(find_sources([str(path)]))
    with zipfile.ZipFile(path) if kind == "zip" else tarfile.open(path) as archive:
        names = archive.namelist() if isinstance(archive, zipfile.ZipFile) else archive.getnames()
    assert sorted(name for each in packed for name in files_of(each)) == sorted(f"{path}!{name}" for name in names)

    def outcomes(found: list[Source]) -> dict[str, int]:
        all_of_it = [record for source in found for record in read(source, ReadOptions())]
        hidden = [each for each in all_of_it if isinstance(each, Skipped) and "hidden" in each.reason]
        return {
            "interactions": len(talks(all_of_it)),
            "turns": sum(len(each.turns) for each in talks(all_of_it)),
            "others": len(all_of_it) - len(talks(all_of_it)) - len(hidden),
        }

    assert outcomes(packed) == outcomes(list(find_sources([str(folder)])))


@pytest.mark.parametrize("folder", FOLDERS_OF_FILES, ids=["samples", "real"])
def test_the_totals_of_a_scan_add_up(folder: Path, tmp_path: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"no public samples at {folder}")
    damaged = tmp_path / "in" / "damaged.jsonl"
    damaged.parent.mkdir()
    line = '{"id": "%d", "turns": [{"role": "customer", "text": "%s"}]}\n'
    # More problems than are kept for showing: the file holds all of them.
    damaged.write_text("".join("{broken\n" if n % 2 else line % (n, f"word {n}") for n in range(3_000)))
    (damaged.parent / "again.jsonl").write_text("".join(line % (n, f"word {n}") for n in range(0, 20, 2)))
    outputs = {name: tmp_path / name for name in ("out.jsonl", "out.json", "problems.jsonl")}
    command = ["--quiet", "scan", str(folder), str(damaged.parent), "--jobs", "1"]
    command += ["-o", str(outputs["out.jsonl"]), "-o", str(outputs["out.json"])]
    done = CliRunner().invoke(app, [*command, "--problems", str(outputs["problems.jsonl"])])
    assert done.exit_code == 3, done.output

    told = json.loads(outputs["out.json"].read_text())
    summary = told["summary"]
    skipped = sum(summary["skipped"].values())
    lines = {name: path.read_text("utf-8").count("\n") for name, path in outputs.items()}
    seen = [
        record for source in find_sources([str(folder), str(damaged.parent)]) for record in read(source, ReadOptions())
    ]

    assert summary["records"] == len(seen)
    assert summary["interactions"] == lines["out.jsonl"] == len(told["interactions"])
    assert summary["problems"] == lines["problems.jsonl"] > 1_500
    assert summary["records"] == summary["interactions"] + summary["problems"] + skipped
    assert sum("read before" in reason for reason in summary["skipped"]) >= 1


# ---------------------------------------------------------------- lines


def samples_of_lines() -> list[tuple[str, Source]]:
    """Samples that hold a JSON value on every line, more than one of them."""
    found = [(name, source) for name in FOLDERS for source in sources(name) if not source.members]
    return [(name, each) for name, each in found if parsed(payload(each))[1] and len(parsed(payload(each))[0]) > 1]


LINES = samples_of_lines()


def test_there_are_samples_of_lines() -> None:
    assert len(LINES) >= 4


@pytest.mark.parametrize("bad", [b"{broken", b"garbage", b"\x00\xff", b"7", b'"text"', b"[[[[", b'{"a": ' * 400])
@pytest.mark.parametrize(("name", "source"), LINES, ids=[name for name, _ in LINES])
def test_a_broken_line_costs_itself_alone_wherever_it_stands(name: str, source: Source, bad: bytes) -> None:
    lines = payload(source).splitlines()
    whole = [turn for each in talks(records(source)) for turn in each.turns]
    for place in range(len(lines) + 1):
        with_bad = [*lines[:place], bad, *lines[place:]]
        found = records(variant(source, b"\n".join(with_bad)))
        assert [turn for each in talks(found) for turn in each.turns] == whole, f"line {place + 1}"
        assert any(isinstance(each, Problem) for each in found), f"line {place + 1} was lost without a word"


@pytest.mark.parametrize(("name", "source"), LINES, ids=[name for name, _ in LINES])
def test_cut_anywhere_the_whole_lines_are_read(name: str, source: Source) -> None:
    data = payload(source)
    for end in range(1, len(data), max(1, len(data) // 97)):
        before = data[: data.rfind(b"\n", 0, end) + 1]
        whole = talks(records(variant(source, before))) if before.strip() else []
        cut = records(variant(source, data[:end]))
        read_again = {(turn.role, turn.text) for each in talks(cut) for turn in each.turns}
        assert {(turn.role, turn.text) for each in whole for turn in each.turns} <= read_again, f"cut at {end}"
        rest = data[len(before) : end].strip()
        if rest and rest not in data.splitlines():
            assert any(isinstance(each, Problem) for each in cut), f"the cut at {end} was not said"


def test_every_line_has_an_outcome() -> None:
    line = '{"id": "%d", "turns": [{"role": "customer", "text": "%s"}]}'
    lines = [line % (n, "" if n % 7 == 0 else f"word {n}") for n in range(500)]
    for n in range(0, 500, 11):
        lines[n] = lines[n][: 10 + n % 20]
    found, others = read_text("\n".join(lines), "many.jsonl")
    assert len(found) + len(others) == 500
    assert len([each for each in others if isinstance(each, Problem)]) == len(range(0, 500, 11))


def test_elements_behind_a_broken_one_are_read_where_each_has_its_line() -> None:
    element = '{"id": "%d", "turns": [{"role": "customer", "text": "word %d"}, {"role": "agent", "text": "yes"}]}'
    elements = [element % (n, n) for n in range(9)]
    elements[4] = elements[4].replace('"role"', "role")
    found, others = read_text("[\n" + ",\n".join(elements) + "\n]\n", "list.json")
    assert [each.id for each in found] == ["0", "1", "2", "3", "5", "6", "7", "8"]
    assert others[0].reason == "broken JSON at line 6"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_row_is_a_turn_or_named(separator: str) -> None:
    rows = [["conversation_id", "role", "text", "time"]]
    rows += [
        [f"c{n // 4}", "agent" if n % 2 else "customer", f"word {n}", f"2026-11-16T09:00:{n:02}Z"] for n in range(40)
    ]
    rows[7][2] = ""
    rows[9] = [*rows[9], "more", "cells", "than columns"]
    rows[11] = [rows[11][0]]
    found, others = read_text("\n".join(separator.join(row) for row in rows) + "\n", "rows.csv")
    spoken = {turn.text for each in found for turn in each.turns if turn.text}
    assert spoken >= {f"word {n}" for n in range(40) if n + 1 not in (7, 9, 11)}
    assert sum(len(each.turns) for each in found) + len(others) >= 40


# ---------------------------------------------------------------- entries of lists


def lists_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every list of at least two objects, once per place in the structure."""
    if isinstance(value, list):
        if sum(isinstance(each, dict) for each in value) > 1:
            yield path
        for index, each in enumerate(value[:20]):
            yield from lists_in(each, (*path, index))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from lists_in(each, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize("name", FOLDERS)
def test_an_entry_that_is_no_object_is_said(name: str) -> None:
    for source in sources(name):
        values, lines = parsed(payload(source))
        separator = b"\n" if lines else b""

        def outcome(values: list[Any], source: Source = source, separator: bytes = separator) -> tuple[str, int]:
            data = separator.join(json.dumps(each).encode() for each in values)
            found = records(variant(source, data), ReadOptions(format=name))
            words = " ".join(turn.text for each in talks(found) for turn in each.turns)
            return words, len(found) - len(talks(found))

        if not values:
            continue
        said, others = outcome(values)
        seen: set[tuple[Any, ...]] = set()
        for path in lists_in(values):
            kind = tuple("*" if isinstance(key, int) else key for key in path)
            if kind in seen or (not path and not lines):
                continue
            seen.add(kind)
            without = copy.deepcopy(values)
            del at(without, path)[1]
            if len(outcome(without)[0]) >= len(said):
                continue  # what stands there is not spoken
            for garbage in (70107, "garbage", ["garbage"]):
                damaged = copy.deepcopy(values)
                at(damaged, path)[1] = garbage
                words, now = outcome(damaged)
                told = now > others or "garbage" in words or "70107" in words or len(words) >= len(said)
                assert told, f"{source.name}: {garbage!r} at {kind} was left out without a word"


# ---------------------------------------------------------------- what fuzzing found


def test_an_odd_key_in_one_row_does_not_hide_the_column_of_the_others() -> None:
    rows = [
        {"session_id": "s", "seq": n, "role": "agent" if n % 2 else "customer", "text": f"word {n}"} for n in range(6)
    ]
    lines = [json.dumps(row) for row in rows]
    lines[0] = lines[0].replace('"text"', '"tex\\ud800t"')
    (found,), _ = read_text("\n".join(lines), "rows.jsonl")
    assert [turn.text for turn in found.turns][1:] == [f"word {n}" for n in range(1, 6)]


def test_digits_that_are_no_numbers_are_a_problem_of_their_row() -> None:
    header = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
    row = "%s,42,True,Tue Oct 31 22:10:47 +0000 2017,hello,,\n"
    found, (problem,) = read_text(header + row % "91³" + row % "92", "twcs.csv")
    assert isinstance(problem, Problem)
    assert [each.id for each in found] == ["92"]


@pytest.mark.parametrize("cell", ["[{'role': 'agent', 'text': 'no \\ud800'}, {'role': 'customer', 'text': 'why'}]"])
def test_half_a_character_in_a_cell_can_be_written(cell: str) -> None:
    (found,), _ = read_text(f'id,transcript\n1,"{cell}"\n', "cells.csv")
    assert msgspec.json.encode(found)
    assert found.turns[0].text == "no \ufffd"
