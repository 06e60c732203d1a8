"""Mails: threads, quoted history, signatures, roles."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.readers.reading import format_of, read_text, said

from frictionlens.model import Interaction
from frictionlens.readers import find_sources, read
from frictionlens.readers._base import ReadOptions
from frictionlens.readers._mail import cut_reply, plain_subject

OWN = ReadOptions(agent_domains=("acme.example",))


def mail(number: int, sender: str, body: str, *, refs: str = "", subject: str = "Late", more: str = "") -> str:
    reply = f"In-Reply-To: <{refs}>\nReferences: <{refs}>\n" if refs else ""
    return (
        f"From: {sender}\nTo: x@y.example\nDate: Mon, 5 Jan 2026 10:{number:02d}:00 +0100\nSubject: {subject}\n"
        f"Message-ID: <m{number}>\n{reply}{more}Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    )


def mbox(*mails: str) -> str:
    return "".join(f"From a@b Mon Jan  5 10:00:00 2026\n{each}\n" for each in mails)


QUOTED = "\n\nOn Mon, 5 Jan 2026 at 10:01, Mo <mo@home.example> wrote:\n> Where is my parcel?\n"
THREAD = (
    mail(1, "Mo <mo@home.example>", "Where is my parcel?\n\nBest regards,\nMo"),
    mail(2, "Dana <dana@acme.example>", f"We cannot say.{QUOTED}", refs="m1", subject="Re: Late"),
    mail(
        3, "bot@acme.example", "We got your mail.", refs="m1", subject="Re: Late", more="Auto-Submitted: auto-replied\n"
    ),
)


def test_a_mailbox_is_read_as_threads() -> None:
    other = mail(9, "Jo <jo@home.example>", "Another thing", subject="Broken")
    text = mbox(*THREAD, other)
    assert format_of(text, "a.mbox") == "mbox"
    interactions, problems = read_text(text, "a.mbox", OWN)
    assert problems == []
    assert [each.id for each in interactions] == ["m1", "m9"]
    assert said(interactions[0]) == [
        ("customer", "Where is my parcel?"),
        ("agent", "We cannot say."),
        ("bot", "We got your mail."),
    ]
    assert (interactions[0].started_at, interactions[0].channel) == ("2026-01-05T09:01:00Z", "email")
    assert [turn.at for turn in interactions[0].turns] == [0.0, 60.0, 120.0]


def test_without_domains_nobody_is_an_agent() -> None:
    (thread,), _ = read_text(mbox(*THREAD[:2]), "a.mbox")
    assert [turn.role for turn in thread.turns] == ["unknown", "unknown"]
    mapped = ReadOptions(roles={"dana@acme.example": "agent", "mo": "customer"})
    assert [turn.role for turn in read_text(mbox(*THREAD[:2]), "a.mbox", mapped)[0][0].turns] == ["customer", "agent"]


def test_an_answer_without_references_joins_by_subject_and_doubles_are_skipped() -> None:
    answer = mail(4, "Dana <dana@acme.example>", "No.", subject="AW: [list] Late")
    interactions, (double,) = read_text(mbox(THREAD[0], answer, THREAD[0]), "a.mbox", OWN)
    assert [len(each.turns) for each in interactions] == [2]
    assert "before" in double.reason


def test_lines_that_begin_with_from_part_no_mail() -> None:
    body = "Hello\n>From here on\n\nFrom time to time it breaks\n"
    (thread,), _ = read_text(mbox(mail(1, "mo@home.example", body)), "a.mbox")
    assert thread.turns[0].text == "Hello\nFrom here on\n\nFrom time to time it breaks"


def test_a_folder_of_eml_files_is_read_as_threads(tmp_path: Path) -> None:
    for number, each in enumerate(THREAD):
        (tmp_path / f"{number}.eml").write_text(each)
    (source,) = find_sources([str(tmp_path)])
    (thread,) = read(source, OWN)
    assert isinstance(thread, Interaction)
    assert [role for role, _ in said(thread)] == ["customer", "agent", "bot"]
    (alone,) = find_sources([str(tmp_path / "1.eml")])
    (one,) = read(alone, OWN)
    assert isinstance(one, Interaction)
    assert said(one) == [("agent", "We cannot say.")]


def test_html_and_encoded_mails() -> None:
    text = (
        "From: =?utf-8?q?Jos=C3=A9?= <jose@home.example>\nSubject: =?utf-8?b?w4TDpA==?=\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/html; charset="iso-8859-1"\n'
        "Content-Transfer-Encoding: quoted-printable\n\n<p>It br=F6ke</p><blockquote>old</blockquote>\n--b--\n"
    )
    (only,), _ = read_text(text, "a.eml")
    assert (only.turns[0].speaker, only.turns[0].text, only.meta["subject"]) == ("José", "It bröke", "Ää")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("No.\n\n-----Original Message-----\nFrom: a\nSent: b\n\nold", "No."),
        ("No.\n\nFrom: Support\nSent: Monday\nTo: Mo\nSubject: x\n\nold", "No."),
        ("No.\n\n*Von:* Support\n*Gesendet:* Montag\n*An:* Mo\n\nalt", "No."),
        ("Nein.\n\nAm 05.01.2026 um 10:00 schrieb Support <s@x.de>:\n> alt", "Nein."),
        ("Non.\n\nLe lun. 5 janv. 2026 à 10:00, Support <s@x.fr> a écrit :\n\n> vieux", "Non."),
        ('Да\n02.04.2012 14:20 пользователь "bob@x.com" <\nbob@x.com> написал:\n\n> Hi\n', "Да"),
        ("No.\n\nOn Mon, Jan 5, 2026 at 10:00 AM Somebody With A Long Name <s@x.com>\nwrote:\n\n> old", "No."),
        ("> We cannot do it\n\nWhy not?\n\n> Policy\n\nSilly.\n-- \nMo", "Why not?\n\nSilly."),
        ("On 5 Jan, Mo <m@x.y> wrote:\n> a\n\nBelow I answer.\n> b\nAnd again.", "Below I answer.\nAnd again."),
        ("I want my money.\n\nSent from my iPhone", "I want my money."),
        ("I want it.\n\nKind regards,\nMo Ali\nAcme Ltd", "I want it."),
        ("Thanks\nfor nothing. I wrote:\nplease call.", "Thanks\nfor nothing. I wrote:\nplease call."),
        ("It works.\n\nThis email and any files are confidential and intended for x.", "It works."),
        ("> only a quote", "> only a quote"),
    ],
)
def test_quoted_history_and_signatures_are_cut(text: str, reply: str) -> None:
    assert cut_reply(text) == reply


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("\n", 500_000),
        ("> ", 500_000),
        (">\n", 500_000),
        ("From: x\n", 200_000),
        ("On 1 ", 200_000),
        ("Thanks\n", 90_000),
    ],
)
def test_hostile_mails_do_not_hang(line: str, times: int) -> None:
    assert cut_reply(f"The start.\n{line * times}\nThe end").startswith("The start.")


def test_subjects_are_folded() -> None:
    assert plain_subject("Re: [R] AW:  Fwd: Late  parcel") == "late parcel"


def test_the_body_of_a_mail_as_text() -> None:
    text = f"We cannot say.{QUOTED}"
    assert format_of(text) == "mail-text"
    assert said(read_text(text)[0][0]) == [("unknown", "We cannot say.")]
