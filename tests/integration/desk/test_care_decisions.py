"""Decisions about care, on both engines: kept as taken, answered, overdue, taken back by their author, never edited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import InputError, RefusedError
from washhouse.desk.care_decisions import (
    add_care_decision,
    list_care_decisions,
    list_supervisions,
    retract_care_decision,
    start_supervision,
)
from washhouse.desk.database import Desk
from washhouse.desk.models import User
from washhouse.desk.reviews import NOTE_LIMIT
from washhouse.desk.saved_views import MOST_VIEWS, list_views, remove_view, save_view

AT = datetime(2026, 7, 1, 9, 30)
DAY = AT.date()


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    with desk.writing() as session:
        for name, role in (("TM1", "team-manager"), ("CP1", "clinician")):
            session.add(User(username=name, role=role, display_name=f"Name {name}", active=True, origin="source"))
    return desk


def decide(desk: Desk, **changes: Any) -> int:
    values = {"kind": "action", "person_id": "p1", "user": "TM1", "choice": "home-visit", "at": AT, "due": DAY}
    return add_care_decision(desk, **{**values, **changes})


def test_a_session_and_what_was_decided_in_it(staffed: Desk) -> None:
    session = start_supervision(staffed, user="TM1", worker="CP1", record_version="v1", at=AT, token="form")
    assert start_supervision(staffed, user="TM1", worker="CP1", record_version="v1", at=AT, token="form") == session
    (kept,) = list_supervisions(staffed, ["CP1"])
    assert (kept.id, kept.display_name, kept.worker) == (session, "Name TM1", "CP1")
    assert list_supervisions(staffed, ["TM1"]) == []
    decide(staffed, session_id=session, worker="CP1", due=DAY + timedelta(3), note=" Ring first.\r\n")
    decide(staffed, session_id=session, kind="seen", choice="seen", person_id="p2", due=None)
    decide(staffed, kind="step-down", choice="not-now", note="Moves house in August.", due=None)
    seen, taken = list_care_decisions(staffed, session_id=session)
    assert (seen.kind, taken.choice, taken.worker, taken.note) == ("seen", "home-visit", "CP1", "Ring first.")
    assert [one.kind for one in list_care_decisions(staffed, person_ids=["p1"])] == ["step-down", "action"]


def test_a_decision_is_overdue_until_somebody_says_what_became_of_it(staffed: Desk) -> None:
    number = decide(staffed)
    (one,) = list_care_decisions(staffed)
    assert [one.is_overdue(DAY + timedelta(days)) for days in (0, 1)] == [False, True]
    done = {"kind": "done", "choice": "yes", "user": "CP1", "about": number, "due": None, "at": AT + timedelta(2)}
    answered = decide(staffed, **done, token="a")
    assert decide(staffed, **done, token="a") == answered, "the same form sent twice"
    with pytest.raises(InputError) as caught:
        decide(staffed, **done)
    assert caught.value.code == "care-decision-unknown"
    (one,) = list_care_decisions(staffed)
    assert one.answer is not None and (one.answer.choice, one.is_overdue(DAY + timedelta(9))) == ("yes", False)
    retract_care_decision(staffed, answered, user="CP1", at=AT)
    (one,) = list_care_decisions(staffed)
    assert one.answer is None, "an answer that was taken back is none"


def test_only_the_author_takes_a_decision_back_and_only_once(staffed: Desk) -> None:
    number = decide(staffed)
    with pytest.raises(RefusedError):
        retract_care_decision(staffed, number, user="CP1", at=AT)
    gone = retract_care_decision(staffed, number, user="TM1", at=AT)
    assert retract_care_decision(staffed, number, user="TM1", at=AT) == gone
    assert list_care_decisions(staffed) == []
    for unknown in (gone, 99):
        with pytest.raises(InputError) as caught:
            retract_care_decision(staffed, unknown, user="TM1", at=AT)
        assert caught.value.code == "care-decision-unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"choice": "discharge"},
        {"due": None},
        {"note": "x" * (NOTE_LIMIT + 1)},
        {"kind": "step-down", "choice": "begin", "note": " because "},
        {"kind": "allocation", "choice": "move", "note": ""},
        {"worker": "nobody"},
    ],
)
def test_what_makes_no_sense_is_refused(staffed: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        decide(staffed, **changes)
    assert caught.value.code == "care-decision-invalid"
    assert list_care_decisions(staffed) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE care_decisions SET due = NULL", "DELETE FROM care_decisions", "DELETE FROM supervision_sessions"],
)
def test_rows_are_never_changed_or_removed(staffed: Desk, statement: str) -> None:
    start_supervision(staffed, user="TM1", worker="CP1", record_version="v1", at=AT)
    decide(staffed)
    with pytest.raises(SQLAlchemyError), staffed.writing() as session:
        session.execute(text(statement))


def test_views_are_one_s_own_and_the_oldest_makes_room(staffed: Desk) -> None:
    for number in range(MOST_VIEWS + 1):
        save_view(staffed, "CP1", f"n={number}", AT + timedelta(minutes=number))
    save_view(staffed, "CP1", "n=5", AT + timedelta(hours=9))
    assert list_views(staffed, "CP1") == [f"n={number}" for number in range(1, MOST_VIEWS + 1)]
    assert list_views(staffed, "TM1") == []
    remove_view(staffed, "CP1", "n=5")
    assert "n=5" not in list_views(staffed, "CP1")
