"""Does what is written beside the events of a large record come to what writing them all again comes to?"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from washhouse.lake.engine import LocalEngine, Resources, connect
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record import adding
from washhouse.record.adding import add_events, may_add
from washhouse.record.merging import MergedEvents, MergedSlice
from washhouse.record.rows import read_events
from washhouse.record.scan import events_at, scan
from washhouse.record.staging import in_order
from washhouse.record.tables import EVENT, EVENT_CHANGE

FILES = {"day/journal.csv": 0, "day/prescriptions.csv": 1}
SCHEMA = arrow_schema(EVENT)


def event(person, hour, file, row, **more):
    at = None if hour is None else datetime(2025, 1, 1) + timedelta(hours=hour)
    told = {"bucket": 0, "person_id": person, "time": at, "recorded_at": datetime(2025, 2, 1), "code": "A"}
    return told | {"recorded_assumed": False, "source": "gp", "source_file": file, "source_row": row} | more


def table_of(rows):
    return pa.Table.from_pylist([{name: row.get(name) for name in SCHEMA.names} for row in rows], schema=SCHEMA)


def ordered(rows):
    with connect() as con:
        con.register("given", table_of(rows))
        return pa.Table.from_batches(in_order(con, "FROM given", 0), SCHEMA)


def shown(lake, number, changes):
    told = None if changes is None else (EVENT_CHANGE, changes)
    with connect() as con:
        lake.create_view(con, EVENT, number, bucket=0, place=True, changes=told)
        return conform(EVENT, con.sql("SELECT * EXCLUDE place FROM event ORDER BY place").to_arrow_table())


class Home:
    """A record of one bucket whose days are added beside it."""

    def __init__(self, folder, rows):
        self.folder, self.lake, self.rows, self.day = folder, Lake(folder / "lake"), rows, 0
        self.number, self.changes = self.lake.write(EVENT, ordered(rows)), None
        named = {"source": ["gp"] * 2, "source_file": [*FILES], "part": [*FILES.values()]}
        pq.write_table(pa.table(named), folder / "files.parquet")

    def day_of(self, gone, fresh):
        """What a day stages: of whom which part goes, and the events made anew."""
        self.day += 1
        folder = self.folder / f"stage{self.day}"
        folder.mkdir()
        (folder / "files.parquet").write_bytes((self.folder / "files.parquet").read_bytes())
        columns = {"person_id": pa.array([p for p, _ in gone], pa.string()), "part": pa.array([n for _, n in gone])}
        pq.write_table(pa.table(columns), folder / "gone.parquet")
        pq.write_table(table_of(fresh).drop(["bucket"]), folder / "fresh.parquet")
        self.rows = [row for row in self.rows if (row["person_id"], FILES[row["source_file"]]) not in gone] + fresh
        changes = () if self.changes is None else tuple(self.lake.files(EVENT_CHANGE.name, self.changes, 0))
        files = (tuple(self.lake.files(EVENT.name, self.number, 0)), (str(folder / "fresh.parquet"),))
        return MergedEvents(folder, (MergedSlice(0, "", *files, (str(folder / "gone.parquet"),), changes),))

    def add(self, gone, fresh):
        self.changes = add_events(self.day_of(gone, fresh), self.lake, LocalEngine(Resources(threads=1)))


@pytest.mark.parametrize("seed", range(4))
def test_days_beside_a_record_are_read_as_if_all_were_sorted(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311
    people = [f"{number * 2654435761 % 2**32:08x}" for number in range(30)]

    def some(number, day):
        return [
            event(
                chance.choice(people[day * 3 :]),
                chance.choice([None, 1, 2, 3]),
                chance.choice([*FILES]),
                1000 * day + row,
                text_value=chance.choice([None, "a", "b"]),
                ref=chance.choice([None, "r"]),
            )
            for row in range(number)
        ]

    home = Home(tmp_path, [row for row in some(200, 0) if row["person_id"] not in people[3:6]])
    for day in (1, 2, 3):
        gone = {(chance.choice(people), chance.choice([0, 1])) for _ in range(6)}
        # Of those whose part goes, most comes again as it was.
        again = [row for row in home.rows if (row["person_id"], FILES[row["source_file"]]) in gone]
        home.add(gone, [row for row in again if chance.random() < 0.8] + some(15, day))
        assert shown(home.lake, home.number, home.changes) == ordered(home.rows)
    # And the day on which all is written whole again.
    made = home.day_of({(people[7], 0), (people[8], 1)}, some(5, 4)).write(home.lake, LocalEngine(Resources(threads=1)))
    assert shown(home.lake, made, None) == ordered(home.rows)


def test_what_comes_again_as_it_was_is_no_change(tmp_path):
    rows = [event(person, hour, "day/journal.csv", hour) for person in ("a", "b") for hour in range(3)]
    home = Home(tmp_path, rows)
    home.add({("a", 0)}, [row for row in rows if row["person_id"] == "a"])
    assert home.lake.count(EVENT_CHANGE.name, home.changes) == 0


def test_a_page_reads_one_person_with_what_came_and_went(tmp_path):
    rows = [event(person, hour, "day/journal.csv", hour) for person in ("a", "b", "c") for hour in range(3)]
    home = Home(tmp_path, rows)
    home.add({("b", 0)}, [*rows[3:5], event("b", 1, "day/prescriptions.csv", 9), event("bb", 1, "day/journal.csv", 8)])
    tables = {EVENT.name: home.number, EVENT_CHANGE.name: home.changes}
    version = Version(1, "v1", datetime(2025, 3, 1), tables, {}, (), {}, {}, 1)
    assert read_events(home.lake, version, ["b"])["source_row"].to_pylist() == [0, 1, 9]
    assert read_events(home.lake, version, ["bb", "c"])["source_row"].to_pylist() == [8, 0, 1, 2]
    # The version from before shows what it showed, and what is worked out from the events of one is not the other's.
    before = Version(1, "v0", datetime(2025, 3, 1), {EVENT.name: home.number}, {}, (), {}, {}, 1)
    assert read_events(home.lake, before, ["b"])["source_row"].to_pylist() == [0, 1, 2]
    assert events_at(before) != events_at(version)
    with pytest.raises(ValueError, match="by bucket"):
        scan(home.lake, EVENT, version)


def test_a_small_record_and_one_that_changed_much_are_written_whole(tmp_path, monkeypatch):
    home = Home(tmp_path, [event(f"{n:03}", 1, "day/journal.csv", n) for n in range(100)])
    few, many = home.day_of(set(), [event("x", 1, "day/journal.csv", 200)]), home.day_of(set(), home.rows[:20])
    assert not may_add(few)
    monkeypatch.setattr(adding, "FEW_EVENTS", 100)
    assert may_add(few)
    assert not may_add(many)
