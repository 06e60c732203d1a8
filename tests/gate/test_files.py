import json
from datetime import date
from pathlib import Path

import pytest

from frictionlens.errors import UserError
from frictionlens.gate import BaselineEntry, load_baseline, load_suppressions, save_baseline

ENTRY = BaselineEntry("macros/a.txt", "a", "refusal.flat", "abc")


def test_baseline_comes_back_sorted_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    other = BaselineEntry("a.txt", "z", "excuse.x", "def")
    save_baseline(path, [ENTRY, other, ENTRY])
    loaded = load_baseline(path)
    assert [(each.source, each.count) for each in loaded.entries] == [("a.txt", 1), ("macros/a.txt", 2)]
    assert loaded.counts() == {"abc": 2, "def": 1}
    before = path.read_bytes()
    save_baseline(path, reversed(loaded.entries))
    assert path.read_bytes() == before
    assert json.loads(before)["baseline_version"] == 1
    save_baseline(path, [])
    assert load_baseline(path).entries == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[]", "no baseline"),
        ('{"findings": []}', "no baseline"),
        ('{"baseline_version": 2, "findings": []}', "no baseline"),
        ('{"baseline_version": 1, "findings": [{"rule_id": "x"}]}', "no baseline"),
        ('{"baseline_version": 1, "findings": [], "extra": 1}', "no baseline"),
    ],
)
def test_a_broken_baseline_is_never_a_silent_pass(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(content, "utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_baseline(path)
    assert caught.value.exit_code == 2
    assert caught.value.where == str(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such baseline"):
        load_baseline(tmp_path / "none.json")
    with pytest.raises(UserError, match="cannot be written"):
        save_baseline(tmp_path / "none" / "b.json", [])
    with pytest.raises(UserError, match="no such suppressions"):
        load_suppressions(tmp_path / "none.toml")


def test_suppressions_come_with_place_and_date(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        '# why\n[[suppress]]\nrule = "refusal.*"\nreason = "legal"\nexpires = 2027-01-31\n\n'
        '[[suppress]]\nfingerprint = "abc"\nreason = "quoted"\nowner = "jo"\nexpires = "2027-02-01"\n',
        "utf-8",
    )
    one, two = load_suppressions(path)
    assert (one.where, one.expires, one.selector) == (f"{path}:2", date(2027, 1, 31), "rule refusal.*")
    assert (two.where, two.expires, two.justification) == (
        f"{path}:7",
        date(2027, 2, 1),
        "quoted (jo, until 2027-02-01)",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[[suppress]]\nrule = 'x'", "needs a reason"),
        ("[[suppress]]\nrule = 'x'\nreason = ' '", "needs a reason"),
        ("[[suppress]]\nreason = 'x'", "suppresses everything"),
        ("[[suppress]]\nrule = 'x'\nreasn = 'y'", "did you mean 'reason'"),
        ("[[suppress]]\nrule = 3\nreason = 'y'", "rule must be text"),
        ("[[suppress]]\nrule = 'x'\nreason = 'y'\nexpires = 'soon'", "is no date"),
        ("[suppress]\nrule = 'x'", "two brackets"),
        ("[[supress]]\nrule = 'x'", "no table 'supress'"),
        ("rule = = x", "not valid TOML"),
    ],
)
def test_mistakes_in_suppressions_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_suppressions(path)
    assert caught.value.where.startswith(str(path))
