"""Compression, archives, encodings and what is hostile about them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest

from frictionlens.errors import Problem, Skipped, UserError
from frictionlens.model import Interaction
from frictionlens.readers import _sources, find_sources, read
from frictionlens.readers._base import ReadOptions, Record

TALK = b"Agent: Hello\nCustomer: It broke\n"


def scan(*paths: Path | str) -> dict[str, list[Record]]:
    """Return what is read of every source that is not left out on purpose."""
    found = find_sources([str(path) for path in paths])
    return {
        source.name: list(read(source, ReadOptions())) for source in found if not isinstance(source.instead, Skipped)
    }


def left_out(path: Path) -> dict[str, str]:
    return {each.name: each.instead.reason for each in find_sources([str(path)]) if isinstance(each.instead, Skipped)}


def spoken(records: list[Record]) -> int:
    return sum(len(record.turns) for record in records if isinstance(record, Interaction))


def reasons(found: dict[str, list[Record]]) -> list[str]:
    return [record.reason for records in found.values() for record in records if isinstance(record, Problem)]


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)  # type: ignore[no-any-return]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd], ids=["gz", "bz2", "xz", "zst"])
def test_compressed_files_whatever_their_name(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "chat.bin"
    path.write_bytes(pack(TALK))
    assert [spoken(records) for records in scan(path).values()] == [2]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "week.tar"
    path.write_bytes(tarred({"b/two.txt": TALK, "a/one.txt": TALK, "._x": b"junk"}, mode))
    found = scan(path)
    assert list(found) == [f"{path}!a/one.txt", f"{path}!b/two.txt"]
    assert [spoken(records) for records in found.values()] == [2, 2]


def test_zip_archives_in_folders_with_compressed_members(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "week.zip"
    path.write_bytes(zipped({"one.txt": TALK, "two.gz": gzip.compress(TALK), "__MACOSX/one.txt": b"junk", "sub/": b""}))
    found = scan(tmp_path)
    assert list(found) == [f"{path}!one.txt", f"{path}!two.gz"]
    assert [spoken(records) for records in found.values()] == [2, 2]


def test_archives_inside_archives_are_opened_two_deep(tmp_path: Path) -> None:
    inner = zipped({"one.txt": TALK})
    path = tmp_path / "outer.zip"
    path.write_bytes(
        zipped({"inner.zip": inner, "week.tgz": tarred({"x.txt": TALK}, "w:gz"), "deep.zip": zipped({"a.zip": inner})})
    )
    found = scan(path)
    assert spoken(found[f"{path}!inner.zip!one.txt"]) == 2
    assert spoken(found[f"{path}!week.tgz!x.txt"]) == 2
    assert any("2 deep" in reason for reason in reasons(found))


def test_names_that_climb_out_are_only_names(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path = home / "bad.zip"
    path.write_bytes(zipped({"../../evil.txt": TALK, "/etc/evil.txt": TALK}))
    assert [spoken(records) for records in scan(path).values()] == [2, 2]
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["bad.zip", "home"]


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("link.txt")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    path = tmp_path / "links.tar"
    path.write_bytes(out.getvalue())
    assert reasons(scan(path)) == ["the archive holds no files"]
    assert left_out(path) == {f"{path}!link.txt": "no file with contents: a link or a device"}


def test_what_is_not_read_on_purpose_is_named(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_bytes(TALK)
    (tmp_path / ".chat.txt.swp").write_bytes(TALK)
    (tmp_path / "frictionlens.toml").write_bytes(b"")
    (tmp_path / ".git" / "objects").mkdir(parents=True)
    (tmp_path / ".git" / "objects" / "a.txt").write_bytes(TALK)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    twice = tmp_path / "week.tar"
    twice.write_bytes(tarred({"a.txt": TALK, "__MACOSX/a.txt": b"junk", ".DS_Store": b"junk"}))
    with tarfile.open(twice, "a") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(TALK)
        archive.addfile(info, io.BytesIO(TALK))

    found = scan(tmp_path)

    assert {name.removeprefix(f"{tmp_path}/"): spoken(records) for name, records in found.items()} == {
        "chat.txt": 2, "gone.txt": 0, "week.tar!a.txt": 2
    }  # fmt: skip
    assert reasons(found) == ["a link to a file that is not there"]
    assert {name.removeprefix(f"{tmp_path}/") for name in left_out(tmp_path)} == {
        ".chat.txt.swp", ".git", "frictionlens.toml", "loop", "pipe",
        "week.tar!.DS_Store", "week.tar!__MACOSX/a.txt", "week.tar!a.txt",
    }  # fmt: skip


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert reasons(scan(tmp_path)) == ["the folder holds no files"]


def test_encrypted_members_are_counted_and_the_others_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"one.txt": TALK, "two.txt": TALK}))
    # Bit 0 of the flags, in the local header and in the directory of the first member.
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path = tmp_path / "locked.zip"
    path.write_bytes(bytes(data))
    found = scan(path)
    assert spoken(found[f"{path}!two.txt"]) == 2
    assert reasons(found) == ["this file of the archive is encrypted"]


def test_a_bomb_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sources, "FREE_BYTES", 1_000_000)
    bomb = TALK + b"Customer: " + b"0" * 20_000_000
    for name, data in {"a.zip": zipped({"a.txt": bomb}), "a.gz": gzip.compress(bomb)}.items():
        path = tmp_path / name
        path.write_bytes(data)
        (reason,) = reasons(scan(path))
        assert "decompression bombs" in reason


@pytest.mark.parametrize(
    "data",
    [
        zipped({"one.txt": TALK})[:60],
        b"PK\x03\x04" + b"\0" * 100,
        gzip.compress(TALK)[:15],
        b"\x28\xb5\x2f\xfd" + b"\xff" * 50,
        lzma.compress(TALK)[:20],
        bz2.compress(TALK)[:20],
        b"7z\xbc\xaf\x27\x1c" + b"\0" * 50,
        tarred({"a.txt": TALK * 100}, "w:gz")[:100],
        b"",
        b"\x00\x01\x02" * 100,
    ],
    ids=["zip", "zip head", "gz", "zst", "xz", "bz2", "7z", "tar.gz", "empty", "bytes"],
)
def test_broken_archives_are_problems(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad").write_bytes(data)
    (tmp_path / "good.txt").write_bytes(TALK)
    found = scan(tmp_path)
    assert spoken(found[f"{tmp_path}/good.txt"]) == 2
    assert reasons(found)


def test_a_cut_gzip_of_lines_gives_what_came_before_the_cut(tmp_path: Path) -> None:
    import json
    import random

    pick = random.Random(1)
    lines = [
        json.dumps({"id": str(n), "turns": [{"role": "agent", "text": f"{pick.getrandbits(120):030x}"}]})
        for n in range(4000)
    ]
    data = gzip.compress("\n".join(lines).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(data[: len(data) // 2])
    (records,) = scan(tmp_path / "a.jsonl.gz").values()
    assert sum(isinstance(record, Interaction) for record in records) > 1000
    assert any(isinstance(record, Problem) for record in records)


def test_sources_can_move_to_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "week.zip"
    path.write_bytes(zipped({"one.txt": TALK}))
    (source,) = find_sources([str(path)])
    assert spoken(list(read(pickle.loads(pickle.dumps(source)), ReadOptions()))) == 2


def test_standard_input_may_be_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TALK))))
    assert {name: spoken(records) for name, records in scan("-").items()} == {"-": 2}


def test_missing_paths_and_empty_patterns_are_said_at_once(tmp_path: Path) -> None:
    for name in ("nothing.txt", "*.nothing"):
        with pytest.raises(UserError):
            list(find_sources([str(tmp_path / name)]))
