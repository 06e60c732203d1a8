"""One browser for the tests of a module that look at pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.reporters.pages import CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (pip install frictionlens[browser])"
    )
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()
