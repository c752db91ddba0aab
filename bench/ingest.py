"""How fast does a batch become typed, checked and sealed rows, beside a bare copy of the same files to Parquet?

    .venv/bin/python bench/ingest.py [--people 20000] [--extracts DIR] [--runs 3]

Ours reads every line, types and checks every column, looks for repeated lines and missing parents, seals the files as
received and the typed rows, and forces them to the disk. DuckDB guesses types and writes plain Parquet. Each run is a
process of its own; the two take turns, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import duckdb


def copy_bare(folder: Path, work: Path) -> None:
    """DuckDB's own copy of each file."""
    with duckdb.connect() as con:
        for file in sorted(folder.glob("*.csv")):
            con.execute(f"COPY (FROM read_csv('{file}')) TO '{work / file.stem}.parquet' (FORMAT parquet)")


def land(folder: Path, work: Path) -> None:
    """Our landing of the batch."""
    from washhouse.core.home import Home, Settings
    from washhouse.governance.keys import load_or_create_master_key
    from washhouse.governance.vault import Vault
    from washhouse.lake.store import Lake
    from washhouse.pipeline.context import RunContext
    from washhouse.pipeline.inbox import read_inbox
    from washhouse.pipeline.landing import land_batches
    from washhouse.pipeline.progress import Silent

    home = Home(work / "home")
    home.root.mkdir()
    vault = Vault(home, load_or_create_master_key(home, Settings()))
    inbox = work / "inbox" / "gp"
    inbox.mkdir(parents=True)
    (inbox / folder.name).symlink_to(folder.resolve(), target_is_directory=True)
    context = RunContext(home, Settings(), Lake(home.lake), vault, None, datetime.now(), Silent(), lambda _: None)
    books = land_batches(context, read_inbox(inbox.parent, ["gp"], []).batches)
    for row in books[0].files.to_pylist():
        if row["status"] != "accepted":
            raise SystemExit(f"{row['file']} was rejected")


WAYS = {"duckdb": copy_bare, "washhouse": land}


def measure(way: str, folder: Path, scratch: Path) -> dict[str, float]:
    """One run in a process of its own."""
    work = Path(tempfile.mkdtemp(dir=scratch))
    try:
        command = [sys.executable, __file__, "--way", way, "--batch", str(folder), "--work", str(work)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    finally:
        shutil.rmtree(work)


def run_one(way: str, folder: Path, work: Path) -> None:
    """Do it in this process and print what it took."""
    began = time.perf_counter()
    WAYS[way](folder, work)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    told = {"seconds": time.perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss}
    print(json.dumps(told))


def main() -> None:
    """Measure both, in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--extracts", type=Path, help="extracts of a city that is there already")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        run_one(options.way, options.batch, options.work)
        return
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        extracts = options.extracts
        if extracts is None:
            washhouse = Path(sys.executable).with_name("washhouse")
            made = [
                "city",
                "--people",
                str(options.people),
                "--years",
                "5",
                "--seed",
                "1842",
                "--out",
                f"{scratch}/city",
            ]
            subprocess.run([washhouse, *made], check=True, capture_output=True)
            extracts = Path(scratch) / "city" / "extracts"
        folder = sorted((extracts / "gp").iterdir())[0]
        size = sum(file.stat().st_size for file in folder.glob("*.csv")) / 1e6
        figures: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(options.runs):
            for way, found in figures.items():
                found.append(measure(way, folder, Path(scratch)))
        print(f"{size:,.0f} MB of GP files of an invented city; {os.cpu_count()} cores, {platform.machine()}")
        print(f"{'':12}{'seconds':>10}{'MB/s':>8}{'CPU s':>8}{'peak MB':>9}   median of {options.runs}")
        middle = {}
        for way, found in figures.items():
            seconds, cpu, peak = (statistics.median(one[key] for one in found) for key in ("seconds", "cpu", "peak"))
            middle[way] = seconds
            print(f"{way:12}{seconds:10.1f}{size / seconds:8.0f}{cpu:8.1f}{peak / 1024:9.0f}")
        pairs = zip(figures["duckdb"], figures["washhouse"], strict=True)
        shares = [bare["seconds"] / ours["seconds"] for bare, ours in pairs]
        print(
            f"washhouse at {statistics.median(shares):.0%} of DuckDB's speed ({', '.join(f'{s:.0%}' for s in shares)})"
        )


if __name__ == "__main__":
    main()
