"""Write rules/audited.yml: how often findings agree with labels, per rule and per pattern; confidence follows from it.

Every finding of a labelled turn counts as true where its category is labelled there. Data: the public conversations of
../shared/gold (FRICTIONLENS_SHARED says where else) and those of ../shared/corpus that were labelled after most rules
were written (`fresh.jsonl`). The project's own pairs do not count: rules are written with their `tune` half, and what
finds only those is not sure of itself yet.

    python benchmarks/audit_gold.py                  # write rules/audited.yml, print what holds out of sample
    python benchmarks/audit_gold.py --check          # write nothing; exit 1 where the file is not what would be written
    python benchmarks/audit_gold.py --explore        # the thresholds of rules/confidence.py on a grid

The figures per rule are of data that most rules were written with, so they flatter. Therefore the hold-out: confidence
computed without the closed fresh sets, and the findings it calls high measured on those, which nobody who writes rules
reads.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import yaml

from frictionlens.evaluation import Unit, evaluate, find_units
from frictionlens.model import Finding, Interaction
from frictionlens.pipeline import Options, Scanner
from frictionlens.rules import confidence
from frictionlens.rules.confidence import Audited
from gold import CLOSED, OPEN, SHARED, read_fresh, read_labelled
from pairs import read_lines

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "rules" / "audited.yml"
GOLD = SHARED / "gold"
DATA = "public conversations (dev, windows, more, fresh)"
HEAD = """\
# How often the findings of each rule agreed with labels: written by benchmarks/audit_gold.py, not by hand.
# Confidence (high, medium, low) is computed from this by src/frictionlens/rules/confidence.py; docs/accuracy.md has
# what it is worth out of sample. An entry counts findings, each true where its category is labelled on that turn;
# `patterns` has [true, of, pattern] for those that were found often enough to say something.
"""
ENOUGH: Final = 6
"""Findings from which a pattern is written down."""
MARK: Final = "\n"
"""Between the rule and the pattern in the name that a finding is counted under."""

Counts = dict[str, Audited]


def own(half: str) -> list[Interaction]:
    """Return the project's own labelled lines of one half."""
    return [each.interaction for name in ("pairs.jsonl", "conversations.jsonl") for each in read_lines(name, half)]


def public(fresh: str = OPEN + CLOSED) -> list[Interaction]:
    """Return the public labelled conversations, with these of the freshly labelled sets."""
    files = [GOLD / name for name in ("dev.jsonl", "dev_windows.jsonl", "dev_more.jsonl")]
    return [*read_labelled(files), *read_fresh(fresh)]


def informed(
    counts: Mapping[str, Audited], high: float = confidence.HIGH, proven: float = confidence.PROVEN
) -> Scanner:
    """Return a scanner whose rules are as sure as these counts make them; without counts all are equally sure.

    Of overlapping findings of one category the surest is kept. What is counted must not hang on the confidence that
    follows from it, or the file would change every time it is written: it is counted with a scanner without counts.
    """
    scanner = Scanner(Options())
    rules = tuple(
        replace(
            rule,
            confidence=confidence.confidence_of(counts.get(rule.id), high),
            proven=confidence.proven_in(counts.get(rule.id), proven),
        )
        for rule in scanner.pack.rules
    )
    scanner.detector.pack = replace(scanner.pack, rules=rules)
    return scanner


def by_pattern(scanner: Scanner, data: Iterable[Interaction]) -> list[Unit]:
    """Return what is judged, every finding named by its rule and its pattern."""

    def detect(interaction: Interaction) -> list[Finding]:
        found = scanner.detect(interaction)
        return [
            msgspec.structs.replace(each, rule_id=f"{each.rule_id}{MARK}{pattern}")
            for each, pattern in zip(found.findings, found.patterns, strict=True)
        ]

    return list(find_units(data, detect))


def count(units: Iterable[Unit], scanner: Scanner) -> Counts:
    """Count findings and true ones per rule, and per pattern where there are enough."""
    rules: dict[str, list[int]] = {}
    patterns: dict[str, list[tuple[int, int, str]]] = {}
    for each in evaluate(units, scanner.pack.categories, resamples=0).rules:
        rule, _, pattern = each.rule_id.partition(MARK)
        sums = rules.setdefault(rule, [0, 0])
        sums[0] += each.true
        sums[1] += each.of
        among = patterns.setdefault(rule, [])
        if pattern and each.of >= ENOUGH:
            among.append((each.true, each.of, pattern))
    return {
        rule: Audited(true=true, of=of, patterns=tuple(sorted(patterns[rule], key=lambda each: each[2])))
        for rule, (true, of) in sorted(rules.items())
    }


