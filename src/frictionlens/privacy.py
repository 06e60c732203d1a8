"""Own redaction and escaping of transcript text; knows nothing of who prints.

Redaction works without a trained model: patterns, check digits (python-stdnum) and the names that the export itself
gives. What it reaches on planted data stands in docs/privacy.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal

Mode = Literal["on", "off", "hash"]

_SUSPECT: Final = re.compile(
    r"[0-9@]|https?:|www\.|"
    # The first letters again, as a class: most words are passed over at once.
    r"\b(?=[acdlmnrsACDLMNRS])(?i:name|dear|mr|mrs|ms|miss|dr|street|road|avenue|lane|speaking|calling)\b"
)
"""What any personal datum but a name of the export has about it: most text is done with here."""

_STREET: Final = (
    "street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|way|terrace|close|crescent"
    "|row|gardens|parkway|highway|hwy"
)
_REFERENCE: Final = (
    "order|ticket|case|reference|ref|account|acct|booking|reservation|confirmation|tracking|invoice|claim|member"
    "|membership|customer|policy|user|parcel|shipment|serial|transaction|receipt|pin|code|sort code|passport|licen[cs]e"
)


def _by_first_letter(words: str) -> str:
    """Write alternatives of any case so that a word with another first letter is passed over at once."""
    rests: dict[str, list[str]] = {}
    for word in words.split("|"):
        rests.setdefault(word[0], []).append(word[1:])
    return "|".join(f"[{first}{first.upper()}](?i:{'|'.join(rest)})" for first, rest in rests.items())


_PERSONAL: Final = re.compile(
    rf"""
      (?P<url>(?:https?://|www\.)\S+)
    | (?<!\w)(?: # everything else begins where a word does, and most places are passed over at once
      (?P<email>[\w.+-]+(?:@|\s\(?at\)?\s(?=[\w-]+\s?(?:\.|\sdot\s)))[\w-]+(?:(?:\.|\s?dot\s?)[\w-]+)+)
    | (?P<iban>[A-Z]{{2}}[0-9]{{2}}(?:[ ]?[A-Z0-9]{{4}}){{2,7}}(?:[ ]?[A-Z0-9]{{1,3}})?\b)
    | (?P<postcode>[A-Z]{{1,2}}[0-9][A-Z0-9]?[ ][0-9][A-Z]{{2}}\b | [A-Z]{{2}}[ ][0-9]{{5}}(?:-[0-9]{{4}})?\b)
    | (?P<address>[0-9]{{1,5}}[A-Za-z]?[ ,]+(?:(?:[NSEW]|[A-Z][\w'’.-]+)[ ]){{1,3}}(?i:{_STREET})\b\.?
        (?:[ ,]+(?:[Aa]pt|[Aa]partment|[Uu]nit|[Ff]lat|\#)[. ]*\w+)?)
    | (?P<cued>(?:{_by_first_letter(_REFERENCE)})s?(?:[ ](?i:id|number|no|nr|num|code))?\.?[ ]?
        (?:(?i:is|was)[ ]|[:\#=][ ]?){{0,2}}\#?(?P<value>(?=[\w-]*[0-9])[\w-]{{4,}}))
    | (?P<digits>(?<![\w$£€.,])\+?\(?[0-9](?:(?:[ ./-]|\)[ ]?|[ ]\()?[0-9]){{5,}}(?![\w]))
    | (?P<code>(?=[A-Z0-9-]*[0-9])(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{{4,}}\b
        | [A-Za-z]+(?:[._-][A-Za-z]+)*[._-]?[0-9]{{3,}}\w*\b | [a-z]+_[a-z]+(?:_\w+)*[0-9]+\b)
    | (?i:(?:my|the|full|last|first|customer)\sname(?:\sis|['’]s|:)\s)
        (?P<told>[A-Z][\w'’-]+(?:(?:[ ](?:de|van|von|der|den|la|le|di|da|bin|al)){{0,2}}[ ][A-Z][\w'’-]+){{0,2}})
    | (?:Dear|Mr|Mrs|Ms|Miss|Dr|Mx)\.?[ ](?:(?:Mr|Mrs|Ms|Miss|Dr|Mx)\.?[ ])?
        (?P<titled>(?!Sir|Madam|Customer|Valued|Guest|Team|Passenger|Member)
        [A-Z][\w'’-]+(?:(?:[ ](?:de|van|von|der|den|la|le|di|da|bin|al)){{0,2}}[ ][A-Z][\w'’-]+)?)
    | (?i:this\sis\s)(?P<speaking>[A-Z][\w'’-]+(?:[ ][A-Z][\w'’-]+)?)(?=[ ](?:speaking|calling|from)\b)
    )
    """,
    re.VERBOSE,
)
_NAMED: Final = ("told", "titled", "speaking")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d|(?:19|20)\d\d\s?[-/]\s?(?:19|20)?\d\d"
)
_NO_NAMES: Final = frozenset(
    {
        *(
            "agent",
            "customer",
            "bot",
            "assistant",
            "support",
            "user",
            "client",
            "caller",
            "visitor",
            "system",
            "speaker",
        ),
        *(
            "guest",
            "representative",
            "team",
            "service",
            "unknown",
            "admin",
            "operator",
            "external",
            "internal",
            "member",
        ),
        *(
            "the",
            "and",
            "via",
            "from",
            "chat",
            "virtual",
            "human",
            "helper",
            "care",
            "help",
            "desk",
            "rep",
            "shop",
            "you",
        ),
    }
)
"""Labels of speakers that are roles and not names."""


def redact(text: str, mode: Mode = "on", names: Sequence[str] = ()) -> str:
    """Replace personal data by what it was: `[email]`, `[phone]`, `[card]`, `[name]` and so on.

    Kept are dates, times, amounts of money, and numbers of up to five digits: "30 days" is what a policy says.

    Args:
        text: what was said.
        mode: `on`; `hash` puts a stable token beside the kind, so that equal values stay recognisable; `off`.
        names: names of people that the export gives; each is looked for whole and word by word.
    """
    if mode == "off" or not text:
        return text
    if names and (pattern := _names_pattern(tuple(names))) is not None:
        text = pattern.sub(lambda match: _mask("name", match.group(), mode), text)
    if _SUSPECT.search(text) is None:
        return text
    return _PERSONAL.sub(_replacer(mode), text)


def redact_folded(words: str, said: str, mode: Mode = "on", names: Sequence[str] = ()) -> str:
    """Redact words that were taken from a text in lower case, such as the name of a process.

    Names of people are told by their capitals, which the words have lost: those that stand in the text count.

    Args:
        words: in lower case.
        said: the text that they were taken from, as it was written.
        mode: as for `redact`.
        names: as for `redact`.
    """
    if mode == "off" or not names or (pattern := _names_pattern(tuple(names))) is None:
        return redact(words, mode)
    spoken = {part.casefold() for match in pattern.finditer(said) for part in match.group().split()}
    return redact(" ".join(_mask("name", each, mode) if each in spoken else each for each in words.split()), mode)


@lru_cache(maxsize=4)
def _replacer(mode: Mode) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        whole, kind = match.group(), match.lastgroup or ""
        part = next((name for name in ("value", *_NAMED) if match[name]), "")
        if part:
            value = match[part]
            masked = _mask("number" if part == "value" else "name", value, mode)
            return whole[: match.start(part) - match.start()] + masked + whole[match.end(part) - match.start() :]
        found = _kind_of(kind, whole)
        return _mask(found, whole, mode) if found else whole

    return replace


def _kind_of(kind: str, value: str) -> str:
    """Return what a match is, or an empty string where it is no personal datum after all."""
    if kind == "url":
        private = re.search(r"[?=@#]|/[^/]*[0-9][^/]{7,}", value) or len(value) > 60
        return "url" if private else ""
    if kind == "iban":
        from stdnum import iban

        return "iban" if iban.is_valid(value) else "number"
    if kind == "postcode":
        return "address"
    if kind == "code":
        return "" if re.fullmatch(r"(?:19|20)[0-9]{2}[A-Z]?|[0-9]{1,3}[A-Z]{1,3}|COVID-?19", value) else "number"
    if kind == "digits":
        if _DATE.fullmatch(value.strip()):
            return ""
        digits = re.sub(r"[^0-9]", "", value)
        if 13 <= len(digits) <= 19:
            from stdnum import luhn

            return "card" if luhn.is_valid(digits) else "number"
        spaced = value.startswith("+") or re.search(r"[ ().\-/]", value.strip()) is not None
        return "phone" if 7 <= len(digits) <= 15 and (spaced or 10 <= len(digits) <= 11) else "number"
    return kind


@lru_cache(maxsize=512)
def _names_pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return a pattern of the names, whole ones first; parts count when they are capitalised, as in the text."""
    wanted: set[str] = set()
    for name in names:
        parts = [part for part in re.findall(r"[^\W\d_][\w'’-]+", name) if part.casefold() not in _NO_NAMES]
        wanted.update(part for part in parts if part[0].isupper() and len(part) > 1)
    if not wanted:
        return None
    words = "|".join(sorted((re.escape(part) for part in wanted), key=lambda part: (-len(part), part)))
    return re.compile(rf"\b(?:{words})(?:\s(?:{words}))*\b")


def _mask(kind: str, value: str, mode: Mode) -> str:
    if mode == "hash":
        return f"[{kind}:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:6]}]"
    return f"[{kind}]"


def hash_identity(name: str) -> str:
    """Return a short stable pseudonym for a person."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:10]


_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
_LOG_COMMAND: Final = re.compile(
    r"(?i)::(?=(?:error|warning|notice|debug|echo|group|endgroup|add-mask|add-path|add-matcher|remove-matcher|set-env"
    r"|set-output|save-state|stop-commands)\b)|##(?=\w*\[)"
)
"""What GitHub Actions, Azure Pipelines and TeamCity take for an order when it begins a line of their log."""


def printable(text: str) -> str:
    """Return the text with everything that steers a terminal or a build log made visible and harmless.

    Escapes, bidi marks, lone surrogates, and the orders of build servers. Line ends and tabs stay.
    For rich, put the result into a `Text`, never into markup.
    """
    clean = _UNPRINTABLE.sub("\ufffd", text)
    return _LOG_COMMAND.sub("\ufffd", clean) if "::" in clean or "##" in clean else clean


_STEERING: Final = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
"""DEL, C1 controls, line separators and bidi marks in UTF-8: what JSON may hold as it is, and terminals obey."""


def inert_json(data: bytes) -> bytes:
    """Return JSON in UTF-8 with everything escaped that steers a terminal; what it says stays the same."""
    return _STEERING.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), data)


def spreadsheet_safe(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula (OWASP: CSV injection), without controls."""
    clean = printable(text)
    return f"'{clean}" if clean[:1] in ("=", "+", "-", "@", "\t", "\r") else clean


def markdown_safe(text: str) -> str:
    """Return the text so that Markdown and the HTML in it show it as it is."""
    clean = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#!|~])", r"\\\1", clean)
