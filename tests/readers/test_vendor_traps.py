"""What vendors do that a naive reader gets wrong; one case a trap."""

# ruff: noqa: E501, E731 - records are easier to read on one line, and made by the shortest means

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions, read, recognise
from frictionlens.readers._base import Record, Source


def records(value: Any, name: str, file: str = "in/x.json", **options: Any) -> list[Record]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    source = Source(file, lambda: io.BytesIO(data))
    found = recognise(source, ReadOptions())
    assert found.format is not None, found.reason
    assert found.format.name == name, found
    return list(read(source, ReadOptions(**options)))


def only(value: Any, name: str, file: str = "in/x.json", **options: Any) -> Interaction:
    (found,) = records(value, name, file, **options)
    assert isinstance(found, Interaction), found
    return found


def roles(interaction: Interaction) -> list[str]:
    return [f"{turn.role}{'*' if turn.internal else ''}" for turn in interaction.turns]


# ------------------------------------------------------------------ Amazon


def test_contact_lens_of_an_email_has_no_text() -> None:
    value = {
        "Version": "EMAIL-2026-01-01",
        "Channel": "EMAIL",
        "ContentMetadata": {},
        "ConversationCharacteristics": {},
        "CustomerMetadata": {"ContactId": "e1"},
    }
    (found,) = records(value, "contact-lens")
    assert isinstance(found, Skipped)
    assert (found.record, found.kind) == ("e1", "no turns")


def test_contact_lens_twins_have_one_id_by_their_file_names() -> None:
    value = {
        "Channel": "VOICE", "ContentMetadata": {"Output": "Redacted"}, "ConversationCharacteristics": {},
        "Participants": [{"ParticipantId": "x", "ParticipantRole": "SUPERVISOR"}],
        "Transcript": [{"ParticipantId": "x", "Content": "hi", "BeginOffsetMillis": 5, "EndOffsetMillis": 9}],
    }  # fmt: skip
    uuid = "3f1c7a52-6d0e-4c1b-9d51-5a0f3c2b7e10"
    found = [
        only(value, "contact-lens", f"Analysis/{uuid}_analysis{infix}_2026-01-05T10:00:00Z.json")
        for infix in ("", "_redacted")
    ]
    assert [each.id for each in found] == [uuid, uuid]
    assert found[0].started_at == "2026-01-05T10:00:00Z"
    assert roles(found[0]) == ["agent"]


def test_transcribe_takes_labels_from_segments_where_words_have_none() -> None:
    word = lambda text, start: {
        "type": "pronunciation",
        "start_time": start,
        "end_time": start,
        "alternatives": [{"content": text}],
    }
    segment = lambda label, start: {
        "speaker_label": label,
        "start_time": start,
        "items": [{"start_time": start, "speaker_label": label}],
    }
    value = {
        "jobName": "j",
        "results": {
            "transcripts": [{"transcript": "no wait"}],
            "speaker_labels": {"speakers": 2, "segments": [segment("spk_0", "0.1"), segment("spk_1", "0.9")]},
            "items": [
                word("no", "0.1"),
                {"type": "punctuation", "alternatives": [{"content": "."}]},
                word("wait", "0.9"),
            ],
        },
    }
    found = only(value, "transcribe", roles={"spk_1": "customer"})
    assert [(turn.role, turn.speaker, turn.text) for turn in found.turns] == [
        ("unknown", "spk_0", "no."),
        ("customer", "spk_1", "wait"),
    ]


# ------------------------------------------------------------------ Google, Microsoft, Genesys


def test_ccai_counts_microseconds_from_zero_or_from_1970() -> None:
    entry = lambda time: {"start_timestamp_usec": time, "text": "x", "role": "AUTOMATED_AGENT", "user_id": 1}
    assert [turn.at for turn in only({"entries": [entry(1000000), entry(8500000)]}, "google-ccai").turns] == [1.0, 8.5]
    found = only({"entries": [entry(1767607200000000), entry("1767607207500000")]}, "google-ccai")
    assert ([turn.at for turn in found.turns], found.started_at) == ([0.0, 7.5], "2026-01-05T10:00:00Z")
    assert roles(found) == ["bot", "bot"]


