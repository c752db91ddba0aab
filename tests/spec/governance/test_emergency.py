"""Emergency access: what opens, for how long, what is written down with it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from washhouse.core.errors import HomeError, InputError, RefusedError
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.emergency_accesses import due_notices, list_accesses, opened_people
from washhouse.desk.models import AuditRow, User
from washhouse.governance.audit import AuditTrail
from washhouse.governance.emergency import close_emergency, open_in_emergency, review_emergency
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant
from washhouse.governance.policies import MOST_EMERGENCIES
from washhouse.governance.reveal import IdentityIndex

NOW = datetime(2026, 7, 1, 2, 0)
ANN, BOB, CAT = ("a" * 32, "b" * 32, "c" * 32)
HOUR = timedelta(hours=1)
REVIEWED = NOW + 30 * HOUR


@pytest.fixture(scope="module")
def identities() -> IdentityIndex:
    people, key = [ANN, BOB, CAT], {"source": ["gp"] * 3, "source_id": ["1", "2", "3"]}
    told = {name: ["x"] * 3 for name in ("surname", "nhs_number", "address", "postcode", "phone")}
    names = {"first_name": ["Ann", "Bob", "Cat"], "birth_date": [date(1980, 2, 3)] * 3}
    identity = pa.table({**key, **told, **names, "restricted": [False, True, False]})
    return IdentityIndex(identity, pa.table({**key, "person_id": people, "valid_to": pa.nulls(3, pa.date32())}))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    with opened.writing() as session:
        for name in ("CP1", "CP2", "TM1"):
            session.add(User(username=name, role="clinician", display_name=name, active=True, origin="source"))
    yield opened
    opened.close()


def clinician(desk: Desk, now: datetime = NOW, actor: str = "CP1") -> Grant:
    opened = opened_people(desk, actor, now)
    care = {"role": Role.CLINICIAN, "purpose": Purpose.DIRECT_CARE, "persons": [CAT]}
    return mint_grant(actor=actor, now=now, emergency=opened, **care)


def manager(actor: str = "TM1", now: datetime = REVIEWED) -> Grant:
    return mint_grant(actor=actor, role=Role.TEAM_MANAGER, purpose=Purpose.SUPERVISION, persons=[], now=now)


def ask(desk: Desk, identities: IdentityIndex, person: str = ANN, now: datetime = NOW, **changes: Any) -> None:
    said = {"reason": "presents", "note": "Rang at night, Ann is very distressed", "grant": clinician(desk, now)}
    given = {**said, **changes}
    open_in_emergency(
        given.pop("grant"), person, identities=identities, desk=desk, audit=AuditTrail(desk), now=now, **given
    )


def audited(desk: Desk, **where: Any) -> list[AuditRow]:
    with desk.reading() as session:
        rows = list(session.scalars(select(AuditRow).filter_by(**where).order_by(AuditRow.seq)))
        session.expunge_all()
    return rows


def test_one_record_opens_for_an_hour_to_one_user(desk: Desk, identities: IdentityIndex) -> None:
    ask(desk, identities)
    assert opened_people(desk, "CP1", NOW) == {ANN: NOW + HOUR}
    assert opened_people(desk, "CP1", NOW + HOUR - timedelta(seconds=1)) == {ANN: NOW + HOUR}
    assert opened_people(desk, "CP1", NOW + HOUR) == {}
    assert opened_people(desk, "CP2", NOW) == {}


def test_audit_notice_and_due_time_come_with_it_and_no_name(desk: Desk, identities: IdentityIndex) -> None:
    ask(desk, identities)
    (row,) = audited(desk)
    assert (row.actor, row.action, row.subject, row.outcome) == ("CP1", "break-glass", ANN, "allow")
    assert json.loads(row.detail)["reason"] == "presents"
    (access,) = list_accesses(desk)
    assert access.note == "Rang at night, [removed] is very distressed"
    assert access.due == NOW + timedelta(hours=72)
    assert due_notices(desk, [ANN]) == {access.id} and due_notices(desk, [CAT]) == frozenset()


def test_without_an_audit_nothing_opens(desk: Desk, identities: IdentityIndex) -> None:
    with desk.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    with pytest.raises(HomeError) as caught:
        ask(desk, identities)
    assert caught.value.code == "audit-unwritable"
    assert list_accesses(desk) == [] and due_notices(desk, [ANN]) == frozenset()


@pytest.mark.parametrize(
    ("person", "changes", "code"),
    [
        (CAT, {}, "not-permitted"),
        (ANN, {"grant": manager(now=NOW)}, "not-permitted"),
        (BOB, {}, "emergency-access-closed"),
        ("d" * 32, {}, "no-such-person"),
        (ANN, {"reason": "curious"}, "emergency-access-invalid"),
        (ANN, {"note": "  short  "}, "emergency-access-invalid"),
        (ANN, {"note": "long " * 500}, "emergency-access-invalid"),
    ],
)
def test_what_is_refused_opens_nothing(
    desk: Desk, identities: IdentityIndex, person: str, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises((RefusedError, InputError)) as caught:
        ask(desk, identities, person, **changes)
    assert caught.value.code == code
    assert list_accesses(desk) == []
    if code != "emergency-access-invalid":
        assert [(row.subject, row.outcome) for row in audited(desk)] == [(person, "deny")]


def test_one_user_opens_so_many_a_day(desk: Desk, identities: IdentityIndex) -> None:
    for hour in range(MOST_EMERGENCIES):
        ask(desk, identities, now=NOW + hour * HOUR)
    with pytest.raises(RefusedError) as caught:
        ask(desk, identities, now=NOW + MOST_EMERGENCIES * HOUR)
    assert caught.value.code == "emergency-access-limit"
    ask(desk, identities, now=NOW + 24 * HOUR)
    ask(desk, identities, grant=clinician(desk, actor="CP2"))


def test_the_same_form_opens_once_and_a_new_reason_opens_anew(desk: Desk, identities: IdentityIndex) -> None:
    half = NOW + HOUR / 2
    ask(desk, identities, token="t")
    ask(desk, identities, token="t", now=half)
    assert len(list_accesses(desk)) == 1
    assert opened_people(desk, "CP1", half) == {ANN: NOW + HOUR}
    ask(desk, identities, token="u", now=half, reason="act-assessment")
    assert opened_people(desk, "CP1", half) == {ANN: half + HOUR}
    assert len(due_notices(desk, [ANN])) == len(list_accesses(desk)) == 2
    with pytest.raises(InputError):
        ask(desk, identities, token="t", grant=clinician(desk, actor="CP2"))


def test_whoever_opened_closes_and_only_they(desk: Desk, identities: IdentityIndex) -> None:
    ask(desk, identities)
    ask(desk, identities, grant=clinician(desk, actor="CP2"))
    ask(desk, identities, now=NOW + HOUR / 4)
    then = NOW + HOUR / 2
    close_emergency(clinician(desk, then), ANN, desk=desk, audit=AuditTrail(desk), now=then)
    close_emergency(clinician(desk, then), ANN, desk=desk, audit=AuditTrail(desk), now=then)
    assert opened_people(desk, "CP1", then) == {}, "both of theirs"
    assert opened_people(desk, "CP2", then) == {ANN: NOW + HOUR}
    assert [json.loads(row.detail).get("step") for row in audited(desk, actor="CP1")] == [None, None, "close"]


def review(desk: Desk, identities: IdentityIndex, outcome: str, **changes: Any) -> None:
    (access,) = list_accesses(desk)
    given = {"grant": manager(), "note": "Was on call, Ann rang the ward", "outcome": outcome, **changes}
    review_emergency(
        given.pop("grant"),
        access,
        person_id=ANN,
        identities=identities,
        desk=desk,
        audit=AuditTrail(desk),
        now=REVIEWED,
        **given,
    )


def test_a_review_settles_it_unless_it_needs_enquiry(desk: Desk, identities: IdentityIndex) -> None:
    ask(desk, identities)
    (access,) = list_accesses(desk)
    assert not access.is_overdue(NOW + timedelta(hours=71)) and access.is_overdue(NOW + timedelta(hours=72))
    review(desk, identities, "needs-enquiry")
    (access,) = list_accesses(desk)
    assert access.outcome == "needs-enquiry" and access.is_overdue(NOW + timedelta(hours=72))
    review(desk, identities, "not-appropriate", token="r")
    review(desk, identities, "not-appropriate", token="r")
    (access,) = list_accesses(desk)
    assert access.is_settled and not access.is_overdue(NOW + timedelta(hours=99))
    assert [each.outcome for each in access.reviews] == ["needs-enquiry", "not-appropriate"]
    assert access.reviews[0].note == "Was on call, [removed] rang the ward"
    with pytest.raises(InputError) as caught:
        review(desk, identities, "appropriate")
    assert caught.value.code == "emergency-access-settled"
    details = [json.loads(row.detail) for row in audited(desk, action="review-emergency-access")]
    assert [each["outcome"] for each in details] == ["needs-enquiry", "not-appropriate"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant": manager("CP1")}, "own-emergency-access"),
        ({"outcome": "fine"}, "emergency-access-invalid"),
        ({"note": "ok"}, "emergency-access-invalid"),
    ],
)
def test_a_review_with_a_fault_is_not_kept(
    desk: Desk, identities: IdentityIndex, changes: dict[str, Any], code: str
) -> None:
    ask(desk, identities)
    with pytest.raises((RefusedError, InputError)) as caught:
        review(desk, identities, **{"outcome": "appropriate", **changes})
    assert caught.value.code == code
    assert list_accesses(desk)[0].reviews == ()


def test_a_clinician_reviews_no_access(desk: Desk, identities: IdentityIndex) -> None:
    ask(desk, identities)
    with pytest.raises(RefusedError) as caught:
        review(desk, identities, "appropriate", grant=clinician(desk, REVIEWED, "CP2"))
    assert caught.value.code == "not-permitted"
