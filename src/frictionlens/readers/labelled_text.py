"""Read plain text logs whose lines say who speaks: chat transcripts, call notes, Otter and diariser exports.

One file may hold many conversations: they are told apart by rules (`---`), titles (`Conversation 12`) and
header blocks (`Call ID: …`) after an empty line. Lines above the first turn become metadata.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, stem_of
from frictionlens.readers._build import channel_of, score_of
from frictionlens.readers._labels import Dialogue, label_role, looks_like_speaker, parse_dialogue

_RULE = re.compile(r"\s*(?:[-=*_#~–—]\s?){3,}\s*$")
_TITLE = re.compile(
    r"\s*[\W_]*\b(?P<what>conversation|call|chat|ticket|case|transcript|interaction|session|dialogue?|contact|example|record)"
    r"\b[\s_]*(?P<mark>id|no\.?|number|#|:)?\s*[:#-]?\s*(?P<id>[\w./-]*\d[\w./-]*)(?P<rest>[^\w:].{0,40})?$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\s*[-*•]?\s*(?:\*\*)?(?P<key>[A-Za-z][A-Za-z /_#.-]{0,28}?)\s*(?:\*\*)?\s*[:=]\s*(?:\*\*)?\s*(?P<value>.*?)\s*$"
)
_HEADER_KEYS: Final = {
    name: field
    for field, names in {
        "id": (
            "conversation id,conversation,call id,chat id,ticket id,ticket,ticket number,ticket #,"
            "case number,case id,case,contact id,session id,transcript id,interaction id,id,"
            "reference,call,chat,thread id,conversation number,case no,ticket no,call reference"
        ),
        "started_at": (
            "date,start,start time,started,started at,date/time,call date,chat date,timestamp,"
            "created,created at,chat started"
        ),
        "channel": "channel,medium,source channel,contact channel",
        "agent": "agent name,agent id,handled by,assigned to,assignee,agent",
        "queue": "queue,skill,department,queue name",
        "team": "team,group",
        "tags": "tags,tag,categories,category,labels",
        "csat": "csat,csat score,rating,satisfaction,customer rating",
        "qa_score": "qa,qa score,quality score,compliance,compliance score",
        "language": "language,lang,locale",
        "product": "product,product name",
        "meta": (
            "subject,title,topic,duration,call duration,length,end,end time,ended,ended at,time,"
            "status,customer name,customer id,chat origin,participants,attendees,speakers,caller id,"
            "location,reason,disposition,outcome,priority,issue,company,recording,file,version,"
            "exported,exported at,time zone,timezone,customer,caller,platform,direction,phone,"
            "wait time,hold time"
        ),
    }.items()
    for name in names.split(",")
}
"""Header words, lower case → field of ours; `meta` keeps them under their own name."""

_ROLE_KEYS: Final = frozenset({"agent", "customer", "caller"})


@dataclass
class _Segment:
    """Lines of one conversation as they come."""

    lines: list[str] = field(default_factory=list)
    first_line: int = 0
    titled: str = ""


def _header_key(line: str) -> tuple[str, str, str] | None:
    match = _HEADER.match(line)
    if match is None:
        return None
    key = match["key"].strip().casefold()
    known = _HEADER_KEYS.get(key)
    return (key, known, match["value"].strip(" *")) if known else None


def _split_header(lines: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Take the metadata lines off the top of a conversation."""
    fields: dict[str, Any] = {"meta": {}}
    last = -1
    pending: list[tuple[str, str, str]] = []
    taken: list[tuple[str, str, str]] = []
    gap = False
    for index, line in enumerate(lines[:40]):
        if not line.strip() or _RULE.match(line):
            # `Agent: Dana Kim` right below other header lines, closed by an empty line, is header too.
            if pending and taken:
                taken += pending
                last = index
            if pending:
                pending = []
                break
            gap = True
            continue
        found = _header_key(line)
        if found is None:
            break
        key, kind, value = found
        if key in _ROLE_KEYS:
            if len(value.split()) > 4 or (gap and taken) or value.endswith((".", "?", "!")):
                break
            pending.append(found)
        elif kind == "id" and not re.search(r"\d|\w-\w", value):
            break
        else:
            taken += [*pending, found]
            pending = []
            gap = False
            last = index
    for key, kind, value in taken:
        if kind == "meta":
            fields["meta"][key.replace(" ", "_")] = value
        elif value:
            fields.setdefault(kind, value)
    return fields, lines[last + 1 :]


