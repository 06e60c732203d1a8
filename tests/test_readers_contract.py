"""What every reader owes: one sample folder `samples/<format>/` proves it, and no line of this file knows a format.

`FRICTIONLENS_UPDATE=1 pytest tests/test_readers_contract.py` rewrites the snapshots; look at the difference before you
commit it.
"""

from __future__ import annotations

import io
import json
import logging
import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frictionlens.errors import Problem, Skipped
from frictionlens.model import ROLES, Interaction
from frictionlens.readers import ReadOptions, Source, find_sources, formats, read, recognise

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
SNAPSHOTS = Path(__file__).parent / "snapshots" / "readers"
FOLDERS = sorted(each.name for each in SAMPLES.glob("*") if each.name in formats())
TRIPPED = "could not be read as"
"""What the last line of defence says when a reader itself tripped: no input may get that far."""


def readme(name: str) -> str:
    return (SAMPLES / name / "README.md").read_text(encoding="utf-8")


def sources(name: str) -> list[Source]:
    found = [each for each in find_sources([str(SAMPLES / name)]) if not each.name.endswith("README.md")]
    assert found, f"samples/{name} holds no sample"
    return found


def records(source: Source, options: ReadOptions | None = None) -> list[Interaction | Problem | Skipped]:
    return list(read(source, options or ReadOptions()))


def contents(source: Source) -> bytes:
    with source.open() as stream:
        return stream.read()


def variant(source: Source, data: bytes) -> Source:
    """The same source with other bytes; in a bundle the largest member gets them."""
    if not source.members:
        return Source(source.name, lambda: io.BytesIO(data))
    largest = max(source.members, key=lambda member: len(contents(member)))
    members = tuple(variant(each, data) if each is largest else each for each in source.members)
    return Source(source.name, io.BytesIO, members=members)


def payload(source: Source) -> bytes:
    return max((contents(each) for each in source.members), key=len) if source.members else contents(source)


def assert_sound(found: list[Interaction | Problem | Skipped], what: str) -> None:
    assert found, f"{what}: nothing was said about it"
    for record in found:
        if isinstance(record, Interaction):
            assert record.id, what
            assert all(turn.role in ROLES and isinstance(turn.text, str) for turn in record.turns), what
            msgspec.json.encode(record)
        else:
            assert TRIPPED not in record.reason, f"{what}: {record}"


def test_there_are_samples() -> None:
    assert len(FOLDERS) > 30


@pytest.mark.parametrize("name", FOLDERS)
def test_it_is_recognised(name: str) -> None:
    for source in sources(name):
        found = recognise(source, ReadOptions())
        assert found.format is not None, f"{source.name}: {found.reason}"
        assert found.format.name == name, f"{source.name}: {found.reason}"


