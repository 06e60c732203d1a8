"""Own `Settings`: what the user decided, in one frozen, picklable object that knows where each value came from.

Later wins: defaults, then the nearest `frictionlens.toml` (or `[tool.frictionlens]` of a `pyproject.toml`)
upward from the working directory, then `FRICTIONLENS_*` variables, then flags. Tables merge key by key,
lists are replaced.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

from frictionlens.errors import UserError, nearest
from frictionlens.model import Confidence, Role

FILE_NAME: Final = "frictionlens.toml"
PREFIX: Final = "FRICTIONLENS_"
DEFAULT: Final = "default"
"""Origin of a value that nobody set."""

FLAGS: Final[Mapping[str, str]] = {
    "packs": "--pack",
    "roles": "--role",
    "columns": "--map",
    "agent_domains": "--agent-domain",
    "format": "--from",
    "rules.include": "--rule",
    "rules.exclude": "--exclude-rule",
    "categories.include": "--category",
    "categories.exclude": "--exclude-category",
    "check.allow_problems": "--allow-problems",
    "check.forbidden": "--forbid",
    "redact": "--redact-with",
}
"""Flags that are not named after their setting."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{name!r} is no time zone; write one like 'Europe/Berlin' or 'UTC'") from error
    return name


def _budget(value: int | float | str) -> int | str:
    """Accept 3 (findings) or "5%" (share of interactions)."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value)):
        if float(match[1]) <= 100:
            return f"{float(match[1]):g}%"
    elif isinstance(value, str) and value.strip().isdigit():
        return int(value)
    elif isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f'{value!r} is no budget; write a count like 3, or a share of interactions like "5%"')


Budget = Annotated[int | str, AfterValidator(_budget)]
"""How often a rule or category may be found: a count of findings, or `"5%"` of the interactions."""
Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(ge=0, le=100)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Selection(_Table):
    """Which rules or categories take part; an empty `include` means all."""

    include: tuple[str, ...] = ()
    """Only these (ids; `*` is a wildcard). Empty: all."""
    exclude: tuple[str, ...] = ()
    """None of these; wins over include."""


class ScoreSettings(_Table):
    """Overrides of the friction score."""

    weights: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Category = weight, instead of the weight in rules/categories.yml."""


class SliceLimit(_Table):
    """Limits for every value of one field: a global rate hides one broken queue."""

    by: Literal["queue", "team", "channel", "product", "tag", "source", "language"]
    """Field whose values are judged apart."""
    only: tuple[str, ...] = ()
    """Judge only these values. Empty: all."""
    min_size: Annotated[int, Field(ge=1)] = 5
    """Smaller groups are named and not judged."""
    max_mean: Points | None = None
    """Highest mean score in a group."""
    max_share_over: Share | None = None
    """Highest share of interactions over `check.threshold` in a group."""
    budgets: dict[str, Budget] = {}
    """Rule or category = count, or share of the group's interactions."""


class Policy(_Table):
    """What fails a build (`frictionlens check`)."""

    paths: tuple[str, ...] = ()
    """What to check when the command line names nothing."""
    macros: tuple[str, ...] = ()
    """Reply macros, canned responses and call scripts to check, beside `paths`."""
    fail_on: Literal["low", "medium", "high", "never"] | None = None
    """A new friction finding of at least this severity fails. Unset: medium, or never beside limits of your own."""
    min_confidence: Confidence = "high"
    """Only findings of rules that are at least this sure may fail a build."""
    max_score: Points | None = None
    """Highest score of one interaction."""
    max_mean: Points | None = None
    """Highest mean score over all interactions."""
    threshold: Points = 50.0
    """Score over which an interaction counts as bad in `max_share_over`."""
    max_share_over: Share | None = None
    """Highest share (0 to 1) of interactions over `threshold`."""
    forbidden: tuple[str, ...] = ()
    """Rules or categories that must not be found at all, whatever their severity."""
    budgets: dict[str, Budget] = {}
    """Rule or category = how often it may be found: a count, or "5%" of the interactions."""
    required: dict[str, tuple[str, ...]] = {}
    """Category = categories of which one must be in the same or a later turn, such as a way forward."""
    slices: tuple[SliceLimit, ...] = ()
    """Limits per queue, team, channel …"""
    min_precision: Share | None = None
    """A rule may gate only where the lower end of the 95 % interval of its audited precision reaches this."""
    audit: str | None = None
    """Answers kept by `frictionlens audit`: they decide how sure a rule is on your data, and its precision."""
    min_coverage: Share | None = None
    """Least share of interactions in which friction could be looked for."""
    baseline: str | None = None
    """File of accepted findings; only new ones fail."""
    suppressions: str | None = None
    """File of findings that are silenced, each with its reason."""
    allow_problems: bool = False
    """Unreadable input does not change the exit code."""


