"""Speech-to-text exports: turns by speaker or channel, never by a guessed role."""

# ruff: noqa: E501 - exports read better with one record a line
from __future__ import annotations

import json
from typing import Any

import pytest
from tests.readers.reading import format_of, read_text

from frictionlens.readers._base import ReadOptions

WORDS = [
    {"word": "no", "punctuated_word": "No,", "start": 0.1, "end": 0.3, "speaker": 0},
    {"word": "wait", "punctuated_word": "wait.", "start": 0.4, "end": 0.6, "speaker": 0},
    {"word": "yes", "punctuated_word": "Yes.", "start": 0.9, "end": 1.2, "speaker": 1},
]


def alternative(**more: Any) -> dict[str, Any]:
    return {"transcript": "no wait yes", "confidence": 1, **more}


def deepgram(*channels: dict[str, Any], utterances: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    results: dict[str, Any] = {"channels": [{"alternatives": [each]} for each in channels]}
    return {"metadata": {"request_id": "r"}, "results": results | ({"utterances": utterances} if utterances else {})}


def said(
    start: float, end: float, speaker: Any, text: str, key: str = "transcript", channel: Any = 0
) -> dict[str, Any]:
    return {"start": start, "end": end, "speaker": speaker, key: text, "channel": channel}


def phrase(ticks: float, channel: int, display: str, status: str = "Success", **more: Any) -> dict[str, Any]:
    return {
        "recognitionStatus": status, "channel": channel, "offsetInTicks": ticks, "durationInTicks": 1e7,
        "nBest": [{"display": display, "lexical": "x"}], **more,
    }  # fmt: skip


def google(word: str, start: str, tag: int) -> dict[str, Any]:
    return {"word": word, "startTime": start, "endTime": start, "speakerTag": tag}


CASES: dict[str, tuple[str, Any, list[tuple[str | None, str, float | None]]]] = {
    "deepgram utterances": (
        "deepgram",
        deepgram(alternative(), utterances=[said(0.1, 0.3, 0, "No,"), said(0.4, 0.6, 0, "wait."), said(0.9, 1.2, 1, "Yes.")]),
        [("speaker_0", "No, wait.", 0.1), ("speaker_1", "Yes.", 0.9)],
    ),
    "deepgram words": (
        "deepgram",
        deepgram(alternative(words=WORDS)),
        [("speaker_0", "No, wait.", 0.1), ("speaker_1", "Yes.", 0.9)],
    ),
    "deepgram paragraphs": (
        "deepgram",
        deepgram(alternative(words=WORDS, paragraphs={"paragraphs": [
            {"sentences": [{"text": "No, wait."}], "speaker": 0, "start": 0.1, "end": 0.6},
            {"sentences": [{"text": "Yes."}], "speaker": 1, "start": 0.9, "end": 1.2}]})),
        [("speaker_0", "No, wait.", 0.1), ("speaker_1", "Yes.", 0.9)],
    ),
    "deepgram channels interleave": (
        "deepgram",
        deepgram(alternative(), alternative(), utterances=[said(0, 1, 0, "Hi", channel=0), said(5, 6, 0, "Bye", channel=0), said(2, 3, 0, "Yes", channel=1)]),
        [("channel_0", "Hi", 0.0), ("channel_1", "Yes", 2.0), ("channel_0", "Bye", 5.0)],
    ),
    "deepgram without diarisation": (
        "deepgram",
        deepgram(alternative(), utterances=[{"start": 0, "end": 1, "channel": 0, "transcript": "a"}, {"start": 2, "end": 3, "channel": 0, "transcript": "b"}]),
        [(None, "a", 0.0), (None, "b", 2.0)],
    ),
    "assemblyai": (
        "assemblyai",
        {"id": "t", "audio_url": "https://x", "audio_duration": 9, "utterances": [said(100, 600, "A", "No.", "text"), said(900, 1200, "B", "Yes.", "text")]},
        [("A", "No.", 0.1), ("B", "Yes.", 0.9)],
    ),
    "assemblyai without labels": (
        "assemblyai",
        {"id": "t", "audio_url": "https://x", "audio_duration": 9, "utterances": None, "words": [], "text": "No. Yes."},
        [(None, "No. Yes.", 0.0)],
    ),
    "whisper": (
        "whisper",
        {"text": " a b", "segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": " a", "tokens": [1]}], "language": "en"},
        [(None, "a", 0.0)],
    ),
    "whisperx": (
        "whisper",
        {"segments": [
            {"start": 0.03, "end": 1.9, "text": " I called", "speaker": "SPEAKER_01", "words": [{"word": "I"}]},
            {"start": 2, "end": 3, "text": " 3 times.", "speaker": "SPEAKER_01"},
            {"start": 4, "end": 5, "text": " Oh", "words": []}], "word_segments": []},
        [("SPEAKER_01", "I called 3 times.", 0.03), (None, "Oh", 4.0)],
    ),
    "whisperx with speakers on words only": (
        "whisper",
        {"segments": [{"start": 0, "end": 2, "text": "no yes", "words": [
            {"word": "no", "start": 0, "end": 1, "speaker": "S0"}, {"word": "3", "speaker": "S0"}, {"word": "yes", "speaker": "S1"}]}], "word_segments": []},
        [("S0", "no 3", 0.0), ("S1", "yes", None)],
    ),
    "openai diarised": (
        "whisper",
        {"task": "transcribe", "duration": 4.2, "text": "Hi No", "segments": [
            {"id": "s0", "type": "transcript.text.segment", "start": 0, "end": 1, "text": "Hi", "speaker": "agent"},
            {"id": "s1", "start": 1, "end": 2, "text": "No", "speaker": "A"}], "usage": {}},
        [("agent", "Hi", 0.0), ("A", "No", 1.0)],
    ),
    "openai text with labels inside": (
        "whisper",
        {"text": "Agent: Hi\nCustomer: No", "usage": {"type": "duration"}},
        [("Agent", "Hi", None), ("Customer", "No", None)],
    ),
    "whisper.cpp": (
        "whisper-cpp",
        {"transcription": [
            {"timestamps": {}, "offsets": {"from": 0, "to": 2400}, "text": " Hi", "speaker": "0"},
            {"timestamps": {}, "offsets": {"from": 2400, "to": 3000}, "text": " No", "speaker": "1"},
            {"timestamps": {}, "offsets": {"from": 3000, "to": 3100}, "text": " hm", "speaker": "?"}], "result": {"language": "en"}},
        [("speaker_0", "Hi", 0.0), ("speaker_1", "No", 2.4), (None, "hm", 3.0)],
    ),
    "google diarised: the last result repeats everything": (
        "google-stt",
        {"results": [
            {"alternatives": [{"transcript": "no", "words": [{"word": "no", "startTime": "0.100s"}]}]},
            {"alternatives": [{"transcript": "", "words": [google("no", "0.100s", 1), google("yes", "1.500s", 2)]}]}]},
        [("speaker_1", "no", 0.1), ("speaker_2", "yes", 1.5)],
    ),
    "google channels": (
        "google-stt",
        {"results": [
            {"alternatives": [{"transcript": "no", "words": [{"word": "no", "startTime": "0.100s", "endTime": "0.2s"}]}], "channelTag": 1},
            {"alternatives": [{"transcript": " yes"}], "channelTag": 2, "resultEndTime": "3s"}]},
        [("channel_1", "no", 0.1), ("channel_2", "yes", None)],
    ),
    "rev": (
        "rev-ai",
        {"monologues": [
            {"speaker": 0, "elements": [{"type": "text", "value": "No", "ts": 0.1, "end_ts": 0.2}, {"type": "punct", "value": ", "}, {"type": "text", "value": "wait", "ts": 0.3, "end_ts": 0.4}]},
            {"speaker": 1, "elements": [{"type": "text", "value": "Yes", "ts": 0.9, "end_ts": 1.0}]}]},
        [("speaker_0", "No, wait", 0.1), ("speaker_1", "Yes", 0.9)],
    ),
    "azure lists one channel after the other": (
        "azure-speech",
        {"recognizedPhrases": [phrase(0, 0, "Hi."), phrase(5e7, 0, "Bye."), phrase(2e7, 1, "Yes."), phrase(3e7, 1, "", "NoMatch")], "combinedRecognizedPhrases": []},
        [("channel_0", "Hi.", 0.0), ("channel_1", "Yes.", 2.0), ("channel_0", "Bye.", 5.0)],
    ),
    "azure with speakers and drifting units": (
        "azure-speech",
        {"timeStamp": "x", "recognizedPhrases": [
            {"recognitionStatus": "Success", "speaker": 1, "offset": "PT0.04S", "duration": "PT1S", "nBest": [{"display": "Hi."}]},
            {"recognitionStatus": "Success", "offsetMilliseconds": 2500, "durationMilliseconds": 10, "nBest": [{"display": "No.", "speaker": 2}]}]},
        [("speaker_1", "Hi.", 0.04), ("speaker_2", "No.", 2.5)],
    ),
    "azure fast transcription": (
        "azure-speech",
        {"durationMilliseconds": 9000, "combinedPhrases": [{"text": "Hi. No."}], "phrases": [
            {"offsetMilliseconds": 40, "durationMilliseconds": 100, "text": "Hi.", "speaker": 1},
            {"offsetMilliseconds": 900, "durationMilliseconds": 100, "text": "No.", "speaker": 2}]},
        [("speaker_1", "Hi.", 0.04), ("speaker_2", "No.", 0.9)],
    ),
    "speechmatics": (
        "speechmatics",
        {"format": "2.9", "results": [
            {"type": "word", "start_time": 0.1, "end_time": 0.2, "alternatives": [{"content": "No", "speaker": "S1"}]},
            {"type": "punctuation", "start_time": 0.2, "end_time": 0.2, "alternatives": [{"content": ".", "speaker": "S1"}]},
            {"type": "word", "start_time": 0.9, "end_time": 1.0, "alternatives": [{"content": "Yes", "speaker": "S2"}]}]},
        [("S1", "No.", 0.1), ("S2", "Yes", 0.9)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_turns_by_speaker(name: str) -> None:
    expected_format, export, expected = CASES[name]
    assert format_of(json.dumps(export), "call.json") == expected_format
    (only,), problems = read_text(json.dumps(export, indent=1), "call.json")
    assert [(turn.speaker, turn.text, turn.at) for turn in only.turns] == expected
    assert problems == []
    assert only.channel == "voice"


def test_labels_stay_unknown_until_they_are_mapped() -> None:
    export = json.dumps(CASES["deepgram utterances"][1])
    assert {turn.role for turn in read_text(export, "call.json")[0][0].turns} == {"unknown"}
    for roles in ({"speaker_0": "agent", "speaker_1": "customer"}, {"0": "agent", "1": "customer"}):
        mapped = read_text(export, "call.json", ReadOptions(roles=roles))[0][0]  # type: ignore[arg-type]
        assert [turn.role for turn in mapped.turns] == ["agent", "customer"]


def test_labels_that_are_role_words_are_roles() -> None:
    (only,), _ = read_text(json.dumps(CASES["openai diarised"][1]), "call.json")
    assert [turn.role for turn in only.turns] == ["agent", "unknown"]


def test_a_failed_transcription_is_a_problem() -> None:
    export = {
        "id": "t",
        "audio_url": "https://x",
        "audio_duration": None,
        "status": "error",
        "error": "no",
        "words": None,
    }
    interactions, (problem,) = read_text(json.dumps(export), "call.json")
    assert interactions == []
    assert "failed" in problem.reason
