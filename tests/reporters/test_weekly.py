"""The friction report in every medium: hostile text stays text, the same report gives the same bytes."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest
from rich.console import Console
from tests.reporters.pages import assert_good_in_browser, assert_inert

from frictionlens.analytics.build import ReportOptions, build_report
from frictionlens.analytics.change_dates import ChangeDate
from frictionlens.analytics.report import Report
from frictionlens.errors import UserError
from frictionlens.model import Charged, Scored
from frictionlens.reporters.weekly import KINDS, kind_for, render, terminal
from frictionlens.store import Pack, RuleNote, Store
from frictionlens.synthetic import Story, scored

HOSTILE = '=HYPERLINK("http://evil.example")<script>alert(1)</script>[red]|*x*\x1b[31m\u202e&amp;"\'{{ 7*7 }}'


def report_of(rows: Iterator[Scored] | list[Scored], options: ReportOptions) -> Report:
    notes = (RuleNote("synthetic.refusal", "refusal", "Refusal", "because", "Say what you can do."),)
    with Store(None) as store:
        for _ in store.put(rows, Pack("digest-1", "core", "1.0", notes)):
            pass
        return build_report(store, options)


@pytest.fixture(scope="module")
def report() -> Report:
    options = ReportOptions(
        changes=(ChangeDate(datetime.date(2026, 10, 19), "return window", "cut to 14 days"),),
        operations={"sick days": {"2026-W45": 21.0}},
    )
    return report_of(scored(Story()), options)


def _hostile(row: Scored) -> Scored:
    """Put hostile words wherever a transcript or an export can."""
    said = f"{HOSTILE} 14 days"
    replace = msgspec.structs.replace
    return replace(
        row,
        interaction_id=f"{row.interaction_id}{HOSTILE}",
        source=HOSTILE,
        queue=HOSTILE,
        team=HOSTILE,
        product=HOSTILE,
        tags=(HOSTILE,),
        agent=HOSTILE,
        request=f"{HOSTILE} please help me with my {row.request}",
        findings=tuple(
            replace(each, quote=said, charged=tuple(Charged(c.kind, HOSTILE) for c in each.charged))
            for each in row.findings
        ),
        excerpt=tuple(replace(turn, text=f"{HOSTILE}{turn.text}") for turn in row.excerpt),
    )


@pytest.fixture(scope="module")
def hostile() -> Report:
    options = ReportOptions(by=("channel", "queue", "team", "product", "tag", "agent"))
    return report_of(map(_hostile, scored(Story(weeks=3, per_week=150))), options)


def test_html_runs_and_loads_nothing(hostile: Report, report: Report) -> None:
    for each in (hostile, report):
        text = render(each, "html").decode()
        assert_inert(text)
        assert "{{ 7*7 }}" in text or each is report


def test_every_quote_opens_its_conversation_with_the_words_marked(report: Report) -> None:
    text = render(report, "html").decode()
    details = re.findall(r"<details>.*?</details>", text, re.DOTALL)
    assert len(details) > 20
    assert all('<mark class="focus"' in each for each in details)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_report_gives_the_same_bytes(report: Report, kind: str) -> None:
    assert render(report, kind) == render(report, kind)


def test_json_holds_the_whole_report(report: Report) -> None:
    assert msgspec.json.decode(render(report, "json"), type=Report) == report


def test_no_cell_of_the_workbook_is_a_formula(hostile: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(hostile, "xlsx")))
    assert {"Summary", "Ledger", "Kinds", "Signs", "Recovery", "Pairs", "Conversations", "Slices", "Coverage"} <= set(
        book.sheetnames
    )
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert any(isinstance(cell.value, str) and cell.value.startswith("=HYPERLINK") for cell in cells)
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(cell.hyperlink is None for cell in cells)


def test_numbers_of_the_workbook_are_numbers(report: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(report, "xlsx")))
    names = [cell.value for cell in book["Ledger"][1]]
    first = [cell.value for cell in book["Ledger"][2]]
    assert first[names.index("interactions")] == report.ledger[0].interactions.count
    assert first[names.index("share")] == pytest.approx(report.ledger[0].interactions.share)


def test_markdown_shows_hostile_text_as_text(hostile: Report) -> None:
    text = render(hostile, "markdown").decode()
    assert "<script" not in text
    assert "\x1b" not in text
    assert r"\*x\*" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_keeps_to_its_width(report: Report, hostile: Report, width: int) -> None:
    for each in (report, hostile):
        console = Console(width=width, file=io.StringIO(), force_terminal=False)
        terminal.show(each, console)
        written: Any = console.file
        text = written.getvalue()
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
    assert "[red]" in text


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_report_can_be_rendered(kind: str) -> None:
    assert render(report_of([], ReportOptions(week="2026-W46")), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_one_week_and_no_excerpts_can_be_rendered(kind: str) -> None:
    assert render(report_of(scored(Story(weeks=1, per_week=60), excerpts=False), ReportOptions()), kind)


@pytest.mark.parametrize("kind", ["markdown", "html", "terminal"])
def test_what_a_report_is_about_and_compared_with(kind: str, report: Report) -> None:
    replace = msgspec.structs.replace
    weeks = len(report.buckets) - 1
    empty = tuple(replace(each, interactions=0) for each in report.buckets[:-1])
    alone = replace(report, headline=replace(report.headline, interactions=1), buckets=(*empty, report.buckets[-1]))
    assert f"interactions, compared with {weeks} earlier weeks." in _shown(report, kind)
    assert " 1 interaction; nothing to compare with in the weeks before." in _shown(alone, kind)


def _shown(report: Report, kind: str) -> str:
    if kind != "terminal":
        return render(report, kind).decode()
    out = io.StringIO()
    terminal.show(report, Console(file=out, width=120))
    return out.getvalue()


def test_suffixes_and_kinds() -> None:
    assert kind_for(Path("a/Report.HTML")) == "html"
    with pytest.raises(UserError, match="no report has the suffix"):
        kind_for(Path("a.docx"))
    with pytest.raises(UserError, match="did you mean 'html'"):
        render(report_of([], ReportOptions(week="2026-W46")), "htm")


@pytest.fixture(scope="module")
def page_file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(render(report, "html"))
    return path


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_in_a_browser(browser: Any, page_file: Path, width: int, scheme: str) -> None:
    assert_good_in_browser(browser, page_file, width, scheme)


@pytest.mark.browser
def test_without_javascript(browser: Any, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    first = page.locator("details").first
    assert not first.locator(".talk").is_visible()
    first.locator("summary").click()
    assert first.locator("mark.focus").first.is_visible()
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(("paper", "width"), [("A4", 680), ("Letter", 703)])
def test_on_paper_nothing_is_cut(browser: Any, page_file: Path, paper: str, width: int) -> None:
    # Width between the page's own margins (15 mm) at 96 dots an inch.
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('table, svg, .scroll, section > *')]"
        ".filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)"
        ".map(each => each.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert len(page.pdf(format=paper)) > 10_000
    page.close()