class Settings(_Table):
    """Everything the user can decide; see `load_settings`."""

    packs: tuple[str, ...] = ()
    """Folders with rule packs of your own, beside the rules that come with frictionlens."""
    model: str = "none"
    """spaCy pipeline whose attributes rules with `tokens:` may use; none is plain English."""
    language: str = "en"
    """Language of the rules; interactions that state another one are not evaluated."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Time zone of the weeks in reports, and of times that an export gives without one."""
    format: str | None = None
    """Format of all input, instead of recognising it; see `frictionlens formats`."""
    agent_domains: tuple[str, ...] = ()
    """E-mail domains whose senders are agents."""
    redact: Literal["on", "off", "hash"] = "on"
    """Personal data in quotes: on (replaced by its kind), hash (by a stable token), off."""
    agents: Literal["hash", "drop", "keep"] = "hash"
    """Agent identity in results: reports charge processes, not people."""
    excerpt: bool = True
    """Keep the turns around findings, redacted, so that reports can show them."""
    jobs: Annotated[int, Field(ge=0)] = 0
    """Worker processes; 0 decides by the size of the input."""
    min_confidence: Confidence = "low"
    """Leave out findings of rules that are less sure than this."""
    roles: dict[str, Role] = {}
    """Speaker label in the export = customer, agent, bot, system or unknown."""
    columns: dict[str, str] = {}
    """Our field = column in the table."""
    rules: Selection = Selection()
    """Which rules take part."""
    categories: Selection = Selection()
    """Which categories take part."""
    score: ScoreSettings = ScoreSettings()
    """The friction score."""
    check: Policy = Policy()
    """What fails a build."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """Return the configuration file that was read, if any."""
        return self._file

    def origin(self, key: str) -> str:
        """Tell where the value of a dotted key (`check.max_score`) came from."""
        return self._origins.get(key, DEFAULT)


class Setting(NamedTuple):
    """One effective setting, for people."""

    key: str
    value: Any
    origin: str


def settings_list(settings: Settings) -> Iterator[Setting]:
    """Yield every setting with its value and its origin, in the order of the documentation; tables entry by entry."""
    yield from _walk(settings, "", settings)


def _walk(table: BaseModel, prefix: str, settings: Settings) -> Iterator[Setting]:
    for name in type(table).model_fields:
        key, value = f"{prefix}{name}", getattr(table, name)
        if isinstance(value, BaseModel):
            yield from _walk(value, f"{key}.", settings)
        elif isinstance(value, dict) and value:
            for entry, inner in value.items():
                yield Setting(f"{key}.{entry}", inner, settings.origin(f"{key}.{entry}"))
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield Setting(key, [each.model_dump(exclude_defaults=True) for each in value], settings.origin(key))
        else:
            yield Setting(key, list(value) if isinstance(value, tuple) else value, settings.origin(key))


def load_settings(
    start: Path | None = None,
    config: str | Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Load the settings that hold in a folder.

    Args:
        start: folder from which the file is looked for upward; the working directory when None.
        config: the file to read instead (`--config`, or `FRICTIONLENS_CONFIG`).
        flags: dotted key → value, as given on the command line; None values and empty lists are left out.
        environ: the environment; `os.environ` when None.

    Raises:
        UserError: unknown keys, values of the wrong kind, unreadable files; each with its place.
    """
    environ = os.environ if environ is None else environ
    start = (start or Path.cwd()).resolve()
    named = config or environ.get(f"{PREFIX}CONFIG")
    path = Path(named) if named else find_config(start)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if path is not None:
        table, places = _read_file(path)
        _anchor(table, path.resolve().parent, start)
        _merge(merged, origins, table, places)
    _merge(merged, origins, *_from_environ(environ))
    _merge(merged, origins, *_from_flags(flags or {}))
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise _explain(error, origins, path) from None
    settings._origins.update(origins)  # private: stays out of dumps and schemas
    settings._file = path
    return settings


