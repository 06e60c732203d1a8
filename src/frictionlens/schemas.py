"""Own the JSON Schemas of the contracts, generated from the types themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from frictionlens.model import Interaction, Scored


def _struct(kind: type[msgspec.Struct], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **msgspec.json.schema(kind)}


def _rules() -> dict[str, Any]:
    from frictionlens.rules.pack import RuleFile

    return {"title": "frictionlens rule file", **RuleFile.model_json_schema(by_alias=True)}


def _config() -> dict[str, Any]:
    from frictionlens.config import config_schema

    return config_schema()


def _check() -> dict[str, Any]:
    from frictionlens.reporters.check_json import check_schema

    return {"title": "frictionlens check report", **check_schema()}


SCHEMAS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "transcript": lambda: _struct(Interaction, "frictionlens transcript line"),
    "result": lambda: _struct(Scored, "frictionlens result line"),
    "rules": _rules,
    "config": _config,
    "check": _check,
}
"""Name → the function that builds the schema."""
