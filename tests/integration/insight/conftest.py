"""A small invented caseload with a planted cause of crises, as tables of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from washhouse.insight.models.present import Compute
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.record.kernels import Stage, compute_stages
from washhouse.record.tables import EVENT, PERSON

FIRST = datetime(2020, 1, 6)
WEEKS = 200
LAST_DAY = (FIRST + timedelta(weeks=WEEKS)).date()


def submitted_after(time: datetime) -> datetime:
    """The early morning of the 2nd of the next month."""
    month = date(time.year + time.month // 12, time.month % 12 + 1, 2)
    return datetime(month.year, month.month, month.day, 3)


@dataclass
class Caseload:
    """Record tables of an invented caseload."""

    event: pa.Table
    person: pa.Table


def make_caseload(people: int, effect: float, seed: int = 0) -> Caseload:
    """People with a fortnightly contact; missing one raises the odds of a crisis in the weeks after by `effect`."""
    rng = np.random.default_rng(seed)
    ids = [f"{number:032x}" for number in rng.permutation(people)]
    rows: list[dict[str, object]] = []

    def add(person: str, time: datetime, code: str, ref: str, **more: object) -> None:
        rows.append({"person_id": person, "time": time, "code": code, "ref": ref, **more})

    for number, person in enumerate(ids):
        add(person, FIRST - timedelta(30), "MHS_REFERRAL//A06", f"r{number}")
        missed_ago, free_from = 99, 0
        for week in range(WEEKS):
            monday = FIRST + timedelta(weeks=week)
            missed_ago += 1
            if week % 2 == number % 2:
                missed = rng.random() < 0.15
                missed_ago = 0 if missed else missed_ago
                code = "MHS_CONTACT//3" if missed else "MHS_CONTACT//5"
                add(person, monday + timedelta(days=1, hours=10), code, f"c{number}-{week}", parent_ref=f"r{number}")
            odds = -5.2 + effect * (missed_ago < 6)
            if week >= free_from and rng.random() < 1 / (1 + np.exp(-odds)):
                began = monday + timedelta(days=int(rng.integers(2, 7)), hours=9)
                ref = f"x{number}-{week}"
                add(person, began, "MHS_REFERRAL//A02", ref, end_time=began + timedelta(days=20))
                seen = began + timedelta(hours=5)
                add(person, seen, "MHS_CONTACT//5", f"y{number}-{week}", parent_ref=ref)
                free_from = week + 4
    return Caseload(_events(rows), _people(ids))


def _events(rows: list[dict[str, object]]) -> pa.Table:
    """Add when each state was known: at the month's submission; an end that lies later makes a second state."""
    states = []
    for number, row in enumerate(rows):
        time, end = row["time"], row.get("end_time")
        assert isinstance(time, datetime)
        known = submitted_after(time)
        base = {"recorded_assumed": False, "source": "mental_health", "source_file": "m/f.csv", "source_row": number}
        if isinstance(end, datetime) and end >= known:
            closed = submitted_after(end)
            states.append({**base, **row, "end_time": None, "recorded_at": known, "superseded_at": closed})
            states.append({**base, **row, "recorded_at": closed})
        else:
            states.append({**base, **row, "recorded_at": known})
    frame = [{**dict.fromkeys(EVENT.column_names), "bucket": 0, **state} for state in states]
    newest = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day)
    kept = [state for state in frame if state["recorded_at"] <= newest]
    for state in kept:
        if state["superseded_at"] is not None and state["superseded_at"] > newest:
            state["superseded_at"] = None
    return conform(EVENT, pa.Table.from_pylist(kept, schema=arrow_schema(EVENT)))


def _people(ids: list[str]) -> pa.Table:
    given = {"bucket": 0, "birth_month": date(1980, 1, 1), "sex": "female", "sources": "mental_health"}
    rows = [{**dict.fromkeys(PERSON.column_names), **given, "person_id": person} for person in ids]
    return conform(PERSON, pa.Table.from_pylist(rows, schema=arrow_schema(PERSON)))


@pytest.fixture(scope="session")
def computing() -> Callable[[Caseload], Compute]:
    """Run stages over a caseload as one bucket."""

    def over(caseload: Caseload) -> Compute:
        places = pa.array(range(caseload.event.num_rows), pa.int64())
        tables = {"event": caseload.event.append_column("place", places), "person": caseload.person}

        def compute(stages: Sequence[Stage], extra: Mapping[str, pa.Table]) -> Iterator[dict[str, pa.Table]]:
            with duckdb.connect() as connection:
                for name, table in extra.items():
                    connection.register(name, table)
                for name, table in tables.items():
                    connection.register(f"whole-{name}", table)
                show = 'CREATE VIEW "{0}" AS SELECT * FROM "whole-{0}"'
                yield compute_stages(connection, stages, lambda name: connection.execute(show.format(name)))

        return compute

    return over


@pytest.fixture(scope="session")
def planted() -> Caseload:
    """Crises follow missed contacts."""
    return make_caseload(people=260, effect=2.4)


@pytest.fixture(scope="session")
def caseload_without_effect() -> Caseload:
    """Crises fall on anybody."""
    return make_caseload(people=200, effect=0.0, seed=1)


@pytest.fixture(scope="session")
def small_caseload() -> Caseload:
    """Too few people to fit anything on."""
    return make_caseload(people=12, effect=2.4)


@pytest.fixture(scope="session")
def last_day() -> date:
    """Day of the newest submission."""
    return LAST_DAY