def measured(data: Iterable[Interaction], scanner: Scanner) -> tuple[int, int, int]:
    """Return hits, found, labelled of friction when only findings count that the scanner calls high."""
    units = find_units(data, lambda each: [one for one in scanner.detect(each).findings if one.confidence == "high"])
    friction = evaluate(units, scanner.pack.categories, resamples=0).measure("friction")
    return friction.hits, friction.found, friction.labelled


def hold_out() -> dict[str, tuple[int, int, int]]:
    """Measure high-confidence friction on data, with confidence from other data; and in sample, for comparison."""
    even = informed({})
    rest, every = (count(by_pattern(even, public(fresh)), even) for fresh in (OPEN, OPEN + CLOSED))
    shipped = informed(every)
    named = ", ".join(CLOSED[:-1]) + " and " + CLOSED[-1]
    return {
        f"fresh sets {named}, confidence from the rest (hold-out)": measured(read_fresh(CLOSED), informed(rest)),
        "own check half, confidence from public conversations": measured(own("check"), shipped),
        "all public conversations, confidence from them (in sample)": measured(public(), shipped),
    }


def render(counts: Counts, day: str) -> str:
    """Return the text of rules/audited.yml."""
    entries = {
        rule: {"true": each.true, "of": each.of, "date": day, "data": DATA}
        | {"patterns": [list(one) for one in each.patterns or ()]}
        for rule, each in counts.items()
        if each.of
    }
    return HEAD + yaml.safe_dump(entries, sort_keys=True, allow_unicode=True, width=10_000, default_flow_style=None)


def explore() -> None:
    """Print precision and recall of high friction on unseen data for a grid of thresholds."""
    even = informed({})
    base = count(by_pattern(even, public(OPEN)), even)
    closed, check = list(read_fresh(CLOSED)), own("check")
    print(f"bound of the rule  of the pattern     {', '.join(CLOSED)}: P    R   own check: P      R")
    for of_rule in (0.74, 0.76, 0.80, 0.82):
        for of_pattern in (0.0, 0.50, 0.60, 0.65, 0.70):
            scanner = informed(base, of_rule, of_pattern)
            cells = [
                f"{hits / max(found, 1):.3f}  {hits / max(labelled, 1):.3f}"
                for hits, found, labelled in (measured(data, scanner) for data in (closed, check))
            ]
            print(f"{of_rule:17.2f} {of_pattern:15.2f}   {cells[0]:>17}   {cells[1]:>20}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    parser.add_argument("--explore", action="store_true", help="print a grid of thresholds, write nothing")
    parser.add_argument("--date", default=date.today().isoformat(), help="day to record")
    args = parser.parse_args()
    if not GOLD.is_dir():
        sys.exit(f"the public labelled conversations are not at {GOLD}; FRICTIONLENS_SHARED names their folder")
    if args.explore:
        explore()
        return
    even = informed({})
    counts = count(by_pattern(even, public()), even)
    text = render(counts, args.date)
    if args.check:
        old = yaml.safe_load(FILE.read_text("utf-8")) if FILE.exists() else {}
        undated = {"date": "", "data": ""}
        same = {rule: Audited.model_validate(each | undated) for rule, each in (old or {}).items()}
        if same != counts:
            sys.exit(f"{FILE.relative_to(ROOT)} is stale: run benchmarks/audit_gold.py")
        print(f"{FILE.relative_to(ROOT)} is what the labels say")
        return
    FILE.write_text(text, "utf-8")
    levels = Counter(confidence.confidence_of(each) for each in counts.values())
    print(f"{FILE.relative_to(ROOT)}: {len(counts)} rules, " + ", ".join(f"{n} {name}" for name, n in levels.items()))
    for what, (hits, found, labelled) in hold_out().items():
        low, upper = confidence.wilson(hits, found)
        print(
            f"{what}: precision {hits / max(found, 1):.3f} ({low:.3f}-{upper:.3f}) of {found}, "
            f"recall {hits / max(labelled, 1):.3f} of {labelled}"
        )


if __name__ == "__main__":
    main()
