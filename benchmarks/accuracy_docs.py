"""Write the measured blocks of docs/accuracy.md, so that no figure there is typed by hand or outlives its rules.

    python benchmarks/accuracy_docs.py               # measure, print, write (what `make accuracy` runs)
    python benchmarks/accuracy_docs.py --check       # own benchmark only; exit 1 where the page says something else
    python benchmarks/accuracy_docs.py --check --all # everything

Blocks stand between `<!-- measured: NAME -->` and `<!-- end -->`. Those measured on the public conversations are left
as they are where ../shared/gold is absent (FRICTIONLENS_SHARED says where else): those data are not ours to ship.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import audit_gold
import gold
import invariance
import pairs
import validity
from frictionlens.analytics.intervals import Interval, wilson
from frictionlens.evaluation import Evaluation, Measure
from frictionlens.pipeline import Options, Scanner
from frictionlens.rules import confidence

PAGE = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"
DEV, MORE = audit_gold.GOLD / "dev.jsonl", audit_gold.GOLD / "dev_more.jsonl"


@cache
def scanner() -> Scanner:
    """Return the one scanner of all measurements."""
    return Scanner(Options())


@cache
def public(which: str, *, asr: bool = False, resamples: int = 0) -> Evaluation:
    """Measure `seen` (all that rule writers have read) or `unseen` (the closed fresh sets)."""
    interactions = audit_gold.public(gold.OPEN) if which == "seen" else gold.read_fresh(gold.CLOSED)
    return gold.measure(scanner(), interactions, asr=asr, resamples=resamples)


def table(header: str, rows: list[list[str]], *, left: int = 1) -> str:
    """Return a Markdown table; columns after the first `left` stand right."""
    names = header.split("|")
    marks = ["---" if number < left else "---:" for number in range(len(names))]
    lines = [names, marks, *rows]
    return "\n".join("| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines) + "\n"


def ratio(value: float | None, interval: Interval | tuple[float, float] | None = None) -> str:
    """Return a share with two digits and its interval."""
    if value is None:
        return "–"
    return f"{value:.2f}" + (f" ({interval[0]:.2f}–{interval[1]:.2f})" if interval else "")


def own_pairs() -> str:
    """Tables of the pairs: by category and half, by register, by industry."""
    answers = pairs.answer(scanner(), pairs.read_lines("pairs.jsonl"))
    heard = pairs.answer(scanner(), pairs.read_lines("pairs.jsonl"), asr=True)
    halves = {half: [each for each in answers if each[0].tags.half == half] for half in pairs.HALVES}
    by_half = {half: pairs.tally(each, "focus") for half, each in halves.items()}
    rows = []
    for focus in [*by_half["check"], ""]:
        cells = [f"`{focus}`" if focus else "**all**"]
        for half in ("check", "tune"):
            each = by_half[half][focus] if focus else pairs.total(by_half[half].values())
            cells += [str(each.lines), ratio(each.right / each.lines, wilson(each.right, each.lines))]
            cells.append(f"{each.positives_found} of {each.positives}")
        rows.append(cells)
    header = "category | check: lines | right | positives found | tune: lines | right | positives found"
    parts = [table(header, rows)]
    for by in ("register", "industry"):
        counts = pairs.tally(halves["check"], by)
        rows = [
            [name, str(each.lines), ratio(each.right / each.lines), f"{each.positives_found} of {each.positives}"]
            for name, each in counts.items()
        ]
        parts.append(table(f"{by} (check half) | lines | right | positives found", rows))
    written, spoken = (pairs.total(pairs.tally(each, "half").values()) for each in (answers, heard))
    parts.append(
        f"As speech-to-text (lower case, no punctuation, fillers), all lines: right {spoken.right / spoken.lines:.3f} "
        f"against {written.right / written.lines:.3f} as written.\n"
    )
    return "\n".join(parts)


def own_conversations() -> str:
    """Tables of the whole conversations."""
    written = pairs.measure_conversations(scanner())
    spoken = pairs.measure_conversations(scanner(), asr=True)
    rows = [_row(each) for each in (*written.categories, *written.families)]
    friction, heard = written.measure("friction"), spoken.measure("friction")
    clean = written.clean
    return (
        table("category | precision | recall | F1 | labels | found", rows)
        + f"\nCompany turns labelled with nothing in which friction is found: {clean.hits} of {clean.of}. "
        f"As speech-to-text: friction micro F1 {heard.f1 or 0:.3f} against {friction.f1 or 0:.3f} as written.\n"
    )


def own_lines() -> str:
    """Tables of the single lines and of the whole talks that were labelled once."""
    answers = pairs.answer(scanner(), pairs.read_lines("lines.jsonl"))
    by_half = {half: pairs.tally((a for a in answers if a[0].tags.half == half), "focus") for half in pairs.HALVES}
    rows = []
    for focus in [*by_half["check"], ""]:
        cells = [f"`{focus}`" if focus else "**all**"]
        for half in ("check", "tune"):
            each = by_half[half][focus] if focus else pairs.total(by_half[half].values())
            negatives = each.lines - each.positives
            cells += [ratio(each.positives_found / each.positives), f"{each.positives_found} of {each.positives}"]
            cells += [f"{each.false} of {negatives}"]
        rows.append(cells)
    parts = [table("category | check: found | | false | tune: found | | false", rows)]
    talks = {half: pairs.measure_conversations(scanner(), half, name="talks.jsonl") for half in pairs.HALVES}
    rows = []
    for family in talks["check"].families:
        cells = [f"**{family.name}**"]
        for half in ("check", "tune"):
            each = talks[half].measure(family.name)
            cells += [ratio(each.precision), ratio(each.recall), ratio(each.f1), str(each.labelled)]
        rows.append(cells)
    parts.append(
        table("talks | check: precision | recall | F1 | labels | tune: precision | recall | F1 | labels", rows)
    )
    return "\n".join(parts)


def _row(each: Measure) -> list[str]:
    name = f"`{each.name}`" if each.kappa is not None or each.name in scanner().pack.categories else f"**{each.name}**"
    return [
        name,
        ratio(each.precision, each.precision_interval if each.found else None),
        ratio(each.recall, each.recall_interval if each.labelled else None),
        ratio(each.f1, each.f1_interval),
        str(each.labelled),
        str(each.found),
    ]


def public_conversations() -> str:
    """Tables on the public conversations: unseen half, and how far the seen ones are from it."""
    unseen, seen = public("unseen", resamples=2_000), public("seen")
    seen_f1 = {each.name: each.f1 for each in (*seen.categories, *seen.families)}
    rows = []
    for each in (*unseen.categories, *unseen.families):
        before = seen_f1.get(each.name)
        gap = "–" if before is None or each.f1 is None else f"{each.f1 - before:+.2f}"
        rows.append([*_row(each)[:5], ratio(before), gap])
    parts = [table("category, unseen | precision | recall | F1 | labels | F1 on the rest | unseen − rest", rows)]
    rows = []
    for source in sorted({each.source for each in unseen.by_source}):
        cells = [source]
        for family in ("friction", "recovery", "signal"):
            found = [each.measure for each in unseen.by_source if (each.source, each.measure.name) == (source, family)]
            cells.append(f"{ratio(found[0].f1)} ({found[0].labelled})" if found else "–")
        rows.append(cells)
    parts.append(table("source, unseen | friction F1 (labels) | recovery F1 | signals F1", rows))
    rows = []
    for name, data in (("unseen", unseen), ("the rest", seen)):
        each = data.clean
        rows.append(
            [f"clean company turns with a friction finding, {name}", f"{each.hits} of {each.of}", _percent(each)]
        )
    for what, field in (
        ("process named, or rightly nobody", "charged_named"),
        ("right kind of process", "charged_kind"),
        ("right name (a word in common)", "charged_name"),
        ("right kind of no", "kind_of_no"),
    ):
        for name, data in (("unseen", unseen), ("the rest", seen)):
            each = getattr(data, field)
            rows.append([f"{what}, {name}", f"{each.hits} of {each.of}", _percent(each)])
    parts.append(table("what | count | share (95 %)", rows))
    rows = []
    for which, data in (("unseen", unseen), ("the rest", seen)):
        heard = public("seen" if data is seen else "unseen", asr=True)
        for family in ("friction", "recovery", "signal"):
            written, spoken = data.measure(family).f1 or 0.0, heard.measure(family).f1 or 0.0
            rows.append([f"{family}, {which}", f"{written:.3f}", f"{spoken:.3f}", f"{spoken - written:+.3f}"])
    parts.append(table("speech-to-text variant | F1 as written | as speech-to-text | difference", rows))
    return "\n".join(parts)


def _percent(each: object) -> str:
    share, interval = each.share, each.interval  # type: ignore[attr-defined]
    return "–" if share is None else f"{share:.1%} ({interval.low:.1%}–{interval.high:.1%})"


def confidences() -> str:
    """Tables of what high confidence is worth out of sample."""
    rows = []
    for what, (hits, found, labelled) in audit_gold.hold_out().items():
        precision = ratio(hits / found if found else None, wilson(hits, found))
        rows.append([what, precision, str(found), ratio(hits / labelled if labelled else None, wilson(hits, labelled))])
    audited = scanner().pack.audited
    levels = dict.fromkeys(("high", "medium", "low"), 0)
    for rule in scanner().pack.rules:
        levels[rule.confidence] += 1
    counts = ", ".join(f"{count} {level}" for level, count in levels.items())
    high = [rule for rule in scanner().pack.rules if rule.confidence == "high"]
    patterns = sum(len(rule.patterns) for rule in high)
    proven = sum(rule.confidence_in(each.source) == "high" for rule in high for each in rule.patterns)
    return (
        table("friction findings of high confidence | precision | findings | recall", rows)
        + f"\nRules by confidence: {counts}; {len(audited)} rules have audited findings. In the high ones {proven} of "
        f"{patterns} patterns are proven. Thresholds: high from a lower bound of {confidence.HIGH:g}, medium from "
        f"{confidence.MEDIUM:g}, at least {confidence.MINIMUM} findings; a pattern is proven from a lower bound of "
        f"{confidence.PROVEN:g}.\n"
    )


def validities() -> str:
    """Tables of whether the score predicts what the customer does next."""
    observations = validity.observe(scanner(), gold.read_labelled([DEV, MORE]))
    rows = []
    few = []
    for each in validity.measure_all(observations):
        name = [each.design + (", calm so far" if each.calm_only else ""), each.group, each.outcome.replace("_", " ")]
        counts = [str(each.positives), str(each.negatives)]
        if each.auc is None:
            few.append(f"{', '.join(name)} ({each.positives} against {each.negatives})")
        else:
            rows.append([*name, *counts, ratio(each.auc, (each.low, each.high)), ratio(each.labelled_auc)])
    header = "looked at | source | outcome | with | without | AUC of the score (95 %) | AUC of hand labels"
    return table(header, rows, left=3) + f"\nToo few for a figure: {'; '.join(few)}.\n"


def swaps() -> str:
    """Table of what moves when names, genders, agents, ids and products are swapped; on our own conversations."""
    talks = [each.interaction for each in pairs.read_lines("conversations.jsonl")]
    rows = []
    for variant, asr in (("", False), (", as speech-to-text", True)):
        for name, each in invariance.measure(
            scanner(), talks, {**invariance.SWAPS, **invariance.WORDS_AS_NAMES}, draws=2, asr=asr
        ).items():
            rows.append(_moved(name + variant, each))
    rows.append(
        _moved(
            "slots", invariance.measure_slots(scanner(), [*invariance.WOMEN, *invariance.MEN, *invariance.SPELLINGS])
        )
    )
    rows.append(_moved("slots, words as names", invariance.measure_slots(scanner(), invariance.WORDS)))
    return table("swap | swapped texts | of them with a score | scores moved | largest move", rows)


def public_swaps() -> str:
    """Table of what moves on the public conversations."""
    moved = invariance.measure(
        scanner(), gold.read_labelled([DEV]), {**invariance.SWAPS, **invariance.WORDS_AS_NAMES}, draws=2
    )
    rows = [_moved(name, each) for name, each in moved.items() if each.changed]
    return table("swap | swapped texts | of them with a score | scores moved | largest move", rows)


def _moved(name: str, each: invariance.Moved) -> list[str]:
    return [name, str(each.changed), str(each.scored), str(each.moved), f"{each.largest:.1f}"]


OWN: dict[str, Callable[[], str]] = {
    "own pairs": own_pairs,
    "own conversations": own_conversations,
    "own lines": own_lines,
}
FURTHER: dict[str, Callable[[], str]] = {"swaps": swaps}
PUBLIC: dict[str, Callable[[], str]] = {
    "public conversations": public_conversations,
    "confidence": confidences,
    "validity": validities,
    "public swaps": public_swaps,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is stale")
    parser.add_argument("--all", action="store_true", help="with --check: every block, not only the own benchmark")
    args = parser.parse_args()
    page = PAGE.read_text("utf-8")
    chosen = dict(OWN)
    if args.all or not args.check:
        chosen |= FURTHER
        if audit_gold.GOLD.is_dir():
            chosen |= PUBLIC
        else:
            print(f"not at {audit_gold.GOLD}: the public blocks stay as they are", file=sys.stderr)
    stale = []
    for name, build in chosen.items():
        block = re.compile(rf"(<!-- measured: {name} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
        old = block.search(page)
        if old is None:
            sys.exit(f"{PAGE.name} has no block {name!r}")
        text = f"\n{build()}\n"
        if old[2] != text:
            stale.append(name)
        page = page[: old.start(2)] + text + page[old.end(2) :]
        if not args.check:
            print(f"## {name}\n{text}")
    if args.check:
        if stale:
            sys.exit(f"docs/{PAGE.name} is stale in: {', '.join(stale)}; run `make accuracy`")
        print(f"docs/{PAGE.name}: {', '.join(chosen)} as measured")
        return
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
