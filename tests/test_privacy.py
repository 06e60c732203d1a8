"""Redaction and escaping: what goes, what stays, what can no longer steer a terminal, a sheet or a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frictionlens.privacy import hash_identity, markdown_safe, printable, redact, redact_folded, spreadsheet_safe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann.x@mail.example today", "write to [email] today"),
        ("call +44 20 7946 0123 please", "call [phone] please"),
        ("the card is 4111 1111 1111 1111", "the card is [card]"),
        ("pay to DE75 5121 0800 1245 1261 99", "pay to [iban]"),
        ("my order number is 5829104", "my order number is [number]"),
        ("Order #AB-10293 is late", "Order #[number] is late"),
        ("reservation SI5UKW", "reservation [number]"),
        ("see https://shop.example/track?id=77a8f", "see [url]"),
        ("I live at 12 Maple Street, not there", "I live at [address], not there"),
        ("my name is Ann Moss and", "my name is [name] and"),
        ("Dear Ms Tanaka, hello", "Dear Ms [name], hello"),
        ("log in as amelia_rossi_1297", "log in as [number]"),
    ],
)
def test_personal_data_go(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "we refund within 30 days", "it costs $1,299.00", "on 2026-05-17 at 10:45", "allow 24-48 hours",
        "since 12/04/2026",
        "between 2019 and 2024", "see www.shop.example for help", "Dear customer", "a 12 month contract", "",
    ],
)  # fmt: skip
def test_what_a_policy_says_stays(text: str) -> None:
    assert redact(text) == text


def test_names_of_the_export_go_but_roles_and_small_words_stay() -> None:
    names = ("Will May", "Agent 7", "customer")

    assert (
        redact("Will May said the customer will call in May", names=names)
        == "[name] said the customer will call in [name]"
    )
    assert redact("the agent will call", names=names) == "the agent will call"


def test_names_go_from_words_in_lower_case_where_they_stand_as_names() -> None:
    said = "Our Bob Bill policy says no, and the bill is due"

    assert redact_folded("bob bill policy", said, names=("Bob Bill",)) == "[name] [name] policy"
    assert redact_folded("bill", "the bill is due", names=("Bob Bill",)) == "bill"
    assert redact_folded("bob policy", said, "off", ("Bob Bill",)) == "bob policy"


def test_hash_keeps_equal_values_recognisable() -> None:
    one, other = redact("a@b.example", "hash"), redact("c@b.example", "hash")

    assert re.fullmatch(r"\[email:[0-9a-f]{6}\]", one)
    assert one == redact("a@b.example", "hash")
    assert one != other
    assert redact("a@b.example", "off") == "a@b.example"


@given(st.text(max_size=200))
def test_redacting_never_fails(text: str) -> None:
    assert isinstance(redact(text, "on", ("Ann",)), str)


@given(st.text(max_size=200))
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    clean = printable(text)

    assert len(clean) == len(text)
    assert not any(ord(char) < 32 and char not in "\t\n" for char in clean)
    assert not set(clean) & set("\x1b\x9b\x7f\u202e\u2066\ud800")


@given(st.text(max_size=60))
def test_no_cell_is_a_formula(text: str) -> None:
    assert spreadsheet_safe(text)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "![x](http://a.example)", "`rm -rf`", "| a | b |"])
def test_markdown_shows_text_as_it_is(text: str) -> None:
    safe = markdown_safe(text)

    assert "<" not in safe
    assert not re.search(r"(?<!\\)[`\[|!]", safe)


def test_identity_is_hashed_the_same_everywhere() -> None:
    assert hash_identity("Ann") == hash_identity("Ann") != hash_identity("Bob")
    assert "Ann" not in hash_identity("Ann")
