"""Measure how fast exports are read, and write it into docs/performance.md.

    python benchmarks/readers.py                  # every format, the pages written anew
    python benchmarks/readers.py webvtt whatsapp  # these only, printed and nothing written

The talk is that of corpus.py, in the shapes of `samples/`: JSON of a product is its sample with the words, times and
ids replaced and all else kept, written without the white space that makes samples readable. MB are 10^6 bytes of file.
Seconds are CPU seconds of finding, recognising and reading the files, the least of some runs.
"""

from __future__ import annotations

import argparse
import copy
import csv
import email.utils
import itertools
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

import corpus
import speed
import speed_docs
from frictionlens.model import Interaction
from frictionlens.readers import ReadOptions, _json, find_sources, read

SAMPLES: Final = Path(__file__).resolve().parent.parent / "samples"
BAR: Final = 20.0
"""MB/s of file that every format should reach where its shape allows."""
_OWN: Final = 1_500_000
"""Characters of talk that are made; longer files hold them again, at other times and under other ids."""
_FIRST: Final = datetime.fromisoformat("2026-01-13T08:00:00+00:00")
"""Past the 12th, so that the order of day and month shows."""

Said = list[tuple[str, str, datetime]]
"""(role, words, moment) of each turn."""


class Talk(NamedTuple):
    """One conversation to be written."""

    number: int
    said: Said


@cache
def _made() -> dict[str, list[Interaction]]:
    made: dict[str, list[Interaction]] = {"chat": [], "email": [], "voice": []}
    for each in corpus.make(_OWN):
        made[each.channel].append(each)
    return made


def talks(channel: str, megabytes: float) -> Iterator[Talk]:
    """Yield conversations until their turns hold so many million characters."""
    draw = random.Random(7)
    done = 0
    for number, each in enumerate(itertools.cycle(_made()[channel]), 1):
        if done >= megabytes * 1e6:
            return
        moment = _FIRST + timedelta(minutes=2 * number)
        said: Said = []
        for turn in each.turns:
            moment += timedelta(seconds=draw.randint(3, 40))
            said.append((turn.role, turn.text, moment))
            done += len(turn.text)
        yield Talk(number, said)


def calls(megabytes: float, length: int = 8) -> Iterator[Said]:
    """Yield calls of about an hour: several of the corpus after one another."""
    found = talks("voice", megabytes)
    while several := list(itertools.islice(found, length)):
        yield [each for talk in several for each in talk.said]


# ------------------------------------------------------------------------------------------------- JSON of a product


class Shape(NamedTuple):
    """Where a sample keeps what is replaced; paths have dots."""

    sample: str
    records: str
    """List of conversations; empty where the file is that list, or has one conversation a line."""
    turns: str
    customer: int
    agent: int
    """Turns of the first conversation that stand for all of the customer and of the agent."""
    said: Callable[[str, datetime], dict[str, Any]]
    """What of a turn is replaced."""
    id: str = "id"


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


SHAPES: Final = {
    "zendesk": Shape(
        "zendesk/tickets.jsonl", "", "comments", 0, 3,
        lambda text, at: {
            "body": text, "plain_body": text, "created_at": _utc(at),
            "html_body": f'<div class="zd-comment"><p>{escape(text)}</p></div>',
        },
    ),
    "intercom": Shape(
        "intercom/conversations.json", "conversations", "conversation_parts.conversation_parts", 1, 4,
        lambda text, at: {"body": f"<p>{escape(text)}</p>", "created_at": int(at.timestamp())},
    ),
    "helpscout": Shape(
        "helpscout/conversations.json", "_embedded.conversations", "_embedded.threads", 4, 0,
        lambda text, at: {"body": f"<p>{escape(text)}</p>", "createdAt": _utc(at)},
    ),
    "generic-json": Shape(
        "generic-json/calls.json", "calls", "transcript", 1, 0,
        lambda text, at: {"message": text, "timestamp": _utc(at)}, id="call_id",
    ),
    "ibm-twitter": Shape(
        "ibm-twitter/dialogs.json", "", "dialogContent", 0, 1,
        lambda text, at: {"message": text, "datetime": at.strftime("%a %b %d %H:%M:%S +0000 %Y")}, id="dialogId",
    ),
    "liveperson": Shape(
        "liveperson/history.json", "conversationHistoryRecords", "messageRecords", 0, 3,
        lambda text, at: {
            "messageData": {"msg": {"text": text}}, "timeL": int(at.timestamp() * 1000),
            "time": at.strftime("%Y-%m-%d %H:%M:%S.000+0000"),
        },
        id="info.conversationId",
    ),
    "contact-lens": Shape(
        "contact-lens/chat-raw-and-redacted.jsonl", "", "Transcript", 0, 1,
        lambda text, at: {"Content": text, "AbsoluteTime": _utc(at)}, id="CustomerMetadata.ContactId",
    ),
}  # fmt: skip


