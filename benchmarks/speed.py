"""Measure speed and memory, write them to speed.json, and from there into docs/performance.md and docs/scaling.md.

    python benchmarks/speed.py                 # what `make bench` runs: under 8 minutes on two idle cores
    python benchmarks/speed.py --large         # `make bench-large`: files of 1 GB and 10 GB, an array of 2 GB; hours
    python benchmarks/speed.py --large 10 --rule refusal   # only the file of 10 GB, with the rules of one category
    python benchmarks/speed.py --only rivals   # some parts; the others stay as they were measured
    python benchmarks/speed.py --docs          # measure nothing, write the pages anew

The corpus is that of corpus.py, the other ways to run the rules are those of rivals.py. MB are 10^6 characters of turn
text (of file where it says so). Seconds are CPU seconds, the least of some runs: what else runs on a machine only ever
adds; where several processes work they are seconds of the clock. A part that fails says so and the others go on.
Every part keeps the machine, the load and the number of rules that it was measured with.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

import corpus
import rivals
import speed_docs
from frictionlens.engine.compiled import CompiledPack, compile_pack
from frictionlens.engine.detector import Detector
from frictionlens.model import COMPANY_ROLES, Interaction, Scored
from frictionlens.pipeline import Scanner
from frictionlens.readers import ReadOptions, find_sources, read
from frictionlens.results import SortedResults
from frictionlens.rules import Pack, Rule, load_pack
from frictionlens.rules.pattern import Affix, Alt, Capture, Node, Not, Opt, Pattern, Seq, Word, walk
from frictionlens.runners import serial

RESULTS: Final = Path(__file__).with_name("speed.json")
SOURCE: Final = Path(__file__).resolve().parent.parent / "src"
MEMORY_QUICK: Final = (20, 100)
"""MB of file whose scan is watched in the quick part; 1,000 too where they take no longer than `PATIENCE`."""
PATIENCE: Final = 120.0
"""Seconds that one measurement of the quick part may be expected to take."""
DRAWS: Final = 3
"""Draws of rules whose mean is taken."""
KEPT_WORDS: Final = 60
"""So many of the most used words of patterns stay where other words take the places of the rest."""


class Given(NamedTuple):
    """What the command line asks for, and what parts tell each other."""

    large: tuple[str, ...]
    """Which of the large inputs."""
    rule: str | None
    """What `--rule` of the scan of large inputs says: memory does not hang on the rules, hours do."""
    scale: float
    """Of all sizes and budgets: below 1 for trying the command out."""
    medspacy: Path | None
    folder: Path
    rate: list[float]
    """MB of file per second and process, as soon as it is measured."""


def least(work: Callable[[], Any], repeats: int = 3) -> float:
    """Return the least CPU seconds of some runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def say(text: str) -> None:
    """Show progress."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


# ------------------------------------------------------------------------------------------------------- the scan


def scan(path: Path, scanner: Scanner) -> None:
    """Read native lines and write sorted result lines, as `scan -o` does."""
    with SortedResults() as results, Path(os.devnull).open("wb") as out:
        for outcome in serial.run(find_sources([str(path)]), ReadOptions(), scanner):
            assert isinstance(outcome, Scored), outcome
            results.add(outcome)
        for line in results.lines():
            out.write(line + b"\n")


def found_in(interactions: Iterable[Interaction], scanner: Scanner) -> dict[str, float]:
    """Return findings per turn, and shares of turns with a finding, by family."""
    turns: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for each in interactions:
        turns.update("company" if turn.role in COMPANY_ROLES else turn.role for turn in each.turns)
        findings = scanner.score(each).findings
        found["all"] += len(findings)
        found.update(family for family, _ in {(finding.family, finding.turn) for finding in findings})
    return {
        "turns": turns.total(),
        "findings_a_turn": found["all"] / turns.total(),
        "friction": found["friction"] / turns["company"],
        "recovery": found["recovery"] / turns["company"],
        "signal": found["signal"] / turns["customer"],
    }


def measure_scan(given: Given) -> dict[str, Any]:
    """Measure the whole way in one process: routine contacts, complaints, plain talk; and where the time goes."""
    scanner = Scanner()
    told: dict[str, Any] = {}
    for name, rates, megabytes in (
        ("routine", corpus.RATES, 4.0),
        ("complaints", corpus.COMPLAINTS, 1.0),
        ("plain", corpus.PLAIN, 1.0),
    ):
        interactions = list(corpus.make(int(megabytes * given.scale * 1e6), rates))
        path = given.folder / f"{name}.jsonl"
        corpus.write(path, iter(interactions))
        text = corpus.text_of(interactions)
        shares = found_in(interactions, scanner)  # compiles, too, what the first text asks for
        seconds = least(lambda path=path: scan(path, scanner))
        told[name] = {
            "interactions": len(interactions),
            "megabytes": text / 1e6,
            "file_megabytes": path.stat().st_size / 1e6,
            "seconds": seconds,
            **shares,
        }
        say(f"{name}: {text / 1e6 / seconds:.2f} MB/s, {shares['findings_a_turn']:.3f} findings a turn")
        if name == "routine":
            given.rate.append(path.stat().st_size / 1e6 / seconds)
            told["parts"] = _parts(path, interactions, scanner)
            told["words"] = _vocabulary(interactions)
    return told


def _parts(path: Path, interactions: list[Interaction], scanner: Scanner) -> dict[str, float]:
    """Return the seconds of reading, of detecting, and of scoring with everything that is written of it."""
    [source] = find_sources([str(path)])
    reading = least(lambda: sum(1 for _ in read(source, ReadOptions())))
    detecting = least(lambda: [scanner.detect(each) for each in interactions])
    scored = [scanner.score(each) for each in interactions]
    scoring = least(lambda: [scanner.score(each) for each in interactions]) - detecting

    def sort() -> None:
        with SortedResults() as results:
            for each in scored:
                results.add(each)
            for _ in results.lines():
                pass

    return {"read": reading, "detect": detecting, "score": max(scoring, 0.0), "sort and write": least(sort)}


def _vocabulary(interactions: list[Interaction]) -> int:
    """Return the distinct words among the first 100,000."""
    words = (word for each in interactions for turn in each.turns for word in turn.text.lower().split())
    return len({word for word, _ in zip(words, range(100_000), strict=False)})


def measure_turns(given: Given) -> dict[str, Any]:
    """Measure a quarter, half and all of the corpus."""
    scanner = Scanner()
    interactions = list(corpus.make(int(4e6 * given.scale)))
    told = []
    for share in (0.25, 0.5, 1.0):
        part = interactions[: max(1, int(len(interactions) * share))]
        path = given.folder / "part.jsonl"
        corpus.write(path, iter(part))
        scan(path, scanner)
        seconds = least(lambda path=path: scan(path, scanner))
        told.append({"turns": sum(len(each.turns) for each in part), "seconds": seconds})
        say(f"{told[-1]['turns']} turns: {seconds:.2f} s")
    return {"steps": told}


def measure_rules(given: Given) -> dict[str, Any]:
    """Measure the engine with 74, 200 and 1,000 rules: whole ones, and rules of one pattern each.

    A shipped rule has some twenty patterns. Whole rules beyond the shipped ones are variants of them in other words;
    rules of one pattern are drawn from the shipped ones as they are. One broad pattern more in a draw
    costs half as much again, so both are the mean of `DRAWS`.
    """
    pack = load_pack()
    interactions = list(corpus.make(int(0.6e6 * given.scale)))

    def once(made: Callable[[Pack, int, int], CompiledPack], count: int, draw: int) -> dict[str, float]:
        start = time.process_time()
        compiled = made(pack, count, draw)
        compiling = time.process_time() - start
        detector = Detector(compiled)
        findings = sum(len(detector.detect(each).findings) for each in interactions)
        seconds = least(lambda: [detector.detect(each) for each in interactions])
        patterns = sum(len(rule.patterns) for rule in compiled.pack.rules)
        say(f"{count} rules ({patterns} patterns): {seconds:.2f} s, {findings} findings; compiled in {compiling:.1f} s")
        return {"patterns": patterns, "findings": findings, "seconds": seconds, "compiling": compiling}

    def measured(made: Callable[[Pack, int, int], CompiledPack], count: int) -> dict[str, Any]:
        runs = [once(made, count, draw) for draw in range(DRAWS)]
        mean = {name: sum(run[name] for run in runs) / DRAWS for name in runs[0]}
        return {"rules": count, **mean, "patterns": round(mean["patterns"]), "findings": round(mean["findings"])}

    counts = (74, 200, 1000)
    return {
        "steps": [measured(with_rules, count) for count in counts],
        "single": [measured(with_patterns, count) for count in counts],
        "shipped": len(pack.rules),
    }


def with_rules(pack: Pack, count: int, draw: int) -> CompiledPack:
    """Return the pack with as many rules: a draw of its own, or with variants of them in other words."""
    rules = list(pack.rules)
    if count < len(rules):
        rules = random.Random(draw).sample(rules, count)
    for copy in range(1, 1 + count // len(pack.rules)):
        words = _other_words(pack, 100 * draw + copy)
        rules += [_in_other_words(rule, words, copy) for rule in pack.rules]
    return compile_pack(replace(pack, rules=tuple(sorted(rules[:count], key=lambda rule: rule.id))))


def with_patterns(pack: Pack, count: int, draw: int) -> CompiledPack:
    """Return the pack with as many rules of one pattern each, drawn from its own, with their conditions."""
    each = [(rule, pattern) for rule in pack.rules for pattern in rule.patterns]
    drawn = random.Random(draw).sample(each, count)
    rules = (replace(rule, id=f"{rule.id}-{place}", patterns=(one,)) for place, (rule, one) in enumerate(drawn))
    return compile_pack(replace(pack, rules=tuple(sorted(rules, key=lambda rule: rule.id))))


def _other_words(pack: Pack, seed: int) -> dict[str, str]:
    """Return for every word of the patterns but the commonest another one of them, about as frequent in the corpus."""
    used: Counter[str] = Counter()
    for rule in pack.rules:
        for pattern in rule.patterns:
            used.update({node.text for node in walk(pattern.root) if isinstance(node, Word)})
    kept = {word for word, _ in used.most_common(KEPT_WORDS)}
    said = _said()
    by_frequency: dict[int, list[str]] = {}
    for word in sorted(used):
        if word not in kept and word.isalpha():
            by_frequency.setdefault(said[word].bit_length(), []).append(word)
    draw = random.Random(seed)
    return {
        word: other
        for words in by_frequency.values()
        for word, other in zip(words, draw.sample(words, len(words)), strict=True)
    }


@cache
def _said() -> Counter[str]:
    """Return how often words are said in plain talk."""
    return Counter(
        word
        for each in corpus.make(1_000_000, corpus.PLAIN)
        for turn in each.turns
        for word in re.findall(r"[a-z]+", turn.text.lower())
    )


def _in_other_words(rule: Rule, words: dict[str, str], copy: int) -> Rule:
    """Return the rule in other words; what would say the same as before is left out of it."""

    def node(old: Node) -> Node:
        match old:
            case Word(text):
                return Word(words.get(text, text))
            case Not(inside, affixes):
                return Not(frozenset(words.get(each, each) for each in inside), affixes)
            case Affix(prefix, suffix):
                return Affix(words.get(prefix, prefix), suffix)
            case Opt(inner):
                return Opt(node(inner))
            case Capture(inner, kind):
                return Capture(node(inner), kind)
            case Alt(branches):
                other = tuple(map(node, branches))
                changed = tuple(each for each, before in zip(other, branches, strict=True) if each != before)
                return Alt(changed or other)
            case Seq(items):
                return Seq(tuple(map(node, items)))
        return old

    def required(old: Node) -> Node:
        """Return the node without what need not be there."""
        return Seq(tuple(each for each in old.items if not isinstance(each, Opt))) if isinstance(old, Seq) else old

    def patterns(old: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
        other = [
            replace(each, source=f"{each.source} #{copy}", root=Seq(tuple(map(node, each.root.items)))) for each in old
        ]
        return tuple(
            each for each, before in zip(other, old, strict=True) if required(each.root) != required(before.root)
        )

    fields = ("patterns", "except_", "unless", "unless_turn", "same_turn", "before", "not_before", "after", "not_after")
    return replace(rule, id=f"{rule.id}-{copy}", **{name: patterns(getattr(rule, name)) for name in fields})


# ------------------------------------------------------------------------------------------------ other ways


def measure_rivals(given: Given) -> dict[str, Any]:
    """Measure other ways to run the same patterns, each on as much of the corpus as its seconds allow."""
    compiled = compile_pack(load_pack())
    said = list(rivals.sentences_of(corpus.make(int(1e6 * given.scale)), compiled))
    task = rivals.Task(compiled, said)
    _, sequences, skipped = task.written_out
    budget = 15.0 * given.scale
    told: dict[str, Any] = {"sequences": sequences, "skipped": skipped, "runs": {}}

    def run(name: str, work: Callable[[], rivals.Run]) -> None:
        try:
            done = work()
        except (ImportError, OSError, subprocess.SubprocessError, ValueError) as error:
            told["runs"][name] = {"why_not": f"did not run here: {type(error).__name__}"}
            say(f"{name}: {type(error).__name__}: {error}")
            return
        entry: dict[str, Any] = {
            "characters": done.characters,
            "seconds": done.seconds,
            "preparing": done.preparing,
            "rate": done.rate,
        }
        if done.found is not None:
            ours = rivals.expressions(task, done.sentences)
            entry |= {
                "both": len(ours & done.found),
                "only_ours": len(ours - done.found),
                "only_theirs": len(done.found - ours),
            }
        told["runs"][name] = entry
        say(f"{name}: {done.rate:.5f} MB/s on {done.characters / 1e3:.0f} kB; {entry}")

    run("spacy", lambda: rivals.spacy_matcher(task, budget))
    run("re", lambda: rivals.re_per_rule(task, budget))
    run("pandas", lambda: rivals.pandas_contains(task, budget))
    if given.medspacy and given.medspacy.exists():
        run("medspacy", lambda: rivals.medspacy(task, budget, given.medspacy))  # type: ignore[arg-type]
    else:
        told["runs"]["medspacy"] = {"why_not": "not installed here (`make bench` makes an environment for it)"}
    told["equal"] = _prefilter(compiled, given)
    return told


def _prefilter(compiled: CompiledPack, given: Given) -> dict[str, int]:
    """Return findings with the prefilter, and how many interactions differ without it."""
    interactions = list(corpus.make(int(0.1e6 * given.scale), corpus.COMPLAINTS))
    filtered, everything = Detector(compiled), Detector(compiled, prefilter=False)
    pairs = [(filtered.detect(each).findings, everything.detect(each).findings) for each in interactions]
    return {"findings": sum(len(one) for one, _ in pairs), "differ": sum(one != other for one, other in pairs)}


def measure_limits(given: Given) -> dict[str, Any]:
    """Measure what no scan can be faster than."""
    interactions = list(corpus.make(int(2e6 * given.scale)))
    lines = [msgspec.json.encode(each) for each in interactions]
    texts = [turn.text for each in interactions for turn in each.turns]
    text = sum(map(len, texts)) / 1e6
    decode = msgspec.json.Decoder(Interaction).decode
    told: dict[str, Any] = {
        "json": text / least(lambda: [decode(line) for line in lines]),
        "split": text / least(lambda: [each.split() for each in texts]),
    }
    task = rivals.Task(compile_pack(load_pack()), ())
    try:
        told["hyperscan"] = text / least(rivals.hyperscan_words(task, texts))
    except ImportError:
        told["hyperscan"] = None
    say(f"limits in MB/s: {told}")
    return told


# --------------------------------------------------------------------------------------- processes, start, memory


def measure_jobs(given: Given) -> dict[str, Any]:
    """Measure the command with one and two jobs, start-up and all, in seconds of the clock."""
    rate = given.rate[0] if given.rate else 1.0
    path = given.folder / "jobs.jsonl"
    # Two thirds of a minute with one job: of a shorter run start-up, which no job shares, is too much.
    megabytes = min(max(rate * 40, 4.0), 60.0) * given.scale
    count, text = write_large(path, int(megabytes * 1e6))
    # By turns: a machine that others share is slower for minutes at a time.
    runs = [{jobs: command(given, path, f"--jobs={jobs}") for jobs in (1, 2)} for _ in range(2)]
    steps = []
    for jobs in (1, 2):
        done = min((run[jobs] for run in runs), key=lambda each: each.seconds)
        steps.append({"jobs": jobs, "seconds": done.seconds, "digest": done.digest})
        say(f"{jobs} jobs: {done.seconds:.2f} s")
    # What the cores give at most: two commands that share nothing, at the same time.
    other = given.folder / "other.jsonl"
    shutil.copyfile(path, other)
    with ThreadPoolExecutor(2) as threads:
        apart = max(each.seconds for each in threads.map(lambda one: command(given, one, "--jobs=1"), (path, other)))
    say(f"two commands side by side: {apart:.2f} s")
    path.unlink()
    other.unlink()
    same = len({each.pop("digest") for each in steps}) == 1
    return {"steps": steps, "apart": apart, "megabytes": text / 1e6, "interactions": count, "same_bytes": same}


def measure_start(given: Given) -> dict[str, Any]:
    """Measure a scan of one small file, from the start of the process to its end."""
    path = given.folder / "small.jsonl"
    corpus.write(path, iter(list(corpus.make(2_000))))
    command(given, path)  # the compiled rules are on disk from here on
    runs = [command(given, path) for _ in range(5)]
    told = {"wall": min(each.seconds for each in runs), "cpu": min(each.cpu for each in runs)}
    say(f"one small file: {told['wall']:.2f} s, {told['cpu']:.2f} s CPU")
    return told


def measure_memory(given: Given) -> dict[str, Any]:
    """Measure the most memory that any process of a scan has, by the size of its input."""
    rate = 2 * (given.rate[0] if given.rate else 1.0)
    told = []
    for megabytes in (*MEMORY_QUICK, 1000):
        if megabytes > MEMORY_QUICK[-1] and megabytes / rate > PATIENCE:
            say(f"{megabytes} MB would take {megabytes / rate:.0f} s: left to `make bench-large`")
            continue
        if entry := _watched(given, int(megabytes * given.scale * 1e6), f"{megabytes} MB"):
            told.append(entry)
    return {"steps": told}


LARGE_INPUTS: Final = {"1": (1, False), "2-array": (2, True), "10": (10, False)}
"""(gigabytes, whether they are one JSON array) by the name on the command line."""


def measure_large(given: Given) -> dict[str, Any]:
    """Measure files of 1 GB and 10 GB, and one JSON array of 2 GB, with two jobs."""
    told = []
    for gigabytes, array in map(LARGE_INPUTS.__getitem__, given.large):
        name = f"{gigabytes} GB{', one JSON array' if array else ''}"
        more = {"rule": given.rule} if given.rule else {}
        try:
            entry = _watched(given, int(gigabytes * given.scale * 1e9), name, array=array, rule=given.rule)
        except (OSError, RuntimeError) as error:  # hours of measuring do not go because of the last one
            entry = {"name": name, "failed": f"failed: {type(error).__name__}"}
            say(f"{name}: {error}")
        if entry:
            told.append(entry | more)
    return {"steps": told}


def _watched(
    given: Given, size: int, name: str, *, array: bool = False, rule: str | None = None
) -> dict[str, Any] | None:
    free = shutil.disk_usage(given.folder).free
    if free < 3 * size:
        say(f"{name}: left out, {free / 1e9:.0f} GB of disk are free")
        return None
    path = given.folder / ("memory.json" if array else "memory.jsonl")
    count, text = write_large(path, size, array=array)
    say(f"{name}: {count} interactions written")
    done = command(given, path, "--jobs=2", *((f"--rule={rule}",) if rule else ()))
    path.unlink()
    say(f"{name}: {done.seconds:.0f} s, {done.peak / 1e6:.0f} MB at most")
    return {
        "name": name,
        "file_megabytes": size / 1e6,
        "megabytes": text / 1e6,
        "interactions": count,
        "seconds": done.seconds,
        "peak_megabytes": done.peak / 1e6,
        "processes": done.processes,
    }


def write_large(path: Path, size: int, *, array: bool = False) -> tuple[int, int]:
    """Write about `size` bytes of interactions with ids of their own; their text comes again after 20 MB.

    Returns:
        (interactions, characters of their turns).
    """
    lines = [(msgspec.json.encode(each), corpus.text_of([each])) for each in corpus.make(min(size, 20_000_000))]
    head = len(b'{"id":"bench-00000000"')
    count = characters = written = 0
    with path.open("wb", buffering=1 << 20) as stream:
        stream.write(b"[" if array else b"")
        while written < size:
            for line, length in lines:
                comma = b"," if array and count else b""
                written += stream.write(b'%b{"id":"bench-%08d"%b\n' % (comma, count, line[head:]))
                count += 1
                characters += length
                if written >= size:
                    break
        stream.write(b"]\n" if array else b"")
    return count, characters


def measure_spark(given: Given) -> dict[str, Any]:
    """Measure Spark on this machine (`local[2]`) against two processes, start-up taken off both."""
    if shutil.which("java") is None:
        return {"why_not": "there is no Java here"}
    try:
        import pyspark
    except ImportError:
        return {"why_not": "pyspark is not installed here"}
    rate = given.rate[0] if given.rate else 1.0
    large, small = given.folder / "spark.jsonl", given.folder / "tiny.jsonl"
    _, text = write_large(large, int(min(max(rate * 30, 4.0), 60.0) * given.scale * 1e6))
    write_large(small, 20_000)
    told: dict[str, Any] = {"megabytes": text / 1e6, "pyspark": pyspark.__version__}
    for name, more in (("spark", ("--runner=spark", "--jobs=2")), ("processes", ("--jobs=2",))):
        start, whole = command(given, small, *more), command(given, large, *more)
        told[name] = {"start": start.seconds, "seconds": whole.seconds - start.seconds, "digest": whole.digest}
        say(f"{name}: {whole.seconds:.1f} s, of them {start.seconds:.1f} s start")
    told["same_bytes"] = told["spark"].pop("digest") == told["processes"].pop("digest")
    return told


class Done(NamedTuple):
    """What a run of the command took."""

    seconds: float
    cpu: float
    peak: float
    """Bytes of the process that had most."""
    processes: int
    digest: str
    """Of the results."""


def command(given: Given, path: Path, *more: str) -> Done:
    """Run `frictionlens scan` on a file and watch it.

    Raises:
        RuntimeError: it failed.
    """
    import hashlib

    out = given.folder / f"{path.stem}.results.jsonl"
    line = [sys.executable, "-m", "frictionlens", "scan", str(path), "-o", str(out), *more]
    paths = os.pathsep.join(filter(None, (str(SOURCE), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable}
    before, start = os.times(), time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        watch = _Watch(process.pid)
        code = process.wait()
        seconds, after = time.perf_counter() - start, os.times()
        watch.stop()
        if code:
            errors.seek(0)
            raise RuntimeError(f"scan ended with code {code}: {errors.read().decode(errors='replace')[-500:]}")
    digest = hashlib.sha256()
    with out.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    out.unlink()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    peaks = watch.peaks.values()
    return Done(seconds, cpu, max(peaks, default=0.0), len(peaks), digest.hexdigest())


class _Watch(threading.Thread):
    """Note the most memory of a process and of those it starts, from `/proc` (Linux only)."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[int, float] = {}
        self._process = process
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(0.1):
            for process in self._all(self._process):
                with contextlib.suppress(OSError, StopIteration, ValueError):
                    status = Path(f"/proc/{process}/status").read_text()
                    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
                    self.peaks[process] = max(self.peaks.get(process, 0.0), 1024.0 * int(line.split()[1]))

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _all(self, process: int) -> Iterator[int]:
        yield process
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
                yield from self._all(int(child))


