"""Measure the history and the weekly report: 100,000 made-up interactions, stored, reported, told apart from quiet.

    python benchmarks/report.py size      # store and report of 100,000 interactions: time, memory, size of the page
    python benchmarks/report.py rescan    # second scan of an unchanged folder against the first
    python benchmarks/report.py quiet     # how many of 200 histories without a story show any change
    python benchmarks/report.py requests  # how well similar requests are told, where the truth is known

What is stored comes from `frictionlens.synthetic.scored`: results made from known labels, no rule is run. The rescan
reads native transcripts and runs the rules.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from frictionlens.analytics.build import build_report
from frictionlens.analytics.report import Report
from frictionlens.store import Pack, Store
from frictionlens.synthetic import Story, interactions, scored


def peak() -> float:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size(number: int, where: Path) -> None:
    path = where / "history.duckdb"
    start = time.perf_counter()
    with Store(path) as store:
        stored = max(store.put(scored(Story(per_week=number // 8)), Pack("benchmark")))
    took = time.perf_counter() - start
    print(f"made and stored {stored:,} interactions in {took:.1f} s, {path.stat().st_size / 1e6:.0f} MB")
    # A process of its own, so that time and memory are those of a report alone.
    for kind in ("terminal", "html"):
        target = where / "report.html"
        output = ["-o", str(target)] if kind == "html" else []
        code = (
            "import resource, sys, time; start = time.perf_counter(); cpu = time.process_time()\n"
            "from frictionlens.cli import app\n"
            "try: app(sys.argv[1:], standalone_mode=False)\n"
            "finally: print(f'{time.perf_counter() - start:.1f} s wall,', f'{time.process_time() - cpu:.1f} s cpu,',\n"
            "    f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB', file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "--quiet", "report", "--store", str(path), *output],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        more = f", page {target.stat().st_size / 1e6:.2f} MB" if kind == "html" else ""
        print(f"report as {kind}: {done.stderr.strip().splitlines()[-1]}{more}")


def rescan(number: int, where: Path) -> None:
    import msgspec

    folder = where / "exports"
    folder.mkdir()
    for week in range(8):
        story = Story(weeks=1, per_week=number // 8, seed=week)
        lines = (
            msgspec.json.encode(msgspec.structs.replace(each, id=f"{week}-{each.id}")) for each in interactions(story)
        )
        (folder / f"{week}.jsonl").write_bytes(b"\n".join(lines))
    total = sum(each.stat().st_size for each in folder.iterdir()) / 1e6
    for which in ("first", "second"):
        start = time.perf_counter()
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(
            [sys.executable, "-m", "frictionlens", "--quiet", "scan", str(folder), "--store", str(where / "s.duckdb")],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - cpu
        print(f"{which} scan of {total:.0f} MB: {time.perf_counter() - start:.1f} s wall, {used:.1f} s processor")


def told(report: Report) -> list[str]:
    """Return the names of everything that the report calls a change."""
    series = [
        report.headline.friction, report.headline.high, *(row.series for row in report.ledger), *report.kinds,
        *report.signs, *(step.series for step in report.funnel.steps),
        *(row.series for each in report.slices for row in each.rows),
    ]  # fmt: skip
    return [each.name for each in series if each.steps] + (["headline"] if report.headline.friction_changed else [])


def quiet(number: int) -> None:
    wrong = 0
    for seed in range(number):
        with Store(None) as store:
            for _ in store.put(scored(Story(seed=seed, story=False), excerpts=False), Pack("benchmark")):
                pass
            found = told(build_report(store))
        wrong += bool(found)
        if found:
            print(f"seed {seed}: {', '.join(found)}")
    print(f"{wrong} of {number} histories without a story show a change")


def requests(shared: Path) -> None:
    """Tell the same request from others in tau-bench conversations: four trials each of fifty tasks, by number."""
    from itertools import combinations

    from frictionlens.analytics.pairs import THRESHOLD, request_vectors
    from frictionlens.model import Interaction
    from frictionlens.pipeline import first_words
    from frictionlens.readers import ReadOptions, find_sources, read

    sources = list(find_sources([str(shared / "gold" / name) for name in ("dev.jsonl", "dev_more.jsonl")]))
    records = [record for source in sources for record in read(source, ReadOptions())]
    found = [each for each in records if isinstance(each, Interaction) and each.source == "tau"]
    vectors = request_vectors([first_words(each) for each in found])
    cosine = (vectors @ vectors.T).toarray()
    tasks = [int(each.id.split("-")[1]) % 50 for each in found]
    pairs = list(combinations(range(len(found)), 2))
    same = {pair for pair in pairs if tasks[pair[0]] == tasks[pair[1]]}
    print(f"{len(found)} conversations, {len(same)} pairs of one task among {len(pairs)}")
    for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
        told = {pair for pair in pairs if cosine[pair] >= threshold}
        right = len(told & same)
        precision, recall = right / max(len(told), 1), right / len(same)
        mark = "  <- used" if threshold == THRESHOLD else ""
        print(f"threshold {threshold:.2f}: precision {precision:.2f}, recall {recall:.2f}{mark}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("size", "rescan", "quiet", "requests"))
    parser.add_argument("--number", type=int, help="interactions, or histories for `quiet`")
    given = parser.parse_args()
    if given.what == "requests":
        requests(Path(os.environ.get("FRICTIONLENS_SHARED", Path(__file__).parents[2] / "shared")))
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.what == "quiet":
            quiet(given.number or 200)
        elif given.what == "size":
            size(given.number or 100_000, Path(folder))
        else:
            rescan(given.number or 20_000, Path(folder))


if __name__ == "__main__":
    main()
