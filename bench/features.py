"""What do 200 windowed features for every resident cost, beside a plain scan of the same files, Polars and meds_reader?

    python bench/features.py                       # 1,400,000 people, 140 million events, 64 buckets
    python bench/features.py --people 200000 --buckets 10 --meds

Events are drawn, not those of a city: what a column holds decides the cost, not what it means. They are written as the
record's own table (Delta, by bucket, sorted by person and time, the columns of `record.event`). Forty groups of codes
give five features each: counts in 28, 90 and 365 days, days since the newest event, and its newest value.

- scan: the four columns that a feature needs (person, time, code, value), read bucket by bucket and summed up.
- long: the summaries of all features, sparse, as `record.kernels` runs the compiled kernel.
- matrix: that, scattered into float32 bucket by bucket.
- Polars: the same summaries, lazily, over the same buckets one after another (`bench/features_polars.py`, by the
  interpreter of `.venv-outside`, from `scripts/install outside`).
- meds_reader, with `--meds`: the same summaries by a loop over its Python objects, a process a core
  (`bench/features_meds.py`). Converting to its form takes four times as long as the loop and is not counted.

Each method is a process of its own; the medians of `--runs` are told, with the peak of its memory.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from washhouse.governance.grants import system_grant
from washhouse.insight.codelists import Codelist
from washhouse.insight.features.compile import build_feature_tables, summaries_kernel
from washhouse.insight.features.matrix import build_matrix
from washhouse.insight.features.windowed import windowed_features
from washhouse.lake.engine import LocalEngine, Resources
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.buckets import bucket_of
from washhouse.record.kernels import run
from washhouse.record.tables import EVENT, PERSON

INDEX = date(2026, 1, 1)
GROUPS, CODES, EVENTS_EACH = 40, 400, 100
CODE_NAMES = [f"SNOMED//{271649006 + 7 * number}" for number in range(CODES)]
FEATURES = windowed_features(
    Codelist(f"group-{g:02}", f"Group {g}", "drawn", codes=tuple(CODE_NAMES[g::GROUPS])) for g in range(GROUPS)
)


def draw_bucket(bucket: int, ids: list[str], seed: int) -> pa.Table:
    """Events of one bucket, in the record's order."""
    rng = np.random.default_rng((seed, bucket))
    each = rng.poisson(EVENTS_EACH, len(ids))
    person = np.repeat(np.arange(len(ids)), each)
    n = len(person)
    second = rng.integers(0, 5 * 365 * 86_400, n)
    code = np.minimum((rng.pareto(1.2, n) * 8).astype(np.int64), CODES - 1)
    order = np.lexsort((code, second, person))
    person, second, code = person[order], second[order], code[order]
    start = np.datetime64("2021-01-02T00:00:00", "us")
    at = start + second.astype("timedelta64[s]")
    value = np.where(rng.random(n) < 0.4, np.round(rng.normal(80, 20, n), 1), np.nan)
    columns: dict[str, Any] = {
        column: pa.nulls(n, arrow_schema(EVENT).field(column).type) for column in EVENT.column_names
    }
    columns |= {
        "bucket": pa.array(np.full(n, bucket, np.int32)),
        "person_id": pa.array(ids).take(pa.array(person)),
        "time": pa.array(at),
        "recorded_at": pa.array(at + rng.integers(0, 3, n).astype("timedelta64[D]")),
        "recorded_assumed": pa.array(np.zeros(n, bool)),
        "code": pa.array(CODE_NAMES).take(pa.array(code)),
        "numeric_value": pa.array(value, from_pandas=True),
        "source": pa.repeat("gp", n),
        "source_file": pa.repeat("2026-01-01/journal.csv", n),
        "source_row": pa.array(rng.permutation(n).astype(np.int64)),
    }
    return pa.table(columns, schema=arrow_schema(EVENT))


def make(root: Path, people: int, buckets: int, seed: int) -> None:
    """Write the table and who the people are."""
    ids: list[list[str]] = [[] for _ in range(buckets)]
    rng = np.random.default_rng(seed)
    for number in rng.bytes(16 * people).hex(" ", 16).split():
        ids[bucket_of(number, buckets)].append(number)

    def batches() -> Iterator[pa.RecordBatch]:
        for bucket, mine in enumerate(ids):
            yield from draw_bucket(bucket, sorted(mine), seed).to_batches()

    Lake(root).write(EVENT, pa.RecordBatchReader.from_batches(arrow_schema(EVENT), batches()))
    persons = [
        {**dict.fromkeys(PERSON.column_names), "bucket": b, "person_id": p, "sources": "gp"}
        for b, mine in enumerate(ids)
        for p in mine
    ]
    Lake(root).write(PERSON, pa.Table.from_pylist(persons, schema=arrow_schema(PERSON)))


def version_of(root: Path, buckets: int) -> Any:
    """As much of a version as a kernel asks for."""
    lake = Lake(root)
    return SimpleNamespace(id="bench", buckets=buckets, tables={name: lake.version(name) for name in lake.names()})