PARTS: Final[dict[str, Callable[[Given], dict[str, Any]]]] = {
    "scan": measure_scan,
    "turns": measure_turns,
    "rules": measure_rules,
    "limits": measure_limits,
    "start": measure_start,
    "jobs": measure_jobs,
    "spark": measure_spark,
    "rivals": measure_rivals,
    "memory": measure_memory,
}
LARGE: Final[dict[str, Callable[[Given], dict[str, Any]]]] = {"large": measure_large}


@cache
def shipped_rules() -> int:
    """Return how many rules are shipped."""
    return len(load_pack().rules)


def machine() -> dict[str, Any]:
    """Name the machine."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return {
        "machine": f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "rules": shipped_rules(),
        "day": time.strftime("%Y-%m-%d"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", nargs="*", choices=list(LARGE_INPUTS), help="only large inputs (GB): these, or all")
    parser.add_argument("--rule", help="of large inputs: a rule or a category, for less hours")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *LARGE], help="these parts")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes; for trying the command out")
    parser.add_argument("--docs", action="store_true", help="measure nothing, write the pages from speed.json")
    parser.add_argument("--no-docs", action="store_true", help="write nothing, only print")
    parser.add_argument("--medspacy", type=Path, help="Python of an environment with medspaCy")
    parser.add_argument("--folder", type=Path, help="where large files go for a while; the system's unless told")
    asked = parser.parse_args()
    known: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    if not asked.docs:
        parts = {**PARTS, **LARGE}
        chosen = asked.only or (PARTS if asked.large is None else LARGE)
        with tempfile.TemporaryDirectory(prefix="frictionlens-bench-", dir=asked.folder) as folder:
            large = tuple(asked.large or LARGE_INPUTS)
            given = Given(large, asked.rule, asked.scale, asked.medspacy, Path(folder), [])
            if "scan" not in chosen and "scan" in known:
                routine = known["scan"]["routine"]
                given.rate.append(routine["file_megabytes"] / routine["seconds"])
            for name in chosen:
                say(f"-- {name}: {(parts[name].__doc__ or '').splitlines()[0]}")
                start = time.perf_counter()
                try:
                    told = parts[name](given)
                except Exception as error:  # one part that fails must not cost the others
                    say(f"{name} failed: {type(error).__name__}: {error}")
                    continue
                if name in LARGE:  # which may be measured one by one
                    named = {step["name"] for step in told["steps"]}
                    before = known.get(name, {}).get("steps", [])
                    told["steps"] = [step for step in before if step["name"] not in named] + told["steps"]
                known[name] = machine() | told
                say(f"   {name} took {time.perf_counter() - start:.0f} s")
                if not asked.no_docs and asked.scale == 1:
                    RESULTS.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    print(speed_docs.render_performance(known))
    if not asked.no_docs and (asked.docs or asked.scale == 1):
        speed_docs.write(known)


if __name__ == "__main__":
    main()
