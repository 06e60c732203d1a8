"""Measure invariance: names, genders, spellings of names, agents, ids and products must not move any score.

Every conversation is scored as it is and with everything of one sort swapped, several times with other draws: first
names for names of another gender, origin or spelling; he for she, Mr for Mrs; the agent's identity and signature; long
numbers; product names. Scores must be equal to the last digit, and so must what was found in every turn.

    python benchmarks/invariance.py                                   # conversations of the project, and own slots
    python benchmarks/invariance.py ../shared/gold/dev.jsonl

`words as names` is the hard case, told apart: names that are also words (Will, Mark, Grace, Chase) put in place of
others. Published judges made of language models flip 5.4 to 13 % of their verdicts under such swaps.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from msgspec.structs import replace

from asr import as_speech
from frictionlens.model import Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from gold import read_labelled
from pairs import read_lines

DRAWS = 5

_DATA = yaml.safe_load((Path(__file__).resolve().parent / "swaps.yml").read_text("utf-8"))
WOMEN, MEN, SPELLINGS, WORDS = (list(map(str, _DATA[name])) for name in ("women", "men", "spellings", "words"))
PRODUCTS = tuple(_DATA["products"])
TEMPLATES = tuple(_DATA["templates"])
"""Conversations with slots, so that nothing has to be recognised."""
_KNOWN = frozenset((*WOMEN, *MEN)) - frozenset(WORDS)
_PRONOUNS = {
    "he": "she", "she": "he", "him": "her", "himself": "herself", "herself": "himself", "hers": "his", "mr": "mrs",
    "mrs": "mr", "ms": "mr", "sir": "madam", "madam": "sir", "ma'am": "sir", "husband": "wife", "wife": "husband",
}  # fmt: skip
_NOT_A_NOUN = frozenset(
    {
        "to",
        "that",
        "and",
        "but",
        "if",
        "when",
        "again",
        "back",
        "on",
        "in",
        "at",
        "for",
        "with",
        "about",
        "the",
        "a",
        "his",
        "her",
    }
)

Swap = Callable[[Interaction, random.Random], Interaction]


def _each_text(interaction: Interaction, change: Callable[[str], str]) -> Interaction:
    return replace(interaction, turns=tuple(replace(turn, text=change(turn.text)) for turn in interaction.turns))


def _put_names(pool: list[str]) -> Swap:
    def swap(interaction: Interaction, rng: random.Random) -> Interaction:
        chosen: dict[str, str] = {}

        def other(match: re.Match[str]) -> str:
            name = match.group()
            return chosen.setdefault(name, rng.choice(pool)) if name in _KNOWN else name

        return _each_text(interaction, lambda text: re.sub(r"\b[A-Z][a-z]+\b", other, text))

    return swap


def swap_gender(interaction: Interaction, _: random.Random) -> Interaction:
    """Put she for he, her for his or him, Mrs for Mr, and the other way round; the case stays."""

    def other(match: re.Match[str]) -> str:
        word, following = match.group(1), (match.group(2) or "").strip().lower()
        low = word.lower()
        if low == "his":
            new = "her" if following[:1].isalpha() and following not in _NOT_A_NOUN else "hers"
        elif low == "her":
            new = "his" if following[:1].isalpha() and following not in _NOT_A_NOUN else "him"
        else:
            new = _PRONOUNS[low]
        return new.capitalize() if word[0].isupper() else new

    words = "|".join(sorted((*_PRONOUNS, "his", "her"), key=len, reverse=True))
    pattern = re.compile(rf"\b({words})\b(?=(\s+[\w']+|\s*[.,!?])?)", re.IGNORECASE)
    return _each_text(interaction, lambda text: pattern.sub(other, text))


def swap_agent(interaction: Interaction, rng: random.Random) -> Interaction:
    """Put another agent: identity, speaker labels, signatures such as ^AB and -Tom at the end of a turn."""
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(2))
    turns = tuple(
        replace(
            turn,
            text=re.sub(r"(?<=[\^*])[A-Z]{2,3}\b", letters, turn.text),
            speaker=f"agent-{rng.randrange(10**6)}" if turn.speaker else None,
        )
        for turn in interaction.turns
    )
    return replace(interaction, turns=turns, agent=f"agent-{rng.randrange(10**6)}", team=f"team {rng.randrange(99)}")


def swap_ids(interaction: Interaction, rng: random.Random) -> Interaction:
    """Put other digits in numbers of five digits and more; shorter ones may be windows and amounts, which matter."""

    def other(match: re.Match[str]) -> str:
        return "".join(rng.choice("123456789") if each.isdigit() else each for each in match.group())

    return _each_text(interaction, lambda text: re.sub(r"\d{5,}", other, text))


def swap_products(interaction: Interaction, rng: random.Random) -> Interaction:
    """Put other product names."""
    shift = rng.randrange(1, len(PRODUCTS))
    others = {name: PRODUCTS[(place + shift) % len(PRODUCTS)] for place, name in enumerate(PRODUCTS)}
    pattern = re.compile(rf"\b({'|'.join(PRODUCTS)})\b")
    return _each_text(interaction, lambda text: pattern.sub(lambda match: others[match.group()], text))


SWAPS: dict[str, Swap] = {
    "names": _put_names([*WOMEN, *MEN]),
    "spellings of names": _put_names(SPELLINGS),
    "genders": swap_gender,
    "agents": swap_agent,
    "ids": swap_ids,
    "products": swap_products,
}
WORDS_AS_NAMES: dict[str, Swap] = {"words as names": _put_names(WORDS)}


@dataclass
class Moved:
    """What one sort of swap did."""

    conversations: int = 0
    changed: int = 0
    """Swapped texts or identities that differ from the original: only these prove something."""
    scored: int = 0
    """Of these, the ones whose score is not zero."""
    moved: int = 0
    """Of the changed ones, those whose score moved."""
    findings_moved: int = 0
    largest: float = 0.0


def measure(
    scanner: Scanner,
    interactions: Iterable[Interaction],
    swaps: dict[str, Swap],
    *,
    draws: int = DRAWS,
    asr: bool = False,
) -> dict[str, Moved]:
    """Score every conversation as it is and swapped, and count what moved."""
    result = {name: Moved() for name in swaps}
    for interaction in interactions:
        heard = as_speech if asr else lambda each: each
        before = scanner.score(heard(interaction))
        found = sorted((each.turn, each.rule_id) for each in before.findings)
        for name, swap in swaps.items():
            moved = result[name]
            moved.conversations += 1
            for draw in range(draws):
                other = swap(interaction, random.Random(f"{interaction.id} {name} {draw}"))
                if other == interaction:
                    continue
                after = scanner.score(heard(other))
                moved.changed += 1
                moved.scored += before.score > 0
                moved.moved += after.score != before.score
                moved.findings_moved += found != sorted((each.turn, each.rule_id) for each in after.findings)
                moved.largest = max(moved.largest, abs(after.score - before.score))
    return result


def fill(template: str, customer: str, seller: str, agent: str, item: str, number: str, *, female: bool) -> Interaction:
    """Return a conversation with its slots filled."""
    words = (
        {"he": "she", "him": "her", "his": "her", "He": "She"} if female else {w: w for w in ("he", "him", "his", "He")}
    )
    text = template.format(customer=customer, seller=seller, agent=agent, product=item, id=number, **words)
    lines = (line.split(": ", 1) for line in text.splitlines())
    return Interaction(id="slots", turns=tuple(Turn(role, said) for role, said in lines), agent=agent)  # type: ignore[arg-type]


def fillings(names: Iterable[str]) -> Iterator[tuple[str, str, str, str, str, bool]]:
    """Yield values for the slots: every name in every place, with products and genders in turn."""
    for place, name in enumerate(names):
        item, female = PRODUCTS[place % len(PRODUCTS)], place % 2 == 0
        yield name, "Robert", "Dana", item, "48213355", female
        yield "Ines", name, "Dana", item, "90310076", not female
        yield "Ines", "Robert", name, item, "11200987", female


def measure_slots(scanner: Scanner, names: Iterable[str]) -> Moved:
    """Count how many fillings of the templates score otherwise than the first one."""
    moved = Moved(conversations=len(TEMPLATES))
    names = tuple(names)
    for template in TEMPLATES:
        first = scanner.score(fill(template, "Ines", "Robert", "Dana", "Kindle", "48213355", female=False))
        for values in fillings(names):
            *slots, female = values
            other = scanner.score(fill(template, *slots, female=bool(female)))  # type: ignore[arg-type]
            moved.changed += 1
            moved.scored += first.score > 0
            moved.moved += other.score != first.score
            moved.largest = max(moved.largest, abs(other.score - first.score))
    return moved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "files", nargs="*", type=Path, help="native lines; without any, the project's own conversations"
    )
    parser.add_argument("--asr", action="store_true", help="on the speech-to-text variant")
    parser.add_argument("--draws", type=int, default=DRAWS)
    args = parser.parse_args()
    scanner = Scanner(Options())
    talks = (
        list(read_labelled(args.files))
        if args.files
        else [each.interaction for each in read_lines("conversations.jsonl")]
    )
    rows = measure(scanner, talks, {**SWAPS, **WORDS_AS_NAMES}, draws=args.draws, asr=args.asr)
    if not args.files:
        rows["own slots"] = measure_slots(scanner, [*WOMEN, *MEN, *SPELLINGS])
        rows["own slots, words as names"] = measure_slots(scanner, WORDS)
    print(
        f"{'swap':26} {'conversations':>13} {'swapped':>8} {'score > 0':>9} {'moved':>6} {'findings':>8} {'largest':>8}"
    )
    for name, each in rows.items():
        counts = f"{each.conversations:13} {each.changed:8} {each.scored:9} {each.moved:6} {each.findings_moved:8}"
        print(f"{name:26} {counts} {each.largest:8.1f}")


if __name__ == "__main__":
    main()
