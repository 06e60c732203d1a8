"""Measure the rules on labelled conversations: precision, recall and F1 per category, micro over a family.

A turn counts once per category, however many findings it has; agent and bot turns for friction and recovery,
customer turns for signals. Lines are native transcript lines with `labels`; only turns with labels count.

    python benchmarks/gold.py ../shared/gold/dev.jsonl --errors refusal
    python benchmarks/gold.py ../shared/gold/dev_more.jsonl --half a        # a hashed half; b is the other one
    python benchmarks/gold.py FILE --asr                                     # lower case, no punctuation, fillers
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections import Counter, defaultdict
from pathlib import Path

import msgspec

from asr import as_speech
from frictionlens.model import Interaction
from frictionlens.pipeline import Options, Scanner

FAMILIES = ("friction", "recovery", "signal", "sign")


def half_of(interaction_id: str) -> str:
    """Return `a` or `b`, by a hash of the id: a stable split of any file."""
    return "a" if hashlib.md5(interaction_id.encode()).digest()[0] % 2 == 0 else "b"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--errors", help="print misses and false alarms of this category")
    parser.add_argument("--half", choices=("a", "b"))
    parser.add_argument("--source", help="only lines of this source")
    parser.add_argument("--asr", action="store_true", help="measure on the speech-to-text variant")
    parser.add_argument("--confidence", choices=("low", "medium", "high"), default="low")
    parser.add_argument("--rules", action="store_true", help="print hits and precision per rule")
    args = parser.parse_args()
    scanner = Scanner(Options(min_confidence=args.confidence))
    categories = {key: each.family for key, each in scanner.pack.categories.items() if each.family in FAMILIES}
    hit: Counter[str] = Counter()
    found: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    by_rule: dict[str, Counter[bool]] = defaultdict(Counter)
    charge: Counter[str] = Counter()
    clean = alarms = 0
    for path in args.files:
        for line in path.read_bytes().splitlines():
            interaction = msgspec.json.decode(line, type=Interaction)
            if args.half and half_of(interaction.id) != args.half:
                continue
            if args.source and interaction.source != args.source:
                continue
            if args.asr:
                interaction = as_speech(interaction)
            findings = scanner.detect(interaction).findings
            for index, turn in enumerate(interaction.turns):
                if turn.labels is None or turn.role not in ("agent", "bot", "customer"):
                    continue
                here = [each for each in findings if each.turn == index and each.family in FAMILIES]
                said = {each.category for each in here}
                labels = set(turn.labels) & set(categories)
                hit.update(said & labels)
                found.update(said)
                gold.update(labels)
                for each in here:
                    by_rule[each.rule_id][each.category in labels] += 1
                if turn.role != "customer" and not turn.labels:
                    clean += 1
                    alarms += any(categories[each] == "friction" for each in said)
                if args.errors and args.errors in said ^ labels:
                    mark = "FALSE" if args.errors in said else "MISS "
                    rules = [f"{each.rule_id}: {each.quote!r}" for each in here if each.category == args.errors]
                    before = interaction.turns[index - 1].text[-120:] if index else ""
                    print(f"{mark} {interaction.id}#{index} {rules}\n      < {before!r}\n      {turn.text!r} {sorted(labels)}")
                _charge(charge, turn, here)
    print(f"{'category':20} {'P':>6} {'R':>6} {'F1':>6} {'gold':>5} {'found':>5}")
    for family in FAMILIES:
        names = [key for key, each in categories.items() if each == family and (gold[key] or found[key])]
        for name in names:
            _row(name, hit[name], found[name], gold[name])
        if names:
            _row(f"= {family} micro", *(sum(each[name] for name in names) for each in (hit, found, gold)))
    print(f"clean company turns {clean}, with a friction finding {alarms} = {alarms / max(clean, 1):.1%}")
    if charge["turns"]:
        print(
            f"charged: named or nobody {charge['named'] / charge['turns']:.3f} of {charge['turns']}, "
            f"right name {charge['name'] / max(charge['gold named'], 1):.3f} of {charge['gold named']}, "
            f"kind of no {charge['kind'] / max(charge['gold kind'], 1):.3f} of {charge['gold kind']}"
        )
    if args.rules:
        for rule, counts in sorted(by_rule.items()):
            print(f"{rule:50} {counts[True]:4} of {counts.total():4}")


def _row(name: str, hit: int, found: int, gold: int) -> None:
    precision, recall = hit / found if found else 0.0, hit / gold if gold else 0.0
    f1 = 2 * hit / (found + gold) if found + gold else 0.0
    print(f"{name:20} {precision:6.3f} {recall:6.3f} {f1:6.3f} {gold:5} {found:5}")


def _charge(charge: Counter[str], turn: object, here: list) -> None:  # type: ignore[type-arg]
    labels = set(turn.labels or ())  # type: ignore[attr-defined]
    if not labels & {"refusal", "policy_shield", "excuse", "disempowered"} or turn.charged is None:  # type: ignore[attr-defined]
        return
    named = [each for finding in here for each in finding.charged]
    true = turn.charged  # type: ignore[attr-defined]
    charge["turns"] += 1
    charge["named"] += bool(named) == bool(true)
    if true:
        charge["gold named"] += 1
        words = {word for each in named for word in re.findall(r"\w+", each.name)}
        charge["name"] += any(set(re.findall(r"\w+", each.name)) & words for each in true)
    if turn.kind_of_no:  # type: ignore[attr-defined]
        charge["gold kind"] += 1
        charge["kind"] += any(each.kind_of_no == turn.kind_of_no for each in here)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
