"""Own the measuring of findings against hand labels: precision, recall, F1, agreement, confusion, mistakes.

The unit is a turn that carries labels (an empty list is a statement too), or a whole interaction where the labels are
not given by turn. A unit counts once per category, however many findings it has. Agent and bot turns are judged for
friction and recovery, customer turns for signals, both for signs; a family of which the data carry no label at all is
not judged: nobody can tell whether it was looked for.

Intervals are of 95 %: Wilson for precision, recall and other shares; for F1 the percentile bootstrap over interactions
(turns of one conversation are not independent), seeded.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from frictionlens.analytics.intervals import Interval, wilson
from frictionlens.errors import UserError, nearest
from frictionlens.model import COMPANY_ROLES, Charged, Finding, Interaction, Role, Turn
from frictionlens.rules.pack import Category
from frictionlens.scoring import Weights

FAMILIES: Final = ("friction", "recovery", "signal", "sign", "episode")
RESAMPLES: Final = 2_000
SEED: Final = 20_261_122
"""Fixed, so that the same labels and findings give the same interval."""

_COUNTS: Final = ("hit", "found", "labelled", "units")
_COMPANY_FAMILIES: Final = frozenset({"friction", "recovery", "sign", "episode"})
_CUSTOMER_FAMILIES: Final = frozenset({"signal", "sign", "episode"})

Detect = Callable[[Interaction], Sequence[Finding]]


class Unit(NamedTuple):
    """What is compared: the labels and the findings of one turn, or of one interaction."""

    interaction: Interaction
    turn: int | None
    """None where the labels are of the whole interaction."""
    labels: frozenset[str]
    findings: tuple[Finding, ...]
    families: frozenset[str]
    """What is judged here, by the role of who speaks."""
    judged: frozenset[str] | None = None
    """Categories that were looked for in labelling, where the data say so."""

    @property
    def said(self) -> frozenset[str]:
        """Return the categories found."""
        return frozenset(each.category for each in self.findings)


class Measure(Struct, frozen=True):
    """How well one category, or one family, was found. A figure is None where it divides by nothing."""

    name: str
    family: str
    hits: int
    """Units where label and finding agree on yes."""
    found: int
    labelled: int
    units: int
    """Units of the right role."""
    precision: float | None
    precision_interval: Interval
    recall: float | None
    recall_interval: Interval
    f1: float | None
    f1_interval: Interval | None
    """None where nothing was found nor labelled."""
    kappa: float | None
    """Cohen's kappa of rules and labels; None for families, and where one side says the same everywhere."""


class Share(Struct, frozen=True):
    """A share with its interval."""

    hits: int
    of: int
    share: float | None
    interval: Interval


class SourceMeasure(Struct, frozen=True):
    """One family in one source."""

    source: str
    measure: Measure


class Confusion(Struct, frozen=True):
    """How often a unit of a source was labelled one thing where another was found."""

    source: str
    labelled: str | None
    """None: no label stands against the false alarm."""
    found: str | None
    """None: nothing was found instead."""
    count: int


class Mistake(Struct, frozen=True):
    """One unit where label and finding differ in one category. Holds the interaction for showing, never in output."""

    kind: Literal["miss", "false alarm"]
    category: str
    interaction: Interaction
    turn: int | None
    findings: tuple[Finding, ...]
    """Of a false alarm: the findings at fault. Of a miss: what was found there instead."""
    labels: tuple[str, ...]
    points: float
    """What it makes of the score: the weight of what was missed, or the points the false finding brings."""


class RuleMeasure(Struct, frozen=True):
    """How often the findings of one rule agree with the labels."""

    rule_id: str
    category: str
    true: int
    of: int
    interval: Interval


class Evaluation(Struct, frozen=True):
    """Everything that was measured; `mistakes` is in order, worst first."""

    interactions: int
    units: int
    categories: tuple[Measure, ...]
    families: tuple[Measure, ...]
    by_source: tuple[SourceMeasure, ...]
    confusion: tuple[Confusion, ...]
    clean: Share
    """Company units labelled with nothing in which friction was found."""
    charged_named: Share
    """Process named, or rightly nobody, of units with a label that may carry one."""
    charged_kind: Share
    """One of the right kinds, where the labels name a process."""
    charged_name: Share
    """A word of the right name, where the labels name a process."""
    kind_of_no: Share
    rules: tuple[RuleMeasure, ...]
    mistakes: tuple[Mistake, ...]
    not_judged: dict[str, int]
    """Family without any label → findings in it, which therefore count neither way."""
    unknown_labels: dict[str, int]
    """Label that is no category → how often."""
    misplaced_labels: dict[str, int]
    """Category labelled on a turn of a role that cannot carry it → how often."""

    def measure(self, name: str) -> Measure:
        """Return the measure of a category or a family.

        Raises:
            UserError: neither of this name was judged.
        """
        known = {each.name: each for each in (*self.families, *self.categories)}
        if name not in known:
            raise UserError(
                f"nothing of the name {name!r} was judged{nearest(name, known)}", "", f"judged: {', '.join(known)}"
            )
        return known[name]


