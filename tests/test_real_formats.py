"""Public samples of real exports, read in place: right format, right number of turns, right roles.

The table says what a person found by reading each file. The files are other people's: they lie beside the repository
(`../shared`, or where FRICTIONLENS_SHARED points) and are never copied into it.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions, find_sources, read, recognise

REAL = Path(os.environ.get("FRICTIONLENS_SHARED", Path(__file__).parent.parent.parent / "shared")) / "formats" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"no public samples at {REAL}")


class Real(NamedTuple):
    format: str
    interactions: int
    turns: int
    roles: str
    """Turns by role, `internal` apart: `agent 5, customer 5`."""


TABLE = {
    "abcd_sample.json": Real("abcd", 3, 72, "agent 32, customer 31, system 9"),
    "amazon_connect_evaluation_form.json": Real("connect-evaluation", 0, 0, ""),
    "ccai_insights_chat_0.json": Real("google-ccai", 1, 14, "agent 7, customer 7"),
    "contact_lens_chat_raw.json": Real("contact-lens", 1, 35, "agent 15, customer 13, system 7"),
    "contact_lens_voice_raw.json": Real("contact-lens", 1, 10, "agent 5, customer 5"),
    "dynamics365_omnichannel_transcript_docsnippets.json": Real("dynamics365", 1, 3, "agent 1, customer 1, system 1"),
    "front_conversation_comments_postman_mock.json": Real("front", 1, 2, "internal 2"),
    # The second message of the mock is outgoing and in a draft mode: it was not sent.
    "front_conversation_messages_postman_mock.json": Real("front", 1, 1, "customer 1"),
    "generic_source_message_call_transcript_1.json": Real("generic-json", 1, 12, "agent 6, customer 5, system 1"),
    # Without participants nothing tells whether `internal` is an agent; here it is a voice menu.
    "genesys_transcript_testfixture.json": Real("genesys", 1, 2, "customer 1, unknown 1"),
    "helpscout_threads_phpfixture.json": Real("helpscout", 1, 1, "customer 1"),
    "intercom_conversation_api211_docexample.json": Real("intercom", 1, 1, "agent 1"),
    "liveperson_messaging_history.json": Real("liveperson", 1, 2, "customer 2"),
    "openai_chat_finetune_head.jsonl": Real("openai-chat", 3, 10, "bot 4, customer 4, system 2"),
    "salesforce_livechattranscript_body_chat1.html": Real("salesforce-chat", 1, 5, "agent 3, customer 2"),
    "taskmaster1_sample.json": Real("taskmaster", 1, 20, "agent 10, customer 10"),
    "tau_bench_gpt4o_airline_2traj.json": Real("tau-bench", 2, 44, "bot 20, customer 14, system 10"),
    "transcribe_call_analytics_example-call.json": Real("transcribe-calls", 1, 37, "agent 19, customer 18"),
    "transcribe_channel_labels.json": Real("transcribe", 1, 2, "unknown 2"),
    "tweetsumm_head.jsonl": Real("tweetsumm", 0, 0, ""),
    "zendesk_incremental_ticket_events_docexample.json": Real("zendesk", 1, 1, "unknown 1"),
    # Speech-to-text, captions, chat apps, tables and mail: names and labels are no roles.
    "assemblyai_utterances.json": Real("assemblyai", 1, 1, "unknown 1"),
    "azure_batch_transcriptSample.json": Real("azure-speech", 1, 3, "unknown 3"),
    "bracketed_turnchunk.txt": Real("labelled-text", 1, 3, "unknown 3"),
    "deepgram_diarized_two_speakers.json": Real("deepgram", 1, 8, "unknown 8"),
    "deepgram_utterances.json": Real("deepgram", 1, 6, "unknown 6"),
    "emailreply_email_1_3.txt": Real("mail-text", 1, 1, "unknown 1"),
    "emailreply_email_2_1.txt": Real("mail-text", 1, 1, "unknown 1"),
    "mbox_rmail_sample.mbox": Real("mbox", 2, 3, "unknown 3"),
    "multidogo_turn_airline_head.tsv": Real("multidogo", 24, 198, "customer 198"),
    "slack_export": Real("slack", 1, 30, "bot 17, unknown 13"),
    "talon_android.eml": Real("eml", 1, 1, "unknown 1"),
    "talon_reply-quotations-share-block.eml": Real("eml", 1, 1, "unknown 1"),
    "teams_turnchunk.vtt": Real("webvtt", 1, 2, "unknown 2"),
    "telegram_single_export.json": Real("telegram", 1, 2, "unknown 2"),
    "twcs_head.csv": Real("twcs", 2, 11, "agent 5, customer 6"),
    "webvtt_cycle-collector-talk.vtt": Real("webvtt", 1, 3, "unknown 3"),
    "webvtt_escaped_tags_turnchunk.vtt": Real("webvtt", 1, 3, "unknown 3"),
    "webvtt_with-annotation.vtt": Real("webvtt", 1, 1, "unknown 1"),
    "webvtt_with-subclass.vtt": Real("webvtt", 1, 1, "unknown 1"),
    "webvttpy_captions_with_bom.vtt": Real("webvtt", 1, 4, "unknown 4"),
    "webvttpy_sample.srt": Real("srt", 1, 5, "unknown 5"),
    "whatsapp_test_br_mmddyy_24hrs.txt": Real("whatsapp", 1, 9, "system 2, unknown 7"),
    "whatsapp_test_ddmmyy_24hrs.txt": Real("whatsapp", 1, 9, "system 2, unknown 7"),
    "whatsapp_test_mmddyy_24hrs.txt": Real("whatsapp", 1, 9, "system 2, unknown 7"),
    "whisper_timestamped.json": Real("whisper", 1, 4, "unknown 4"),
    "whisperx_diarized_turnchunk.json": Real("whisper", 1, 2, "unknown 2"),
    "youtube_auto_turnchunk.vtt": Real("webvtt", 1, 4, "unknown 4"),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_real_file_is_read_as_a_person_reads_it(name: str) -> None:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    (source,) = find_sources([str(path)])
    found = recognise(source, ReadOptions())
    assert found.format is not None, found.reason
    interactions = [each for each in read(source, ReadOptions()) if isinstance(each, Interaction)]
    turns = [turn for each in interactions for turn in each.turns]
    counts = Counter("internal" if turn.internal else turn.role for turn in turns)
    roles = ", ".join(f"{role} {count}" for role, count in sorted(counts.items()))
    assert Real(found.format.name, len(interactions), len(turns), roles) == TABLE[name]
