"""Does a caseload come out of a real record, under a grant, with the audit written first?"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.action.caseload import read_caseload
from washhouse.core.errors import RefusedError
from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Purpose, Role, mint_grant
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.buckets import bucket_of
from washhouse.record.reader import Record, open_record
from washhouse.record.tables import TABLES

TODAY = date(2026, 7, 1)
BUCKETS = 2
ANN, BOB, CAT, DAN = (f"{number:08x}" + "a" * 24 for number in range(4))
WHY = [{"feature": "missed_28d", "text": "Missed 2 contacts", "value": 2, "contribution": 0.5, "event_refs": ["c1"]}]


def score(person: str, day: date, risk: float | None) -> dict[str, Any]:
    common = {"person_id": person, "model": "crisis", "model_version": "v1", "index_date": day}
    if risk is None:
        return {**common, "status": "in-crisis-care"}
    figures = {"risk": risk, "risk_lower": risk / 2, "risk_upper": risk * 2, "rank": 1, "points": 3.0}
    return {**common, "status": "scored", **figures, "reasons": json.dumps(WHY)}


def event(person: str, time: datetime, code: str, row: int) -> dict[str, Any]:
    known = {"recorded_at": time + timedelta(hours=17), "recorded_assumed": False}
    origin = {"source": "mental_health", "source_file": "b/MHS201CareContact.csv", "source_row": row}
    return {"person_id": person, "time": time, "code": code, "ref": f"c{row}", **known, **origin}


ROWS: dict[str, list[dict[str, Any]]] = {
    "person": [{"person_id": person, "sources": "mental_health"} for person in (ANN, BOB, CAT, DAN)],
    "event": [
        event(ANN, datetime(2026, 6, 10, 10), "MHS_CONTACT//5", 1),
        event(ANN, datetime(2026, 6, 28, 10), "MHS_CONTACT//3", 2),
        event(DAN, datetime(2026, 6, 28, 10), "MHS_CONTACT//3", 3),
    ],
    "score": [
        *(score(person, TODAY, risk) for person, risk in ((ANN, 0.2), (BOB, 0.04), (CAT, None), (DAN, 0.9))),
        score(ANN, TODAY - timedelta(7), 0.04),
    ],
}


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """A function from the people of a grant to a record, and the desk behind it."""
    lake = Lake(tmp_path / "lake")
    versions = {}
    for table in TABLES:
        schema = arrow_schema(table)
        rows = [{**dict.fromkeys(schema.names), **row} for row in ROWS.get(table.name, [])]
        for row in rows:
            row |= {"bucket": bucket_of(row["person_id"], BUCKETS)}
        versions[table.name] = lake.write(table, pa.Table.from_pylist(rows, schema))
    as_of = {"mental_health": TODAY - timedelta(1)}
    now = datetime(2026, 7, 1, 9)
    version = Version(1, "v1", now, versions, {}, (), as_of, {"crisis": "v1"}, BUCKETS)
    desk = open_desk(tmp_path / "desk.db")

    def record(*people: str) -> Record:
        grant = mint_grant(
            actor="cc1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=frozenset(people), now=now
        )
        return open_record(lake, version, grant, AuditTrail(desk, clock=lambda: now))

    yield record, desk
    desk.close()


def test_a_caseload_of_the_people_in_ones_care(opened: Any) -> None:
    record, _ = opened
    caseload = read_caseload(record(ANN, BOB, CAT), [ANN, BOB, CAT], today=TODAY)
    assert [row.person_id for row in caseload.ranked] == [ANN, BOB]
    assert [row.person_id for row in caseload.in_crisis_care] == [CAT]
    first = caseload.ranked[0]
    assert first.last_contact == date(2026, 6, 10)
    assert first.news == ("Missed a contact on 28 June",)
    assert first.shifts[0] == "Up from 1 to 5 of 25"
    assert first.reasons[0].event_refs == ("c1",)
    assert caseload.as_of == {"mental_health": date(2026, 6, 30)}


def test_nobody_else_is_read(opened: Any) -> None:
    record, _ = opened
    with pytest.raises(RefusedError):
        read_caseload(record(ANN), [ANN, DAN], today=TODAY)


def test_everybody_shown_is_in_the_audit(opened: Any) -> None:
    record, desk = opened
    read_caseload(record(ANN, BOB), [ANN, BOB], today=TODAY)
    with desk.reading() as session:
        subjects = {row.subject for row in session.scalars(select(AuditRow))}
    assert {ANN, BOB} <= subjects
    assert DAN not in subjects
