"""Tables in JSON, Parquet and spreadsheets."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.readers.reading import format_of, read_text, said

PLAIN = [("agent", "Hello"), ("customer", "It broke")]
ROWS = [
    {"conversation_id": "1", "role": "agent", "text": "Hello", "timestamp": "2026-01-05T10:00:00Z"},
    {"conversation_id": "1", "role": "customer", "text": "It broke", "timestamp": "2026-01-05T10:00:09Z"},
]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def xlsx(**sheets: list[list[Any]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_json_lines_and_arrays_of_rows() -> None:
    lines = "\n".join(map(json.dumps, ROWS))
    assert format_of(lines, "a.json") == "json-rows"
    for text in (lines, json.dumps(ROWS), json.dumps(ROWS, indent=1)):
        interactions, problems = read_text(text, "a.json")
        assert said(interactions[0]) == PLAIN
        assert problems == []


def test_a_broken_line_among_json_rows_is_a_problem() -> None:
    text = f"{json.dumps(ROWS[0])}\n{{broken\n{json.dumps(ROWS[1])}\n"
    interactions, (problem,) = read_text(text, "a.jsonl")
    assert said(interactions[0]) == PLAIN
    assert getattr(problem, "record", "") == "line 2"


def test_transcripts_in_json_lines() -> None:
    line = json.dumps({"call_id": "7", "transcript": "Agent: Hello\nCustomer: It broke", "csat": 2})
    (only,), _ = read_text(line + "\n" + line.replace("7", "8"), "a.jsonl")[0][:1], None
    assert (said(only), only.csat) == (PLAIN, 2.0)


def test_parquet_rows_and_nested_turns() -> None:
    when = datetime(2026, 1, 5, 10, tzinfo=UTC)
    rows = [{**row, "timestamp": when} for row in ROWS]
    assert format_of(parquet(rows), "a.parquet") == "parquet"
    (only,), _ = read_text(parquet(rows), "a.parquet")
    assert (said(only), only.started_at) == (PLAIN, "2026-01-05T10:00:00Z")
    nested = [{"id": "a", "turns": [{"role": role, "text": text} for role, text in PLAIN]}]
    (only,), _ = read_text(parquet(nested), "a.parquet")
    assert (only.id, said(only)) == ("a", PLAIN)


def test_a_cut_parquet_file_is_a_problem() -> None:
    interactions, (problem,) = read_text(parquet(ROWS)[:-20], "a.parquet")
    assert interactions == []
    assert "Parquet" in problem.reason


def test_spreadsheets_with_titles_dates_numbers_and_artefacts() -> None:
    start = datetime(2026, 1, 5, 10)
    data = xlsx(
        Sheet1=[
            ["Weekly export", None, None, None],
            [None, None, None, None],
            ["Ticket", "Sender", "Message", "Time"],
            [123456789, "Agent", "Hello", start],
            [123456789, "Customer", "It broke_x000D_\nbadly", 46027.416770833333],
        ],
        Notes=[["Owner", "Remark"], ["QA", "x"]],
    )
    assert format_of(data, "a.xlsx") == "xlsx"
    (only,), (skipped,) = read_text(data, "a.xlsx")
    assert (only.id, only.started_at) == ("123456789", "2026-01-05T10:00:00")
    assert said(only) == [("agent", "Hello"), ("customer", "It broke\nbadly")]
    assert [turn.at for turn in only.turns] == [0.0, 9.0]
    assert getattr(skipped, "record", "") == "sheet Notes"


def test_a_spreadsheet_without_text_and_one_that_is_broken() -> None:
    _, (problem,) = read_text(xlsx(A=[["foo", "bar"], [1, 2]]), "a.xlsx")
    assert "--map text=COLUMN" in getattr(problem, "hint", "")
    data = xlsx(A=[["id", "text"], [1, "x"]])
    for broken in (data[: len(data) // 2], data[:3000].ljust(len(data), b"\0")):
        interactions, problems = read_text(broken, "a.xlsx")
        assert interactions == []
        assert problems


def test_a_spreadsheet_that_expands_too_far_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from frictionlens.readers import xlsx as module

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("xl/worksheets/sheet1.xml", "0" * 5_000_000)
    monkeypatch.setattr(module, "MOST_BYTES", 1_000_000)
    _, (problem,) = read_text(out.getvalue(), "a.xlsx")
    assert "expands" in problem.reason


def test_a_line_end_within_an_utterance_of_multidogo_makes_no_conversation() -> None:
    header = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent\n"
    rows = (
        "c1\t0\t<C>c1<T>0\tbook a flight\tO\tbookflight\n"
        'c1\t2\t<C>c1<T>2\t"from charlotte\nto kings mountain nc"\tO O\tcontentonly\n'
        'c1\t4\t<C>c1<T>4\tthe 12" bag\tO\tcontentonly\n'
    )
    (found,), others = read_text(header + rows, "airline.tsv")
    assert [turn.text for turn in found.turns] == [
        "book a flight",
        "from charlotte to kings mountain nc",
        'the 12" bag',
    ]
    assert not others


def test_details_that_hang_on_a_message_leave_it_a_row() -> None:
    row = {"session_id": "s", "role": "agent", "text": "hello", "meta": {"a": [1]}, "files": [{"name": "x.pdf"}]}
    lines = [
        json.dumps({**row, "role": role, "text": f"{role} {n}"}) for n, role in enumerate(("agent", "customer") * 2)
    ]
    (found,), others = read_text("\n".join(lines), "rows.jsonl")
    assert (found.id, len(found.turns), others) == ("s", 4, [])


def test_native_lines_in_one_array_on_one_line() -> None:
    one = {"id": "1", "turns": [{"role": "agent", "text": "hello"}, {"role": "customer", "text": "hi"}]}
    found, others = read_text(json.dumps([one, {**one, "id": "2"}]), "a.json")
    assert ([each.id for each in found], others) == (["1", "2"], [])
