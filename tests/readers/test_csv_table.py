from __future__ import annotations

import random

import pytest
from tests.readers.reading import format_of, read_text, said

from frictionlens.readers import _table
from frictionlens.readers._base import ReadOptions

PLAIN = [("agent", "Hello"), ("customer", "It broke")]


@pytest.mark.parametrize(
    "table",
    [
        "conversation_id,role,text\n1,agent,Hello\n1,customer,It broke\n",
        "Conversation ID;Sender Type;Message Body\n1;agent;Hello\n1;customer;It broke\n",
        "sep=;\nticket;from;body\n1;Agent;Hello\n1;Customer;It broke\n",
        "contactId\tparticipantRole\tcontent\n1\tAGENT\tHello\n1\tCUSTOMER\tIt broke\n",
        "id,text,is_agent\n1,Hello,TRUE\n1,It broke,FALSE\n",
        "ticket_id,inbound,message\n1,False,Hello\n1,True,It broke\n",
        "call_id,direction,transcript\n1,outbound,Hello\n1,inbound,It broke\n",
        "ConversationId,ActorType,ActorName,EntryType,Message\n1,Agent,Dana,Text,Hello\n1,EndUser,Mo,Text,It broke\n",
        "conv,who,text,turn\n1,customer,It broke,2\n1,agent,Hello,1\n",
        "conv,who,text,time\n1,customer,It broke,2026-01-05 10:00:09\n1,agent,Hello,2026-01-05 10:00:00\n",
        "Weekly export\n\nconversation_id,role,text\n1,agent,Hello\n1,customer,It broke\n",
        '"conversation_id","role","text"\n"1","agent","Hello"\n"1","customer","It broke"\n',
        "conversation_id,role,text\n1,agent,Hello\n,customer,It broke\n2,agent,Hello\n,customer,It broke\n",
    ],
)
def test_one_row_per_utterance(table: str) -> None:
    assert format_of(table, "a.csv") == "csv"
    interactions, problems = read_text(table, "a.csv")
    assert said(interactions[0]) == PLAIN
    assert problems == []


@pytest.mark.parametrize(
    "cell",
    [
        '"Agent: Hello\nCustomer: It broke"',
        "Agent: Hello | Customer: It broke",
        "Agent: Hello<br>Customer: It broke",
        "Agent: Hello Customer: It broke",
        '"[{""role"": ""agent"", ""content"": ""Hello""}, {""role"": ""customer"", ""content"": ""It broke""}]"',
        "\"[{'speaker': 'Agent', 'text': 'Hello'}, {'speaker': 'Customer', 'text': 'It broke'}]\"",
        "\"[{'speaker': 'Agent', 'text': 'Hello'}\n {'speaker': 'Customer', 'text': 'It broke'}]\"",
        '"[[""agent"", ""Hello""], [""customer"", ""It broke""]]"',
        "\"['Agent: Hello', 'Customer: It broke']\"",
        "Agent: Hello\\nCustomer: It broke",
    ],
)
@pytest.mark.parametrize("column", ["transcript", "conversation", "body", "whatever"])
def test_a_whole_transcript_in_a_cell(cell: str, column: str) -> None:
    interactions, problems = read_text(f"id,csat,{column}\n7,4,{cell}\n8,2,{cell}\n", "a.csv")
    assert [said(each) for each in interactions] == [PLAIN, PLAIN]
    assert [(each.id, each.csat) for each in interactions] == [("7", 4.0), ("8", 2.0)]
    assert problems == []


@pytest.mark.parametrize(
    "table",
    [
        "id,agent_1,customer_1\n1,Hello,It broke\n",
        "id,Agent 1,Customer 1,Agent 2\n1,Hello,It broke,\n",
        "id,role_1,text_1,role_2,text_2\n1,agent,Hello,customer,It broke\n",
        "conv,agent,customer\n1,Hello,It broke\n",
    ],
)
def test_wide_rows(table: str) -> None:
    assert said(read_text(table, "a.csv")[0][0])[:2] == PLAIN


def test_encodings_and_line_ends() -> None:
    table = "conversation_id,role,text\r\n1,agent,Café\r\n1,customer,It broke\r\n"
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        assert read_text(table.encode(encoding), "a.csv")[0][0].turns[0].text == "Café"


