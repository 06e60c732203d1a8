"""Own the audit: findings judged one by one, kept in a side file, and the precision per rule that follows from it.

The side file is JSON lines, one answer each, only ever appended to: the last answer on a fingerprint holds. It holds no
transcript text. This module is its only reader: the gate (`check.audit`) and `audit --stats` both come here.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from frictionlens.analytics.intervals import Interval, wilson
from frictionlens.errors import UserError, nearest
from frictionlens.model import Finding, Interaction
from frictionlens.rules.confidence import MINIMUM, Audited

Answer = Literal["true", "false", "unsure"]
ANSWERS: Final[tuple[Answer, ...]] = ("true", "false", "unsure")
Order = Literal["random", "rule", "category"]
ORDERS: Final[tuple[Order, ...]] = ("random", "rule", "category")
SHEET_COLUMNS: Final = (
    "fingerprint", "rule_id", "interaction_id", "source", "turn", "before", "quote", "text", "answer", "note",
)  # fmt: skip
"""Columns of a sheet for judging elsewhere; only fingerprint, rule_id, answer and note are read back."""


class Entry(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One answer."""

    fingerprint: str
    rule_id: str
    answer: Answer
    note: str = ""
    interaction_id: str = ""
    source: str = ""
    by: str = ""
    on: str = ""
    """Day of the answer, `2026-11-22`."""


class Candidate(NamedTuple):
    """A finding to be judged, with its conversation."""

    interaction: Interaction
    finding: Finding


class RuleAudit(Struct, frozen=True):
    """What the answers say about one rule."""

    rule_id: str
    true: int
    false: int
    unsure: int
    precision: float | None
    """True among true and false; unsure counts neither way."""
    interval: Interval
    enough: bool
    """False: too few to say anything (fewer than `rules.confidence.MINIMUM`)."""


def load_entries(path: Path) -> dict[str, Entry]:
    """Return the answers of a side file by fingerprint; the last one on a fingerprint holds.

    Raises:
        UserError: there is no such file, or a line that is no answer, with its number.
    """
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except FileNotFoundError:
        raise UserError("there is no such audit file", str(path), "`frictionlens audit PATHS` writes one") from None
    except OSError as error:
        raise UserError(f"the audit file cannot be read: {error.strerror}", str(path)) from None
    entries: dict[str, Entry] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            hint = 'a line is {"fingerprint": "…", "rule_id": "…", "answer": "true"}'
            raise UserError(f"this is no answer of an audit: {error}", f"{path}:{number}", hint) from None
        entries[entry.fingerprint] = entry
    return entries


def load_audit(path: Path) -> dict[str, Audited]:
    """Return how many findings of each rule were judged, and how many of them true: what the gate asks for.

    Raises:
        UserError: see `load_entries`.
    """
    return {
        each.rule_id: Audited(true=each.true, of=each.true + each.false, data=path.name)
        for each in audits_of(load_entries(path).values())
    }


def audits_of(entries: Iterable[Entry]) -> list[RuleAudit]:
    """Sum answers up per rule, in order of rule ids."""
    counts: dict[str, Counter[Answer]] = defaultdict(Counter)
    for entry in entries:
        counts[entry.rule_id][entry.answer] += 1
    return [
        RuleAudit(
            rule_id=rule_id,
            true=answers["true"],
            false=answers["false"],
            unsure=answers["unsure"],
            precision=answers["true"] / judged if (judged := answers["true"] + answers["false"]) else None,
            interval=wilson(answers["true"], judged),
            enough=judged >= MINIMUM,
        )
        for rule_id, answers in sorted(counts.items())
    ]


