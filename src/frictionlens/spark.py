"""Scan on Spark: a data frame of transcripts in, a data frame of result lines out (docs/scaling.md).

from frictionlens.spark import scan

scan(spark.read.text("s3a://exports/2026/*.jsonl")).write.parquet("s3a://results/2026")
"""

from frictionlens.runners.spark import SCHEMA, scan, scan_batches

__all__ = ["SCHEMA", "scan", "scan_batches"]
