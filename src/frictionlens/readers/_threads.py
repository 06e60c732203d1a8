"""Own the way from single mails to threads: by references, by the provider's thread id, by subject for answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Turn
from frictionlens.readers._base import ReadOptions, Record, Source, stem_of
from frictionlens.readers._build import BROKEN
from frictionlens.readers._mail import Mail, parse_mail, plain_subject, sender_role
from frictionlens.readers._spill import group_on_disk
from frictionlens.readers._times import offsets, order_by_time

Mails = Callable[[], Iterable[tuple[str, bytes]]]
"""Opens the mails anew and yields (where, bytes)."""

_MANY = 2_000


class _Roots:
    """Union-find over message ids, kept as hashes."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def find(self, key: int) -> int:
        parent = self._parent.setdefault(key, key)
        while parent != key:
            self._parent[key] = key = self._parent[parent]
            parent = self._parent[key]
        return key

    def join(self, one: int, other: int) -> None:
        self._parent[self.find(one)] = self.find(other)


def read_threads(source: Source, mails: Mails, options: ReadOptions) -> Iterator[Record]:
    """Read mails into threads; each message once, with the history it quotes cut."""
    roots = _Roots()
    keys: list[int] = []
    subjects: dict[str, int] = {}
    seen: set[int] = set()
    problems: list[Problem | Skipped] = []
    for number, (where, data) in enumerate(mails()):
        try:
            mail = parse_mail(data, headers_only=True)
        except BROKEN as error:
            problems.append(Problem(source.name, where, f"not a readable mail: {type(error).__name__}"))
            keys.append(-1)
            continue
        if not (mail.message_id or mail.address or mail.name or mail.subject or mail.when):
            problems.append(Problem(source.name, where, "not a mail: it has none of the headers of one"))
            keys.append(-1)
            continue
        own = hash(mail.message_id) if mail.message_id else hash((number, data[:200]))
        if mail.message_id and own in seen:
            problems.append(Skipped(source.name, where, "a mail with this Message-ID was read before", "duplicate"))
            keys.append(-1)
            continue
        seen.add(own)
        for other in mail.references:
            roots.join(own, hash(other))
        if mail.thread:
            roots.join(own, hash(("thread", mail.thread)))
        subject = plain_subject(mail.subject)
        if subject and not mail.references and _is_answer(mail.subject) and subject in subjects:
            roots.join(own, subjects[subject])
        elif subject:
            subjects.setdefault(subject, own)
        keys.append(own)
    yield from problems

    def keyed() -> Iterator[tuple[str, tuple[str, bytes]]]:
        for key, (where, data) in zip(keys, mails(), strict=False):
            if key != -1:
                yield str(roots.find(key)), (where, data)

    groups: Iterable[tuple[str, list[tuple[str, bytes]]]]
    if len(keys) <= _MANY:
        held: dict[str, list[tuple[str, bytes]]] = {}
        for name, pair in keyed():
            held.setdefault(name, []).append(pair)
        groups = held.items()
    else:
        groups = group_on_disk(keyed())
    for number, (_, pairs) in enumerate(groups, 1):
        yield from _thread(source, pairs, options, number)


def _is_answer(subject: str) -> bool:
    return bool(
        re.match(r"(?i)\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|fwd?|aw|wg|sv|antw|tr|rv|res|odp)(?:\[\d+\])?\s*:", subject)
    )


def _thread(source: Source, pairs: list[tuple[str, bytes]], options: ReadOptions, number: int) -> Iterator[Record]:
    mails: list[Mail] = []
    for where, data in pairs:
        try:
            mails.append(parse_mail(data))
            yield from (Problem(source.name, where, each) for each in mails[-1].problems)
        except BROKEN as error:
            yield Problem(source.name, where, f"not a readable mail: {type(error).__name__}")
    if not mails:
        return
    mails = [mails[index] for index in order_by_time([mail.when for mail in mails])]
    started, seconds = offsets([mail.when for mail in mails])
    turns = tuple(
        Turn(sender_role(mail, options), mail.text, at, speaker=mail.name or mail.address or None)
        for mail, at in zip(mails, seconds, strict=True)
    )
    stem = stem_of(source)
    meta = {"subject": mails[0].subject} if mails[0].subject else {}
    labels = dict.fromkeys(label for mail in mails for label in mail.labels)
    yield Interaction(
        mails[0].message_id or (stem if number == 1 else f"{stem}#{number}"),
        turns,
        source.name,
        "email",
        started,
        tags=tuple(labels),
        meta=meta,
    )
