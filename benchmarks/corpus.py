"""Make the corpus that speed is measured on: seeded, as long as asked for, written as a stream.

The sentences are those of `talk.yml`, filled from its slots and with made-up names, brands, streets, codes and numbers,
so that the vocabulary goes on growing as it does in real transcripts. Three shapes, by share of interactions:

    chat   55 %   8 to 16 turns of one or two sentences
    email  20 %   2 to 5 turns of four to nine sentences in paragraphs
    voice  25 %   24 to 60 turns of one to three sentences, as speech-to-text writes them: lower case, no punctuation,
                  fillers, backchannels

Rates (`RATES`), as shares of turns: 6.5 % of company turns carry friction, 6.5 % recovery, 4.5 % of customer turns a
signal. No survey of them is known to us; they are chosen between two fixed points. Public corpora are where complaints
are collected, and in them friction stands in 30 to 54 % of the labelled company turns (docs/accuracy.md names them): an
upper bound. The one that is not a collection of complaints, ABCD (people working through routine tasks), has it in 2 of
32 labelled company turns, 6 %: what a contact centre exports in a year is mostly routine like that. Time per turn grows
with what is found in it, so benchmarks/speed.py prints the findings that were measured, and a corpus of complaints
(`COMPLAINTS`) beside the routine one.

It says nothing about accuracy: plain sentences were chosen so that no rule finds anything in them.
"""

from __future__ import annotations

import itertools
import random
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from frictionlens.model import Interaction, Turn


class Rates(NamedTuple):
    """Shares of turns that carry what rules look for."""

    friction: float
    """Of company turns."""
    recovery: float
    """Of company turns."""
    signal: float
    """Of customer turns."""


RATES: Final = Rates(friction=0.065, recovery=0.065, signal=0.045)
COMPLAINTS: Final = Rates(friction=0.45, recovery=0.30, signal=0.40)
"""About what is labelled in public conversations with companies on Twitter (docs/accuracy.md)."""
PLAIN: Final = Rates(0.0, 0.0, 0.0)

TALK: Final = Path(__file__).with_name("talk.yml")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_ONSETS: Final = (
    *"bcdfghjklmnprstvwz",
    "br",
    "ch",
    "cl",
    "dr",
    "fl",
    "gr",
    "kl",
    "pr",
    "sch",
    "sh",
    "sl",
    "st",
    "th",
    "tr",
)
_NUCLEI: Final = (*"aeiou", "ai", "au", "ea", "ee", "ie", "oo", "ou")
_CODAS: Final = (*"mnrstx", "ck", "ld", "ll", "nd", "ng", "nt", "rd", "rk", "rn", "sk", "sp", "ss", "th")
_BACKCHANNELS: Final = ("okay", "mm hm", "right", "yeah", "uh huh", "got it", "yes", "alright", "sure", "oh okay")
_YES: Final = (
    "Yes, of course.",
    "Sure.",
    "Yes, {first}.",
    "Certainly.",
    "Yes, gladly.",
    "Of course.",
    "Sure, {first}.",
)
_FILLERS: Final = ("um", "uh", "er")


class _Industry(NamedTuple):
    slots: Mapping[str, tuple[str, ...]]
    said: Mapping[str, tuple[tuple[str, float], ...]]
    """`agent` or `customer` → (plain sentence, weight): its own three times as often as the shared ones."""


class _Talk(NamedTuple):
    industries: tuple[_Industry, ...]
    marked: Mapping[str, tuple[str, ...]]
    """Friction, recovery, signal → sentences."""


@cache
def _talk() -> _Talk:
    data = yaml.safe_load(TALK.read_text("utf-8"))
    shared = {key: tuple(shlex.split(words)) for key, words in data["slots"].items()}
    industries = []
    for entry in data["industries"].values():
        slots = shared | {key: tuple(words.split()) for key, words in entry["slots"].items()}
        said = {
            role: (*((each, 1.0) for each in both.splitlines()), *((each, 3.0) for each in entry[role].splitlines()))
            for role, both in data["shared"].items()
        }
        industries.append(_Industry(slots, said))
    return _Talk(tuple(industries), {key: tuple(data[key].splitlines()) for key in ("friction", "recovery", "signal")})