def append_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Add answers to a side file; each call is on disk when it returns, so that an interrupted audit loses nothing.

    Raises:
        UserError: the file cannot be written.
    """
    try:
        with path.open("ab") as stream:
            for entry in entries:
                stream.write(msgspec.json.encode(entry) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise UserError(f"the audit file cannot be written: {error.strerror}", str(path)) from None


def choose(
    found: Iterable[tuple[Interaction, Iterable[Finding]]],
    done: Mapping[str, Entry],
    *,
    order: Order = "random",
    seed: int = 0,
    limit: int = 50,
    wanted: frozenset[str] = frozenset(),
) -> list[Candidate]:
    """Choose findings to judge.

    The order is that of a hash of seed and fingerprint: random, the same on every run, and not upset by what was
    judged before or by further files. Memory is bounded by `limit` per rule.

    Args:
        found: interactions with their findings.
        done: answers so far; these findings are passed over.
        order: `random` takes findings as they fall; `rule` and `category` deal them out in turn, so that rare rules
            (categories) are judged too, beginning with those of which fewest have been judged.
        seed: another seed gives another sample.
        limit: how many.
        wanted: ids of rules and categories; empty is all.
    """
    heaps: dict[str, list[tuple[int, str, int, Candidate]]] = defaultdict(list)
    seen = set(done)
    count = 0
    for interaction, findings in found:
        for finding in findings:
            if finding.fingerprint in seen or (wanted and not wanted & {finding.rule_id, finding.category}):
                continue
            seen.add(finding.fingerprint)
            group = {"random": "", "rule": finding.rule_id, "category": finding.category}[order]
            count += 1
            # The heap keeps the smallest keys; the count breaks ties before candidates would be compared.
            entry = (-_draw(seed, finding.fingerprint), finding.fingerprint, count, Candidate(interaction, finding))
            push = heapq.heappush if len(heaps[group]) < limit else heapq.heappushpop
            push(heaps[group], entry)
    groups = {name: [entry[-1] for entry in sorted(heap, reverse=True)] for name, heap in heaps.items()}
    judged = Counter(entry.rule_id if order == "rule" else entry.rule_id.split(".")[0] for entry in done.values())
    chosen: list[Candidate] = []
    while len(chosen) < limit and any(groups.values()):
        name = min((each for each in groups if groups[each]), key=lambda each: (judged[each], each))
        judged[name] += 1
        chosen.append(groups[name].pop(0))
    return chosen


def _draw(seed: int, fingerprint: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{fingerprint}".encode(), digest_size=8).digest())


def read_sheet(path: Path) -> list[Entry]:
    """Read answers given elsewhere: JSON lines like the side file's, or a CSV sheet (`SHEET_COLUMNS`) filled in.

    Rows without an answer are passed over; t, f, u, yes, no, 1, 0 are understood.

    Raises:
        UserError: with the line, and what is allowed.
    """
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return list(load_entries(path).values())
    entries = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            missing = {"fingerprint", "rule_id", "answer"} - set(rows.fieldnames or ())
            if missing:
                hint = f"a sheet has the columns {', '.join(SHEET_COLUMNS)}"
                raise UserError(f"no column {', '.join(sorted(missing))}", str(path), hint)
            for row in rows:
                answer = (row["answer"] or "").strip().casefold()
                if not answer:
                    continue
                if answer not in _WORDS:
                    reason = f"{answer!r} is no answer{nearest(answer, ANSWERS)}"
                    raise UserError(reason, f"{path}:{rows.line_num}", f"allowed: {', '.join(ANSWERS)}, or empty")
                entries.append(
                    Entry(
                        fingerprint=row["fingerprint"].strip(),
                        rule_id=row["rule_id"].strip(),
                        answer=_WORDS[answer],
                        note=(row.get("note") or "").strip(),
                        interaction_id=(row.get("interaction_id") or "").strip(),
                        source=(row.get("source") or "").strip(),
                    )
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"the sheet cannot be read: {error}", str(path)) from None
    return entries


_WORDS: Final[dict[str, Answer]] = {
    "true": "true", "t": "true", "yes": "true", "y": "true", "1": "true", "right": "true",
    "false": "false", "f": "false", "no": "false", "n": "false", "0": "false", "wrong": "false",
    "unsure": "unsure", "u": "unsure", "?": "unsure", "unclear": "unsure",
}  # fmt: skip


def answer_of(word: str) -> Answer | None:
    """Translate a word or letter into an answer; None where it is none."""
    return _WORDS.get(word.strip().casefold())
