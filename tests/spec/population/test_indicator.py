"""Emergency admissions by practice on a small record: who counts, what is expected, what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.population.indicators import EMERGENCY_ADMISSIONS
from washhouse.population.rates import count_indicator, period_of
from washhouse.record.kernels import run
from washhouse.record.tables import EVENT, PERSON, PERSON_VIEW

NOW = datetime(2026, 7, 1)
SINCE, UNTIL = date(2025, 7, 1), date(2026, 7, 1)
Row = dict[str, Any]


def person(number: int, practice: str | None = "P1", born: int = 1980, sex: str = "female", **more: Any) -> Row:
    told = {"birth_month": date(born, 1, 1), "sex": sex, "practice": practice, "sources": "gp"}
    return {"bucket": 0, "person_id": f"{number:032x}", **told, **more}


def stay(number: int, day: str = "2025-12-01", code: str = "APC_SPELL//21", **more: Any) -> Row:
    time = datetime.fromisoformat(day)
    told = {"time": time, "recorded_at": time, "recorded_assumed": False, "code": code, "source": "hospital"}
    ref = f"{number}-{day}"
    return {"bucket": 0, "person_id": f"{number:032x}", "ref": ref, "source_file": "f", "source_row": 1, **told, **more}


def one(number: int, bears: int, view: str = "balanced") -> Row:
    told = {"view": view, "person_id": f"{number:032x}", "view_id": f"{bears:032x}"}
    return {"bucket": 0, **told, "joined_to": None, "link_probability": 1.0, "probability": 1.0}


@pytest.fixture
def compute(tmp_path: Path) -> Callable[..., Callable[..., pa.Table]]:
    def over(people: Iterable[Row], events: Iterable[Row], views: Iterable[Row] = ()) -> Callable[..., pa.Table]:
        lake, tables = Lake(tmp_path / "lake"), {}
        for table, rows in ((PERSON, list(people)), (EVENT, list(events)), (PERSON_VIEW, list(views))):
            columns = {name: pa.array([row.get(name) for row in rows]) for name in table.column_names}
            tables[table.name] = lake.write(table, pa.table(columns))
        version = Version(1, "v", NOW, tables, {}, (), {}, {}, buckets=1)
        grant = mint_grant(actor="system", role=Role.SYSTEM, purpose=Purpose.PLANNING, persons=None, now=NOW)
        return lambda *asked: pa.concat_tables(list(run(lake, version, grant, *asked)))

    return over


def people_of(table: pa.Table) -> dict[int, int]:
    return {int(row["person_id"], 16): row["events"] for row in table.to_pylist()}


def test_who_counts_and_how_often(compute: Callable[..., Any]) -> None:
    people = [
        person(1),
        person(2, death_date=date(2025, 6, 30)),
        person(3, death_date=date(2025, 7, 1)),
        person(4, practice=None),
        person(5, sex="unknown"),
        person(6, birth_month=None),
        person(7, birth_month=date(2026, 7, 1)),
        person(8, birth_month=date(2026, 5, 1)),
        person(9),
        person(10),
    ]
    events = [
        stay(1, "2025-07-01"),
        stay(1, "2026-06-30"),
        stay(1, "2025-06-30"),
        stay(1, "2026-07-01"),
        stay(1, "2025-12-01", code="APC_SPELL//11"),
        stay(1, "2025-12-02", superseded_at=NOW),
        stay(1, "2026-06-30", source_row=2),
        stay(3, "2025-08-01", code="APC_SPELL//2A"),
        stay(9) | {"code": "OPT_OUT//type-1", "time": None},
        stay(10) | {"code": "OPT_OUT//type-1", "time": None, "superseded_at": NOW},
    ]
    rows = []

    def spy(kernel: Any, *asked: Any) -> pa.Table:
        rows.append(compute(people, events)(kernel, *asked))
        return rows[-1]

    count_indicator(EMERGENCY_ADMISSIONS, SINCE, UNTIL, spy)
    assert people_of(rows[0]) == {1: 2, 3: 1, 8: 0, 10: 0}, "who opted out is in no population"
    assert {row["age_band"] for row in rows[0].to_pylist()} == {45, 0}


def test_people_who_are_one_for_planning_count_once(compute: Callable[..., Any]) -> None:
    people = [person(1), person(2, practice="P2"), person(3, practice="P3")]
    events = [stay(1), stay(2, "2026-01-01"), stay(3)]
    views = [one(1, 1), one(2, 1), one(2, 1, "lenient"), one(3, 1, "lenient")]
    asked = compute(people, events, views)
    seen = []
    count_indicator(EMERGENCY_ADMISSIONS, SINCE, UNTIL, lambda *a: seen.append(asked(*a)) or seen[-1])
    assert people_of(seen[0]) == {1: 2, 3: 1}, "the lenient view is another purpose's"
    assert {row["practice"] for row in seen[0].to_pylist()} == {"P1", "P3"}


def test_expected_is_what_people_of_that_age_and_sex_have(compute: Callable[..., Any]) -> None:
    # Young: 200 people with 20 events, old: 100 with 60; P1 has 150 young and 20 old, P2 the rest.
    people = [person(n, "P1" if n < 150 else "P2", born=1995) for n in range(200)]
    people += [person(n, "P1" if n < 220 else "P2", born=1940) for n in range(200, 300)]
    events = [stay(n) for n in range(130, 150)] + [stay(n) for n in range(230, 290)]
    counted = count_indicator(EMERGENCY_ADMISSIONS, SINCE, UNTIL, compute(people, events))
    first, second = counted.rows
    assert (first["place"], first["people"], first["observed"]) == ("P1", 170, 20)
    assert first["expected"] == pytest.approx(150 * 20 / 200 + 20 * 60 / 100)
    assert (second["place"], second["people"], second["observed"]) == ("P2", 130, 60)
    assert second["expected"] == pytest.approx(50 * 20 / 200 + 80 * 60 / 100)
    assert counted.summary["people"] == 300
    assert len(str(counted.summary["cohort_sha256"])) == 64


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([stay(n) for n in range(7)], None),
        ([stay(n) for n in range(8)], 10),
        ([stay(1, f"2025-12-{day:02}") for day in range(1, 25)], None),
        ([], 0),
    ],
    ids=["seven", "eight", "twenty-four of one person", "none"],
)
def test_small_counts_are_not_told(compute: Callable[..., Any], events: list[Row], told: int | None) -> None:
    people = [person(n) for n in range(50)] + [person(n, "P2") for n in range(50, 100)]
    others = [stay(n) for n in range(60, 90)]
    first = count_indicator(EMERGENCY_ADMISSIONS, SINCE, UNTIL, compute(people, [*events, *others])).rows[0]
    assert first["observed"] == told
    assert (first["expected"] is None) == (told is None)
    assert first["people"] == 50


def test_nothing_is_told_of_a_place_of_which_next_to_nothing_is_expected(compute: Callable[..., Any]) -> None:
    # Of 500 young people 8 had one, all at P2: of the eight at P1 0.128 are expected; of 2,000, 0.032.
    def told(others: int) -> tuple[object, object]:
        people = [person(n, born=2010) for n in range(8)] + [person(n, "P2", born=2010) for n in range(8, others)]
        events = [stay(n) for n in range(8, 16)]
        first = count_indicator(EMERGENCY_ADMISSIONS, SINCE, UNTIL, compute(people, events)).rows[0]
        return first["observed"], first["expected"]

    assert told(500) == (0, 0.1)
    assert told(2_000) == (None, None)


def test_the_period_ends_where_the_data_does() -> None:
    assert period_of(EMERGENCY_ADMISSIONS, {"hospital": date(2026, 6, 30), "gp": date(2026, 7, 9)}) == (SINCE, UNTIL)
    assert period_of(EMERGENCY_ADMISSIONS, {"gp": date(2026, 7, 9)}) is None
