"""Shown scores on both engines: kept in the audit's commit, counted by week with who was acted on, never edited."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.desk.audit_log import AuditLog
from washhouse.desk.care_decisions import add_care_decision, retract_care_decision
from washhouse.desk.database import Desk
from washhouse.desk.models import User
from washhouse.desk.reviews import add_review, retract_review
from washhouse.desk.score_exposures import ScoreExposure, WeekShown, count_weeks, list_acted_on

AT = datetime(2026, 7, 1, 9, 30)
DAY = date(2026, 6, 30)
MONDAY = date(2026, 6, 29)


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    with desk.writing() as session:
        for name in ("CP1", "CP2"):
            session.add(User(username=name, role="clinician", display_name=name, active=True, origin="source"))
    return desk


def show(desk: Desk, *people: str, at: datetime = AT, user: str = "CP1", model: str = "crisis") -> None:
    same = {"page": "/caseload", "model": model, "model_version": "m1", "index_date": DAY, "record_version": "v1"}
    listed = [
        ScoreExposure(at=at, username=user, person_id=who, place=place, listed=len(people), **same)  # type: ignore[arg-type]
        for place, who in enumerate(people, start=1)
    ]
    AuditLog(desk).append((), listed)


def review(desk: Desk, person: str, action: str = "home-visit") -> int:
    what = {"index_date": DAY, "model_version": "m1", "agree": "yes", "action": action, "at": AT}
    return add_review(desk, person_id=person, user="CP1", **what)  # type: ignore[arg-type]


def decide(desk: Desk, person: str, user: str = "CP1", after: timedelta = timedelta(hours=1)) -> int:
    what = {"kind": "action", "choice": "home-visit", "due": DAY, "worker": "CP1", "at": AT + after}
    return add_care_decision(desk, person_id=person, user=user, **what)  # type: ignore[arg-type]


def test_people_are_counted_once_a_week_with_those_acted_on(staffed: Desk) -> None:
    show(staffed, "p1", "p2", "p3")
    show(staffed, "p1", at=AT + timedelta(1), user="CP2")
    show(staffed, "p2", at=AT + timedelta(7))
    show(staffed, "p4", model="readmission")
    review(staffed, "p1")
    review(staffed, "p2", action="no-change")
    assert count_weeks(staffed, "crisis", MONDAY) == [
        WeekShown(MONDAY + timedelta(7), 1, 0),
        WeekShown(MONDAY, 3, 1),
    ]
    assert [each.week for each in count_weeks(staffed, "crisis", MONDAY + timedelta(7))] == [MONDAY + timedelta(7)]
    assert list_acted_on(staffed, ["m1"]) == [("p1", DAY)]


def test_what_was_decided_with_a_score_in_sight_counts_and_what_was_not_does_not(staffed: Desk) -> None:
    show(staffed, "p1", "p2", "p3")
    kept, gone = decide(staffed, "p1"), decide(staffed, "p1", after=timedelta(hours=2))
    decide(staffed, "p2", user="CP2")
    decide(staffed, "p3", after=timedelta(hours=25))
    decide(staffed, "p3", after=-timedelta(hours=1))
    assert list_acted_on(staffed, ["m1"]) == [("p1", DAY)]
    assert list_acted_on(staffed, ["m2"]) == []
    assert count_weeks(staffed, "crisis", MONDAY) == [WeekShown(MONDAY, 3, 1)]
    for number in (kept, gone):
        retract_care_decision(staffed, number, user="CP1", at=AT + timedelta(hours=3))
    assert list_acted_on(staffed, ["m1"]) == []


def test_a_review_taken_back_is_no_action(staffed: Desk) -> None:
    show(staffed, "p1")
    retract_review(staffed, review(staffed, "p1"), user="CP1", at=AT)
    assert count_weeks(staffed, "crisis", MONDAY) == [WeekShown(MONDAY, 1, 0)]


@pytest.mark.parametrize("statement", ["UPDATE score_exposures SET place = 9", "DELETE FROM score_exposures"])
def test_what_was_shown_is_never_edited_or_deleted(staffed: Desk, statement: str) -> None:
    show(staffed, "p1")
    with pytest.raises(SQLAlchemyError), staffed.begin() as connection:
        connection.execute(text(statement))