class _Speaker:
    """Fill sentences for one interaction."""

    def __init__(self, draw: random.Random, industry: _Industry) -> None:
        self._draw = draw
        self._slots = industry.slots

    def fill(self, sentence: str) -> str:
        """Fill the slots, and the slots in what fills them."""
        while "{" in sentence:
            sentence = _SLOT.sub(lambda match: self._word(match[1]), sentence)
        return sentence

    def _word(self, slot: str) -> str:
        draw = self._draw
        words = self._slots.get(slot)
        if words is not None:
            return draw.choice(words)
        match slot:
            case "number":
                return str(draw.choice((draw.randint(2, 12), draw.randint(10, 99), draw.randint(100, 2400))))
            case "nth":
                day = draw.randint(1, 28)
                return f"{day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
            case "price":
                return f"{draw.choice('$$£€')}{draw.randint(3, 900)}.{draw.choice(('00', '50', '99', '49', '20'))}"
            case "time":
                return f"{draw.randint(1, 12)}:{draw.choice(('00', '15', '30', '45'))} {draw.choice(('am', 'pm'))}"
            case "letters":
                return "".join(draw.choices("CDGHJKLPRVXZ", k=2))
            case "code":
                return "".join(draw.choices("CDGHJKLPRVXZ", k=2)) + f"-{draw.randint(10_000, 999_999)}"
            case "surname" | "brand":
                return self._name(draw.randint(2, 3)).capitalize()
            case "street":
                return f"{self._name(2).capitalize()} {draw.choice(('Street', 'Road', 'Lane', 'Square'))}"
            case "email":
                return f"{self._name(2)}.{self._name(2)}@{self._name(2)}.example"
        raise KeyError(slot)

    def _name(self, syllables: int) -> str:
        draw = self._draw
        return "".join(
            draw.choice(_ONSETS) + draw.choice(_NUCLEI) + (draw.choice(_CODAS) if draw.random() < 0.5 else "")
            for _ in range(syllables)
        )


def make(size: int, rates: Rates = RATES, seed: int = 7) -> Iterator[Interaction]:
    """Yield interactions until their turns hold `size` characters: a pure function of its arguments."""
    draw = random.Random(seed)
    number = done = 0
    while done < size:
        interaction = _interaction(draw, number, rates)
        yield interaction
        done += sum(len(turn.text) for turn in interaction.turns)
        number += 1


def _interaction(draw: random.Random, number: int, rates: Rates) -> Interaction:
    talk = _talk()
    industry = draw.choice(talk.industries)
    speaker = _Speaker(draw, industry)
    channel = draw.choices(("chat", "email", "voice"), (55, 20, 25))[0]
    turns: list[Turn] = []
    length = {"chat": (8, 16), "email": (2, 5), "voice": (24, 60)}[channel]
    # Nobody says a sentence again until all are said: that would be an episode.
    unsaid = {role: itertools.cycle(_shuffled(draw, said)) for role, said in industry.said.items()}
    for place in range(draw.randint(*length)):
        role = "customer" if place % 2 == 0 else "agent"
        count = {"chat": (1, 2), "email": (4, 9), "voice": (1, 3)}[channel]
        sentences = list(itertools.islice(unsaid[role], draw.randint(*count)))
        backchannel = channel == "voice" and draw.random() < 0.2
        if backchannel:
            sentences = [draw.choice(_BACKCHANNELS)]
        if role == "agent":
            # Sentences are drawn without regard to what was asked: without a yes, each would be an evasive answer.
            sentences.insert(0, draw.choice(_YES))
        for family, share in zip(rates._fields, rates, strict=True):
            if (family == "signal") == (role == "customer") and draw.random() < share:
                sentences.insert(draw.randint(0, len(sentences)), draw.choice(talk.marked[family]))
        said = [speaker.fill(each) for each in sentences]
        turns.append(Turn(role, _written(said, channel, draw)))  # type: ignore[arg-type]
    return Interaction(
        id=f"bench-{number:08d}",
        channel=channel,  # type: ignore[arg-type]
        started_at=f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}T09:30:00Z",
        turns=tuple(turns),
    )


def _shuffled(draw: random.Random, weighted: tuple[tuple[str, float], ...]) -> list[str]:
    """Shuffle so that what weighs more tends to come first (Efraimidis and Spirakis 2006)."""
    keyed = [(draw.random() ** (1 / weight), each) for each, weight in weighted]
    return [each for _, each in sorted(keyed, reverse=True)]


def _written(said: list[str], channel: str, draw: random.Random) -> str:
    if channel == "email":
        half = len(said) // 2
        return f"{' '.join(said[:half])}\n\n{' '.join(said[half:])}"
    if channel == "chat":
        return " ".join(said)
    words: list[str] = []
    for word in re.findall(r"\w+(?:['’]\w+)*", " ".join(said).lower()):
        chance = draw.random()
        if chance < 0.03:
            words.append(draw.choice(_FILLERS))
        elif chance < 0.04:
            words.append(word)
        words.append(word)
    return " ".join(words)


def text_of(interactions: list[Interaction]) -> int:
    """Return the characters of all turns: what rates are told in."""
    return sum(len(turn.text) for each in interactions for turn in each.turns)


def write(path: Path, interactions: Iterator[Interaction], *, array: bool = False, most: float = float("inf")) -> Any:
    """Write interactions as lines, or as one JSON array, until the file has `most` bytes.

    Returns:
        (interactions, characters of their turns).
    """
    import msgspec

    encode = msgspec.json.Encoder().encode
    count = characters = 0
    with path.open("wb") as stream:
        stream.write(b"[" if array else b"")
        for each in interactions:
            stream.write((b"," if array and count else b"") + encode(each) + b"\n")
            count += 1
            characters += sum(len(turn.text) for turn in each.turns)
            if stream.tell() >= most:
                break
        stream.write(b"]\n" if array else b"")
    return count, characters
