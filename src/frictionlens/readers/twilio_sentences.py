"""Read Twilio Intelligence transcripts: sentences by media channel, in pages.

The role stands in the transcript resource (`channel.participants`), not in the sentences: without it, it is told with
`--role ch_1=agent`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import BROKEN, Draft, build_interaction, checked, role_for
from frictionlens.readers._json import Item, dicts, explode, iter_documents, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_number, parse_time

_TRANSCRIPT_SID: Final = re.compile(r"GT[0-9a-fA-F]{8,32}")


def _sniff(head: Head) -> str | None:
    for value in (head.record, next(iter(dicts(head.record.get("transcripts"))), {})):
        first = next(iter(dicts(value.get("sentences"))), {})
        if "media_channel" in first or ("sentence_index" in first and "transcript" in first):
            return "sentences[].media_channel and sentence_index"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return checked(source, _transcripts(source, options))


def _transcripts(source: Source, options: ReadOptions) -> Iterator[Record]:
    # Sentences come in pages of 50: pages of one transcript are one interaction.
    pages: dict[str, list[Item]] = {}
    for found in iter_documents(source):
        if isinstance(found, Problem):
            yield found
            continue
        for item in explode(found, "transcripts"):
            if isinstance(item.value, dict) and "sentences" in item.value:
                pages.setdefault(_sid(item.value) or "", []).append(item)
            elif isinstance(item.value, dict) and "channel" in item.value:
                pages.setdefault(_sid(item.value) or "", []).insert(0, item)
            else:
                yield Problem(source.name, item.where, "not a page of sentences")
    for sid, group in pages.items():
        try:
            yield _transcript(source, sid or None, group, options)
        except BROKEN as error:
            yield Problem(source.name, group[0].where, f"not sentences as Twilio has them: {type(error).__name__}")


def _sid(page: dict[str, Any]) -> str | None:
    named = pick_text(page, "transcript_sid") or pick_text(pick_dict(page, "transcript"), "sid")
    own = pick_text(page, "sid")
    if named or (own and own.startswith("GT")):
        return named or own
    for value in (
        *pick_dict(page, "meta").values(),
        *(pick_text(each, "url") for each in dicts(page.get("sentences"))[:1]),
    ):
        if isinstance(value, str) and (match := _TRANSCRIPT_SID.search(value)):
            return match[0]
    return None


def _transcript(source: Source, sid: str | None, pages: list[Item], options: ReadOptions) -> Record:
    resource: dict[str, Any] = {}
    for page in pages:
        resource |= {key: value for key, value in page.value.items() if key != "sentences"}
        resource |= pick_dict(page.value, "transcript")
    people = {
        pick_text(each, "channel_participant"): each
        for each in dicts(pick_list(pick(resource, "channel"), "participants")) or dicts(pick(resource, "participants"))
    }
    sentences = [each for page in pages for each in dicts(page.value.get("sentences"))]
    sentences.sort(
        key=lambda each: (
            parse_number(pick(each, "sentence_index")) is None,
            parse_number(pick(each, "sentence_index")) or 0,
        )
    )
    drafts = [_draft(each, people, options) for each in sentences]
    first_page = min((parse_number(pick(pick_dict(page.value, "meta"), "page")) or 0 for page in pages), default=0)
    if sid and first_page:
        # The first pages lie in other files: this is a part of its own, not the same transcript again.
        sid = f"{sid}:page{int(first_page)}"
    agent = next((each for each in people.values() if role_of(pick_text(each, "role"), options) == "agent"), {})
    return build_interaction(
        source,
        sid,
        drafts,
        where=pages[0].where,
        start=parse_time(pick(resource, "media_start_time")),
        channel="voice",
        joined=True,
        agent=pick_text(agent, "user_id", "full_name", "email"),
        language=pick_text(resource, "language_code"),
        meta={"customer_key": pick_text(resource, "customer_key"), "duration_s": pick(resource, "duration")},
    )


def _draft(sentence: dict[str, Any], people: dict[str | None, dict[str, Any]], options: ReadOptions) -> Draft:
    channel = pick_text(sentence, "media_channel")
    person = people.get(channel, {})
    label = f"ch_{channel}" if channel else None
    word = pick_text(person, "role")
    role: Role = role_of(word, options) if word else "unknown"
    role = role_for(options, role, label, channel, pick_text(person, "full_name"))
    start, end = parse_number(pick(sentence, "start_time")), parse_number(pick(sentence, "end_time"))
    return Draft(role, pick_text(sentence, "transcript", "text") or "", speaker=word or label, at=start, end=end)


FORMAT = Format(
    name="twilio-sentences",
    title="Twilio Voice Intelligence sentences",
    sniff=_sniff,
    read=_read,
    rank=30,
)
