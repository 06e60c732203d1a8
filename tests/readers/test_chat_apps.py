"""WhatsApp, Telegram and Slack exports."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.readers.reading import format_of, read_text, said

from frictionlens.errors import Problem
from frictionlens.model import Interaction
from frictionlens.readers import find_sources, read
from frictionlens.readers._base import ReadOptions

ROLES = ReadOptions(roles={"ana": "customer", "acme": "agent"})


@pytest.mark.parametrize(
    ("first", "second", "started"),
    [
        ("[01/20/19 11:23] ", "[01/20/19 11:24] ", "2019-01-20T11:23:00"),
        ("[20.01.19, 11:23:00] ", "[20.01.19, 11:24:00] ", "2019-01-20T11:23:00"),
        ("20/01/19, 11:23 - ", "20/01/19, 11:24 - ", "2019-01-20T11:23:00"),
        ("1/20/19, 11:23 AM - ", "1/20/19, 11:24 AM - ", "2019-01-20T11:23:00"),
        ("01/30/2019, 08:49 p. m. - ", "01/30/2019, 08:50 p. m. - ", "2019-01-30T20:49:00"),
        ("2019/01/30, 20:49 - ", "2019/01/30, 20:50 - ", "2019-01-30T20:49:00"),
        ("\u200e[20/01/2019, 3:04:05\u202fPM] ", "\u200e[20/01/2019, 3:05:05\u202fPM] ", "2019-01-20T15:04:05"),
    ],
)
def test_whatsapp_in_its_date_layouts(first: str, second: str, started: str) -> None:
    text = f"{first}Ana: hi : there\nmore\n{second}Acme: \u200eno\n{second}Ana added Mo\n"
    assert format_of(text) == "whatsapp"
    (only,), problems = read_text(text, options=ROLES)
    assert said(only) == [("customer", "hi : there\nmore"), ("agent", "no"), ("system", "Ana added Mo")]
    assert [turn.at for turn in only.turns] == [0.0, 60.0, 60.0]
    assert (only.started_at, problems) == (started, [])


def test_whatsapp_asks_where_the_date_reads_both_ways() -> None:
    (only,), (problem,) = read_text("05/06/19, 11:23 - Ana: hi\n05/06/19, 11:24 - Acme: no\n")
    assert (only.started_at, [turn.at for turn in only.turns]) == (None, [0.0, 60.0])
    assert "--map dates=dmy" in getattr(problem, "hint", "")
    order = ReadOptions(columns={"dates": "mdy"})
    (only,), none = read_text("05/06/19, 11:23 - Ana: hi\n05/06/19, 11:24 - Acme: no\n", options=order)
    assert (only.started_at, none) == ("2019-05-06T11:23:00", [])


def test_telegram_one_chat_and_a_whole_account() -> None:
    messages = [
        {"type": "message", "date_unixtime": "1544006350", "from": "Ana", "text": "hi"},
        {
            "type": "message",
            "date_unixtime": "1544006360",
            "from": "Acme",
            "text": ["see ", {"type": "link", "text": "x.y"}],
        },
        {"type": "service", "date_unixtime": "1544006370", "actor": "Ana", "action": "left", "text": ""},
    ]
    chat = {"name": "Ana", "type": "personal_chat", "id": 77, "messages": messages}
    for export in (chat, {"chats": {"list": [chat]}}):
        assert format_of(json.dumps(export)) == "telegram"
        (only,), problems = read_text(json.dumps(export), "result.json", ROLES)
        assert said(only) == [("customer", "hi"), ("agent", "see x.y"), ("system", "left")]
        assert (only.id, only.started_at, problems) == ("77", "2018-12-05T10:39:10Z", [])


def message(ts: str, user: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "ts": f"14589805{ts}.000012", "user": user, "text": text, **more}


USERS = [
    {"id": "U1", "name": "ana", "profile": {"display_name": "Ana", "email": "ana@home.example"}},
    {"id": "U2", "name": "dana", "profile": {"real_name": "Dana", "email": "dana@acme.example"}},
    {"id": "B1", "name": "helper", "is_bot": True, "profile": {"real_name": "Helper"}},
]
DAY_1 = [
    message("01", "U1", "it <https://x.y|broke> &amp; <@U2> knows", thread_ts="1458980501.000012"),
    message("05", "U1", "has joined", subtype="channel_join"),
    message("07", "U1", "anyone?"),
]
DAY_2 = [
    message("20", "U2", "we can't", thread_ts="1458980501.000012"),
    message("30", "B1", "", subtype="bot_message", attachments=[{"text": "ticket opened"}]),
]
FILES = {"users.json": USERS, "channels.json": [], "help/2016-03-26.json": DAY_1, "help/2016-03-27.json": DAY_2}


def write_folder(root: Path) -> Path:
    for name, value in FILES.items():
        (root / "export" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "export" / name).write_text(json.dumps(value))
    return root / "export"


def write_zip(root: Path) -> Path:
    with zipfile.ZipFile(root / "export.zip", "w") as archive:
        for name, value in FILES.items():
            archive.writestr(name, json.dumps(value))
    return root / "export.zip"


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_slack_threads_and_channels_across_days(tmp_path: Path, write: Any) -> None:
    (source,) = find_sources([str(write(tmp_path))])
    found = list(read(source, ReadOptions(agent_domains=("acme.example",))))
    interactions = {each.id: each for each in found if isinstance(each, Interaction)}
    assert not any(isinstance(each, Problem) for each in found)
    assert said(interactions["help:1458980501.000012"]) == [
        ("customer", "it broke & @Dana knows"),
        ("agent", "we can't"),
    ]
    assert said(interactions["help"]) == [("system", "has joined"), ("customer", "anyone?"), ("bot", "ticket opened")]


def test_a_slack_day_alone() -> None:
    assert format_of(json.dumps(DAY_2), "2016-03-27.json") == "slack"
    interactions, _ = read_text(json.dumps(DAY_1), "help/2016-03-26.json", ReadOptions(roles={"u1": "customer"}))
    assert [each.id for each in interactions] == ["help"]


def test_a_broken_day_leaves_the_others(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "help" / "2016-03-28.json").write_text("[{broken")
    (source,) = find_sources([str(folder)])
    found = list(read(source, ReadOptions()))
    assert sum(isinstance(each, Interaction) for each in found) == 2
    assert any(isinstance(each, Problem) for each in found)
