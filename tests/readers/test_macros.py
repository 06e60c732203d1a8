"""Macros: what is the reply, whose macro it is, and on which line of the user's file it stands."""

import io
import json
from typing import Any

import pytest

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction
from frictionlens.readers import read, recognise
from frictionlens.readers._base import ReadOptions, Source

TOLD = ReadOptions(format="macros")


def source_of(text: str | bytes, name: str) -> Source:
    data = text if isinstance(text, bytes) else text.encode()
    return Source(name, lambda: io.BytesIO(data))


def macros(text: str | bytes, name: str, options: ReadOptions = TOLD) -> list[Interaction]:
    records = list(read(source_of(text, name), options))
    assert not [each for each in records if isinstance(each, Problem)], records
    return [each for each in records if isinstance(each, Interaction)]


def lines_of(found: list[Interaction], word: str) -> int | None:
    """The line of the file that the turn with a word says it stands on."""
    turn = next(turn for each in found for turn in each.turns if word in turn.text)
    return turn.line_at(turn.text.index(word))


ZENDESK: Any = {
    "macros": [
        {"id": 11, "title": "Refund", "active": True, "actions": [
            {"field": "status", "value": "solved"},
            {"field": "comment_value", "value": "Hi {{ticket.requester.first_name}},\n\nwe can \"help\" é."}]},
        {"id": 12, "title": "Chat", "active": True, "actions": [
            {"field": "comment_value", "value": ["channel:chat", "Chat reply"]}]},
        {"id": 13, "title": "Rich", "actions": [{"field": "comment_value_html", "value": "<p>One</p><p>Two</p>"}]},
        {"id": 14, "title": "Off", "active": False, "actions": [{"field": "comment_value", "value": "x"}]},
        {"id": 15, "title": "Note", "actions": [
            {"field": "comment_value", "value": "x"}, {"field": "comment_mode_is_public", "value": "false"}]},
        {"id": 16, "title": "Tags", "actions": [{"field": "set_tags", "value": "a b"}]},
    ],
    "count": 6,
}  # fmt: skip


@pytest.mark.parametrize("ascii_only", [True, False])
def test_zendesk_macros_are_recognised_with_their_lines(ascii_only: bool) -> None:
    text = json.dumps(ZENDESK, indent=1, ensure_ascii=ascii_only)
    source = source_of(text, "macros.json")
    found = recognise(source, ReadOptions()).format
    assert found is not None
    assert found.name == "zendesk-macros"
    records = list(read(source, ReadOptions()))
    assert [each.id for each in records if isinstance(each, Interaction)] == ["11", "12", "13"]
    assert [each.reason for each in records if isinstance(each, Skipped)] == [
        "the macro is switched off",
        "an internal note: the customer never sees it",
        "the macro writes no reply",
    ]
    hits = [each for each in records if isinstance(each, Interaction)]
    assert {turn.role for each in hits for turn in each.turns} == {"agent"}
    for word in ("help", "Chat reply", "Two"):
        line = lines_of(hits, word)
        assert line is not None
        assert word in text.splitlines()[line - 1]
    assert hits[0].turns[0].text == 'Hi {{ticket.requester.first_name}},\n\nwe can "help" é.'
    assert hits[2].turns[0].text == "One\nTwo"
    assert macros(text, "macros.json") == hits, "told or recognised, the same is read"


@pytest.mark.parametrize("value", [ZENDESK["macros"], {"macro": ZENDESK["macros"][0]}, ZENDESK["macros"][0]])
def test_other_wrappings_of_zendesk_macros(value: Any) -> None:
    assert macros(json.dumps(value), "m.json")[0].id == "11"


def test_intercom_macros() -> None:
    text = json.dumps(
        {
            "type": "list",
            "data": [
                {
                    "type": "macro",
                    "id": "1",
                    "name": "Late",
                    "body": "<p>x</p>",
                    "body_text": "We are looking into it.",
                },
                {
                    "type": "macro",
                    "id": "2",
                    "name": "Html",
                    "body": '<p>Hi <attribute key="user.name"/>,</p><p>ok</p>',
                },
                {"type": "macro", "id": "3", "name": "Empty", "body": ""},
            ],
            "pages": {"type": "pages"},
        },
        indent=2,
    )
    found = recognise(source_of(text, "m.json"), ReadOptions()).format
    assert found is not None
    assert found.name == "intercom-macros"
    hits = macros(text, "m.json", ReadOptions())
    assert [(each.id, each.turns[0].text) for each in hits] == [("1", "We are looking into it."), ("2", "Hi ,\nok")]
    assert lines_of(hits, "looking") == 1 + text.splitlines().index('      "body_text": "We are looking into it."')