def find_config(start: Path) -> Path | None:
    """Find the nearest configuration file upward; `frictionlens.toml` wins over a `pyproject.toml` beside it."""
    for folder in (start, *start.parents):
        if (own := folder / FILE_NAME).is_file():
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and re.search(r"^\s*\[+\s*tool\.frictionlens\b", _text_of(project), re.M):
            return project
    return None


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UserError(f"the configuration cannot be read: {reason}", str(path)) from error


_UNREADABLE = "a number without end, or nested too deeply"


def _read_file(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    text = _text_of(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        where = f"{_shown(path)}:{at[1]}" if at else _shown(path)
        raise UserError(f"not valid TOML: {error}", where) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"not valid TOML: {_UNREADABLE}", _shown(path)) from error
    prefix = ""
    if path.name == "pyproject.toml":
        prefix = "tool.frictionlens."
        table = table.get("tool", {}).get("frictionlens", {})
    lines = _line_numbers(text)
    places = {}
    try:
        keys = list(_keys(table))
    except RecursionError as error:
        raise UserError(f"not valid TOML: {_UNREADABLE}", _shown(path)) from error
    for key in keys:
        # A table written inline, or an array of tables, has the line of the nearest key above it.
        parts = (prefix + key).split(".")
        line = next((lines[name] for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in lines), None)
        places[key] = f"{_shown(path)}:{line}" if line else _shown(path)
    return table, places


def _shown(path: Path) -> str:
    relative = Path(os.path.relpath(path))
    return str(path if relative.parts[:2] == ("..", "..") else relative)


def _line_numbers(text: str) -> dict[str, int]:
    """Map dotted keys to their line; good for messages, so a key inside a multi-line string does no harm."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = header[1].replace('"', "").replace("'", "").replace(" ", "") + "."
            found.setdefault(table[:-1], number)
        elif entry := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            found.setdefault(table + re.sub(r"""["'\s]""", "", entry[1]), number)
    return found


def _keys(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all leaves; an empty table is a leaf, an array of tables is one beside its own."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _keys(value, f"{prefix}{name}.")
            continue
        yield f"{prefix}{name}"
        if isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping):
                    yield from _keys(each, f"{prefix}{name}.")


_PATHS: Final = ("packs", "check.paths", "check.macros", "check.audit", "check.baseline", "check.suppressions")


def _anchor(table: dict[str, Any], folder: Path, start: Path) -> None:
    """Make paths that a file names relative to that file, not to the folder in which the command runs."""
    if folder == start:
        return
    for key in _PATHS:
        *parents, name = key.split(".")
        at: Any = table
        for parent in parents:
            at = at.get(parent) if isinstance(at, dict) else None
        if not isinstance(at, dict) or name not in at:
            continue
        value = at[name]
        if isinstance(value, str):
            at[name] = _anchored(value, folder)
        elif isinstance(value, list):
            at[name] = [_anchored(each, folder) if isinstance(each, str) else each for each in value]


