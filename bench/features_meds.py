"""The summaries of `bench/features.py` by meds_reader, person by person. Run by that, with an interpreter that has it.

    python bench/features_meds.py convert ROOT         # the same events as a MEDS data set and meds_reader's own form
    python bench/features_meds.py ROOT INDEX GROUPS.json

What it converts to is made before anything is timed, and holds the three columns that a feature needs besides the
person: time, code and value, with the time of recording, by which an event counts as known. A person is summed up by a
loop over Python objects, which is what the library is made for, in as many processes as the machine has cores.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import meds_reader
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def convert(root: Path) -> None:
    """Write the events as MEDS, one shard a bucket, and bring them into meds_reader's form."""
    (root / "meds" / "metadata").mkdir(parents=True)
    (root / "meds" / "data").mkdir()
    (root / "meds" / "metadata" / "dataset.json").write_text(
        json.dumps({"dataset_name": "drawn", "meds_version": "0.4.1"})
    )
    wanted = ["person_id", "time", "code", "numeric_value", "recorded_at"]
    first = 0
    for bucket in sorted((root / "event").glob("bucket=*")):
        rows = pa.concat_tables(
            pq.read_table(file, columns=wanted, partitioning=None) for file in sorted(bucket.glob("*.parquet"))
        )
        person = rows.column("person_id").combine_chunks().dictionary_encode()
        subject = pc.add(person.indices.cast(pa.int64()), first)
        first += len(person.dictionary)
        events = {
            "subject_id": subject,
            "time": rows.column("time").cast(pa.timestamp("us")),
            "code": rows.column("code"),
            "numeric_value": rows.column("numeric_value").cast(pa.float32()),
            "recorded_at": rows.column("recorded_at").cast(pa.timestamp("us")),
        }
        pq.write_table(pa.table(events), root / "meds" / "data" / f"{bucket.name.partition('=')[2]}.parquet")
    command = Path(sys.executable).parent / "meds_reader_convert"
    subprocess.run(
        [str(command), str(root / "meds"), str(root / "meds_reader"), "--num_threads", str(os.cpu_count())],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def summarise(index: date, groups: dict[str, int], subjects: Iterator[meds_reader.Subject]) -> int:
    """Number of person-groups that have a summary: counts in 28, 90 and 365 days, newest value, days since."""
    at = datetime(index.year, index.month, index.day)
    windows = [at - timedelta(days=days) for days in (28, 90, 365)]
    made = 0
    for subject in subjects:
        found: dict[int, list[object]] = {}
        for event in subject.events:
            when, recorded = event.time, event.recorded_at
            if when >= at or recorded >= at:
                continue
            group = groups[event.code]
            told = found.get(group)
            if told is None:
                told = found[group] = [0, 0, 0, None, None]
            for number, window in enumerate(windows):
                if when >= window:
                    told[number] += 1  # type: ignore[operator]
            told[3] = when  # a person's events lie by time
            if event.numeric_value is not None:
                told[4] = event.numeric_value
        for told in found.values():
            told[3] = (at - told[3]).days  # type: ignore[operator]
        made += len(found)
    return made


def main() -> None:
    """Convert, or measure."""
    if sys.argv[1] == "convert":
        convert(Path(sys.argv[2]))
        return
    groups = json.loads(Path(sys.argv[3]).read_text())
    group_of = dict(zip(groups["code"], groups["events"], strict=True))
    began = time.perf_counter()
    with meds_reader.SubjectDatabase(str(Path(sys.argv[1]) / "meds_reader"), num_threads=os.cpu_count() or 1) as data:
        made = sum(data.map(partial(summarise, date.fromisoformat(sys.argv[2]), group_of)))
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    passed = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": sum(one.ru_utime + one.ru_stime for one in spent),
        "count": made,
    }
    print(json.dumps(passed | {"gigabytes": max(one.ru_maxrss for one in spent) / 2**20}))


if __name__ == "__main__":
    main()