def _under(value: Any, path: str) -> Any:
    for key in filter(None, path.split(".")):
        value = value[key]
    return value


def _put(value: Any, path: str, new: Any) -> None:
    *way, last = path.split(".")
    _under(value, ".".join(way))[last] = new


def records(shape: Shape, megabytes: float) -> tuple[Any, list[dict[str, Any]]]:
    """Return the whole sample, parsed, and the conversations that stand for those in it."""
    text = (SAMPLES / shape.sample).read_text("utf-8")
    lines = shape.sample.endswith(".jsonl")
    whole = [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)
    first = _under(whole, shape.records)[0]
    turns = _under(first, shape.turns)
    sides = {"customer": turns[shape.customer], "agent": turns[shape.agent]}
    _put(first, shape.turns, [])
    made = []
    for talk in talks("chat", megabytes):
        record = copy.deepcopy(first)
        _put(record, shape.id, f"{talk.number:08d}")
        _put(record, shape.turns, [sides[role] | shape.said(text, at) for role, text, at in talk.said])
        made.append(record)
    return whole, made


def from_sample(name: str) -> Callable[[Path, float], None]:
    """Return a writer of one file in the shape of a sample."""

    def write(folder: Path, megabytes: float) -> None:
        shape = SHAPES[name]
        whole, made = records(shape, megabytes)
        path = folder / Path(shape.sample).name
        if path.suffix == ".jsonl":
            path.write_bytes(b"\n".join(map(msgspec.json.encode, made)))
            return
        if shape.records:
            _put(whole, shape.records, made)
        path.write_bytes(msgspec.json.encode(whole if shape.records else made))

    return write


# -------------------------------------------------------------------------------------------------- the other formats


def native(folder: Path, megabytes: float) -> None:
    """Write the format of frictionlens, as speed.py does."""
    with (folder / "native.jsonl").open("wb") as stream:
        for talk in talks("chat", megabytes):
            turns = [{"role": role, "text": text, "at": _utc(at)} for role, text, at in talk.said]
            stream.write(msgspec.json.encode({"id": f"c{talk.number}", "channel": "chat", "turns": turns}) + b"\n")


def array(folder: Path, megabytes: float) -> None:
    """Write one JSON array of conversations, for the way that files take which are too large for one piece."""
    _, made = records(SHAPES["generic-json"], megabytes)
    (folder / "array.json").write_bytes(msgspec.json.encode(made))


def _messages(megabytes: float) -> Iterator[dict[str, Any]]:
    for talk in talks("chat", megabytes):
        for number, (role, text, at) in enumerate(talk.said, 1):
            yield {"session_id": f"s-{talk.number}", "seq": number, "sender_type": role, "text": text, "at": at}


def json_rows(folder: Path, megabytes: float) -> None:
    """Write one message a line."""
    with (folder / "messages.jsonl").open("wb") as stream:
        for each in _messages(megabytes):
            stream.write(msgspec.json.encode(each | {"at": None, "ts": int(each["at"].timestamp())}) + b"\n")


_COLUMNS: Final = ("Conversation ID", "Sent At", "Channel", "Queue", "Sender Type", "Message Body", "CSAT")


def _rows(megabytes: float) -> Iterator[tuple[str, ...]]:
    yield _COLUMNS
    for each in _messages(megabytes):
        role, text = each["sender_type"], each["text"]
        yield each["session_id"], _utc(each["at"]), "chat", "Billing", role, text, "4" if each["seq"] == 8 else ""


