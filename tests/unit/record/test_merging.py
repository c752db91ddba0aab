"""Are events made anew put where a sort of all would put them, whatever the row groups and slices?"""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.lake.engine import Resources, connect
from washhouse.lake.schemas import arrow_schema
from washhouse.record.merging import MergedSlice, merge_events
from washhouse.record.staging import in_order
from washhouse.record.tables import EVENT

PEOPLE = [f"{number * 2654435761 % 2**32:08x}" for number in range(60)]
FILES = {"day/journal.csv": 0, "day/prescriptions.csv": 1}


def event(person, hour, file, text):
    at = datetime(2025, 1, 1) + timedelta(hours=hour)
    told = {"bucket": 3, "person_id": person, "time": at, "recorded_at": at, "code": "A", "text_value": text}
    return told | {"recorded_assumed": False, "source": "gp", "source_file": file, "source_row": hour}


def events(rows):
    columns = arrow_schema(EVENT)
    return pa.Table.from_pylist([{name: row.get(name) for name in columns.names} for row in rows], schema=columns)


def ordered(rows):
    with connect() as con:
        con.register("given", rows)
        return pa.Table.from_batches(in_order(con, "FROM given", 3), arrow_schema(EVENT))


@pytest.mark.parametrize("group", [1, 7, 1_000])
@pytest.mark.parametrize("prefixes", [[""], [f"{number:x}" for number in range(16)]])
def test_what_comes_and_what_stays_lies_as_if_all_were_sorted(tmp_path, group, prefixes):
    old = [event(person, hour, [*FILES][hour % 2], "old") for person in PEOPLE[10:] for hour in range(4)]
    gone = [(PEOPLE[at], part) for at in range(10, 60, 5) for part in (0, 1) if at % 4 == 0 or part == at % 2]
    fresh = [event(person, 2, "day/journal.csv", "new") for person in PEOPLE[:60:3]]
    kept = [row for row in old if (row["person_id"], FILES[row["source_file"]]) not in gone]
    pq.write_table(ordered(events(old)).drop(["bucket"]), tmp_path / "old.parquet", row_group_size=group)
    pq.write_table(
        pa.table({"person_id": [p for p, _ in gone], "part": [n for _, n in gone]}), tmp_path / "gone.parquet"
    )
    named = {"source": ["gp"] * 2, "source_file": [*FILES], "part": [*FILES.values()]}
    pq.write_table(pa.table(named), tmp_path / "files.parquet")
    made = []
    for prefix in prefixes:
        staged = tmp_path / f"fresh{prefix}.parquet"
        come = [row for row in fresh if row["person_id"].startswith(prefix)]
        pq.write_table(events(come).drop(["bucket"]), staged)
        part = MergedSlice(
            3, prefix, (str(tmp_path / "old.parquet"),), (str(staged),) * bool(come), (str(tmp_path / "gone.parquet"),)
        )
        made += merge_events(str(tmp_path / "files.parquet"), part, Resources(threads=1))
    assert pa.Table.from_batches(made, arrow_schema(EVENT)) == ordered(events([*kept, *fresh]))


def test_a_slice_that_nothing_concerns_stays_as_it_is(tmp_path):
    old = ordered(events([event(person, hour, "day/journal.csv", "old") for person in PEOPLE for hour in range(3)]))
    pq.write_table(old.drop(["bucket"]), tmp_path / "old.parquet", row_group_size=50)
    part = MergedSlice(3, "", (str(tmp_path / "old.parquet"),), (), ())
    made = merge_events("", part, Resources(threads=1))
    assert pa.Table.from_batches(made, arrow_schema(EVENT)) == old