def test_no_text_column_names_the_columns_and_the_remedy() -> None:
    interactions, (problem,) = read_text("foo,bar\n1,2\n", "a.csv")
    assert interactions == []
    assert "foo, bar" in problem.reason
    assert "--map text=COLUMN" in getattr(problem, "hint", "")


def test_the_users_mapping_wins() -> None:
    table = "foo,bar,baz,text\n1,agent,Hello,no\n1,customer,It broke,no\n"
    options = ReadOptions(columns={"conversation": "foo", "role": "bar", "text": "baz"})
    assert said(read_text(table, "a.csv", options)[0][0]) == PLAIN
    _, (problem,) = read_text(table, "a.csv", ReadOptions(columns={"text": "bax"}))
    assert "did you mean 'baz'" in problem.reason


def test_roles_by_speaker_label_win() -> None:
    table = "conversation_id,speaker,text\n1,Dana,Hello\n1,Mo,It broke\n"
    assert [role for role, _ in said(read_text(table, "a.csv")[0][0])] == ["unknown", "unknown"]
    options = ReadOptions(roles={"dana": "agent", "mo": "customer"})
    assert said(read_text(table, "a.csv", options)[0][0]) == PLAIN


@pytest.mark.parametrize("limit", [10, 10**9])
def test_an_unsorted_table_splits_no_conversation(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_table, "_IN_MEMORY_CELLS", limit)
    rows = [f"c{conversation},{turn},agent,said {turn}" for conversation in range(20) for turn in range(5)]
    random.Random(7).shuffle(rows)
    interactions, problems = read_text("conversation_id,turn,role,text\n" + "\n".join(rows), "a.csv")
    assert problems == []
    assert sorted(each.id for each in interactions) == sorted(f"c{n}" for n in range(20))
    assert {tuple(text for _, text in said(each)) for each in interactions} == {tuple(f"said {n}" for n in range(5))}


def test_what_a_spreadsheet_spoils_is_reported() -> None:
    _, (mangled,) = read_text("ticket_id,role,text\n1.15712E+05,agent,Hello\n1.15712E+05,customer,No\n", "a.csv")
    assert "rounded" in mangled.reason
    interactions, (cut,) = read_text(f"ticket_id,role,text\n1,agent,{'x' * 32767}\n", "a.csv")
    assert "32,767" in cut.reason
    assert len(interactions) == 1
    (only,), none = read_text("ticket_id,role,text\n1,agent,'=1+1\n", "a.csv")
    assert only.turns[0].text == "=1+1"
    assert none == []


def test_a_row_that_does_not_fit_is_a_problem_and_the_rest_is_read() -> None:
    table = "conversation_id,text,role\n1,Hello,agent\n1,a,b,c,d\n1,It broke,customer\n"
    interactions, (problem,) = read_text(table, "a.csv")
    assert said(interactions[0]) == PLAIN
    assert (getattr(problem, "record", ""), "more cells" in problem.reason) == ("line 3", True)


def test_text_with_an_unquoted_comma_in_the_last_column_is_mended() -> None:
    table = "conversation_id,role,text\n1,agent,Hello there, how are you\n"
    assert read_text(table, "a.csv")[0][0].turns[0].text == "Hello there, how are you"


def test_events_and_notes() -> None:
    table = (
        "ConversationId,ActorType,EntryType,Message,Visibility\n"
        "1,Bot,BotEscalated,,public\n1,Agent,Text,secret,internal\n1,Agent,Text,Hello,public\n"
    )
    turns = read_text(table, "a.csv")[0][0].turns
    assert [(turn.role, turn.internal) for turn in turns] == [("system", False), ("agent", True), ("agent", False)]


def test_a_table_without_text_in_any_row_says_so() -> None:
    table = "ConversationId,ActorType,EntryType,Message\n1,Agent,Text,\n1,EndUser,Text,\n"
    _, problems = read_text(table, "a.csv")
    assert any("empty in every row" in problem.reason for problem in problems)


def test_whisper_tsv_counts_in_milliseconds() -> None:
    (only,), _ = read_text("start\tend\ttext\n0\t1500\tHello\n1500\t3000\tthere\n", "a.tsv")
    assert [(turn.at, turn.end) for turn in only.turns] == [(0.0, 1.5), (1.5, 3.0)]