def csv_rows(folder: Path, megabytes: float) -> None:
    """Write one message a row."""
    with (folder / "messages.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(_rows(megabytes))


def csv_cells(folder: Path, megabytes: float) -> None:
    """Write one conversation a row, the transcript in a cell."""
    with (folder / "cases.csv").open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(("case_number", "queue", "csat", "transcript"))
        for talk in talks("chat", megabytes):
            lines = (f"{role.title()}: {text}" for role, text, _ in talk.said)
            out.writerow((f"{talk.number:05d}", "Warranty", "3", "\n".join(lines)))


def xlsx(folder: Path, megabytes: float) -> None:
    """Write one message a row of a spreadsheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("messages")
    for row in _rows(megabytes):
        sheet.append(row)
    book.save(folder / "messages.xlsx")


_TWEET: Final = (
    "tweet_id",
    "author_id",
    "inbound",
    "created_at",
    "text",
    "response_tweet_id",
    "in_response_to_tweet_id",
)


def twcs(folder: Path, megabytes: float) -> None:
    """Write tweets that answer one another."""
    with (folder / "twcs.csv").open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(_TWEET)
        tweet = 9000
        for talk in talks("chat", megabytes):
            tweet += 1
            for place, (role, text, at) in enumerate(talk.said):
                tweet, inbound = tweet + 1, role == "customer"
                author = str(70_000 + talk.number) if inbound else "BrightPower"
                answer = tweet + 1 if place + 1 < len(talk.said) else ""
                when = at.strftime("%a %b %d %H:%M:%S +0000 %Y")
                out.writerow((tweet, author, inbound, when, text, answer, tweet - 1 if place else ""))


def labelled_text(folder: Path, megabytes: float) -> None:
    """Write conversations below one another, each with its head."""
    with (folder / "week.txt").open("w", encoding="utf-8") as stream:
        for talk in talks("chat", megabytes):
            stream.write(f"Conversation ID: LT-{talk.number}\nDate: 2026-11-16 09:12\nChannel: chat\nCSAT: 3/5\n\n")
            stream.writelines(f"{role.title()}: {text}\n" for role, text, _ in talk.said)
            stream.write("\n")


def whatsapp(folder: Path, megabytes: float) -> None:
    """Write chats of a hundred contacts each."""
    names = {"customer": "Customer Ana", "agent": "Acme Plumbing Support"}
    found = talks("chat", megabytes)
    while several := list(itertools.islice(found, 100)):
        with (folder / f"WhatsApp Chat {several[0].number}.txt").open("w", encoding="utf-8") as stream:
            for role, text, at in (each for talk in several for each in talk.said):
                stream.write(f"{at:%d/%m/%Y, %H:%M} - {names[role]}: {text}\n")


def slack(folder: Path, megabytes: float) -> None:
    """Write one channel with a file a day, all of a conversation in one thread."""
    users = json.loads((SAMPLES / "slack/users.json").read_text("utf-8"))
    (folder / "users.json").write_text(json.dumps(users), "utf-8")
    (folder / "channels.json").write_text('[{"id": "C1", "name": "ext-bakery"}]', "utf-8")
    (folder / "ext-bakery").mkdir()
    days: dict[str, list[dict[str, Any]]] = {}
    for talk in talks("chat", megabytes):
        thread = f"{talk.said[0][2].timestamp():.6f}"
        for role, text, at in talk.said:
            user = users[0]["id"] if role == "customer" else users[1]["id"]
            message = {"type": "message", "user": user, "text": text.replace("&", "&amp;")}
            days.setdefault(f"{at:%Y-%m-%d}", []).append(message | {"ts": f"{at.timestamp():.6f}", "thread_ts": thread})
    for day, messages in days.items():
        (folder / f"ext-bakery/{day}.json").write_bytes(msgspec.json.encode(messages))


def mbox(folder: Path, megabytes: float) -> None:
    """Write mails that answer one another, a third of them quoted-printable beside HTML."""
    names = {"customer": "Customer Ida <ida@home.example>", "agent": "Customer Support <help@tallpine.example>"}
    with (folder / "support.mbox").open("wb") as stream:
        for talk in talks("email", megabytes):
            for place, (role, text, at) in enumerate(talk.said):
                mail = EmailMessage()
                mail["From"], mail["To"] = names[role], names["agent" if role == "customer" else "customer"]
                mail["Subject"] = f"{'Re: ' if place else ''}Invoice {talk.number}"
                mail["Date"] = email.utils.format_datetime(at)
                mail["Message-ID"] = f"<{place}.{talk.number}@example.com>"
                if place:
                    mail["In-Reply-To"] = mail["References"] = f"<{place - 1}.{talk.number}@example.com>"
                rich = place % 3 == 2
                mail.set_content(text, cte="quoted-printable" if rich else None)
                if rich:
                    mail.add_alternative(f"<p>{escape(text)}</p>", subtype="html")
                stream.write(b"From MAILER-DAEMON Mon Nov 16 09:00:00 2026\n" + mail.as_bytes() + b"\n")


def salesforce(folder: Path, megabytes: float) -> None:
    """Write chat transcripts as HTML in the cells of a table."""
    with (folder / "transcripts.csv").open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(("Id", "CaseId", "OwnerId", "StartTime", "Status", "Body"))
        for talk in talks("chat", megabytes):
            start = talk.said[0][2]
            body = f'<p align="center">Chat Started: {start:%A, %B %d, %Y, %H:%M:%S} (+0000)</p>'
            body += '<p align="center">Chat Origin: Web Chat</p><p align="center">Agent Dana K</p>'
            for role, text, at in talk.said:
                minutes, seconds = divmod(int((at - start).total_seconds()), 60)
                past = f"{minutes}m {seconds}s" if minutes else f"{seconds}s"
                body += f"( {past} ) {'Visitor' if role == 'customer' else 'Dana K'}: {escape(text)}<br>"
            number = f"{talk.number:08d}"
            out.writerow((f"5700X{number}", f"500X{number}", "005X7", _utc(start), "Completed", body))


def _clock(seconds: float, mark: str) -> str:
    whole, part = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{part:03d}"


def _cues(said: Said, mark: str) -> Iterator[tuple[str, str, str]]:
    """Yield (role, times, words): twelve words or fewer a cue, as they fit on a screen."""
    at = 0.0
    for role, text, _ in said:
        words = text.split()
        for first in range(0, len(words), 12):
            cue = words[first : first + 12]
            end = at + 0.4 * len(cue)
            yield role, f"{_clock(at, mark)} --> {_clock(end, mark)}", " ".join(cue)
            at = end + 0.1


def webvtt(folder: Path, megabytes: float) -> None:
    """Write calls as Teams does: voice spans, GUIDs."""
    names = {"customer": "Mo Ali (Customer)", "agent": "Dana Kim (Agent)"}
    for number, said in enumerate(calls(megabytes)):
        with (folder / f"call-{number}.vtt").open("w", encoding="utf-8") as stream:
            stream.write("WEBVTT\n\n")
            for place, (role, times, text) in enumerate(_cues(said, ".")):
                guid = f"3f2c8a10-5b1e-4b7f-9c55-0d1f6f1e2a77/{place}-0"
                stream.write(f"{guid}\n{times}\n<v {names[role]}>{text}</v>\n\n")


def srt(folder: Path, megabytes: float) -> None:
    """Write calls as SubRip captions with labels."""
    for number, said in enumerate(calls(megabytes)):
        with (folder / f"call-{number}.srt").open("w", encoding="utf-8", newline="\r\n") as stream:
            for place, (role, times, text) in enumerate(_cues(said, ","), 1):
                stream.write(f"{place}\n{times}\n{role.title()}: {text}\n\n")


def transcribe(folder: Path, megabytes: float) -> None:
    """Write calls as two channels of words."""
    for number, said in enumerate(calls(megabytes)):
        sides: dict[str, list[dict[str, Any]]] = {"agent": [], "customer": []}
        at = 0.0
        for role, text, _ in said:
            label = f"ch_{list(sides).index(role)}"
            for word in text.split():
                best = [{"confidence": "0.97", "content": word}]
                times = {"start_time": f"{at:.2f}", "end_time": f"{at + 0.26:.2f}"}
                sides[role].append({"channel_label": label, **times, "alternatives": best, "type": "pronunciation"})
                at += 0.31
        items = sorted((each for side in sides.values() for each in side), key=lambda each: float(each["start_time"]))
        channels = [{"channel_label": f"ch_{place}", "items": side} for place, side in enumerate(sides.values())]
        text = " ".join(words for _, words, _ in said)
        labels = {"channels": channels, "number_of_channels": 2}
        results = {"transcripts": [{"transcript": text}], "channel_labels": labels, "items": items}
        job = {"jobName": f"call-{number}", "accountId": "1", "status": "COMPLETED", "results": results}
        (folder / f"call-{number}.json").write_bytes(msgspec.json.encode(job))


def mail_parser(folder: Path) -> None:
    """Parse every mail once."""
    parser = BytesParser(policy=policy.compat32)
    for mail in (folder / "support.mbox").read_bytes().split(b"\nFrom MAILER-DAEMON "):
        parser.parsebytes(mail.partition(b"\n")[2])


def sheet_parser(folder: Path) -> None:
    """Parse the sheet once."""
    import python_calamine

    python_calamine.CalamineWorkbook.from_path(str(folder / "messages.xlsx")).get_sheet_by_index(0).to_python()


def array_parser(folder: Path) -> None:
    """Build every element of the array once."""
    import ijson

    with (folder / "array.json").open("rb") as stream:
        for _ in ijson.items(stream, "item", use_float=True):
            pass


class Case(NamedTuple):
    """A format to be measured."""

    what: str
    megabytes: float
    """Million characters of turns; the file has more."""
    write: Callable[[Path, float], None]
    parser: Callable[[Path], None] | None = None
    """The work of the library that parses it, where that is much of the whole."""
    streamed: bool = False
    """Read as if it were larger than what is parsed in one piece."""


CASES: Final = {
    "native": Case("JSON lines", 6, native),
    "generic-json": Case("one object with a list of conversations", 4, from_sample("generic-json")),
    "streamed": Case("generic JSON, an array too large for one piece", 2.5, array, array_parser, streamed=True),
    "json-rows": Case("one message a line", 4, json_rows),
    "csv": Case("one message a row", 5, csv_rows),
    "csv-cells": Case("CSV, one transcript a cell", 6, csv_cells),
    "xlsx": Case("one message a row, MB of the compressed file", 3, xlsx, sheet_parser),
    "zendesk": Case("tickets with comments, lines", 2, from_sample("zendesk")),
    "intercom": Case("list of conversations", 2.5, from_sample("intercom")),
    "helpscout": Case("list of conversations", 2, from_sample("helpscout")),
    "liveperson": Case("history records", 2.5, from_sample("liveperson")),
    "salesforce-chat": Case("CSV of HTML bodies", 6, salesforce),
    "contact-lens": Case("chats, lines", 3, from_sample("contact-lens")),
    "ibm-twitter": Case("array of dialogues", 3, from_sample("ibm-twitter")),
    "twcs": Case("tweets, one a row", 4, twcs),
    "slack": Case("a file a day", 4, slack),
    "whatsapp": Case("chats of 130 kB", 5, whatsapp),
    "labelled-text": Case("many conversations a file", 6, labelled_text),
    "mbox": Case("mails of 700 bytes", 3, mbox, mail_parser),
    "webvtt": Case("Teams, a call of an hour a file", 3, webvtt),
    "srt": Case("labels, a call of an hour a file", 3, srt),
    "transcribe": Case("two channels of words, a call of an hour a file", 0.5, transcribe),
}


def measure(name: str, folder: Path, scale: float) -> list[str]:
    """Write the files of a case and read them.

    Raises:
        SystemExit: they were read as another format, or not as what was written.
    """
    case = CASES[name]
    case.write(folder, case.megabytes * scale)
    size = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    characters = interactions = 0
    for source in find_sources([str(folder)]):
        for each in read(source, ReadOptions()):
            if not isinstance(each, Interaction):
                raise SystemExit(f"{name}: {each}")
            interactions += 1
            characters += corpus.text_of([each])
    if not 0.98 < characters / (case.megabytes * scale * 1e6) < 1.2:  # a sample may say something outside its turns
        raise SystemExit(f"{name}: {characters} characters of {case.megabytes * scale:.1f} million were read")

    def work() -> None:
        for source in find_sources([str(folder)]):
            for _ in read(source, ReadOptions()):
                pass

    whole = _json.WHOLE_BYTES
    try:
        if case.streamed:
            _json.WHOLE_BYTES = 1  # type: ignore[misc]
        seconds = speed.least(work, repeats=3)
    finally:
        _json.WHOLE_BYTES = whole  # type: ignore[misc]
    parser = speed.least(partial(case.parser, folder), repeats=2) if case.parser else None
    rate = size / 1e6 / seconds
    return [
        f"`{name}`",
        case.what,
        speed_docs.figure(size / 1e6),
        speed_docs.figure(rate) if rate >= BAR else f"**{speed_docs.figure(rate)}**",
        speed_docs.figure(characters / 1e6 / seconds),
        f"{interactions / seconds:,.0f}",
        speed_docs.figure(size / 1e6 / parser) if parser else "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("formats", nargs="*", choices=[[], *CASES], help="these only; nothing is written then")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes; for trying the command out")
    asked = parser.parse_args()
    machine = speed.machine()
    rows = []
    for name in asked.formats or CASES:
        with tempfile.TemporaryDirectory(prefix="frictionlens-bench-") as folder:
            rows.append(measure(name, Path(folder), asked.scale))
        print(" | ".join(rows[-1]), flush=True)
    if asked.formats or asked.scale != 1:
        return
    names = "format | what | MB | MB/s of file | MB/s of turn text | interactions/s | its parser alone, MB/s of file"
    told = speed_docs.table(names, rows)
    told += f"\nBelow {BAR:.0f} MB/s in bold. Measured on: {speed_docs.under(machine)}.\n"
    speed_docs.write_block("performance.md", "readers", told)


if __name__ == "__main__":
    main()
