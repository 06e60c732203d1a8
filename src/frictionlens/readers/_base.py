"""Own what every reader shares: where bytes come from, the first look at them, and the shape of a format.

A format is one module in this package with a module-level `FORMAT`. It turns the bytes of a `Source`
into `Interaction`s one by one, and says what it could not read as a `Problem` or left out as a `Skipped`.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, AnyStr, Final

import jiter

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Interaction, Role, Turn

HEAD_BYTES: Final = 65_536
"""How much of a source the sniffers see."""

_BUFFER: Final = 131_072
_CONTROL: Final = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b"})
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f\ufffd]")
_LINES_AFTER: Final = 8
"""Up to which line it is looked whether a file holds JSON lines although its first line is broken."""

MOST_LINE: Final = 4 * 1024 * 1024
"""Longest line of a text, in characters: an hour of speech is 60,000, and what is longer is no transcript."""

MOST_TEXT: Final = 16 * 1024 * 1024
"""Longest text that is read in one piece, in characters: captions of a week."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""Longest line of JSON, in bytes."""

Record = Interaction | Problem | Skipped


@dataclass(frozen=True)
class ReadOptions:
    """What the user told the readers; everything else they find out themselves."""

    format: str | None = None
    """Name of a format (`--from`), which then wins over sniffing."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our field → their column (`--map text=body`)."""
    roles: Mapping[str, Role] = field(default_factory=dict)
    """Their speaker or role label, case-folded → our role (`--role spk_0=agent`)."""
    agent_domains: tuple[str, ...] = ()
    """E-mail domains whose senders are agents (`--agent-domain`)."""
    labels: tuple[str, ...] = ()
    """Names of columns that hold hand labels (`eval` gives the categories); other commands read none."""


class BrokenInputError(OSError):
    """Bytes that cannot be had: broken compression, a bomb. The reason never quotes what was read."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True)
class Source:
    """Bytes with a name: a file, a member of an archive, standard input, or a bundle of files.

    `name` is what people see; `opener` gives a fresh, decompressed byte stream at each call.
    A bundle (a Slack export, a ConvoKit corpus) has `members` instead of bytes of its own.
    """

    name: str
    opener: Callable[[], IO[bytes]]
    path: Path | None = None
    """The file on disk where there is exactly one and it is not compressed: lets work be split by byte range."""
    members: tuple[Source, ...] = ()
    instead: Problem | Skipped | None = None
    """Why this cannot be read at all (a broken archive) or is left out (a hidden file); reading it yields this."""
    span: tuple[int, int] | None = None
    """Byte range (start, end) of a line-based file that this source stands for; None is all of it."""
    first_line: int = 1
    """Number of its first line in the file."""

    def open(self) -> IO[bytes]:
        """Open the decompressed bytes."""
        return self.opener()

    @cached_property
    def head(self) -> Head:
        """Look at the first bytes."""
        if self.members:
            return Head(self.name, b"", tuple(member.name for member in self.members))
        with self.open() as stream:
            return Head(self.name, read_up_to(stream, HEAD_BYTES))

    def text(self) -> io.TextIOWrapper:
        """Open as text, in the encoding that the head shows; undecodable bytes become U+FFFD."""
        stream = io.BufferedReader(_Raw(self.open()), _BUFFER)
        return io.TextIOWrapper(stream, self.head.encoding, errors="replace", newline="")

    def text_lines(self, problems: list[Problem]) -> Generator[str, None, None]:
        """Yield the lines of a text with their ends; of one longer than `MOST_LINE` the rest is left out.

        Args:
            problems: takes what was left out.
        """
        with self.text() as stream:
            # Not through `_cut_lines`: handing every line on twice takes as long as reading it.
            for number, line in enumerate(iter(partial(stream.readline, MOST_LINE), ""), 1):
                cut = len(line) >= MOST_LINE and line[-1] not in "\r\n"
                if cut:
                    reason = f"longer than {MOST_LINE:,} characters, which no transcript has: its end is left out"
                    problems.append(Problem(self.name, f"line {number}", reason))
                yield line
                if cut:
                    _pass_over(stream.readline, MOST_LINE, ("\n", "\r"))

    def whole_text(self, problems: list[Problem]) -> str:
        """Return a text that can only be read in one piece, up to `MOST_TEXT`, ends of lines as line feeds."""
        with self.text() as stream:
            text = stream.read(MOST_TEXT + 1)
        if len(text) > MOST_TEXT:
            reason = f"longer than {MOST_TEXT:,} characters: what comes after them is left out"
            problems.append(Problem(self.name, "", reason, "split the export into smaller files"))
        return text[:MOST_TEXT].lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield (line number from 1, line without its end) as UTF-8 bytes; empty lines are left out.

        A line longer than `MOST_BYTES` is cut there, and so no longer valid JSON: readers say so.
        """
        if self.head.encoding in ("utf-8", "utf-8-sig", "cp1252"):
            mixed = self.head.encoding == "cp1252"
            with self.open() as stream:
                for number, raw in enumerate(_cut_lines(stream.readline, MOST_BYTES, b""), self.first_line):
                    line = raw.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else raw.strip()
                    if line:
                        yield number, _as_utf8(line) if mixed else line
        else:
            with self.text() as text:
                for number, row in enumerate(_cut_lines(text.readline, MOST_BYTES, ""), 1):
                    if row.strip():
                        yield number, row.strip().encode("utf-8", "replace")


