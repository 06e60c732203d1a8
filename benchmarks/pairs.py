"""Measure the rules on the project's own hard pairs and conversations (benchmarks/pairs/guide.md).

A line of a pair is right when the category under test is found exactly where it is labelled.

    python benchmarks/pairs.py                       # both halves, by category, register and industry
    python benchmarks/pairs.py --half tune --errors stall
    python benchmarks/pairs.py --practice --errors stall   # pairs labelled once, only for finding ways of speaking
    python benchmarks/pairs.py --lines          # single lines and whole talks labelled once, in halves as well
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from asr import as_speech
from frictionlens.analytics.intervals import wilson
from frictionlens.evaluation import Evaluation, evaluate, find_units
from frictionlens.model import Interaction
from frictionlens.pipeline import Options, Scanner

FOLDER = Path(__file__).resolve().parent / "pairs"
HALVES = ("tune", "check")


class _Tags(msgspec.Struct):
    """What a line says beside the interaction."""

    half: str
    industry: str
    register: str
    pair: str = ""
    focus: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a pair, or a whole conversation."""

    tags: _Tags
    interaction: Interaction

    @property
    def positive(self) -> bool:
        """Tell whether the category under test is labelled here."""
        return self.tags.focus in (self.interaction.turns[-1].labels or ())


@dataclass
class Count:
    """Lines answered right, and what they are made of."""

    lines: int = 0
    right: int = 0
    positives: int = 0
    positives_found: int = 0

    @property
    def false(self) -> int:
        """Return the negatives in which the category was found."""
        return self.lines - self.positives - (self.right - self.positives_found)

    def add(self, *, positive: bool, found: bool) -> None:
        """Count one line."""
        self.lines += 1
        self.right += positive == found
        self.positives += positive
        self.positives_found += positive and found


def read_lines(name: str, half: str | None = None) -> Iterator[Line]:
    """Yield the lines of a file of the benchmark, of one half or of both."""
    for line in (FOLDER / name).read_bytes().splitlines():
        tags = msgspec.json.decode(line, type=_Tags)
        if half is None or tags.half == half:
            yield Line(tags, msgspec.json.decode(line, type=Interaction))


def answer(scanner: Scanner, lines: Iterable[Line], *, asr: bool = False) -> list[tuple[Line, bool]]:
    """Return every line with whether its category under test was found in the judged turn."""
    answers = []
    for line in lines:
        interaction = as_speech(line.interaction) if asr else line.interaction
        last = len(interaction.turns) - 1
        said = {each.category for each in scanner.detect(interaction).findings if each.turn == last}
        answers.append((line, line.tags.focus in said))
    return answers


def tally(answers: Iterable[tuple[Line, bool]], by: str) -> dict[str, Count]:
    """Count answers by `focus`, `register`, `industry` or `half`."""
    counts: dict[str, Count] = defaultdict(Count)
    for line, found in answers:
        counts[getattr(line.tags, by)].add(positive=line.positive, found=found)
    return dict(sorted(counts.items()))


def total(counts: Iterable[Count]) -> Count:
    """Add counts up."""
    summed = Count()
    for each in counts:
        summed.lines += each.lines
        summed.right += each.right
        summed.positives += each.positives
        summed.positives_found += each.positives_found
    return summed


def measure_conversations(
    scanner: Scanner, half: str | None = None, *, name: str = "conversations.jsonl", asr: bool = False
) -> Evaluation:
    """Measure all labels of whole conversations."""
    interactions = (each.interaction for each in read_lines(name, half))
    heard = map(as_speech, interactions) if asr else interactions
    return evaluate(find_units(heard, lambda each: scanner.detect(each).findings), scanner.pack.categories)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=HALVES)
    parser.add_argument("--practice", action="store_true", help="measure on practice.jsonl instead")
    parser.add_argument("--lines", action="store_true", help="measure on lines.jsonl and talks.jsonl instead")
    parser.add_argument("--errors", metavar="CATEGORY", help="print wrong answers of this category (tune half only)")
    parser.add_argument("--asr", action="store_true", help="measure on the speech-to-text variant")
    parser.add_argument("--confidence", choices=("low", "medium", "high"), default="low")
    args = parser.parse_args()
    if args.errors and args.half != "tune" and not args.practice:
        sys.exit("the check half is for figures only: add --half tune (benchmarks/pairs/guide.md)")
    scanner = Scanner(Options(min_confidence=args.confidence))
    name = "practice.jsonl" if args.practice else "lines.jsonl" if args.lines else "pairs.jsonl"
    answers = answer(scanner, read_lines(name, args.half), asr=args.asr)
    if args.errors:
        for line, found in answers:
            if line.tags.focus == args.errors and line.positive != found:
                said = " / ".join(f"{turn.role}: {turn.text}" for turn in line.interaction.turns)
                print(f"{'FALSE' if found else 'MISS '} {line.interaction.id} [{line.tags.register}] {said}")
        return
    for by in ("focus", "register", "industry", "half"):
        counts = tally(answers, by)
        print(f"{by:20} {'lines':>6} {'right':>6} {'95 %':>11} {'positives found':>18}")
        for name, each in [*counts.items(), ("= all", total(counts.values()))]:
            low, high = wilson(each.right, each.lines)
            found = f"{each.positives_found} of {each.positives} = {each.positives_found / each.positives:.2f}"
            print(f"{name:20} {each.lines:6} {each.right / each.lines:6.3f} {low:.3f}-{high:.3f} {found:>18}")
        print()
    if args.practice:
        return
    talks = "talks.jsonl" if args.lines else "conversations.jsonl"
    found = measure_conversations(scanner, args.half, name=talks, asr=args.asr)
    print(f"{found.interactions} conversations, {found.units} turns")
    for each in (*found.categories, *found.families):
        figures = f"{each.precision or 0:6.3f} {each.recall or 0:6.3f} {each.f1 or 0:6.3f}"
        print(f"{each.name:20} {figures} {each.labelled:5} {each.found:5}")


if __name__ == "__main__":
    main()
