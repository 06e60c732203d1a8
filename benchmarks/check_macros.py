"""Time `frictionlens check` on 200 reply macros, start-up included: a person who edits macros waits for this.

Usage: python benchmarks/check_macros.py [--macros 200] [--runs 5] [--limit 2.0]

The macros are made up from sentences of real length (two thirds friendly, one third refusing, stalling or hiding
behind policy), half as one Zendesk export, half as a folder of text files. The first run may compile the rules; it is
reported apart. With --limit, the exit code is 1 when the median of the further runs is above it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FRIENDLY = (
    "Thank you for getting in touch about your order.",
    "I've refunded the full amount to your card today.",
    "A replacement will arrive by Tuesday, and you can keep the old one.",
    "What I can do is store credit or an exchange.",
    "Would you prefer the refund or the replacement?",
    "I'm so sorry your parcel arrived damaged.",
    "You'll find the return label attached to this message.",
    "Does that work for you?",
    "Your subscription ends on the last day of this month, and nothing more will be charged.",
)
HARD = (
    "Unfortunately we cannot refund orders after 30 days, as per our policy.",
    "Please contact your bank about that.",
    "We are experiencing a high volume of requests at the moment.",
    "Please allow 5 to 7 business days.",
    "Our team will get back to you.",
    "You should have read the terms before you ordered.",
    "We apologise for any inconvenience.",
    "I'm afraid there is nothing more I can do.",
)


def write_macros(folder: Path, count: int) -> int:
    """Write the macros and return how many words they hold."""
    dice = random.Random(20261122)
    texts = []
    for _ in range(count):
        sentences = [dice.choice(FRIENDLY if dice.random() < 2 / 3 else HARD) for _ in range(dice.randint(3, 9))]
        texts.append("Hi {{ticket.requester.first_name}},\n\n" + "\n".join(sentences) + "\n\nBest,\nThe team")
    macros = [
        {
            "id": number,
            "title": f"Macro {number}",
            "active": True,
            "actions": [{"field": "comment_value", "value": text}],
        }
        for number, text in enumerate(texts[: count // 2])
    ]
    (folder / "zendesk.json").write_text(json.dumps({"macros": macros}, indent=1), "utf-8")
    for number, text in enumerate(texts[count // 2 :]):
        (folder / f"reply-{number:03}.txt").write_text(text, "utf-8")
    return sum(len(text.split()) for text in texts)


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--macros", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "macros"
        folder.mkdir()
        words = write_macros(folder, given.macros)
        command = [sys.executable, "-m", "frictionlens", "check", "--macros", str(folder), "--min-confidence", "low"]
        # A source checkout need not be installed to be measured.
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")}
        seconds, user = [], []
        for _ in range(given.runs + 1):
            before, started = os.times(), time.perf_counter()
            done = subprocess.run(command, capture_output=True, check=False, text=True, cwd=name, env=environment)
            after = os.times()
            seconds.append(time.perf_counter() - started)
            user.append(after.children_user + after.children_system - before.children_user - before.children_system)
            if done.returncode != 1:
                print(done.stdout, done.stderr)
                raise SystemExit(f"the check ended with {done.returncode}, and 1 was expected")
    print(f"{given.macros} macros, {words} words; {done.stdout.splitlines()[-1]}")
    print(f"first run {seconds[0]:.2f} s; then {given.runs} runs:")
    median = statistics.median(seconds[1:])
    print(f"  wall {min(seconds[1:]):.2f} to {max(seconds[1:]):.2f} s, median {median:.2f} s")
    print(f"  processor {statistics.median(user[1:]):.2f} s (what it takes on an idle core)")
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )
    return 1 if given.limit and median > given.limit else 0


if __name__ == "__main__":
    raise SystemExit(main())
