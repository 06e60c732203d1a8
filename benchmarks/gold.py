"""Measure the rules on labelled conversations: precision, recall and F1 per category, micro over a family.

A turn counts once per category, however many findings it has; agent and bot turns for friction and recovery,
customer turns for signals. Lines are native transcript lines with `labels`; only turns with labels count.
The measuring is `frictionlens.evaluation`, the same as `frictionlens eval`; this script adds halves and speech-to-text.

    python benchmarks/gold.py ../shared/gold/dev.jsonl --errors refusal
    python benchmarks/gold.py ../shared/gold/dev_more.jsonl --half a        # a hashed half; b is the other one
    python benchmarks/gold.py FILE --asr                                     # lower case, no punctuation, fillers
    python benchmarks/gold.py --fresh cfnqr                                  # labelled after the rules were written

`fresh.jsonl` holds our own machine-assisted labels of 2,581 of the unlabelled conversations, by id; their text stays in
../shared/corpus. Most sets have been read while rules were written; those of `CLOSED` have not, and have two readings
and a third of what differed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from asr import as_speech
from frictionlens.evaluation import Evaluation, Measure, Share, evaluate, find_units
from frictionlens.model import Charged, Interaction, Turn
from frictionlens.pipeline import Options, Scanner

FRESH: Final = Path(__file__).with_name("fresh.jsonl")
CLOSED: Final = "cfnqr"
"""Sets of which rule writers have seen figures only."""
OPEN: Final = "abdeghijklmop"
SHARED: Final = Path(os.environ.get("FRICTIONLENS_SHARED", Path(__file__).parents[2] / "shared"))
CORPUS: Final = SHARED / "corpus" / "unlabelled.jsonl.gz"


def half_of(interaction_id: str) -> str:
    """Return `a` or `b`, by a hash of the id: a stable split of any file."""
    return "a" if hashlib.md5(interaction_id.encode()).digest()[0] % 2 == 0 else "b"


def read_labelled(files: list[Path], half: str | None = None, source: str | None = None) -> Iterator[Interaction]:
    """Yield the interactions of native lines, of one half or one source where that is asked for."""
    for path in files:
        for line in path.read_bytes().splitlines():
            interaction = msgspec.json.decode(line, type=Interaction)
            if (half is None or half_of(interaction.id) == half) and (source is None or interaction.source == source):
                yield interaction


def read_fresh(sets: str) -> Iterator[Interaction]:
    """Yield the freshly labelled interactions of these sets: our labels joined with the text in the corpus."""
    lines = [json.loads(line) for line in FRESH.read_text("utf-8").splitlines()]
    known = {line["id"]: line for line in lines if line["set"] in sets}
    with gzip.open(CORPUS) as corpus:
        for line in corpus:
            interaction = msgspec.json.decode(line, type=Interaction)
            if (found := known.get(interaction.id)) is not None:
                turns = (_labelled(turn, str(place), found) for place, turn in enumerate(interaction.turns))
                yield replace(interaction, turns=tuple(turns))


def _labelled(turn: Turn, place: str, found: dict[str, Any]) -> Turn:
    charged = found.get("charged", {}).get(place)
    return replace(
        turn,
        labels=tuple(found["labels"].get(place, ())),
        charged=None if charged is None else tuple(Charged(**each) for each in charged),
        kind_of_no=found.get("kind_of_no", {}).get(place),
    )


def measure(
    scanner: Scanner, interactions: Iterable[Interaction], *, asr: bool = False, resamples: int = 0
) -> Evaluation:
    """Measure the scanner's findings on labelled interactions, or on their speech-to-text variant."""
    heard = map(as_speech, interactions) if asr else interactions
    units = find_units(heard, lambda each: scanner.detect(each).findings)
    return evaluate(units, scanner.pack.categories, resamples=resamples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--fresh", help="measure on these freshly labelled sets, a letter each", default="")
    parser.add_argument("--errors", help="print misses and false alarms of this category")
    parser.add_argument("--half", choices=("a", "b"))
    parser.add_argument("--source", help="only lines of this source")
    parser.add_argument("--asr", action="store_true", help="measure on the speech-to-text variant")
    parser.add_argument("--confidence", choices=("low", "medium", "high"), default="low")
    parser.add_argument("--rules", action="store_true", help="print hits and precision per rule")
    parser.add_argument("--intervals", action="store_true", help="print 95 %% intervals (F1: bootstrap)")
    args = parser.parse_args()
    scanner = Scanner(Options(min_confidence=args.confidence))
    if args.errors and not set(args.fresh).isdisjoint(CLOSED):
        parser.error(f"sets {', '.join(CLOSED)} are for figures only: nobody who writes rules reads them")
    interactions = [*read_labelled(args.files, args.half, args.source), *read_fresh(args.fresh)]
    found = measure(scanner, interactions, asr=args.asr, resamples=2000 if args.intervals else 0)
    if args.errors:
        _print_errors(found, args.errors)
    print(f"{'category':20} {'P':>6} {'R':>6} {'F1':>6} {'gold':>5} {'found':>5}")
    for family in found.families:
        for each in found.categories:
            if each.family == family.name:
                _row(each.name, each, intervals=args.intervals)
        _row(f"= {family.name} micro", family, intervals=args.intervals)
    clean = found.clean
    print(f"clean company turns {clean.of}, with a friction finding {clean.hits} = {clean.share or 0:.1%}")
    if found.charged_named.of:
        parts = [("named or nobody", found.charged_named), ("right kind", found.charged_kind)]
        parts += [("right name", found.charged_name), ("kind of no", found.kind_of_no)]
        print("charged: " + ", ".join(f"{what} {_share(each)}" for what, each in parts))
    if found.not_judged:
        print("not judged, no labels: " + ", ".join(f"{count} {name}" for name, count in found.not_judged.items()))
    if args.rules:
        for rule in found.rules:
            print(f"{rule.rule_id:50} {rule.true:4} of {rule.of:4}")


def _print_errors(found: Evaluation, category: str) -> None:
    for each in found.mistakes:
        if each.category != category or each.turn is None:
            continue
        turns = each.interaction.turns
        mark = "FALSE" if each.kind == "false alarm" else "MISS "
        rules = [f"{one.rule_id}: {one.quote!r}" for one in each.findings if one.category == category]
        before = turns[each.turn - 1].text[-120:] if each.turn else ""
        print(f"{mark} {each.interaction.id}#{each.turn} {rules}\n      < {before!r}")
        print(f"      {turns[each.turn].text!r} {list(each.labels)}")


def _row(name: str, each: Measure, *, intervals: bool) -> None:
    figures = f"{each.precision or 0:6.3f} {each.recall or 0:6.3f} {each.f1 or 0:6.3f}"
    ends = ""
    if intervals:
        spans = (each.precision_interval, each.recall_interval, each.f1_interval)
        ends = "  " + "  ".join(f"{span.low:.2f}-{span.high:.2f}" if span else "-" for span in spans)
    print(f"{name:20} {figures} {each.labelled:5} {each.found:5}{ends}")


def _share(each: Share) -> str:
    return f"{each.share or 0:.3f} of {each.of}"


if __name__ == "__main__":
    main()
