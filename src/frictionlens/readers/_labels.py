"""Own dialogue written as text: lines that start with who speaks, in files, table cells and speech-to-text output.

Shapes: `Agent: …`, `[00:01:02] Customer: …`, `[0:00:01 - 0:00:04] SPEAKER_00 - …`, `Dana K  0:12` above its text,
`Agent:` on a line of its own, `**Agent:** …`, `[Agent] …`, `<Agent> …`, `Agent (10:32 AM): …`.
The trap is a colon in prose (`Note: …`, `Total: 12`): a label counts when it is a role word, when it carries a time,
when it looks like a diarised speaker, or when it comes back often enough to be a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from frictionlens.model import Role, Turn
from frictionlens.readers._base import COMMON_ROLES, ReadOptions, role_of
from frictionlens.readers._dates import STAMP, LocalTime, infer_order, parse_local, to_datetime
from frictionlens.readers._times import offsets

_NAME = r"[^\s:\[\]<>{}|()\"][^:\n\[\]<>{}|]{0,47}?"
_STAMPED = re.compile(
    rf"[\s\u200e\u200f]*(?:[-*•]\s+)?(?P<open>[\[(<{{])?\s*(?P<t1>{STAMP})"
    rf"(?:\s*(?:-->|->|-|–|—|/|to)\s*(?P<t2>{STAMP}))?\s*(?P<close>[\])>}}])?(?:\s*[-–—|,:]\s+|\s+|$)"
)
_USUAL = re.compile(
    r"(?:\[?(\d{1,2}:\d\d(?::\d\d)?)\]? (?![AaPp]\.?[Mm]\b))?"
    r"([A-Za-z][^:\n\[\]<>{}|()\"*\t]{0,40}[^:\n\[\]<>{}|()\"*\s])"
    r": (?!//)(?=\S)(.*)$",
    re.DOTALL,
)
"""`Agent: …` and `[00:01:02] Agent: …`: nine lines in ten, taken apart by one match."""
_LABEL = re.compile(rf"\s*(?:[-•]\s+)?(?P<label>{_NAME})\s*:(?:\s+|$)(?P<text>.*)$", re.DOTALL)
_BOLD = re.compile(r"\s*(?:[-•]\s+)?(\*\*|__|\*)(?P<label>[^*_:\n]{1,48}?)\s*:?\s*\1\s*:?\s*(?P<text>.*)$", re.DOTALL)
_BRACKETED = re.compile(r"\s*[\[<](?P<label>[^\]>:\d][^\]>:]{0,47})[\]>]\s*:?\s*(?P<text>.*)$", re.DOTALL)
_LABEL_STAMP = re.compile(
    rf"\s*(?:\*\*)?(?P<label>{_NAME})(?:\*\*)?(?P<gap>\s*[\[(]\s*|\s{{2,}}|\t|\s*[|,]\s*|\s+)(?P<t1>{STAMP})"
    rf"(?:\s*(?:-->|-|–|to)\s*(?P<t2>{STAMP}))?\s*[\])]?\s*(?P<colon>:?)\s*(?P<text>.*)$",
    re.DOTALL,
)
_DASHED = re.compile(r"\s*(?P<label>[^\s:\-–][^:\n]{0,40}?)\s*(?:\s[-–—|]\s+|>\s+)(?P<text>.*)$", re.DOTALL)
_SPEAKER = re.compile(
    r"(?:unknown |unidentified )?(?:speaker|spk|spkr|participant|channel|ch|voice|person)"
    r"(?:[\s_#-]*(?:\d{1,3}|[a-z]))?$",
    re.I,
)
_EVENT = re.compile(
    r"(?i)\b(?:joined|left|has left|ended|transferred|transferring to|closed|disconnected|assigned|on hold|call started"
    r"|started|reopened|escalated to|was added|timed out)\b"
)
_COMING = re.compile(
    r"(?i)[*\[(<-]*\s*\S+(?: \S+){0,4} (?:has |have |was )?(?:joined|left|entered|ended|closed|disconnected from)"
    r" (?:the |this )?(?:chat|conversation|call|room|session|channel)\W*$"
)
"""A line that is nothing but somebody coming or going."""
_WORD = re.compile(r"[^\W\d_]+(?:[-_'][^\W\d_]+)*")
_COMPANY_PHRASE = re.compile(
    r"(?i)\b(?:customer|client|member|user|guest|patient|passenger|technical|tech|it|product|billing|sales|live|call|help)"
    r"[\s_-]+(?:services?|support|care|success|relations|experience|advisors?|advisers?|agents?|rep(?:resentative)?s?"
    r"|operators?|specialists?|assistants?|desk|center|centre)\b"
)
_BOT_PHRASE = re.compile(
    r"(?i)\b(?:virtual|ai|automated|digital)[\s_-]+(?:assistant|agent|helper|system|attendant|bot)\b|\b\w*bot\b"
)

_PROSE: Final = """
note notes re fw fwd subject from to cc bcc sent date time http https ftp www tip tips warning caution important
total subtotal tax price cost order order number tracking tracking number ref reference id name email e-mail phone
address account account number case case number ticket ticket number error info debug warn trace fatal critical
notice step option options example e.g i.e ps p.s nb n.b update edit source link url website summary status issue
problem solution result answer question priority type category description title amount balance qty quantity sku
model serial version build hours location zip city state country dob expiry password username user id
monday tuesday wednesday thursday friday saturday sunday also however remember faq attachment attachments
created modified duration channel queue language rating csat tags team department disclaimer hint todo fixme
action event tool function
usage args returns raises yes no ok okay so well and but please thanks hello hi
"""
NOT_LABELS: Final = frozenset(_PROSE.split()) | {
    "order number", "tracking number", "account number", "case number", "ticket number", "user id", "order id",
}  # fmt: skip
"""Words before a colon that are prose or a form, never a speaker."""


@lru_cache(maxsize=4096)
def _common_role(label: str) -> Role:
    """Translate a label by the words in it: `Agent 2`, `Agent (Dana)`, `Dana [Support]`, `Customer Service Rep`."""
    key = label.strip().casefold()
    if key in COMMON_ROLES:
        return COMMON_ROLES[key]
    base = re.sub(r"[\s_#-]*\d{1,4}$", "", key)
    if base in COMMON_ROLES:
        return COMMON_ROLES[base]
    outer = re.sub(r"\s*[\[(].*?[\])]\s*", " ", key).strip()
    inner = " ".join(re.findall(r"[\[(](.*?)[\])]", key))
    for part in (inner, outer):
        if part in COMMON_ROLES:
            return COMMON_ROLES[part]
    if _BOT_PHRASE.search(key):
        return "bot"
    if _COMPANY_PHRASE.search(key):
        return "agent"
    # `Agent Dana`, `Dana (Customer)`, `Caller - Mo`: exactly one role among the words.
    words = _WORD.findall(key)
    found = {
        COMMON_ROLES[word]
        for word in words
        if word in COMMON_ROLES and word not in ("contact", "lead", "note", "human")
    }
    if len(found) == 1 and len(words) <= 4:
        return found.pop()
    return "unknown"


def label_role(label: str, options: ReadOptions, own: Mapping[str, Role] | None = None) -> Role:
    """Translate a speaker label into a role; the user's mapping wins, and what names no role stays unknown."""
    role = role_of(label, options, own)
    return role if role != "unknown" else _common_role(label)


