"""Exports of products that no reader knows by name: roles and turns are told by their keys, without any setting.

The shapes follow what the products' public documentation shows; names and words are made up.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.readers.reading import read_text

T = "2026-11-16T09:%02d:00Z"
E = 1794819600
LETTERS = {"customer": "c", "agent": "a", "bot": "b", "system": "s", "unknown": "u"}
PRODUCTS: dict[str, tuple[str, str, str]] = {}
"""Name → file name, contents, and one letter for each turn with words: its role, or `i` for an internal note."""


def add(name: str, file: str, value: Any, roles: str) -> None:
    PRODUCTS[name] = (file, value if isinstance(value, str) else json.dumps(value), roles)


add(
    "livechat3",
    "archives.json",
    {
        "chats": [
            {
                "id": "PJ0",
                "users": [
                    {"id": "b7e", "name": "Mary", "type": "customer"},
                    {"id": "ann@shop.example", "name": "Ann", "type": "agent"},
                ],
                "thread": {
                    "id": "K6",
                    "created_at": T % 1,
                    "tags": ["refund"],
                    "events": [
                        {
                            "id": "K6_1",
                            "created_at": T % 1,
                            "type": "message",
                            "text": "My order is late",
                            "author_id": "b7e",
                            "visibility": "all",
                        },
                        {
                            "id": "K6_2",
                            "created_at": T % 2,
                            "type": "system_message",
                            "text": "Ann joined",
                            "system_message_type": "x",
                        },
                        {
                            "id": "K6_3",
                            "created_at": T % 3,
                            "type": "message",
                            "text": "We can't do that",
                            "author_id": "ann@shop.example",
                            "visibility": "all",
                        },
                        {
                            "id": "K6_4",
                            "created_at": T % 4,
                            "type": "message",
                            "text": "note to self",
                            "author_id": "ann@shop.example",
                            "visibility": "agents",
                        },
                    ],
                },
            }
        ],
        "found_chats": 1,
    },
    "csai",
)
add(
    "livechat2",
    "livechat.json",
    {
        "chats": [
            {
                "type": "chat",
                "id": "MH",
                "visitor": {"id": "S1", "name": "Mary"},
                "agents": [{"display_name": "Ann", "email": "a@x"}],
                "rate": "rated_bad",
                "messages": [
                    {
                        "author_name": "Mary",
                        "text": "late",
                        "date": "Mon, 11/16/26 09:01:00 am",
                        "timestamp": E,
                        "user_type": "visitor",
                        "type": "message",
                    },
                    {
                        "author_name": "Ann",
                        "text": "can't",
                        "date": "x",
                        "timestamp": E + 60,
                        "agent_id": "a@x",
                        "user_type": "agent",
                        "type": "message",
                    },
                ],
                "tags": ["x"],
            }
        ],
        "total": 1,
    },
    "ca",
)
add(
    "drift",
    "drift.json",
    {
        "data": {
            "messages": [
                {
                    "id": "1",
                    "conversationId": 22,
                    "body": "<p>Hi there</p>",
                    "type": "chat",
                    "author": {"id": 1, "type": "contact", "bot": False},
                    "createdAt": E * 1000,
                },
                {
                    "id": "2",
                    "conversationId": 22,
                    "body": "I am a bot",
                    "type": "chat",
                    "author": {"id": 2, "type": "user", "bot": True},
                    "createdAt": E * 1000 + 9000,
                },
                {
                    "id": "3",
                    "conversationId": 22,
                    "body": "we can't",
                    "type": "chat",
                    "author": {"id": 3, "type": "user", "bot": False},
                    "createdAt": E * 1000 + 19000,
                },
                {
                    "id": "4",
                    "conversationId": 22,
                    "body": "note",
                    "type": "private_note",
                    "author": {"id": 3, "type": "user", "bot": False},
                    "createdAt": E * 1000 + 29000,
                },
            ]
        }
    },
    "cbai",
)
add(
    "crisp",
    "crisp.json",
    {
        "error": False,
        "reason": "listed",
        "data": [
            {
                "session_id": "session_1",
                "website_id": "w",
                "fingerprint": 1,
                "type": "text",
                "from": "user",
                "origin": "chat",
                "content": "hello",
                "timestamp": E * 1000,
                "user": {"user_id": "u", "nickname": "visitor12"},
            },
            {
                "session_id": "session_1",
                "type": "text",
                "from": "operator",
                "origin": "chat",
                "content": "we can't",
                "timestamp": E * 1000 + 5000,
                "user": {"nickname": "Ann"},
            },
            {
                "session_id": "session_1",
                "type": "note",
                "from": "operator",
                "origin": "chat",
                "content": "secret",
                "timestamp": E * 1000 + 9000,
                "user": {"nickname": "Ann"},
            },
        ],
    },
    "cai",
)
add(
    "tidio",
    "tidio.json",
    [
        {
            "id": "1",
            "messages": [
                {"author": "visitor", "message": "late", "created_at": T % 1},
                {"author": "operator", "message": "sorry", "created_at": T % 2},
                {"author": "bot", "message": "beep", "created_at": T % 3},
            ],
        }
    ],
    "cab",
)
add(
    "tawk",
    "tawk.json",
    {
        "chatId": "70fe",
        "visitor": {"name": "V1"},
        "property": {"name": "x"},
        "messages": [
            {"sender": {"t": "v", "n": "V1"}, "type": "msg", "msg": "late", "time": T % 1},
            {"sender": {"t": "a", "n": "Ann", "id": "1"}, "type": "msg", "msg": "sorry", "time": T % 2},
            {"sender": {"t": "s"}, "type": "msg", "msg": "Ann left", "time": T % 3},
        ],
    },
    "cas",
)
add(
    "kustomer",
    "kustomer.json",
    {
        "data": [
            {
                "type": "message",
                "id": "1",
                "attributes": {"channel": "chat", "preview": "late order", "direction": "in", "sentAt": T % 1},
                "relationships": {"conversation": {"data": {"type": "conversation", "id": "cv1"}}},
            },
            {
                "type": "message",
                "id": "2",
                "attributes": {"channel": "chat", "preview": "we can't", "direction": "out", "sentAt": T % 2},
                "relationships": {"conversation": {"data": {"id": "cv1"}}},
            },
        ]
    },
    "ca",
)
add(
    "zohodesk",
    "zoho.json",
    {
        "data": [
            {
                "id": "1",
                "type": "thread",
                "ticketId": "900",
                "direction": "in",
                "channel": "EMAIL",
                "content": "<div>late</div>",
                "createdTime": T % 1,
                "author": {"name": "Bob", "type": "END_USER"},
                "visibility": "public",
            },
            {
                "id": "2",
                "type": "thread",
                "ticketId": "900",
                "direction": "out",
                "channel": "EMAIL",
                "content": "<div>sorry</div>",
                "createdTime": T % 2,
                "author": {"name": "Ann", "type": "AGENT"},
                "visibility": "public",
            },
            {
                "id": "3",
                "type": "comment",
                "ticketId": "900",
                "isPublic": False,
                "content": "secret",
                "commentedTime": T % 3,
                "commenter": {"name": "Ann", "type": "AGENT"},
            },
        ]
    },
    "cai",
)
add(
    "talkdesk",
    "talkdesk.json",
    {
        "interaction_id": "i1",
        "transcription": [
            {"channel": "agent", "text": "hi there", "start": 0.1, "end": 1.0},
            {"channel": "customer", "text": "late", "start": 1.2, "end": 2},
        ],
    },
    "ac",
)
add(
    "five9",
    "five9.json",
    {
        "sessionId": "s1",
        "campaign": "X",
        "transcript": [
            {"from": "AGENT", "message": "hi", "timestamp": T % 1},
            {"from": "CUSTOMER", "message": "late", "timestamp": T % 2},
        ],
    },
    "ac",
)
add(
    "nice_dfo",
    "nice.json",
    {
        "contactId": "77",
        "messages": [
            {
                "id": "1",
                "createdAt": T % 1,
                "direction": "inbound",
                "messageContent": {"text": "late", "type": "TEXT", "payload": {"text": "late"}},
                "authorEndUserIdentity": {"fullName": "Bob"},
                "authorUser": None,
            },
            {
                "id": "2",
                "createdAt": T % 2,
                "direction": "outbound",
                "messageContent": {"text": "can't", "type": "TEXT", "payload": {"text": "can't"}},
                "authorUser": {"firstName": "Ann"},
                "authorEndUserIdentity": None,
            },
        ],
    },
    "ca",
)
add(
    "gladly",
    "gladly.json",
    [
        {
            "id": "1",
            "customerId": "c",
            "conversationId": "v1",
            "timestamp": T % 1,
            "initiator": {"id": "c", "type": "CUSTOMER"},
            "content": {"type": "CHAT_MESSAGE", "content": "late"},
        },
        {
            "id": "2",
            "customerId": "c",
            "conversationId": "v1",
            "timestamp": T % 2,
            "initiator": {"id": "x", "type": "AGENT"},
            "content": {"type": "CHAT_MESSAGE", "content": "can't"},
        },
        {
            "id": "3",
            "conversationId": "v1",
            "timestamp": T % 3,
            "initiator": {"id": "x", "type": "AGENT"},
            "content": {"type": "CONVERSATION_NOTE", "body": "secret"},
        },
    ],
    "cai",
)
add(
    "discord",
    "discord.json",
    {
        "guild": {"id": "1", "name": "g"},
        "channel": {"id": "2", "name": "help"},
        "messages": [
            {
                "id": "1",
                "type": "Default",
                "timestamp": "2026-11-16T09:01:00.1+00:00",
                "content": "late",
                "author": {"id": "9", "name": "bob", "isBot": False},
            },
            {
                "id": "2",
                "type": "Default",
                "timestamp": "2026-11-16T09:02:00+00:00",
                "content": "beep",
                "author": {"id": "8", "name": "Helper", "isBot": True},
            },
            {
                "id": "3",
                "type": "Default",
                "timestamp": "2026-11-16T09:03:00+00:00",
                "content": "",
                "author": {"id": "9", "name": "bob", "isBot": False},
            },
        ],
        "messageCount": 3,
    },
    "ub",
)
add(
    "messenger",
    "message_1.json",
    {
        "participants": [{"name": "Bob"}, {"name": "Shop"}],
        "messages": [
            {
                "sender_name": "Shop",
                "timestamp_ms": (E + 60) * 1000,
                "content": "can\u00e2\u0080\u0099t",
                "type": "Generic",
            },
            {"sender_name": "Bob", "timestamp_ms": E * 1000, "content": "late", "type": "Generic"},
        ],
        "title": "Bob",
        "is_still_participant": True,
        "thread_path": "inbox/bob_1",
    },
    "uu",
)
add(
    "teamsgraph",
    "teams.json",
    {
        "@odata.context": "x",
        "value": [
            {
                "id": "1",
                "messageType": "message",
                "createdDateTime": T % 2,
                "chatId": "19:x",
                "from": {"application": None, "user": {"id": "1", "displayName": "Ann"}},
                "body": {"contentType": "html", "content": "<p>can't</p>"},
            },
            {
                "id": "2",
                "messageType": "message",
                "createdDateTime": T % 1,
                "chatId": "19:x",
                "from": {"user": {"id": "2", "displayName": "Bob"}},
                "body": {"contentType": "text", "content": "late"},
            },
            {
                "id": "3",
                "messageType": "systemEventMessage",
                "createdDateTime": T % 3,
                "chatId": "19:x",
                "from": None,
                "body": {"contentType": "html", "content": "<systemEventMessage/>"},
            },
        ],
    },
    "uus",
)
add(
    "aircall",
    "aircall.json",
    {
        "transcription": {
            "id": 1,
            "call_id": 9,
            "type": "call",
            "content": {
                "language": "en-US",
                "utterances": [
                    {"start_time": 0.1, "end_time": 1.1, "text": "hi", "participant_type": "internal", "user_id": 5},
                    {
                        "start_time": 1.5,
                        "end_time": 2,
                        "text": "late",
                        "participant_type": "external",
                        "phone_number": "+1",
                    },
                ],
            },
        }
    },
    "ac",
)
add(
    "gong",
    "gong.json",
    {
        "requestId": "r",
        "records": {"totalRecords": 1},
        "callTranscripts": [
            {
                "callId": "77",
                "transcript": [
                    {
                        "speakerId": "6432",
                        "topic": "x",
                        "sentences": [
                            {"start": 460230, "end": 462343, "text": "hi."},
                            {"start": 462400, "end": 463343, "text": "there"},
                        ],
                    },
                    {"speakerId": "99", "topic": "x", "sentences": [{"start": 470230, "end": 472343, "text": "late"}]},
                ],
            }
        ],
    },
    "uu",
)
add(
    "fireflies",
    "fireflies.json",
    {
        "data": {
            "transcript": {
                "id": "t1",
                "title": "x",
                "sentences": [
                    {
                        "index": 0,
                        "speaker_name": "Ann",
                        "speaker_id": 0,
                        "text": "hi",
                        "start_time": 0.1,
                        "end_time": 1,
                    },
                    {
                        "index": 1,
                        "speaker_name": "Bob",
                        "speaker_id": 1,
                        "text": "late",
                        "start_time": 1.4,
                        "end_time": 2,
                    },
                ],
            }
        }
    },
    "uu",
)
add(
    "rasa",
    "rasa.json",
    {
        "sender_id": "u1",
        "slots": {},
        "events": [
            {"event": "action", "name": "action_session_start", "timestamp": E},
            {"event": "user", "text": "late", "timestamp": E + 1.5, "parse_data": {"intent": {}}},
            {"event": "slot", "name": "x", "timestamp": E + 2},
            {"event": "bot", "text": "can't", "timestamp": E + 3},
        ],
    },
    "scsb",
)
add(
    "chatwoot",
    "chatwoot.json",
    {
        "meta": {"labels": []},
        "payload": [
            {
                "id": 1,
                "content": "late",
                "conversation_id": 4,
                "message_type": 0,
                "created_at": E,
                "private": False,
                "sender": {"id": 1, "name": "Bob", "type": "contact"},
            },
            {
                "id": 2,
                "content": "can't",
                "conversation_id": 4,
                "message_type": 1,
                "created_at": E + 5,
                "private": False,
                "sender": {"id": 1, "name": "Ann", "type": "user"},
            },
            {
                "id": 3,
                "content": "secret",
                "conversation_id": 4,
                "message_type": 1,
                "created_at": E + 9,
                "private": True,
                "sender": {"id": 1, "name": "Ann", "type": "user"},
            },
            {
                "id": 4,
                "content": "Resolved by Ann",
                "conversation_id": 4,
                "message_type": 2,
                "created_at": E + 10,
                "private": False,
            },
        ],
    },
    "caiu",
)
add(
    "langchain",
    "lc.json",
    {
        "messages": [
            {"type": "human", "content": "late"},
            {"type": "ai", "content": "can't"},
            {"type": "tool", "content": "x"},
        ]
    },
    "cbs",
)
add(
    "bland",
    "bland.json",
    {
        "call_id": "c1",
        "created_at": T % 1,
        "concatenated_transcript": "user: hi",
        "transcripts": [
            {"id": 1, "user": "user", "text": "late", "created_at": T % 1},
            {"id": 2, "user": "assistant", "text": "can't", "created_at": T % 2},
        ],
    },
    "cb",
)
add(
    "csv_hubspot",
    "conv.csv",
    "\n".join(
        [
            "Thread ID,Message ID,Sent At,Direction,Sender,Message",
            "1,1,2026-11-16 09:00,INCOMING,Bob,late",
            "1,2,2026-11-16 09:01,OUTGOING,Ann,can't",
        ]
    ),
    "ca",
)
add(
    "csv_livechat",
    "lc.csv",
    "\n".join(
        [
            "chat id,chat start date,visitor name,operator name,message author type,message",
            "A,2026-11-16,Bob,Ann,visitor,late",
            "A,2026-11-16,Bob,Ann,operator,can't",
        ]
    ),
    "ca",
)
add(
    "csv_freshchat",
    "fc.csv",
    "\n".join(
        [
            "Conversation ID,Created At,Actor Type,Actor Name,Message Type,Message",
            "f1,2026-11-16T09:00:00Z,User,Bob,Normal,late",
            "f1,2026-11-16T09:01:00Z,Agent,Ann,Normal,can't",
            "f1,2026-11-16T09:02:00Z,Agent,Ann,Private,secret",
        ]
    ),
    "cai",
)
add(
    "csv_noheader",
    "nh.csv",
    "\n".join(
        [
            "c1,agent,Hello there how can I help",
            "c1,customer,My order is late",
            "c2,agent,Hi again",
            "c2,customer,Still late",
        ]
    ),
    "acac",
)
add(
    "csv_noheader2",
    "nh2.csv",
    "\n".join(["1,2026-11-16 09:00:00,Customer,My order is late", "1,2026-11-16 09:01:00,Agent,We can't do that"]),
    "ca",
)
add("tsv_two", "two.tsv", "\n".join(["agent\tHello there how can I help", "customer\tMy order is late"]), "ac")
add(
    "intercom_csv",
    "ic.csv",
    "\n".join(
        [
            "conversation_id,author_type,author_name,part_type,body,created_at",
            "5,user,Bob,comment,<p>late</p>,1794819600",
            "5,admin,Ann,comment,<p>can't</p>,1794819660",
            "5,admin,Ann,note,<p>x</p>,1794819670",
        ]
    ),
    "cai",
)
add(
    "ringsense",
    "rs.json",
    {
        "transcript": [
            {"speakerName": "Ann", "speakerRole": "AGENT", "text": "hi", "start": 0.1},
            {"speakerName": "Bob", "speakerRole": "CUSTOMER", "text": "late", "start": 2},
        ]
    },
    "ac",
)
add(
    "zoom_cc",
    "zoomcc.json",
    {
        "engagement_id": "e1",
        "transcripts": [
            {"speaker": "agent", "text": "hi", "ts": "00:00:01"},
            {"speaker": "consumer", "text": "late", "ts": "00:00:03"},
        ],
    },
    "ac",
)
add(
    "sprinklr",
    "spr.json",
    {
        "caseNumber": "5",
        "conversations": [
            {
                "messageId": "1",
                "senderProfile": {"name": "Bob"},
                "brandPost": False,
                "content": {"text": "late"},
                "createdTime": E * 1000,
            },
            {
                "messageId": "2",
                "senderProfile": {"name": "Acme"},
                "brandPost": True,
                "content": {"text": "can't"},
                "createdTime": E * 1000 + 5000,
            },
        ],
    },
    "ca",
)
add(
    "botpress",
    "bp.json",
    {
        "messages": [
            {
                "id": "1",
                "conversationId": "k",
                "createdAt": T % 1,
                "direction": "incoming",
                "type": "text",
                "payload": {"text": "late"},
            },
            {
                "id": "2",
                "conversationId": "k",
                "createdAt": T % 2,
                "direction": "outgoing",
                "type": "text",
                "payload": {"text": "can't"},
            },
        ]
    },
    "ca",
)


@pytest.mark.parametrize("name", PRODUCTS)
def test_roles_and_turns_without_a_setting(name: str) -> None:
    file, text, expected = PRODUCTS[name]
    found, others = read_text(text, file)
    turns = [turn for each in found for turn in each.turns if turn.text]
    assert "".join("i" if turn.internal else LETTERS[turn.role] for turn in turns) == expected
    assert not others


def test_pages_of_messages_are_parted_by_the_conversation_that_each_names() -> None:
    page = {"messages": [{"conversationId": n % 2, "from": "agent", "text": f"word {n}"} for n in range(4)]}
    found, _ = read_text(json.dumps(page), "page.json")
    assert [(each.id, len(each.turns)) for each in found] == [("0", 2), ("1", 2)]


def test_people_listed_beside_the_turns_give_them_roles_and_names() -> None:
    call = {
        "id": "7",
        "parties": [
            {"speakerId": "s1", "name": "Ann", "affiliation": "Internal"},
            {"speakerId": "s2", "affiliation": "External"},
        ],
        "transcript": [{"speakerId": "s1", "text": "hello"}, {"speakerId": "s2", "text": "hi"}],
    }
    (found,), _ = read_text(json.dumps(call), "call.json")
    assert [(turn.role, turn.speaker) for turn in found.turns] == [("agent", "Ann"), ("customer", "s2")]
