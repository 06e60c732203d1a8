"""Own the types of a friction report: plain numbers and quotes, ready to be shown in any medium.

Shares are fractions (0 to 1), points are friction points, times are minutes. Everything here is rounded
already, so that every output shows the same number.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from frictionlens.model import ExcerptTurn

REPORT_VERSION = 1
"""Version of the JSON report; raised when a field changes its meaning or leaves."""


class Rate(Struct, frozen=True):
    """A share with its 95 % Wilson interval; None where there is nothing to divide by."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class Difference(Struct, frozen=True):
    """The difference of two shares, `after` minus `before`, with its 95 % Newcombe interval."""

    before: Rate
    after: Rate
    points: float | None
    """In fractions; +0.05 is five percentage points more."""
    low: float | None
    high: float | None


class Step(Struct, frozen=True):
    """A lasting change in a series: from this week on the rate is another one."""

    bucket: int
    """Index into `Report.buckets` of the first week at the new rate."""
    direction: Literal["up", "down"]
    difference: Difference
    """All weeks from the step to the next one (or the end) against all weeks back to the step before."""
    p: float
    """Fisher's exact test, corrected for every test that its section made."""


class Series(Struct, frozen=True):
    """One rate by week, and the weeks in which it changed."""

    name: str
    rates: tuple[Rate, ...]
    """One per bucket, oldest first."""
    steps: tuple[Step, ...]
    tested: bool
    """False where the group is too small to be tested at all."""


class Bucket(Struct, frozen=True):
    """One week (or one stretch of the length asked for)."""

    label: str
    since: str
    """First day, ISO 8601."""
    until: str
    """Last day, included."""
    interactions: int
    evaluated: int
    """Interactions in which friction could be looked for: the denominator of friction rates."""


class CaseFinding(Struct, frozen=True):
    """One finding of a shown conversation."""

    position: int
    rule_id: str
    category: str
    family: str
    quote: str
    turn: int
    points: float | None


class Case(Struct, frozen=True):
    """A conversation that the report shows: redacted, and only the turns around its findings."""

    source: str
    interaction_id: str
    started_at: str | None
    channel: str
    queue: str | None
    score: float
    recovery_steps: int
    csat: float | None
    qa_score: float | None
    request: str | None
    findings: tuple[CaseFinding, ...]
    excerpt: tuple[ExcerptTurn, ...]


class Quote(Struct, frozen=True):
    """A quote with the conversation that it opens."""

    text: str
    case: int
    """Index into `Report.cases`."""
    finding: int
    """Position of the finding in that conversation."""


class Headline(Struct, frozen=True):
    """The week in a few numbers."""

    interactions: int
    friction: Series
    """Share of evaluated interactions with at least one friction finding."""
    high: Series
    """Share of evaluated interactions with a score at or over `Report.high_score`."""
    friction_change: Difference
    """Against the week before."""
    friction_changed: bool
    """Whether that difference counts as a change after correction."""
    mean_score: float | None
    mean_score_low: float | None
    mean_score_high: float | None
    points: float
    process_words: int
    company_words: int
    process_minutes: float
    dead_ends: Rate
    leaving: Rate
    escalations: Rate


class Answer(Struct, frozen=True):
    """One of the five questions of the first page, answered in a sentence or two."""

    question: str
    answer: str


class QuotedNumber(Struct, frozen=True):
    """A time limit that was quoted for a process, and how many interactions heard it."""

    text: str
    unit: str
    """Limits in one unit can disagree."""
    interactions: int
    example: Quote | None


class Advice(Struct, frozen=True):
    """Better wording, from the rule that was found most often."""

    rule_id: str
    title: str
    advice: str
    findings: int


class LedgerRow(Struct, frozen=True):
    """One process, and what it did to customers in the period."""

    rank: int
    """1 is the most harmful; 0 for friction that was charged to nobody."""
    kind: str
    name: str
    interactions: Rate
    points: float
    harm: float
    """Friction points, weighed by what happened in the same interactions; see docs/report.md."""
    refused: Rate
    kinds_of_no: tuple[tuple[str, int], ...]
    """(kind of no, findings), most frequent first."""
    categories: tuple[tuple[str, int], ...]
    """(category, findings), most frequent first."""
    dead_ends: Rate
    leaving: Rate
    escalations: Rate
    process_words: int
    process_minutes: float
    numbers: tuple[QuotedNumber, ...]
    """Time limits quoted in two interactions or more, most frequent first."""
    conflicting: bool
    """Whether two of them are in one unit: the same policy, quoted in different ways."""
    quotes: tuple[Quote, ...]
    advice: Advice | None
    series: Series
    change: Difference
    """This period against the earlier ones pooled; shown as a change only where `series` has a step."""
    labelled_avoidable: int
    """Interactions with a human verdict `avoidable`."""


class FunnelStep(Struct, frozen=True):
    """One step of recovery."""

    name: str
    met: Rate
    """Interactions with friction in which this step was taken."""
    reached: Rate
    """…in which this step and all before it were taken."""
    series: Series


