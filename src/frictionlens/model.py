"""Own the core types that flow from readers to reports, and the severity order.

The order of the flow: `Interaction(Turn…)` → `Finding` → `Scored`.
All types are frozen `msgspec.Struct`s: decoding a native transcript line and encoding a result line
are the two hottest paths of a scan, and msgspec does both without an intermediate dict.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

Role = Literal["customer", "agent", "bot", "system", "unknown"]
Channel = Literal["voice", "chat", "email", "messaging", "social", "other"]
Family = Literal["friction", "recovery", "signal", "sign", "episode"]
Severity = Literal["low", "medium", "high"]
Confidence = Literal["low", "medium", "high"]
KindOfNo = Literal["cannot", "may_not", "not_me", "not_now", "your_fault", "no_reason"]
ChargedKind = Literal["policy", "system", "department", "authority", "third_party", "contract"]

ROLES: Final[tuple[Role, ...]] = ("customer", "agent", "bot", "system", "unknown")
CHANNELS: Final[tuple[Channel, ...]] = ("voice", "chat", "email", "messaging", "social", "other")
LEVELS: Final[tuple[Severity, ...]] = ("low", "medium", "high")
"""Severity and confidence share one order, least to most."""

COMPANY_ROLES: Final[frozenset[Role]] = frozenset({"agent", "bot"})
"""Roles that speak for the company: what friction and recovery are looked for in."""

UNSURE: Final = "?"
"""Before a hand label: nobody can tell whether it holds."""

SCHEMA_VERSION: Final = 1
"""Version of the result line; raised when a field changes its meaning or leaves."""


class Charged(Struct, frozen=True, order=True):
    """The process a finding is charged to: what stands in the way, decides, or has to be dealt with."""

    kind: ChargedKind
    name: str
    """Shortest noun phrase, lower case, without determiners; see docs/glossary.md."""


class Turn(Struct, frozen=True, omit_defaults=True):
    """One contribution by one participant, as exported."""

    role: Role
    text: str
    at: float | str | None = None
    """Seconds since the start of the interaction; native lines may give an ISO 8601 time instead."""
    end: float | None = None
    """Seconds since the start of the interaction at which the turn ended, where the export says."""
    speaker: str | None = None
    internal: bool = False
    """True for notes that the customer never saw; such turns are kept for order and never evaluated."""
    labels: tuple[str, ...] | None = None
    """Hand labels; read by `eval` alone. None means not labelled, () means labelled with nothing.

    `UNSURE` before a label (`?refusal`): nobody can tell whether it holds, so that it counts neither way.
    """
    charged: tuple[Charged, ...] | None = None
    kind_of_no: str | None = None
    lines: tuple[int, int] | None = None
    """First and last line (from 1) of the text in the user's file, where the reader knows: what `check` marks."""

    def line_at(self, offset: int) -> int | None:
        """Return the line of the user's file that holds a character of the text, or None where it is not known."""
        if self.lines is None:
            return None
        # Formats that escape line ends (JSON) hold many lines of text in one line of the file.
        return min(self.lines[0] + self.text.count("\n", 0, offset), self.lines[1])


class Expectation(Struct, frozen=True, omit_defaults=True):
    """What a QA sample promises of one interaction; read by `check` alone."""

    found: tuple[str, ...] = ()
    """Rule ids or categories that must be found."""
    not_found: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None


class Interaction(Struct, frozen=True, omit_defaults=True):
    """One customer contact in one channel, start to end; what is scored."""

    id: Annotated[str, Meta(min_length=1)]
    turns: tuple[Turn, ...]
    source: str = ""
    """Where it came from: the file as the user named it, unless the line itself names a source."""
    channel: Channel = "other"
    started_at: str | None = None
    """ISO 8601 with offset; UTC (`Z`) wherever the export gives a zone."""
    agent: str | None = None
    queue: str | None = None
    team: str | None = None
    product: str | None = None
    tags: tuple[str, ...] = ()
    csat: float | None = None
    qa_score: float | None = None
    language: str | None = None
    expect: Expectation | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    """Vendor fields worth carrying that have no field of their own."""


class Finding(Struct, frozen=True):
    """A rule that matched, with its evidence: `turns[turn].text[start:end]` is what was said."""

    rule_id: str
    category: str
    family: Family
    severity: Severity
    confidence: Confidence
    turn: int
    """0-based index in the interaction as exported."""
    start: int
    end: int
    """Character offsets (Unicode code points, end-exclusive) in that turn's original text."""
    quote: str
    """The words between start and end; redacted unless the user asked otherwise."""
    kind_of_no: KindOfNo | None
    charged: tuple[Charged, ...]
    fingerprint: str
    line: int | None = None
    """Line (from 1) of the user's file where the quote starts, in formats that are edited by hand, such as macros."""


class Contribution(Struct, frozen=True):
    """What one finding added to the score."""

    finding: int
    """Index into `Scored.findings`."""
    points: float


class NotEvaluated(Struct, frozen=True, order=True):
    """What could not be looked for in this interaction, and why."""

    what: str
    """A family (`friction`, `signal` …) or `all`."""
    reason: str


class Facts(Struct, frozen=True):
    """Plain counts of an interaction that reports need and the transcript is not kept for."""

    turns: int
    company_turns: int
    customer_turns: int
    unknown_turns: int
    company_words: int
    process_words: int
    """Company words in sentences that carry a friction finding."""
    seconds: float | None
    process_seconds: float | None
    apology_words_before_option: int | None
    """Words of acknowledgement and hollow empathy before the first option; None when no option was offered."""


class Mark(Struct, frozen=True, array_like=True):
    """Where a finding stands in an excerpt turn: offsets in the *redacted* text, end-exclusive."""

    start: int
    end: int
    finding: int
    """Index into `Scored.findings`."""


class ExcerptTurn(Struct, frozen=True, omit_defaults=True):
    """One turn around a finding, redacted and cut to length: what a report opens when asked for the evidence."""

    turn: int
    """0-based index in the interaction as exported."""
    role: Role
    text: str
    marks: tuple[Mark, ...] = ()


class Scored(Struct, frozen=True, kw_only=True):
    """One scored interaction: the result line. Holds redacted quotes, never the transcript."""

    schema_version: int = SCHEMA_VERSION
    interaction_id: str
    source: str
    channel: Channel
    started_at: str | None
    score: float
    recovery_steps: int
    process_share: float
    contributions: tuple[Contribution, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    findings: tuple[Finding, ...]
    facts: Facts
    agent: str | None = None
    """Hashed by default: reports charge processes, not people."""
    queue: str | None = None
    team: str | None = None
    product: str | None = None
    tags: tuple[str, ...] = ()
    csat: float | None = None
    qa_score: float | None = None
    language: str | None = None
    request: str | None = None
    """First words of the customer, redacted; what similar requests are found by."""
    expect: Expectation | None = None
    """What a QA sample promised; `check` compares."""
    content_hash: str = ""
    """Digest of what was read, so that an unchanged interaction can be skipped."""
    excerpt: tuple[ExcerptTurn, ...] = ()
    """The turns that carry findings and their neighbours, redacted; empty unless a store or a report asked for it."""
