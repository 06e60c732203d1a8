"""Own one fuzzing process: mutate a sample, read it, check what every reader owes, and keep count."""

from __future__ import annotations

import io
import random
import resource
import signal
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.fuzz.mutate import mutate, spoil_line

from frictionlens.errors import Problem, Skipped
from frictionlens.model import ROLES, Interaction
from frictionlens.pipeline import Scanner
from frictionlens.readers import Duplicates, ReadOptions, Source, find_sources, formats, read

SAMPLES: Final = Path(__file__).parent.parent.parent / "samples"
MOST_SECONDS: Final = 5.0
MOST_MEGABYTES: Final = 500
TRIPPED: Final = "could not be read as"
"""What the last line of defence says when a reader itself tripped: no input may get that far."""
SCORED_ONE_IN: Final = 200
LOOKS: Final = 25
"""Inputs between two looks at the memory."""
DAMAGED_ONE_IN: Final = 8
"""Inputs of which one damages single lines only, and nothing else of the sample may be lost."""


class TooSlowError(Exception):
    """An input that took longer than `MOST_SECONDS`."""


@dataclass
class Tally:
    """What was tried and what came of it."""

    inputs: int = 0
    bytes: int = 0
    interactions: int = 0
    problems: int = 0
    skipped: int = 0
    scored: int = 0
    damaged: int = 0
    """Inputs with damaged lines among whole ones, whose whole ones were all found."""
    slowest: float = 0.0
    slowest_what: str = ""
    peak_mb: float = 0.0
    formats: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __add__(self, other: Tally) -> Tally:
        slower = max((self, other), key=lambda each: each.slowest)
        return Tally(
            self.inputs + other.inputs,
            self.bytes + other.bytes,
            self.interactions + other.interactions,
            self.problems + other.problems,
            self.skipped + other.skipped,
            self.scored + other.scored,
            self.damaged + other.damaged,
            slower.slowest,
            slower.slowest_what,
            max(self.peak_mb, other.peak_mb),
            self.formats + other.formats,
            self.failures + other.failures,
        )


@dataclass(frozen=True)
class Sample:
    """The bytes of one sample, and how to make a source of other bytes in its place."""

    format: str
    source: Source
    data: bytes

    def variant(self, data: bytes) -> Source:
        """Return the sample's source with other bytes; in a bundle the largest member gets them."""
        return _variant(self.source, data)


def _variant(source: Source, data: bytes) -> Source:
    if not source.members:
        return Source(source.name, lambda: io.BytesIO(data))
    largest = max(source.members, key=lambda member: len(_contents(member)))
    return Source(
        source.name,
        io.BytesIO,
        members=tuple(_variant(each, data) if each is largest else each for each in source.members),
    )


def _contents(source: Source) -> bytes:
    if source.members:
        return max((_contents(each) for each in source.members), key=len)
    with source.open() as stream:
        return stream.read()


def samples(only: str | None = None) -> list[Sample]:
    """Return every sample of a format, with its bytes."""
    return [
        Sample(folder.name, source, _contents(source))
        for folder in sorted(SAMPLES.iterdir())
        if folder.name in formats() and only in (None, folder.name)
        for source in find_sources([str(folder)])
        if not source.name.endswith("README.md")
    ]


