from __future__ import annotations

import pytest
from tests.readers.reading import format_of, read_text, said

from frictionlens.readers._base import ReadOptions

PLAIN = [("agent", "Hello"), ("customer", "It broke")]


@pytest.mark.parametrize(
    "text",
    [
        "Agent: Hello\nCustomer: It broke\n",
        "AGENT:  Hello\r\nCUSTOMER:  It broke\r\n",
        "Agent:\nHello\n\nCustomer:\nIt broke\n",
        "Agent\nHello\n\nCustomer\nIt broke\n",
        "**Agent:** Hello\n\n**Customer:** It broke\n",
        "[Agent] Hello\n[Customer] It broke\n",
        "<Agent> Hello\n<Customer> It broke\n",
        "Agent 1: Hello\nCustomer 1: It broke\n",
        "Agent (Dana): Hello\nMo (Customer): It broke\n",
        "Customer Service Rep: Hello\nCaller: It broke\n",
        "[00:00:01] Agent: Hello\n[00:00:05] Customer: It broke\n",
        "00:01 Agent: Hello\n00:05 Customer: It broke\n",
        "(0:01) Agent: Hello\n(0:05) Customer: It broke\n",
        "[00:00:01.000 --> 00:00:02.000] Agent: Hello\n[00:00:05.000 --> 00:00:06.000] Customer: It broke\n",
        "Agent (10:32 AM): Hello\nCustomer (10:33 AM): It broke\n",
        "Agent [00:01]: Hello\nCustomer [00:05]: It broke\n",
        "Agent  0:01\nHello\n\nCustomer  0:05\nIt broke\n",
        "2026-01-05 10:32:05 - Agent: Hello\n2026-01-05 10:32:09 - Customer: It broke\n",
        "10:32:05 AM Agent: Hello\n10:32:09 AM Customer: It broke\n",
        "- Agent: Hello\n- Customer: It broke\n",
        "2026-01-05T10:00:00Z agent Hello\n2026-01-05T10:00:05Z customer It broke\n",
        "10:32 AM - Agent: Hello\n10:33 AM - Customer: It broke\n",
    ],
)
def test_shapes_of_labels(text: str) -> None:
    assert format_of(text) == "labelled-text"
    interactions, problems = read_text(text)
    assert [said(each) for each in interactions] == [PLAIN]
    assert problems == []


def test_text_in_utf_16_and_with_a_byte_order_mark() -> None:
    text = "Agent: Hello\nCustomer: It broke\n"
    for encoding in ("utf-16", "utf-8-sig", "cp1252"):
        assert said(read_text(text.encode(encoding))[0][0]) == PLAIN


def test_times_are_seconds_since_the_start() -> None:
    cases = {
        "[0:00:06.835000 - 0:00:07.235000] SPEAKER_00 -  Hi\n[0:00:08 - 0:00:09] SPEAKER_01 -  Yes\n": [6.835, 8.0],
        "10:32:05 AM Agent: a\n10:33:05 AM Customer: b\n": [0.0, 60.0],
        "11:59:30 PM Agent: a\n12:00:30 AM Customer: b\n": [0.0, 60.0],
        "09:30 Agent: a\n09:32 Customer: b\n": [0.0, 120.0],
        "[00:30] Agent: a\n[01:15] Customer: b\n": [30.0, 75.0],
        "2026-01-05 10:00:00 Agent: a\n2026-01-05 10:00:30 Customer: b\n": [0.0, 30.0],
    }
    for text, expected in cases.items():
        assert [turn.at for turn in read_text(text)[0][0].turns] == expected, text


def test_colons_in_prose_start_no_turn() -> None:
    text = (
        "Agent: Two things.\nNote: we close at 10:30.\nSee https://example.com/a: it helps\nTotal: 12\n"
        "Customer: Order number: 77 is late\n"
    )
    turns = read_text(text)[0][0].turns
    assert [turn.role for turn in turns] == ["agent", "customer"]
    assert turns[0].text.endswith("Total: 12")


