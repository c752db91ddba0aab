"""A small record: three invented people in a lake of four buckets, a desk with its audit, grants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant, system_grant
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.record.buckets import bucket_of
from washhouse.record.reader import Record, open_record
from washhouse.record.tables import TABLES

NOW = datetime(2026, 7, 1, 9)
BUCKETS = 4
ANN, BOB, CAT, OLD = ("0000000" + digit + digit * 24 for digit in "0129")


def event(person: str, day: str, code: str, row: int, **more: Any) -> dict[str, Any]:
    happened = datetime.fromisoformat(day)
    return {
        "person_id": person,
        "time": happened,
        "recorded_at": happened,
        "recorded_assumed": False,
        "code": code,
        "source": "gp",
        "source_file": "2026-06-01/journal.csv",
        "source_row": row,
        **more,
    }


def tie(person: str, other: str, kind: str, via: str | None = None, **more: Any) -> dict[str, Any]:
    words = {"evidence": f"same {kind}", "source": "gp"}
    return {"person_id": person, "other": other, "kind": kind, "via": via, "since": date(2026, 1, 1), **words, **more}


ROWS: dict[str, list[dict[str, Any]]] = {
    "person": [
        {"person_id": person, "birth_month": date(1980, 2, 1), "sex": "female", "sources": "gp"}
        for person in (ANN, BOB, CAT)
    ],
    "event": [
        event(ANN, "2026-01-05", "SNOMED//1", 1),
        event(ANN, "2026-02-05", "SNOMED//2", 2),
        event(ANN, "2026-03-05", "SNOMED//3", 3),
        event(BOB, "2026-01-05", "SNOMED//1", 4),
    ],
    "relation": [
        tie(ANN, "N99001", "practice", since=date(2001, 1, 1)),
        tie(ANN, "T1", "team"),
        tie(ANN, BOB, "household", "a" * 32),
        tie(ANN, CAT, "household", "a" * 32),
        tie(ANN, CAT, "phone", "b" * 32, until=date(2026, 3, 1)),
        tie(BOB, ANN, "household", "a" * 32),
        tie(BOB, CAT, "household", "a" * 32),
    ],
    "care_relation": [
        {"person_id": ANN, "team": "T1", "worker": "CC1", "since": date(2026, 1, 1)},
        {"person_id": BOB, "team": "T1", "worker": None, "since": date(2026, 1, 1)},
        {"person_id": CAT, "team": "T2", "worker": "CC1", "since": date(2026, 1, 1), "until": date(2026, 6, 1)},
    ],
    "person_view": [],
    "retired": [{"old": OLD, "new": ANN}],
    "score": [
        {"person_id": ANN, "model": "crisis", "model_version": "1", "index_date": date(2026, 7, 1), "status": "scored"},
        {
            "person_id": ANN,
            "model": "crisis",
            "model_version": "1",
            "index_date": date(2026, 6, 24),
            "status": "scored",
        },
        {"person_id": BOB, "model": "crisis", "model_version": "1", "index_date": date(2026, 7, 1), "status": "scored"},
    ],
    "batch": [],
    "quality": [],
    "watch": [],
    "indicator": [],
    "attrition": [],
    "quarantine": [
        {
            "source": source,
            "batch": batch,
            "file": "f.csv",
            "row": 1,
            "rule": "bad-date",
            "severity": "quarantine",
            "reason": reason,
        }
        for source, batch, reason in (
            ("gp", "2026-06-01", "not a date"),
            ("gp", "2026-07-01", "not a date. So do 40000 more rows of the file."),
            ("hospital", "2026-06-15", "not a date"),
        )
    ],
}


@dataclass
class World:
    lake: Lake
    version: Version
    trail: AuditTrail
    desk: Any

    def open(self, grant: Grant) -> Record:
        return open_record(self.lake, self.version, grant, self.trail)

    def clinician(self, *persons: str) -> Grant:
        return mint_grant(actor="CC1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=persons, now=NOW)

    def steward(self) -> Grant:
        return mint_grant(actor="S1", role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW)

    def system(self) -> Grant:
        return system_grant(NOW)

    def audited(self) -> list[tuple[str, str | None, str]]:
        with self.desk.reading() as session:
            rows = session.scalars(select(AuditRow).order_by(AuditRow.seq))
            return [(row.action, row.subject, row.outcome) for row in rows]


@pytest.fixture
def world(tmp_path: Path):
    lake = Lake(tmp_path / "lake")
    versions = {}
    for table in TABLES:
        rows = [dict(row) for row in ROWS[table.name]]
        for row in rows:
            if "bucket" in table.column_names:
                row["bucket"] = bucket_of(row["person_id"], BUCKETS)
            if table.name == "care_relation":
                row |= {"source": "mental_health", "source_file": "2026-06-02/MHS006MHCareCoord.csv", "source_row": 1}
        columns = {name: [row.get(name) for row in rows] for name in table.column_names}
        versions[table.name] = lake.write(table, pa.table({name: pa.array(values) for name, values in columns.items()}))
    desk = open_desk(tmp_path / "desk.db")
    yield World(
        lake=lake,
        version=Version(
            number=1,
            id="v000001-test",
            published_at=NOW,
            tables=versions,
            vault={},
            batches=(),
            as_of={"gp": date(2026, 6, 1)},
            models={},
            buckets=BUCKETS,
        ),
        trail=AuditTrail(desk, clock=lambda: NOW),
        desk=desk,
    )
    desk.close()
