from __future__ import annotations

import pytest
from tests.readers.reading import format_of, read_text


def cue(start: int, text: str, end: int | None = None) -> str:
    return f"00:00:{start:02d}.000 --> 00:00:{end or start + 1:02d}.000\n{text}\n"


def vtt(*cues: str) -> str:
    return "WEBVTT\n\n" + "\n".join(cues)


def spoken(text: str, name: str = "call.vtt") -> list[tuple[str | None, str]]:
    interactions, problems = read_text(text, name)
    assert problems == []
    return [(turn.speaker, turn.text) for turn in interactions[0].turns]


def test_consecutive_cues_of_one_speaker_are_one_turn() -> None:
    text = vtt(
        cue(1, "<v Dana Kim>You will have to</v>"), cue(2, "<v Dana Kim>call again.</v>"), cue(3, "<v Mo>Again?")
    )
    (only,), _ = read_text(text, "call.vtt")
    assert [(turn.speaker, turn.text, turn.at, turn.end) for turn in only.turns] == [
        ("Dana Kim", "You will have to call again.", 1.0, 3.0),
        ("Mo", "Again?", 3.0, 4.0),
    ]
    assert {turn.role for turn in only.turns} == {"unknown"}


def test_roles_in_voice_spans() -> None:
    (only,), _ = read_text(vtt(cue(1, "<v Agent>Hello"), cue(2, "<v.loud Customer>No")), "call.vtt")
    assert [turn.role for turn in only.turns] == ["agent", "customer"]


def test_several_speakers_in_one_cue_and_empty_annotations() -> None:
    text = vtt(cue(1, "<v Dana>Okay.</v>\n<v Mo> Oh, <i>now</i>?</v>"), cue(2, "<v>and then"), cue(3, "nobody named"))
    assert spoken(text) == [("Dana", "Okay."), ("Mo", "Oh, now? and then nobody named")]
    assert read_text(text, "call.vtt")[0][0].meta == {"cues_given_to_last_speaker": 2}


def test_labels_of_zoom_split_on_the_first_colon() -> None:
    text = vtt(
        cue(1, "Dana Kim: So here's the thing: we close."), cue(2, "Mo: What?"), cue(3, "Dana Kim: The point: no.")
    )
    assert spoken(text) == [
        ("Dana Kim", "So here's the thing: we close."),
        ("Mo", "What?"),
        ("Dana Kim", "The point: no."),
    ]


def test_a_colon_in_a_caption_is_no_speaker() -> None:
    text = vtt(cue(1, "we have two plans"), cue(2, "The point is: it costs"), cue(3, "more"), cue(4, "than before"))
    assert [speaker for speaker, _ in spoken(text)] == [None] * 4


def test_other_conventions() -> None:
    assert spoken(vtt(cue(1, "[SPEAKER_00]: hi"), cue(2, "[SPEAKER_01]: ho"))) == [
        ("SPEAKER_00", "hi"),
        ("SPEAKER_01", "ho"),
    ]
    assert spoken(vtt(cue(1, "(Dana)\nhi there\nyou"), cue(2, "(Mo)\nho"))) == [("Dana", "hi there you"), ("Mo", "ho")]
    assert spoken(vtt(cue(1, "- one\n- two"))) == [(None, "one"), (None, "two")]
    assert spoken(vtt(cue(1, ">> hi"), cue(2, "there"), cue(3, ">> ho"))) == [(None, "hi there"), (None, "ho")]


def test_rolling_captions_are_said_once() -> None:
    text = vtt(
        cue(1, " \nthe<00:00:01.100><c> first</c>"),
        cue(2, "the first\n "),
        cue(3, "the first\nis<00:00:03.100><c> that</c>"),
        cue(4, "is that\n "),
        cue(5, "is that\nand<00:00:05.100><c> so</c>"),
    )
    assert [said for _, said in spoken(text)] == ["the first", "is that", "and so"]


def test_a_speaker_who_repeats_himself_is_kept() -> None:
    text = vtt(cue(1, "<v Mo>No."), cue(2, "<v Dana>Why?"), cue(3, "<v Mo>No."))
    assert len(spoken(text)) == 3


def test_entities_and_escaped_markup() -> None:
    text = vtt(
        cue(1, "&lt;i&gt;Softly&lt;/i&gt;"), cue(2, "a &lt; b and the &lt;div&gt;"), cue(3, "caf&eacute;&nbsp;x")
    )
    assert [said for _, said in spoken(text)] == ["Softly", "a < b and the <div>", "café x"]


def test_blocks_that_are_no_cues_are_skipped() -> None:
    text = (
        "\ufeffWEBVTT - call\nKind: captions\nLanguage: de\n\nNOTE\nsecret: x\n\n"
        "STYLE\n::cue {}\n\nid/12-0\n00:01.000 --> 00:02.000\nhi\n"
    )
    (only,), problems = read_text(text, "call.vtt")
    assert ([turn.text for turn in only.turns], only.language, problems) == (["hi"], "de", [])


def test_a_cue_with_broken_times_is_counted() -> None:
    _, (problem,) = read_text(vtt(cue(1, "hi"), "00:xx --> 00:00:09.000\nlost\n"), "call.vtt")
    assert problem.reason.startswith("1 of 2 cues")


def test_srt_in_latin_1_with_an_empty_line_inside() -> None:
    text = (
        "1\r\n00:00:00,500 --> 00:00:07,000\r\nSpeaker 0: caf\xe9\r\n\r\nmore\r\n\r\n"
        "2\r\n00:00:07,500 --> 00:00:09,000\r\nSpeaker 1: b\r\n"
    )
    assert format_of(text.encode("latin-1"), "call.srt") == "srt"
    (only,), problems = read_text(text.encode("latin-1"), "call.srt")
    assert [(turn.speaker, turn.text, turn.at) for turn in only.turns] == [
        ("Speaker 0", "café more", 0.5),
        ("Speaker 1", "b", 7.5),
    ]
    assert problems == []


def test_srt_without_numbers_keeps_a_number_at_the_end_of_a_line() -> None:
    text = "00:00:00,500 --> 00:00:07,000\nSpeaker 0: we have 42\n\n00:00:07,500 --> 00:00:09,000\nSpeaker 1: b\n"
    assert spoken(text, "call.srt") == [("Speaker 0", "we have 42"), ("Speaker 1", "b")]


def test_sbv() -> None:
    text = "0:00:00.599,0:00:04.160\n(Dana)\nhello\n\n0:00:05.599,0:00:06.160\n(Mo)\nhey\n"
    assert format_of(text, "call.sbv") == "sbv"
    assert spoken(text, "call.sbv") == [("Dana", "hello"), ("Mo", "hey")]


def test_what_cannot_be_parsed_is_counted_and_never_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    text = "1\n00:00:00,500 --> 00:00:01,000\nhi\n\n2\n00:00:01,xx --> 00:00:02,000\nmy secret\n\n"
    text += "3\n00:00:03,000 --> 00:00:04,000\nho\n"
    read_text(text, "call.srt")
    out, err = capfd.readouterr()
    assert "secret" not in out + err + caplog.text