def looks_like_speaker(label: str) -> bool:
    """Tell whether a label is what a diariser writes: `Speaker 1`, `SPEAKER_00`, `spk_0`, `ch_1`."""
    return bool(_SPEAKER.match(label.strip()))


@dataclass(slots=True)
class _Line:
    """A line, and what it starts with."""

    text: str
    label: str | None = None
    t1: str | None = None
    t2: str | None = None
    weak: bool = False
    """The shape alone does not make this a label: it needs a known word."""
    whole: str = ""


def _split_line(line: str) -> _Line:
    """Take a line apart into time, label and text."""
    if usual := _USUAL.match(line):
        time, label, text = usual.groups()
        return _Line(text, label, time, None, False, line)
    t1 = t2 = None
    rest = line
    first = line.lstrip(" \t\u200e\u200f-*•")[:2]
    if first and (first[0].isdigit() or (first[0] in "[(<{" and first[1:].isdigit())):
        stamped = _STAMPED.match(line)
        if stamped and (not stamped["open"] or stamped["close"]):
            t1, t2 = stamped["t1"], stamped["t2"]
            rest = line[stamped.end() :]
            if stamped[0].rstrip().endswith("|") and len(rest) < 48 and ":" not in rest:
                return _Line("", rest.strip(), t1, t2, False, line)
    start = rest.lstrip()[:1]
    if start in ("*", "_", "-", "•") and (match := _BOLD.match(rest)):
        return _Line(match["text"], match["label"].strip(), t1, t2, False, line)
    if start in ("[", "<") and (match := _BRACKETED.match(rest)):
        return _Line(match["text"], match["label"].strip(), t1, t2, True, line)
    match = _LABEL.match(rest)
    if match and not match["text"].startswith("//"):
        label = match["label"]
        if (
            t1 is None
            and label[-1].isdigit()
            and (late := _LABEL_STAMP.match(rest))
            and (late["colon"] or not late["text"])
        ):
            return _Line(late["text"], late["label"].strip(), late["t1"], late["t2"], False, line)
        return _Line(match["text"], label.strip(" *_"), t1, t2, False, line)
    if t1 is None and ":" in rest:
        late = _LABEL_STAMP.match(rest)
        if late:
            # `Dana K  0:12` above its text, `Dana (10:32 AM): text`; a lone time in prose has none of these marks.
            marked = late["colon"] or not late["text"] or "[" in late["gap"] or "(" in late["gap"]
            if marked:
                return _Line(
                    late["text"],
                    late["label"].strip(" *_,-"),
                    late["t1"],
                    late["t2"],
                    bool(late["text"]) and not late["colon"],
                    line,
                )
    if match := _DASHED.match(rest):
        return _Line(match["text"], match["label"].strip(), t1, t2, True, line)
    if t1 is not None and (spoken := _role_word(rest)):
        return _Line(spoken[1], spoken[0], t1, t2, True, line)
    if (
        t1 is not None
        and rest.strip()
        and len(rest) < 48
        and (_common_role(rest) != "unknown" or looks_like_speaker(rest))
    ):
        return _Line("", rest.strip(), t1, t2, False, line)
    if (
        t1 is None
        and len(line) < 40
        and line.strip()
        and (line.strip().casefold() in COMMON_ROLES or looks_like_speaker(line))
    ):
        return _Line("", line.strip(), None, None, True, line)
    return _Line(rest if t1 is not None else line, None, t1, t2, False, line)


