"""Own e-mail: what one message says without the history it quotes and without its signature, and who sent it.

Quoted history repeats every earlier message of a thread, so it is cut: lines behind `>`, everything below
`On … wrote:` and its translations, `-----Original Message-----`, the header block of Outlook, `<blockquote>`.
The cut is line by line and linear in time: the reply parsers on PyPI take minutes on a mail of empty lines or of `>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from functools import lru_cache
from typing import Final

from frictionlens.model import Role
from frictionlens.readers._base import ReadOptions
from frictionlens.readers._html import html_to_text
from frictionlens.readers._labels import label_role

_VERBS: Final = (
    r"(?:wrote|writes|schrieb|geschrieben|a écrit|escribi[óo]|ha scritto|escreveu|schreef|skrev|napsal\(?a?\)?"
    r"|napisał\(?a?\)?|kirjoitti|написал\(?а?\)?|пишет|yazdı|írta|scrisse)"
)
_WROTE: Final = re.compile(
    r"(?i)^\W*(?:(?:on|am|le|el|il|em|op|den|dne|på|w dniu|от)\b|.{0,200}[<@\d])"
    rf".{{0,200}}\b{_VERBS}\s*:?\s*$"
)
_VERB_AT_END: Final = re.compile(rf"(?i){_VERBS}$")
_LONGEST_VERB: Final = 16
"""Characters; the end of a line is looked at before the line, as nearly none has a verb there."""
_ORIGINAL: Final = re.compile(
    r"(?i)^\W{0,6}(?:-{2,}|_{2,})\s*(?:original message|original-?nachricht|ursprüngliche nachricht|message d'origine"
    r"|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|forwarded message|reply message"
    r"|weitergeleitete nachricht|antwortnachricht|исходное сообщение)\b.*$|^\W*begin forwarded message:\s*$"
)
_FROM: Final = re.compile(r"(?i)^[\s>*]*(?:from|von|de|da|van|från|fra|od|от)\s*:\s*\**\s*\S.*$")
_SENT: Final = re.compile(
    r"(?i)^[\s>*]*(?:sent|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|inviato|data|verzonden|skickat|sendt"
    r"|odesláno|wysłano|отправлено|дата|to|an|à|para|a|aan|till|til|subject|betreff|objet|asunto|oggetto|onderwerp"
    r"|ämne|emne)"
    r"\s*:\s*\**.*$"
)
_SIGNATURE: Final = re.compile(r"^\s*(?:--|—|__+)\s*$")
_SENT_FROM: Final = re.compile(
    r"(?i)^\W*(?:sent from (?:my|outlook|yahoo|mail|samsung|proton)|get outlook for|von meinem .{2,40} gesendet"
    r"|envoyé de mon|enviado desde mi|inviato da|verzonden vanaf mijn|отправлено с)\b.{0,80}$"
)
_REGARDS: Final = re.compile(
    r"(?i)^\s*(?:(?:(?:kind|best|warm|many|with kind|with best) )?(?:regards|wishes)|best|cheers|sincerely(?: yours)?"
    r"|yours (?:truly|sincerely|faithfully)|thanks(?: again)?(?: and regards)?|many thanks|thank you|viele grüße|mfg|lg"
    r"|mit freundlichen grüßen|freundliche grüße|cordialement|bien à vous|saludos(?: cordiales)?|un saludo"
    r"|cordiali saluti|met vriendelijke groet(?:en)?|med vänlig hälsning)[\s,.!]*$"
)
_DISCLAIMER: Final = re.compile(
    r"(?i)^\W*(?:this (?:e-?mail|message)\b.{0,80}\b(?:confidential|intended)|confidentiality notice|disclaimer\b"
    r"|diese e-?mail enthält)"
)
_LIST_FOOTER: Final = re.compile(r"^_{10,}\s*$")
_MOST_BODY: Final = 4 * 1024 * 1024
_LAST_LINES: Final = 12
"""A signature below a closing is no longer than this."""


def cut_reply(text: str) -> str:
    """Return what the sender wrote: without quoted history, signature and disclaimer.

    A mail that is nothing but a quote, or nothing but a greeting, comes back as it is: an empty turn would hide it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for index, line in enumerate(lines):
        if starts_history(lines, index):
            # History below an answer ends it; history above one (bottom posting) is quoted line by line.
            if not any(_is_answer(later) for later in lines[index + 1 : index + 400]) or not _quoted_below(
                lines, index
            ):
                break
            continue
        if line.lstrip().startswith((">", "|>")):
            continue
        kept.append(line.rstrip())
    kept = _without_signature(kept)
    reply = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return reply or text.strip()


