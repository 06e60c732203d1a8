"""frictionlens finds where support hides behind its process, and charges it to the process.

    import frictionlens

    for scored in frictionlens.scan(["exports/"]):
        print(scored.interaction_id, scored.score, [finding.quote for finding in scored.findings])

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from frictionlens.api import load_rules, scan, scan_frame
    from frictionlens.component import FrictionComponent
    from frictionlens.errors import Problem, Skipped, UserError
    from frictionlens.model import Charged, Finding, Interaction, Scored, Turn

__all__ = [
    "Charged",
    "Finding",
    "FrictionComponent",
    "Interaction",
    "Problem",
    "Scored",
    "Skipped",
    "Turn",
    "UserError",
    "load_rules",
    "scan",
    "scan_frame",
]

_HOMES = {
    "load_rules": "api",
    "scan": "api",
    "scan_frame": "api",
    "FrictionComponent": "component",
    "Problem": "errors",
    "Skipped": "errors",
    "UserError": "errors",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module that owns it."""
    if name not in __all__:
        raise AttributeError(f"module 'frictionlens' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"frictionlens.{_HOMES.get(name, 'model')}"), name)
