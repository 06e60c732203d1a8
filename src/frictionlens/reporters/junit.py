"""Write a verdict as JUnit XML: a suite per source, a case per interaction, a suite for the limits of the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from frictionlens.gate import Case, Criterion, Mark, Verdict
from frictionlens.privacy import printable
from frictionlens.reporters._marks import Notes, message_of, uri_of

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(verdict: Verdict, notes: Notes) -> str:
    """Render a verdict; a run in which nothing was judged has one passing case, since CI servers refuse an empty file.

    Times are zero on purpose: the same input gives the same bytes.
    """
    marks: dict[tuple[str, str], list[Mark]] = {}
    for mark in verdict.marks():
        if mark.level == "error":
            marks.setdefault((mark.source, mark.interaction_id), []).append(mark)
    suites: list[tuple[str, list[str]]] = []
    for source, cases in groupby(verdict.cases, key=lambda case: case.scored.source):
        name = uri_of(source)
        suites.append((name, [_case(each, name, marks, notes) for each in cases]))
    if verdict.criteria:
        suites.append(("policy", [_element("policy", each.title, _failure(each)) for each in verdict.criteria]))
    if unread := list(_unread(verdict)):
        suites.append(("input", unread))
    if not suites:
        suites.append(("frictionlens", [_element("frictionlens", "nothing to check", "")]))
    body = "".join(_suite(name, cases) for name, cases in suites)
    total = _counts([case for _, cases in suites for case in cases])
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<testsuites {total}>\n{body}</testsuites>\n"


def _suite(name: str, cases: list[str]) -> str:
    return f"  <testsuite name={_attribute(name)} {_counts(cases, skipped=True)}>\n{''.join(cases)}  </testsuite>\n"


def _counts(cases: list[str], *, skipped: bool = False) -> str:
    """Count what was rendered, so that totals cannot disagree with the cases."""
    kinds = {kind: sum(f"\n      <{kind} " in each for each in cases) for kind in ("failure", "error", "skipped")}
    text = f'tests="{len(cases)}" failures="{kinds["failure"]}" errors="{kinds["error"]}"'
    return f'{text} skipped="{kinds["skipped"]}" time="0"' if skipped else f'{text} time="0"'


def _case(case: Case, source: str, marks: dict[tuple[str, str], list[Mark]], notes: Notes) -> str:
    name = case.scored.interaction_id
    if not case.passed:
        own = marks[case.scored.source, name]
        lines = [f"{source}{f':{mark.line}' if mark.line else ''}: {message_of(mark, notes)}" for mark in own]
        kinds = sorted({each.criterion for each in case.failures})
        head, kind = _attribute(message_of(own[0], notes, advice=False)), _attribute(", ".join(kinds))
        inner = f"\n      <failure message={head} type={kind}>{_text(chr(10).join(lines))}</failure>"
    elif not case.evaluated:
        reason = "; ".join(f"{each.what} not evaluated: {each.reason}" for each in case.scored.not_evaluated)
        inner = f"\n      <skipped message={_attribute(reason)}/>"
    else:
        inner = ""
    return _element(source, name, inner)


def _failure(criterion: Criterion) -> str:
    return "" if criterion.passed else f'\n      <failure message={_attribute(criterion.message)} type="policy"/>'


def _unread(verdict: Verdict) -> Iterator[str]:
    # An allowed problem is no error: the file must not say more than the exit code.
    kind = "skipped" if verdict.policy.allow_problems else "error"
    for problem in verdict.problems:
        name = f"{uri_of(problem.source)} {problem.record}".strip()
        typed = "" if kind == "skipped" else ' type="input"'
        yield _element("input", name, f"\n      <{kind} message={_attribute(problem.reason)}{typed}/>")


def _element(group: str, name: str, inner: str) -> str:
    end = f">{inner}\n    </testcase>\n" if inner else "/>\n"
    return f'    <testcase classname={_attribute(group)} name={_attribute(name)} time="0"{end}'


def _attribute(text: str) -> str:
    return quoteattr(printable(_NOT_XML.sub("\ufffd", text)))


def _text(text: str) -> str:
    return escape(printable(_NOT_XML.sub("\ufffd", text)))
