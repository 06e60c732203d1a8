"""Measure validity: does friction in what the company said predict what the customer does next?

The score of a conversation cut right before a customer's turn uses only what the company had said until then (the score
never counts customer turns; some rules look at what the customer said before, to understand the answer). What the
customer then does is taken from hand labels: frustration, repeat contact, a leaving threat, a request to escalate.

- `first answer`: one observation per conversation, cut after the company's first answer; the outcome is a signal in any
  later customer turn. All conversations are looked at after the same stretch, so length cannot explain the figure.
- `next turn`: every customer turn after an answer, up to and including the first that carries a signal; the score so
  far against a signal in this very turn.

`calm so far` keeps observations in which no earlier customer turn carried a signal: who was upset already tends to stay
so whatever is said. AUC is the chance that an observation with the signal has the higher score than one without (ties
count half); over all sources only observations of one source are compared with each other, since sources differ in
both. Intervals: 95 % percentile bootstrap over conversations, seeded. Beside the score of the rules stands the score
that the same formula gives to the hand labels: what the idea is worth if every finding were right.

    python benchmarks/validity.py ../shared/gold/dev.jsonl ../shared/gold/dev_more.jsonl
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from scipy.stats import rankdata

from frictionlens.model import COMPANY_ROLES, Finding, Interaction
from frictionlens.pipeline import Options, Scanner
from frictionlens.scoring import score as score_findings
from gold import read_labelled

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]
Strings = np.ndarray[tuple[int], np.dtype[np.str_]]

RESAMPLES = 1_000
SEED = 20_261_122
MINIMUM = 10
"""Fewer observations of either kind than this give no figure."""


@dataclass(frozen=True)
class Observation:
    """What the company had said, as a score, and what the customer did."""

    conversation: str
    source: str
    design: str
    calm: bool
    score: float
    """By the rules."""
    labelled: float
    """By the same formula on hand labels."""
    signals: frozenset[str]


@dataclass(frozen=True)
class Result:
    """One AUC."""

    design: str
    group: str
    outcome: str
    calm_only: bool
    positives: int
    negatives: int
    auc: float | None
    low: float = 0.0
    high: float = 1.0
    labelled_auc: float | None = None


def observe(scanner: Scanner, interactions: Iterable[Interaction]) -> list[Observation]:
    """Return the observations of both designs."""
    signals = {key for key, each in scanner.pack.categories.items() if each.family == "signal"}
    found: list[Observation] = []
    for interaction in interactions:
        answered, calm, at_risk = False, True, True
        for index, turn in enumerate(interaction.turns):
            if turn.role in COMPANY_ROLES:
                answered = True
            if turn.role != "customer" or turn.labels is None:
                continue
            here = frozenset(turn.labels) & signals
            follows_answer = answered and interaction.turns[index - 1].role in COMPANY_ROLES
            if follows_answer:
                first = not any(each.conversation == interaction.id for each in found[-1:])
                if first or at_risk:
                    cut = replace(interaction, turns=interaction.turns[:index])
                    score, labelled = scanner.score(cut).score, _score_labels(scanner, cut)
                if first:
                    later = (each.labels or () for each in interaction.turns[index:] if each.role == "customer")
                    ever = frozenset(label for labels in later for label in labels) & signals
                    found.append(
                        Observation(interaction.id, interaction.source, "first answer", calm, score, labelled, ever)
                    )
                if at_risk:
                    found.append(
                        Observation(interaction.id, interaction.source, "next turn", calm, score, labelled, here)
                    )
                    at_risk = not here
            calm = calm and not here
    return found


def _score_labels(scanner: Scanner, interaction: Interaction) -> float:
    """Score hand labels as if each were a finding of medium severity and high confidence."""
    categories = scanner.pack.categories
    findings = [
        Finding("", label, categories[label].family, "medium", "high", index, 0, 0, "", None, (), "")
        for index, turn in enumerate(interaction.turns)
        if turn.role in COMPANY_ROLES
        for label in turn.labels or ()
    ]
    return score_findings(findings, categories).score


def auc_of(scores: Floats, outcomes: Bools, strata: Strings) -> float | None:
    """Return the area under the ROC curve by ranks (Mann-Whitney), comparing within strata; None without any pair."""
    wins, pairs = 0.0, 0
    for stratum in np.unique(strata):
        here = strata == stratum
        truth, values = outcomes[here], scores[here]
        positives, negatives = int(truth.sum()), int((~truth).sum())
        if positives and negatives:
            wins += float(rankdata(values)[truth].sum()) - positives * (positives + 1) / 2
            pairs += positives * negatives
    return wins / pairs if pairs else None


def measure(observations: Sequence[Observation], design: str, group: str, outcome: str, *, calm_only: bool) -> Result:
    """Measure one AUC with its interval.

    Args:
        observations: of both designs.
        design: `first answer` or `next turn`.
        group: a source, or `all`.
        outcome: a signal, or `any`.
        calm_only: only where no earlier customer turn carried a signal.
    """
    chosen = [
        each
        for each in observations
        if each.design == design and group in ("all", each.source) and (each.calm or not calm_only)
    ]
    outcomes = [bool(each.signals) if outcome == "any" else outcome in each.signals for each in chosen]
    positives = sum(outcomes)
    negatives = len(outcomes) - positives
    if min(positives, negatives) < MINIMUM:
        return Result(design, group, outcome, calm_only, positives, negatives, None)
    rows: dict[str, list[int]] = {}
    for index, each in enumerate(chosen):
        rows.setdefault(each.conversation, []).append(index)
    clusters = [np.asarray(each) for each in rows.values()]
    generator = np.random.Generator(np.random.PCG64(SEED))
    values, truth = np.asarray([each.score for each in chosen]), np.asarray(outcomes, dtype=bool)
    strata = np.asarray([each.source for each in chosen])
    labelled = np.asarray([each.labelled for each in chosen])
    drawn = []
    for _ in range(RESAMPLES):
        index = np.concatenate([clusters[each] for each in generator.integers(0, len(clusters), len(clusters))])
        if (one := auc_of(values[index], truth[index], strata[index])) is not None:
            drawn.append(one)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Result(
        design=design,
        group=group,
        outcome=outcome,
        calm_only=calm_only,
        positives=positives,
        negatives=negatives,
        auc=auc_of(values, truth, strata),
        low=float(low),
        high=float(high),
        labelled_auc=auc_of(labelled, truth, strata),
    )


def measure_all(observations: Sequence[Observation]) -> list[Result]:
    """Measure every figure that docs/accuracy.md prints."""
    sources = sorted({each.source for each in observations})
    signals = sorted({signal for each in observations for signal in each.signals})
    results = []
    for design in ("first answer", "next turn"):
        for calm_only in (False, True):
            results += [measure(observations, design, group, "any", calm_only=calm_only) for group in ("all", *sources)]
            if not calm_only:
                results += [measure(observations, design, "all", each, calm_only=False) for each in signals]
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    args = parser.parse_args()
    observations = observe(Scanner(Options()), read_labelled(args.files))
    head = f"{'design':14} {'group':10} {'outcome':20} {'calm':5} {'with':>5} {'without':>7}"
    print(f"{head} {'AUC':>6}  95 %         labels")
    for each in measure_all(observations):
        figures = "too few"
        if each.auc is not None:
            figures = f"{each.auc:6.3f}  {each.low:.3f}-{each.high:.3f}  {each.labelled_auc:.3f}"
        calm = "calm" if each.calm_only else ""
        counts = f"{each.positives:5} {each.negatives:7}"
        print(f"{each.design:14} {each.group:10} {each.outcome:20} {calm:5} {counts} {figures}")


if __name__ == "__main__":
    main()