def families_of(role: Role) -> frozenset[str]:
    """Return what is judged in the turns of a role."""
    if role in COMPANY_ROLES:
        return _COMPANY_FAMILIES
    return _CUSTOMER_FAMILIES if role == "customer" else frozenset()


def find_units(interactions: Iterable[Interaction], detect: Detect) -> Iterator[Unit]:
    """Yield what can be compared: every labelled turn, or the interaction where its labels are of the whole.

    Args:
        interactions: with hand labels; those without any are passed over.
        detect: returns the findings of an interaction, such as `lambda each: scanner.detect(each).findings`.
    """
    for interaction in interactions:
        whole, columns = interaction.meta.get("labels"), interaction.meta.get("judged")
        judged = None if columns is None else frozenset(map(str, columns))
        labelled = [index for index, turn in enumerate(interaction.turns) if turn.labels is not None]
        if not labelled and whole is None:
            continue
        findings = detect(interaction)
        if not labelled and whole is not None:
            every = frozenset(FAMILIES)
            yield Unit(interaction, None, frozenset(map(str, whole)), tuple(findings), every, judged)
        for index in labelled:
            turn = interaction.turns[index]
            if families := families_of(turn.role):
                here = tuple(each for each in findings if each.turn == index and each.family in families)
                yield Unit(interaction, index, frozenset(turn.labels or ()), here, families, judged)


