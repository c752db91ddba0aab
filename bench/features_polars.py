"""The summaries of `bench/features.py` by Polars, bucket by bucket. Run by that, with the interpreter that has Polars.

python bench/features_polars.py ROOT BUCKETS INDEX GROUPS.json
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date, datetime
from pathlib import Path

import polars as pl


def summaries(root: Path, buckets: int, index: date, groups: pl.LazyFrame) -> int:
    """Number of person-groups that have a summary."""
    at, count = datetime(index.year, index.month, index.day), 0
    for bucket in range(buckets):
        events = pl.scan_parquet(sorted((root / "event" / f"bucket={bucket}").glob("*.parquet")))
        known = events.filter(
            (pl.col("time") < at)
            & (pl.col("recorded_at") < at)
            & (pl.col("superseded_at").is_null() | (pl.col("superseded_at") >= at))
        )
        days = (pl.lit(index) - pl.col("time").dt.date()).dt.total_days().alias("days")
        value = pl.col("numeric_value")
        found = (
            known.join(groups, on="code")
            .select("person_id", "events", days, "numeric_value", "recorded_at")
            .group_by("person_id", "events")
            .agg(
                pl.col("days").min().alias("newest"),
                value.filter(value.is_not_null()).last().alias("latest"),  # rows lie by person and time
                pl.col("recorded_at").max(),
                *((pl.col("days") <= window).sum().alias(f"n{window}") for window in (28, 90, 365)),
            )
            .collect()
        )
        count += found.height
    return count


if __name__ == "__main__":
    began, cpu = time.perf_counter(), time.process_time()
    table = pl.DataFrame(json.loads(Path(sys.argv[4]).read_text())).lazy()
    made = summaries(Path(sys.argv[1]), int(sys.argv[2]), date.fromisoformat(sys.argv[3]), table)
    passed = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu, "count": made}
    print(json.dumps(passed | {"gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