def test_insights_comes_in_snake_case_with_times_as_objects() -> None:
    segment = lambda role, tag, start: {
        "text": role or "x",
        "segment_participant": {"role": role},
        "channel_tag": tag,
        "words": [{"start_offset": {"seconds": start}}],
    }
    value = {
        "name": "projects/p/conversations/77", "start_time": "2026-01-05T10:00:00Z", "medium": "PHONE_CALL",
        "call_metadata": {"agent_channel": 2, "customer_channel": 1},
        "transcript": {"transcript_segments": [segment("END_USER", 1, 1), segment("ROLE_UNSPECIFIED", 2, 3), segment(None, 9, 4)]},
    }  # fmt: skip
    found = only(value, "google-insights")
    assert (found.id, found.channel, roles(found)) == ("77", "voice", ["customer", "agent", "unknown"])
    assert [turn.at for turn in found.turns] == [1.0, 3.0, 4.0]


def test_dynamics_annotations_hold_base64() -> None:
    messages = [
        {
            "content": "b",
            "createdDateTime": "2026-01-05T10:00:09Z",
            "from": {"user": {"displayName": "Ana"}},
            "tags": "private",
        },
        {
            "content": "a\\nb",
            "createdDateTime": "2026-01-05T10:00:00Z",
            "from": {"user": {"displayName": "Customer"}},
            "tags": "private",
        },
        {"content": "<x/>", "createdDateTime": "2026-01-05T10:00:01Z", "from": None, "isControlMessage": True},
    ]
    body = base64.b64encode(json.dumps(messages).encode()).decode()
    found = only({"value": [{"annotationid": "n1", "documentbody": body}]}, "dynamics365")
    assert (found.id, roles(found)) == ("n1", ["customer", "agent*"])
    assert found.turns[0].text == "a\nb"
    assert roles(only(body.encode(), "dynamics365")) == ["customer", "agent*"]


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([], ["unknown", "customer"]),
        ([{"participantPurpose": "agent"}], ["agent", "customer"]),
        ([{"participantPurpose": "ivr"}, {"participantPurpose": "external"}], ["bot", "customer"]),
    ],
)
def test_genesys_internal_is_who_was_there(people: list[Any], expected: list[str]) -> None:
    phrases = [
        {"participantPurpose": "Internal", "text": "hi", "startTimeMs": 500},
        {"participantPurpose": "EXTERNAL", "text": "yo", "startTimeMs": 4200},
    ]
    found = only({"transcripts": [{"phrases": phrases}], "participants": people}, "genesys")
    assert (roles(found), [turn.at for turn in found.turns]) == (expected, [0.5, 4.2])


# ------------------------------------------------------------------ helpdesks


def test_intercom_api_v1() -> None:
    value = {
        "type": "conversation", "id": "147", "created_at": 1767607200,
        "conversation_message": {"subject": "", "body": "<p>Hi Alice</p>", "author": {"type": "admin", "id": "25"}},
        "user": {"type": "user", "id": "5"}, "assignee": {"type": "admin", "id": "25"},
        "conversation_parts": {"conversation_parts": [{"part_type": "comment", "body": "<p>hm</p>", "created_at": 1767607260, "author": {"type": "user", "id": "5"}}]},
    }  # fmt: skip
    found = only({"type": "conversation.list", "conversations": [value]}, "intercom")
    assert (roles(found), found.agent, [turn.at for turn in found.turns]) == (["agent", "customer"], "25", [0.0, 60.0])


def test_intercom_removal_notices_and_redactions_were_not_said() -> None:
    part = lambda body, **more: {"part_type": "comment", "body": body, "author": {"type": "user", "id": "5"}, **more}
    parts = [
        part("<p>We've removed this part of the conversation to comply with …</p>"),
        part("<p>secret</p>", redacted=True),
        part("<p>real</p>"),
    ]
    value = {
        "type": "conversation",
        "id": "1",
        "source": {"body": "<p>hi</p>", "author": {"type": "lead"}},
        "conversation_parts": {"conversation_parts": parts},
    }
    assert [turn.text for turn in only(value, "intercom").turns] == ["hi", "", "", "real"]