def _as_utf8(line: bytes) -> bytes:
    """Return a line of a file that is no UTF-8 as a whole: lines that are stay, the others are cp1252."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace").encode("utf-8")
    return line


def _cut_lines(readline: Callable[[int], AnyStr], most: int, end: AnyStr) -> Iterator[AnyStr]:
    """Yield lines of at most `most` characters or bytes; what a longer one goes on with is passed over."""
    breaks: Any = ("\n", "\r") if isinstance(end, str) else (b"\n",)
    for line in iter(partial(readline, most), end):
        yield line
        if len(line) >= most and not line.endswith(breaks):
            _pass_over(readline, most, breaks)


def _pass_over(readline: Callable[[int], AnyStr], most: int, breaks: Any) -> None:
    """Read on to the end of a line."""
    while (rest := readline(most)) and not rest.endswith(breaks):
        pass


class _Raw(io.RawIOBase):
    """Make any readable object raw, so that `TextIOWrapper` takes it (zstd and zip members are not `IOBase`)."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


@dataclass(frozen=True)
class Head:
    """The first bytes of a source, seen as bytes, text, lines and JSON; all a sniffer may look at."""

    name: str
    data: bytes
    members: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Return the last part of the name, lower case, without compression suffixes."""
        name = re.split(r"[/\\!]", self.name)[-1].lower()
        return re.sub(r"\.(gz|bz2|xz|zst)$", "", name)

    @property
    def truncated(self) -> bool:
        """Tell whether the source goes on after what is seen here."""
        return len(self.data) >= HEAD_BYTES

    @cached_property
    def encoding(self) -> str:
        """Name the encoding: by BOM, by NUL pattern (UTF-16 without BOM), UTF-8 where most of it is, else cp1252."""
        data = self.data
        if data.startswith(b"\xef\xbb\xbf"):
            return "utf-8-sig"
        sample = data[:2000]
        if data.startswith((b"\xff\xfe", b"\xfe\xff")) and not (len(sample) > 40 and _is_ascii(sample)):
            return "utf-16"
        if len(sample) >= 8:
            if sample[1::2].count(0) > len(sample) // 2 * 0.7:
                return "utf-16-le"
            if sample[0::2].count(0) > len(sample) // 2 * 0.7:
                return "utf-16-be"
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            # A character cut by the end of the head is not a reason to doubt UTF-8.
            if not (self.truncated and error.start >= len(data) - 3):
                # A few spoilt bytes do not make a file of UTF-8 one of cp1252, where two such bytes in a row are rare.
                decoded = data.decode("utf-8", "replace")
                if len(_BEYOND_ASCII.findall(decoded)) <= decoded.count("\ufffd"):
                    return "cp1252"
        return "utf-8"

    @cached_property
    def text(self) -> str:
        """Decode the head; undecodable bytes become U+FFFD."""
        return self.data.decode(self.encoding, "replace").lstrip("\ufeff")

    @cached_property
    def is_binary(self) -> bool:
        """Tell whether this is not text at all."""
        if self.encoding.startswith("utf-16"):
            return False
        sample = self.data[:4096]
        control = len(sample) - len(sample.translate(None, _CONTROL))
        return bool(sample) and control > len(sample) * 0.05

    @cached_property
    def first_lines(self) -> list[str]:
        """Return up to 50 complete lines. Only line feeds and carriage returns end them: U+2028 may stand in JSON."""
        lines = _LINE_END.split(self.text)
        if not lines[-1]:
            lines.pop()
        if self.truncated and len(lines) > 1:
            lines = lines[:-1]
        return lines[:50]

    @cached_property
    def json(self) -> Any:
        """Parse the first JSON value, closing it where the head cuts it; None when it is not JSON.

        For line-delimited JSON this is the first record that is whole: `is_ndjson` tells.
        """
        text = self.text.lstrip()
        if self.is_ndjson:
            return next((value for line in self._lines if isinstance(value := _parse_strict(line), dict | list)), None)
        return _parse(text) if text[:1] in ("{", "[") else None

    @cached_property
    def is_ndjson(self) -> bool:
        """Tell whether line 1 is a whole JSON value and another one begins on a later line (or nothing follows).

        Where line 1 is broken, the lines after it tell: at least half of those that are seen must be whole objects.
        """
        lines = self._lines
        if not lines:
            return False
        if lines[0].lstrip()[:1] in ("{", "[") and _parse_strict(lines[0]) is not None:
            return len(lines) == 1 or any(line.lstrip()[:1] in ("{", "[") for line in lines[1:_LINES_AFTER])
        whole = [isinstance(_parse_strict(line), dict) for line in lines[1:_LINES_AFTER]]
        if lines[0].rstrip()[-1:] in ("{", "[", ","):
            # One value laid out over several lines has few whole objects on lines of their own without a comma.
            return sum(whole) >= 2 and sum(whole) * 2 > len(whole)
        return any(whole) and sum(whole) * 2 >= len(whole)

    @cached_property
    def _lines(self) -> list[str]:
        return [line for line in self.first_lines if line.strip()]

    @cached_property
    def record(self) -> dict[str, Any]:
        """Return the first JSON object: the top level, or the first element of a top-level array; else {}."""
        value = self.json
        if isinstance(value, list):
            value = next((item for item in value if isinstance(item, dict)), None)
        return value if isinstance(value, dict) else {}


def _is_ascii(sample: bytes) -> bool:
    """Tell whether bytes are plain ASCII almost throughout: then what looks like a byte order mark is damage."""
    return len(sample.translate(None, bytes(range(9, 127)))) < len(sample) * 0.1


def _parse(text: str) -> Any:
    data = text.encode("utf-8", "replace")
    try:
        return jiter.from_json(data, partial_mode="trailing-strings")
    except ValueError:
        pass
    # Broken further down: what stands before the break tells the format all the same.
    try:
        json.loads(text)
    except RecursionError:
        return None
    except ValueError as error:
        before = text[: getattr(error, "pos", 0)]
    else:
        return None
    try:
        value = jiter.from_json(before.encode("utf-8", "replace"), partial_mode="trailing-strings")
    except ValueError:
        return None
    whole = value.values() if isinstance(value, dict) else value
    return value if any(isinstance(each, dict | list | str) and each for each in whole) else None


def _parse_strict(text: str) -> Any:
    try:
        return jiter.from_json(text.encode("utf-8", "replace"))
    except ValueError:
        return None


def read_up_to(stream: IO[bytes], size: int) -> bytes:
    """Read until `size` bytes or the end; a stream may give less at a time. A broken stream gives what came."""
    parts: list[bytes] = []
    while size > 0:
        try:
            part = stream.read(size)
        except (OSError, EOFError, ValueError):
            break
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_nothing(source: Source, options: ReadOptions) -> Iterator[Record]:
    """Read nothing: for formats that are recognised and hold no conversation."""
    return iter(())


@dataclass(frozen=True)
class Format:
    """One export format. `sniff` returns the signature that it recognised, as a phrase for people, or None."""

    name: str
    """What `--from` takes: lower case, dashes."""
    title: str
    """Product and export, for people."""
    sniff: Callable[[Head], str | None]
    read: Callable[[Source, ReadOptions], Iterator[Record]]
    rank: int = 50
    """Order of sniffing, lowest first: magic bytes 10, vendor JSON 30, generic JSON 60, tables 70, plain text 90."""
    default_roles: Mapping[str, Role] = field(default_factory=dict)
    """Vendor role words, case-folded → ours; `role_of` looks here after the user's own mapping."""
    interactions_per_file: str = "many"
    """`one` or `many`; documentation only."""
    splittable: bool = False
    """True when every line stands alone, so that byte ranges of one file can be read side by side."""
    bundle: Callable[[frozenset[str]], bool] | None = None
    """Set where a folder is one export: tells so from the names in it (files, and folders with a final `/`).
    Such a source has `members`, named with their whole path."""
    not_a_conversation: str = ""
    """Set for recognised files that hold no conversation: the reason, shown to the user."""