def _anchored(name: str, folder: Path) -> str:
    return name if name == "-" else _shown(folder / name)


def _merge(into: dict[str, Any], origins: dict[str, str], table: Mapping[str, Any], places: Mapping[str, str]) -> None:
    def put(target: dict[str, Any], source: Mapping[str, Any]) -> None:
        for name, value in source.items():
            if isinstance(value, Mapping):
                inner = target.setdefault(name, {})
                if isinstance(inner, dict):
                    put(inner, value)
                    continue
            target[name] = value

    put(into, table)
    origins.update(places)


def _fields(path: tuple[str, ...]) -> Mapping[str, FieldInfo] | None:
    """Return the fields of the table at a path, or None where the keys are the user's own."""
    table: type[BaseModel] = Settings
    for name in path:
        info = table.model_fields.get(name)
        inner = _model_in(info.annotation) if info else None
        if inner is None:
            return None
        table = inner
    return table.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        if found := _model_in(inner):
            return found
    return None


def _kind_of(annotation: Any) -> type:
    """Return tuple, dict or str: how text from the environment is to be split."""
    origin = typing.get_origin(annotation)
    if origin in (tuple, dict):
        return typing.cast(type, origin)
    if origin in (types.UnionType, typing.Union):
        return _kind_of(typing.get_args(annotation)[0])
    return str


