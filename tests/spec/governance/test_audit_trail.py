"""What is written when somebody asks, and who is shown as having looked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from washhouse.core.errors import RefusedError
from washhouse.desk.database import Desk, open_desk
from washhouse.desk.models import AuditRow, User
from washhouse.governance.audit import AuditEvent, AuditTrail, cohort_hash
from washhouse.governance.grants import Grant, Purpose, Role, mint_grant, system_grant

NOW = datetime(2026, 7, 1, 9, 0)
ANN, BOB, CAT = ("a" * 32, "b" * 32, "c" * 32)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path / "desk.db")
    with opened.writing() as session:
        session.add(
            User(username="CP1", role="clinician", display_name="Care co-ordinator CP1", active=True, origin="source")
        )
    yield opened
    opened.close()


@pytest.fixture
def trail(desk: Desk) -> AuditTrail:
    return AuditTrail(desk, clock=lambda: NOW)


def clinician(*persons: str, actor: str = "CP1") -> Grant:
    return mint_grant(actor=actor, role=Role.CLINICIAN, purpose=Purpose.DIRECT_CARE, persons=persons, now=NOW)


def written(desk: Desk) -> list[AuditRow]:
    with desk.reading() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.seq)))


def test_one_event_for_each_person_shown(desk: Desk, trail: AuditTrail) -> None:
    trail.authorise(clinician(ANN, BOB), "read-caseload", [BOB, ANN], detail={"page": "caseload"})
    rows = written(desk)
    assert [(row.seq, row.subject, row.action, row.outcome) for row in rows] == [
        (1, ANN, "read-caseload", "allow"),
        (2, BOB, "read-caseload", "allow"),
    ]
    assert json.loads(rows[0].detail)["page"] == "caseload"
    assert trail.verify().bad_seq is None


def test_an_empty_caseload_is_one_event_about_nobody(desk: Desk, trail: AuditTrail) -> None:
    trail.authorise(clinician(), "read-caseload", [])
    assert [(row.subject, row.outcome) for row in written(desk)] == [(None, "allow")]


def test_an_empty_list_of_people_is_no_way_round_the_table(desk: Desk, trail: AuditTrail) -> None:
    steward = mint_grant(actor="s", role=Role.STEWARD, purpose=Purpose.STEWARDSHIP, persons=None, now=NOW)
    for grant, action in ((steward, "read-caseload"), (clinician(), "read-feeds")):
        with pytest.raises(RefusedError):
            trail.authorise(grant, action, [])
    assert [row.outcome for row in written(desk)] == ["deny", "deny"]


def test_a_population_is_one_event_with_the_hash_of_its_cohort(desk: Desk, trail: AuditTrail) -> None:
    trail.authorise(system_grant(NOW), "read-population", [BOB, ANN])
    (row,) = written(desk)
    assert row.subject is None
    detail = json.loads(row.detail)
    assert (detail["people"], detail["cohort_sha256"]) == (2, cohort_hash([ANN, BOB]))


def test_a_refusal_names_only_who_was_refused(desk: Desk, trail: AuditTrail) -> None:
    with pytest.raises(RefusedError):
        trail.authorise(clinician(ANN), "read-person", [ANN, BOB, CAT])
    assert [(row.subject, row.outcome) for row in written(desk)] == [(BOB, "deny"), (CAT, "deny")]
    assert json.loads(written(desk)[0].detail)["code"] == "not-permitted"


def test_an_expired_grant_is_refused_and_written_down(desk: Desk, trail: AuditTrail) -> None:
    with pytest.raises(RefusedError) as caught:
        trail.authorise(clinician(ANN), "read-person", [ANN], at=NOW + timedelta(hours=1))
    assert caught.value.code == "grant-expired"
    assert [(row.subject, row.outcome) for row in written(desk)] == [(ANN, "deny")]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("subject", "9434765919", None),
        ("subject", "Ann New", None),
        ("subject", "A" * 32, None),
        ("subject", ANN, ANN),
        ("actor", "Ann New", "unknown"),
        ("actor", "x" * 65, "unknown"),
        ("actor", "CP/12", "CP/12"),
    ],
)
def test_what_is_not_shaped_like_an_id_is_not_kept(
    desk: Desk, trail: AuditTrail, field: str, value: str, kept: str | None
) -> None:
    event: dict[str, Any] = {"at": NOW, "actor": "CP1", "role": "clinician", "purpose": "direct-care", "action": "x"}
    trail.record([AuditEvent(**{**event, field: value})])
    (row,) = written(desk)
    assert getattr(row, field) == kept
    if kept is None or kept == "unknown":
        assert value not in json.dumps([str(item) for item in vars(row).values()])


def test_an_event_that_cannot_be_kept_spoils_no_other(desk: Desk, trail: AuditTrail) -> None:
    with pytest.raises(ValueError, match="allow or deny"):
        trail.record([AuditEvent(NOW, "CP1", "clinician", "direct-care", "x", outcome="perhaps")])
    trail.record([AuditEvent(NOW, "CP1", "clinician", "direct-care", "a" * 99)])
    assert [row.action for row in written(desk)] == ["a" * 40]


def test_who_viewed_a_person(desk: Desk, trail: AuditTrail) -> None:
    trail.authorise(clinician(ANN, BOB), "read-person", [ANN])
    trail.authorise(clinician(ANN, actor="CP2"), "reveal", [ANN], at=NOW + timedelta(minutes=5))
    trail.authorise(clinician(BOB), "read-person", [BOB])
    with pytest.raises(RefusedError):
        trail.authorise(clinician(BOB), "read-person", [ANN])
    shown = trail.viewers(ANN)
    assert [(line.at, line.actor, line.display_name, line.role, line.purpose, line.action) for line in shown] == [
        (NOW + timedelta(minutes=5), "CP2", "CP2", "clinician", "direct-care", "reveal"),
        (NOW, "CP1", "Care co-ordinator CP1", "clinician", "direct-care", "read-person"),
    ]
    assert len(trail.viewers(ANN, limit=1)) == 1
    assert len(trail.viewers(ANN, aliases=[BOB])) == 3
    assert trail.viewers(CAT) == []


def test_a_head_noted_earlier_is_found_again(trail: AuditTrail) -> None:
    first = trail.verify().head
    trail.authorise(clinician(ANN), "read-person", [ANN])
    second = trail.verify().head
    trail.authorise(clinician(ANN), "read-person", [ANN])
    assert trail.holds(first) and trail.holds(second)
    for other in (f"9:{second[2:]}", f"2:{second[2:]}", "1:", "", "x:y"):
        assert not trail.holds(other)
