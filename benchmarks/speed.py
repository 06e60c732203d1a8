"""Measure speed: frictionlens against other ways to run the same rules, and what more text, rules and jobs cost.

    python benchmarks/speed.py [--megabytes 1] [--jobs 2] [--out FILE]

The corpus is made by a seeded generator (chat, e-mail, calls as speech-to-text), in which about one agent turn in
twelve carries friction. CPU seconds, the least of the repeats; the alternatives are measured on a part of the corpus,
because they are slow. Everything is said as MB of turn text in a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from frictionlens.engine.compiled import CompiledPack, compile_pack, load_compiled
from frictionlens.engine.detector import Detector
from frictionlens.model import Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, find_sources
from frictionlens.results import SortedResults
from frictionlens.runners import processes, serial

FRICTION = (
    "I'm sorry, but we can't refund that.", "Our policy does not allow exchanges after 30 days.",
    "You should have read the terms before you ordered.", "You will have to call the billing department.",
    "Unfortunately there is nothing I can do.", "The system won't let me change the address.",
    "You need to fill in the form again.", "We are experiencing high call volumes.",
)  # fmt: skip
RECOVERY = (
    "I have refunded the amount to your card.", "I can send a new one today or refund you, which do you prefer?",
    "That is our mistake, I apologise.", "Does that solve it for you?",
)  # fmt: skip
PLAIN = (
    "Good morning, thanks for getting in touch with {shop}.", "Could you give me the order number, please?",
    "The parcel left our warehouse on {day} and is with the carrier.", "Let me look at the delivery of the {item}.",
    "The {item} comes in blue, grey and green.", "It takes about two days to arrive in {town}.",
    "The manual is on page twelve of the booklet.", "Press the round button on the left until the light blinks.",
    "The engineer comes on {day} between nine and eleven.", "Your invoice of {day} shows two items.",
)  # fmt: skip
ASKED = (
    "Hello, I ordered a {item} last {day} and it has not arrived.", "My {item} makes a strange noise.",
    "Where do I find the serial number?", "Is the {item} also there in green?", "Okay.", "Thanks, that helps.",
    "I moved from {town} and want to change my address.", "The light stays red after I pressed the button.",
)  # fmt: skip
UPSET = ("This is ridiculous, I want to cancel.", "I have called three times already!")
SLOTS = {
    "item": ("kettle", "router", "blender", "jacket", "lamp", "printer"),
    "day": ("Monday", "Tuesday", "Thursday", "Friday"),
    "town": ("Leeds", "Utrecht", "Graz", "Lyon"),
    "shop": ("Lintwell", "Parcelfox", "Brightline"),
}


def make(size: int, seed: int = 7) -> Iterator[Interaction]:
    """Yield interactions until their turns hold `size` characters; a pure function of size and seed."""
    draw = random.Random(seed)
    number = done = 0
    while done < size:
        channel = draw.choice(("chat", "chat", "email", "voice"))
        turns: list[Turn] = []
        for place in range({"chat": 10, "email": 4, "voice": 24}[channel] + draw.randint(-2, 4)):
            customer = place % 2 == 0
            said = draw.choices(ASKED if customer else PLAIN, k={"chat": 1, "email": 5, "voice": 2}[channel])
            if draw.random() < (0.05 if customer else 0.08):
                said.append(draw.choice(UPSET if customer else FRICTION))
            elif not customer and draw.random() < 0.08:
                said.append(draw.choice(RECOVERY))
            text = " ".join(said).format(**{key: draw.choice(values) for key, values in SLOTS.items()})
            if channel == "voice":
                words = re.sub(r"[^\w' ]", "", text.lower()).split()
                text = " ".join(f"{word} um" if draw.random() < 0.04 else word for word in words)
            turns.append(Turn("customer" if customer else "agent", text))
            done += len(text)
        yield Interaction(id=f"bench-{number:07d}", channel=channel, turns=tuple(turns))  # type: ignore[arg-type]
        number += 1


def least(work: Callable[[], Any], repeats: int = 3) -> float:
    """Return the least CPU seconds of some runs: what others do on the machine only ever adds."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def scan(path: Path, scanner: Scanner) -> int:
    """Read native lines and write sorted result lines, as `scan -o` does; return the findings."""
    count = 0
    with SortedResults() as results, Path(os.devnull).open("wb") as out:
        for outcome in serial.run(find_sources([str(path)]), ReadOptions(), scanner):
            results.add(outcome)  # type: ignore[arg-type]
            count += len(outcome.findings)  # type: ignore[union-attr]
        for line in results.lines():
            out.write(line)
    return count


def with_rules(count: int) -> CompiledPack:
    """Return the shipped pack cut, or repeated with other words, to a number of rules."""
    pack = load_compiled().pack
    rules = list(pack.rules)
    copies = 0
    while len(rules) < count:
        copies += 1
        rules += [replace(each, patterns=tuple(_renamed(p, copies) for p in each.patterns)) for each in pack.rules]
    return compile_pack(replace(pack, rules=tuple(rules[:count])))