def test_a_text_file_is_one_macro_with_its_lines() -> None:
    text = "\n\nHello,\n\nI'm sorry, we can't\ndo that.\n\nBest\n"
    (found,) = macros(text, "canned/refund.txt")
    assert found.id == "refund"
    assert found.turns[0].text == "Hello,\n\nI'm sorry, we can't\ndo that.\n\nBest"
    assert lines_of([found], "do that") == 6


def test_headings_in_markdown_start_macros_and_front_matter_is_left_out() -> None:
    text = (
        "---\ntitle: x\n---\n# Refunds\n\n## Too late\nWe cannot refund.\n\n## In time\nDone.\n```\n# no heading\n```\n"
    )
    hits = macros(text, "refunds.md")
    assert [(each.id, each.turns[0].text) for each in hits] == [
        ("refunds/Too late", "We cannot refund."),
        ("refunds/In time", "Done.\n```\n# no heading\n```"),
    ]
    assert lines_of(hits, "cannot") == 7
    twice = macros("# A\nx\n# A\ny\n", "m.md")
    assert [each.id for each in twice] == ["m/A", "m/A (2)"]


def test_a_call_script_is_read_as_its_turns() -> None:
    text = "Greet first.\nAgent: Hello, how can I help?\n\nCustomer: I want a refund.\n"
    text += "**Agent:** We cannot\nrefund that.\nNote: be nice\n"
    (found,) = macros(text, "script.txt")
    assert [(each.role, each.text) for each in found.turns] == [
        ("agent", "Greet first."),
        ("agent", "Hello, how can I help?"),
        ("customer", "I want a refund."),
        ("agent", "We cannot\nrefund that.\nNote: be nice"),
    ]
    assert lines_of([found], "refund that") == 6
    # A colon alone makes no script.
    assert len(macros("Note: we will refund.\nThanks: bye\n", "a.txt")[0].turns) == 1


def test_rows_of_a_table_carry_the_line_of_the_reply() -> None:
    text = 'Name,Notes,Reply\nrefund,"two\nlines","Hello,\nwe cannot do that"\nempty,,\nok,x,Sure\n'
    records = list(read(source_of(text, "m.csv"), TOLD))
    hits = [each for each in records if isinstance(each, Interaction)]
    assert [each.id for each in hits] == ["refund", "ok"]
    for word in ("cannot", "Sure"):
        line = lines_of(hits, word)
        assert line is not None
        assert word in text.splitlines()[line - 1]
    assert [each.record for each in records if isinstance(each, Skipped)] == ["macro empty"]
    assert (
        macros("a\tb\nx\tno\n", "m.tsv", ReadOptions(format="macros", columns={"text": "b"}))[0].turns[0].text == "no"
    )


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ('{"macros": [{"actions": [{"field": "x"}', "m.json", "line 1"),
        ('{"a": 1}', "m.json", "neither text"),
        (b"\x00\x01\x02\x03\x04\x05" * 100, "m.txt", "neither text"),
        ("a,b\n1,2\n", "m.csv", "no column holds the reply; the columns are a, b"),
        ("", "m.txt", ""),
    ],
)
def test_what_cannot_be_read_is_a_problem(text: str | bytes, name: str, reason: str) -> None:
    records = list(read(source_of(text, name), TOLD))
    assert records
    assert all(isinstance(each, Problem | Skipped) for each in records)
    assert any(reason in f"{each.record} {each.reason}" for each in records if isinstance(each, Problem | Skipped))


def test_plain_text_is_never_taken_for_macros_unasked() -> None:
    found = recognise(source_of("Agent: hi\nCustomer: hello\nAgent: bye\n", "a.txt"), ReadOptions()).format
    assert found is None or found.name != "macros"
