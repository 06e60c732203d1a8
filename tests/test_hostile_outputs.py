"""What transcripts hold must stay text in every output: on terminals, in spreadsheets, pages, logs and reports.

One set of conversations, whose words, ids, names, tags and file names are hostile, goes through every command that
writes something. The checks read each output the way its consumer does.
"""

from __future__ import annotations

import csv
import json
import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from frictionlens.cli import app

ESCAPES = "\x1b[31m\x1b]8;;http://evil.example\x07\x00\x08\x0b\x7f\x85\x9b31m\u202e\u2028"
MARKUP = "[bold red]x[/] [/] [link=file:///etc/passwd]y[/link]"
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)> \"'><svg onload=alert(1)> ]]> &amp; </style>"
ORDERS = "\r\n::error::owned\n##vso[task.setvariable variable=x]owned"
EVIL = f"{ESCAPES} {MARKUP} {HTML} | `x` {ORDERS} "
FORMULAS = ["=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
FILE = "=1+1 <script>alert(1)<:script> [bold]x[:] \x1b[31m\u202e\n::error::x.jsonl"

_SCANNED = ("o.jsonl", "o.json", "o.csv", "o.parquet", "o.md", "o.html", "o.xlsx")

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
ORDER = re.compile(r"(?m)^\s*(?:::error::|##vso\[)")


def conversation(formula: str) -> dict[str, object]:
    said = formula + EVIL
    no = "\x1b[31mdo\x07 that. Our <b>refund</b> [bold]policy[/] requires it."
    return {
        "id": said, "channel": "chat", "started_at": "2026-11-16T09:30:00Z", "agent": said, "queue": said,
        "team": said, "product": said, "tags": [said], "csat": 2, "qa_score": 95,
        "turns": [
            {"role": "customer", "text": f"{said} I want a refund for my order {EVIL}", "speaker": said},
            {"role": "agent", "text": f"{said} I'm sorry, we can't {no} {EVIL}", "speaker": said, "labels": ["stall"]},
            {"role": "customer", "text": f"I will cancel and leave you for good {EVIL}"},
        ],
    }  # fmt: skip


class Written:
    """Every output, by its name: what stood on the terminal, and the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, str] = {}

    def run(self, name: str, *command: str, code: int) -> None:
        done = CliRunner().invoke(app, [*command])
        assert done.exception is None or isinstance(done.exception, SystemExit), (name, done.exception)
        assert done.exit_code == code, (name, done.output)
        self.said[name] = done.output

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("hostile")
    exports = folder / "in"
    exports.mkdir()
    lines = [json.dumps(conversation(formula)) for formula in FORMULAS]
    lone = '{"id": "\\ud800", "turns": [{"role": "agent", "text": "we can\'t do that \\udfff", "speaker": "\\ud800"}]}'
    broken = "{broken " + EVIL.replace("\r", "").replace("\n", " ")
    (exports / FILE).write_text("\n".join([*lines, lone, broken]) + "\n", "utf-8")
    with open(os.fsencode(exports) + b"/\xff\xfe.jsonl", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(json.dumps(conversation("name ")))
    made = Written(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        files = [part for name in _SCANNED for part in ("-o", name)]
        made.run("scan", "scan", "in", *files, "--problems", "p.jsonl", code=3)
        made.run("store", "--quiet", "scan", "in", "--store", "s.duckdb", "--allow-problems", code=0)
        for kind in ("jsonl", "json", "csv", "markdown", "html"):
            made.run(f"scan --to {kind}", "scan", "in", "--to", kind, "--allow-problems", code=0)
        made.run("formats", "formats", "in", code=3)
        made.run("convert", "formats", "in", "--convert", "native.jsonl", "--allow-problems", code=0)
        made.run("show", "show", f"in/{FILE}", code=0)
        reports = [part for name in ("r.html", "r.md", "r.xlsx", "r.json") for part in ("-o", name)]
        made.run("report", "report", "--store", "s.duckdb", "--min-group", "1", *reports, code=0)
        made.run("report table", "report", "--store", "s.duckdb", "--min-group", "1", code=0)
        checks = [
            "sarif=c.sarif",
            "junit=c.xml",
            "tap=c.tap",
            "json=c.json",
            "text=c.txt",
            "gitlab=c.gl",
            "github=c.gh",
        ]
        every = [part for each in checks for part in ("-o", each)]
        made.run("check", "check", "in", "--all", "--min-confidence", "low", *every, code=1)
        made.run("compare", "compare", "in", "in", "--allow-problems", code=0)
        made.run("rules stats", "rules", "stats", "in", code=0)
        made.run("audit", "audit", "in", "--export", "a.csv", code=0)
        made.run("eval", "eval", "in", "--allow-problems", code=0)
    finally:
        os.chdir(before)
    return made


def test_no_terminal_output_steers_a_terminal_or_a_build_log(written: Written) -> None:
    for name, said in written.said.items():
        plain = re.sub(r"\\u[0-9a-f]{4}", "", said)
        assert not CONTROLS.search(plain), (name, CONTROLS.findall(plain)[:3])
        assert not ORDER.search(plain), name
    # Markup is shown, not followed.
    assert "[bold red]x[/]" in written.said["show"]
    assert "[bold red]x[/]" in written.said["formats"]


@pytest.mark.parametrize(
    "name", ["o.md", "r.md", "c.txt", "c.tap", "c.xml", "c.gh", "r.html", "o.html", "a.csv", "o.csv"]
)
def test_no_written_text_steers_a_terminal(written: Written, name: str) -> None:
    text = written.text(name)
    assert not CONTROLS.search(text.replace("\r\n", "\n")), CONTROLS.findall(text)[:3]


@pytest.mark.parametrize(
    "name", ["o.jsonl", "o.json", "p.jsonl", "native.jsonl", "r.json", "c.json", "c.sarif", "c.gl"]
)
def test_json_is_json_and_has_no_control_characters(written: Written, name: str) -> None:
    text = written.text(name)
    for line in text.strip().split("\n") if name.endswith(".jsonl") else [text]:
        json.loads(line)
    assert not re.search("[\x00-\x09\x0b-\x1f]", text)


def test_result_lines_keep_what_was_said(written: Written) -> None:
    results = [json.loads(line) for line in written.text("o.jsonl").strip().split("\n")]
    assert len(results) == len(FORMULAS) + 2
    assert {each["interaction_id"] for each in results} >= {formula + EVIL for formula in FORMULAS}
    assert any(each["source"] == "in/\\udcff\\udcfe.jsonl" for each in results)


@pytest.mark.parametrize("name", ["o.csv", "o.interactions.csv", "a.csv"])
def test_no_cell_is_a_formula(written: Written, name: str) -> None:
    with (written.folder / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) > len(FORMULAS)
    for row in rows:
        assert len(row) == len(rows[0])
        for cell in row:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r", "\n"), cell[:20]
            assert cell[:1] != "-" or re.fullmatch(r"-\d+(?:\.\d+)?", cell), cell[:20]


@pytest.mark.parametrize("name", ["r.xlsx", "o.xlsx"])
def test_no_cell_of_a_workbook_is_a_formula_or_a_link(written: Written, name: str) -> None:
    import openpyxl

    book = openpyxl.load_workbook(written.folder / name)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any("policy" in str(cell.value) for cell in cells)
    for cell in cells:
        assert cell.data_type != "f", cell.value
        assert cell.hyperlink is None
        assert not CONTROLS.search(str(cell.value))


def test_parquet_opens(written: Written) -> None:
    import pyarrow.parquet as pq

    assert pq.read_table(written.folder / "o.interactions.parquet").num_rows == len(FORMULAS) + 2


class _Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and the text of its scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        inside = self.elements[-1][0] if self.elements else ""
        (self.scripts if inside in ("script", "style") else self.words).append(data)


@pytest.mark.parametrize("name", ["r.html", "o.html"])
def test_the_page_shows_html_and_does_not_follow_it(written: Written, name: str) -> None:
    page = _Page()
    page.feed(written.text(name))
    assert "alert(1)" in "".join(page.words), "the words themselves are shown"
    assert "alert(1)" not in "".join(page.scripts)
    for tag, attributes in page.elements:
        assert tag not in ("img", "iframe", "object", "embed", "base"), attributes
        for attribute, value in attributes.items():
            assert not attribute.startswith("on"), (tag, attribute)
            assert not str(value).strip().lower().startswith(("javascript:", "http:", "file:")), (tag, value)


@pytest.mark.parametrize("name", ["o.md", "r.md"])
def test_markdown_holds_no_html_and_no_links_of_theirs(written: Written, name: str) -> None:
    text = written.text(name)
    assert "policy" in text
    assert not re.search(r"<(?:script|img|svg|b)\b", text)
    assert not re.search(r"(?<!\\)\]\((?:http|file|javascript)", text)


def test_markdown_rendered_has_no_elements_of_theirs(written: Written) -> None:
    import markdown_it

    for name in ("o.md", "r.md"):
        page = _Page()
        page.feed(markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(written.text(name)))
        assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img", "svg", "b", "style", "a"}), name


def test_check_reports_are_sound(written: Written) -> None:
    suite = ET.fromstring(written.text("c.xml"))
    assert suite.iter("testcase")
    assert json.loads(written.text("c.sarif"))["runs"][0]["results"]
    assert json.loads(written.text("c.gl"))
    # Nothing but our own orders stands at the beginning of a line for GitHub.
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in written.text("c.gh").splitlines())


def test_problems_name_the_place_and_do_not_quote(written: Written) -> None:
    (problem,) = [json.loads(line) for line in written.text("p.jsonl").strip().split("\n")]
    assert problem["record"] == f"line {len(FORMULAS) + 2}"
    assert "evil" not in problem["reason"]