def test_zendesk_comments_without_a_ticket_know_only_who_wrote_notes() -> None:
    comment = lambda author, public: {
        "author_id": author,
        "public": public,
        "html_body": "<p>x</p>",
        "created_at": "2026-01-05T10:00:00Z",
    }
    found = only({"comments": [comment(1, True), comment(2, False), comment(2, True)]}, "zendesk")
    assert roles(found) == ["unknown", "agent*", "agent"]
    told = only({"comments": [comment(1, True)]}, "zendesk", roles={"1": "customer"})
    assert roles(told) == ["customer"]


def test_zendesk_someone_in_copy_is_no_agent() -> None:
    comment = lambda author: {"author_id": author, "public": True, "body": "x", "created_at": "2026-01-05T10:00:00Z"}
    ticket = {
        "id": 2**60 + 1,
        "requester_id": 1,
        "collaborator_ids": [3],
        "via": {"channel": "email"},
        "comments": [comment(1), comment(2), comment(3)],
    }
    found = only({"tickets": [ticket]}, "zendesk")
    assert (found.id, roles(found)) == (str(2**60 + 1), ["customer", "agent", "unknown"])


def test_freshdesk_replies_of_several_tickets_in_one_array() -> None:
    reply = lambda ticket, incoming, private: {
        "ticket_id": ticket,
        "incoming": incoming,
        "private": private,
        "body_text": "x",
        "user_id": 9,
    }
    found = records([reply(1, True, False), reply(2, False, False), reply(1, False, True)], "freshdesk")
    assert [roles(each) for each in found if isinstance(each, Interaction)] == [["customer", "agent*"], ["agent"]]


def test_freshchat_without_messages_is_skipped() -> None:
    (found,) = records({"conversation_id": "c", "app_id": "a", "channel_id": "ch", "status": "new"}, "freshchat")
    assert isinstance(found, Skipped)


def test_helpscout_without_embedded_threads_is_skipped_not_broken() -> None:
    found = records({"_embedded": {"conversations": [{"id": 1, "mailboxId": 2, "number": 3}]}}, "helpscout")
    assert [type(each) for each in found] == [Skipped]


def test_front_pages_of_two_conversations() -> None:
    message = lambda name, inbound: {
        "is_inbound": inbound,
        "text": name,
        "recipients": [],
        "created_at": 1767607200.5,
        "_links": {"related": {"conversation": f"https://x/conversations/{name}"}},
    }
    found = records({"_results": [message("cnv_1", True), message("cnv_2", False), message("cnv_1", False)]}, "front")
    assert [(each.id, roles(each)) for each in found if isinstance(each, Interaction)] == [
        ("cnv_1", ["customer", "agent"]),
        ("cnv_2", ["agent"]),
    ]


def test_gorgias_pages_of_messages() -> None:
    message = lambda number, agent: {
        "id": number,
        "ticket_id": 5,
        "from_agent": agent,
        "public": True,
        "stripped_text": str(number),
    }
    found = only({"data": [message(1, False), message(2, True), message(1, False)]}, "gorgias")
    assert [turn.text for turn in found.turns] == ["1", "2"]


# ------------------------------------------------------------------ chat and messaging


def test_salesforce_offsets_names_and_colons() -> None:
    body = '<p align="center">Chat Started: Monday, January 05, 2026, 10:00:00 (+0000)</p><p align="center">Agent Dana K</p>( 1h 2m 3s ) Dana K: one: two<br>more<br>( 1h 2m 9s ) Mo: 10:30 &amp; later<br>( 2h 1s ) '
    found = only(body.encode(), "salesforce-chat", "in/a.html")
    assert [(turn.role, turn.text, turn.at) for turn in found.turns] == [
        ("agent", "one: two\nmore", 3723.0),
        ("customer", "10:30 & later", 3729.0),
    ]


def test_salesforce_agent_under_an_unresolved_name_stays_unknown() -> None:
    body = '<p align="center">Chat Started: x</p><p align="center">Agent (UserFirstName)</p>( 1s ) Dana: hi<br>( 2s ) Mo: hi<br>'
    assert roles(only(body.encode(), "salesforce-chat", "in/a.html")) == ["unknown", "unknown"]