def _conversations(
    source: Source, options: ReadOptions, known: frozenset[str], problems: list[Problem], *, rules_split: bool
) -> Iterator[tuple[int, _Segment]]:
    """Cut the file into segments that look like one conversation each."""
    current = _Segment(first_line=1)
    spoken = headed = False
    blank = True
    with contextlib.closing(source.text_lines(problems)) as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.rstrip("\r\n")
            if number == 1:
                line = line.lstrip("\ufeff")
            text = line.strip()
            if not text:
                blank = True
                if current.lines[-2:] != ["", ""]:
                    current.lines.append("")
                continue
            first = text[0]
            boundary = False
            title: re.Match[str] | None = None
            if first in "-=*_#~–—" and _RULE.match(text):
                boundary = rules_split
                text = ""
            elif (blank or first in "-=*_#[") and len(text) < 80:
                title = _TITLE.match(text)
                if title:
                    boundary = True
                elif spoken and blank and ":" in text[:30] and (found := _header_key(text)) is not None:
                    boundary = found[1] in ("id", "started_at") and bool(re.search(r"\d", found[2]))
            if boundary and spoken:
                yield current.first_line, current
                current, spoken, headed = _Segment(first_line=number), False, False
            if title:
                current.titled = title["id"].strip(".-/") if not current.titled else current.titled
                blank = True
                current.lines.append("")
                continue
            if not boundary or text:
                current.lines.append(line if text else "")
            was_blank, blank = blank, not text
            if text and not spoken:
                found = _header_key(text)
                if found is None:
                    spoken = _speaks(text, options, known)
                elif found[0] in _ROLE_KEYS:
                    # `Agent: Dana Kim` among header lines names people; anywhere else somebody speaks.
                    spoken = not headed or was_blank or len(found[2].split()) > 4
                else:
                    headed = True
    if any(line.strip() for line in current.lines):
        yield current.first_line, current


def _speaks(text: str, options: ReadOptions, known: frozenset[str]) -> bool:
    if ":" in text[1:60]:
        return True
    label = re.split(r"\t|\s{2,}| [-–|] |>", text, maxsplit=1)[0].strip("[]<>* ")
    return label in known or looks_like_speaker(label) or label_role(label, options) != "unknown"


def _is_json(head: Head) -> bool:
    """Tell JSON from lines that happen to start with a bracket (`[0:00:06 - 0:00:07] …`)."""
    value = head.json
    return isinstance(value, dict) or (isinstance(value, list) and (not value or isinstance(value[0], dict | list)))


def _look(head: Head, options: ReadOptions) -> tuple[Dialogue, frozenset[str]]:
    """Parse the head as if it were one conversation: which labels does this file use?"""
    text = head.text
    if head.truncated:
        text = text[: text.rfind("\n") + 1]
    dialogue = parse_dialogue(text.splitlines(), options)
    # One use in a whole head is a name only together with a role or a time: `parse_dialogue` has settled that.
    return dialogue, frozenset(turn.speaker for turn in dialogue.turns if turn.speaker)


