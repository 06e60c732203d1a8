"""HTML bodies as the text that was read."""

from __future__ import annotations

import pytest

from frictionlens.readers._html import html_to_text, is_html


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("<p>Second time&nbsp;I am asking</p>", "Second time I am asking"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>a</p><p>b</p>\n<div>c</div>", "a\nb\nc"),
        ("it&#39;s &lt;b&gt; 1 < 2 & 3", "it's <b> 1 < 2 & 3"),
        ("<ul><li>x</li><li>y</li></ul>end", "x\ny\nend"),
        ("<div>new</div><blockquote>old</blockquote>", "new"),
        ('<div>new</div><div class="gmail_quote">On Monday wrote: old</div>', "new"),
        ("<style>p{color:red}</style><p>x</p><script>alert(1)</script>", "x"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
        ("<!-- no --><p>yes</p>", "yes"),
        ("<p>bo<b>l</b>d</p>", "bold"),
        ("", ""),
    ],
)
def test_html_to_text(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


def test_quotes_can_be_kept() -> None:
    assert html_to_text("<p>new</p><blockquote>old</blockquote>", keep_quotes=True) == "new\nold"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("tag", "text"), [("<div>", "x"), ("<blockquote>", "x"), ("<section>", "x"), ("<b>", "x"), ("<!--", "")]
)
def test_deep_nesting_does_not_hang(tag: str, text: str) -> None:
    assert html_to_text(tag * 100_000 + "x") == text


def test_is_html() -> None:
    assert is_html("<p>x</p>")
    assert not is_html("1 < 2 and <CONV>123")
