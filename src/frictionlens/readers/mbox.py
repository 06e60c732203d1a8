"""Read mbox mailboxes (Gmail Takeout, Thunderbird, list archives) as threads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source
from frictionlens.readers._threads import read_threads
from frictionlens.readers.eml import header_names

_SEPARATOR = re.compile(rb"From \S.*\d{4}(?: [-+]\d{4})?\s*$")
_FIELD = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:")
_ESCAPED = re.compile(rb"(?m)^>(>*From )")
_MOST_LINE: Final = 1024 * 1024
_MOST_BYTES: Final = 32 * 1024 * 1024


def _sniff(head: Head) -> str | None:
    first, _, rest = head.text.partition("\n")
    if re.match(r"From \S.*\d{4}(?: [-+]\d{4})?\s*$", first) and header_names(rest):
        return "a `From ` line with a date above mail headers"
    return None


def _mails(source: Source) -> Iterator[tuple[str, bytes]]:
    lines: list[bytes] = []
    size = number = 0
    with source.open() as stream:
        # A line longer than that comes in pieces: it is an attachment without line ends, or no mail.
        for line, starts in _marked(iter(partial(stream.readline, _MOST_LINE), b"")):
            if starts:
                if lines:
                    yield f"mail {number}", _ESCAPED.sub(rb"\1", b"".join(lines))
                lines, size = [], 0
                number += 1
            elif size < _MOST_BYTES:
                lines.append(line)
                size += len(line)
    if lines:
        yield f"mail {number}", _ESCAPED.sub(rb"\1", b"".join(lines))


def _marked(stream: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield every line and whether a mail starts with it: a `From ` line behind a blank line or above a header."""
    blank = True
    held: bytes | None = None
    for line in stream:
        if held is not None:
            yield held, _FIELD.match(line) is not None
            held = None
        if line.startswith(b"From ") and _SEPARATOR.match(line):
            if blank:
                yield line, True
            else:
                held = line
        else:
            yield line, False
        blank = not line.strip()
    if held is not None:
        yield held, False


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    return read_threads(source, lambda: _mails(source), options)


FORMAT = Format(
    name="mbox",
    title="Mailbox (mbox)",
    sniff=_sniff,
    read=_read,
    rank=15,
)
