"""What does Spark cost beside one process, on the same machine and the same city, and do both come to the same tables?

    python bench/engines.py --people 20000

One run of a city by each engine into a home of its own, under one key, `--runs` times in turn; the medians are told,
step by step. Starting the Java machine and its workers is measured apart, in a process that does nothing else, and
taken off. Then every table of the record is compared with `EXCEPT ALL`, both ways: the exit status is 1 where a row
differs. On the invented city.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from washhouse.core.home import Home
from washhouse.lake.engine import connect
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import TABLES

CLI = (sys.executable, "-m", "washhouse.cli.main")
MOMENTS = {"batch": ["landed_at"]}
"""Columns that tell when something was done here; two runs never agree on them."""

START = """
import operator, sys, time
from pathlib import Path
from washhouse.lake.engine import Resources
from washhouse.lake.spark import SparkEngine
began = time.perf_counter()
engine = SparkEngine(sys.argv[1], Resources(), Path(sys.argv[2]))
list(engine.map(operator.is_, range(4)))
print(time.perf_counter() - began)
engine.close()
"""


def call(*arguments: object) -> str:
    """Run a command of the product; its output."""
    command = [*CLI, *(str(one) for one in arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"washhouse {arguments[0]} ended with {done.returncode}")
    return done.stdout


def start_seconds(master: str, folder: Path) -> float:
    """Seconds until Spark's Java machine and its workers have done four tasks of nothing."""
    return float(subprocess.check_output([sys.executable, "-c", START, master, str(folder)], text=True))


def differences(first: Home, second: Home) -> dict[str, int]:
    """Rows of each table that only one of two homes holds."""
    found = {}
    versions = [read_current(home) for home in (first, second)]
    with connect() as con:
        for table in TABLES:
            for name, home, version in zip(("one", "two"), (first, second), versions, strict=True):
                assert version is not None
                rows = Lake(home.lake).read(table, version.tables[table.name])
                con.register(name, rows.drop(MOMENTS.get(table.name, [])))
            ((count,),) = con.execute(
                "SELECT count(*) FROM ((FROM one EXCEPT ALL FROM two) UNION ALL (FROM two EXCEPT ALL FROM one))"
            ).fetchall()
            found[table.name] = count
    return found


def main() -> None:
    """Measure both engines, turn by turn, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--buckets", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--master", default="local[2]")
    asked = parser.parse_args()
    told: dict[str, list[dict[str, Any]]] = {"direct": [], "spark": []}
    differing: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        key = work / "key"
        key.write_text("18" * 32)
        call("city", "--people", asked.people, "--years", asked.years, "--seed", asked.seed, "--out", work / "city")
        start = statistics.median(start_seconds(asked.master, work / "start") for _ in range(asked.runs))
        for turn in range(asked.runs):
            homes = []
            for name, more in (("direct", []), ("spark", ["--engine", asked.master])):
                home = Home(work / f"{name}-{turn}")
                asked_for = ["--home", home.root, "--inbox", work / "city" / "extracts", "--key-file", key, "--json"]
                began = time.perf_counter()
                report = json.loads(call("run", *asked_for, "--buckets", asked.buckets, *more))
                told[name].append({**report["seconds"], "all": time.perf_counter() - began})
                homes.append(home)
            differing = {name: count for name, count in differences(homes[0], homes[1]).items() if count}
            if differing:
                break
    print(f"{asked.people:,} people; Java machine and workers start in {start:.1f} s, taken off below")
    print(f"{'step':10} {'direct':>8} {asked.master:>10} {'times':>6}")
    for step in told["direct"][0]:
        direct, spark = (statistics.median(one[step] for one in told[name]) for name in ("direct", "spark"))
        spark -= start if step == "all" else 0
        print(f"{step:10} {direct:8.1f} {spark:10.1f} {spark / direct:6.2f}" if direct >= 0.05 else f"{step:10} short")
    print(f"tables that differ: {differing or 'none'}")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
