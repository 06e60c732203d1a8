"""Own the question whether an interaction was read before, in this file or another.

Exports overlap: pages repeat rows, folders hold last week's file again, and Contact Lens writes a raw and a redacted
twin of every contact. The same interaction is one with the same id and the same words, or a twin with the same id.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from frictionlens.errors import Skipped
from frictionlens.model import Interaction
from frictionlens.readers._spill import HashSet

_TWINS = ("Raw", "Redacted")


class Seen(NamedTuple):
    """What tells whether an interaction was read before; small, so that another process can work it out."""

    source: str
    record: str
    twin: str | None
    digest: bytes

    @classmethod
    def of(cls, interaction: Interaction) -> Seen:
        """Work it out."""
        twin = interaction.meta.get("output") in _TWINS
        key = f"twin\0{interaction.id}\0{len(interaction.turns)}" if twin else None
        return cls(interaction.source, interaction.id, key, _digest(interaction))


class Duplicates:
    """Remembers every interaction it is shown, in 8 or 16 bytes each, most of them on disk."""

    def __init__(self) -> None:
        self._seen = HashSet()

    def check(self, interaction: Interaction) -> Skipped | None:
        """Return why an interaction is left out, or None where it comes for the first time."""
        return self.check_seen(Seen.of(interaction))

    def check_seen(self, seen: Seen) -> Skipped | None:
        """Do the same from what was worked out before."""
        if seen.twin is not None and self._seen.add(seen.twin):
            reason = "a raw or redacted copy of this contact was read before"
            return Skipped(seen.source, seen.record, reason, "duplicate")
        if self._seen.add(seen.digest):
            reason = "an interaction with this id and the same words was read before"
            return Skipped(seen.source, seen.record, reason, "duplicate")
        return None


def _digest(interaction: Interaction) -> bytes:
    digest = hashlib.blake2b(interaction.id.encode("utf-8", "surrogatepass"), digest_size=16)
    for turn in interaction.turns:
        digest.update(b"\x00")
        digest.update(turn.role.encode())
        digest.update(turn.text.encode("utf-8", "surrogatepass"))
    return digest.digest()