def _role_word(rest: str) -> tuple[str, str] | None:
    """Take `agent we can't do that` behind a time apart; `Agent Dana` and `agent left` are no speech."""
    word, _, said = rest.strip().partition(" ")
    words = said.split()
    if word.casefold() not in COMMON_ROLES or not words or _EVENT.match(said):
        return None
    is_name = word[0].isupper() and len(words) <= 2 and all(each[:1].isupper() for each in words)
    return None if is_name else (word, said)


@dataclass
class Dialogue:
    """Turns read from labelled lines, and what stood above them."""

    turns: list[Turn] = field(default_factory=list)
    preface: str = ""
    """Text before the first label: a title, or nothing."""
    started_at: str | None = None
    dates_ambiguous: bool = False


def _accept(lines: Sequence[_Line], options: ReadOptions, known: frozenset[str]) -> dict[str, bool]:
    """Decide for every label (as written) whether it is a speaker."""
    seen = Counter([line.label for line in lines if line.label is not None])
    stamped = Counter([line.label for line in lines if line.t1 is not None])
    strong = {line.label for line in lines if not line.weak}
    accepted: dict[str, bool] = {}
    names: list[str] = []
    # `User: jsmith` is a line of a form; beside `Agent: …` it is who the agent talks to.
    answered = any(_common_role(label) in {"agent", "bot"} for label in seen)
    for label in seen:
        key = label.casefold()
        if key in options.roles or label in known:
            accepted[label] = True
        elif key in NOT_LABELS and not (_common_role(label) == "customer" and answered):
            accepted[label] = False
        elif label_role(label, options) != "unknown" or looks_like_speaker(label):
            accepted[label] = True
        elif label not in strong or not _name_like(label):
            accepted[label] = False
        elif stamped[label] == seen[label]:
            accepted[label] = True
        else:
            names.append(label)
            accepted[label] = False
    # Unknown words are names when they come back, and alternate with someone; a single `Reminder: …` does neither.
    settled = sum(accepted.values())
    repeated = [label for label in names if seen[label] >= 2]
    if len(repeated) + settled >= 2:
        for label in repeated:
            accepted[label] = True
        if not settled or not any(_common_role(label) != "unknown" for label in seen):
            # Someone who spoke once among people who spoke often.
            for label in names:
                accepted[label] = accepted[label] or bool(repeated and len(names) <= 6)
    elif len(names) == 2 and lines and len(lines) <= 6:
        for label in names:
            accepted[label] = True
    return accepted


