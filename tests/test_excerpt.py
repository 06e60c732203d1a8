"""Excerpts mark what was found, never show what was redacted, and stay short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frictionlens.excerpt import LENGTH, build_excerpt
from frictionlens.model import Finding, Interaction, Turn
from frictionlens.pipeline import first_words


def finding(turn: int, start: int, end: int, quote: str) -> Finding:
    return Finding("a.b", "refusal", "friction", "medium", "high", turn, start, end, quote, None, (), "f")


def mask(text: str) -> str:
    return text.replace("secret@shop.example", "[email]")


def test_marks_are_moved_by_redaction() -> None:
    text = "I wrote to secret@shop.example but we can't help, secret@shop.example"
    start = text.index("we can't help")
    made = Interaction("1", (Turn("customer", "hi"), Turn("agent", text), Turn("agent", "note", internal=True)))
    shown = build_excerpt(made, [finding(1, start, start + 13, "we can't help")], mask)
    assert [turn.turn for turn in shown] == [0, 1]
    mark = shown[1].marks[0]
    assert shown[1].text[mark.start : mark.end] == "we can't help"
    assert "secret" not in shown[1].text


def test_a_mark_whose_border_is_redacted_is_left_out() -> None:
    text = "write to secret@shop.example"
    made = Interaction("1", (Turn("agent", text),))
    shown = build_excerpt(made, [finding(0, 0, 14, "write to secre")], mask)
    assert shown[0].text == "write to [email]"
    assert shown[0].marks == ()


@given(st.text("abc \n", min_size=1, max_size=3 * LENGTH), st.data())
def test_cut_turns_keep_the_found_words_under_their_marks(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, min(len(text), start + 60)))
    made = Interaction("1", (Turn("agent", text),))
    (turn,) = build_excerpt(made, [finding(0, start, end, text[start:end])], lambda said: said)
    assert len(turn.text) <= LENGTH + 2
    assert turn.text.strip("…") in text
    for mark in turn.marks:
        assert turn.text[mark.start : mark.end].strip("…") in text[start:end]
    assert turn.marks


def test_first_words_go_past_a_greeting_and_leave_answers_out() -> None:
    turns = (
        Turn("customer", "Hi there!"),
        Turn("agent", "Hello, what can I do?"),
        Turn("customer", "So what?"),
        Turn("customer", "I would like to return these boots, they are too small."),
    )
    assert first_words(Interaction("1", turns)) == "Hi there! I would like to return these boots, they are too small."
    assert (
        first_words(
            Interaction("1", (Turn("customer", "word " * 80), Turn("customer", "and now some more words here")))
        )[-4:]
        == "word"
    )
