"""Own the ways in which exports lay JSON out: one value, arrays, pages, lines, values after one another.

Whatever is broken or cut off becomes a `Problem`, and what came before it is read.
Up to `WHOLE_BYTES` a file is parsed in one piece; above that its records are streamed with ijson.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from types import MappingProxyType
from typing import IO, Any, Final, NamedTuple

import jiter

from frictionlens.errors import Problem
from frictionlens.readers._base import Head, Source, read_up_to

WHOLE_BYTES: Final = 64 * 1024 * 1024
"""Largest file that is parsed in one piece."""

_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.S)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_CUT_HINT: Final = "what came before it was read; export the file again"


class Item(NamedTuple):
    """One JSON value that a reader asked for."""

    value: Any
    where: str
    """Where it stands, for people: `line 12`, `item 3`; empty when it is the whole file."""
    envelope: Mapping[str, Any] = MappingProxyType({})
    """The other keys of the object whose list held it (a page's users, cursors, metadata)."""


def parse_json(data: bytes) -> Any:
    """Parse one JSON value; invalid UTF-8 and lone surrogates become U+FFFD.

    Raises:
        ValueError: not JSON, or nested deeper than about 200 levels.
    """
    try:
        return jiter.from_json(data)
    except ValueError:
        mended = _mend(data)
        if mended == data:
            raise
        return jiter.from_json(mended)


def _mend(data: bytes) -> bytes:
    data = data.decode("utf-8", "replace").encode().replace(b"\x00", b"")
    return _replace_lone_surrogates(data) if b"\\u" in data else data


def _replace_lone_surrogates(data: bytes) -> bytes:
    parts: list[bytes] = []
    start = 0
    matches = list(_SURROGATE.finditer(data))
    skip = -1
    for index, match in enumerate(matches):
        if index == skip or _is_escaped(data, match.start()):
            continue
        following = matches[index + 1] if index + 1 < len(matches) else None
        high = match[0][3:4] in b"89abAB"
        if high and following and following.start() == match.end() and following[0][3:4] in b"cdefCDEF":
            skip = index + 1
            continue
        parts += [data[start : match.start()], b"\\ufffd"]
        start = match.end()
    return b"".join([*parts, data[start:]])


def _is_escaped(data: bytes, position: int) -> bool:
    count = 0
    while position > 0 and data[position - 1] == 0x5C:
        position -= 1
        count += 1
    return count % 2 == 1


def iter_documents(source: Source) -> Iterator[Item | Problem]:
    """Yield every top-level JSON value of a source: the one of a plain file, each of NDJSON or concatenated JSON.

    A file larger than `WHOLE_BYTES` that is no NDJSON yields a `Problem`: use `iter_items` for those.
    """
    for found in _documents(source):
        if isinstance(found, _Huge):
            reason = f"one JSON value of more than {WHOLE_BYTES // 2**20} MB, which this format does not come in"
            yield Problem(source.name, "", reason, "split the export into smaller files")
        else:
            yield found


def iter_items(source: Source, *keys: str, if_huge: Sequence[str] = ()) -> Iterator[Item | Problem]:
    """Yield the records of a source, wherever they lie.

    Every element of a top-level array, every element of the lists that an object has under any of `keys`
    (dots go deeper: `_embedded.conversations`), and every other top-level value as it is.
    Files larger than `WHOLE_BYTES` are streamed; in those, records are also looked for under `if_huge`.
    """
    for found in _documents(source):
        if isinstance(found, _Huge):
            yield from _stream(source, (*keys, *if_huge))
        elif isinstance(found, Problem) or _is_record(found.value, keys):
            yield found
        else:
            yield from explode(found, *keys)


def explode(item: Item, *keys: str) -> Iterator[Item]:
    """Yield the records inside one value: see `iter_items`."""
    value = item.value
    if _is_record(value, keys):
        yield item
        return
    lead = f"{item.where}, " if item.where else ""
    if isinstance(value, list):
        for number, element in enumerate(value, 1):
            inner = Item(element, f"{lead}item {number}", item.envelope)
            if _is_record(element, keys):
                yield inner
            else:
                yield from explode(inner, *keys)
        return
    found = False
    if isinstance(value, dict):
        tops = _tops(keys)
        number = 0
        for key in keys:
            records = dig(value, key)
            if isinstance(records, list):
                found = True
                envelope = {name: each for name, each in value.items() if name not in tops}
                for element in records:
                    number += 1
                    yield Item(element, f"{lead}item {number}", envelope)
    if not found:
        yield item


def _is_record(value: Any, keys: tuple[str, ...]) -> bool:
    """Tell at once, of an object, that it holds no list of records under any of `keys`."""
    return isinstance(value, dict) and _tops(keys).isdisjoint(value)


@lru_cache(maxsize=256)
def _tops(paths: tuple[str, ...]) -> frozenset[str]:
    return frozenset(path.split(".", 1)[0] for path in paths)


def is_one_list(head: Head) -> bool:
    """Tell whether a source is one JSON array, on one line or many (and not lines that are arrays each)."""
    lines = sum(bool(line.strip()) for line in head.first_lines[:2])
    return isinstance(head.json, list) and not (head.is_ndjson and lines > 1)


def dig(value: Any, path: str) -> Any:
    """Follow `a.b.c` down nested objects; None where one is missing or no object."""
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


class _Huge:
    """Stands for a value too large to be parsed in one piece."""


def _documents(source: Source) -> Iterator[Item | Problem | _Huge]:
    head = source.head
    if head.is_ndjson and (head.truncated or sum(bool(line.strip()) for line in head.first_lines) > 1):
        yield from _lines(source)
        return
    utf8 = source.head.encoding in ("utf-8", "utf-8-sig")
    with source.open() if utf8 else source.text() as stream:
        data = read_up_to(stream, WHOLE_BYTES + 1) if utf8 else stream.read(WHOLE_BYTES + 1).encode("utf-8", "replace")  # type: ignore[arg-type, union-attr]
    data = data.removeprefix(b"\xef\xbb\xbf").strip()
    if not data:
        return
    if len(data) >= WHOLE_BYTES:
        lines = _first_line_is_json(data)
        del data  # it would be held for as long as the file is read
        yield from _lines(source) if lines else iter((_Huge(),))
        return
    try:
        yield Item(parse_json(data), "")
    except ValueError:
        if _first_line_is_json(data):
            yield from _lines(source)
        else:
            yield from _salvage(source, data)


def _first_line_is_json(data: bytes) -> bool:
    first, _, rest = data.partition(b"\n")
    if not rest or rest.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        parse_json(first)
    except ValueError:
        return False
    return True


def _lines(source: Source) -> Iterator[Item | Problem]:
    broken: tuple[int, bytes] | None = None
    for number, line in source.lines():
        if broken:
            yield Problem(source.name, f"line {broken[0]}", "not valid JSON", "the other lines were read")
            broken = None
        try:
            yield Item(parse_json(line), f"line {number}")
        except (ValueError, RecursionError):
            broken = number, line
    if broken:
        # Only the last line can be cut off; what stands before the cut is read.
        for found in _salvage(source, broken[1]):
            if isinstance(found, Problem):
                yield Problem(source.name, f"line {broken[0]}", found.reason.replace(" at line 1", ""), found.hint)
            else:
                yield Item(found.value, f"line {broken[0]}")


def _salvage(source: Source, data: bytes) -> Iterator[Item | Problem]:
    """Read values that follow one another, and of a broken or cut one what came before the break."""
    text = _mend(data).decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    position, number = 0, 0
    while position < len(text):
        number += 1
        try:
            value, end = decoder.raw_decode(text, position)
        except RecursionError:
            yield Problem(source.name, "", "JSON nested too deeply")
            return
        except ValueError as error:
            broken = getattr(error, "pos", len(text))
            value = _before_the_break(text[position:], broken - position)
            line = text.count("\n", 0, broken) + 1
            at_end = broken >= len(text) - 1 or "Unterminated" in str(error)
            what = "the file is cut off" if at_end else f"broken JSON at line {line}"
            yield Problem(source.name, f"value {number}" if number > 1 else "", what, _CUT_HINT)
            if value:
                yield Item(value, f"value {number}" if number > 1 else "")
            if text[position] == "[":
                yield from _elements_behind(text, broken)
            return
        yield Item(value, f"value {number}")
        position = end
        while position < len(text) and text[position] in " \t\r\n,\x1e":
            position += 1


def _elements_behind(text: str, broken: int) -> Iterator[Item]:
    """Read the elements of an array behind a broken one, where each stands on a line of its own."""
    number = text.count("\n", 0, broken) + 1
    start = text.rfind("\n", 0, broken) + 1
    if text[start:].lstrip(" \t,")[:1] != "{":
        return
    for line in text[broken:].split("\n")[1:]:
        number += 1
        element = line.strip().strip(",")
        if element[:1] != "{":
            continue
        try:
            yield Item(parse_json(element.encode()), f"line {number}")
        except ValueError:
            return


def _before_the_break(text: str, broken: int) -> Any:
    """Parse what stands before a break, without the innermost record that the break cut in two; None if nothing."""
    for end in (len(text), broken):
        part = text[:end]
        try:
            value = jiter.from_json(part.encode(), partial_mode=True)
        except ValueError:
            continue
        _drop_cut_record(value, part)
        return value
    return None


def _drop_cut_record(value: Any, text: str) -> None:
    open_containers: list[str] = []
    for match in _TOKENS.finditer(text):
        mark = match[0]
        if mark in "[{":
            open_containers.append(mark)
        elif mark in "]}" and open_containers:
            open_containers.pop()
    lists: list[tuple[list[Any], bool]] = []
    for index, kind in enumerate(open_containers):
        if kind == "[":
            if not isinstance(value, list):
                break
            lists.append((value, open_containers[index + 1 : index + 2] == ["{"]))
            value = value[-1] if value else None
        else:
            if not isinstance(value, dict):
                break
            value = next(reversed(value.values())) if value else None
    if lists and lists[-1][1] and lists[-1][0]:
        lists[-1][0].pop()


def _stream(source: Source, keys: Sequence[str]) -> Iterator[Item | Problem]:
    """Yield the records of a huge file one by one; of the rest of an object only its scalars are kept."""
    import ijson

    is_list = source.head.text.lstrip()[:1] == "["
    number = 0
    with _utf8(source) as stream:
        if is_list:
            values = ijson.items(stream, "item", use_float=True)
        else:
            values = _values_under(ijson.parse(stream, use_float=True), {f"{key}.item" for key in keys})
        try:
            for value in values:
                number += 1
                item = Item(value, f"item {number}")
                yield from explode(item, *keys) if is_list else (item,)
        except (ijson.JSONError, UnicodeDecodeError, OSError, EOFError):
            yield Problem(source.name, f"after item {number}", "broken JSON, or the file is cut off", _CUT_HINT)
            return
    if not number:
        yield Problem(
            source.name, "", f"one JSON value of more than {WHOLE_BYTES // 2**20} MB without a list of records"
        )


def _values_under(events: Iterable[tuple[str, str, Any]], prefixes: Set[str]) -> Iterator[Any]:
    """Build the values that stand under any of `prefixes` (`ijson.items` takes one prefix only)."""
    from ijson.common import ObjectBuilder

    building: ObjectBuilder | None = None
    within = ""
    for prefix, event, value in events:
        if building is None:
            if prefix not in prefixes or event in ("end_map", "end_array", "map_key"):
                continue
            if event not in ("start_map", "start_array"):
                yield value
                continue
            building, within = ObjectBuilder(), prefix
            building.event(event, value)
        else:
            building.event(event, value)
            if prefix == within and event in ("end_map", "end_array"):
                yield building.value
                building = None


def _utf8(source: Source) -> IO[bytes]:
    if source.head.encoding == "utf-8":
        return source.open()
    return _Encoded(source)  # type: ignore[return-value]


class _Encoded:
    """Re-encode a text stream as UTF-8 bytes, piece by piece."""

    def __init__(self, source: Source) -> None:
        self._text = source.text()

    def read(self, size: int = -1) -> bytes:
        return self._text.read(size).encode("utf-8", "replace")

    def __enter__(self) -> _Encoded:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()


# ---------------------------------------------------------------- tolerant access


def pick(record: Mapping[str, Any], *names: str) -> Any:
    """Return the first value that is there and not None under any of `names`, whatever their case and separators.

    `startTime` also finds `start_time`, `StartTime` and `start-time`: exports of one product drift in this.
    """
    value = record.get(names[0])
    if value is not None:
        return value
    for key in keys_for(record, names):
        value = record[key]
        if value is not None:
            return value
    return None


def keys_for(record: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a record that answer to `names`: those spelt so first, in the order of `names`.

    Records of one export have few shapes, so that the answer is looked up, not made, almost every time.
    """
    if not record:
        return ()
    keys = tuple(record)
    return _matching(keys, names) if len(keys) <= _MOST_KEYS else _matching.__wrapped__(keys, names)


_MOST_KEYS: Final = 200
"""Records with more keys than this are no shape worth remembering."""


@lru_cache(maxsize=4096)
def _matching(keys: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    present = set(keys)
    found = [name for name in names if name in present]
    wanted = {_plain(name): index for index, name in reversed(list(enumerate(names)))}
    drifted = [
        (wanted[plain], place, key)
        for place, key in enumerate(keys)
        if isinstance(key, str) and key not in found and (plain := _plain(key)) in wanted
    ]
    return (*found, *(key for _, _, key in sorted(drifted)))


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


def pick_list(record: Any, *names: str) -> list[Any]:
    """Return the first list under any of `names`; an empty one where there is none."""
    value = pick(record, *names) if isinstance(record, dict) else None
    return value if isinstance(value, list) else []


def pick_dict(record: Any, *names: str) -> dict[str, Any]:
    """Return the first object under any of `names`; an empty one where there is none."""
    value = pick(record, *names) if isinstance(record, dict) else None
    return value if isinstance(value, dict) else {}


def pick_text(record: Any, *names: str) -> str | None:
    """Return the first non-empty string or number under any of `names`, as text; None where there is none."""
    if not isinstance(record, dict):
        return None
    value = record.get(names[0])
    if type(value) is str and value and not value.isspace():
        return value
    for key in keys_for(record, names):
        if text := text_of(record[key]):
            return text
    return None


def text_of(value: Any) -> str | None:
    """Return a scalar as text: ids come as numbers or strings; None for empty ones, booleans, lists and objects."""
    if type(value) is str:
        return value if value and not value.isspace() else None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return text if text.strip() else None


class _Lost(threading.local):
    """Which lists held something else beside their objects since anybody asked."""

    def __init__(self) -> None:
        self.entries: dict[int, int] = {}


_LOST: Final = _Lost()


def note_lost(values: Any, count: int) -> None:
    """Remember that a list held entries that could not be read; `checked` reports them. One list counts once."""
    _LOST.entries[id(values)] = count


def take_lost() -> int:
    """Return how many entries of lists could not be read since the last call."""
    count = sum(_LOST.entries.values())
    _LOST.entries.clear()
    return count


def dicts(values: Any, *, only: bool = False) -> list[dict[str, Any]]:
    """Return the objects in a list, and nothing for anything else.

    What lies between objects and is none is noted as lost: such a list is damaged. A list without any is of another
    shape, which is the caller's business, unless `only` says that this list can hold nothing else.
    """
    if not isinstance(values, list):
        return []
    found = [value for value in values if isinstance(value, dict)]
    if len(found) < len(values) and (found or only):
        note_lost(values, sum(value is not None for value in values) - len(found))
    return found
