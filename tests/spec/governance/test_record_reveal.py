"""What link review shows of a record, to whom, how many at a time, and what stands in the audit first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.core.errors import HomeError, RefusedError
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant, system_grant
from washhouse.governance.record_reveal import PLACES, RecordIndex, read_record_index, reveal_records
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.review_tables import REVIEW_RECORD

NOW = datetime(2026, 7, 1, 9, 0)
ANN, BOB = "a" * 32, "b" * 32
ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32


def row(key: str, person: str, **rest: Any) -> dict[str, Any]:
    known = {
        "record_key": key, "person_id": person, "source": "gp", "records": 3, "first_name": "Ann", "surname": "New",
        "nhs_number": "9434765919", "birth_date": date(1980, 2, 3), "address": "1 High St", "postcode": "M1 1AA",
        "phone": "0100", "uprn": "10", "practice": "P1", "restricted": False, "first_seen": NOW, "last_seen": NOW,
    }  # fmt: skip
    return {**dict.fromkeys(REVIEW_RECORD.column_names), **known, **rest}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(REVIEW_RECORD))


@pytest.fixture
def index() -> RecordIndex:
    return RecordIndex(table(row(ONE, ANN), row(TWO, BOB, restricted=True), row(THREE, BOB, surname=None)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    yield opened
    opened.close()


def steward() -> Grant:
    return mint_grant(actor="S1", role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW)


def audited(desk: Desk) -> list[tuple[str | None, str, str]]:
    with desk.reading() as session:
        return [(row.subject, row.action, row.outcome) for row in session.scalars(select(AuditRow))]


def test_a_record_is_shown_as_it_was_sent(index: RecordIndex, desk: Desk) -> None:
    shown = reveal_records(steward(), [ONE, THREE], index, AuditTrail(desk), NOW)
    assert shown[ONE].values["surname"] == "New" and shown[THREE].values["surname"] is None
    assert (shown[ONE].source, shown[ONE].others) == ("gp", 2)
    assert set(PLACES) <= shown[ONE].values.keys()


def test_where_a_restricted_person_is_stays_withheld(index: RecordIndex, desk: Desk) -> None:
    shown = reveal_records(steward(), [TWO], index, AuditTrail(desk), NOW)[TWO]
    assert shown.restricted
    assert not set(PLACES) & shown.values.keys()
    assert shown.values["first_name"] == "Ann"


def test_each_record_stands_in_its_persons_audit_first(index: RecordIndex, desk: Desk) -> None:
    audit = AuditTrail(desk)
    reveal_records(steward(), [ONE, TWO], index, audit, NOW)
    assert audited(desk) == [(ANN, "reveal-records", "allow"), (BOB, "reveal-records", "allow")]
    assert [viewing.actor for viewing in audit.viewers(ANN)] == ["S1"]


def test_the_audit_holds_no_value(index: RecordIndex, desk: Desk) -> None:
    grant = steward()
    reveal_records(grant, [ONE], index, AuditTrail(desk), NOW)
    with desk.reading() as session:
        (held,) = session.scalars(select(AuditRow)).all()
    assert json.loads(held.detail) == {"grant": grant.id, "record": ONE}


def test_three_records_are_refused_and_written_down(index: RecordIndex, desk: Desk) -> None:
    with pytest.raises(RefusedError) as caught:
        reveal_records(steward(), [ONE, TWO, THREE], index, AuditTrail(desk), NOW)
    assert caught.value.code == "record-reveal-limit"
    assert audited(desk) == [(None, "reveal-records", "deny")]


@pytest.mark.parametrize(
    ("grant", "at", "code"),
    [
        (steward(), NOW + timedelta(minutes=30), "grant-expired"),
        (system_grant(NOW), NOW, "not-permitted"),
        (
            mint_grant(actor="c", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=[ANN], now=NOW),
            NOW,
            "not-permitted",
        ),
    ],
)
def test_only_a_steward_whose_grant_holds_sees_records(
    index: RecordIndex, desk: Desk, grant: Grant, at: datetime, code: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        reveal_records(grant, [ONE], index, AuditTrail(desk), at)
    assert caught.value.code == code
    assert [outcome for _, _, outcome in audited(desk)] == ["deny"]


def test_unknown_records_are_left_out(index: RecordIndex, desk: Desk) -> None:
    assert list(reveal_records(steward(), ["f" * 32, ONE], index, AuditTrail(desk), NOW)) == [ONE]
    assert reveal_records(steward(), [ONE], RecordIndex(None), AuditTrail(desk), NOW) == {}


def test_without_an_audit_nothing_is_shown(index: RecordIndex, desk: Desk) -> None:
    with desk.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(HomeError) as caught:
        reveal_records(steward(), [ONE], index, AuditTrail(desk), NOW)
    assert caught.value.code == "audit-unwritable"


def test_records_do_not_print_themselves(index: RecordIndex, desk: Desk) -> None:
    shown = reveal_records(steward(), [ONE], index, AuditTrail(desk), NOW)
    for text in (repr(index), repr(shown[ONE]), str(shown)):
        assert not any(word in text for word in ("New", "9434765919", "High", "1980"))


def test_the_index_reads_the_versions_own_generation() -> None:
    class Tables:
        def read(self, table_name: str, generation: str, columns: list[str] | None = None) -> pa.Table:
            assert (table_name, generation) == ("review_record", "g7")
            return table(row(ONE, ANN))

    assert ONE in read_record_index(Tables(), {"review_record": "g7"})
    assert len(read_record_index(Tables(), {"identity": "g1"})) == 0
