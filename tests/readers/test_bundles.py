"""Folders that are one export."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from frictionlens.readers._base import Source
from frictionlens.readers._sources import group_bundles


def grouped(*paths: str) -> list[tuple[str, list[str]]]:
    members = [(PurePosixPath(path), Source(f"in/{path}", io.BytesIO)) for path in paths]
    found = group_bundles(members, "in", [lambda names: "users.json" in names])
    return [(each.name, [member.name for member in each.members]) for each in found]


def test_a_folder_that_is_one_export_takes_all_below_it() -> None:
    assert grouped("a.json", "s/x/1.json", "s/users.json", "s/y/2.json", "z/3.json") == [
        ("in/a.json", []),
        ("in/s", ["in/s/x/1.json", "in/s/users.json", "in/s/y/2.json"]),
        ("in/z/3.json", []),
    ]


def test_the_root_itself_can_be_one_export() -> None:
    assert grouped("b/c.json", "users.json") == [("in", ["in/b/c.json", "in/users.json"])]


def test_names_of_folders_end_in_a_slash() -> None:
    members = [(PurePosixPath("a/b/c.json"), Source("x", io.BytesIO))]
    seen: list[frozenset[str]] = []
    list(group_bundles(members, "in", [lambda names: seen.append(names) is not None]))
    assert set(seen) == {frozenset({"a/"}), frozenset({"b/"}), frozenset({"c.json"})}
