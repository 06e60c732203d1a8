"""Joins and splits that Zendesk exports need."""

# ruff: noqa: E501 - records are easier to read on one line

from __future__ import annotations

import io
import json
from typing import Any

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions, read, recognise
from frictionlens.readers._base import Source


def interactions(value: Any) -> list[Interaction]:
    data = json.dumps(value).encode()
    source = Source("t.json", lambda: io.BytesIO(data))
    found = recognise(source, ReadOptions())
    assert found.format
    assert found.format.name == "zendesk"
    records = list(read(source, ReadOptions()))
    assert not any(isinstance(each, Problem) for each in records)
    return [each for each in records if isinstance(each, Interaction)]


def test_a_chat_in_one_comment_is_split_into_its_turns() -> None:
    log = "Chat started: 2026-01-05 10:00 AM UTC\nServed by: Dana\n\n(10:00:00) Mo: still broken\n(10:00:20) Dana: one\ntwo\n(10:01:00) *** Dana left the chat ***"
    ticket = {
        "id": 5,
        "requester_id": 1,
        "via": {"channel": "chat"},
        "comments": [
            {
                "author_id": 1,
                "body": log,
                "public": True,
                "created_at": "2026-01-05T10:01:00Z",
                "via": {"channel": "chat_transcript"},
            }
        ],
    }
    (found,) = interactions({"tickets": [ticket]})
    assert [(turn.role, turn.text, turn.at) for turn in found.turns] == [
        ("customer", "still broken", 0.0),
        ("agent", "one\ntwo", 20.0),
        ("system", "Dana left the chat", 60.0),
    ]


def test_events_find_the_requester_and_the_assignee_in_their_siblings() -> None:
    events = [
        {
            "ticket_id": 7,
            "timestamp": 1,
            "child_events": [{"event_type": "Create", "requester_id": 1, "assignee_id": 2}],
        },
        {
            "ticket_id": 7,
            "timestamp": 2,
            "child_events": [{"event_type": "Comment", "author_id": 1, "body": "a", "public": True}],
        },
        {
            "ticket_id": 7,
            "timestamp": 9,
            "child_events": [{"event_type": "Comment", "author_id": 2, "body": "b", "public": False}],
        },
    ]
    (found,) = interactions({"ticket_events": events, "end_of_stream": True})
    assert [(turn.role, turn.text, turn.at, turn.internal) for turn in found.turns] == [
        ("customer", "a", 0.0, False),
        ("agent", "b", 7.0, True),
    ]


def test_pages_that_overlap_count_a_ticket_once() -> None:
    ticket = {"id": 7, "requester_id": 1, "via": {"channel": "email"}, "description": "Where is it?"}
    data = "\n".join(json.dumps({"tickets": [ticket]}) for _ in range(2)).encode()
    records = list(read(Source("t.json", lambda: io.BytesIO(data)), ReadOptions()))
    assert [type(each) for each in records] == [Interaction, Skipped]
