"""Own the measuring of findings against hand labels: precision, recall, F1, agreement, confusion, mistakes.

The unit is a turn that carries labels (an empty list is a statement too), or a whole interaction where the labels are
not given by turn. A unit counts once per category, however many findings it has. Agent and bot turns are judged for
friction and recovery, customer turns for signals, both for signs; a family of which the data carry no label at all is
not judged: nobody can tell whether it was looked for. Nor is a unit judged of which a label cannot be read: nobody can
tell which category was meant.

Intervals are of 95 %: Wilson for precision, recall and other shares; for F1 the percentile bootstrap over interactions
(turns of one conversation are not independent), seeded. The bootstrap sees only the mistakes that were made: of few
labels, or without any mistake, its interval is too narrow, and is left out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from frictionlens.analytics.intervals import Interval, wilson
from frictionlens.errors import UserError, closest, nearest
from frictionlens.model import COMPANY_ROLES, UNSURE, Charged, Finding, Interaction, Role, Turn
from frictionlens.rules.pack import Category
from frictionlens.scoring import Weights

FAMILIES: Final = ("friction", "recovery", "signal", "sign", "episode")
RESAMPLES: Final = 2_000
LEAST_LABELS: Final = 20
"""Labels below which F1 has no interval. In simulation (precision and recall .6 to .95, one label a conversation) the
bootstrap's interval holds the true F1 in .86 to .97 of the samples from 20 labels on, in .39 to .92 with 5."""
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
    """As given: of whatever spelling, unsure ones with `model.UNSURE` before them."""
    findings: tuple[Finding, ...]
    families: frozenset[str]
    """What is judged here, by the role of who speaks."""
    judged: frozenset[str] | None = None
    """Categories that were looked for in labelling, where the data say so."""
    unsure: frozenset[str] = frozenset()
    """Categories of which nobody can tell whether they hold."""

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
    """Units of the right role that are judged; of a family, once per category."""
    precision: float | None
    precision_interval: Interval
    recall: float | None
    recall_interval: Interval
    f1: float | None
    f1_interval: Interval | None
    """None below `LEAST_LABELS`, and where every draw gives the same: no mistake, or one conversation."""
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
    conversations: int
    """Units that are whole interactions."""
    categories: tuple[Measure, ...]
    families: tuple[Measure, ...]
    by_source: tuple[SourceMeasure, ...]
    confusion: tuple[Confusion, ...]
    clean: Share
    """Company units labelled with nothing in which friction was found; only units where all of friction is judged."""
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
    """Family without any label, or category without a column beside others that have one → findings in it, which
    therefore count neither way."""
    only: tuple[str, ...]
    """Categories that the rules looked for, where these are not all: nothing else is judged."""
    unsure: dict[str, int]
    """Category → units where nobody can tell whether it holds, which count neither way."""
    unread: int
    """Units with a label that is no category, of which nothing is judged."""
    unknown_labels: dict[str, int]
    """Label that is no category → how often."""
    suggested: dict[str, str]
    """Label that is no category → the one that is near, where there is one."""
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
    looked_for: Collection[str] | None = None,
) -> Evaluation:
    """Measure findings against labels.

    Args:
        units: see `find_units`.
        categories: of the pack that the findings came from.
        weights: of the score, by which mistakes are ordered.
        resamples: how often the bootstrap draws; 0 leaves the intervals of F1 out.
        looked_for: categories that could be found; labels of others are no misses. None is all.
    """
    tally = _Tally(categories, weights or Weights(), looked_for)
    for unit in units:
        tally.add(unit)
    return tally.finish(resamples)


