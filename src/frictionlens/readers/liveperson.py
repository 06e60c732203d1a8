"""Read the LivePerson Messaging History: many conversations a file; what is missing is the word `undefined` or -1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frictionlens.model import Role
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of
from frictionlens.readers._build import Draft, build_interaction, card_text, channel_of, csat_of, read_records, role_for
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._json import Item, dicts, parse_json, pick, pick_dict, pick_list, pick_text
from frictionlens.readers._times import parse_epoch, parse_number, parse_time

_ROLES: Final[dict[str, Role]] = {
    "consumer": "customer", "agent": "agent", "bot": "bot", "controller": "system", "system": "system",
    "manager": "agent", "agent_manager": "agent",
}  # fmt: skip


def _sniff(head: Head) -> str | None:
    record = head.record
    listed = next(iter(dicts(record.get("conversationHistoryRecords"))), None) or record
    if "messageRecords" in listed:
        return "conversationHistoryRecords[].messageRecords"
    if "interactionHistoryRecords" in record or "agentParticipants" in listed:
        return "agentParticipants and info"
    return "conversationHistoryRecords" if "conversationHistoryRecords" in record else None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_records(
        source,
        lambda item: _conversation(source, item, options),
        "conversationHistoryRecords",
        "interactionHistoryRecords",
    )


def _known(value: str | None) -> str | None:
    return None if value in (None, "undefined", "-1", "null", "Unassigned", "N/A") else value


def _conversation(source: Source, item: Item, options: ReadOptions) -> Record:
    record = item.value
    info = pick_dict(record, "info")
    bots = {
        pick_text(each, "agentId")
        for each in dicts(pick(record, "agentParticipants"))
        if "bot"
        in f"{pick_text(each, 'userType')} {pick_text(each, 'role')} {pick_text(each, 'userTypeName')}".casefold()
    }
    names = {
        pick_text(each, "agentId"): _known(pick_text(each, "agentFullName", "agentNickname"))
        for each in dicts(pick(record, "agentParticipants"))
    }
    names |= {
        pick_text(each, "participantId"): _known(pick_text(each, "consumerName", "firstName"))
        for each in dicts(pick(record, "consumerParticipants", "consumerParticipant"))
    }
    messages = dicts(pick(record, "messageRecords")) or dicts(pick_list(pick(record, "transcript"), "lines"))
    drafts = [_message(each, bots, names, options) for each in messages]
    mcs = parse_number(pick(info, "mcs"))
    csat = csat_of(pick(info, "csat")) or csat_of(pick(pick_dict(info, "csatInfo"), "csatRate"))
    return build_interaction(
        source,
        _known(pick_text(info, "conversationId", "engagementId")),
        drafts,
        where=item.where,
        start=parse_epoch(pick(info, "startTimeL"), "ms") or parse_time(pick(info, "startTime")),
        channel=channel_of(pick_text(info, "source"), "messaging")
        if pick_text(info, "source") != "APP"
        else "messaging",
        agent=_known(pick_text(info, "latestAgentId")) or _known(pick_text(info, "latestAgentFullName")),
        queue=_known(pick_text(info, "latestSkillName")),
        team=_known(pick_text(info, "latestAgentGroupName")),
        csat=csat,
        language=_known(pick_text(info, "language")),
        meta={
            "mcs": mcs if mcs is not None and mcs >= 0 else None,
            "status": _known(pick_text(info, "status")),
            "close_reason": _known(pick_text(info, "closeReason")),
            "partial": pick(info, "isPartial") or None,
        },
    )


def _message(
    message: dict[str, Any], bots: set[str | None], names: dict[str | None, str | None], options: ReadOptions
) -> Draft:
    word, person = pick_text(message, "sentBy"), pick_text(message, "participantId")
    role = role_of(word, options, _ROLES)
    if role == "agent" and person in bots:
        role = "bot"
    name = names.get(person)
    audience = (pick_text(message, "messageAudience") or "").casefold()
    moment = parse_epoch(pick(message, "timeL"), "ms") or parse_time(pick(message, "time"))
    internal = ("agent" in audience and "manager" in audience) or audience in ("agents_and_managers", "private")
    return Draft(role_for(options, role, name, person), _text(message), moment, name or word, internal)


def _text(message: dict[str, Any]) -> str:
    data = pick(message, "messageData")
    msg = pick(data, "msg") if isinstance(data, dict) else data
    text = pick_text(msg, "text") if isinstance(msg, dict) else msg if isinstance(msg, str) else None
    if text is None:
        rich = pick(data, "richContent") if isinstance(data, dict) else None
        content = pick(rich, "content") if isinstance(rich, dict) else None
        try:
            return card_text(
                parse_json(content.encode("utf-8", "replace")) if isinstance(content, str) else content or ""
            )
        except (ValueError, RecursionError):
            return ""
    text = "" if text == "undefined" else text
    return html_to_text(text) if is_html(text) else text


FORMAT = Format(
    name="liveperson",
    title="LivePerson messaging history",
    sniff=_sniff,
    read=_read,
    rank=30,
    default_roles=_ROLES,
)
