"""What do stewards' decisions come to, on both engines?"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from washhouse.core.errors import InputError
from washhouse.desk.accounts import ensure_demo_users
from washhouse.desk.database import Desk
from washhouse.desk.linkage import add_decision, add_label, list_decisions, list_labels, undo_decision, undo_label
from washhouse.desk.models import LinkDecisionRow, LinkLabelRow
from washhouse.desk.person_changes import add_person_changes, handle_person_change, list_person_changes

NOW = datetime(2025, 7, 1, 9)
A, B, C = (letter * 32 for letter in "abc")


@pytest.fixture
def steward(desk: Desk) -> str:
    return ensure_demo_users(desk, NOW.date())[1].username


def decide(desk: Desk, user: str, kind: str = "cannot", **more: object) -> int:
    return add_decision(desk, left=B, right=A, kind=kind, reason="Twins", user=user, at=NOW, **more)


def test_a_decision_is_kept_listed_and_taken_back(desk: Desk, steward: str) -> None:
    one = decide(desk, steward, token="t")
    assert decide(desk, steward, token="t") == one
    (found,) = list_decisions(desk, at=NOW)
    assert (found.left_key, found.right_key, found.kind, found.reason) == (A, B, "cannot", "Twins")
    first = undo_decision(desk, one, user=steward, at=NOW)
    assert undo_decision(desk, one, user=steward, at=NOW) == first
    assert list_decisions(desk, at=NOW) == []
    (undone,) = list_decisions(desk, at=NOW, include_undone=True)
    assert (undone.undone_at, undone.undone_by) == (NOW, steward)


def test_a_decision_can_expire(desk: Desk, steward: str) -> None:
    decide(desk, steward, expires_at=NOW + timedelta(days=1))
    assert len(list_decisions(desk, at=NOW)) == 1
    assert list_decisions(desk, at=NOW + timedelta(days=2)) == []


@pytest.mark.parametrize(
    "wrong", [{"kind": "perhaps"}, {"reason": " "}, {"reason": "x" * 501}, {"left": A}, {"user": "nobody"}]
)
def test_a_decision_that_makes_no_sense_is_refused(desk: Desk, steward: str, wrong: dict[str, str]) -> None:
    given = {"left": B, "right": A, "kind": "must", "reason": "Same", "user": steward} | wrong
    with pytest.raises(InputError):
        add_decision(desk, at=NOW, **given)
    assert list_decisions(desk, at=NOW) == []


def test_labels_are_kept_and_taken_back(desk: Desk, steward: str) -> None:
    one = add_label(desk, left=C, right=A, answer="same", user=steward, at=NOW, probability=0.4, queue_cause="refused")
    (label,) = list_labels(desk)
    assert (label.left_key, label.answer, label.probability, label.queue_cause) == (A, "same", 0.4, "refused")
    undo_label(desk, one, user=steward, at=NOW)
    assert list_labels(desk) == []
    assert len(list_labels(desk, include_undone=True)) == 1
    with pytest.raises(InputError):
        add_label(desk, left=C, right=A, answer="maybe", user=steward, at=NOW)


@pytest.mark.parametrize("table", [LinkDecisionRow, LinkLabelRow])
def test_nothing_said_is_edited_or_deleted(desk: Desk, steward: str, table: type) -> None:
    decide(desk, steward)
    add_label(desk, left=C, right=A, answer="same", user=steward, at=NOW)
    for change in (update(table).values(username=steward), delete(table)):
        with pytest.raises(DatabaseError), desk.writing() as session:
            session.execute(change)


def test_people_who_were_split_wait_for_a_steward_once(desk: Desk, steward: str) -> None:
    assert add_person_changes(desk, [(A, [C, B], "split"), (C, [C], "un-merge")], version="v2", at=NOW) == 2
    assert add_person_changes(desk, [(A, [B, C], "split")], version="v2", at=NOW) == 0
    change = next(c for c in list_person_changes(desk) if c.person_before == A)
    assert (change.persons_after, change.kind, change.reviews) == ((B, C), "split", 0)
    handle_person_change(desk, change.id, user=steward, at=NOW)
    assert [c.person_before for c in list_person_changes(desk)] == [C]
    assert len(list_person_changes(desk, include_handled=True)) == 2
    with pytest.raises(InputError):
        handle_person_change(desk, 99, user=steward, at=NOW)
