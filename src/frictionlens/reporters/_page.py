"""Own how pages are made: templates that escape every text, and the one stylesheet.

The pages forbid themselves scripts and requests by their own content security policy.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from frictionlens.privacy import printable

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(package: str, name: str) -> Template:
    """Return a template of a package, with autoescaping; a name that it does not know is an error."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    # Controls and bidi marks could reorder what is read; escaping alone would let them through.
    environment.finalize = _clean
    return environment.from_string(_asset(package, name))


def stylesheet() -> Markup:
    """Return the style of every page."""
    return Markup(_asset("frictionlens.reporters.weekly", "weekly.css"))  # noqa: S704 - our own file


def _clean(value: Any) -> Any:
    return printable(value) if type(value) is str else value


@cache
def _asset(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text("utf-8")