def test_liveperson_words_in_lower_case_and_missing_values() -> None:
    message = lambda by, **data: {
        "type": "TEXT_PLAIN",
        "messageData": {"msg": {"text": "x"}},
        "sentBy": by,
        "time": "2026-01-05 10:00:09.000+0000",
        **data,
    }
    value = {
        "conversationHistoryRecords": [
            {
                "info": {
                    "conversationId": "k",
                    "startTimeL": 1767607200000,
                    "csat": -1,
                    "latestSkillName": "undefined",
                },
                "messageRecords": [message("consumer"), message("agent")],
            }
        ]
    }
    found = only(value, "liveperson")
    assert (roles(found), found.csat, found.queue, found.turns[0].at) == (["customer", "agent"], None, None, 9.0)


def test_twilio_web_chat_identities_stay_unknown() -> None:
    message = lambda author, index: {
        "conversation_sid": "CH1",
        "participant_sid": "MB1",
        "author": author,
        "body": "x",
        "index": index,
    }
    assert roles(only([message("a1b2", 0), message("dana", 3)], "twilio-conversations")) == ["unknown", "unknown"]


def test_zendesk_chat_tells_roles_by_names_where_there_is_no_nick() -> None:
    entry = lambda name: {"type": "chat.msg", "name": name, "msg": "x", "timestamp": "2026-01-05T10:00:00Z"}
    value = {
        "chats": [
            {
                "id": "1",
                "type": "chat",
                "visitor": {"name": "Mo"},
                "agent_names": ["Dana"],
                "history": [entry("Mo"), entry("Dana"), entry("Eve")],
            }
        ]
    }
    assert roles(only(value, "zendesk-chat")) == ["customer", "agent", "unknown"]


# ------------------------------------------------------------------ corpora and AI agents


def test_convokit_old_names_circles_and_missing_times() -> None:
    row = lambda name, to, **more: {
        "id": name,
        "root": "a",
        "user": "mo",
        "reply_to": to,
        "text": name,
        "timestamp": None,
        **more,
    }
    data = "\n".join(
        json.dumps(each) for each in [row("c", "b"), row("a", None), row("b", "a"), row("x", "y"), row("y", "x")]
    )
    found = only(data.encode(), "convokit", roles={"mo": "customer"})
    assert ("".join(turn.text for turn in found.turns), found.id) == ("abcxy", "a")


def test_tau2_full_duplex_without_text_is_skipped() -> None:
    value = {
        "simulations": [
            {
                "id": "s",
                "task_id": "t",
                "mode": "full_duplex",
                "messages": [],
                "ticks": [{"agent_chunk": None, "user_chunk": None}],
            }
        ]
    }
    (found,) = records(value, "tau2-bench")
    assert isinstance(found, Skipped)


def test_vapi_report_holds_the_call_in_a_message() -> None:
    value = {
        "message": {
            "type": "end-of-call-report",
            "endedReason": "x",
            "call": {"id": "v1"},
            "artifact": {"messages": [{"role": "bot", "message": "hi", "secondsFromStart": 1.5}]},
        }
    }
    found = only(value, "vapi")
    assert (found.id, roles(found), found.turns[0].at) == ("v1", ["bot"], 1.5)


def test_retell_without_turns_reads_its_text() -> None:
    value = {"call_id": "c", "agent_id": "a", "call_status": "ended", "transcript": "Agent: hi\nUser: yo\n"}
    assert roles(only(value, "retell")) == ["bot", "customer"]


def test_one_broken_record_does_not_take_the_others() -> None:
    data = b'{"conversation_id": "1", "app_id": "a", "channel_id": "c", "messages": [{"message_parts": [{"text": {"content": "x"}}], "actor_type": "user"}]}\n[1]\n{"conversation_id": "2"'
    found = records(data, "freshchat")
    assert [type(each) for each in found] == [Interaction, Problem, Problem, Skipped]


def test_a_salesforce_table_of_nothing_is_no_crash() -> None:
    source = Source("in/a.csv", lambda: io.BytesIO(b" "))
    assert all(isinstance(each, Problem) for each in read(source, ReadOptions(format="salesforce-chat")))
