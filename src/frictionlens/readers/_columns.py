"""Own the names of columns: which field of ours a column of theirs holds, and how its values translate.

Names are compared without case, spaces and punctuation, so that `Conversation ID`, `conversationId` and
`conversation_id` are one. The user's own mapping (`--map text=body`) wins over everything here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from frictionlens.errors import UserError, nearest
from frictionlens.model import Role
from frictionlens.readers._base import ReadOptions, role_of
from frictionlens.readers._labels import label_role

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    field: tuple(names.split())
    for field, names in {
        "text": (
            "text message messagetext messagebody messagecontent msg body bodytext plainbody plaintext "
            "utterance utterancetext content comment commentbody commenttext sentence turntext chatmessage "
            "speech tweet tweettext post textcontent displaytext display line reply transcripttext "
            "transcription caption transcript cleantext originaltext messages"
        ),
        "transcript": (
            "transcript conversationtranscript chattranscript calltranscript fulltranscript transcripttext "
            "conversation conversationtext dialogue dialog messages turns conversationhistory chathistory "
            "history chatlog log chat thread interaction interactiontext transcription body fulltext text "
            "content utterances message"
        ),
        "role": (
            "role speakerrole authorrole participantrole senderrole userrole actortype authortype sendertype "
            "speakertype usertype participanttype participantpurpose actorrole messagerole sentby side party "
            "isagent fromagent iscustomer fromcustomer isinbound inbound isincoming incoming isoutbound "
            "direction messagedirection"
        ),
        "speaker": (
            "speaker speakername speakerid speakerlabel author authorname authorid sender sendername senderid "
            "from fromname fromuser actorname participant participantid participantname actor displayname "
            "user username userid name who by createdby source client channellabel mediachannel"
        ),
        "conversation": (
            "conversationid convid convoid conversationsid conversationkey conversationidentifier contactid "
            "callid chatid chatkey ticketid caseid casenumber ticketnumber sessionid interactionid threadid "
            "dialogid dialogueid transcriptid recordingid conversationnumber callsid channelsid convnumber "
            "conv ticket case call session dialogue dialog thread contact chat conversation recording "
            "filename file jobname caseno ticketno groupid id"
        ),
        "order": (
            "turn turnid turnindex turnnumber turnno turnidx seq sequence sequencenumber seqno index "
            "messageindex messageorder messageno messagenumber order position linenumber lineno segmentindex "
            "sentenceindex utteranceindex utteranceno utterancenumber phraseindex"
        ),
        "at": (
            "timestamp time ts at createdat created createddate createdtime datetime sentat sentdate senttime "
            "datecreated messagetime messagetimestamp messagedate absolutetime eventtime entrytime starttime "
            "start startedat startoffset starttimestamp begin begintime beginoffset beginoffsetmillis startms "
            "starttimems startseconds startsec offset offsetms offsetseconds createddatetime timestamputc "
            "date entrytimemillisecs clienttimestamp"
        ),
        "end": "end endtime endms endtimems endoffset endoffsetmillis endseconds endsec endtimestamp stop",
        "started_at": (
            "startedat conversationstart conversationstarttime starttime startdate start calldate callstart "
            "chatstart createdat createddate created date datetime timestamp time conversationdate "
            "contactdate"
        ),
        "channel": "channel medium channeltype mediatype contactchannel conversationchannel channelname",
        "agent": (
            "agentname agentid assignee assigneename agentfullname assignedagent agentemail agent owner "
            "ownername repname rep"
        ),
        "queue": "queue queuename skill skillname department departmentname",
        "team": "team teamname agentgroup agentgroupname assignmentgroup group groupname",
        "product": "product productname productline brand",
        "tags": "tags tag labels categories category topics topic",
        "csat": (
            "csat csatscore satisfaction satisfactionscore customersatisfaction rating customerrating "
            "surveyscore satisfactionrating"
        ),
        "qa_score": "qascore qa qualityscore evaluationscore compliancescore qascorepercent scorepercentage",
        "language": "language lang languagecode locale",
        "internal": "internal isinternal private isprivate internalnote public ispublic visibility",
        "event": "entrytype messagetype eventtype parttype type kind recordtype",
    }.items()
}
"""Field of ours → names of theirs, best first."""

FIELDS: Final = tuple(ALIASES)

_NEGATED: Final = {"public", "ispublic"}
_CUSTOMER_FLAGS: Final = {"inbound", "isinbound", "iscustomer", "fromcustomer", "incoming", "isincoming"}
_AGENT_FLAGS: Final = {"isagent", "fromagent", "isoutbound"}
_TRUE: Final = {"true", "1", "yes", "y", "t", "1.0"}
_FALSE: Final = {"false", "0", "no", "n", "f", "0.0"}
_TABLE_ROLES: Final[Mapping[str, Role]] = {
    "in": "customer", "incoming": "customer", "received": "customer", "out": "agent", "outgoing": "agent",
    "sent": "agent", "customers": "customer", "agents": "agent", "brand": "agent", "company": "agent",
    "seller": "agent", "merchant": "agent", "host": "agent", "helpdesk": "agent", "internal": "agent",
    "service": "agent", "end user": "customer", "bot user": "bot",
}  # fmt: skip
_SPEECH: Final = {
    "text",
    "message",
    "normal",
    "msg",
    "chat.msg",
    "comment",
    "reply",
    "public",
    "conversationmessage",
    "chat",
    "",
}
_NOTES: Final = {"private", "internal", "note", "internal note", "private note", "internal comment", "internalnote"}
_EVENTS: Final = {"event", "system", "systemmessage", "join", "leave", "transfer", "status", "notification", "rating"}


def plain(name: object) -> str:
    """Fold a column name for comparison."""
    return re.sub(r"[\W_]+", "", str(name)).casefold()


def find_columns(header: Sequence[str], options: ReadOptions) -> dict[str, int]:
    """Find the column of each field by alias; the user's mapping wins.

    One column serves one field, except that `transcript` and `started_at` may share theirs.

    Raises:
        UserError: `--map` names a column that this table does not have.
    """
    folded = [plain(name) for name in header]
    first: dict[str, int] = {}
    for index, name in enumerate(folded):
        first.setdefault(name, index)
    columns: dict[str, int] = {}
    taken: set[int] = set()
    for field, wanted in options.columns.items():
        if field not in ALIASES:
            continue
        position = _position(wanted, header, first)
        if position is None:
            reason = f"no column {wanted!r}{nearest(wanted, header)}"
            raise UserError(reason, f"--map {field}={wanted}", "columns: " + ", ".join(header[:40]))
        columns[field] = position
        taken.add(position)
    # What matters most chooses first.
    for field in ("text", "role", "conversation", "speaker", "order", "at", "end", "event", "internal", *ALIASES):
        shared = field in ("transcript", "started_at")
        if field not in columns:
            fits = (first[name] for name in ALIASES[field] if name in first)
            found = next((each for each in fits if shared or each not in taken), None)
            if found is not None:
                columns[field] = found
                taken |= set() if shared else {found}
    return columns


def _position(wanted: str, header: Sequence[str], first: Mapping[str, int]) -> int | None:
    if wanted in header:
        return list(header).index(wanted)
    return first.get(plain(wanted))


class RoleColumn:
    """Translates the values of the role, speaker, event and visibility columns; every distinct value once."""

    def __init__(self, role_name: str, event_name: str, internal_name: str, options: ReadOptions) -> None:
        self._options = options
        self._flag: bool | None = None
        folded = plain(role_name)
        if folded in _CUSTOMER_FLAGS:
            self._flag = True
        elif folded in _AGENT_FLAGS:
            self._flag = False
        self._strict_events = plain(event_name) == "entrytype"
        self._negated = plain(internal_name) in _NEGATED
        self._roles: dict[object, Role] = {}
        self._speakers: dict[object, Role] = {}

    def role(self, value: object, speaker: object) -> Role:
        """Translate a role value; where it says nothing, the speaker's label may."""
        if speaker is not None and self._options.roles:
            mapped = self._options.roles.get(str(speaker).strip().casefold())
            if mapped:
                return mapped
        found = self._roles.get(value) if value is not None else "unknown"
        if found is None:
            found = self._role(value)
            if len(self._roles) < 1000:
                self._roles[value] = found
        if found == "unknown" and speaker is not None:
            named = self._speakers.get(speaker)
            if named is None:
                named = label_role(str(speaker), self._options)
                if len(self._speakers) < 10_000:
                    self._speakers[speaker] = named
            return named
        return found

    def _role(self, value: object) -> Role:
        key = str(value).strip().casefold()
        if key in self._options.roles:
            return self._options.roles[key]
        if self._flag is not None:
            if key in _TRUE:
                return "customer" if self._flag else "agent"
            if key in _FALSE:
                return "agent" if self._flag else "customer"
        return role_value(key, self._options)

    def is_event(self, value: object) -> bool:
        """Tell whether the event column says that this row is no speech."""
        key = _fold_event(str(value))
        return key in _EVENTS or (self._strict_events and key not in _SPEECH)

    def is_internal(self, flag: object, event: object) -> bool:
        """Tell whether this row is a note that the customer never saw."""
        if event is not None and _fold_event(str(event)) in _NOTES:
            return True
        if flag is None:
            return False
        key = str(flag).strip().casefold()
        if key in _NOTES:
            return True
        return key in (_FALSE if self._negated else _TRUE)


@lru_cache(maxsize=2048)
def _fold_event(text: str) -> str:
    return text.strip().casefold()


def role_value(value: str, options: ReadOptions) -> Role:
    """Translate the value of a role column."""
    role = role_of(value, options, _TABLE_ROLES)
    return role if role != "unknown" else label_role(value, options)
