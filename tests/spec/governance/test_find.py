"""Finding whoever presents: what matches, who is kept back, and what is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.models import AuditRow
from washhouse.governance.audit import AuditTrail
from washhouse.governance.find import MOST_FOUND, Asked, Found, find_person
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant
from washhouse.governance.reveal import IdentityIndex

NOW = datetime(2026, 7, 1, 2, 0)
BORN = date(1980, 2, 3)
ANN, BOB, CAT, DAN = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
MANY = [f"{place:032x}" for place in range(MOST_FOUND + 1)]
PEOPLE = [
    # person, first name, surname, birth date, number, restricted
    (ANN, "Katherine", "O'Brien", BORN, "9434765919", False),
    (BOB, "Renée", "Müller", BORN, "9434765870", False),
    (CAT, "Kit", "Hidden", BORN, "9434765838", True),
    (DAN, None, "O'Brien", None, None, False),
    *((person, "Sam", "Smith", BORN, None, False) for person in MANY),
]
KATE = {"surname": "o brien", "first_name": "Kate", "birth_date": BORN}


@pytest.fixture(scope="module")
def identities() -> IdentityIndex:
    names = ("person_id", "first_name", "surname", "birth_date", "nhs_number", "restricted")
    columns: dict[str, Any] = dict(zip(names, map(list, zip(*PEOPLE, strict=True)), strict=True))
    people = columns.pop("person_id")
    key = {"source": ["gp"] * len(people), "source_id": [str(place) for place in range(len(people))]}
    none = {name: pa.nulls(len(people), pa.string()) for name in ("address", "postcode", "phone")}
    members = pa.table({**key, "person_id": people, "valid_to": pa.nulls(len(people), pa.date32())})
    return IdentityIndex(pa.table({**key, **columns, **none}), members)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    yield opened
    opened.close()


def crisis(*persons: str) -> Grant:
    role = {"role": Role.CRISIS_CLINICIAN, "purpose": Purpose.DIRECT_CARE}
    return mint_grant(actor="CR1", persons=persons, now=NOW, **role)


def find(desk: Desk, identities: IdentityIndex, grant: Grant | None = None, **asked: Any) -> Found:
    return find_person(grant or crisis(), Asked(**asked), identities, AuditTrail(desk), NOW)


def audited(desk: Desk) -> list[AuditRow]:
    with desk.reading() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.seq)))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"nhs_number": "943 476 5919"}, [ANN]),
        ({"nhs_number": "9434765919", "surname": "Wrong"}, [ANN]),
        (KATE, [ANN]),
        ({**KATE, "first_name": "kit"}, [ANN]),
        ({**KATE, "first_name": "Ann"}, []),
        ({**KATE, "surname": "Brien"}, []),
        ({**KATE, "birth_date": date(1980, 3, 2)}, []),
        ({"surname": "MULLER", "first_name": "Renee", "birth_date": BORN}, [BOB]),
        ({"nhs_number": "9434765838"}, []),
        ({"surname": "Hidden", "first_name": "Kit", "birth_date": BORN}, []),
        ({"surname": "Smith", "first_name": "Sam", "birth_date": BORN}, []),
    ],
)
def test_who_is_found(desk: Desk, identities: IdentityIndex, asked: dict[str, Any], found: list[str]) -> None:
    answer = find(desk, identities, **asked)
    assert [one.person_id for one in answer.people] == found
    assert answer.too_many is (asked.get("surname") == "Smith")
    rows = audited(desk)
    assert [(row.action, row.outcome, row.subject) for row in rows] == [
        ("find-person", "allow", person) for person in found or [None]
    ]
    detail = json.loads(rows[0].detail)
    assert detail["by"] == ("nhs-number" if "nhs_number" in asked else "name-and-birth-date")
    del detail["grant"]  # a grant's random id holds any three digits one day
    for typed in ("943", "Kate", "1980", "Hidden"):
        assert typed not in json.dumps(detail)


def test_enough_is_told_to_know_that_it_is_them(desk: Desk, identities: IdentityIndex) -> None:
    (one,) = find(desk, identities, nhs_number="9434765919").people
    assert (one.name, one.birth_date, one.number_ends, one.relation) == ("Katherine O'Brien", BORN, "919", "none")
    assert not any(word in repr(one) for word in ("Brien", "1980", "919"))


def test_restricted_people_are_found_by_their_own_care(desk: Desk, identities: IdentityIndex) -> None:
    (one,) = find(desk, identities, crisis(CAT), nhs_number="9434765838").people
    assert (one.person_id, one.relation) == (CAT, "care")


@pytest.mark.parametrize(
    "asked",
    [{}, {"nhs_number": "9434765918"}, {"nhs_number": "943"}, {**KATE, "birth_date": None}, {**KATE, "surname": " - "}],
)
def test_too_little_is_no_question(desk: Desk, identities: IdentityIndex, asked: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        find(desk, identities, **asked)
    assert caught.value.code == "find-person-invalid"
    assert "943" not in caught.value.message and audited(desk) == []


def test_other_roles_find_nobody(desk: Desk, identities: IdentityIndex) -> None:
    grant = mint_grant(actor="CP1", role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=[ANN], now=NOW)
    with pytest.raises(RefusedError) as caught:
        find(desk, identities, grant, nhs_number="9434765919")
    assert caught.value.code == "not-permitted"
    assert [row.outcome for row in audited(desk)] == ["deny"]


def test_without_an_audit_nobody_is_shown(desk: Desk, identities: IdentityIndex) -> None:
    with desk.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(HomeError):
        find(desk, identities, nhs_number="9434765919")
