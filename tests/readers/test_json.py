"""JSON in every layout that exports come in, whole and broken."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from frictionlens.errors import Problem
from frictionlens.readers import _json
from frictionlens.readers._base import Source
from frictionlens.readers._json import iter_documents, iter_items, pick, pick_text


def source(data: bytes) -> Source:
    return Source("x.json", lambda: io.BytesIO(data))


def values(data: bytes, *keys: str) -> tuple[list[Any], int]:
    found = list(iter_items(source(data), *keys))
    return [each.value for each in found if not isinstance(each, Problem)], sum(isinstance(e, Problem) for e in found)


@pytest.mark.parametrize(
    ("data", "expected", "problems"),
    [
        (b'{"a": 1}', [{"a": 1}], 0),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}], 0),
        (b'{"tickets": [{"a": 1}, {"a": 2}], "count": 2}', [{"a": 1}, {"a": 2}], 0),
        (b'[{"tickets": [{"a": 1}]}, {"tickets": [{"a": 2}]}]', [{"a": 1}, {"a": 2}], 0),
        (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], 0),
        (b'{"a": 1}\r\n\r\n{"a": 2}\n{"a": ', [{"a": 1}, {"a": 2}], 1),
        (b'{"a": 1}\n{"a" 2}\n{"a": 3}', [{"a": 1}, {"a": 3}], 1),
        (b'{\n "a": 1}\n{\n "a": 2}', [{"a": 1}, {"a": 2}], 0),
        (b'{"a": 1}{"a": 2}', [{"a": 1}, {"a": 2}], 0),
        (b'\xef\xbb\xbf{"a": 1}', [{"a": 1}], 0),
        ('{"a": "é"}'.encode("utf-16"), [{"a": "é"}], 0),
        ('{"a": "é"}'.encode("cp1252"), [{"a": "é"}], 0),
        (b'{"a": "\\ud83d\\ude00"}', [{"a": "😀"}], 0),
        (b'{"a": "x\\ud800y"}', [{"a": "x�y"}], 0),
        (b'{"a": "x\\\\ud800y"}', [{"a": "x\\ud800y"}], 0),
        (b'{"tickets": [{"a": 1}, {"a": 2}, {"a', [{"a": 1}, {"a": 2}], 1),
        (b'{"tickets": [{"a": 1, "t": [{"x": 1}, {"x":', [{"a": 1, "t": [{"x": 1}]}], 1),
        (b'{"tickets": [{"a": 1}, {"a" 2}, {"a": 3}]}', [{"a": 1}], 1),
        (b'{"id": 12345678901234567890}', [{"id": 12345678901234567890}], 0),
        (b"[" * 5000, [], 1),
    ],
)  # fmt: skip
def test_layouts(data: bytes, expected: list[Any], problems: int) -> None:
    assert values(data, "tickets") == (expected, problems)


def test_every_cut_is_read_up_to_the_cut() -> None:
    whole = json.dumps({"tickets": [{"id": n, "turns": [{"t": f"x{m}"} for m in range(3)]} for n in range(4)]}).encode()
    for length in range(1, len(whole)):
        found, problems = values(whole[:length], "tickets")
        assert problems == 1
        turns = [turn for ticket in found if isinstance(ticket, dict) for turn in ticket.get("turns", ())]
        assert all(turn["t"].startswith("x") for turn in turns)


def test_envelope_and_place() -> None:
    found = list(iter_items(source(b'{"users": [1], "tickets": [{"a": 1}]}'), "tickets"))
    assert [(each.where, dict(each.envelope)) for each in found if not isinstance(each, Problem)] == [
        ("item 1", {"users": [1]})
    ]


@pytest.mark.parametrize("lead", ["[", '{"meta": {"tickets": 1}, "tickets": ['])
def test_huge_files_are_streamed(lead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_json, "WHOLE_BYTES", 1000)
    records = [{"id": n, "text": "word " * 20} for n in range(50)]
    data = (lead + ",".join(json.dumps(each) for each in records) + ("]" if lead == "[" else "]}")).encode()
    assert values(data, "tickets") == (records, 0)
    found, problems = values(data[:-200], "tickets")
    assert (found, problems) == (records[: len(found)], 1)
    assert len(found) >= 47
    assert [type(each) for each in iter_documents(source(data))] == [Problem]


def test_keys_drift() -> None:
    assert pick({"StartTime": 1}, "start_time") == 1
    assert pick({"reply_to": None, "reply-to": "u1"}, "reply_to") == "u1"
    assert pick({"b": 2, "a": 1}, "a", "b") == 1
    assert pick_text({"body_text": "", "body": "x"}, "body_text", "body") == "x"
    assert pick_text({"id": 3.0}, "id") == "3"
    assert pick_text({"id": True}, "id") is None
