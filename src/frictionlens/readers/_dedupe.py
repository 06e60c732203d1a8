"""Own the question whether an interaction was read before, in this file or another.

Exports overlap: pages repeat rows, folders hold last week's file again, and Contact Lens writes a raw and a redacted
twin of every contact. The same interaction is one with the same id and the same words, or a twin with the same id.
"""

from __future__ import annotations

import hashlib

from frictionlens.errors import Skipped
from frictionlens.model import Interaction
from frictionlens.readers._spill import HashSet

_TWINS = ("Raw", "Redacted")


class Duplicates:
    """Remembers every interaction it is shown, in 8 or 16 bytes each."""

    def __init__(self) -> None:
        self._seen = HashSet()

    def check(self, interaction: Interaction) -> Skipped | None:
        """Return why an interaction is left out, or None where it comes for the first time."""
        twin = interaction.meta.get("output") in _TWINS
        if twin and self._seen.add(f"twin\0{interaction.id}\0{len(interaction.turns)}"):
            reason = "a raw or redacted copy of this contact was read before"
            return Skipped(interaction.source, interaction.id, reason, "duplicate")
        if self._seen.add(_digest(interaction)):
            reason = "an interaction with this id and the same words was read before"
            return Skipped(interaction.source, interaction.id, reason, "duplicate")
        return None


def _digest(interaction: Interaction) -> bytes:
    digest = hashlib.blake2b(interaction.id.encode("utf-8", "surrogatepass"), digest_size=16)
    for turn in interaction.turns:
        digest.update(b"\x00")
        digest.update(turn.role.encode())
        digest.update(turn.text.encode("utf-8", "surrogatepass"))
    return digest.digest()