def _sniff(head: Head) -> str | None:
    if head.is_binary or not head.data or _is_json(head):
        return None
    lines = [line for line in head.text.splitlines()[:400] if line.strip()]
    body = _split_header(lines)[1]
    dialogue = parse_dialogue(body, ReadOptions())
    labelled = [turn for turn in dialogue.turns if turn.speaker]
    roles = {turn.role for turn in labelled} - {"unknown"}
    if not labelled or (len(labelled) < 2 and not roles):
        return None
    if len(dialogue.preface) > 2000 or (not roles and len({turn.speaker for turn in labelled}) < 2):
        return None
    if len(labelled) * 25 < len(body) and len(roles) < 2:
        return None
    speakers = list(dict.fromkeys(turn.speaker or "" for turn in labelled))
    timed = ", with times" if labelled[0].at is not None else ""
    # Labels are names of people as often as not: the reason says how many, never which.
    return f"lines that start with who speaks ({len(speakers)} speakers{timed})"


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    _, known = _look(source.head, options)
    rules_split = _rules_split(source, options, known)
    number = 0
    carried: list[str] = []
    used: set[str] = set()
    problems: list[Problem] = []
    for first_line, segment in _conversations(source, options, known, problems, rules_split=rules_split):
        fields, body = _split_header(carried + segment.lines)
        dialogue = parse_dialogue(body, options, known)
        if not dialogue.turns:
            # A header between two rules belongs to what follows.
            carried = carried + segment.lines if len(carried) < 200 else []
            continue
        carried = []
        number += 1
        yield from _interaction(
            source, segment, first_line=first_line, number=number, fields=fields, dialogue=dialogue, used=used
        )
    if not number:
        yield Problem(
            source.name, "", "no line says who speaks", "lines like `Agent: …` or `[00:01] Customer: …` are read"
        )
    elif any(line.strip() for line in carried):
        yield Problem(source.name, f"after conversation {number}", "text at the end in which no line says who speaks")
    yield from problems


def _rules_split(source: Source, options: ReadOptions, known: frozenset[str]) -> bool:
    """Tell whether `---` parts conversations here; where every part is one turn it parts turns."""
    parts = re.split(r"(?m)^\s*(?:[-=*_#~]\s?){3,}\s*$", source.head.text[:20_000])
    parts = [part for part in parts[:20] if part.strip()]
    if len(parts) < 3:
        return True
    counts = [len(parse_dialogue(part.splitlines(), options, known).turns) for part in parts]
    return not (max(counts) <= 1 and sum(counts) >= len(counts) - 1)


def _interaction(
    source: Source,
    segment: _Segment,
    *,
    first_line: int,
    number: int,
    fields: dict[str, Any],
    dialogue: Dialogue,
    used: set[str],
) -> Iterator[Record]:
    given = str(fields.get("id") or segment.titled or "")
    base = stem_of(source)
    interaction_id = given or (base if number == 1 else f"{base}#{number}")
    if interaction_id in used:
        interaction_id = f"{interaction_id}#{number}"
    if len(used) < 100_000:
        used.add(interaction_id)
    meta = dict(fields["meta"])
    if dialogue.preface:
        meta["title"] = dialogue.preface[:200]
    if dialogue.dates_ambiguous:
        yield Problem(
            source.name,
            f"line {first_line}",
            "dates could be day-month or month-day, so their times are left out",
            "say it with --map dates=dmy or dates=mdy",
        )
    tags = tuple(part.strip() for part in re.split(r"[,;|]", str(fields.get("tags") or "")) if part.strip())
    yield Interaction(
        id=interaction_id,
        turns=tuple(dialogue.turns),
        source=source.name,
        channel=channel_of(fields.get("channel")),
        started_at=dialogue.started_at or _iso_date(fields.get("started_at")),
        agent=fields.get("agent"),
        queue=fields.get("queue"),
        team=fields.get("team"),
        product=fields.get("product"),
        tags=tags,
        csat=score_of(fields.get("csat")),
        qa_score=score_of(fields.get("qa_score")),
        language=fields.get("language"),
        meta=meta,
    )


def _iso_date(text: str | None) -> str | None:
    """Keep a header's date where it is written year first; anything else could be misread."""
    match = re.match(
        r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?", text or ""
    )
    if match is None:
        return None
    clock = match[2] or "00:00:00"
    zone = "Z" if match[3] in ("Z", "UTC") else match[3] or ""
    return f"{match[1]}T{clock if len(clock) == 8 else clock + ':00'}{zone}"


FORMAT = Format(
    name="labelled-text",
    title="Plain text with speaker labels",
    sniff=_sniff,
    read=_read,
    rank=90,
)
