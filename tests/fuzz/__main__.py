"""Fuzz every reader with mutated samples for a while, and say what was tried: `make fuzz`, or `python -m tests.fuzz`.

Environment: FUZZ_SECONDS (60), FUZZ_JOBS (processes, all processors but one), FUZZ_SEED (1), FUZZ_FORMAT (all),
FUZZ_ATHERIS_SECONDS (a third of the time where atheris is installed, `pip install frictionlens[fuzz]`; 0 turns it off).
Exit code 1 says that something failed; its input lies in FUZZ_FINDINGS (`.fuzz/`) with the reason beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.run import Tally, fuzz


def main() -> int:
    """Fuzz in several processes, print the tally, and return the exit code."""
    seconds = float(os.environ.get("FUZZ_SECONDS", "60"))
    guided = float(os.environ.get("FUZZ_ATHERIS_SECONDS", seconds / 3 if find_spec("atheris") else 0))
    jobs = int(os.environ.get("FUZZ_JOBS", max(1, (os.cpu_count() or 2) - 1)))
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    findings = Path(os.environ.get("FUZZ_FINDINGS", ".fuzz"))
    only = os.environ.get("FUZZ_FORMAT")
    started = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        running = [pool.submit(fuzz, seconds - guided, seed * 1_000 + job, findings, only) for job in range(jobs)]
        tally = sum((each.result() for each in running), Tally())
    say(f"{tally.inputs:,} mutated inputs of {len(tally.formats)} formats in {time.monotonic() - started:.0f} s")
    say(f"  {tally.bytes / 2**20:,.0f} MB read; {tally.interactions:,} interactions, {tally.problems:,} problems,")
    say(f"  {tally.skipped:,} skipped; {tally.scored:,} interactions scored as well")
    say(f"  {tally.damaged:,} with damaged lines among whole ones: a whole one that is lost is a failure")
    say(f"  slowest: {tally.slowest:.2f} s ({tally.slowest_what}); peak memory of a process: {tally.peak_mb:,.0f} MB")
    say(f"  failures: {len(tally.failures)}")
    for failure in tally.failures[:20]:
        say(f"    {failure}")
    code = 1 if tally.failures else 0
    if guided >= 1:
        command = [sys.executable, "-m", "tests.fuzz.guided", str(findings), f"-max_total_time={int(guided)}"]
        say(f"coverage-guided, {int(guided)} s:")
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        report = done.stderr.splitlines()
        for line in [*report[-3:]] if done.returncode == 0 else report[-40:]:
            say(f"  {line}")
        code = code or (1 if done.returncode else 0)
    return code


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
