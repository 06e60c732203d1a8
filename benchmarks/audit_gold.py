"""Write rules/audited.yml: how often the findings of each rule agree with labels; confidence follows from it.

Every finding of a labelled turn counts as true where its category is labelled there. Data: the public conversations of
../shared/gold (FRICTIONLENS_SHARED says where else) and those of ../shared/corpus that were labelled after most rules
were written (`fresh.jsonl`). The project's own pairs do not count: rules are written with their `tune` half, and what
finds only those is not sure of itself yet.

    python benchmarks/audit_gold.py                  # write rules/audited.yml, print what holds out of sample
    python benchmarks/audit_gold.py --check          # write nothing; exit 1 where the file is not what would be written
    python benchmarks/audit_gold.py --explore        # the thresholds of rules/confidence.py on a grid

The figures per rule are of data that most rules were written with, so they flatter. Therefore the hold-out: confidence
computed without the fresh sets c, f and l, and the findings it calls high measured on those, which nobody who writes
rules reads.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import yaml

from frictionlens.evaluation import Unit, evaluate, find_units
from frictionlens.model import Interaction
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
# what it is worth out of sample. An entry counts findings, each true where its category is labelled on that turn.
"""

Counts = dict[str, Audited]


def own(half: str) -> list[Interaction]:
    """Return the project's own labelled lines of one half."""
    return [each.interaction for name in ("pairs.jsonl", "conversations.jsonl") for each in read_lines(name, half)]


def public(fresh: str = OPEN + CLOSED) -> list[Interaction]:
    """Return the public labelled conversations, with these of the freshly labelled sets."""
    files = [GOLD / name for name in ("dev.jsonl", "dev_windows.jsonl", "dev_more.jsonl")]
    return [*read_labelled(files), *read_fresh(fresh)]


def impartial() -> Scanner:
    """Return a scanner in which all rules are equally sure.

    Of overlapping findings of one category the surest is kept: counts would hang on the confidence that follows from
    them, and the file would change every time it is written.
    """
    scanner = Scanner(Options())
    rules = tuple(replace(rule, confidence="medium") for rule in scanner.pack.rules)
    scanner.detector.pack = replace(scanner.pack, rules=rules)
    return scanner


def count(scanner: Scanner, *data: Iterable[Interaction]) -> Counts:
    """Count findings and true ones per rule; each set of data is judged by itself (not all label the same families)."""
    true: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for interactions in data:
        units = find_units(interactions, lambda each: scanner.detect(each).findings)
        for rule in evaluate(units, scanner.pack.categories, resamples=0).rules:
            true[rule.rule_id] += rule.true
            of[rule.rule_id] += rule.of
    return {rule: Audited(true=true[rule], of=of[rule]) for rule in sorted(of)}


def high_rules(counts: Mapping[str, Audited]) -> frozenset[str]:
    """Return the rules that these counts make high."""
    return frozenset(rule for rule, each in counts.items() if confidence.confidence_of(each) == "high")


def measured(units: Iterable[Unit], scanner: Scanner, rules: frozenset[str]) -> tuple[int, int, int]:
    """Return hits, found, labelled of friction when only findings of these rules count."""
    kept = (unit._replace(findings=tuple(each for each in unit.findings if each.rule_id in rules)) for unit in units)
    friction = evaluate(kept, scanner.pack.categories, resamples=0).measure("friction")
    return friction.hits, friction.found, friction.labelled


def hold_out(scanner: Scanner) -> dict[str, tuple[int, int, int]]:
    """Measure high-confidence friction on data, with confidence from other data; and in sample, for comparison."""

    def units(data: list[Interaction]) -> list[Unit]:
        return list(find_units(data, lambda each: scanner.detect(each).findings))

    even = impartial()
    rest, high = high_rules(count(even, public(OPEN))), high_rules(count(even, public()))
    return {
        "fresh sets c, f and l, confidence from the rest (hold-out)": measured(
            units(list(read_fresh(CLOSED))), scanner, rest
        ),
        "own check half, confidence from public conversations": measured(units(own("check")), scanner, high),
        "all public conversations, confidence from them (in sample)": measured(units(public()), scanner, high),
    }


def render(counts: Counts, day: str) -> str:
    """Return the text of rules/audited.yml."""
    entries = {
        rule: {"true": each.true, "of": each.of, "date": day, "data": DATA} for rule, each in counts.items() if each.of
    }
    return HEAD + yaml.safe_dump(entries, sort_keys=True, allow_unicode=True, width=200, default_flow_style=None)


def explore(scanner: Scanner) -> None:
    """Print precision and recall of high friction on unseen data for a grid of thresholds."""
    base = count(impartial(), public(OPEN))
    units = list(find_units(read_fresh(CLOSED), lambda each: scanner.detect(each).findings))
    check = list(find_units(own("check"), lambda each: scanner.detect(each).findings))
    print("lower bound  minimum     c, f, l: P    R   own check: P      R   rules")
    for bound in (0.70, 0.78, 0.80, 0.82, 0.84, 0.86, 0.88, 0.90):
        for minimum in (8,):
            rules = frozenset(
                rule
                for rule, each in base.items()
                if each.of >= minimum and confidence.wilson(each.true, each.of)[0] >= bound
            )
            cells = [
                f"{hits / max(found, 1):.3f}  {hits / max(labelled, 1):.3f}"
                for hits, found, labelled in (measured(each, scanner, rules) for each in (units, check))
            ]
            print(f"{bound:11.2f} {minimum:8}   {cells[0]:>17}   {cells[1]:>20}   {len(rules)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    parser.add_argument("--explore", action="store_true", help="print a grid of thresholds, write nothing")
    parser.add_argument("--date", default=date.today().isoformat(), help="day to record")
    args = parser.parse_args()
    if not GOLD.is_dir():
        sys.exit(f"the public labelled conversations are not at {GOLD}; FRICTIONLENS_SHARED names their folder")
    scanner = Scanner(Options())
    if args.explore:
        explore(scanner)
        return
    counts = count(impartial(), public())
    text = render(counts, args.date)
    if args.check:
        old = yaml.safe_load(FILE.read_text("utf-8")) if FILE.exists() else {}
        same = {rule: (each.get(True, each.get("true")), each["of"]) for rule, each in (old or {}).items()}
        if same != {rule: (each.true, each.of) for rule, each in counts.items()}:
            sys.exit(f"{FILE.relative_to(ROOT)} is stale: run benchmarks/audit_gold.py")
        print(f"{FILE.relative_to(ROOT)} is what the labels say")
        return
    FILE.write_text(text, "utf-8")
    levels = Counter(confidence.confidence_of(each) for each in counts.values())
    print(f"{FILE.relative_to(ROOT)}: {len(counts)} rules, " + ", ".join(f"{n} {name}" for name, n in levels.items()))
    for what, (hits, found, labelled) in hold_out(scanner).items():
        low, upper = confidence.wilson(hits, found)
        print(
            f"{what}: precision {hits / max(found, 1):.3f} ({low:.3f}-{upper:.3f}) of {found}, "
            f"recall {hits / max(labelled, 1):.3f} of {labelled}"
        )


if __name__ == "__main__":
    main()
