"""Spread work over Spark: whole sources as `scan --runner spark` reads them, and data frames of transcript lines.

The work is that of every other runner, batch by batch inside `mapInPandas`. `scan_batches` knows nothing of Spark: Dask
and Ray run it as it is (docs/scaling.md).
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from frictionlens.errors import Problem, UserError
from frictionlens.model import Interaction, Scored
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, Source
from frictionlens.runners.parts import Marked, Part, cut, score_part, without_duplicates
from frictionlens.runners.serial import Outcome

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = (
    "interaction_id string, source string, score double, recovery_steps int, process_share double, result string, "
    "problem string"
)
"""Columns of what `scan` returns; `result` is the result line, which `report` reads; `problem` is set instead of it."""


_CHUNK: Final = 256
"""Outcomes a row carries from Spark to the driver."""
_MISSING_HINT: Final = "pip install 'frictionlens[spark]'; it needs Java 17 or later"


def run(
    sources: Iterable[Source | Problem], reading: ReadOptions, options: Options, jobs: int = 0
) -> Iterator[Outcome]:
    """Yield a result or a problem for every record of every source, in the order of the serial runner.

    The parts are those of the other runners; Spark decides who does which. Every worker must see the files under the
    same paths. Under `spark-submit` its session is used, otherwise one on this machine is started.

    Args:
        sources: what to read.
        reading: how to read it.
        options: what shapes results.
        jobs: Python workers of a session on this machine; 0 is one a core.

    Raises:
        UserError: pyspark or Java is missing, or Spark gave up.
    """
    parts = list(cut(sources, reading, jobs or os.cpu_count() or 1))
    session, ours = _session(jobs)
    try:
        yield from without_duplicates(_spread(session, parts, options))
    finally:
        if ours:
            session.stop()


def _session(jobs: int) -> tuple[Any, bool]:
    """Return a session, and whether it is ours to stop."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise UserError("pyspark is not installed", "--runner spark", _MISSING_HINT) from None
    if active := SparkSession.getActiveSession():
        return active, False
    builder = SparkSession.builder.appName("frictionlens")
    # Under spark-submit the master is given; its own gateway tells.
    if "PYSPARK_GATEWAY_PORT" not in os.environ and "SPARK_REMOTE" not in os.environ:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = builder.master(f"local[{jobs or '*'}]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
    try:
        return builder.getOrCreate(), True
    except (PySparkException, OSError) as error:
        raise UserError(
            f"Spark could not be started: {type(error).__name__}", "--runner spark", _MISSING_HINT
        ) from None


def _spread(session: Any, parts: Sequence[Part | Problem], options: Options) -> Iterator[Marked]:
    """Yield the outcomes of all parts, in order."""
    from pyspark.errors import PySparkException

    works: list[tuple[int, bytes]] = []
    here: dict[int, Part | Problem] = {}
    for number, part in enumerate(parts):
        try:
            if isinstance(part, Problem):
                here[number] = part
            else:
                works.append((number, pickle.dumps(part)))
        except (pickle.PicklingError, TypeError, AttributeError):
            # Standard input and the like can be read in this process only.
            here[number] = part
    done: Iterator[tuple[int, bytes]] = iter(())
    kept: Any = None
    try:
        if works:
            shape = pickle.dumps(options)
            # One partition a part, in the order of the parts; rows and partitions keep it.
            frame = session.createDataFrame(works, "part int, work binary")
            frame = frame.repartitionByRange(len(works), "part").sortWithinPartitions("part")
            columns = "part int, outcomes binary"
            # Kept on the disks of the workers until it is fetched: the driver holds one partition at a time.
            kept = frame.mapInPandas(lambda frames: _score_parts(frames, shape), columns).persist()
            kept.count()
            done = ((row.part, row.outcomes) for row in kept.toLocalIterator())
        scanner: Scanner | None = None
        following = next(done, None)
        for number in range(len(parts)):
            mine = here.get(number)
            if isinstance(mine, Problem):
                yield mine, None
            elif mine is not None:
                scanner = scanner or Scanner(options)
                yield from score_part(mine, scanner)
            while following is not None and following[0] == number:
                yield from pickle.loads(following[1])  # noqa: S301  from our own workers
                following = next(done, None)
        assert following is None, "Spark gave parts back in another order"
    except PySparkException as error:
        hint = "its log above says why; files must have the same path on every worker"
        raise UserError(f"Spark gave up: {type(error).__name__}", "--runner spark", hint) from None
    finally:
        if kept is not None:
            kept.unpersist()


def _score_parts(frames: Iterable[pd.DataFrame], shape: bytes) -> Iterator[pd.DataFrame]:
    """Yield the outcomes of parts in chunks; runs in a Python worker of Spark."""
    import pandas as pd

    scanner = _scanner(shape)
    for frame in frames:
        for number, work in zip(frame["part"], frame["work"], strict=True):
            part: Part = pickle.loads(bytes(work))  # noqa: S301
            outcomes = score_part(part, scanner)
            while some := list(islice(outcomes, _CHUNK)):
                yield pd.DataFrame([(number, pickle.dumps(some))], columns=["part", "outcomes"])


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

    scanner = _scanner(pickle.dumps(options))
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


@lru_cache(maxsize=2)
def _scanner(shape: bytes) -> Scanner:
    """Build the scanner of pickled options once: Spark uses a Python worker for many partitions."""
    options: Options = pickle.loads(shape)  # noqa: S301  from our own driver
    return Scanner(options)
