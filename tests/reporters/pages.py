"""What every page owes: nothing runs, nothing is loaded, and a browser finds nothing to complain of."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(HTMLParser):
    """Collects what a browser would act on, and what a reader reads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.handlers: set[str] = set()
        self.unscoped: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "srcset", "action", "xlink:href"):
                self.links.add(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.handlers.add(name)
        if tag == "th" and "scope" not in dict(attrs):
            self.unscoped.append(str(attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


def assert_inert(text: str) -> Page:
    """Check that a page runs and loads nothing and links only into itself; return what it holds."""
    page = Page(text)
    assert not page.tags & {"script", "iframe", "img", "link", "object", "embed", "form", "base"}
    assert not page.handlers
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"@import|url\(", text)
    assert "default-src 'none'" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    return page


def assert_good_in_browser(browser: Any, path: Path, width: int, scheme: str) -> None:
    """Check a page as it is shown, all details open: no sideways scrolling, axe, messages and requests."""
    axe = pytest.importorskip(
        "axe_playwright_python", reason="axe is not installed (pip install frictionlens[browser])"
    )
    source = (Path(axe.__file__).parent / "axe.min.js").read_text("utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.evaluate(source)
    found = page.evaluate("axe.run()")
    assert [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in found["violations"]] == []
    assert said == []
    assert asked == [path.as_uri()]
    page.close()
