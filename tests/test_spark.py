"""Spark gives the result lines of the serial path."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from frictionlens.model import Interaction, Turn
from frictionlens.pipeline import Scanner

INTERACTIONS = [
    Interaction(
        id=f"i{n}", turns=(Turn("customer", "Refund me."), Turn("agent", "We cannot do that, it is our policy."))
    )
    for n in range(7)
]


@pytest.mark.spark
def test_spark_gives_what_serial_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="needs pyspark: pip install frictionlens[spark]")
    from frictionlens.spark import scan

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "src"))
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"\n".join([*map(msgspec.json.encode, INTERACTIONS), b"{broken"]))
    session = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        rows = scan(session.read.text(str(path))).collect()
        nested = session.createDataFrame(
            [("i0", [("customer", "Refund me."), ("agent", "We cannot do that, it is our policy.")])],
            "id string, turns array<struct<role: string, text: string>>",
        )
        from_columns = scan(nested).collect()
    finally:
        session.stop()

    scanner = Scanner()
    expected = {each.id: msgspec.json.encode(scanner.score(each)).decode() for each in INTERACTIONS}
    assert {row.interaction_id: row.result for row in rows if row.result} == expected
    assert len([row for row in rows if row.problem]) == 1
    assert [row.result for row in from_columns] == [expected["i0"]]
