"""How fast, and with how much memory, are a million records linked? Beside Splink 5, in one run.

    python bench/linkage_speed.py                                  # 1,000,000 and 5,000,000 rows, three runs each
    python bench/linkage_speed.py --rows 100000 --large 0 --runs 1
    python bench/linkage_speed.py --cache /tmp/cities              # keep the rows for a later run

Each run of each method is a process of its own, one after the other, on the same rows of an invented city
(`linkage_city`). Splink is given the very same candidate pairs: each record's key under each of our blocking rules is
a column of its input, and it blocks on equal keys, in the same order, leaving pairs out that an earlier rule gave; the
keys are made before its clock starts. It trains on its own rules, as its guides advise. "own rules" is Splink with the
blocking that a user would write. Ours is what a run does: standardise, block, compare, fit, cluster, ids, membership,
shared places, summary, quality report, index. Splink's is training, prediction and its own clustering at 0.95.

The increment takes an index of the same rows without one in two hundred of them, and with a slip in the postcode of as
many others, then links all rows: once from what is in memory, once from what a vault keeps, which is read first. The
results are compared, row by row, with that of a rebuild under the same model.
"""

from __future__ import annotations

import argparse
import hmac
import json
import multiprocessing
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from linkage_city import city_rows

ROWS_A_PERSON = 1.88
"""Clear records of a person in a city of five years."""
SLIPPED = 200
"""One in so many rows is new, and one in so many is changed, in the increment."""
Row = dict[str, Any]


def key(data: bytes) -> bytes:
    """Make ids as a vault would."""
    return hmac.digest(b"bench", data, "sha256")


