"""Own the baseline file: findings that were accepted, so that only new ones fail.

An entry is a fingerprint (rule, normalised words, interaction; never a line number) with a count. The file holds no
words of a transcript. A finding above its count is new.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from frictionlens.errors import UserError

BASELINE_VERSION: Final = 1


class BaselineEntry(Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """One accepted finding, as often as it was accepted."""

    source: str
    """File, relative to the folder of the baseline, with `/`."""
    interaction_id: str
    rule_id: str
    fingerprint: Annotated[str, Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1)] = 1


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    baseline_version: Literal[1]
    findings: tuple[BaselineEntry, ...]


class Baseline(Struct, frozen=True):
    """The accepted findings of one baseline file."""

    path: Path
    entries: tuple[BaselineEntry, ...] = ()

    def counts(self) -> Counter[str]:
        """Return how often each fingerprint is accepted."""
        counts: Counter[str] = Counter()
        for entry in self.entries:
            counts[entry.fingerprint] += entry.count
        return counts

    def place_of(self, source: str) -> str:
        """Return the name of a source as entries of this file write it."""
        return place_of(source, self.path)

    def exists(self, entry: BaselineEntry) -> bool:
        """Tell whether the file that an entry names is still there."""
        return (self.path.parent / entry.source.partition("!")[0]).exists()


def place_of(source: str, baseline: Path) -> str:
    """Return a source relative to the folder of the baseline, so that the file does not depend on where one stands."""
    file, mark, member = source.partition("!")
    return Path(os.path.relpath(file, baseline.parent)).as_posix() + mark + member


def load_baseline(path: Path) -> Baseline:
    """Load a baseline.

    Raises:
        UserError: the file is missing, is not JSON, or is no baseline. A broken baseline never passes silently.
    """
    remedy = "--update-baseline writes a new one"
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError as error:
        raise UserError("there is no such baseline", str(path), remedy) from error
    except OSError as error:
        raise UserError(f"the baseline cannot be read: {error.strerror}", str(path)) from error
    except msgspec.ValidationError as error:
        raise UserError(f"this is no baseline that can be read: {error}", str(path), remedy) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"the baseline is not valid JSON: {error}", str(path), remedy) from error
    return Baseline(path, content.findings)


def save_baseline(path: Path, entries: Iterable[BaselineEntry]) -> Baseline:
    """Write a baseline, sorted and one entry a line, so that a review shows what was accepted.

    Raises:
        UserError: the file cannot be written.
    """
    merged: Counter[BaselineEntry] = Counter()
    for entry in entries:
        merged[msgspec.structs.replace(entry, count=1)] += entry.count
    rows = tuple(msgspec.structs.replace(entry, count=count) for entry, count in sorted(merged.items()))
    lines = ",\n    ".join(msgspec.json.encode(row).decode() for row in rows)
    body = f"\n    {lines}\n  " if rows else ""
    try:
        path.write_text(f'{{\n  "baseline_version": {BASELINE_VERSION},\n  "findings": [{body}]\n}}\n', "utf-8")
    except OSError as error:
        raise UserError(f"the baseline cannot be written: {error.strerror}", str(path)) from error
    return Baseline(path, rows)
