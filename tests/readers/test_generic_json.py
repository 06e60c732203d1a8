"""JSON of no known product: every layout says the same two turns."""

# ruff: noqa: E501 - records are easier to read on one line

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions, read
from frictionlens.readers._base import Source

A, C = "It is our policy.", "That is absurd."


def interactions(value: Any, options: ReadOptions | None = None, lines: bool = False) -> list[Interaction]:
    data = "\n".join(json.dumps(each) for each in value) if lines else json.dumps(value)
    records = list(read(Source("in/export.json", lambda: io.BytesIO(data.encode())), options or ReadOptions()))
    assert not any(isinstance(each, Problem) for each in records), records
    return [each for each in records if isinstance(each, Interaction)]


SHAPES: list[Any] = [
    {"transcript": [{"source": "agent", "message": A}, {"source": "customer", "message": C}]},
    {"turns": [{"speaker": "Agent", "utterance": A}, {"speaker": "Customer", "utterance": C}]},
    {"dialogue": [{"who": "rep", "text": A}, {"who": "caller", "text": C}]},
    {
        "data": {
            "messages": [
                {"sender": {"type": "agent", "name": "Dana"}, "body": A},
                {"sender": {"type": "contact"}, "body": C},
            ]
        }
    },
    {"conversation": [{"from": "agent", "content": [{"type": "text", "text": A}]}, {"from": "user", "content": C}]},
    {"dialog": [{"agent": A}, {"customer": C}]},
    {"log": [["agent", A], ["customer", C]]},
    {"results": [{"direction": "OUTGOING", "text": A}, {"direction": "INCOMING", "text": C}]},
    {"messages": [{"is_agent": True, "author": "Dana", "text": A}, {"is_agent": False, "author": "Mo", "text": C}]},
    [{"role": "agent", "text": A}, {"role": "customer", "text": C}],
    {"conversations": [{"id": "1", "turns": [{"ROLE": "agent", "Text": A}, {"ROLE": "customer", "Text": C}]}]},
    {"transcript": f"Agent: {A}\nCustomer: {C}"},
    {"transcript": [f"Agent: {A}", f"Customer: {C}"]},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_layouts(shape: Any) -> None:
    (found,) = interactions(shape)
    assert [(turn.role, turn.text) for turn in found.turns] == [("agent", A), ("customer", C)]


def test_messages_that_name_their_conversation_are_gathered() -> None:
    rows = [
        {"conversation_id": 1, "role": "agent", "text": A},
        {"conversation_id": 2, "role": "agent", "text": "Hello"},
        {"conversation_id": 1, "role": "customer", "text": C},
    ]
    assert [(each.id, len(each.turns)) for each in interactions(rows)] == [("1", 2), ("2", 1)]


def test_facts_of_the_conversation_are_carried() -> None:
    record = {
        "call_id": "c9", "agent_name": "Dana", "queue": "Billing", "team": {"name": "Tier 1"}, "tags": ["vip"], "csat": "2",
        "language": "en", "started_at": "2026-01-05T10:00:00+01:00", "metadata": {"qa_score": 98, "product": "Phone"},
        "turns": [{"role": "agent", "text": A, "start_ms": 1500, "end_ms": 2000}, {"role": "customer", "text": C, "start_ms": 9000}],
    }  # fmt: skip
    (found,) = interactions(record)
    assert (found.id, found.channel, found.agent, found.queue, found.team) == (
        "c9",
        "voice",
        "Dana",
        "Billing",
        "Tier 1",
    )
    assert (found.tags, found.csat, found.qa_score, found.product) == (("vip",), 2.0, 98.0, "Phone")
    assert (found.started_at, found.language) == ("2026-01-05T09:00:00Z", "en")
    assert [(turn.at, turn.end) for turn in found.turns] == [(1.5, 2.0), (9.0, None)]


def test_labels_that_say_nothing_stay_unknown_until_mapped() -> None:
    record = {"turns": [{"speaker": "Dana", "text": A}, {"speaker": "Mo", "text": C}]}
    assert [turn.role for turn in interactions(record)[0].turns] == ["unknown", "unknown"]
    told = ReadOptions(roles={"dana": "agent", "mo": "customer"})
    assert [turn.role for turn in interactions(record, told)[0].turns] == ["agent", "customer"]


def test_columns_can_be_told() -> None:
    record = {"wer": [{"x": "a", "y": A}, {"x": "c", "y": C}]}
    options = ReadOptions(
        format="generic-json", columns={"turns": "wer", "text": "y", "role": "x"}, roles={"a": "agent", "c": "customer"}
    )
    assert [turn.role for turn in interactions(record, options)[0].turns] == ["agent", "customer"]


def test_equal_and_backward_times_keep_the_order_of_the_file_where_they_can() -> None:
    times = ["2026-01-05T10:00:05", "2026-01-05T10:00:00", "2026-01-05T10:00:05", None]
    turns = [{"role": "agent", "text": str(index), "time": time} for index, time in enumerate(times)]
    (found,) = interactions({"turns": turns})
    assert [(turn.text, turn.at) for turn in found.turns] == [("1", 0.0), ("0", 5.0), ("2", 5.0), ("3", None)]


FURTHER: list[tuple[Any, list[str]]] = [
    # MultiWOZ, SGD: a dialogue of user and system
    ([{"dialogue_id": "d", "turns": [{"speaker": "USER", "utterance": C}, {"speaker": "SYSTEM", "utterance": A}, {"speaker": "USER", "utterance": C}, {"speaker": "SYSTEM", "utterance": A}]}], ["customer", "bot", "customer", "bot"]),
    # Chatwoot, Drift, Kustomer: a user is a user of the helpdesk
    ({"payload": [{"content": C, "sender": {"type": "contact"}, "private": False}, {"content": A, "sender": {"type": "user"}, "private": False}, {"content": "note", "sender": {"type": "user"}, "private": True}]}, ["customer", "agent", "agent*"]),
    # Aircall
    ({"transcription": {"call_id": 1, "content": {"utterances": [{"participant_type": "external", "text": C, "start_time": 1.5}, {"participant_type": "internal", "text": A, "start_time": 3}]}}}, ["customer", "agent"]),
    # Rasa
    ({"sender_id": "x", "events": [{"event": "action", "name": "listen"}, {"event": "user", "text": C, "timestamp": 1767607200.5}, {"event": "bot", "text": A, "timestamp": 1767607201.5}]}, ["system", "customer", "bot"]),
    # Assistants API: newest first, text in an object
    ({"object": "list", "data": [{"role": "assistant", "created_at": 1767607209, "content": [{"type": "text", "text": {"value": A}}]}, {"role": "user", "created_at": 1767607200, "content": [{"type": "text", "text": {"value": C}}]}]}, ["customer", "bot"]),
    # LangChain
    ({"messages": [{"type": "human", "content": C}, {"type": "ai", "content": A}]}, ["customer", "bot"]),
    # Gong: sentences by speaker
    ({"callTranscripts": [{"callId": "7", "transcript": [{"speakerId": "1", "sentences": [{"start": 0, "text": A}]}, {"speakerId": "2", "sentences": [{"start": 9, "text": C}]}]}]}, ["unknown", "unknown"]),
    # Zoho Desk
    ({"data": [{"direction": "in", "author": {"type": "END_USER"}, "content": f"<p>{C}</p>", "createdTime": "2026-01-05T10:00:00Z"}, {"direction": "out", "author": {"type": "AGENT"}, "content": A, "createdTime": "2026-01-05T10:01:00Z"}]}, ["customer", "agent"]),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "roles"), FURTHER)
def test_further_products(shape: Any, roles: list[str]) -> None:
    (found,) = interactions(shape)
    assert [f"{turn.role}{'*' if turn.internal else ''}" for turn in found.turns] == roles
    assert {turn.text for turn in found.turns} >= {A, C}


def test_ids_that_people_made_may_come_twice() -> None:
    records = [{"id": 1, "turns": [{"role": "agent", "text": text}]} for text in (A, C)]
    assert [each.id for each in interactions(records)] == ["1", "1"]
