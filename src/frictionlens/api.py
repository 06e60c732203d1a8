"""Own the library's front door: scan files, scan a data frame, load rules. The command line goes the same way."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frictionlens.errors import Problem, Skipped, counted
from frictionlens.model import Interaction, Role, Scored

if TYPE_CHECKING:
    import pandas as pd

    from frictionlens.pipeline import Options, Scanner
    from frictionlens.rules import Pack

OnProblem = Callable[[Problem | Skipped], None]


def scan(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    format: str | None = None,  # noqa: A002  the word that users know from `--from`
    columns: Mapping[str, str] | None = None,
    roles: Mapping[str, Role] | None = None,
    agent_domains: Sequence[str] = (),
    options: Options | None = None,
    on_problem: OnProblem | None = None,
) -> Iterator[Scored]:
    """Read transcripts and score every interaction, one by one, in the order of the files.

    Args:
        paths: files, folders, globs or archives.
        format: name of a format, instead of recognising it.
        columns: our field → column of a table (`{"text": "body"}`).
        roles: speaker label in the export → role (`{"spk_0": "agent"}`).
        agent_domains: e-mail domains whose senders are agents.
        options: packs, redaction, weights; see `frictionlens.pipeline.Options`.
        on_problem: called with every problem and everything left out on purpose; without it each is a warning,
            because nothing may be dropped silently.

    Raises:
        UserError: a path that does not exist, an unknown format, a broken rule.
    """
    from frictionlens.pipeline import Scanner
    from frictionlens.readers import ReadOptions, find_sources
    from frictionlens.runners import serial

    names = [str(paths)] if isinstance(paths, str | PathLike) else [str(each) for each in paths]
    reading = ReadOptions(
        format=format,
        columns=dict(columns or {}),
        roles={label.casefold(): role for label, role in (roles or {}).items()},
        agent_domains=tuple(agent_domains),
    )
    for outcome in serial.run(find_sources(names), reading, Scanner(options)):
        if isinstance(outcome, Scored):
            yield outcome
        else:
            _tell(outcome, on_problem)


def scan_frame(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    roles: Mapping[str, Role] | None = None,
    table: str = "findings",
    options: Options | None = None,
    scanner: Scanner | None = None,
    on_problem: OnProblem | None = None,
) -> pd.DataFrame:
    """Score the conversations in a data frame with one row per utterance, or one row per conversation.

    Args:
        frame: columns are recognised by their names, as in a CSV file.
        columns: our field → column, where the names say nothing.
        roles: speaker label → role.
        table: `findings` (one row each) or `interactions`.
        options: packs, redaction, weights.
        scanner: a scanner built before, when many frames are scanned; it wins over `options`.
        on_problem: called with every problem; without it each is a warning.

    Returns:
        The flat table of that name: the same columns as the csv and parquet outputs. Interactions in which friction
        could not be looked for are a warning too: that nothing was found in them says nothing.

    Raises:
        UserError: no column holds the text, or `table` is neither of the two.
    """
    import pandas as pd

    from frictionlens.errors import UserError
    from frictionlens.pipeline import Scanner
    from frictionlens.reporters._tables import FINDINGS, INTERACTIONS, finding_rows, interaction_row

    if table not in ("findings", "interactions"):
        raise UserError(f"no table {table!r}", "table", "allowed: findings, interactions")
    scanner = scanner or Scanner(options)
    rows: list[dict[str, Any]] = []
    reasons: Counter[str] = Counter()
    for record in _read_frame(frame, columns or {}, roles or {}):
        if not isinstance(record, Interaction):
            _tell(record, on_problem)
            continue
        scored = scanner.score(record)
        reasons.update(each.reason for each in scored.not_evaluated if each.what in ("all", "friction"))
        rows.extend([interaction_row(scored)] if table == "interactions" else finding_rows(scored))
    if reasons:
        # No finding is no statement about what was not looked at.
        why = "; ".join(f"{count:,} × {reason}" for reason, count in sorted(reasons.items()))
        warnings.warn(f"friction was not looked for in {counted(reasons.total(), 'interaction')}: {why}", stacklevel=2)
    return pd.DataFrame(rows, columns=list(INTERACTIONS if table == "interactions" else FINDINGS))


def load_rules(*packs: str | PathLike[str]) -> Pack:
    """Load the shipped rules, and packs of your own that add to them.

    Raises:
        RuleError: with `path:line`, what is wrong and what is allowed.
    """
    from frictionlens.rules import load_pack

    return load_pack([Path(each) for each in packs])


def _read_frame(
    frame: pd.DataFrame, columns: Mapping[str, str], roles: Mapping[str, Role]
) -> Iterator[Interaction | Problem | Skipped]:
    import io

    import pandas as pd

    from frictionlens.readers import ReadOptions, Source
    from frictionlens.readers._table import Table, read_table

    header = [str(name) for name in frame.columns]

    def rows() -> Iterator[tuple[int, Sequence[Any]]]:
        for number, row in enumerate(frame.itertuples(index=False, name=None), 1):
            yield number, [None if missing else value for value, missing in zip(row, pd.isna(list(row)), strict=True)]

    options = ReadOptions(columns=dict(columns), roles={label.casefold(): role for label, role in roles.items()})
    yield from read_table(Source("data frame", io.BytesIO), Table(header, rows, spreadsheet=False), options)


def _tell(problem: Problem | Skipped, on_problem: OnProblem | None) -> None:
    if on_problem is not None:
        on_problem(problem)
    else:
        where = f"{problem.source}: {problem.record}" if problem.record else problem.source
        warnings.warn(f"{where}: {problem.reason}", stacklevel=3)