def _renamed(pattern: Any, number: int) -> Any:
    """Return the pattern followed by a word of its own: as costly to propose, and it matches nothing new."""
    from frictionlens.rules.pattern import Seq, Word

    return replace(pattern, root=Seq((pattern.root, Word(f"zq{number}"))))


def write(path: Path, interactions: list[Interaction]) -> Path:
    with path.open("wb") as stream:
        stream.writelines(msgspec.json.encode(each) + b"\n" for each in interactions)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    size = int(given.megabytes * 1e6)
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
    }

    def note(name: str, value: Any) -> None:
        found[name] = value
        print(f"{name:52} {value}", flush=True)

    note("load average at the start", os.getloadavg()[0])
    corpus = list(make(size))
    text = sum(len(turn.text) for each in corpus for turn in each.turns) / 1e6
    part = list(make(min(size, 20_000)))
    part_text = sum(len(turn.text) for each in part for turn in each.turns) / 1e6
    scanner = Scanner()
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "corpus.jsonl", corpus)
        note("rules", len(scanner.pack.rules))
        note("findings per 1,000 turns", round(1000 * scan(path, scanner) / sum(len(each.turns) for each in corpus), 1))
        ours = text / least(lambda: scan(path, scanner))
        note("frictionlens, JSONL in, result JSONL out (MB/s)", round(ours, 2))
        for share in (0.25, 0.5, 1.0):
            some = write(Path(folder) / "some.jsonl", corpus[: int(len(corpus) * share)])
            note(f"seconds for {share:.0%} of the turns", round(least(lambda some=some: scan(some, scanner)), 3))
        decode = msgspec.json.Decoder(Interaction).decode
        lines = path.read_bytes().splitlines()
        note("limit: JSON alone (MB/s)", round(text / least(lambda: [decode(line) for line in lines]), 1))
        said = "\n".join(t.text for each in corpus for t in each.turns if t.role == "agent").encode()
        search = scanner.detector._words["company"]
        note(
            "limit: Hyperscan with our words alone (MB/s)", round(len(said) / 1e6 / least(lambda: search.find(said)), 1)
        )

        # The same rules, every pattern tried with spaCy on every sentence: findings must be equal.
        filtered, everything = Detector(load_compiled()), Detector(load_compiled(), prefilter=False)
        note(
            "findings equal without the prefilter",
            [each.findings for each in filtered.detect_all(part)]
            == [each.findings for each in everything.detect_all(part)],
        )
        note("our engine without prefilter (MB/s)", round(part_text / least(lambda: everything.detect_all(part), 1), 4))
        for count in (74, 200, 1000):
            detector = Detector(with_rules(count))
            detector.detect_all(part)
            note(f"seconds of the engine with {count} rules", round(least(lambda d=detector: d.detect_all(part)), 3))
        for jobs in dict.fromkeys((1, given.jobs)):
            start = time.perf_counter()
            sources = list(find_sources([str(path)]))
            for _ in processes.run(sources, ReadOptions(), Options(), jobs, part_bytes=size // 8):
                pass
            note(
                f"wall seconds with {jobs} jobs, start of the processes included", round(time.perf_counter() - start, 2)
            )
        small = write(Path(folder) / "small.jsonl", corpus[:1])
        command = [sys.executable, "-m", "frictionlens", "scan", str(small)]
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()
        note(
            "CPU seconds of a scan of one small file, with start-up",
            round(after.children_user + after.children_system - before.children_user - before.children_system, 2),
        )
        few = part[:3]
        few_text = sum(len(turn.text) for each in few for turn in each.turns) / 1e6
        for name, slow in alternatives(few).items():
            note(name, round(few_text / least(slow, 1), 4))
    note("load average at the end", os.getloadavg()[0])
    if given.out:
        given.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def alternatives(part: list[Interaction]) -> dict[str, Callable[[], Any]]:
    """Return other ways to run the patterns of the rules, on every turn as it is; no conditions, no context."""
    import pandas as pd
    from frictionlens.engine.sieve import sieve_of
    from frictionlens.engine.steps import sequences
    from spacy.lang.en import English
    from spacy.matcher import Matcher

    pack = load_compiled().pack
    texts = [turn.text for each in part for turn in each.turns]
    nlp = English()
    matcher = Matcher(nlp.vocab)
    for rule in pack.rules:
        flat = [[step.spacy() for step in each] for pattern in rule.patterns for each in sequences(pattern)]
        if flat:
            matcher.add(rule.id, flat)
    sieves = [
        re.compile("|".join(f"(?:{sieve_of(pattern).pattern})" for pattern in rule.patterns), re.IGNORECASE)
        for rule in pack.rules
        if rule.patterns
    ]
    frame = pd.Series([f" {text} " for text in texts])
    return {
        "plain spaCy: tokeniser and one Matcher (MB/s)": lambda: [
            matcher(nlp.make_doc(text.lower())) for text in texts
        ],
        "one compiled re per rule (MB/s)": lambda: [[each.search(text) for each in sieves] for text in frame],
        "pandas str.contains per rule (MB/s)": lambda: [frame.str.contains(each, regex=True) for each in sieves],
    }


if __name__ == "__main__":
    main()
