"""Which of a sender's ids opens a person's record, for whom, at which address, and what stands in the audit first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.core.errors import HomeError, RefusedError
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant, system_grant
from washhouse.governance.patient_record import LocalIds, address_fault, open_patient_record, read_local_ids

NOW = datetime(2026, 7, 1, 9, 0)
ANN, BOB, CAT, DAN, EVE = (letter * 32 for letter in "abcde")
URL = "https://epr.example/patients/{local_id}?tab=1"

# fmt: off
RECORDS = [
    # source, id, kind, last seen, whose, until
    ("mental_health", "m1", "clear", 3, ANN, None),
    ("mental_health", "m9", "clear", 5, ANN, None),
    ("gp", "g1", "clear", 6, ANN, None),
    ("mental_health", "../x?y#z", "clear", 3, BOB, None),
    ("mental_health", "m3", "clear", 3, CAT, 4),
    ("mental_health", "regional", "pseudonym", 3, DAN, None),
    ("mental_health", "..", "clear", 3, EVE, None),
]
# fmt: on
IDENTITY = pa.Table.from_pylist(
    [
        {"source": source, "source_id": local, "identity_kind": kind, "last_seen": datetime(2026, 1, seen)}
        for source, local, kind, seen, _, _ in RECORDS
    ]
)
MEMBERSHIP = pa.Table.from_pylist(
    [
        {"source": source, "source_id": local, "person_id": who, "valid_to": until and datetime(2026, 1, until)}
        for source, local, _, _, who, until in RECORDS
    ]
)


@pytest.fixture
def local_ids() -> LocalIds:
    return LocalIds(IDENTITY, MEMBERSHIP, "mental_health")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    yield opened
    opened.close()


def clinician(*persons: str) -> Grant:
    return mint_grant(actor="CP1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=persons, now=NOW)


def manager(*persons: str) -> Grant:
    return mint_grant(actor="M1", role=Role.TEAM_MANAGER, purpose=Purpose.SUPERVISION, persons=persons, now=NOW)


def audited(desk: Desk) -> list[tuple[str | None, str, str]]:
    with desk.reading() as session:
        return [(row.subject, row.action, row.outcome) for row in session.scalars(select(AuditRow))]


@pytest.mark.parametrize(
    ("person", "address"),
    [
        (ANN, "https://epr.example/patients/m9?tab=1"),  # the record that the sender showed last
        (BOB, "https://epr.example/patients/..%2Fx%3Fy%23z?tab=1"),
        (CAT, None),  # the record is somebody else's by now
        (DAN, None),  # a pseudonym
        (EVE, None),  # no id, but a step up the path
        ("0" * 32, None),
        ("f" * 32, None),
    ],
)
def test_the_address_of_each_persons_record(local_ids: LocalIds, desk: Desk, person: str, address: str | None) -> None:
    assert open_patient_record(clinician(person), person, local_ids, URL, AuditTrail(desk), NOW) == address
    assert audited(desk) == [(person, "open-patient-record", "allow")]


@pytest.mark.parametrize(
    ("grant", "at", "code"),
    [
        (clinician(ANN), NOW, ""),
        (manager(ANN), NOW, ""),
        (clinician(BOB), NOW, "not-permitted"),
        (manager(BOB), NOW, "not-permitted"),
        (clinician(ANN), NOW + timedelta(minutes=30), "grant-expired"),
        (system_grant(NOW), NOW, "not-permitted"),
    ],
)
def test_who_may_open_anns_record(local_ids: LocalIds, desk: Desk, grant: Grant, at: datetime, code: str) -> None:
    if not code:
        assert open_patient_record(grant, ANN, local_ids, URL, AuditTrail(desk), at)
        return
    with pytest.raises(RefusedError) as caught:
        open_patient_record(grant, ANN, local_ids, URL, AuditTrail(desk), at)
    assert caught.value.code == code
    assert [outcome for _, _, outcome in audited(desk)] == ["deny"]


def test_without_an_audit_nothing_is_opened(local_ids: LocalIds, desk: Desk) -> None:
    with desk.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(HomeError) as caught:
        open_patient_record(clinician(ANN), ANN, local_ids, URL, AuditTrail(desk), NOW)
    assert caught.value.code == "audit-unwritable"


def test_ids_do_not_print_themselves_and_an_unknown_sender_has_none(local_ids: LocalIds) -> None:
    assert repr(local_ids) == "LocalIds(3 people)"
    assert len(LocalIds(IDENTITY, MEMBERSHIP, "social_care")) == 0


def test_the_ids_are_those_of_the_versions_own_generations() -> None:
    class Tables:
        def read(self, table: str, generation: str, columns: list[str] | None = None) -> pa.Table:
            return {("identity", "g1"): IDENTITY, ("membership", "g2"): MEMBERSHIP}[table, generation].select(columns)

    assert len(read_local_ids(Tables(), {"identity": "g1", "membership": "g2"}, "gp")) == 1
    with pytest.raises(HomeError):
        read_local_ids(Tables(), {"identity": "g1"}, "gp")


@pytest.mark.parametrize(
    ("template", "is_address"),
    [
        ("https://epr.example/patients/{local_id}", True),
        ("https://epr.example:8443/open?id={local_id}&from=washhouse#summary", True),
        ("https://epr/#/patients/{local_id}", True),
        ("", False),
        ("http://epr.example/{local_id}", False),
        ("javascript:alert('{local_id}')", False),
        ("//epr.example/{local_id}", False),
        ("https://{local_id}.example/", False),
        ("https://user:word@epr.example/{local_id}", False),
        ("https://epr.example;script-src/{local_id}", False),
        ("https://epr.example\\@elsewhere.example/{local_id}", False),
        ("https:///patients/{local_id}", False),
        ("https://epr.example/patients", False),
        ("https://epr.example/{local_id}/{local_id}", False),
        ("https://epr.example/{nhs_number}/{local_id}", False),
        ("https://epr.example/a b/{local_id}", False),
        ("https://epr.example/{local_id}\nX-Header: 1", False),
    ],
)
def test_what_is_an_address_of_a_patient_record(template: str, is_address: bool) -> None:
    assert (address_fault(template) == "") is is_address
