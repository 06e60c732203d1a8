"""Recognise Tweetsumm, which holds ids and offsets of tweets and none of their words."""

from __future__ import annotations

from frictionlens.readers._base import Format, Head, read_nothing


def _sniff(head: Head) -> str | None:
    return "tweet_ids_sentence_offset" if "tweet_ids_sentence_offset" in head.record else None


FORMAT = Format(
    name="tweetsumm",
    title="Tweetsumm summaries",
    sniff=_sniff,
    read=read_nothing,
    rank=28,
    not_a_conversation="holds ids of tweets and summaries, not the tweets; scan the twcs.csv whose ids it names",
)
