"""How fast is the audit written and verified, and what does the identity index cost?

Run: `.venv/bin/python bench/desk.py [--people 300000]`
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.desk.audit_log import AuditLog, Entry
from washhouse.desk.database import open_desk
from washhouse.governance.reveal import IdentityIndex

ENTRY = Entry("2026-07-01T09:00:00.000000Z", "CP1", "clinician", "direct-care", "read-person", "a" * 32, "allow", "{}")


def measure_audit(folder: Path) -> None:
    """Append from one thread and from fifty, then verify 300,000 rows."""
    log = AuditLog(open_desk(folder / "desk.db"))
    for rows, threads in ((1, 1), (1, 50), (40, 50)):
        waits: list[float] = []

        def work(rows: int = rows, waits: list[float] = waits) -> None:
            for _ in range(20):
                start = time.perf_counter()
                log.append([ENTRY] * rows)
                waits.append(time.perf_counter() - start)

        workers = [threading.Thread(target=work) for _ in range(threads)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        rate = rows * threads * 20 / (time.perf_counter() - start)
        p50, p95 = np.quantile(waits, [0.5, 0.95]) * 1e3
        print(f"{rows:>3} rows, {threads:>2} threads: {rate:>9,.0f} rows/s, p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    log.append([ENTRY] * 300_000)
    start = time.perf_counter()
    found = log.verify()
    print(f"verify: {found.rows / (time.perf_counter() - start):,.0f} rows/s, first bad {found.bad_seq}")


def make_identities(people: int) -> tuple[pa.Table, pa.Table]:
    """Invented source records: everybody at a GP, nine in ten at a hospital, one in ten in each other service."""
    rng = np.random.default_rng(1)
    person = pa.array([f"{n:032x}" for n in rng.permutation(people)])
    identities, memberships = [], []
    for source, share in (("gp", 1.0), ("mental_health", 0.1), ("hospital", 0.9), ("social_care", 0.1)):
        who = np.flatnonzero(rng.random(people) < share)
        keys = {
            "source": pa.array([source] * len(who)),
            "source_id": pc.binary_join_element_wise(source[0], pc.cast(pa.array(who), pa.string()), ""),
        }
        fields = {
            "birth_date": pa.array(rng.integers(0, 20_000, len(who)).astype("int32"), pa.date32()),
            "restricted": pa.array(rng.random(len(who)) < 0.001),
            "nhs_number": pc.cast(pa.array(rng.integers(4 * 10**9, 7 * 10**9, len(who))), pa.string()),
            "first_name": pa.array(np.array(["Alexander", "Mary", "Jo"])[rng.integers(0, 3, len(who))]),
            "surname": pa.array(np.array(["Fotheringay", "Smith", "Li"])[rng.integers(0, 3, len(who))]),
            "address": pc.binary_join_element_wise(pc.cast(pa.array(who % 200), pa.string()), "Long Street", " "),
            "postcode": pa.array(["ZZ99 3WZ"] * len(who)),
            "phone": pa.array(["07700900123"] * len(who)),
        }
        identities.append(pa.table({**keys, **fields}))
        ended = pa.nulls(len(who), pa.timestamp("us"))
        memberships.append(pa.table({**keys, "person_id": person.take(pa.array(who)), "valid_to": ended}))
    return pa.concat_tables(identities), pa.concat_tables(memberships)


def measure_index(people: int) -> None:
    """Build the index and look up 40 people."""
    identity, membership = make_identities(people)
    start = time.perf_counter()
    index = IdentityIndex(identity, membership)
    built = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    held = index._person.nbytes + index._restricted.nbytes + index._fields.nbytes
    wanted = [f"{n:032x}" for n in range(40)]
    start = time.perf_counter()
    for _ in range(100):
        index._find(wanted)
    found = (time.perf_counter() - start) * 10
    print(
        f"index: {people:,} people, {identity.num_rows:,} records: {built:.1f} s, peak {peak:.1f} GB, "
        f"{held / people:.0f} bytes a person, 40 names in {found:.1f} ms"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    with tempfile.TemporaryDirectory() as folder:
        measure_audit(Path(folder))
    measure_index(parser.parse_args().people)


if __name__ == "__main__":
    main()