def starts_history(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    if not line.strip() or len(line) > 400 or line.lstrip().startswith(">"):
        return False
    if _ORIGINAL.match(line) or _says_wrote(line):
        return True
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    if following.endswith(":") and len(following) < 200 and _says_wrote(f"{line.strip()} {following}"):
        return True  # a line too long for the mail program that wrote it
    if _FROM.match(line):
        return sum(bool(_SENT.match(each)) for each in lines[index + 1 : index + 6]) >= 2
    # A line that ends with a colon right above a quote, in whatever language.
    return line.rstrip().endswith(":") and bool(re.search(r"[@\d]", line)) and _quoted_below(lines, index)


def _says_wrote(line: str) -> bool:
    end = line.rstrip().removesuffix(":").rstrip()[-_LONGEST_VERB:]
    return _VERB_AT_END.search(end) is not None and _WROTE.match(line) is not None


def _quoted_below(lines: Sequence[str], index: int) -> bool:
    below = next((line for line in lines[index + 1 : index + 4] if line.strip()), "")
    return below.lstrip().startswith(">")


def _is_answer(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(">") and not _LIST_FOOTER.match(line)


def _without_signature(lines: list[str]) -> list[str]:
    said = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    for index, line in enumerate(lines):
        if index > said and (_SIGNATURE.match(line) or _LIST_FOOTER.match(line)):
            lines = lines[:index]
            break
        if _SENT_FROM.match(line) or _DISCLAIMER.match(line):
            lines = lines[:index]
            break
    while lines and not lines[-1].strip(" -_\t"):
        lines.pop()
    # A closing with a few short lines below it is a signature; `Thanks` in the middle of a mail is not.
    for index in range(max(len(lines) - _LAST_LINES, said + 1), len(lines)):
        rest = [each for each in lines[index + 1 :] if each.strip()]
        if _REGARDS.match(lines[index]) and all(len(each) <= 60 and not each.endswith("?") for each in rest):
            return lines[:index]
    return lines


# ---------------------------------------------------------------- messages


@dataclass
class Mail:
    """What is kept of one message."""

    message_id: str
    references: tuple[str, ...]
    subject: str
    name: str
    address: str
    when: datetime | None
    text: str = ""
    automatic: bool = False
    labels: tuple[str, ...] = ()
    thread: str = ""
    """Thread id where the provider gives one (`X-GM-THRID`)."""
    problems: list[str] = field(default_factory=list)


_PARSER: Final = BytesParser(policy=policy.compat32)
_IDS: Final = re.compile(r"<([^<>\s]{1,998})>")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")


def parse_mail(data: bytes, *, headers_only: bool = False) -> Mail:
    """Parse one message; whatever is broken in it is left empty."""
    if headers_only and (end := _HEADERS_END.search(data)):
        data = data[: end.end()]
    message = _PARSER.parsebytes(data, headersonly=headers_only)
    # Each header once: the message looks through all of them whenever it is asked for one.
    headers: dict[str, object] = {}
    for key, value in message.items():
        headers.setdefault(key.lower(), value)

    def header(name: str) -> str:
        return _decoded_header(headers.get(name))

    name, address = _address(header("from"))
    parents = [*_IDS.findall(header("references")), *_IDS.findall(header("in-reply-to"))]
    own = _IDS.findall(header("message-id"))
    submitted = header("auto-submitted").strip().casefold()
    mail = Mail(
        message_id=own[0] if own else header("message-id").strip(),
        references=tuple(dict.fromkeys(parents)),
        subject=" ".join(header("subject").split()),
        name=name.strip(),
        address=address.strip().casefold(),
        when=_date(header("date")),
        automatic=(bool(submitted) and submitted != "no")
        or not headers.keys().isdisjoint(("x-autoreply", "x-autorespond"))
        or header("precedence").strip().casefold() == "auto_reply",
        labels=tuple(label.strip() for label in header("x-gmail-labels").split(",") if label.strip()),
        thread=header("x-gm-thrid").strip(),
    )
    if not headers_only:
        body = _body(message)
        if len(body) > _MOST_BODY:
            mail.problems.append(f"its text is longer than {_MOST_BODY:,} characters: the end is left out")
        mail.text = cut_reply(body[:_MOST_BODY])
    return mail


_LONGEST_ADDRESS: Final = 500
_known_address: Final = lru_cache(maxsize=4096)(parseaddr)
"""Those who write do so often; what is longer than an address is not kept."""


def _address(raw: str) -> tuple[str, str]:
    return (_known_address if len(raw) <= _LONGEST_ADDRESS else parseaddr)(raw)


def _decoded_header(raw: object) -> str:
    if raw is None:
        return ""
    if isinstance(raw, str) and "=?" not in raw:
        return raw
    try:
        return str(make_header(decode_header(str(raw))))
    except (MessageError, ValueError, LookupError, UnicodeError):
        return str(raw).encode("utf-8", "replace").decode("utf-8")


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _body(message: Message) -> str:
    plain: list[str] = []
    marked: list[str] = []
    for part in message.walk():
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain":
            plain.append(_decoded(part))
        elif part.get_content_type() == "text/html":
            marked.append(_decoded(part))
    if any(text.strip() for text in plain):
        return "\n".join(plain)
    return "\n".join(html_to_text(text) for text in marked)


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "replace")
    charset = part.get_content_charset() or "utf-8"
    for encoding in (charset, "utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("latin-1")


def sender_role(mail: Mail, options: ReadOptions) -> Role:
    """Tell who sent a mail: the user's mapping, the agents' domains, then what the sender calls itself."""
    for label in (mail.address, mail.name):
        mapped = options.roles.get(label.casefold())
        if mapped:
            return mapped
    if mail.address.startswith(("mailer-daemon@", "postmaster@")):
        return "system"
    if options.agent_domains and mail.address:
        domain = mail.address.rpartition("@")[2]
        own = any(domain == each.casefold() or domain.endswith(f".{each.casefold()}") for each in options.agent_domains)
        if not own:
            return "customer"
        return "bot" if mail.automatic else "agent"
    if mail.automatic:
        return "bot"
    return label_role(mail.name, options) if mail.name else "unknown"


def plain_subject(subject: str) -> str:
    """Fold a subject for threading: without `Re:`, `Fwd:`, `AW:`, `SV:` and list tags."""
    text = subject.casefold().strip()
    while True:
        shorter = re.sub(
            r"^(?:(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv|res|enc|odp|ynt|回复|转发)(?:\[\d+\])?\s*:\s*|\[[^\]]{1,40}\]\s*)",
            "",
            text,
        )
        if shorter == text:
            return " ".join(text.split())
        text = shorter
