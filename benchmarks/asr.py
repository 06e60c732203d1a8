"""Turn written conversations into what speech-to-text writes: lower case, no punctuation but apostrophes, fillers."""

from __future__ import annotations

import random
import re

from msgspec.structs import replace

from frictionlens.model import Interaction

FILLERS = ("um", "uh", "er")


def as_speech(interaction: Interaction) -> Interaction:
    """Return the speech-to-text variant; the same interaction gives the same one."""
    rng = random.Random(interaction.id)
    return replace(interaction, turns=tuple(replace(turn, text=speech(turn.text, rng)) for turn in interaction.turns))


def speech(text: str, rng: random.Random) -> str:
    """Lower the text, drop punctuation but apostrophes inside words, add fillers (4 %) and repeated words (2 %)."""
    words = re.findall(r"\w+(?:['’]\w+)*", text.lower())
    out: list[str] = []
    for word in words:
        draw = rng.random()
        if draw < 0.04:
            out.append(rng.choice(FILLERS))
        elif draw < 0.06 and word.isalpha() and len(word) <= 4:
            out.append(word)
        out.append(word)
    return " ".join(out)