def test_a_label_without_a_time_is_prose_where_every_other_has_one() -> None:
    text = "[00:01] Dana: The plan\nPricing: 12 a month\n[00:05] Mo: Fine\n[00:09] Dana: Good\n"
    turns = read_text(text)[0][0].turns
    assert [turn.speaker for turn in turns] == ["Dana", "Mo", "Dana"]
    assert turns[0].text == "The plan\nPricing: 12 a month"


def test_names_stay_unknown_until_they_are_mapped() -> None:
    text = "Dana: Hello\nMo: It broke\nDana: Sorry\nMo: Again\n"
    assert {turn.role for turn in read_text(text)[0][0].turns} == {"unknown"}
    mapped = ReadOptions(roles={"dana": "agent", "mo": "customer"})
    assert [turn.role for turn in read_text(text, options=mapped)[0][0].turns] == ["agent", "customer"] * 2
    assert [turn.speaker for turn in read_text(text)[0][0].turns] == ["Dana", "Mo", "Dana", "Mo"]


@pytest.mark.parametrize(
    "between",
    [
        "---\n",
        "\n---\n\n",
        "==========\n",
        "\nConversation 2\n",
        "\n# Conversation 2\n\n",
        "\n=== Chat 2 ===\n",
        "\nCall ID: B-2\n\n",
    ],
)
def test_several_conversations_in_one_file(between: str) -> None:
    one = "Agent: Hello\nCustomer: It broke\n"
    interactions, problems = read_text(f"{one}{between}{one}")
    assert [said(each) for each in interactions] == [PLAIN, PLAIN]
    assert len({each.id for each in interactions}) == 2
    assert problems == []


def test_header_lines_become_metadata() -> None:
    text = (
        "Call ID: A-1\nDate: 2026-01-05 10:00\nChannel: phone\nAgent: Dana Kim\n"
        "Queue: Billing\nCSAT: 2/5\nTags: vip, refund\n\n"
        "Agent: Hello\nCustomer: It broke\n\nCall ID: A-2\nDate: 2026-01-06\n\nAgent: Hello\nCustomer: It broke\n"
    )
    first, second = read_text(text)[0]
    assert (first.id, first.started_at, first.channel, first.agent) == (
        "A-1",
        "2026-01-05T10:00:00",
        "voice",
        "Dana Kim",
    )
    assert (first.queue, first.csat, first.tags) == ("Billing", 2.0, ("vip", "refund"))
    assert said(first) == PLAIN
    assert second.id == "A-2"


def test_rules_between_turns_part_no_conversations() -> None:
    text = "Agent: Hello\n---\nCustomer: It broke\n---\nAgent: Sorry\n---\nCustomer: Again\n"
    (only,) = read_text(text)[0]
    assert len(only.turns) == 4


def test_events_are_system_turns() -> None:
    text = "[10:00:01] Agent: Hello\n[10:00:05] *** Dana has left the chat ***\n[10:00:09] Customer: Anyone?\n"
    assert [turn.role for turn in read_text(text)[0][0].turns] == ["agent", "system", "customer"]
    text = "Bot: Hi\nVisitor 4431: agent please\nDana joined the chat\nDana: hello\nVisitor 4431: refund\nDana: no\n"
    assert [turn.role for turn in read_text(text)[0][0].turns][:4] == ["bot", "customer", "system", "unknown"]


@pytest.mark.parametrize(
    "text",
    [
        "Once upon a time.\nThere was: nothing.\n",
        "INFO: started\nERROR: gone\nINFO: done\n",
        "name: x\nrole: y\nname: z\n",
        "hello\n",
    ],
)
def test_prose_logs_and_yaml_are_not_recognised(text: str) -> None:
    assert format_of(text) is None


def test_dates_that_could_be_read_two_ways_are_a_problem_not_a_guess() -> None:
    text = "03/04/2026 10:00 Agent: a\n05/04/2026 10:00 Customer: b\n"
    interactions, problems = read_text(text)
    assert interactions[0].started_at is None
    assert "month" in problems[0].reason
    mapped, none = read_text(text, options=ReadOptions(columns={"dates": "dmy"}))
    assert mapped[0].started_at == "2026-04-03T10:00:00"
    assert none == []
