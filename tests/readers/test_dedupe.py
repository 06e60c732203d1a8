from __future__ import annotations

from frictionlens.model import Interaction, Turn
from frictionlens.readers import Duplicates, _spill


def talk(number: str, text: str = "Hello", source: str = "a.txt", **meta: str) -> Interaction:
    return Interaction(number, (Turn("agent", text),), source, meta=dict(meta))


def test_the_same_interaction_is_counted_once_whatever_its_file() -> None:
    seen = Duplicates()
    assert seen.check(talk("1")) is None
    assert seen.check(talk("2")) is None
    assert seen.check(talk("1", "Bye")) is None
    again = seen.check(talk("1", source="b.txt"))
    assert again is not None
    assert (again.kind, again.source, again.record) == ("duplicate", "b.txt", "1")


def test_raw_and_redacted_twins_are_one_contact() -> None:
    seen = Duplicates()
    assert seen.check(talk("c", "my name is Mo", output="Raw")) is None
    twin = seen.check(talk("c", "my name is [PII]", output="Redacted"))
    assert twin is not None
    assert "redacted" in twin.reason


def test_hashes_are_found_again_after_they_have_moved_to_the_disk(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(_spill, "_RECENT", 50)
    seen = _spill.HashSet()
    assert not any(seen.add(f"key {number}") for number in range(1000))
    assert all(seen.add(f"key {number}") for number in range(1000))
    assert not seen.add("another")
