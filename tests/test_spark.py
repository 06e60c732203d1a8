"""Spark gives the results of the serial path: of files, and of data frames."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from frictionlens.model import Interaction, Turn
from frictionlens.pipeline import Options, Scanner
from frictionlens.readers import ReadOptions, find_sources
from frictionlens.runners import serial

SAMPLES = Path(__file__).parents[1] / "samples"
INTERACTIONS = [
    Interaction(
        id=f"i{n}", turns=(Turn("customer", "Refund me."), Turn("agent", "We cannot do that, it is our policy."))
    )
    for n in range(7)
]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="needs pyspark: pip install frictionlens[spark]")
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "src")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    found = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    yield found
    found.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.spark
def test_a_frame_of_lines_or_columns_gives_what_serial_gives(session: Any, tmp_path: Path) -> None:
    from frictionlens.spark import scan

    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"\n".join([*map(msgspec.json.encode, INTERACTIONS), b"{broken"]))
    rows = scan(session.read.text(str(path))).collect()
    nested = session.createDataFrame(
        [("i0", [("customer", "Refund me."), ("agent", "We cannot do that, it is our policy.")])],
        "id string, turns array<struct<role: string, text: string>>",
    )
    from_columns = scan(nested).collect()

    scanner = Scanner()
    expected = {each.id: msgspec.json.encode(scanner.score(each)).decode() for each in INTERACTIONS}
    assert {row.interaction_id: row.result for row in rows if row.result} == expected
    assert len([row for row in rows if row.problem]) == 1
    assert [row.result for row in from_columns] == [expected["i0"]]


@pytest.mark.spark
def test_sources_give_what_serial_gives_in_its_order(session: Any, tmp_path: Path) -> None:
    from frictionlens.runners import spark

    for name in ("a", "b"):
        lines = [msgspec.json.encode(msgspec.structs.replace(each, id=f"{each.id}{name}")) for each in INTERACTIONS]
        # One line is broken, one interaction comes twice; the file is long enough to be cut.
        (tmp_path / f"{name}.jsonl").write_bytes(
            b"\n".join([*lines[:3], b"{broken", *lines, b" " * 600_000, lines[-1]])
        )
    sources = list(find_sources([str(tmp_path), str(SAMPLES / "zendesk"), str(SAMPLES / "csv")]))
    expected = list(serial.run(sources, ReadOptions(), Scanner()))

    assert list(spark.run(sources, ReadOptions(), Options(), 2)) == expected
    assert len(expected) > 20


def test_without_pyspark_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from frictionlens.cli import app

    (tmp_path / "a.jsonl").write_bytes(msgspec.json.encode(INTERACTIONS[0]))
    for name in ("pyspark", "pyspark.sql", "pyspark.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    done = CliRunner().invoke(app, ["scan", str(tmp_path / "a.jsonl"), "--runner", "spark"])

    assert done.exit_code != 0
    told = f"{done.output}{done.exception}"
    assert "frictionlens[spark]" in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--runner", "sprak"], "did you mean 'spark'"),
        (["--runner", "serial", "--jobs", "2"], "one process"),
        (["--runner", "spark", "--store", "h.duckdb"], "one process"),
    ],
)
def test_a_runner_that_cannot_be_is_said(options: list[str], told: str, tmp_path: Path) -> None:
    from frictionlens.cli import app

    done = CliRunner().invoke(app, ["scan", str(tmp_path), *options])

    assert done.exit_code != 0
    assert told in f"{done.output}{done.exception}"


def test_a_pandas_frame_at_a_time_gives_what_serial_gives() -> None:
    import pandas as pd

    from frictionlens.spark import scan_batches

    frame = pd.DataFrame({"value": [msgspec.json.encode(each).decode() for each in INTERACTIONS]})
    [found] = scan_batches(iter([frame]), Options())

    scanner = Scanner()
    assert list(found["result"]) == [msgspec.json.encode(scanner.score(each)).decode() for each in INTERACTIONS]


def test_dask_gives_what_serial_gives() -> None:
    import pandas as pd

    dask = pytest.importorskip("dask.dataframe", reason="needs dask: pip install 'dask[dataframe]'")
    from frictionlens.spark import scan_batches

    frame = pd.DataFrame({"value": [msgspec.json.encode(each).decode() for each in INTERACTIONS]})
    parts = dask.from_pandas(frame, npartitions=3)

    def scan_part(part: pd.DataFrame) -> pd.DataFrame:
        return next(scan_batches(iter([part]), Options()))

    found = parts.map_partitions(scan_part, meta=scan_part(frame.head(0))).compute(scheduler="threads")
    scanner = Scanner()
    assert list(found["result"]) == [msgspec.json.encode(scanner.score(each)).decode() for each in INTERACTIONS]
