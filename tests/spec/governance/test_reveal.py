"""What a reveal shows, of whom, and what stands in the audit before it does."""

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
from washhouse.governance.reveal import WITHHELD, IdentityIndex, RevealedIdentity, read_index, reveal
from washhouse.sources.identity import IDENTITY

NOW = datetime(2026, 7, 1, 9, 0)
ANN, BOB, CAT, DAN = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
BORN = date(1980, 2, 3)

_FIELDS = ("nhs_number", "first_name", "surname", "address", "postcode", "phone")
IDENTITY_SCHEMA = pa.schema(
    [("source", pa.string()), ("source_id", pa.string()), ("birth_date", pa.date32()), ("restricted", pa.bool_())]
    + [(name, pa.string()) for name in _FIELDS]
)
MEMBERSHIP_SCHEMA = pa.schema(
    [("source", pa.string()), ("source_id", pa.string()), ("person_id", pa.string()), ("valid_to", pa.timestamp("us"))]
)


def record(source: str, source_id: str, **fields: Any) -> dict[str, Any]:
    return {"restricted": False, **fields, "source": source, "source_id": source_id}


IDENTITIES = [
    record("hospital", "h1", first_name="Anne", surname="Old", birth_date=BORN, phone="0100", postcode="M9 9ZZ"),
    record("gp", "g1", first_name="Ann", surname="New", birth_date=BORN, address="1 High St", postcode="M1 1AA"),
    record("mental_health", "m1", nhs_number="9434765919", address="2 Low St", postcode="M2 2BB"),
    record("hospital", "pseudonym"),
    record("gp", "g2", first_name="Bob", surname="Hidden", address="3 Safe St", postcode="M3 3CC", phone="0200"),
    record("social_care", "s2", restricted=True),
    record("social_care", "s3", surname="Cat"),
    record("gp", "g9", first_name="Nobody's"),
]
MEMBERS = [
    ("hospital", "h1", ANN, None), ("gp", "g1", ANN, None), ("mental_health", "m1", ANN, None),
    ("gp", "g2", BOB, None), ("social_care", "s2", BOB, None),
    ("social_care", "s3", CAT, None), ("social_care", "s3", ANN, datetime(2026, 1, 1)),
    ("hospital", "pseudonym", DAN, None),
]  # fmt: skip


def tables(identities: list[dict[str, Any]], members: list[tuple[Any, ...]]) -> tuple[pa.Table, pa.Table]:
    rows = [dict(zip(MEMBERSHIP_SCHEMA.names, row, strict=True)) for row in members]
    return (
        pa.Table.from_pylist(identities, schema=IDENTITY_SCHEMA),
        pa.Table.from_pylist(rows, schema=MEMBERSHIP_SCHEMA),
    )


@pytest.fixture
def index() -> IdentityIndex:
    return IdentityIndex(*tables(IDENTITIES, MEMBERS))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    yield opened
    opened.close()


