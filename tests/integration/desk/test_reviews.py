"""Reviews on both engines: kept, listed, taken back, never edited."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import InputError, RefusedError
from washhouse.desk.database import Desk
from washhouse.desk.models import ReviewRow, User
from washhouse.desk.reviews import ACTION_WORDS, NOTE_LIMIT, add_review, list_reviews, retract_review

AT = datetime(2026, 7, 1, 9, 30)


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    with desk.writing() as session:
        for name in ("CP1", "CP2"):
            user = User(username=name, role="clinician", display_name=f"Dr {name}", active=True, origin="source")
            session.add(user)
    return desk


def review(desk: Desk, **changes: Any) -> int:
    values: dict[str, Any] = {
        "person_id": "p1", "user": "CP1", "index_date": date(2026, 6, 29), "model_version": "crisis-1",
        "agree": "partly", "action": "home-visit", "note": "", "at": AT,
    }  # fmt: skip
    return add_review(desk, **{**values, **changes})


def test_a_review_is_kept_as_given(staffed: Desk) -> None:
    number = review(staffed, note="  Seen on Monday.\r\nSleeping better. ", at=AT.replace(tzinfo=UTC))
    (found,) = list_reviews(staffed, person_ids=["p1"])
    assert (found.id, found.at, found.username, found.display_name) == (number, AT, "CP1", "Dr CP1")
    assert (found.index_date, found.model_version) == (date(2026, 6, 29), "crisis-1")
    assert (found.agree, found.action, found.note) == ("partly", "home-visit", "Seen on Monday.\nSleeping better.")
    assert found.retracted_at is None


def test_a_review_says_of_which_model_and_reasons_it_is(staffed: Desk) -> None:
    plain, told = review(staffed), review(staffed, themes={"b", "a"})
    with staffed.begin() as connection:
        names, values = "at, username, person_id, agree, action", ":at, 'CP1', 'p1', 'yes', 'no-change'"
        connection.execute(text(f"INSERT INTO reviews ({names}) VALUES ({values})"), {"at": AT})
    old, told_too, plain_too = list_reviews(staffed, model="crisis")
    assert (told_too.id, told_too.themes) == (told, ("a", "b")) and (plain_too.id, plain_too.themes) == (plain, None)
    assert (old.model, old.themes) == ("crisis", None), "given before reviews said so"
    other = review(staffed, model="missed-contact", action="ring-before")
    assert [found.id for found in list_reviews(staffed, model="missed-contact")] == [other]


def test_reviews_are_listed_by_person_and_author_latest_first(staffed: Desk) -> None:
    first, second = review(staffed), review(staffed, user="CP2")
    third = review(staffed, person_id="p2")
    assert [found.id for found in list_reviews(staffed)] == [third, second, first]
    assert [found.id for found in list_reviews(staffed, person_ids=["p1"])] == [second, first]
    assert [found.id for found in list_reviews(staffed, user="CP1")] == [third, first]
    assert [found.id for found in list_reviews(staffed, person_ids=["p1"], user="CP1")] == [first]
    assert list_reviews(staffed, person_ids=[]) == []


def test_every_review_is_listed_because_reviews_are_counted(staffed: Desk) -> None:
    row = {"at": AT, "username": "CP1", "person_id": "p1", "agree": "yes", "action": "no-change"}
    with staffed.writing() as session:
        session.execute(insert(ReviewRow), [row] * 1_001)
    assert len(list_reviews(staffed, person_ids=["p1"])) == 1_001


def test_undo_adds_a_row_and_deletes_none(staffed: Desk) -> None:
    number = review(staffed, note="wrong person")
    undone = retract_review(staffed, number, user="CP1", at=datetime(2026, 7, 1, 9, 45))
    assert undone > number
    assert retract_review(staffed, number, user="CP1", at=datetime(2026, 7, 2)) == undone
    assert list_reviews(staffed) == []
    (found,) = list_reviews(staffed, include_retracted=True)
    assert found.retracted_at == datetime(2026, 7, 1, 9, 45) and found.note == "wrong person"


def test_only_the_author_takes_a_review_back(staffed: Desk) -> None:
    number = review(staffed)
    with pytest.raises(RefusedError) as refused:
        retract_review(staffed, number, user="CP2", at=AT)
    assert refused.value.code == "not-the-author"
    undone = retract_review(staffed, number, user="CP1", at=AT)
    for unknown in (999, undone):
        with pytest.raises(InputError) as caught:
            retract_review(staffed, unknown, user="CP1", at=AT)
        assert caught.value.code == "review-unknown"


def test_the_same_form_sent_twice_is_kept_once(staffed: Desk) -> None:
    first = review(staffed, token="form-1")
    assert review(staffed, token="form-1") == first
    assert review(staffed, token="form-2") != first
    assert len(list_reviews(staffed)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"agree": "maybe"},
        {"action": "discharge"},
        {"note": "x" * (NOTE_LIMIT + 1)},
        {"user": "nobody"},
        {"model": "no-such-model"},
        {"model": "missed-contact", "action": "home-visit"},
        {"action": "ring-before"},
    ],
)
def test_a_review_that_makes_no_sense_is_refused(staffed: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        review(staffed, **changes)
    assert caught.value.code == "review-invalid"
    assert list_reviews(staffed) == []


def test_another_user_cannot_reuse_a_form(staffed: Desk) -> None:
    review(staffed, token="form-1")
    with pytest.raises(InputError):
        review(staffed, token="form-1", user="CP2")


@pytest.mark.parametrize("statement", ["UPDATE reviews SET agree = 'no'", "DELETE FROM reviews"])
def test_reviews_are_never_edited_or_deleted(staffed: Desk, statement: str) -> None:
    review(staffed)
    with pytest.raises(SQLAlchemyError), staffed.begin() as connection:
        connection.execute(text(statement))
    assert len(list_reviews(staffed)) == 1


def test_no_action_ends_or_reduces_care() -> None:
    words = " ".join([*ACTION_WORDS, *ACTION_WORDS.values()]).lower()
    never = (
        "discharge",
        "step down",
        "step-down",
        "close",
        "stop",
        "reduce",
        "double",
        "shorten",
        "withdraw",
        "cancel",
    )
    assert not any(word in words for word in never)