COMMON_ROLES: Final[Mapping[str, Role]] = {
    "customer": "customer", "client": "customer", "caller": "customer", "user": "customer", "visitor": "customer",
    "guest": "customer", "member": "customer", "patient": "customer", "consumer": "customer", "end_user": "customer",
    "end-user": "customer", "enduser": "customer", "end user": "customer", "contact": "customer",
    "requester": "customer",
    "buyer": "customer", "shopper": "customer", "passenger": "customer", "lead": "customer", "external": "customer",
    "cust": "customer", "inbound": "customer", "subscriber": "customer", "human": "customer",
    "agent": "agent", "rep": "agent", "representative": "agent", "advisor": "agent", "adviser": "agent",
    "csr": "agent", "operator": "agent", "support": "agent", "staff": "agent", "employee": "agent",
    "associate": "agent",
    "admin": "agent", "supervisor": "agent", "human_agent": "agent", "specialist": "agent", "support agent": "agent",
    "outbound": "agent", "teammate": "agent", "technician": "agent", "consultant": "agent",
    "customer service": "agent", "customer support": "agent",
    "bot": "bot", "assistant": "bot", "chatbot": "bot", "virtual assistant": "bot", "ivr": "bot", "ai": "bot",
    "automated_agent": "bot", "custom_bot": "bot", "gpt": "bot", "virtual agent": "bot", "ai agent": "bot",
    "system": "system", "tool": "system", "function": "system", "developer": "system", "action": "system",
    "event": "system", "note": "system",
}  # fmt: skip
"""Words for roles that mean the same wherever they stand; anything else stays unknown until `--role` maps it."""


def role_of(label: object, options: ReadOptions, own: Mapping[str, Role] | None = None) -> Role:
    """Translate a vendor's role or speaker label: the user's mapping wins, then the format's, then the common words."""
    key = str(label if label is not None else "").strip().casefold()
    if key in options.roles:
        return options.roles[key]
    if own and key in own:
        return own[key]
    return COMMON_ROLES.get(key, "unknown")


def stem_of(source: Source) -> str:
    """Return the file name without folders and suffix: the interaction id where the export has none."""
    name = re.split(r"[/\\!]", source.name)[-1]
    return re.sub(r"(\.[A-Za-z0-9]{1,5}){1,2}$", "", name) or name


def join_runs(turns: list[Turn], separator: str = " ") -> list[Turn]:
    """Join consecutive turns of one speaker: for exports that carry words, phrases or caption cues, not turns."""
    joined: list[Turn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last and (last.role, last.speaker, last.internal) == (turn.role, turn.speaker, turn.internal):
            joined[-1] = Turn(
                role=last.role,
                text=f"{last.text}{separator}{turn.text}".strip(),
                at=last.at,
                end=turn.end if turn.end is not None else last.end,
                speaker=last.speaker,
                internal=last.internal,
            )
        else:
            joined.append(turn)
    return joined
