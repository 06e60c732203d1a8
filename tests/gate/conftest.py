from collections.abc import Callable
from typing import Any

import pytest

from frictionlens.model import Contribution, Expectation, Facts, Finding, NotEvaluated, Scored


def build_finding(rule: str, **more: Any) -> Finding:
    """A finding; `rule` is `category.name`."""
    fields: dict[str, Any] = {
        "rule_id": rule,
        "category": rule.split(".", maxsplit=1)[0],
        "family": "friction",
        "severity": "medium",
        "confidence": "high",
        "turn": 0,
        "start": 0,
        "end": 5,
        "quote": "we can't do that",
        "kind_of_no": None,
        "charged": (),
        "fingerprint": f"fp-{rule}-{more.get('turn', 0)}",
    }
    return Finding(**(fields | more))


def build_scored(name: str, *findings: Finding, points: tuple[float, ...] = (), **more: Any) -> Scored:
    """A result whose score is the sum of its points, which belong to its findings in order."""
    fields: dict[str, Any] = {
        "interaction_id": name,
        "source": "macros/replies.txt",
        "channel": "chat",
        "started_at": None,
        "score": float(sum(points)),
        "recovery_steps": 0,
        "process_share": 0.0,
        "contributions": tuple(Contribution(index, each) for index, each in enumerate(points)),
        "not_evaluated": (),
        "findings": findings,
        "facts": Facts(1, 1, 0, 0, 10, 5, None, None, None),
    }
    return Scored(**(fields | more))


@pytest.fixture
def finding() -> Callable[..., Finding]:
    return build_finding


@pytest.fixture
def scored() -> Callable[..., Scored]:
    return build_scored


@pytest.fixture
def expectation() -> type[Expectation]:
    return Expectation


@pytest.fixture
def not_evaluated() -> type[NotEvaluated]:
    return NotEvaluated
