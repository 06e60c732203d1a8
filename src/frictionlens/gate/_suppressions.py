"""Own the suppressions file: findings silenced by hand, each with a reason.

Transcripts are exports and must not be edited, so nothing can be marked inline; a TOML file beside them says
which findings are fine, why, who said so, and until when.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from frictionlens.errors import UserError, nearest
from frictionlens.model import Finding, Scored

_SELECTORS: Final = ("rule", "category", "interaction", "source", "fingerprint")
_KEYS: Final = (*_SELECTORS, "reason", "owner", "expires")


@dataclass(frozen=True)
class Suppression:
    """One entry: it silences the findings that fit every selector that is given. `*` is a wildcard."""

    reason: str
    where: str
    """`path:line`, for messages."""
    rule: str = "*"
    category: str = "*"
    interaction: str = "*"
    source: str = "*"
    fingerprint: str = "*"
    owner: str = ""
    expires: date | None = None
    """Last day on which it holds."""

    def covers(self, scored: Scored, finding: Finding) -> bool:
        """Tell whether a finding is silenced by this entry, whatever its date."""
        source = scored.source.replace("\\", "/")
        return (
            fnmatchcase(finding.rule_id, self.rule)
            and fnmatchcase(finding.category, self.category)
            and fnmatchcase(scored.interaction_id, self.interaction)
            and (fnmatchcase(source, self.source) or fnmatchcase(source, f"*/{self.source}"))
            and fnmatchcase(finding.fingerprint, self.fingerprint)
        )

    def expired(self, today: date) -> bool:
        """Tell whether the entry has run out."""
        return self.expires is not None and self.expires < today

    @property
    def justification(self) -> str:
        """Return the reason with owner and date, for reports."""
        extra = [part for part in (self.owner, f"until {self.expires}" if self.expires else "") if part]
        return f"{self.reason} ({', '.join(extra)})" if extra else self.reason

    @property
    def selector(self) -> str:
        """Return what it silences, for people."""
        given = [(name, getattr(self, name)) for name in _SELECTORS]
        return ", ".join(f"{name} {value}" for name, value in given if value != "*")


def load_suppressions(path: Path) -> tuple[Suppression, ...]:
    """Load the entries of a suppressions file (`[[suppress]]` tables).

    Raises:
        UserError: the file cannot be read, an entry has no reason or selects nothing, a key is unknown.
    """
    try:
        text = path.read_text("utf-8-sig")
        table = tomllib.loads(text)
    except FileNotFoundError as error:
        raise UserError("there is no such suppressions file", str(path)) from error
    except OSError as error:
        raise UserError(f"the suppressions cannot be read: {error.strerror}", str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"the suppressions are not valid TOML: {error}", str(path)) from error
    except (ValueError, RecursionError) as error:
        raise UserError("the suppressions are nested too deeply, or hold a number without end", str(path)) from error
    if unknown := next((key for key in table if key != "suppress"), None):
        raise UserError(f"there is no table {unknown!r} here", str(path), "entries are written [[suppress]]")
    entries = table.get("suppress", [])
    if not isinstance(entries, list):
        raise UserError("entries are written [[suppress]], with two brackets", str(path))
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*suppress\s*\]\]", line)]
    lines += [0] * (len(entries) - len(lines))
    return tuple(
        _entry(each, f"{path}:{line}" if line else str(path)) for each, line in zip(entries, lines, strict=False)
    )


def _entry(entry: dict[str, Any], where: str) -> Suppression:
    for key, value in entry.items():
        if key not in _KEYS:
            raise UserError(f"there is no key {key!r}{nearest(key, _KEYS)}", where, f"known: {', '.join(_KEYS)}")
        if key != "expires" and not isinstance(value, str):
            raise UserError(f"{key} must be text", where)
    if not str(entry.get("reason", "")).strip():
        raise UserError("a suppression needs a reason", where, 'reason = "why this is fine"')
    if not any(entry.get(key) for key in _SELECTORS):
        raise UserError("this suppresses everything", where, f"name at least one of {', '.join(_SELECTORS)}")
    words = {key: value for key, value in entry.items() if key != "expires" and value}
    return Suppression(**words, where=where, expires=_day(entry.get("expires"), where))


def _day(value: object, where: str) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise UserError(f"expires {value!r} is no date", where, "write it like 2027-01-31") from None
