"""What came of a review, on both engines: said once by its author, a week later, taken back, never edited."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import InputError, RefusedError
from washhouse.desk.database import Desk
from washhouse.desk.follow_ups import add_follow_up, is_due, list_follow_ups, retract_follow_up
from washhouse.desk.models import User
from washhouse.desk.reviews import NOTE_LIMIT, add_review, list_reviews, retract_review

AT = datetime(2026, 7, 1, 9, 30)
LATER = AT + timedelta(days=8)


@pytest.fixture
def reviewed(desk: Desk) -> tuple[Desk, int]:
    with desk.writing() as session:
        for name in ("CP1", "CP2"):
            session.add(User(username=name, role="clinician", display_name=name, active=True, origin="source"))
    number = add_review(
        desk, person_id="p1", user="CP1", index_date=date(2026, 6, 29), model_version="m", agree="yes",
        action="home-visit", at=AT,
    )  # fmt: skip
    return desk, number


def say(desk: Desk, review_id: int, **changes: Any) -> int:
    values: dict[str, Any] = {"user": "CP1", "done": "yes", "changed": "better", "useful": "partly", "at": LATER}
    return add_follow_up(desk, review_id=review_id, **{**values, **changes})


def test_it_is_kept_as_said_and_taken_back(reviewed: tuple[Desk, int]) -> None:
    desk, number = reviewed
    given = say(desk, number, note=" Came to the clinic.\r\n")
    found = list_follow_ups(desk, [number])[number]
    assert (found.done, found.changed, found.useful, found.note) == ("yes", "better", "partly", "Came to the clinic.")
    assert (found.at, found.username, found.review_id) == (LATER, "CP1", number)
    undone = retract_follow_up(desk, given, user="CP1", at=LATER)
    assert list_follow_ups(desk, [number]) == {}
    assert retract_follow_up(desk, given, user="CP1", at=LATER) == undone
    assert say(desk, number, done="no") > undone


def test_it_may_be_asked_of_more_reviews_than_a_statement_can_name(reviewed: tuple[Desk, int]) -> None:
    desk, number = reviewed
    say(desk, number)
    assert list(list_follow_ups(desk, range(number, number + 66_000))) == [number]


def test_it_is_asked_a_week_later_until_it_is_said(reviewed: tuple[Desk, int]) -> None:
    desk, number = reviewed
    (review,) = list_reviews(desk)
    assert [is_due(review, (), AT + timedelta(days=days)) for days in (0, 6.9, 7, 30)] == [False, False, True, True]
    assert not is_due(review, {number}, LATER)
    retract_review(desk, number, user="CP1", at=LATER)
    (review,) = list_reviews(desk, include_retracted=True)
    assert not is_due(review, (), LATER)


def test_it_is_said_once(reviewed: tuple[Desk, int]) -> None:
    desk, number = reviewed
    first = say(desk, number, token="form")
    assert say(desk, number, token="form") == first
    with pytest.raises(InputError) as caught:
        say(desk, number, token="other")
    assert caught.value.code == "follow-up-given"


def test_only_the_author_of_the_review_says_it_and_takes_it_back(reviewed: tuple[Desk, int]) -> None:
    desk, number = reviewed
    with pytest.raises(RefusedError):
        say(desk, number, user="CP2")
    given = say(desk, number)
    with pytest.raises(RefusedError):
        retract_follow_up(desk, given, user="CP2", at=LATER)
    undone = retract_follow_up(desk, given, user="CP1", at=LATER)
    for unknown in (99, undone):
        with pytest.raises(InputError) as caught:
            retract_follow_up(desk, unknown, user="CP1", at=LATER)
        assert caught.value.code == "follow-up-unknown"


@pytest.mark.parametrize(
    "changes", [{"done": "maybe"}, {"changed": "yes"}, {"useful": ""}, {"note": "x" * (NOTE_LIMIT + 1)}]
)
def test_what_makes_no_sense_is_refused(reviewed: tuple[Desk, int], changes: dict[str, str]) -> None:
    desk, number = reviewed
    with pytest.raises(InputError) as caught:
        say(desk, number, **changes)
    assert caught.value.code == "follow-up-invalid"
    assert list_follow_ups(desk, [number]) == {}


def test_nothing_comes_of_a_review_that_is_not_there(reviewed: tuple[Desk, int]) -> None:
    desk, number = reviewed
    undone = retract_review(desk, number, user="CP1", at=LATER)
    for unknown in (99, number, undone):
        with pytest.raises(InputError) as caught:
            say(desk, unknown)
        assert caught.value.code == "review-unknown"


@pytest.mark.parametrize("statement", ["UPDATE review_follow_ups SET done = 'no'", "DELETE FROM review_follow_ups"])
def test_it_is_never_edited_or_deleted(reviewed: tuple[Desk, int], statement: str) -> None:
    desk, number = reviewed
    say(desk, number)
    with pytest.raises(SQLAlchemyError), desk.begin() as connection:
        connection.execute(text(statement))
    assert len(list_follow_ups(desk, [number])) == 1