@pytest.mark.parametrize("name", FOLDERS)
def test_it_reads_as_the_snapshot_says(name: str) -> None:
    found: list[Any] = []
    for source in sources(name):
        for record in records(source):
            built = msgspec.to_builtins(record)
            built["source"] = str(Path(built["source"]).relative_to(ROOT).as_posix())
            found.append({type(record).__name__: built})
    text = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get("FRICTIONLENS_UPDATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), "no snapshot yet: run with FRICTIONLENS_UPDATE=1"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FOLDERS)
def test_every_role_is_known(name: str) -> None:
    if "roles: unknown" in readme(name).casefold() or formats()[name].not_a_conversation:
        pytest.skip("the export names no roles, as its README says")
    for source in sources(name):
        interactions = [each for each in records(source) if isinstance(each, Interaction)]
        assert interactions
        for interaction in interactions:
            assert {turn.role for turn in interaction.turns} >= {"customer"}, interaction.id
            assert "unknown" not in {turn.role for turn in interaction.turns}, interaction.id


@pytest.mark.parametrize("name", FOLDERS)
def test_a_label_can_be_mapped_to_a_role(name: str) -> None:
    for source in sources(name):
        for interaction in records(source):
            if not isinstance(interaction, Interaction):
                continue
            unknown = {turn.speaker for turn in interaction.turns if turn.role == "unknown"}
            assert None not in unknown, f"{interaction.id}: a turn of unknown role without a label cannot be mapped"
            mapped = ReadOptions(roles={str(label).casefold(): "agent" for label in unknown})
            again = [each for each in records(source, mapped) if isinstance(each, Interaction)]
            assert all(turn.role != "unknown" for each in again for turn in each.turns if turn.speaker in unknown)


@pytest.mark.parametrize("name", FOLDERS)
def test_times_count_from_the_first_moment(name: str) -> None:
    for source in sources(name):
        for interaction in records(source):
            if isinstance(interaction, Interaction):
                times = [turn.at for turn in interaction.turns if isinstance(turn.at, float)]
                assert all(time >= 0 for time in times), interaction.id
                if interaction.started_at:
                    assert interaction.started_at[4] == "-", interaction.started_at


@pytest.mark.parametrize("name", FOLDERS)
def test_cut_off_anywhere_it_says_so_and_gives_what_came_before(name: str) -> None:
    for source in sources(name):
        data = payload(source)
        whole = sum(len(each.turns) for each in records(source) if isinstance(each, Interaction))
        for part in range(1, 24):
            cut = data[: len(data) * part // 24]
            if not cut.strip():
                continue
            found = records(variant(source, cut))
            assert_sound(found, f"{source.name} cut after {len(cut)} bytes")
            turns = sum(len(each.turns) for each in found if isinstance(each, Interaction))
            assert turns <= whole + 1


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.filterwarnings("error")
def test_flipped_bytes_do_not_trip_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(name)
    caplog.set_level(logging.DEBUG)
    for source in sources(name):
        data = payload(source)
        for _ in range(40):
            flipped = bytearray(data)
            for _ in range(rng.choice((1, 3, 20))):
                flipped[rng.randrange(len(flipped))] = rng.randrange(256)
            options = ReadOptions(format=name)
            assert_sound(records(variant(source, bytes(flipped))), f"{source.name} flipped")
            assert_sound(records(variant(source, bytes(flipped)), options), f"{source.name} flipped, with --from")
    assert not caplog.records, "a library logs what it reads: transcripts do not go into logs"


@pytest.mark.parametrize("name", FOLDERS)
def test_garbage_does_not_trip_it(name: str) -> None:
    rng = random.Random(name)
    kinds = [
        b"\x00" * 50,
        rng.randbytes(300),
        b"{" * 400,
        b"[[[" * 400,
        b'{"a":',
        b"null",
        b"[1, 2]",
        b'"x"',
        b"{}\n{}\n",
        b"[]",
    ]
    for source in sources(name)[:1]:
        for data in kinds:
            found = records(variant(source, data), ReadOptions(format=name))
            assert_sound(found, f"{name}: {data[:8]!r}")
            # In a bundle the other members are whole, and read.
            invented = any(isinstance(each, Interaction) for each in found) and not source.members
            assert not invented or not data.startswith((b"{", b"["))


def parsed(data: bytes) -> tuple[list[Any], bool]:
    """The JSON values in a sample, and whether they stand on lines of their own; nothing where it is no JSON."""
    try:
        return [json.loads(data)], False
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in data.splitlines() if line.strip()], True
    except ValueError:
        return [], False


SWAPS: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    "",
    "x",
    "2026-13-45T99:99:99Z",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": []},
]


def swap_one(value: Any, rng: random.Random) -> Any:
    """Change one value somewhere down: another type, a missing key, a doubled or emptied list."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.15:
            return {name: each for name, each in value.items() if name != key}
        return {**value, key: swap_one(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        index = rng.randrange(len(value))
        return [*value[:index], swap_one(value[index], rng), *value[index + 1 :]]
    return rng.choice(SWAPS)


@pytest.mark.parametrize("name", FOLDERS)
def test_swapped_types_and_missing_keys_do_not_trip_it(name: str) -> None:
    rng = random.Random(name)
    for source in sources(name):
        values, lines = parsed(payload(source))
        for _ in range(60 if values else 0):
            swapped = list(values)
            for _ in range(rng.choice((1, 1, 4))):
                index = rng.randrange(len(swapped))
                swapped[index] = swap_one(swapped[index], rng)
            separator = b"\n" if lines else b""
            data = separator.join(json.dumps(each).encode() for each in swapped)
            assert_sound(records(variant(source, data), ReadOptions(format=name)), f"{source.name} swapped")


@pytest.mark.parametrize("name", list(formats()))
def test_it_is_documented(name: str) -> None:
    assert f"\n### `{name}`\n" in (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FOLDERS)
def test_white_space_in_json_does_not_matter(name: str) -> None:
    for source in sources(name):
        values, lines = parsed(payload(source))
        if lines or not values or source.members:
            continue
        expected = [each.turns for each in records(source) if isinstance(each, Interaction)]
        for data in (json.dumps(values[0]), json.dumps(values[0], indent=4, ensure_ascii=False)):
            found = recognise(variant(source, data.encode()), ReadOptions())
            assert found.format is not None
            assert found.format.name == name
            again = [each.turns for each in records(variant(source, data.encode())) if isinstance(each, Interaction)]
            assert again == expected
