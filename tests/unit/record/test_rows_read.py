"""Are rows of people the same whether their bucket is held, each person is, or nobody was asked for before?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from threading import Thread

import pyarrow as pa
import pytest

from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record import rows as read
from washhouse.record.buckets import bucket_of
from washhouse.record.held import Held
from washhouse.record.tables import RELATION

PEOPLE = [f"{number:032x}" for number in range(40)]


@pytest.fixture
def home(tmp_path):
    ties = [
        {"bucket": bucket_of(person, 4), "person_id": person, "other": other, "kind": "household", "evidence": "home"}
        for number, person in enumerate(PEOPLE)
        for other in PEOPLE[: number % 3]
    ]
    schema = arrow_schema(RELATION)
    told = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in ties], schema=schema)
    told = told.sort_by([(name, "ascending") for name in ("bucket", *RELATION.order)])
    lake = Lake(tmp_path / "lake")
    number = lake.write(RELATION, told)
    return told, lake, Version(1, "v1", datetime(2025, 3, 1), {RELATION.name: number}, {}, (), {}, {}, 4)


def expected(told, people):
    rows = [row for row in told.to_pylist() if row["person_id"] in people]
    return sorted(rows, key=lambda row: (row["person_id"], row["kind"], row["other"]))


@pytest.mark.parametrize("most", [0, 10**6])
def test_people_of_large_and_of_small_buckets_are_read_alike(home, monkeypatch, most):
    told, lake, version = home
    monkeypatch.setattr(read, "MOST_ROWS_HELD", most)
    for people in (PEOPLE[:1], PEOPLE[1:3], PEOPLE[::3], PEOPLE, ["f" * 32]):
        assert read.read_rows(lake, version, RELATION, people).to_pylist() == expected(told, people)


def test_who_asks_at_once_reads_once(home, monkeypatch):
    told, lake, version = home
    monkeypatch.setattr(read, "MOST_ROWS_HELD", 0)
    asked = []
    query = read.query
    monkeypatch.setattr(read, "query", lambda *given: asked.append(1) or query(*given))
    found = []
    several = [Thread(target=lambda: found.append(read.read_rows(lake, version, RELATION, PEOPLE))) for _ in range(4)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert len(asked) == len({bucket_of(person, 4) for person in PEOPLE}), "a query a bucket, for all who ask"
    assert [rows.to_pylist() for rows in found] == [expected(told, PEOPLE)] * 4


@pytest.mark.parametrize("most", [0, 10**6])
def test_who_was_looked_at_is_read_ahead_of_a_new_version(home, monkeypatch, most):
    told, lake, first = home
    for name, value in (("MOST_ROWS_HELD", most), ("_HELD", Held()), ("_HELD_EACH", Held())):
        monkeypatch.setattr(read, name, value)
    fewer = told.filter([number % 2 == 0 for number in range(told.num_rows)])
    second = replace(first, id="v2", tables={RELATION.name: lake.write(RELATION, fewer)})
    looked_at = PEOPLE[::2]
    read.read_rows(lake, first, RELATION, looked_at)
    read.read_ahead(lake, first, second)
    query, asked = read.query, []
    monkeypatch.setattr(read, "query", lambda *given: asked.append(1) or query(*given))
    assert read.read_rows(lake, second, RELATION, looked_at).to_pylist() == expected(fewer, looked_at)
    assert not asked, "nothing of them is read again"
    assert read.read_rows(lake, second, RELATION, PEOPLE).to_pylist() == expected(fewer, PEOPLE)
