"""How well, how fast and with how much memory are people linked? Beside exact matching and Splink 5, in one run.

    python bench/linkage.py --people 100000 --seeds 1 2 3
    python bench/linkage.py --people 20000 --years 3 --seeds 1 --no-splink

Every method runs in a process of its own, one after the other, on the same records of the invented city, with names
(companion demographics) and without. Pairwise precision, recall and F1 are over clear records only: links of
pseudonymous records are exact by construction and would flatter. Our threshold comes from the model alone. Splink is
shown at 0.95, the threshold of its own quickstart, and at the threshold that is best against the truth, which nobody
has in practice.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from linkage_identities import read_city
from linkage_rivals import components, exact_labels, splink_edges

METHODS = ("washhouse", "exact", "splink")
GRID = (0.5, 0.7, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)


def scores(labels: Sequence[Any], truth: Sequence[Any]) -> dict[str, float]:
    """Pairwise precision, recall and F1 of labels against the true people."""

    def pairs(of: Sequence[Any]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(of).values())

    right, found, wanted = pairs(list(zip(labels, truth, strict=True))), pairs(labels), pairs(truth)
    return {
        "precision": right / found if found else 1.0,
        "recall": right / wanted if wanted else 1.0,
        "f1": 2 * right / (found + wanted) if found + wanted else 1.0,
    }


def run_washhouse(table: pa.Table, truth: Sequence[str], names: bool) -> list[dict[str, Any]]:
    """Our own, in each view: people as a run makes them, ids, households and all; the views come from one run."""
    from washhouse.linkage.people import link_people

    def key(data: bytes) -> bytes:
        return hmac.new(b"bench", data, hashlib.sha256).digest()

    link_people(table.slice(0, 500), previous=None, key=key)  # compiled code is loaded before the clock starts
    started = time.perf_counter()
    people = link_people(table, previous=None, key=key, threads=2)
    seconds = time.perf_counter() - started
    rows = people.membership.select(["source", "source_id", "person_id"]).to_pylist()
    whose = {(r["source"], r["source_id"]): r["person_id"] for r in rows}
    order = list(zip(table.column("source").to_pylist(), table.column("source_id").to_pylist(), strict=True))
    found = []
    for view, figures in people.summary["views"].items():
        joined = people.views.filter(pc.equal(people.views.column("view"), view)).to_pylist()
        bears = {r["person_id"]: r["view_id"] for r in joined}
        labels = [bears.get(whose[record], whose[record]) for record in order]
        told = {f"told_{name}": value for name, value in figures.items()}
        found.append({"method": f"washhouse, {view}", "seconds": seconds} | scores(labels, truth) | told)
    return found


def run_exact(table: pa.Table, truth: Sequence[str], names: bool) -> list[dict[str, Any]]:
    """NHS number, then name and birth date."""
    started = time.perf_counter()
    labels = exact_labels(table)
    return [{"method": "exact", "seconds": time.perf_counter() - started} | scores(labels, truth)]


def run_splink(table: pa.Table, truth: Sequence[str], names: bool) -> list[dict[str, Any]]:
    """Splink, at the threshold of its quickstart and at the best one against the truth."""
    started = time.perf_counter()
    left, right, weights = splink_edges(table, names=names)
    at = {cut: components(table.num_rows, left, right, weights, cut) for cut in GRID}
    seconds = time.perf_counter() - started
    judged = {cut: scores(labels, truth) for cut, labels in at.items()}
    best = max(judged, key=lambda cut: judged[cut]["f1"])
    return [
        {"method": "splink 0.95", "seconds": seconds, "pairs": len(left), "threshold": 0.95} | judged[0.95],
        {"method": "splink, tuned on truth", "seconds": seconds, "threshold": best} | judged[best],
    ]


def _child(method: str, folder: str, names: bool, pipe: Any) -> None:
    table = pq.read_table(Path(folder) / "identity.parquet")
    truth = json.loads((Path(folder) / "truth.json").read_text())
    before = _peak_mb()
    burnt = time.process_time()
    rows = {"washhouse": run_washhouse, "exact": run_exact, "splink": run_splink}[method](table, truth, names)
    cpu = time.process_time() - burnt
    pipe.send([row | {"cpu_seconds": cpu, "peak_mb": _peak_mb(), "input_mb": before} for row in rows])


def _peak_mb() -> int:
    """Peak memory of this process; the kernel's `ru_maxrss` would count the parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def run_apart(method: str, folder: Path, names: bool) -> list[dict[str, Any]]:
    """Run a method in a fresh process, so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(method, str(folder), names, theirs))
    process.start()
    theirs.close()
    try:
        rows = ours.recv()
    except EOFError:
        rows = [{"method": method, "failed": True}]
    process.join()
    return list(rows)


def bench(
    people: int, years: int, seeds: Sequence[int], methods: Sequence[str], city: Path | None
) -> list[dict[str, Any]]:
    """Run every method on every city, with and without names."""
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            where = city or Path(scratch) / "city"
            if city is None:
                command = [sys.executable, "-c", "from washhouse.cli.main import main; main()", "city"]
                options = ["--people", str(people), "--years", str(years), "--seed", str(seed), "--out", str(where)]
                subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for names in (True, False):
                table, truth = read_city(where, names=names)
                keys = zip(table.column("source").to_pylist(), table.column("source_id").to_pylist(), strict=True)
                pq.write_table(table, Path(scratch) / "identity.parquet")
                (Path(scratch) / "truth.json").write_text(json.dumps([truth[k] for k in keys]))
                for method in methods:
                    for row in run_apart(method, Path(scratch), names):
                        found.append({"seed": seed, "names": names, "records": table.num_rows} | row)
                        print(_line(found[-1]), flush=True)
    return found


def _line(row: dict[str, Any]) -> str:
    if row.get("failed"):
        return f"seed {row['seed']}  {'with' if row['names'] else 'without'} names  {row['method']}: failed"
    return (
        f"seed {row['seed']}  {'with   ' if row['names'] else 'without'} names  {row['records']:>9,} records  "
        f"{row['method']:<23} P {row['precision']:.4f}  R {row['recall']:.4f}  F1 {row['f1']:.4f}  "
        f"{row['seconds']:>6.1f} s  cpu {row['cpu_seconds']:>6.1f} s  {row['peak_mb']:>6,} MB"
    )


def main() -> None:
    """Read the options, run, print the medians."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--years", type=int, default=5)
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--city", type=Path, help="a city that is there already (with its sealed folder)")
    options.add_argument("--no-splink", action="store_true")
    options.add_argument("--json", type=Path, help="write every row here")
    chosen = options.parse_args()
    methods = [m for m in METHODS if m != "splink" or not chosen.no_splink]
    rows = bench(chosen.people, chosen.years, chosen.seeds, methods, chosen.city)
    print("\nmedians")
    for names in (True, False):
        for method in dict.fromkeys(r["method"] for r in rows):
            mine = [r for r in rows if r["names"] == names and r["method"] == method and not r.get("failed")]
            if mine:
                medians = {
                    k: float(np.median([r[k] for r in mine]))
                    for k in ("precision", "recall", "f1", "seconds", "cpu_seconds")
                }
                print(
                    f"{'with   ' if names else 'without'} names  {method:<23} P {medians['precision']:.4f}  "
                    f"R {medians['recall']:.4f}  F1 {medians['f1']:.4f}  {medians['seconds']:.1f} s  "
                    f"cpu {medians['cpu_seconds']:.1f} s  "
                    f"{int(np.median([r['peak_mb'] for r in mine])):,} MB"
                )
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