def _from_environ(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read `FRICTIONLENS_JOBS`, `FRICTIONLENS_CHECK__MAX_SCORE` …; lists `a,b`, tables `a=b,c=d`."""
    known: dict[str, tuple[str, FieldInfo]] = {}
    for name, info in Settings.model_fields.items():
        inner = _fields((name,))
        if inner is None or _kind_of(info.annotation) is dict:
            known[f"{PREFIX}{name.upper()}"] = (name, info)
        else:
            for each, field in inner.items():
                known[f"{PREFIX}{name.upper()}__{each.upper()}"] = (f"{name}.{each}", field)
    table: dict[str, Any] = {}
    places: dict[str, str] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == f"{PREFIX}CONFIG":
            continue
        if variable not in known:
            # Only a near miss is a typo: other programs may own other names with this prefix.
            if hint := nearest(variable.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known]):
                raise UserError(f"no setting is named like this variable{hint}", variable)
            continue
        key, info = known[variable]
        kind, text = _kind_of(info.annotation), environ[variable].strip()
        value: Any = text
        if kind is not str and _model_in(info.annotation):
            raise UserError(f"{key} is a list of tables and cannot be set by a variable", variable, "use the file")
        if kind is tuple:
            value = [each.strip() for each in text.split(",") if each.strip()]
        elif kind is dict:
            pairs = [each.partition("=") for each in text.split(",") if each.strip()]
            if any(not equals for _, equals, _ in pairs):
                raise UserError("a table is written name=value,name=value", variable)
            value = {name.strip(): inner.strip() for name, _, inner in pairs}
        _put(table, key, value)
        places |= dict.fromkeys(_keys({key: value}), f"environment {variable}")
    return table, places


def _from_flags(flags: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    table: dict[str, Any] = {}
    places: dict[str, str] = {}
    for key, value in flags.items():
        if value is None or value in ([], (), {}):
            continue
        _put(table, key, list(value) if isinstance(value, tuple) else value)
        origin = FLAGS.get(key, "--" + key.removeprefix("check.").replace("_", "-").replace(".", "-"))
        places |= dict.fromkeys(_keys({key: value}), origin)
    return table, places


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    *parents, name = key.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
    table[name] = value


def _explain(error: ValidationError, origins: Mapping[str, str], path: Path | None) -> UserError:
    """Turn the first validation error into a message with its place and what is allowed."""
    first = error.errors(include_url=False)[0]
    # Union members and tagged branches add parts to the location that are no keys.
    loc = [str(part) for part in first["loc"] if not isinstance(part, str) or re.fullmatch(r"[^\s(\[]+", part)]
    keys = [part for part in loc if not part.isdigit()]
    while len(keys) > 1 and not any(f"{each}.".startswith(f"{'.'.join(keys)}.") for each in origins):
        keys.pop()
    key = ".".join(keys)
    dotted = ".".join(loc)
    where = origins.get(key) or next((origins[each] for each in origins if each.startswith(key)), str(path or ""))
    given = first.get("input")
    kind = first["type"]
    if kind == "extra_forbidden":
        *table, name = [part for part in loc if not part.isdigit()]
        allowed = _fields(tuple(table)) or {}
        home = f" in [{'.'.join(table)}]" if table else ""
        message = f"there is no setting {name!r}{home}{nearest(name, allowed)}"
        return UserError(message, where, f"known: {', '.join(allowed)}")
    if kind == "literal_error":
        allowed_words = re.findall(r"'([^']*)'", first["msg"])
        guess = nearest(str(given), allowed_words)
        return UserError(f"{dotted} {given!r} is not one of {', '.join(allowed_words)}{guess}", where)
    if kind == "missing":
        return UserError(f"{dotted} is missing", where)
    message = first["msg"].removeprefix("Value error, ")
    if kind != "value_error":
        shown = "a table" if isinstance(given, Mapping) else json.dumps(given, default=str)
        message = f"{dotted} is {shown}: {message[0].lower()}{message[1:]}"
    else:
        message = f"{dotted}: {message}"
    return UserError(message, where)


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of `frictionlens.toml`, for editors."""
    schema = Settings.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = FILE_NAME
    return schema


_EXAMPLES: Final[Mapping[str, str]] = {
    "packs": '["rules/ours"]',
    "model": '"en_core_web_sm"',
    "format": '"zendesk"',
    "agent_domains": '["example.com"]',
    "roles": '{ spk_0 = "agent", spk_1 = "customer" }',
    "columns": '{ text = "body", role = "sender" }',
    "score.weights": "{ stall = 1.5 }",
    "check.paths": '["qa/"]',
    "check.macros": '["macros/"]',
    "check.fail_on": '"medium"',
    "check.max_score": "60",
    "check.max_mean": "20",
    "check.max_share_over": "0.05",
    "check.forbidden": '["blame_customer"]',
    "check.budgets": '{ excuse = 3, stall = "5%" }',
    "check.required": '{ refusal = ["options", "commitment", "exception"] }',
    "check.slices": '[{ by = "queue", max_mean = 30 }]',
    "check.min_precision": "0.8",
    "check.audit": '"friction-audit.jsonl"',
    "check.min_coverage": "0.95",
    "check.baseline": '"friction-baseline.json"',
    "check.suppressions": '"friction-suppressions.toml"',
}
"""What `init` shows for settings whose default says little."""


def render_default() -> str:
    """Write a `frictionlens.toml` in which every setting stands, commented out, with its meaning."""
    lines = [
        "# Settings of frictionlens. Everything is optional; what is commented out shows its default or an example.",
        "# `frictionlens config` prints what holds, and where it comes from.",
        "",
    ]
    _render_table(Settings, "", lines)
    return "\n".join(lines).rstrip() + "\n"


def _render_table(table: type[BaseModel], prefix: str, lines: list[str]) -> None:
    nested: list[tuple[str, type[BaseModel], str]] = []
    for name, info in table.model_fields.items():
        key = f"{prefix}{name}"
        model = info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            nested.append((key, model, info.description or ""))
            continue
        lines.append(f"# {info.description}")
        lines.append(f"# {name} = {_EXAMPLES.get(key) or _toml(info.default)}")
    for key, model, description in nested:
        lines += ["", f"# {description}", f"[{key}]"]
        _render_table(model, f"{key}.", lines)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)
