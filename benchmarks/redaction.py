# ruff: noqa: E501  tables of sentences read better on one line
"""Measure redaction on planted data: precision and recall per kind, on sentences as people write them.

    python benchmarks/redaction.py            # the table of docs/privacy.md

Data are planted by a seeded generator: values that look real and belong to nobody (reserved phone ranges, example
domains, valid check digits), in sentences with and without cues, between decoys that must stay: dates, amounts,
windows, short numbers, flight numbers in words.
"""

from __future__ import annotations

import random
from collections import Counter

from frictionlens.privacy import redact

FIRST = ["Ann", "Mohammed", "Siobhan", "Wei", "Lupita", "Oluwaseun", "Björn", "Jean-Luc", "Priya", "Dana"]
LAST = ["Smith", "Okafor", "Nguyen", "O'Neill", "García", "Kowalski", "Haddad", "Tanaka", "de Vries", "Moss"]
STREETS = ["Maple Street", "Old Kent Road", "St. James Avenue", "Rose Lane", "Harbour Drive", "Elm Court"]


def luhn_card(rng: random.Random) -> str:
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    total = sum(d if i % 2 else (d * 2 - 9 if d * 2 > 9 else d * 2) for i, d in enumerate(digits))
    number = "".join(map(str, digits)) + str(-total % 10)
    return rng.choice(
        [
            number,
            " ".join(number[i : i + 4] for i in range(0, 16, 4)),
            "-".join(number[i : i + 4] for i in range(0, 16, 4)),
        ]
    )


def iban(rng: random.Random) -> str:
    body = "".join(str(rng.randrange(10)) for _ in range(18))
    check = 98 - int(body + "131400") % 97
    value = f"DE{check:02}{body}"
    return rng.choice([value, " ".join(value[i : i + 4] for i in range(0, len(value), 4))])


def rng_email(rng: random.Random) -> str:
    return f"{rng.choice(FIRST).lower()}.{rng.choice(['x', 'lee', 'moss'])}{rng.randrange(99)}@mail.example"


PLANTED = {
    "email": rng_email,
    "phone": lambda r: r.choice(
        [
            f"+44 20 7946 0{r.randrange(100, 999)}",
            f"(555) 010-{r.randrange(1000, 9999)}",
            f"555-010-{r.randrange(1000, 9999)}",
            f"07700900{r.randrange(100, 999)}",
        ]
    ),
    "card": luhn_card,
    "iban": iban,
    "order": lambda r: r.choice(
        [
            f"{r.randrange(10**6, 10**10)}",
            f"WO-{r.randrange(10000, 99999)}",
            f"{r.choice('ABCDEF')}{r.randrange(10, 99)}XK{r.randrange(1, 9)}",
        ]
    ),
    "url with token": lambda r: f"https://shop.example/track?id={r.randrange(10**9)}&t=a8f{r.randrange(10**6)}",
    "address": lambda r: f"{r.randrange(1, 999)} {r.choice(STREETS)}",
    "name of the export": lambda r: f"{r.choice(FIRST)} {r.choice(LAST)}",
    "name with a cue": lambda r: f"{r.choice(FIRST)} {r.choice(LAST)}",
    "user id": lambda r: (
        f"{r.choice(FIRST).lower().replace('-', '').replace('ö', 'o')}_{r.choice(['moss', 'smith', 'lee'])}_{r.randrange(1000, 9999)}"
    ),
}
SENTENCES = {
    "email": ["you can write to {} any time", "my mail is {}.", "{}"],
    "phone": ["call me on {} please", "my number is {}", "{} is the best one to reach me"],
    "card": ["the card is {} and it was declined", "charged to {} twice"],
    "iban": ["please pay it to {}", "my account is {}"],
    "order": [
        "my order number is {}",
        "order {} never came",
        "the reference is {}, can you look?",
        "ticket #{} is still open",
    ],
    "url with token": ["here is the link {} from the mail", "see {}"],
    "address": ["send it to {} instead", "I live at {}, not there"],
    "name of the export": ["thanks {}", "as {} said yesterday", "{} promised me a call"],
    "name with a cue": ["my name is {}", "Dear Mr {}", "this is {} speaking"],
    "user id": ["my user id is {}", "log in as {}"],
}
DECOYS = [
    "we refund within 30 days", "it costs $1,299.00 in total", "the flight on 2026-05-17 at 10:45", "please allow 24-48 hours",
    "it has been 90 days since 12/04/2026", "page 404 and error 500", "call us on Monday", "I waited 3 weeks and 2 days",
    "the iPhone 15 is fine", "see www.shop.example for help", "between 2019 and 2024", "a 12 month contract", "May I ask why?",
    "there are 10000 seats", "the 5pm slot", "7,500 points are gone", "Dear customer, thank you", "we will look into it",
]  # fmt: skip


def main() -> None:
    rng = random.Random(20261122)
    found: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    kept = decoys = 0
    misses: dict[str, str] = {}
    for _ in range(300):
        for kind, make in PLANTED.items():
            value = make(rng)
            sentence = rng.choice(SENTENCES[kind]).format(value)
            decoy = rng.choice(DECOYS)
            names = (value,) if kind == "name of the export" else ()
            text = redact(f"{decoy}. {sentence}", "on", names)
            planted[kind] += 1
            gone = value not in text and not any(
                part in text for part in value.split() if len(part) > 3 and kind.startswith("name")
            )
            found[kind] += gone
            if not gone:
                misses.setdefault(kind, f"{sentence} → {text}")
            decoys += 1
            kept += text.startswith(decoy)
            if not text.startswith(decoy):
                misses.setdefault(f"decoy: {decoy}", text)
    print("| kind | planted | redacted | recall |\n| --- | --: | --: | --: |")
    for kind in PLANTED:
        print(f"| {kind} | {planted[kind]} | {found[kind]} | {found[kind] / planted[kind]:.3f} |")
    total, hits = planted.total(), found.total()
    print(f"| **all** | {total} | {hits} | {hits / total:.3f} |")
    print(
        f"\nDecoys left alone: {kept} of {decoys} ({kept / decoys:.3f}); precision {hits / (hits + decoys - kept):.3f}."
    )
    for kind, example in misses.items():
        print(f"  missed {kind}: {example}")


if __name__ == "__main__":
    main()
