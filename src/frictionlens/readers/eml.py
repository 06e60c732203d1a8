"""Read .eml messages: one mail, or a folder of them as threads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, read_up_to
from frictionlens.readers._threads import read_threads

_MOST_BYTES: Final = 32 * 1024 * 1024
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*:[ \t]?\S?")
_TELLING: Final = {
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "delivered-to",
    "x-mailer",
    "in-reply-to",
    "content-type",
    "dkim-signature",
}


def header_names(text: str) -> set[str]:
    """Return the names of the header lines at the top of a text, lower case."""
    names: set[str] = set()
    for line in text.splitlines()[:200]:
        if not line.strip():
            break
        if line[0] in " \t" and names:
            continue
        if not _HEADER.match(line):
            return set()
        names.add(line.partition(":")[0].lower())
    return names


def _is_message(name: str) -> bool:
    return name.lower().endswith(".eml")


def _bundle(names: frozenset[str]) -> bool:
    others = [name for name in names if not _is_message(name) and not name.lower().startswith("readme")]
    return not others and sum(map(_is_message, names)) >= 2


def _sniff(head: Head) -> str | None:
    if head.members:
        return "a folder of .eml files" if any(map(_is_message, head.members)) else None
    names = header_names(head.text.lstrip("\r\n"))
    if "from" in names and (names & _TELLING or {"subject", "date"} <= names or {"subject", "to"} <= names):
        return "mail headers (From, Message-ID, MIME-Version …)"
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    def mails() -> Iterator[tuple[str, bytes]]:
        for member in [each for each in source.members if _is_message(each.name)] or [source]:
            with member.open() as stream:
                yield (
                    (re.split(r"[/!]", member.name)[-1] if source.members else ""),
                    read_up_to(stream, _MOST_BYTES).lstrip(b"\r\n\xef\xbb\xbf"),
                )

    return read_threads(source, mails, options)


FORMAT = Format(
    name="eml",
    title="E-mail message (.eml)",
    sniff=_sniff,
    read=_read,
    rank=16,
    bundle=_bundle,
)
