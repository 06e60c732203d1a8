"""Read twcs.csv, the Customer Support on Twitter export: replies form trees, and a tree is one interaction.

`inbound` says who speaks. Rows come newest first, ids dangle, and the reply column holds a list, so a conversation
is found from the reply links alone: everything that hangs together, in order of time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

from frictionlens.errors import Problem
from frictionlens.model import Interaction, Role, Turn
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._columns import plain
from frictionlens.readers._spill import group_on_disk
from frictionlens.readers._times import offsets, order_by_time, parse_time
from frictionlens.readers.csv_table import find_dialect, open_rows

_NEEDED = {"tweetid", "authorid", "inbound", "text", "inresponsetotweetid"}
_NAMES = ("tweetid", "inresponsetotweetid", "authorid", "inbound", "createdat", "text")
_MANY = 50_000


class _Tweet(NamedTuple):
    """The cells of a row, in the order of `_NAMES`."""

    number: str
    parent: str
    author: str
    inbound: str
    created: str
    text: str


def _sniff(head: Head) -> str | None:
    dialect = find_dialect(head) if head.data and head.json is None else None
    if dialect and {plain(name) for name in dialect.header} >= _NEEDED:
        return "columns tweet_id, inbound, in_response_to_tweet_id: reply trees"
    return None


def _number(text: str) -> int | None:
    text = text.strip().removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _find_roots(ids: array[int], children: array[int], parents: array[int]) -> Any:
    """Return for every tweet the smallest id of the tree it hangs in: 24 bytes an id, no Python objects."""
    import numpy as np

    nodes = np.unique(
        np.concatenate([np.frombuffer(each, dtype=np.int64) for each in (ids, children, parents) if len(each)])
    )
    label = np.arange(len(nodes))
    if len(children):
        left = np.searchsorted(nodes, np.frombuffer(children, dtype=np.int64))
        right = np.searchsorted(nodes, np.frombuffer(parents, dtype=np.int64))
        while True:
            # Both ends of a link take the smaller label; labels then point to labels until nothing changes.
            low = np.minimum(label[left], label[right])
            before = label.copy()
            np.minimum.at(label, label[left], low)
            np.minimum.at(label, label[right], low)
            while not np.array_equal(label, label[label]):
                label = label[label]
            if np.array_equal(before, label):
                break
    return nodes[label[np.searchsorted(nodes, np.frombuffer(ids, dtype=np.int64))]]


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    dialect = find_dialect(source.head)
    if dialect is None:
        yield Problem(source.name, "", "no table")
        return
    column = {plain(name): index for index, name in enumerate(dialect.header)}
    if missing := _NEEDED - column.keys():
        yield Problem(source.name, "", f"columns of twcs.csv are missing: {', '.join(sorted(missing))}")
        return
    at_id, at_parent, at_replies = column["tweetid"], column["inresponsetotweetid"], column.get("responsetweetid")
    problems: list[Problem] = []
    ids, children, parents = array("q"), array("q"), array("q")
    broken = 0
    for line, row in open_rows(source, dialect, problems):
        number = _number(row[at_id]) if at_id < len(row) else None
        if number is None:
            broken += 1
            if len(problems) < 1000:
                problems.append(
                    Problem(
                        source.name,
                        f"line {line}",
                        "no whole number in tweet_id",
                        "spreadsheets round long ids: use the original file",
                    )
                )
            continue
        ids.append(number)
        parent = _number(row[at_parent]) if at_parent < len(row) else None
        if parent is not None:
            children.append(number)
            parents.append(parent)
        if at_replies is not None and at_replies < len(row):
            for part in row[at_replies].split(","):
                reply = _number(part)
                if reply is not None:
                    children.append(reply)
                    parents.append(number)
    yield from problems
    if not ids:
        return
    roots = _find_roots(ids, children, parents)

    def keyed() -> Iterator[tuple[str, list[str]]]:
        found = iter(roots)
        for _, row in open_rows(source, dialect):
            if at_id < len(row) and _number(row[at_id]) is not None:
                yield str(next(found)), list(row)

    groups: Iterator[tuple[str, list[list[str]]]]
    if len(ids) <= _MANY:
        held: dict[str, list[list[str]]] = {}
        for key, row in keyed():
            held.setdefault(key, []).append(row)
        groups = iter(held.items())
    else:
        groups = group_on_disk(keyed())
    places = [column.get(name, -1) for name in _NAMES]
    for _, rows in groups:
        cells = ([row[at].strip() if 0 <= at < len(row) else "" for at in places] for row in rows)
        yield _interaction(source, [_Tweet(*each) for each in cells], options)


def _interaction(source: Source, tweets: list[_Tweet], options: ReadOptions) -> Interaction:
    moments = [parse_time(tweet.created) for tweet in tweets]
    order = order_by_time(moments)
    tweets = [tweets[index] for index in order]
    started, seconds = offsets([moments[index] for index in order])
    known = {tweet.number for tweet in tweets}
    root = next((tweet for tweet in tweets if tweet.parent not in known), tweets[0])
    turns = []
    brand = None
    for tweet, at in zip(tweets, seconds, strict=True):
        author = tweet.author
        flag = tweet.inbound.casefold()
        role: Role = options.roles.get(author.casefold()) or (
            "customer" if flag in ("true", "1") else "agent" if flag in ("false", "0") else "unknown"
        )
        if role == "agent" and brand is None:
            brand = author
        turns.append(Turn(role, tweet.text, at, speaker=author or None))
    return Interaction(root.number, tuple(turns), source.name, "social", started, queue=brand)


FORMAT = Format(
    name="twcs",
    title="Customer Support on Twitter (twcs.csv)",
    sniff=_sniff,
    read=_read,
    rank=65,
)
