"""Own the report as JSON: the `Report` as it is, with a version."""

from __future__ import annotations

import msgspec

from frictionlens.analytics.report import Report


def render(report: Report) -> bytes:
    """Return indented JSON, ending with a line end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
