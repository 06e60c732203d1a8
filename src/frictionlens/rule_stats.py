"""Own the statistics of rules over transcripts: hit rates, share of interactions, co-occurrence, dead rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

from msgspec import Struct

from frictionlens.analytics.intervals import Interval, wilson
from frictionlens.model import Scored
from frictionlens.rules import Episode, Pack, Rule


class RuleUse(Struct, frozen=True):
    """How often one rule is found."""

    rule_id: str
    category: str
    findings: int
    interactions: int
    share: float
    """Of the interactions in which its family was looked for."""
    interval: Interval
    """Wilson, 95 %."""
    only: int
    """Interactions in which no other rule finds its category: what would be lost without it."""


class Together(Struct, frozen=True):
    """Two rules that are found in the same interactions."""

    first: str
    second: str
    both: int
    jaccard: float
    """Interactions with both, of those with either."""
    lift: float
    """How much more often together than if neither knew of the other; 1 is chance."""


class RuleStats(Struct, frozen=True):
    """The statistics of all rules of a pack; `uses` most frequent first, `together` closest first."""

    interactions: int
    uses: tuple[RuleUse, ...]
    dead: tuple[str, ...]
    """Rules that were looked for and never found."""
    not_looked_for: tuple[str, ...]
    """Rules whose family could be looked for nowhere: that says nothing about them."""
    together: tuple[Together, ...]


def count_rules(results: Iterable[Scored], pack: Pack, *, least_together: int = 3) -> RuleStats:
    """Count how rules are found in results; memory grows with the number of rules, not of results.

    Args:
        results: scored interactions.
        pack: whose rules they were scored with.
        least_together: pairs of rules found together less often than this are left out.
    """
    looked: Counter[str] = Counter()
    findings: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    only: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    total = 0
    for scored in results:
        total += 1
        missing = {each.what for each in scored.not_evaluated}
        looked.update({each.family for each in pack.categories.values()} - missing if "all" not in missing else ())
        findings.update(each.rule_id for each in scored.findings)
        by_category: dict[str, set[str]] = defaultdict(set)
        for each in scored.findings:
            by_category[each.category].add(each.rule_id)
        here = sorted(set().union(*by_category.values()))
        hit.update(here)
        only.update(next(iter(rules)) for rules in by_category.values() if len(rules) == 1)
        pairs.update(combinations(here, 2))
    everything: list[Rule | Episode] = [*pack.rules, *pack.episodes]
    uses = [
        RuleUse(
            rule_id=each.id,
            category=each.category.id,
            findings=findings[each.id],
            interactions=hit[each.id],
            share=hit[each.id] / looked[each.category.family],
            interval=wilson(hit[each.id], looked[each.category.family]),
            only=only[each.id],
        )
        for each in everything
        if hit[each.id] and looked[each.category.family]
    ]
    return RuleStats(
        interactions=total,
        uses=tuple(sorted(uses, key=lambda each: (-each.interactions, each.rule_id))),
        dead=tuple(sorted(each.id for each in everything if looked[each.category.family] and not hit[each.id])),
        not_looked_for=tuple(sorted(each.id for each in everything if not looked[each.category.family])),
        together=tuple(
            sorted(
                (
                    Together(
                        one, other, both, both / (hit[one] + hit[other] - both), both * total / (hit[one] * hit[other])
                    )
                    for (one, other), both in pairs.items()
                    if both >= least_together
                ),
                key=lambda each: (-each.jaccard, -each.both, each.first, each.second),
            )
        ),
    )
