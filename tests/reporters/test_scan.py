"""The page and the workbook of a scan: hostile text stays text, numbers are numbers, bytes are the same twice."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import openpyxl
import pytest
from tests.reporters.pages import Page, assert_good_in_browser, assert_inert

from frictionlens.errors import Problem, Skipped
from frictionlens.model import Charged, NotEvaluated, Scored
from frictionlens.reporters import _workbook, reporter
from frictionlens.reporters._tables import FINDINGS, INTERACTIONS
from frictionlens.results import SortedResults
from frictionlens.summary import Summary, ranked_processes, strongest
from frictionlens.synthetic import Story, scored

HOSTILE = '=HYPERLINK("http://evil.example")<script>alert(1)</script>[red]|*x*\x1b[31m\u202e\ufffe&amp;"\'{{ 7*7 }}'
XLSX_MARKUP = "<r><t>x</t></wrong></r>"
"""What xlsxwriter would copy into the file as it is."""
KINDS = ("html", "xlsx")


class Scan(NamedTuple):
    """What a scan hands to its outputs."""

    results: SortedResults
    summary: Summary

    def written(self, kind: str) -> bytes:
        stream = io.BytesIO()
        reporter(kind).write(self.results, self.summary, "digest-1", stream)
        return stream.getvalue()

    def book(self) -> Any:
        return openpyxl.load_workbook(io.BytesIO(self.written("xlsx")))


@contextmanager
def scan_of(
    rows: Iterable[Scored] = (), problems: Iterable[Problem] = (), skipped: Iterable[Skipped] = ()
) -> Iterator[Scan]:
    summary = Summary(titles={"refusal": "Refusal, plainly"})
    with SortedResults() as results:
        for row in rows:
            summary.add(row)
            summary.sources.add(row.source)
            results.add(row)
        for problem in problems:
            summary.add_problem(problem)
        for each in skipped:
            summary.add_skipped(each)
        yield Scan(results, summary)


@pytest.fixture(scope="module")
def scan() -> Iterator[Scan]:
    rows = list(scored(Story(weeks=1, per_week=60), excerpts=False))
    unread = msgspec.structs.replace(
        rows[0], interaction_id="nobody", score=0.0, contributions=(), findings=(),
        not_evaluated=(NotEvaluated("friction", "no turn has the role agent"),),
    )  # fmt: skip
    problem = Problem("in/a.json", "line 2", "not valid JSON", "see the schema")
    with scan_of([*rows, unread], [problem], [Skipped("in/b.json", "", "an empty file")]) as made:
        yield made


def _hostile(row: Scored, said: str) -> Scored:
    replace = msgspec.structs.replace
    return replace(
        row, interaction_id=f"{said}{row.interaction_id}{said}", source=said, queue=said, team=said, product=said,
        tags=(said,), agent=said, request=said, started_at=said, language=said,
        not_evaluated=(NotEvaluated(said, said),),
        findings=tuple(
            replace(each, quote=said, charged=tuple(Charged(c.kind, said) for c in each.charged))
            for each in row.findings
        ),
    )  # fmt: skip


@pytest.fixture(scope="module", params=[HOSTILE, XLSX_MARKUP])
def hostile(request: pytest.FixtureRequest) -> Iterator[Scan]:
    said = request.param
    rows = (_hostile(row, said) for row in scored(Story(weeks=1, per_week=30), excerpts=False))
    with scan_of(rows, [Problem(said, said, said, said)], [Skipped(said, said, said)]) as made:
        yield made


def test_the_page_runs_and_loads_nothing(scan: Scan, hostile: Scan) -> None:
    for each in (scan, hostile):
        text = each.written("html").decode()
        page = assert_inert(text)
        assert not page.tags & {"r", "t"}
        assert page.unscoped == []


def test_the_page_shows_hostile_words_as_words() -> None:
    with scan_of([_hostile(next(scored(Story(weeks=1, per_week=30))), HOSTILE)]) as made:
        words = Page(made.written("html").decode()).words
    assert "<script>alert(1)</script>" in words
    assert "{{ 7*7 }}" in words


def test_the_page_says_what_the_scan_found(scan: Scan) -> None:
    summary = scan.summary
    words = " ".join(Page(scan.written("html").decode()).words.split())
    assert f"({summary.with_friction} of {summary.evaluated['friction']})" in words
    assert f"in {summary.evaluated['friction']} of {summary.interactions} interactions" in words
    for process, total in ranked_processes(summary, 20):
        assert process.name in words
        assert total.quote in words
    assert "Refusal, plainly" in words
    for row in summary.worst:
        found = strongest(row)
        assert found is not None
        assert found.quote in words
        assert f"Score {row.score:.0f}, {row.recovery_steps} of 5 recovery steps. {row.interaction_id}" in words
    for said in ("in/a.json", "line 2", "not valid JSON", "no turn has the role agent", "an empty file", "digest-1"):
        assert said in words
    assert "frictionlens report gives the weekly view" in words


def test_the_parts_of_a_score_add_up_on_the_page(scan: Scan) -> None:
    text = scan.written("html").decode()
    details = re.findall(r"<details>.*?</details>", text, re.DOTALL)
    assert len(details) == len(scan.summary.worst)
    for row, part in zip(scan.summary.worst, details, strict=True):
        points = [float(each) for each in re.findall(r'<td class="num">([+-][\d.]+)</td>', part)]
        assert len(points) == len(row.contributions)
        assert sum(points) == pytest.approx(row.score, abs=0.05 * len(points) + 0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_scan_gives_the_same_bytes(scan: Scan, kind: str) -> None:
    assert scan.written(kind) == scan.written(kind)


def test_no_cell_of_the_workbook_is_a_formula(hostile: Scan) -> None:
    book = hostile.book()
    assert book.sheetnames == ["Summary", "Interactions", "Findings", "Problems"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(cell.hyperlink is None for cell in cells)
    shown = {str(cell.value).strip() for cell in cells}
    assert any(each.startswith(("=HYPERLINK", XLSX_MARKUP)) for each in shown)


def test_the_sheets_are_the_flat_tables_with_numbers_as_numbers(scan: Scan) -> None:
    book = scan.book()
    rows = list(scan.results)
    for sheet, columns, count in (
        (book["Interactions"], INTERACTIONS, len(rows)),
        (book["Findings"], FINDINGS, sum(len(row.findings) for row in rows)),
    ):
        header, *lines = sheet.iter_rows()
        assert [cell.value for cell in header] == list(columns)
        assert len(lines) == count
        for line in lines:
            for cell, kind in zip(line, columns.values(), strict=True):
                assert cell.value is None or (cell.data_type == "s") == (kind == "string")
    names = list(INTERACTIONS)
    first = [cell.value for cell in book["Interactions"][2]]
    assert first[names.index("score")] == pytest.approx(rows[0].score)
    assert first[names.index("process_share")] == pytest.approx(rows[0].process_share)
    assert book["Interactions"].cell(2, names.index("score") + 1).number_format == "#,##0.0"
    assert book["Interactions"].cell(2, names.index("process_share") + 1).number_format == "0.0%"


def test_the_summary_of_the_workbook(scan: Scan) -> None:
    summary = scan.summary
    rows = [[cell.value for cell in row] for row in scan.book()["Summary"].iter_rows()]
    facts = {row[0]: row[1] for row in rows}
    assert facts["Interactions"] == summary.interactions
    assert facts["Mean friction score (0 none, 100 worst)"] == pytest.approx(summary.mean, abs=0.005)
    assert facts["Problems"] == 1
    assert facts["Not evaluated: friction (no turn has the role agent)"] == 1
    assert facts["Rule pack digest"] == "digest-1"
    process, total = ranked_processes(summary, 1)[0]
    assert [
        process.name, process.kind.replace("_", " "), pytest.approx(total.points, abs=0.005), total.findings,
        total.interactions, total.refused,
    ] in [row[:6] for row in rows]  # fmt: skip
    refusal = summary.categories["refusal"]
    share = pytest.approx(refusal.interactions / summary.evaluated["friction"])
    assert ["Refusal, plainly", "Friction", refusal.findings, refusal.interactions, share] in [row[:5] for row in rows]


def test_a_sheet_that_is_too_long_says_so(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    count = scan.summary.interactions
    monkeypatch.setattr(_workbook, "MOST_ROWS", count + 1)
    assert scan.book()["Interactions"].max_row == count + 1, "it fits"

    monkeypatch.setattr(_workbook, "MOST_ROWS", 20)
    book = scan.book()
    sheet = book["Interactions"]
    assert sheet.max_row == 20
    assert sheet.cell(20, 1).value == f"{count - 18:,} more rows: a sheet holds no more"
    assert sheet.cell(19, 1).value == list(scan.results)[17].interaction_id
    left = {row[0].value: row[1].value for row in book["Summary"].iter_rows()}
    assert [value for name, value in left.items() if str(name).startswith("Cut: interactions")] == [count - 18]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_at_all_can_be_written(kind: str) -> None:
    with scan_of() as empty:
        assert empty.written(kind)
    if kind == "html":
        with scan_of() as empty:
            assert "Nothing could be read" in empty.written(kind).decode()


def test_problems_alone() -> None:
    problems = [Problem(f"in/{number}.json", "", "the file is empty") for number in range(60)]
    with scan_of(problems=problems) as made:
        text = made.written("html").decode()
        sheet = made.book()["Problems"]
    assert "Nothing could be read" in text
    assert "60 problems" in text
    assert "the first 50" in text
    assert [sheet.cell(2, column).value for column in (1, 3)] == ["in/0.json", "the file is empty"]
    assert sheet.max_row == 61


def test_interactions_that_could_not_be_looked_at() -> None:
    row = next(scored(Story(weeks=1, per_week=30)))
    blind = msgspec.structs.replace(
        row, score=0.0, contributions=(), findings=(), not_evaluated=(NotEvaluated("all", "no text"),)
    )
    with scan_of([blind]) as made:
        text = made.written("html").decode()
        facts = {line[0].value: line[1].value for line in made.book()["Summary"].iter_rows()}
    assert "could be looked for in 0 of 1 interaction " in " ".join(Page(text).words.split())
    assert facts["Friction could be looked for in"] == 0
    assert "Share with friction" not in facts


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (1200, "dark"), (400, "light"), (400, "dark")])
def test_in_a_browser(browser: Any, scan: Scan, hostile: Scan, tmp_path: Path, width: int, scheme: str) -> None:
    path = tmp_path / "scan.html"
    for each in (scan, hostile):
        path.write_bytes(each.written("html"))
        assert_good_in_browser(browser, path, width, scheme)
