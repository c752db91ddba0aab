"""How do seconds and memory grow with the city: making it, the run's steps, features, one person's record?

    python bench/record.py                                   # 10,000 and 100,000 people
    python bench/record.py --people 1400000 --folder DIR     # takes some 60 GB of DIR, and hours

Each size is one city of two years, one full run into an empty home, 200 features of as many drawn people (see
`features.py`), and one person's rows read by one client (see `serving.py`). Every part is a process of its own, so that
its peak of memory is its own. On the invented city; one run a size unless `--runs` says more, then medians.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

CLI = (sys.executable, "-m", "washhouse.cli.main")
PEOPLE_A_BUCKET = 22_000
PEOPLE_ASKED = 1000
"""Each once: a person asked about again may be held in memory."""


def timed(command: Sequence[object]) -> tuple[dict[str, Any], str]:
    """Run a command; returns seconds, processor seconds and peak memory, and what it printed."""
    began = time.perf_counter()
    with subprocess.Popen([str(one) for one in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        said = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command[1:4]} ended with {process.returncode}")
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "gigabytes": used.ru_maxrss / 2**20}, said


def ask_people(home_folder: Path) -> None:
    """Read people at random from a home, as a page does, and print the quantiles."""
    from serving import Bench, Unwritten, choose_people, raw_client
    from washhouse.core.home import Home
    from washhouse.desk.database import open_desk

    home = Home(home_folder)
    people, desk = choose_people(home, PEOPLE_ASKED), open_desk(home.desk_file)
    ask = raw_client(Bench(home, people, 1, 0), Unwritten(desk))()
    waits = []
    for person in people:
        start = time.perf_counter()
        ask(person)
        waits.append(1e3 * (time.perf_counter() - start))
    desk.close()
    print(json.dumps(dict(zip(("p50", "p95"), np.quantile(waits, [0.5, 0.95]), strict=True))))


def draw_events(people: int, root: Path) -> None:
    """Write as many people's drawn events as `features.py` measures."""
    from features import make

    make(root, people, buckets_of(people), 1842)


def buckets_of(people: int) -> int:
    """Buckets of a record."""
    return max(1, round(people / PEOPLE_A_BUCKET))


def measure(people: int, years: int, folder: Path) -> dict[str, dict[str, Any]]:
    """All parts of one size."""
    found: dict[str, dict[str, Any]] = {}
    city, home, drawn = folder / "city", folder / "home", folder / "drawn"
    sized = ("--people", people, "--years", years, "--seed", 1842)
    found["generation"], _ = timed([*CLI, "city", *sized, "--out", city])
    run = [*CLI, "run", "--home", home, "--inbox", city / "extracts", "--buckets", buckets_of(people), "--json"]
    found["run"], said = timed(run)
    report = json.loads(said)
    found["run"]["lines"] = sum(one["lines"] for one in report["sources"].values())
    found["run"]["events"] = report["record"]["events"]
    found |= {f"run: {step}": {"seconds": seconds} for step, seconds in report["seconds"].items()}
    timed([sys.executable, __file__, "--part", "draw", "--people", people, "--folder", drawn])
    features = [sys.executable, Path(__file__).with_name("features.py"), "--root", drawn, "--method", "long"]
    found["features"], _ = timed([*features, "--buckets", buckets_of(people)])
    found["serving"], said = timed([sys.executable, __file__, "--part", "ask", "--folder", home])
    found["serving"] = {"gigabytes": found["serving"]["gigabytes"], **json.loads(said)}
    return found


def median_of(runs: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The middle of each figure."""
    return {
        part: {name: statistics.median(run[part][name] for run in runs if part in run) for name in runs[0][part]}
        for part in runs[0]
    }


def show(found: dict[int, dict[str, dict[str, Any]]]) -> None:
    """Print a table: a line a part, a column a size, and how seconds grow when people grow tenfold."""
    sizes = sorted(found)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; invented city\n")
    print("| Part |", " | ".join(f"{size:,} people" for size in sizes), "| power of people |")
    print("|---|", "---|" * len(sizes), "---|", sep="")
    for part in found[sizes[-1]]:
        cells = [tell(found[size].get(part, {})) for size in sizes]
        ends = [found[size].get(part, {}).get("seconds", 0) for size in (sizes[0], sizes[-1])]
        power = math.log(ends[1] / ends[0]) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 and all(ends) else None
        print(f"| {part} |", " | ".join(cells), f"| {'' if power is None else f'{power:.2f}'} |")


def tell(one: dict[str, Any]) -> str:
    """One part's figures in words."""
    words = [f"{one['seconds']:.1f} s"] if "seconds" in one else []
    words += [f"{one['cpu']:.0f} s CPU"] if "cpu" in one else []
    words += [f"p50 {one['p50']:.1f}, p95 {one['p95']:.1f} ms"] if "p50" in one else []
    words += [f"{one['gigabytes']:.1f} GB"] if "gigabytes" in one else []
    words += [f"{one[name]:,.0f} {name}" for name in ("lines", "events") if name in one]
    return ", ".join(words)


def main() -> None:
    """Measure every size, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--years", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the cities and homes lie while they are measured")
    parser.add_argument("--part", choices=("draw", "ask"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part == "draw":
        draw_events(asked.people[0], asked.folder)
    elif asked.part == "ask":
        ask_people(asked.folder)
    else:
        found = {}
        for people in asked.people:
            runs = []
            for _ in range(asked.runs):
                with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
                    runs.append(measure(people, asked.years, Path(folder)))
            found[people] = median_of(runs)
            print(f"{people:,} people: {json.dumps(found[people])}", file=sys.stderr, flush=True)
        show(found)


if __name__ == "__main__":
    main()
