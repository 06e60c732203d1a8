"""Write a verdict as a GitLab Code Quality report (docs.gitlab.com/ci/testing/code_quality, the CodeClimate subset)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from frictionlens.gate import Mark, Verdict
from frictionlens.reporters._marks import Notes, message_of, uri_of

_SEVERITY = {"low": "minor", "medium": "major", "high": "critical"}


def render(verdict: Verdict, notes: Notes) -> str:
    """Render what counts; accepted and silenced findings are left out, since GitLab compares branches by itself."""
    seen: Counter[str] = Counter()
    issues = []
    for mark in verdict.marks():
        if mark.level == "note":
            continue
        # GitLab drops a second issue of one fingerprint.
        seen[mark.fingerprint] += 1
        key = f"{mark.fingerprint} {seen[mark.fingerprint]}"
        issues.append(
            {
                "description": message_of(mark, notes),
                "check_name": mark.rule_id,
                "fingerprint": hashlib.sha256(key.encode()).hexdigest()[:32],
                "severity": _severity(mark),
                "location": {"path": uri_of(mark.source), "lines": {"begin": mark.line or 1}},
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _severity(mark: Mark) -> str:
    if mark.level == "warning":
        return "info"
    return _SEVERITY[mark.finding.severity] if mark.finding else "blocker"
