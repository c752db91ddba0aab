"""A cohort's criteria, one after another, on a small record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.errors import InputError
from washhouse.governance.audit import cohort_hash
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.insight.codelists import Codelist
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.record.kernels import run
from washhouse.record.tables import EVENT, PERSON, PERSON_VIEW
from washhouse.research.attrition import count_cohort, index_date_of
from washhouse.research.cohorts import COHORTS, Cohort, HasCode, OfAge

INDEX = date(2026, 7, 1)
NOW = datetime(2026, 7, 1)
ILL = Codelist("ill", "Ill", "made up", codes=("X//1",))
TREATED = Codelist("treated", "Treated", "made up", prefixes=("Y//",), without=("Y//no",))
WARD = Codelist("ward", "On a ward", "made up", codes=("W//1",))
COHORT = Cohort(
    "c",
    "C",
    "Why?",
    ("gp", "hospital"),
    (
        OfAge("Aged 18 or over, below 75", 18, 75),
        HasCode("Ill at any time before", ILL),
        HasCode("Treated in the year before", TREATED, days=365),
        HasCode("Not on a ward in the year before", WARD, days=365, wanted=False),
    ),
)
Row = dict[str, Any]
Compute = Callable[..., pa.Table]


def person(number: int, born: date = date(1980, 1, 1), practice: str | None = "P1", **more: Any) -> Row:
    told = {"birth_month": born, "sex": "female", "practice": practice, "sources": "gp"}
    return {"bucket": 0, "person_id": f"{number:032x}", **told, **more}


def event(number: int, code: str, day: str, **more: Any) -> Row:
    time = datetime.fromisoformat(day)
    told = {"time": time, "recorded_at": time, "recorded_assumed": False, "code": code, "source": "gp"}
    return {"bucket": 0, "person_id": f"{number:032x}", "source_file": "f", "source_row": 1, **told, **more}


def member(number: int) -> list[Row]:
    return [event(number, "X//1", "2001-01-01"), event(number, "Y//1", "2026-06-30")]


@pytest.fixture
def compute(tmp_path: Path) -> Callable[..., Compute]:
    def over(people: Iterable[Row], events: Iterable[Row], views: Iterable[Row] = ()) -> Compute:
        lake, tables = Lake(tmp_path / "lake"), {}
        for table, rows in ((PERSON, list(people)), (EVENT, list(events)), (PERSON_VIEW, list(views))):
            columns = {name: pa.array([row.get(name) for row in rows]) for name in table.column_names}
            tables[table.name] = lake.write(table, pa.table(columns))
        version = Version(1, "v", NOW, tables, {}, (), {}, {}, buckets=1)
        grant = mint_grant(actor="system", role=Role.SYSTEM, purpose=Purpose.RESEARCH, persons=None, now=NOW)
        return lambda *asked: pa.concat_tables(list(run(lake, version, grant, *asked)))

    return over


def met(compute: Compute, cohort: Cohort = COHORT) -> dict[int, int]:
    """How many criteria each person meets before the first that fails."""
    seen: list[pa.Table] = []

    def spy(*asked: Any) -> pa.Table:
        seen.append(compute(*asked))
        return seen[-1]

    count_cohort(cohort, INDEX, spy)
    return {int(row["person_id"], 16): row["met"] for row in seen[0].to_pylist()}


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        (member(1), 4),
        ([], 1),
        ([event(1, "Y//1", "2026-06-30")], 1),
        ([event(1, "X//1", "2026-07-01"), event(1, "Y//1", "2026-06-30")], 1),
        ([event(1, "X//1", "2001-01-01"), event(1, "Y//1", "2025-06-30")], 2),
        ([event(1, "X//1", "2001-01-01"), event(1, "Y//1", "2025-07-01")], 4),
        ([event(1, "X//1", "2001-01-01"), event(1, "Y//no", "2026-06-30")], 2),
        ([*member(1), event(1, "W//1", "2026-01-01")], 3),
        ([*member(1), event(1, "W//1", "2025-06-30")], 4),
        ([*member(1), event(1, "W//1", "2026-07-01")], 4),
        ([event(1, "X//1", "2001-01-01", superseded_at=NOW), event(1, "Y//1", "2026-06-30")], 1),
    ],
)
def test_windows_are_half_open_and_end_at_the_index_date(
    compute: Callable[..., Compute], events: list[Row], wanted: int
) -> None:
    assert met(compute([person(1)], events)) == {1: wanted}


@pytest.mark.parametrize(
    ("born", "wanted"),
    [(date(2008, 8, 1), 0), (date(2008, 7, 1), 4), (date(1951, 8, 1), 4), (date(1951, 7, 1), 0)],
)
def test_ages_are_completed_years(compute: Callable[..., Compute], born: date, wanted: int) -> None:
    assert met(compute([person(1, born)], member(1))) == {1: wanted}


def test_who_is_in_the_population(compute: Callable[..., Compute]) -> None:
    people = [
        person(1),
        person(2, practice=None),
        person(3, death_date=date(2026, 6, 30)),
        person(4, death_date=INDEX),
        person(5, born=INDEX),
        person(6) | {"birth_month": None},
        person(7),
        person(8),
    ]
    views = [
        {"bucket": 0, "view": "lenient", "person_id": f"{n:032x}", "view_id": f"{7:032x}", "joined_to": None}
        | {"link_probability": 1.0, "probability": 1.0}
        for n in (7, 8)
    ]
    opted_out = event(8, "OPT_OUT//type-1", "2026-01-01") | {"time": None}
    assert met(compute(people, [opted_out], views)).keys() == {1, 4}, "an opt-out on any record of a person counts"


def test_people_who_are_one_for_research_are_one(compute: Callable[..., Compute]) -> None:
    views = [
        {"bucket": 0, "view": "lenient", "person_id": f"{n:032x}", "view_id": f"{1:032x}", "joined_to": None}
        | {"link_probability": 1.0, "probability": 1.0}
        for n in (1, 2)
    ]
    events = [event(1, "X//1", "2001-01-01"), event(2, "Y//1", "2026-06-30")]
    assert met(compute([person(1), person(2)], events, views)) == {1: 4}


def test_counts_fall_step_by_step_and_small_ones_are_not_told(compute: Callable[..., Compute]) -> None:
    people = [person(n) for n in range(43)]
    events = [row for n in range(23) for row in member(n)] + [event(n, "W//1", "2026-01-01") for n in range(3, 23)]
    counted = count_cohort(COHORT, INDEX, compute(people, events))
    assert [row["people"] for row in counted.rows] == [45, 45, 25, 25, None]
    assert [row["step"] for row in counted.rows] == [0, 1, 2, 3, 4]
    assert counted.summary["cohort_sha256"] == cohort_hash([f"{n:032x}" for n in range(3)])


def test_the_index_date_is_what_all_sources_tell_of() -> None:
    covers = {"gp": date(2026, 6, 30), "hospital": date(2026, 7, 9), "social_care": date(2026, 1, 1)}
    assert index_date_of(COHORT, covers) == INDEX
    assert index_date_of(COHORT, {"gp": date(2026, 6, 30)}) is None


@pytest.mark.parametrize(
    "wrong",
    [{"criteria": ()}, {"sources": ()}, {"criteria": (OfAge("x", -1),)}, {"criteria": (HasCode("x", ILL, -9),)}],
)
def test_what_cannot_be_counted_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Cohort(**{"id": "c", "title": "C", "question": "?", "sources": ("gp",), "criteria": COHORT.criteria} | wrong)
    assert caught.value.code == "cohort-not-valid"


def test_every_declared_cohort_compiles(compute: Callable[..., Compute]) -> None:
    for cohort in COHORTS.values():
        assert met(compute([person(1)], []), cohort) == {1: 1}