def evaluate(
    units: Iterable[Unit],
    categories: Mapping[str, Category],
    *,
    weights: Weights | None = None,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure findings against labels.

    Args:
        units: see `find_units`.
        categories: of the pack that the findings came from.
        weights: of the score, by which mistakes are ordered.
        resamples: how often the bootstrap draws; 0 leaves the intervals of F1 out.
    """
    tally = _Tally(categories, weights or Weights())
    for unit in units:
        tally.add(unit)
    return tally.finish(resamples)


class _Tally:
    """Counts as units come; settles at the end what is judged, since only then is known what carries labels."""

    def __init__(self, categories: Mapping[str, Category], weights: Weights) -> None:
        self.categories = categories
        self.weights = weights
        self.chargeable = frozenset(each.id for each in categories.values() if each.charged)
        self.cells: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
        """(source, interaction) → (category, hit | found | labelled | units) → count."""
        self.labels: Counter[str] = Counter()
        self.declared: frozenset[str] = frozenset()
        self.unknown: Counter[str] = Counter()
        self.misplaced: Counter[str] = Counter()
        self.confusion: Counter[tuple[str, str | None, str | None]] = Counter()
        self.units: list[tuple[str, Unit]] = []
        self.charge: Counter[str] = Counter()

    def add(self, unit: Unit) -> None:
        self.declared |= unit.judged or frozenset()
        for label in unit.labels:
            if label not in self.categories:
                self.unknown[label] += 1
            elif self.categories[label].family not in unit.families:
                self.misplaced[label] += 1
            else:
                # Columns say themselves what was looked for.
                self.labels[label] += unit.judged is None
        if unit.turn is not None and unit.labels & self.chargeable:
            _count_charge(self.charge, unit.interaction.turns[unit.turn], unit.findings)
        self.units.append((unit.interaction.source or "(no source)", unit))

    def finish(self, resamples: int) -> Evaluation:
        families = {self.categories[label].family for label, count in self.labels.items() if count}
        names = [each.id for each in self.categories.values() if each.family in families or each.id in self.declared]
        wanted = frozenset(names)
        sources: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        rules: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
        mistakes: list[Mistake] = []
        not_judged: Counter[str] = Counter()
        clean = alarms = 0
        for source, unit in self.units:
            here = frozenset(
                name
                for name in (wanted if unit.judged is None else unit.judged & wanted)
                if self.categories[name].family in unit.families
            )
            labels, said = unit.labels & here, unit.said & here
            cell = self.cells[(source, unit.interaction.id)]
            for name in here:
                cell[name, "units"] += 1
            for name in labels | said:
                for counter in (cell, sources[source]):
                    counter[name, "hit"] += name in labels and name in said
                    counter[name, "found"] += name in said
                    counter[name, "labelled"] += name in labels
            for each in unit.findings:
                if each.category in here:
                    rules[each.rule_id, each.category][each.category in labels] += 1
                elif self.categories[each.category].family != "episode":
                    not_judged[each.family] += 1
            if not unit.labels and unit.families & {"friction"}:
                clean += 1
                alarms += any(self.categories[name].family == "friction" for name in said)
            self._confuse(source, labels, said)
            mistakes.extend(self._mistakes(unit, labels, said))
        mistakes.sort(key=lambda each: (-each.points, each.category, each.interaction.id, each.turn or 0))
        measures = self._measures(names, resamples)
        ordered = [each for each in measures if each.name in wanted and (each.found or each.labelled)]
        family_measures = [each for each in measures if each.name not in wanted and (each.found or each.labelled)]
        charge = self.charge
        return Evaluation(
            interactions=len(self.cells),
            units=len(self.units),
            categories=tuple(ordered),
            families=tuple(family_measures),
            by_source=tuple(self._by_source(sources, wanted)),
            confusion=tuple(
                Confusion(*key, count)
                for key, count in sorted(self.confusion.items(), key=lambda e: (-e[1], str(e[0])))
            ),
            clean=share(alarms, clean),
            charged_named=share(charge["named"], charge["turns"]),
            charged_kind=share(charge["kinds"], charge["labelled named"]),
            charged_name=share(charge["name"], charge["labelled named"]),
            kind_of_no=share(charge["kind"], charge["labelled kind"]),
            rules=tuple(
                RuleMeasure(rule, category, counts[True], counts.total(), wilson(counts[True], counts.total()))
                for (rule, category), counts in sorted(rules.items())
            ),
            mistakes=tuple(mistakes),
            not_judged=dict(sorted(not_judged.items())),
            unknown_labels=dict(sorted(self.unknown.items())),
            misplaced_labels=dict(sorted(self.misplaced.items())),
        )

    def _confuse(self, source: str, labels: frozenset[str], said: frozenset[str]) -> None:
        missed, wrong = labels - said, said - labels
        for label in missed:
            others = [each for each in wrong if self.categories[each].family == self.categories[label].family]
            self.confusion.update((source, label, other) for other in others or (None,))
        for other in wrong:
            if not any(self.categories[each].family == self.categories[other].family for each in missed):
                self.confusion[source, None, other] += 1

    def _mistakes(self, unit: Unit, labels: frozenset[str], said: frozenset[str]) -> Iterator[Mistake]:
        for name in labels - said:
            points = self.weights.category.get(name, self.categories[name].weight)
            yield Mistake("miss", name, unit.interaction, unit.turn, unit.findings, tuple(sorted(unit.labels)), points)
        for name in said - labels:
            findings = tuple(each for each in unit.findings if each.category == name)
            points = max(map(self._points, findings))
            yield Mistake(
                "false alarm", name, unit.interaction, unit.turn, findings, tuple(sorted(unit.labels)), points
            )

    def _points(self, finding: Finding) -> float:
        weight = self.weights.category.get(finding.category, self.categories[finding.category].weight)
        return weight * self.weights.severity[finding.severity] * self.weights.confidence[finding.confidence]

    def _measures(self, names: Sequence[str], resamples: int) -> list[Measure]:
        """Measure categories and then families, with the bootstrap over interactions."""
        columns: list[tuple[str, tuple[str, ...], str]] = [
            (name, (name,), self.categories[name].family) for name in names
        ]
        for family in FAMILIES:
            members = tuple(name for name in names if self.categories[name].family == family)
            columns += [(family, members, family)] if members else []
        rows = [self.cells[key] for key in sorted(self.cells)]
        intervals = _bootstrap(
            [
                [[sum(row[name, what] for name in members) for what in _COUNTS[:3]] for row in rows]
                for _, members, _ in columns
            ],
            resamples,
        )
        measures = []
        for (name, members, family), interval in zip(columns, intervals, strict=True):
            counts = {what: sum(row[each, what] for row in rows for each in members) for what in _COUNTS}
            measures.append(_measure(name, family, counts, interval=interval, with_kappa=name in names))
        return measures

    def _by_source(
        self, sources: Mapping[str, Counter[tuple[str, str]]], wanted: frozenset[str]
    ) -> Iterator[SourceMeasure]:
        for source, counts in sorted(sources.items()):
            for family in FAMILIES:
                members = [name for name in wanted if self.categories[name].family == family]
                sums = {what: sum(counts[name, what] for name in members) for what in _COUNTS}
                if sums["found"] or sums["labelled"]:
                    yield SourceMeasure(source, _measure(family, family, sums))


def share(hits: int, of: int) -> Share:
    """Return a share with its Wilson interval."""
    return Share(hits, of, hits / of if of else None, wilson(hits, of))


def f1_of(hits: int, found: int, labelled: int) -> float | None:
    """Return F1, the harmonic mean of precision and recall; None where nothing was found nor labelled."""
    return 2 * hits / (found + labelled) if found + labelled else None


def kappa_of(hits: int, found: int, labelled: int, units: int) -> float | None:
    """Return Cohen's kappa of two yes-or-no raters (J. Cohen 1960, Educational and Psychological Measurement 20:37).

    None where chance alone explains everything: no units, or both sides say the same everywhere.
    """
    if not units:
        return None
    agreed = (hits + units - found - labelled + hits) / units
    chance = (found * labelled + (units - found) * (units - labelled)) / units**2
    return None if chance >= 1 else (agreed - chance) / (1 - chance)


def _measure(
    name: str,
    family: str,
    counts: Mapping[str, int],
    *,
    interval: Interval | None = None,
    with_kappa: bool = False,
) -> Measure:
    hits, found, labelled, units = (counts[what] for what in _COUNTS)
    return Measure(
        name=name,
        family=family,
        hits=hits,
        found=found,
        labelled=labelled,
        units=units,
        precision=hits / found if found else None,
        precision_interval=wilson(hits, found),
        recall=hits / labelled if labelled else None,
        recall_interval=wilson(hits, labelled),
        f1=f1_of(hits, found, labelled),
        f1_interval=interval,
        kappa=kappa_of(hits, found, labelled, units) if with_kappa else None,
    )


def _bootstrap(columns: Sequence[Sequence[Sequence[int]]], resamples: int) -> list[Interval | None]:
    """Return the percentile interval of F1 of every column over resampled rows (Efron and Tibshirani 1993, ch. 13).

    Args:
        columns: per column, per row (hits, found, labelled).
        resamples: how often to draw; 0 gives no interval.
    """
    if not resamples or not columns or not columns[0]:
        return [None] * len(columns)
    import numpy as np

    table = np.asarray(columns, dtype=np.float64)
    rows = table.shape[1]
    generator = np.random.Generator(np.random.PCG64(SEED))
    drawn = generator.multinomial(rows, np.full(rows, 1 / rows), resamples).astype(np.float64)
    found: list[Interval | None] = []
    for column in table:
        hits, found_count, labelled = (drawn @ column).T
        size = found_count + labelled
        if not column[:, 1:].sum():
            found.append(None)
            continue
        # A draw without any case of a rare category says nothing about it.
        values = 2 * hits[size > 0] / size[size > 0]
        low, high = np.quantile(values, [0.025, 0.975])
        found.append(Interval(float(low), float(high)))
    return found


def _count_charge(charge: Counter[str], turn: Turn, findings: Sequence[Finding]) -> None:
    """Count whether the charged process and the kind of no are those that the labels give."""
    if turn.charged is None:
        return
    findings = [each for each in findings if each.family != "episode"]
    named = [each for finding in findings for each in finding.charged]
    charge["turns"] += 1
    charge["named"] += bool(named) == bool(turn.charged)
    if turn.charged:
        charge["labelled named"] += 1
        charge["kinds"] += bool({each.kind for each in named} & {each.kind for each in turn.charged})
        charge["name"] += _overlap(named, turn.charged)
    if turn.kind_of_no:
        charge["labelled kind"] += 1
        charge["kind"] += any(each.kind_of_no == turn.kind_of_no for each in findings)


def _overlap(one: Iterable[Charged], other: Iterable[Charged]) -> bool:
    words = {word for each in one for word in re.findall(r"\w+", each.name)}
    return any(words & set(re.findall(r"\w+", each.name)) for each in other)


class Shortfall(Struct, frozen=True):
    """An F1 that was asked for and not reached."""

    name: str
    least: float
    f1: float | None
    """None where the data hold nothing to judge it by, which does not pass either."""


def find_shortfalls(
    evaluation: Evaluation, least: Mapping[str, float], categories: Mapping[str, Category]
) -> list[Shortfall]:
    """Return what falls short of the F1 asked for, by category or family.

    Raises:
        UserError: a name that is neither.
    """
    measured = {each.name: each.f1 for each in (*evaluation.families, *evaluation.categories)}
    known = [*categories, *FAMILIES]
    short = []
    for name, value in least.items():
        if name not in known:
            raise UserError(f"there is no category or family {name!r}{nearest(name, known)}", "--min-f1")
        f1 = measured.get(name)
        if f1 is None or f1 < value:
            short.append(Shortfall(name, value, f1))
    return short