def pair_scores(label: np.ndarray, truth: np.ndarray) -> Row:
    """Pairwise precision, recall and F1 of labels against the true people."""

    def pairs(groups: np.ndarray) -> int:
        counts = np.unique(groups, return_counts=True)[1].astype(np.int64)
        return int((counts * (counts - 1) // 2).sum())

    label, truth = (np.unique(x, return_inverse=True)[1].astype(np.int64) for x in (label, truth))
    right, found, wanted = pairs(label * (truth.max() + 1) + truth), pairs(label), pairs(truth)
    return {"precision": right / found, "recall": right / wanted, "f1": 2 * right / (found + wanted)}


class Clock:
    """Seconds and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Row:
        """What has passed."""
        return {"seconds": time.perf_counter() - self._wall, "cpu_seconds": time.process_time() - self._cpu}


def linked(table: pa.Table, began: Row | None = None, **known: Any) -> tuple[Any, Row]:
    """Link as a run does; also return what it took, with what went before, and how much until the pairs are weighed."""
    from washhouse.linkage.people import link_people

    before = began or {"seconds": 0.0, "cpu_seconds": 0.0}
    start, clock, pairing = time.perf_counter() - before["seconds"], Clock(), [0.0]

    def tell(step: str, _: float) -> None:
        if step == "cluster":
            pairing[0] = time.perf_counter() - start

    people = link_people(table, key=key, progress=tell, **known)
    passed = {name: value + before[name] for name, value in clock.read().items()}
    return people, passed | {"pairing_seconds": pairing[0]}


def ours(table: pa.Table, truth: np.ndarray, threads: int) -> list[Row]:
    """Link everything under a new model."""
    linked(table.slice(0, 500), previous=None)  # compiled code is loaded before the clock starts
    people, passed = linked(table, previous=None, threads=threads)
    told = people.summary
    persons = people.membership.column("person_id").combine_chunks().dictionary_encode().indices.to_numpy()
    known = {"pairs": told["pairs"], "threshold": told["threshold"]}
    return [{"method": "washhouse"} | passed | known | pair_scores(persons, truth)]


def splink(table: pa.Table, truth: np.ndarray, threads: int, *, own_rules: bool = False) -> list[Row]:
    """Splink on our candidate pairs, or on its own; and its edges through our clustering."""
    from linkage_rivals import our_block_keys, splink_people

    keys = None if own_rules else our_block_keys(table)
    name = "Splink 5, own rules" if own_rules else "Splink 5, same pairs"
    clock = Clock()
    label, left, right, weights = splink_people(table, keys=keys)
    rows = [{"method": name, "threshold": 0.95} | clock.read() | pair_scores(label, truth)]
    if not own_rules:
        from washhouse.linkage.cluster import cluster

        kept = weights >= np.log2(0.95 / 0.05)
        number = table.column("nhs_number").combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
        death = pc.fill_null(pc.cast(table.column("death_date"), pa.int32()), -1).to_numpy().astype(np.int32)
        found = cluster(
            table.num_rows, left[kept], right[kept], weights[kept], nhs_number=number.astype(np.int32), death_date=death
        )
        rows.append({"method": "Splink's edges, our clustering"} | pair_scores(found.label, truth))
    return rows


def splink_own(table: pa.Table, truth: np.ndarray, threads: int) -> list[Row]:
    """Splink with the blocking that a user would write."""
    return splink(table, truth, threads, own_rules=True)


def increment(table: pa.Table, truth: np.ndarray, threads: int) -> list[Row]:
    """Link a batch of one row in a hundred into the rest; then everything anew."""
    turn = np.arange(table.num_rows) % SLIPPED
    before = _slipped(table, turn == 1).filter(pa.array(turn != 0))
    base, _ = linked(before, previous=None, threads=threads)
    known = {"previous": base.membership, "threads": threads, "model": base.index.trained}
    linked(table.slice(0, 2000), **known, index=base.index)
    batch, passed = linked(table, **known, index=base.index)
    stored, from_vault = linked_from_vault(base, before, table, threads)
    whole, rebuilt = linked(table, **known)
    _, fitted = linked(table, previous=None, threads=threads)
    tables = ("membership", "edges", "refused", "retired", "relations", "views")

    def told(people: Any, took: Row) -> Row:
        pairing = people.summary["pairing"]
        return (
            {"equal": all(getattr(people, name).equals(getattr(whole, name)) for name in tables)}
            | {f"{name}_ratio": fitted[name] / took[name] for name in passed}
            | {name: pairing[name] for name in ("new_or_changed", "gone", "compared")}
        )

    return [
        {"method": "increment, 1 %, in memory"} | passed | told(batch, passed),
        {"method": "increment, 1 %, from the vault"} | from_vault | told(stored, from_vault),
        {"method": "rebuild, same model"} | rebuilt,
        {"method": "rebuild, new model"} | fitted,
    ]


def linked_from_vault(base: Any, before: pa.Table, table: pa.Table, threads: int) -> tuple[Any, Row]:
    """Keep a linkage in a vault as a run does, read it again, and link; also what reading and linking took."""
    from washhouse.core.home import Home
    from washhouse.governance.vault import Vault
    from washhouse.linkage.index import read_index, write_index
    from washhouse.linkage.stored_earlier import read_earlier, write_earlier

    with tempfile.TemporaryDirectory() as root:
        vault = Vault(Home(Path(root)), bytes(32))
        tables = {"identity": before, "membership": base.membership, "edge": base.edges, "refused": base.refused}
        tables |= {"relation": base.relations, "retired": base.retired} | write_index(base.index)
        clock = Clock()
        kept = write_earlier(base.index.earlier, base.index.trained.digest)
        for name, each in kept.items():
            vault.write(name, "one", each)
        written = clock.read()
        for name, each in tables.items():
            vault.write(name, "one", each)
        del base, tables, kept

        def read(name: str) -> pa.Table:
            return vault.read(name, "one")

        clock = Clock()
        membership = read("membership")
        index = read_index(read)
        assert index is not None
        index = read_earlier(index, membership, read, threads)
        loaded = clock.read()
        people, passed = linked(
            table, previous=membership, threads=threads, model=index.trained, index=index, began=loaded
        )
    return people, passed | {"loading_seconds": loaded["seconds"], "keeping_seconds": written["seconds"]}


def _slipped(table: pa.Table, where: np.ndarray) -> pa.Table:
    """Let some rows have said another postcode."""
    postcode = table.column("postcode")
    other = pc.replace_substring_regex(postcode, "[A-Z]$", "X")
    at = table.column_names.index("postcode")
    return table.set_column(at, table.schema.field(at), pc.if_else(pa.array(where), other, postcode))


METHODS: dict[str, Callable[..., list[Row]]] = {
    "ours": ours,
    "splink": splink,
    "splink-own": splink_own,
    "increment": increment,
}


def _peak_mb() -> int:
    """Peak memory of this process; the kernel's `ru_maxrss` would count the parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def _child(method: str, path: Path, threads: int, pipe: Any) -> None:
    table = pq.read_table(path)
    truth = table.column("true_person").to_numpy()
    table = table.drop_columns(["true_person"]).combine_chunks()
    before = _peak_mb()
    rows = METHODS[method](table, truth, threads)
    pipe.send([row | {"rows": table.num_rows, "peak_mb": _peak_mb(), "input_mb": before} for row in rows])


def run_apart(method: str, path: Path, threads: int) -> list[Row]:
    """Run a method in a fresh process, so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(method, path, threads, there))
    process.start()
    there.close()
    try:
        rows = here.recv()
    except EOFError:
        rows = [{"method": f"{method}: failed"}]
    process.join()
    return list(rows)


def prepared(rows: int, seed: int, cache: Path) -> Path:
    """Return a file of about so many identity rows, making it where it is not there."""
    people = round(rows / ROWS_A_PERSON)
    path = cache / f"identity-{people}-5-{seed}.parquet"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        table, person = city_rows(people, 5, seed)
        pq.write_table(table.append_column("true_person", pa.array(person)), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
        print(f"made {table.num_rows:,} rows of {people:,} people in {time.perf_counter() - started:.0f} s", flush=True)
    return path


def line(row: Row) -> str:
    """Return one row of the table."""
    text = f"{row['method']:<32}"
    if "rows" in row:
        text += f"{row['rows']:>10,} rows"
    if "seconds" in row:
        text += f"  {row['seconds']:>7.1f} s  cpu {row['cpu_seconds']:>7.1f} s  {row['peak_mb']:>6,} MB"
    if "pairing_seconds" in row:
        text += f"  (pairs weighed after {row['pairing_seconds']:.1f} s)"
    if "f1" in row:
        text += f"  P {row['precision']:.4f}  R {row['recall']:.4f}  F1 {row['f1']:.4f}"
    if "pairs" in row:
        text += f"  {int(row['pairs']):,} pairs"
    if "equal" in row:
        text += f"  {row['pairing_seconds_ratio']:.1f} times as fast as a new model until the pairs are weighed, "
        text += f"{row['seconds_ratio']:.1f} times in all (cpu {row['cpu_seconds_ratio']:.1f}); equal: {row['equal']}"
    if "loading_seconds" in row:
        text += f"; {row['loading_seconds']:.1f} s of it to read; {row['keeping_seconds']:.1f} s to keep beforehand"
    return text


def medians(found: Sequence[Row]) -> list[Row]:
    """Return the median of each figure of each method and size."""
    out = []
    for method, size in dict.fromkeys((row["method"], row.get("rows")) for row in found):
        mine = [row for row in found if row["method"] == method and row.get("rows") == size]
        figures = {k: float(np.median([r[k] for r in mine])) for k, v in mine[0].items() if isinstance(v, float)}
        known = {k: v for k, v in mine[0].items() if k not in figures}
        most = {"peak_mb": max(row["peak_mb"] for row in mine)} if "peak_mb" in mine[0] else {}
        if "equal" in mine[0]:
            known["equal"] = all(row["equal"] for row in mine)
        out.append(known | figures | most)
    return out


def main() -> None:
    """Read the options, run, print the medians."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000, help="identity rows, about; 0 to leave out")
    options.add_argument("--large", type=int, default=5_000_000, help="rows for ours alone, about; 0 to leave out")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--cache", type=Path, help="folder where the rows are kept")
    options.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--json", type=Path, help="write every row here")
    chosen = options.parse_args()
    print(f"{platform.machine()}, {multiprocessing.cpu_count()} cores, Python {platform.python_version()}", flush=True)
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        cache = chosen.cache or Path(scratch)
        work = [(method, chosen.rows) for method in chosen.only if chosen.rows]
        work += [("ours", chosen.large)] if chosen.large and "ours" in chosen.only else []
        for _ in range(chosen.runs):
            for method, rows in work:
                for row in run_apart(method, prepared(rows, chosen.seed, cache), chosen.threads):
                    found.append(row)
                    print(line(row), flush=True)
    print(f"\nmedians of {chosen.runs}; memory is the most of them")
    for row in medians(found):
        print(line(row))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