class _Tally:
    """Counts as units come; settles at the end what is judged, since only then is known what carries labels."""

    def __init__(
        self, categories: Mapping[str, Category], weights: Weights, looked_for: Collection[str] | None
    ) -> None:
        self.categories = categories
        self.looked_for = frozenset(categories if looked_for is None else looked_for)
        self.weights = weights
        self.chargeable = frozenset(each.id for each in categories.values() if each.charged)
        self.cells: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
        """(source, interaction) → (category, hit | found | labelled | units) → count."""
        self.labels: Counter[str] = Counter()
        self.declared: frozenset[str] = frozenset()
        self.unknown: Counter[str] = Counter()
        self.unread = 0
        self.misplaced: Counter[str] = Counter()
        self.confusion: Counter[tuple[str, str | None, str | None]] = Counter()
        self.units: list[tuple[str, Unit]] = []
        self.charge: Counter[str] = Counter()

    def add(self, unit: Unit) -> None:
        self.declared |= unit.judged or frozenset()
        unit, unknown = self._read(unit)
        if unknown:
            self.unknown.update(unknown)
            self.unread += 1
            return
        for label in unit.labels:
            if self.categories[label].family not in unit.families:
                self.misplaced[label] += 1
            else:
                # Columns say themselves what was looked for.
                self.labels[label] += unit.judged is None
        if unit.turn is not None and unit.labels & self.chargeable & self.looked_for:
            _count_charge(self.charge, unit.interaction.turns[unit.turn], unit.findings)
        self.units.append((unit.interaction.source or "(no source)", unit))

    def _read(self, unit: Unit) -> tuple[Unit, set[str]]:
        """Return the unit with categories for labels, and the labels that are none."""
        labels: set[str] = set()
        unsure: set[str] = set()
        unknown: set[str] = set()
        for label in unit.labels:
            sure = not label.lstrip().startswith(UNSURE)
            name = label if label in self.categories else _folded(label)
            if name in self.categories:
                (labels if sure else unsure).add(name)
            elif name:
                unknown.add(label)
        return unit._replace(labels=frozenset(labels), unsure=frozenset(unsure - labels)), unknown

    def finish(self, resamples: int) -> Evaluation:
        families = {self.categories[label].family for label, count in self.labels.items() if count}
        names = [
            each.id
            for each in self.categories.values()
            if (each.family in families or each.id in self.declared) and each.id in self.looked_for
        ]
        wanted = frozenset(names)
        friction = frozenset(each.id for each in self.categories.values() if each.family == "friction")
        rules: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
        mistakes: list[Mistake] = []
        not_judged: Counter[str] = Counter()
        doubtful: Counter[str] = Counter()
        units = conversations = clean = alarms = 0
        for source, unit in self.units:
            here = frozenset(
                name
                for name in (wanted if unit.judged is None else unit.judged & wanted)
                if self.categories[name].family in unit.families
            )
            doubtful.update(unit.unsure & here)
            if here and not here - unit.unsure:
                continue
            here -= unit.unsure
            units += 1
            conversations += unit.turn is None
            labels, said = unit.labels & here, unit.said & here
            cell = self.cells[(source, unit.interaction.id)]
            for name in here:
                cell[name, "units"] += 1
            for name in labels | said:
                cell[name, "hit"] += name in labels and name in said
                cell[name, "found"] += name in said
                cell[name, "labelled"] += name in labels
            for each in unit.findings:
                if each.category in here:
                    rules[each.rule_id, each.category][each.category in labels] += 1
                elif each.family != "episode" and each.category not in unit.unsure:
                    not_judged[each.category] += 1
            if not unit.labels and not unit.unsure and friction and friction <= here:
                clean += 1
                alarms += any(self.categories[name].family == "friction" for name in said)
            self._confuse(source, labels, said)
            mistakes.extend(self._mistakes(unit, labels, said))
        mistakes.sort(key=lambda each: (-each.points, each.category, each.interaction.id, each.turn or 0))
        rows = [self.cells[key] for key in sorted(self.cells)]
        charge = self.charge
        return Evaluation(
            interactions=len(self.cells),
            units=units,
            conversations=conversations,
            categories=tuple(self._measures([(name, (name,)) for name in names], rows, resamples)),
            families=tuple(self._measures(self._families(names), rows, resamples)),
            by_source=tuple(self._by_source(names, resamples)),
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
            not_judged=self._by_family(not_judged, wanted),
            only=() if self.looked_for >= self.categories.keys() else tuple(sorted(self.looked_for)),
            unsure=dict(sorted(doubtful.items())),
            unread=self.unread,
            unknown_labels=dict(sorted(self.unknown.items())),
            suggested={
                label: near for label in sorted(self.unknown) if (near := closest(_folded(label), self.categories))
            },
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

    def _by_family(self, counts: Mapping[str, int], wanted: frozenset[str]) -> dict[str, int]:
        """Count findings by category, or by family where nothing of the family is judged."""
        judged = {self.categories[name].family for name in wanted}
        found: Counter[str] = Counter()
        for name, count in counts.items():
            family = self.categories[name].family
            found[name if family in judged else family] += count
        return dict(sorted(found.items()))

    def _families(self, names: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Return the families of these categories with those that belong to them."""
        members = {
            family: tuple(name for name in names if self.categories[name].family == family) for family in FAMILIES
        }
        return [(family, among) for family, among in members.items() if among]

    def _measures(
        self,
        wanted: Sequence[tuple[str, tuple[str, ...]]],
        rows: Sequence[Mapping[tuple[str, str], int]],
        resamples: int,
    ) -> Iterator[Measure]:
        """Measure categories, or families, of which something was found or labelled; with the bootstrap over rows.

        Args:
            wanted: name and the categories that count under it.
            rows: counts of the interactions.
            resamples: how often to draw.
        """
        intervals = _bootstrap(
            [
                [[sum(row[name, what] for name in members) for what in _COUNTS[:3]] for row in rows]
                for _, members in wanted
            ],
            resamples,
        )
        for (name, members), interval in zip(wanted, intervals, strict=True):
            counts = {what: sum(row[each, what] for row in rows for each in members) for what in _COUNTS}
            if counts["found"] or counts["labelled"]:
                family = self.categories[members[0]].family
                yield _measure(name, family, counts, interval=interval, with_kappa=name in self.categories)

    def _by_source(self, names: Sequence[str], resamples: int) -> Iterator[SourceMeasure]:
        rows: dict[str, list[Mapping[tuple[str, str], int]]] = defaultdict(list)
        for source, interaction in sorted(self.cells):
            rows[source].append(self.cells[source, interaction])
        for source, own in rows.items():
            for measure in self._measures(self._families(names), own, resamples):
                yield SourceMeasure(source, measure)


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

    None where there are fewer than `LEAST_LABELS` labels, or where every draw gives the same.

    Args:
        columns: per column, per row (hits, found, labelled).
        resamples: how often to draw; 0 gives no interval.
    """
    enough = [sum(labelled for _, _, labelled in column) >= LEAST_LABELS for column in columns]
    if not resamples or not any(enough):
        return [None] * len(columns)
    import numpy as np

    table = np.asarray(columns, dtype=np.float64)
    rows = table.shape[1]
    generator = np.random.Generator(np.random.PCG64(SEED))
    drawn = generator.multinomial(rows, np.full(rows, 1 / rows), resamples).astype(np.float64)
    found: list[Interval | None] = []
    for column, many in zip(table, enough, strict=True):
        hits, found_count, labelled = (drawn @ column).T
        size = found_count + labelled
        # A draw without any case of a rare category says nothing about it.
        values = 2 * hits[size > 0] / size[size > 0]
        if many and np.ptp(values):
            low, high = np.quantile(values, [0.025, 0.975])
            found.append(Interval(float(low), float(high)))
        else:
            found.append(None)
    return found


def _folded(label: str) -> str:
    """Fold a label for comparison; punctuation stays, since `refusal?` is not `refusal`, but for a leading `UNSURE`."""
    return "_".join(re.split(r"[\s_-]+", label.strip().removeprefix(UNSURE).strip().casefold()))


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