def _name_like(label: str) -> bool:
    words = label.split()
    if (
        not words
        or len(words) > 5
        or (len(words) > 2 and label.endswith((",", ".", "?", "!")) and not label.endswith(("Jr.", "Sr.")))
    ):
        return False
    first = words[0]
    return not first[0].isalpha() or not first[0].islower() or "@" in label or "_" in label


def parse_dialogue(
    text_lines: Iterable[str], options: ReadOptions, known: frozenset[str] = frozenset(), *, minimum: int = 1
) -> Dialogue:
    """Parse labelled lines of one conversation into turns.

    Args:
        text_lines: lines without their ends.
        options: the user's roles.
        known: labels that are speakers whatever this conversation alone would tell.
        minimum: fewer labelled lines than this are no dialogue: the result has no turns.

    Returns:
        The dialogue; times are seconds since the start.
    """
    lines = [_split_line(each) for each in text_lines]
    accepted = _accept(lines, options, known)
    spoken = [line for line in lines if line.label is not None and accepted[line.label]]
    labelled = len(spoken)
    stamped = len([line for line in lines if line.t1 is not None])
    dialogue = Dialogue()
    if labelled < minimum and (
        stamped < 2 or stamped < minimum or stamped * 2 < sum(1 for line in lines if line.whole.strip())
    ):
        return dialogue
    with_time = len([line for line in spoken if line.t1 is not None])
    # Where nearly every label carries a time, a label without one is prose that happens to hold a colon.
    timed_style = with_time >= 3 and with_time >= labelled * 0.8
    blocks: list[tuple[str | None, str | None, str | None, list[str], Role | None]] = []
    preface: list[str] = []
    for line in lines:
        is_label = line.label is not None and accepted[line.label]
        if is_label and timed_style and line.t1 is None and line.label is not None and line.label not in known:
            is_label = bool(line.weak is False and not blocks)
        if is_label:
            blocks.append((line.label, line.t1, line.t2, [line.text], None))
        elif line.t1 is not None and (
            line.whole.lstrip()[:1] in "[(<{" or not labelled or (timed_style and _EVENT.search(line.whole))
        ):
            # A time without a speaker: an event, or an export without speakers.
            after = line.whole[line.whole.find(line.t2 or line.t1) + len(line.t2 or line.t1) :].lstrip(" ])>}-–—|,:")
            blocks.append((None, line.t1, line.t2, [after], "system" if _is_event(after) else "unknown"))
        elif blocks and (
            (_is_event(line.whole) and line.whole.strip()[0] in "[(*<-=") or _COMING.match(line.whole.strip())
        ):
            blocks.append((None, None, None, [line.whole.strip()], "system"))
        elif blocks:
            blocks[-1][3].append(line.whole)
        elif line.whole.strip():
            preface.append(line.whole.strip())
    times = _times([(block[1], block[2]) for block in blocks], options, dialogue)
    roles = {label: label_role(label or "", options) for label in {block[0] for block in blocks}}
    for (label, _, _, body, role), (at, end) in zip(blocks, times, strict=True):
        dialogue.turns.append(Turn(role or roles[label], "\n".join(body).strip(), at, end, label))
    dialogue.preface = "\n".join(preface)
    return dialogue