@dataclass(frozen=True)
class Lines:
    """The lines of a sample, and what is said on each of them: damage to some costs nothing of the others."""

    lines: tuple[bytes, ...]
    said: tuple[tuple[str, ...], ...]
    """The texts of turns that go with each line."""
    shared: tuple[str, ...]

    def damage(self, rng: random.Random) -> tuple[bytes, list[str]]:
        """Return the sample with damaged lines, and every text that has to be read all the same."""
        chosen = set(rng.sample(range(len(self.lines)), rng.randint(1, max(1, len(self.lines) // 3))))
        spoilt = (spoil_line(line, rng) if at in chosen else line for at, line in enumerate(self.lines))
        hurt = {text for at in chosen for text in self.said[at]}
        rest = [text for at, texts in enumerate(self.said) if at not in chosen for text in texts if text not in hurt]
        return b"\n".join(spoilt), [*rest, *self.shared]


def lines_of(sample: Sample) -> Lines | None:
    """Return the lines of a sample that holds JSON values on lines of their own; None for any other."""
    if sample.source.members:
        return None

    def texts(data: bytes) -> Counter[str]:
        found = list(read(sample.variant(data), ReadOptions(format=sample.format)))
        if any(isinstance(each, Skipped) and each.kind == "duplicate" for each in found):
            return Counter()  # where records stand in for one another, damage to one brings out the other
        return Counter(turn.text for each in found if isinstance(each, Interaction) for turn in each.turns if turn.text)

    lines = [line for line in sample.data.split(b"\n") if line.strip()]
    try:
        values = [msgspec.json.decode(line) for line in lines]
    except msgspec.DecodeError:
        try:
            values = [msgspec.json.decode(sample.data)]
        except msgspec.DecodeError:
            return None
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not values or not all(isinstance(value, dict) for value in values):
        return None
    once = texts(sample.data)
    if len(values) < 3:
        # Few records make no file of lines: copies with ids and words of their own do.
        values = [_copy(value, number, frozenset(once)) for number in range(4) for value in values]
    lines = [msgspec.json.encode(value) for value in values]
    whole = texts(b"\n".join(lines))
    if whole.total() < max(3, once.total()):
        return None
    said = [whole - texts(b"\n".join([*lines[:at], *lines[at + 1 :]])) for at in range(len(lines))]
    shared = whole - sum(said, Counter())
    return Lines(tuple(lines), tuple(tuple(each) for each in said), tuple(shared))


def _copy(value: Any, number: int, said: frozenset[str], key: str = "") -> Any:
    """Copy a record with other ids, and other words in what is said."""
    if isinstance(value, dict):
        return {name: _copy(each, number, said, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_copy(each, number, said, key) for each in value]
    if isinstance(value, str) and (value in said or key.casefold().endswith(("id", "jobname"))):
        return f"{value} {number}"
    return value + number if type(value) is int and key.casefold().endswith("id") else value


def check(
    source: Source,
    options: ReadOptions,
    tally: Tally,
    scanner: Scanner | None = None,
    *,
    expected: Sequence[str] = (),
) -> None:
    """Read a source and hold it to what every reader owes.

    Args:
        source: what to read.
        options: how.
        tally: takes the counts.
        scanner: scores what was read as well.
        expected: texts of turns that must be among what was read.

    Raises:
        AssertionError: it said nothing, tripped, or gave something that cannot be used.
    """
    found = list(read(source, options))
    assert found, "nothing was said about it"
    duplicates = Duplicates()
    for record in found:
        if isinstance(record, Interaction):
            assert record.id, "an empty id"
            assert all(turn.role in ROLES and type(turn.text) is str for turn in record.turns), "a broken turn"
            msgspec.json.encode(record)
            duplicates.check(record)
            tally.interactions += 1
            if scanner is not None:
                scored = scanner.score_safely(record)
                assert not isinstance(scored, Problem), f"{scored.reason}"
                msgspec.json.encode(scored)
                tally.scored += 1
        elif isinstance(record, Problem):
            assert TRIPPED not in record.reason, record.reason
            tally.problems += 1
        else:
            assert isinstance(record, Skipped)
            tally.skipped += 1
    if expected:
        tally.damaged += 1
        said = {turn.text for record in found if isinstance(record, Interaction) for turn in record.turns}
        lost = sum(text not in said for text in expected)
        assert not lost, f"{lost} turns of undamaged lines were lost"


def fuzz(seconds: float, seed: int, findings: Path, only: str | None = None) -> Tally:
    """Read mutated samples until the time is over."""
    rng = random.Random(seed)
    stock = samples(only)
    kept = {id(each): lines_of(each) for each in stock}
    scanner = Scanner()
    tally = Tally()
    seen: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sample = rng.choice(stock)
        lines = kept[id(sample)] if rng.random() * DAMAGED_ONE_IN < 1 else None
        data, expected = lines.damage(rng) if lines else (mutate(sample.data, rng, lambda: rng.choice(stock).data), [])
        options = ReadOptions(format=sample.format) if lines or rng.random() < 0.5 else ReadOptions()
        started = time.process_time()
        problem = ""
        try:
            with limited(MOST_SECONDS):
                check(
                    sample.variant(data),
                    options,
                    tally,
                    scanner if rng.random() * SCORED_ONE_IN < 1 else None,
                    expected=expected,
                )
        except TooSlowError:
            problem = f"took over {MOST_SECONDS} s"
            where = ""
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            problem = f"{type(error).__name__}: {str(error)[:120]}"
            where = traceback.format_exc()
        took = time.process_time() - started
        # The peak never falls: a look now and then sees it all the same.
        peak = peak_megabytes() if tally.inputs % LOOKS == 0 or took > 0.5 else tally.peak_mb
        if not problem and peak > max(MOST_MEGABYTES, tally.peak_mb + 50):
            problem = f"memory grew to {peak:.0f} MB"
            where = ""
        tally.inputs += 1
        tally.bytes += len(data)
        tally.formats[sample.format] += 1
        tally.peak_mb = max(tally.peak_mb, peak)
        if took > tally.slowest:
            tally.slowest, tally.slowest_what = took, f"{sample.format}, {len(data):,} bytes"
        if problem:
            key = f"{sample.format}: {problem}"
            seen[key] += 1
            if seen[key] == 1:
                tally.failures.append(f"{key} → {keep(findings, sample.format, data, options, problem, where)}")
    return tally


def keep(findings: Path, name: str, data: bytes, options: ReadOptions, problem: str, where: str) -> Path:
    """Write a failing input and why it failed."""
    findings.mkdir(parents=True, exist_ok=True)
    path = findings / f"{name}-{zlib.crc32(data):08x}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(f"{problem}\n{options}\n{where}", encoding="utf-8")
    return path


def peak_megabytes() -> float:
    """Return the most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        # The counter of getrusage outlives exec: it would hold what the parent had.
        return int(status.read_text("ascii").partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Stop what takes more processor time (a busy machine is no finding)."""

    def stop(_signal: int, _frame: Any) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
