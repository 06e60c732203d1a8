"""Results come back sorted, however many runs on disk they are merged from."""

from __future__ import annotations

import random

import msgspec
import pytest

from frictionlens import results
from frictionlens.results import SortedResults
from frictionlens.synthetic import Story, scored


@pytest.mark.parametrize(("most_bytes", "levels"), [(1, 3), (20_000, 1), (results.MAX_BYTES, 0)])
def test_every_line_comes_back_sorted_by_source_and_id(
    monkeypatch: pytest.MonkeyPatch, most_bytes: int, levels: int
) -> None:
    monkeypatch.setattr(results, "MAX_BYTES", most_bytes)
    monkeypatch.setattr(results, "MOST_RUNS", 3)
    rows = list(scored(Story(weeks=1, per_week=60)))
    rows += [msgspec.structs.replace(each, source="\u2028 a\nb.jsonl") for each in rows[:9]]
    expected = sorted(rows, key=lambda each: (each.source, each.interaction_id, msgspec.json.encode(each)))
    random.Random(3).shuffle(rows)

    with SortedResults() as kept:
        for each in rows:
            kept.add(each)
        assert list(kept) == expected
        assert list(kept.lines()) == [msgspec.json.encode(each) for each in expected]
        # Runs of a level are merged into one of the next, so that few files are open.
        assert all(len(level) < 3 for level in kept._levels)
        assert levels <= len(kept._levels) <= 4 * levels


@pytest.mark.parametrize("at", [1, 3, 5, 8, 13, 30, 60])
def test_who_stops_in_the_middle_finds_every_line_once(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    monkeypatch.setattr(results, "MAX_BYTES", 1)
    monkeypatch.setattr(results, "MOST_RUNS", 3)
    rows = list(scored(Story(weeks=1, per_week=20)))
    writes = 0
    real = results.tempfile.TemporaryFile

    class Stopping:
        """A file whose write is interrupted once."""

        def __init__(self, file: object) -> None:
            self.file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, data: bytes) -> None:
            nonlocal writes
            writes += 1
            if writes == at:
                raise KeyboardInterrupt
            self.file.write(data)  # type: ignore[attr-defined]

    monkeypatch.setattr(results.tempfile, "TemporaryFile", lambda **_: Stopping(real()))
    with SortedResults() as kept:
        try:
            for each in rows:
                kept.add(each)
        except KeyboardInterrupt:
            pass
        lines = list(kept.lines())
        assert len(lines) == len(set(lines)) == kept.count