def _is_event(text: str) -> bool:
    stripped = text.strip()
    return (
        len(stripped) < 100
        and bool(_EVENT.search(stripped))
        and (stripped[:1] in "[(*<-=" or len(stripped.split()) <= 10)
    )


def _times(
    stamps: Sequence[tuple[str | None, str | None]], options: ReadOptions, dialogue: Dialogue
) -> list[tuple[float | None, float | None]]:
    """Turn written times into seconds since the start; dates give `started_at`."""
    pairs = [(parse_local(first) if first else None, parse_local(last) if last else None) for first, last in stamps]
    given = [first for first, _ in pairs if first]
    if not given:
        return [(None, None)] * len(pairs)
    if any(time.date for time in given):
        return _dated(pairs, given, options, dialogue)
    scale = _two_part_scale(given)
    first_value = given[0].seconds * scale
    # An offset is kept as written; a time of day becomes the time since the first line.
    of_day = any(time.half_day for time in given) or scale == 60 or (given[0].parts == 3 and first_value >= 3600)
    base = first_value if of_day else 0.0
    result: list[tuple[float | None, float | None]] = []
    latest = 0.0
    for first, last in pairs:
        at = _offset(first, scale, base, latest if of_day else None)
        latest = at if at is not None else latest
        result.append((at, _offset(last, scale, base, latest if of_day else None)))
    return result


def _offset(time: LocalTime | None, scale: int, base: float, latest: float | None) -> float | None:
    if time is None:
        return None
    value = time.seconds * (scale if time.parts == 2 else 1) - base
    if latest is not None and value < latest - 43_200:
        value += 86_400  # past midnight
    return round(value, 3)


def _two_part_scale(times: Sequence[LocalTime]) -> int:
    """Tell minutes:seconds (1) from hours:minutes (60): hours never pass 23, and nobody starts six minutes in."""
    two = [time for time in times if time.parts == 2]
    if (
        two
        and two[0].seconds >= 360
        and all(time.seconds < 24 * 60 for time in two)
        and all(time.parts == 2 for time in times)
    ):
        return 60
    return 1


def _dated(
    pairs: Sequence[tuple[LocalTime | None, LocalTime | None]],
    given: Sequence[LocalTime],
    options: ReadOptions,
    dialogue: Dialogue,
) -> list[tuple[float | None, float | None]]:
    order = infer_order(given, options.columns.get("dates", ""))
    days = {time.date for time in given if time.date}
    dialogue.dates_ambiguous = order is None
    moments = [to_datetime(first, order or "dmy") if first else None for first, _ in pairs]
    started, seconds = offsets(moments)
    if started is None or (order is None and len(days) > 1):
        return [(None, None)] * len(pairs)
    if order is not None:
        dialogue.started_at = started
    return [(at, None) for at in seconds]
