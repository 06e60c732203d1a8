"""Own the mutations: bytes flipped, cut, doubled and spliced; in JSON keys dropped, types swapped, values nested."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

SWAPS: Final[list[Any]] = [
    None, True, False, 0, -1, 2**53, 2**70, 1e308, -0.0, float("nan"), "", " ", "x", "\x00", "\ud800", "🙂" * 50,
    "=1+1", "<b>&lt;", "2026-13-45T99:99:99Z", "9999-12-31T23:59:59Z", "0001-01-01", "1e999", "00:00:00.000", [], {},
    [None], [[]], [{}], {"a": []}, [1, "a", None, {"text": 1}], {"text": {"text": {"text": "x"}}},
]  # fmt: skip
PIECES: Final[list[bytes]] = [
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\n\r\n",
    b"\n\n\n",
    b"\x1b[2J",
    b"\x85",
    b"\xe2\x80\xa8",
    b'"',
    b"\\",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b",",
    b":",
    b"\t",
    b" --> ",
    b"00:00:01.000",
    b"99:99:99,999",
    b"-1",
    b"1e400",
    b"null",
    b"NaN",
    b"\xf0\x9f\x98\x80",
    b"\xc3",
    b"From ",
    b"--boundary",
    b"=?utf-8?b?/////?=",
    b"<",
    b"&#0;",
    b"<v ",
    b"[media]",
    b"12/31/99, 9:15 - ",
    b"9999999999999999999",
    b"0000-00-00",
    b"\xd9\xa1\xd9\xa2",
    b"=cmd|'x'!A1",
]


def mutate(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    """Return a mutant of a sample; `other` gives the bytes of any sample, to splice with."""
    if rng.random() < 0.45:
        mutant = _mutate_json(data, rng)
        if mutant is not None:
            return mutant if rng.random() < 0.9 else _mutate_bytes(mutant, rng, other)
    return _mutate_bytes(data, rng, other)


def _mutate_bytes(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 5))):
        data = rng.choice(_BYTES)(data, rng, other)
    return data[:200_000]


def spoil_line(line: bytes, rng: random.Random) -> bytes:
    """Return a line damaged in itself: cut, flipped, emptied or replaced; never with a line end in it."""
    kind = rng.randrange(5)
    if kind == 0:
        spoilt = line[: rng.randrange(len(line) + 1)]
    elif kind == 1:
        spoilt = line[rng.randrange(len(line) + 1) :]
    elif kind == 2:
        spoilt = rng.choice(PIECES) * rng.choice((1, 3, 50))
    elif kind == 3:
        at = rng.randrange(len(line) + 1)
        spoilt = line[:at] + rng.choice(PIECES) + line[at:]
    else:
        spoilt = _flip(line, rng, bytes)
    return spoilt.replace(b"\r", b" ").replace(b"\n", b" ")


def _flip(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 40)) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _behead(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    return data[rng.randrange(len(data) + 1) :]


def _remove(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 2, 10, 100, 1000)) :]


def _insert(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(PIECES) * rng.choice((1, 1, 1, 3, 300)) + data[at:]


def _double(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice((1, 10, 200, 5000))]
    return data[:start] + piece * rng.choice((2, 2, 3, 20)) + data[start:]


def _splice(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    guest = other()
    start = rng.randrange(len(guest) + 1)
    at = rng.randrange(len(data) + 1)
    return data[:at] + guest[start : start + rng.choice((20, 300, 5000))] + data[at:]


def _lines(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    kind = rng.randrange(4)
    if kind == 0:
        rng.shuffle(lines)
    elif kind == 1 and lines:
        del lines[rng.randrange(len(lines))]
    elif kind == 2 and lines:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    else:
        lines = [line.rstrip(b"\r\n") + rng.choice((b"\r\n", b"\n", b"\r", b"")) for line in lines]
    return b"".join(lines)


def _encode(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "utf-32"))
    return data.decode("utf-8", "replace").encode(encoding, "replace")


def _long(data: bytes, rng: random.Random, other: Callable[[], bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((b"a", b" a", b"\n", b"(", b"1", b">", b"a: b\n", b"can ")) * 3000 + data[at:]


_BYTES: Final = (_flip, _flip, _cut, _behead, _remove, _insert, _insert, _double, _splice, _lines, _encode, _long)


def _mutate_json(data: bytes, rng: random.Random) -> bytes | None:
    try:
        values, lines = [json.loads(data)], False
    except (ValueError, RecursionError):
        try:
            values, lines = [json.loads(line) for line in data.splitlines() if line.strip()], True
        except (ValueError, RecursionError):
            return None
    if not values:
        return None
    for _ in range(rng.choice((1, 1, 2, 6))):
        index = rng.randrange(len(values))
        values[index] = _swap(values[index], rng)
    return (b"\n" if lines else b"").join(json.dumps(each).encode("utf-8", "replace") for each in values)


def _swap(value: Any, rng: random.Random) -> Any:
    """Change one value somewhere down."""
    if isinstance(value, dict) and value and rng.random() < 0.93:
        key = rng.choice(list(value))
        chance = rng.random()
        if chance < 0.12:
            return {name: each for name, each in value.items() if name != key}
        if chance < 0.15:
            return {**value, rng.choice(list(value)): value[key]}
        if chance < 0.17:
            return {**value, f"{key}{rng.choice(('_', 'S', ' ', chr(0)))}": value[key]}
        return {**value, key: _swap(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.93:
        index = rng.randrange(len(value))
        if rng.random() < 0.08:
            return [*value[:index], *([value[index]] * rng.choice((0, 2, 30))), *value[index + 1 :]]
        return [*value[:index], _swap(value[index], rng), *value[index + 1 :]]
    if rng.random() < 0.05:
        deep: Any = value
        for _ in range(rng.choice((3, 150, 400))):
            deep = [deep] if rng.random() < 0.5 else {"text": deep}
        return deep
    return rng.choice(SWAPS)