def rows_of(lake: Lake, version: Any, bucket: int) -> pa.Table:
    """The person-indexes of a bucket."""
    people = lake.read(PERSON, version.tables["person"], bucket=bucket)
    n = people.num_rows
    rows = people.select(["person_id", "birth_month", "sex", "deprivation_decile"])
    rows = rows.append_column("row", pa.array(range(n), pa.int32()))
    return rows.append_column("index_date", pa.repeat(pa.scalar(INDEX), n))


def summaries(root: Path, buckets: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Person-indexes and summaries of each bucket."""
    lake, version = Lake(root), version_of(root, buckets)
    kernel, tables = summaries_kernel("bench-features", FEATURES), build_feature_tables(FEATURES)
    grant, engine = system_grant(datetime.now()), LocalEngine(Resources("4GB", 2))
    for bucket in range(buckets):
        rows = rows_of(lake, version, bucket)
        # The kernel is run as a run would, over this bucket alone: each bucket has rows of its own.
        one = SimpleNamespace(**{**vars(version), "buckets": 1})
        shown = OneBucket(lake, bucket)
        (found,) = run(shown, one, grant, kernel, extra={**tables, "row": rows}, engine=engine)  # type: ignore[arg-type]
        yield rows, found


class OneBucket(Lake):
    """A lake whose bucket 0 is another one of the lake behind it."""

    def __init__(self, lake: Lake, bucket: int) -> None:
        super().__init__(lake.root)
        self.bucket = bucket

    def files(self, name: str, version: int, bucket: int | None = None) -> list[str]:
        """Files of the bucket."""
        return super().files(name, version, self.bucket)


def scan(root: Path, buckets: int) -> int:
    """Read the four columns of every bucket."""
    lake, version = Lake(root), version_of(root, buckets)
    total = 0
    for bucket in range(buckets):
        with Resources("4GB", 2).connect() as con:
            lake.create_view(con, EVENT, version.tables["event"], bucket=bucket)
            sums = con.sql(
                "SELECT count(*), max(length(person_id)), max(epoch_us(time)), max(length(code)), sum(numeric_value) "
                "FROM event"
            ).fetchall()
            total += sums[0][0]
    return total


def long(root: Path, buckets: int) -> int:
    """Summaries, sparse."""
    return sum(found.num_rows for _, found in summaries(root, buckets))


def matrix(root: Path, buckets: int) -> int:
    """Summaries, scattered."""
    return sum(int(np.isfinite(build_matrix(FEATURES, *both).values).sum()) for both in summaries(root, buckets))


METHODS: dict[str, Callable[[Path, int], int]] = {"scan": scan, "long": long, "matrix": matrix}


def measure(method: str, root: Path, buckets: int) -> dict[str, Any]:
    """One method in this process."""
    began, cpu = time.perf_counter(), time.process_time()
    count = METHODS[method](root, buckets)
    passed = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    return passed | {"count": count, "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def main() -> None:
    """Measure all methods, turn by turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_400_000)
    parser.add_argument("--buckets", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1842)
    parser.add_argument("--meds", action="store_true", help="measure meds_reader too")
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--root", type=Path)
    asked = parser.parse_args()
    if asked.method:
        print(json.dumps(measure(asked.method, asked.root, asked.buckets)))
        return
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        # In a process of its own: the peak of this one would be told as that of its children.
        drawn = multiprocessing.get_context("spawn").Process(
            target=make, args=(Path(folder), asked.people, asked.buckets, asked.seed)
        )
        drawn.start()
        drawn.join()
        print(f"{asked.people:,} people written in {timedelta(seconds=round(time.perf_counter() - began))}")
        groups = Path(folder) / "groups.json"
        groups.write_text(json.dumps({"code": CODE_NAMES, "events": [n % GROUPS for n in range(CODES)]}))
        ours = [sys.executable, __file__, "--root", folder, "--buckets", str(asked.buckets), "--method"]
        commands = {method: [*ours, method] for method in METHODS}
        here = Path(__file__).parent
        outside = str(here.parent / ".venv-outside" / "bin" / "python")
        theirs = [folder, str(asked.buckets), INDEX.isoformat(), str(groups)]
        commands["polars"] = [outside, str(here / "features_polars.py"), *theirs]
        if asked.meds:
            program = str(here / "features_meds.py")
            subprocess.run([outside, program, "convert", folder], check=True)
            commands["meds"] = [outside, program, folder, INDEX.isoformat(), str(groups)]
        told: dict[str, list[dict[str, Any]]] = {method: [] for method in commands}
        for _ in range(asked.runs):
            for method, command in commands.items():
                out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                told[method].append(json.loads(out))
        plain = statistics.median(one["seconds"] for one in told["scan"])
        for method, runs in told.items():
            middle = {name: statistics.median(one[name] for one in runs) for name in runs[0]}
            print(
                f"{method:8} {middle['seconds']:8.2f} s  {middle['seconds'] / plain:6.2f} x scan  "
                f"{middle['cpu_seconds']:8.2f} s CPU  {middle['gigabytes']:5.2f} GB  {middle['count']:,.0f}"
            )


if __name__ == "__main__":
    main()
