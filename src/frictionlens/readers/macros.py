"""Read what a company means to say: canned responses, call scripts and tables of macros, told with `--from macros`.

Nothing in a canned response says that it is one, so this format is never recognised by itself:
`check --macros PATH` and `--from macros` tell it. Macro exports in JSON go to the reader of their product.

* Text and Markdown: a file is one macro; headings in Markdown start a macro each. A call script with lines
  `Agent: …` and `Customer: …` is read as its turns.
* CSV and TSV: a row is a macro; the reply stands in a column named text, body, reply, content …
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Role, Turn
from frictionlens.readers import macros_intercom, macros_zendesk
from frictionlens.readers._base import Format, Head, ReadOptions, Record, Source, role_of, stem_of
from frictionlens.readers._html import html_to_text, is_html
from frictionlens.readers._macros import left_out, macro_of, numbered, read_whole

_HEADING: Final = re.compile(r" {0,3}#{1,6}\s+(.+?)\s*#*\s*$")
_LABEL: Final = re.compile(r"\s*(?:[-*•]\s+)?(?:\*\*)?([A-Za-z][A-Za-z _-]{1,24}?)(?:\*\*)?\s*:(?:\*\*)?\s*(.*)$")
_TEXT_COLUMNS: Final = (
    "text",
    "body",
    "reply",
    "content",
    "message",
    "response",
    "answer",
    "comment",
    "macro",
    "comment_value",
)
_NAME_COLUMNS: Final = ("id", "macro_id", "name", "title", "shortcut", "key", "subject")
_NOT_TEXT: Final = "neither text, Markdown, CSV nor a macro export that is known"


def _sniff(head: Head) -> str | None:  # never recognised by itself: see the module's text
    return None


def _read(source: Source, options: ReadOptions) -> Iterator[Record]:
    head = source.head
    for reader in (macros_zendesk.FORMAT, macros_intercom.FORMAT):
        if reader.sniff(head):
            return reader.read(source, options)
    if head.is_binary or head.file_name.endswith((".json", ".jsonl", ".xml", ".yml", ".yaml", ".toml", ".html")):
        return iter([Problem(source.name, "", _NOT_TEXT, "see docs/check.md")])
    if head.file_name.endswith((".csv", ".tsv")):
        return numbered(_rows(source, options))
    return numbered(_text(source, options, markdown=head.file_name.endswith((".md", ".markdown"))))


def _text(source: Source, options: ReadOptions, *, markdown: bool) -> Iterator[Record]:
    lines = read_whole(source).splitlines()
    stem = stem_of(source)
    first = _after_front_matter(lines) if markdown else 0
    starts: list[tuple[str, int]] = [("", first)]
    fenced = False
    for index in range(first, len(lines) if markdown else first):
        fenced ^= lines[index].lstrip().startswith("```")
        if not fenced and (heading := _HEADING.match(lines[index])):
            starts.append((heading[1], index + 1))
    found = 0
    for (title, start), end in zip(starts, [start - 1 for _, start in starts[1:]] + [len(lines)], strict=True):
        record = _section(source, options, lines[start:end], start + 1, f"{stem}/{title}" if title else stem)
        if record is not None:
            found += 1
            yield record
    if not found:
        yield Skipped(source.name, "", "no text", "no turns")


def _section(
    source: Source, options: ReadOptions, lines: Sequence[str], number: int, macro_id: str
) -> Interaction | None:
    """Build the interaction of the lines of one macro; None where they are empty."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if not filled:
        return None
    turns = _script(lines, number, options)
    if turns:
        return Interaction(id=macro_id, turns=turns, source=source.name)
    first, last = filled[0], filled[-1]
    return macro_of(source, macro_id, "\n".join(lines[first : last + 1]), (number + first, number + last))


def _script(lines: Sequence[str], number: int, options: ReadOptions) -> tuple[Turn, ...]:
    """Read labelled lines as turns where at least one is labelled as the company's; else nothing."""
    turns: list[tuple[Role, int, list[str]]] = []
    labelled = False
    for index, line in enumerate(lines):
        label = _LABEL.match(line)
        role = role_of(label[1], options) if label else "unknown"
        if label and role in ("agent", "bot", "customer"):
            labelled |= role != "customer"
            turns.append((role, number + index, [label[2]]))
        elif turns:
            turns[-1][2].append(line)
        elif line.strip():
            # What stands before the first label is direction for the agent; it counts as said.
            turns.append(("agent", number + index, [line]))
    if not labelled:
        return ()
    found = []
    for role, start, words in turns:
        while words and not words[-1].strip():
            words.pop()
        if words:
            found.append(Turn(role, "\n".join(words), lines=(start, start + len(words) - 1)))
    return tuple(found)


def _after_front_matter(lines: Sequence[str]) -> int:
    """Return the index of the first line after a `---` block at the top."""
    if lines and lines[0].strip() == "---":
        for index, line in enumerate(lines[1:], 1):
            if line.strip() in ("---", "..."):
                return index + 1
    return 0


def _rows(source: Source, options: ReadOptions) -> Iterator[Record]:
    text = read_whole(source)
    delimiter = "\t" if source.head.file_name.endswith(".tsv") else max(",;\t|", key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        wanted = options.columns.get("text", "").casefold()
        body = next((header.index(name) for name in ((wanted,) if wanted else _TEXT_COLUMNS) if name in header), None)
        if body is None:
            reason = f"no column holds the reply; the columns are {', '.join(header)}"
            yield Problem(source.name, "line 1", reason, "--map text=COLUMN names it")
            return
        name = next(
            (header.index(each) for each in _NAME_COLUMNS if each in header and header.index(each) != body), None
        )
        start = rows.line_num + 1
        for row in rows:
            number = row[name].strip() if name is not None and name < len(row) else ""
            macro_id = number or f"line {start}"
            cell = row[body] if body < len(row) else ""
            # Line ends in the cells before it push the reply down.
            first = start + sum(each.count("\n") for each in row[:body])
            start = rows.line_num + 1
            if not cell.strip():
                yield left_out(source, macro_id, "no text")
                continue
            last = first + cell.count("\n")
            if is_html(cell):
                yield macro_of(source, macro_id, html_to_text(cell), (first, first))
            else:
                yield macro_of(source, macro_id, cell, (first, last))
    except csv.Error as error:
        yield Problem(source.name, f"line {rows.line_num}", f"not a table that can be read: {error}")


FORMAT = Format(
    name="macros",
    title="reply macros, canned responses, call scripts (text, Markdown, CSV, JSON)",
    sniff=_sniff,
    read=_read,
    rank=99,
)