class Funnel(Struct, frozen=True):
    """Where recovery breaks."""

    interactions: int
    steps: tuple[FunnelStep, ...]
    breaks_at: str | None
    """The step at which most interactions leave the chain."""
    with_options: int
    apology_words_median: float | None
    """Words of apology and empathy before the first option, where one was offered."""
    apology_words_p90: float | None


class OperationsColumn(Struct, frozen=True):
    """A column of the operations file, one value per bucket where it has one."""

    name: str
    values: tuple[float | None, ...]


class Quadrant(Struct, frozen=True):
    """One corner of measured-well by friction."""

    measure_good: bool
    friction_high: bool
    interactions: int


class GreenButHurting(Struct, frozen=True):
    """How one measure (QA score, CSAT) goes with friction."""

    measure: str
    interactions: int
    good_from: float
    scale: float
    quadrants: tuple[Quadrant, ...]
    hurting: Rate
    """Of the interactions with a good measure: share with high friction."""
    rho: float | None
    """Spearman correlation of the measure with the friction score."""
    rho_low: float | None
    rho_high: float | None
    worst: tuple[int, ...]
    """Cases with a good measure and the highest scores."""


class Pair(Struct, frozen=True):
    """The same request, refused here and granted there."""

    similarity: float
    refused: int
    """Index into `Report.cases`."""
    granted: int
    process: str
    refusal: Quote
    grant: Quote
    verdict: str
    """`avoidable` or `correct` where a person has said so; else empty."""


class PairRate(Struct, frozen=True):
    """How often a refusal has a similar request that was granted."""

    process: str
    with_grant: Rate


class Pairs(Struct, frozen=True):
    """Inconsistent refusals."""

    refused: int
    compared: int
    """Refused interactions that had words to compare."""
    granted: int
    threshold: float
    with_grant: Rate
    by_process: tuple[PairRate, ...]
    pairs: tuple[Pair, ...]


class ChangeResult(Struct, frozen=True):
    """Before and after a change date."""

    date: str
    process: str
    what: str
    weeks_before: int
    weeks_after: int
    own: Difference
    others: Difference
    ratio: float | None
    """Rate after over rate before, divided by the same for the other processes; 1 is no effect."""
    ratio_low: float | None
    ratio_high: float | None
    p: float | None
    """Corrected for the number of change dates (Holm)."""
    verdict: Literal["fell", "rose", "no change that clears the interval", "too little to tell"]


class SliceRow(Struct, frozen=True):
    """One value of a field."""

    value: str
    interactions: int
    friction: Rate
    high: Rate
    mean_score: float | None
    process: str
    """The process with the most friction points in this group; empty where nothing is charged."""
    series: Series


class Slice(Struct, frozen=True):
    """One field, its values, and what was too small to show."""

    field: str
    rows: tuple[SliceRow, ...]
    folded_groups: int
    folded_interactions: int
    missing: int
    """Interactions without this field."""


class Missing(Struct, frozen=True):
    """What could not be looked for, why, and how often."""

    what: str
    reason: str
    interactions: int


class ProblemLine(Struct, frozen=True):
    """One thing that could not be read."""

    source: str
    record: str
    reason: str


class Coverage(Struct, frozen=True):
    """What the report rests on, and what it could not see."""

    stored: int
    undated: int
    in_period: int
    friction_evaluated: Rate
    signal_evaluated: Rate
    not_evaluated: tuple[Missing, ...]
    with_csat: Rate
    with_qa_score: Rate
    unknown_turns: Rate
    problems: int
    problem_lines: tuple[ProblemLine, ...]


class PackUse(Struct, frozen=True):
    """A rule pack that scored interactions of the window."""

    digest: str
    name: str
    version: str
    interactions: int


class Method(Struct, frozen=True):
    """How much was tested, so that a reader can judge what is marked."""

    false_change_rate: float
    """Stated chance that a window without any change shows a change anywhere."""
    tests: int
    dispersion: float
    """How much more the weeks vary than chance alone; 1 or more. Effective sample sizes are divided by it."""
    min_group: int


class Report(Struct, frozen=True):
    """A friction report of one period against the periods before it."""

    report_version: int
    program_version: str
    title: str
    timezone: str
    buckets: tuple[Bucket, ...]
    """Oldest first; the last is the period that the report is about."""
    high_score: float
    answers: tuple[Answer, ...]
    headline: Headline
    ledger: tuple[LedgerRow, ...]
    ledger_hidden: int
    """Named processes that are not shown: below the minimum group, or past the last rank."""
    nobody_named: LedgerRow | None
    kinds: tuple[Series, ...]
    funnel: Funnel
    signs: tuple[Series, ...]
    operations: tuple[OperationsColumn, ...]
    green: tuple[GreenButHurting, ...]
    pairs: Pairs | None
    changes: tuple[ChangeResult, ...]
    worst: tuple[int, ...]
    best: tuple[int, ...]
    slices: tuple[Slice, ...]
    coverage: Coverage
    packs: tuple[PackUse, ...]
    method: Method
    cases: tuple[Case, ...]
    titles: dict[str, str]
    """Category → its title for people."""