def clinician(*persons: str) -> Grant:
    return mint_grant(actor="CP1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=persons, now=NOW)


def audited(desk: Desk) -> list[tuple[str | None, str, str]]:
    with desk.reading() as session:
        return [(row.subject, row.action, row.outcome) for row in session.scalars(select(AuditRow))]


def test_each_field_comes_from_the_most_trusted_source_that_has_it(index: IdentityIndex, desk: Desk) -> None:
    shown = reveal(clinician(ANN), [ANN], index, AuditTrail(desk), NOW)
    assert shown == {
        ANN: RevealedIdentity(ANN, "Ann New", BORN, "9434765919", "1 High St, M1 1AA", "0100", restricted=False)
    }


def test_a_restricted_address_and_phone_are_withheld_whoever_says_so(index: IdentityIndex, desk: Desk) -> None:
    shown = reveal(clinician(BOB), [BOB], index, AuditTrail(desk), NOW)
    assert shown[BOB] == RevealedIdentity(BOB, "Bob Hidden", None, None, None, None, restricted=True, note=WITHHELD)


def test_what_no_source_sends_is_empty(index: IdentityIndex, desk: Desk) -> None:
    shown = reveal(clinician(CAT, DAN), [CAT, DAN], index, AuditTrail(desk), NOW)
    assert shown[CAT].name == "Cat" and shown[CAT].address is None
    assert shown[DAN] == RevealedIdentity(DAN, None, None, None, None, None, restricted=False)


def test_a_past_membership_reveals_nothing(index: IdentityIndex, desk: Desk) -> None:
    assert len(index) == 4
    assert reveal(clinician(ANN), [ANN], index, AuditTrail(desk), NOW)[ANN].name == "Ann New"


def test_people_without_an_identity_are_left_out(index: IdentityIndex, desk: Desk) -> None:
    unknown = ["0" * 32, "f" * 32, "b" * 31, "b" * 33]
    assert list(reveal(clinician(*unknown, BOB), [*unknown, BOB], index, AuditTrail(desk), NOW)) == [BOB]
    assert reveal(clinician(), [], index, AuditTrail(desk), NOW) == {}


def test_an_empty_index_reveals_nobody(desk: Desk) -> None:
    empty = IdentityIndex(*tables([], []))
    assert len(empty) == 0
    assert reveal(clinician(ANN), [ANN], empty, AuditTrail(desk), NOW) == {}


def test_one_event_a_person_is_committed_first(index: IdentityIndex, desk: Desk) -> None:
    reveal(clinician(ANN, BOB, CAT), [BOB, ANN, BOB], index, AuditTrail(desk), NOW)
    assert audited(desk) == [(ANN, "reveal", "allow"), (BOB, "reveal", "allow")]


def test_one_person_outside_the_grant_refuses_all(index: IdentityIndex, desk: Desk) -> None:
    with pytest.raises(RefusedError) as caught:
        reveal(clinician(ANN), [ANN, BOB], index, AuditTrail(desk), NOW)
    assert caught.value.code == "not-permitted"
    assert audited(desk) == [(BOB, "reveal", "deny")]


@pytest.mark.parametrize(
    ("grant", "at", "code"),
    [
        (clinician(ANN), NOW + timedelta(minutes=30), "grant-expired"),
        (system_grant(NOW), NOW, "not-permitted"),
        (
            mint_grant(actor="s", role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW),
            NOW,
            "not-permitted",
        ),
    ],
)
def test_a_grant_that_does_not_cover_it_is_refused(
    index: IdentityIndex, desk: Desk, grant: Grant, at: datetime, code: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        reveal(grant, [ANN], index, AuditTrail(desk), at)
    assert caught.value.code == code
    assert [outcome for _, _, outcome in audited(desk)] == ["deny"]


def test_too_many_at_once_are_refused_and_written_down(index: IdentityIndex, desk: Desk) -> None:
    with pytest.raises(RefusedError) as caught:
        reveal(clinician(ANN, BOB), [ANN, BOB], index, AuditTrail(desk), NOW, limit=1)
    assert caught.value.code == "reveal-limit"
    assert audited(desk) == [(None, "reveal", "deny")]


def test_without_an_audit_nothing_is_shown(index: IdentityIndex, desk: Desk) -> None:
    with desk.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(HomeError) as caught:
        reveal(clinician(ANN), [ANN], index, AuditTrail(desk), NOW)
    assert caught.value.code == "audit-unwritable"


def test_identities_do_not_print_themselves(index: IdentityIndex, desk: Desk) -> None:
    shown = reveal(clinician(ANN), [ANN], index, AuditTrail(desk), NOW)
    for text in (repr(index), str(shown), repr(shown[ANN])):
        assert not any(word in text for word in ("New", "9434765919", "High", "1980"))


def test_the_audit_names_the_grant_but_no_value(index: IdentityIndex, desk: Desk) -> None:
    grant = clinician(ANN)
    reveal(grant, [ANN], index, AuditTrail(desk), NOW)
    with desk.reading() as session:
        (row,) = session.scalars(select(AuditRow)).all()
    assert json.loads(row.detail) == {"grant": grant.id, "relation": "care"}
    assert (row.actor, row.role, row.purpose, row.at) == (
        "CP1",
        "clinician",
        "direct-care",
        "2026-07-01T09:00:00.000000Z",
    )


def test_the_index_reads_the_generations_of_one_version() -> None:
    asked: list[tuple[str, str]] = []

    class Tables:
        def read(self, table: str, generation: str, columns: list[str] | None = None) -> pa.Table:
            asked.append((table, generation))
            held = dict(zip(("identity", "membership"), tables(IDENTITIES, MEMBERS), strict=True))
            return held[table].select(columns)

    assert len(read_index(Tables(), {"identity": "g7", "membership": "g8", "edge": "g1"})) == 4
    assert asked == [("identity", "g7"), ("membership", "g8")]
    with pytest.raises(HomeError) as caught:
        read_index(Tables(), {"identity": "g7"})
    assert caught.value.code == "vault-generation-missing"


def test_the_index_fits_the_contract_of_the_vault_table() -> None:
    assert set(IDENTITY_SCHEMA.names) <= set(IDENTITY.column_names)
