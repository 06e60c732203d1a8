"""Own scanning on Spark: a data frame of transcripts in, a data frame of result lines out.

The work is that of every other runner, batch by batch inside `mapInPandas`. `scan_batches` knows nothing of Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from frictionlens.errors import Problem
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Options, Scanner

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = (
    "interaction_id string, source string, score double, recovery_steps int, process_share double, result string, "
    "problem string"
)
"""Columns of what `scan` returns; `result` is the result line, which `report` reads; `problem` is set instead of it."""


def scan(df: Any, options: Options | None = None) -> Any:
    """Score every interaction of a Spark data frame.

    Args:
        df: one interaction a row: either a column `value` with native transcript lines (`spark.read.text`), or columns
            named as the fields of the transcript line (`id`, `turns` …).
        options: what shapes results; every Python worker builds one scanner from it.

    Returns:
        A data frame with the columns of `SCHEMA`, one row an interaction, in no order. Interactions that come twice
        are scored twice: use `dropDuplicates` before, where that matters.
    """
    from pyspark.sql.functions import col, struct, to_json

    lines = df.select("value") if df.columns == ["value"] else df.select(to_json(struct(*map(col, df.columns))))
    shape = options or Options()
    return lines.toDF("value").mapInPandas(lambda frames: scan_batches(frames, shape), SCHEMA)


def scan_batches(frames: Iterable[pd.DataFrame], options: Options) -> Iterator[pd.DataFrame]:
    """Yield for every pandas frame with a column `value` of transcript lines its frame of results, row by row."""
    import pandas as pd

    scanner = _scanner(msgspec.json.encode(msgspec.to_builtins(options, enc_hook=str)), _Held(options))
    decode, encode = msgspec.json.Decoder(Interaction).decode, msgspec.json.Encoder().encode
    for frame in frames:
        rows: list[tuple[Any, ...]] = []
        for line in frame["value"]:
            outcome: Scored | Problem
            try:
                outcome = scanner.score_safely(decode(line))
            except (msgspec.DecodeError, RecursionError) as error:
                outcome = Problem("spark", "", f"no transcript line: {type(error).__name__}")
            if isinstance(outcome, Scored):
                numbers = (outcome.score, outcome.recovery_steps, outcome.process_share)
                rows.append((outcome.interaction_id, outcome.source, *numbers, encode(outcome).decode(), None))
            else:
                rows.append((outcome.record, outcome.source, None, None, None, None, outcome.reason))
        yield pd.DataFrame(rows, columns=[each.split()[0] for each in SCHEMA.split(", ")])


class _Held:
    """Options beside their key: they hold mappings, which cannot be hashed."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)


@lru_cache(maxsize=2)
def _scanner(_key: bytes, held: _Held) -> Scanner:
    """Build the scanner of a Python worker once: Spark uses a worker for many partitions."""
    return Scanner(held.options)
