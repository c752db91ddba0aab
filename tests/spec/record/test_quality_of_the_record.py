"""A record with one fault in it: the check that is meant finds it, and no other does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.governance.grants import system_grant
from washhouse.lake.engine import LocalEngine, Resources
from washhouse.lake.overlay import STEP
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.record.kernels import run
from washhouse.record.quality import counting
from washhouse.record.quality.contract import Check
from washhouse.record.quality.record_checks import RECORD_CHECKS
from washhouse.record.sums import may_tell_changed, run_on_changed
from washhouse.record.tables import EVENT, EVENT_CHANGE, PERSON

NOW = datetime(2026, 7, 1, 9)
ANN, BOB, NOBODY = "0000000a" * 4, "0000000b" * 4, "0000000c" * 4
NEWEST = pa.table({"source": ["gp", "mental_health"], "as_of": [date(2026, 7, 1), date(2026, 7, 1)]})


def person(person_id: str, **more: Any) -> dict[str, Any]:
    return {
        "bucket": 0,
        "person_id": person_id,
        "birth_month": date(1980, 2, 1),
        "sex": "female",
        "ethnic_category": "A",
        "small_area": "E01000001",
        "practice": "N99001",
        "sources": "gp",
        **more,
    }


def event(code: str, time: str | None, end: str | None = None, person_id: str = ANN, **more: Any) -> dict[str, Any]:
    return {
        "bucket": 0,
        "person_id": person_id,
        "time": datetime.fromisoformat(time) if time else None,
        "end_time": datetime.fromisoformat(end) if end else None,
        "recorded_at": NOW,
        "recorded_assumed": False,
        "code": code,
        "source": "mental_health",
        "source_file": "2026-07-01/f.csv",
        "source_row": 1,
        **more,
    }


PEOPLE = [person(ANN), person(BOB, death_date=date(2026, 3, 1))]
EVENTS = [
    event("MHS_REFERRAL//A06", "2026-01-01", "2026-02-01", ref="r1"),
    event("MHS_CONTACT//5", "2026-01-05", ref="c1", parent_ref="r1"),
    event("MHS_CONTACT//5", "2026-02-07", ref="c2", parent_ref="r1"),
    event("MHS_SPELL//200", "2026-04-01", "2026-04-09", ref="s1"),
    event("MHS_SPELL_METHOD//21", "2026-04-01", ref="s1", parent_ref="r2"),
    event("MHS_SPELL//200", "2026-04-10", ref="s2"),
    event("MHS_REFERRAL//A02", "2026-03-31", ref="r2"),
    event("SNOMED//1", "1980-01-20", source="gp"),
    event("DEATH//1", "2026-03-01", person_id=BOB, source="gp"),
    event("SNOMED//2", "2026-03-30", person_id=BOB, source="gp"),
    event("GP_REGISTRATION//N99001", "2027-01-01", person_id=BOB, source="gp", superseded_at=NOW),
    event("MHS_EMPLOYMENT//01", None),
]
"""Nothing wrong: late letters, a birth recorded just before its month, an open stay, what was corrected since."""

PLANTED: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "event-without-person": ([], [event("SNOMED//1", "2026-01-01", person_id=NOBODY)]),
    "orphan-part": ([], [event("MHS_CONTACT//5", "2026-01-05", ref="c9", parent_ref="r9")]),
    "local-code": ([], [event("LOCAL//x1", "2026-01-05")]),
    "birth-month-missing": ([person(NOBODY, birth_month=None)], []),
    "sex-missing": ([person(NOBODY, sex="unknown")], []),
    "ethnicity-missing": ([person(NOBODY, ethnic_category="Z")], []),
    "area-missing": ([person(NOBODY, small_area=None)], []),
    "practice-missing": ([person(NOBODY, practice=None)], []),
    "event-before-birth": ([], [event("SNOMED//1", "1979-12-30", source="gp")]),
    "event-after-death": ([], [event("SNOMED//1", "2026-04-02", person_id=BOB, source="gp")]),
    "future-event": ([], [event("SNOMED//1", "2026-07-03")]),
    "discharge-before-admission": ([], [event("MHS_SPELL//200", "2026-03-20", "2026-03-19", ref="s9")]),
    "ended-before-begun": ([], [event("MHS_REFERRAL//A06", "2026-03-20", "2026-03-19", ref="r9")]),
    "contact-after-discharge": ([], [event("MHS_CONTACT//5", "2026-02-09", ref="c9", parent_ref="r1")]),
    "part-before-whole": ([], [event("MHS_CONTACT//5", "2025-12-30", ref="c9", parent_ref="r1")]),
    "stay-within-stay": ([], [event("MHS_SPELL//200", "2026-04-05", "2026-04-06", ref="s9")]),
    "death-before-birth": ([person(NOBODY, death_date=date(1980, 1, 1))], []),
    "older-than-anybody": ([person(NOBODY, birth_month=date(1900, 1, 1))], []),
}


def write(lake: Lake, table: Any, rows: list[dict[str, Any]]) -> int:
    columns = {
        column.name: pa.array(
            [row.get(column.name) for row in rows], pa.timestamp("us") if column.type == "timestamp" else None
        )
        for column in table.columns
    }
    return lake.write(table, pa.table(columns))


def version_of(tables: dict[str, int]) -> Version:
    return Version(1, "v", NOW, tables, {}, (), {}, {}, buckets=1)


Ask = Callable[[list[dict[str, Any]], list[dict[str, Any]]], tuple[Counter[str], Counter[str]]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def counted(people: list[dict[str, Any]], events: list[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
        lake = Lake(tmp_path / "lake")
        version = version_of({PERSON.name: write(lake, PERSON, people), EVENT.name: write(lake, EVENT, events)})
        days = pa.concat_tables(run(lake, version, system_grant(NOW), counting.DAYS.kernel))
        told = {"newest_of": NEWEST, "told_day": days}
        failed: Counter[str] = Counter()
        among: Counter[str] = Counter()
        for kernel, extra in ((counting.EVENTS.kernel, {}), (counting.PARTS.kernel, {}), (counting.NOW, told)):
            for part in run(lake, version, system_grant(NOW), kernel, extra=extra):
                for row in part.to_pylist():
                    failed[row["check"]] += row["failed"]
                    among[row["check"]] += row["among"]
        return +failed, +among

    return counted


def test_a_clean_record_breaks_no_check_and_every_check_is_asked(ask: Ask) -> None:
    failed, among = ask(PEOPLE, EVENTS)
    assert failed == {}
    assert among.keys() == {one.check.id for one in RECORD_CHECKS}


def test_there_is_a_planted_fault_for_every_check() -> None:
    assert PLANTED.keys() == {one.check.id for one in RECORD_CHECKS}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found_by_the_check_that_is_meant(ask: Ask, check: str) -> None:
    people, events = PLANTED[check]
    failed, _ = ask([*PEOPLE, *people], [*EVENTS, *events])
    assert failed == {check: 1}


def test_what_a_source_has_corrected_is_no_fault_any_more(ask: Ask) -> None:
    _, events = PLANTED["future-event"]
    failed, _ = ask(PEOPLE, [*EVENTS, *(one | {"superseded_at": NOW} for one in events)])
    assert failed == {}


def test_a_day_that_brings_and_takes_faults_comes_to_what_counting_everybody_comes_to(tmp_path: Path) -> None:
    lake, engine, grant = Lake(tmp_path / "lake"), LocalEngine(Resources(threads=1)), system_grant(NOW)
    sums = (counting.EVENTS, counting.PARTS, counting.DAYS)
    whole = write(lake, EVENT, EVENTS)
    before = version_of({PERSON.name: write(lake, PERSON, PEOPLE), EVENT.name: whole})

    def counted(version: Version) -> list[pa.Table]:
        return [one.of(run(lake, version, grant, one.kernel, engine=engine)) for one in sums]

    kept, seen = counted(before), set()
    asked = [one.check.id for one in RECORD_CHECKS if one.rows in ("event", "part", "span")]
    for day, (people, events) in enumerate([*(PLANTED[check] for check in asked), ([], [])]):
        # The fault of the day before is gone again, and with it one of the rows that were written whole.
        came = [row | {"place": place + 1, "goes": False} for place, row in enumerate(events)]
        went = lake.read(EVENT, whole).slice((day + 2) % len(EVENTS), 1).to_pylist()[0]
        change = [*came, went | {"place": ((day + 2) % len(EVENTS) + 1) * STEP, "goes": True}]
        tables = {PERSON.name: write(lake, PERSON, [*PEOPLE, *people]), EVENT.name: whole}
        now = version_of(tables | {EVENT_CHANGE.name: write(lake, EVENT_CHANGE, change)})
        assert may_tell_changed(before, now)
        (changed,) = run_on_changed(lake, before, now, grant, sums, engine)
        pairs = [changed[one.kernel.name] for one in sums]
        kept = [
            one.of([table, after], less=[former]) for one, table, (former, after) in zip(sums, kept, pairs, strict=True)
        ]
        assert kept == counted(now)
        seen |= {row["check"] for table in kept[:2] for row in table.to_pylist() if row["failed"]}
        before = now
    assert seen == {*asked}


def test_what_was_written_whole_again_is_counted_whole(tmp_path: Path) -> None:
    before = version_of({PERSON.name: 0, EVENT.name: 0, EVENT_CHANGE.name: 3})
    assert may_tell_changed(before, version_of({PERSON.name: 1, EVENT.name: 0, EVENT_CHANGE.name: 4}))
    assert not may_tell_changed(before, version_of({PERSON.name: 1, EVENT.name: 1, EVENT_CHANGE.name: 4}))
    assert not may_tell_changed(before, version_of({PERSON.name: 1, EVENT.name: 0}))


@pytest.mark.parametrize("one", RECORD_CHECKS, ids=lambda one: one.check.id)
def test_every_check_says_what_a_steward_does(one: Any) -> None:
    check: Check = one.check
    assert check.title[0].isupper() and not check.title.endswith(".")
    assert check.advice[-1] in ".?" and len(check.advice) > 40
    assert 0 <= check.limit < 1
