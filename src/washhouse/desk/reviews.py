"""What did a clinician make of a score, and what will they do? Added or retracted; never edited or deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from washhouse.core.errors import InputError, RefusedError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import ReviewRow, User

AGREEMENTS: dict[str, str] = {"yes": "Yes", "partly": "Partly", "no": "No"}
"""Does the score fit what you know of the person?"""

ACTIONS: dict[str, str] = {
    "contact-now": "Contact the person today or tomorrow",
    "bring-forward": "Bring the next appointment forward",
    "home-visit": "Arrange a home visit",
    "discuss-team": "Discuss with the team or in supervision",
    "medication-review": "Ask for a medication review",
    "crisis-plan": "Update the crisis plan with the person",
    "social-support": "Involve housing, work or social care",
    "physical-health": "Arrange a physical health check",
    "no-change": "Go on as planned",
}
"""What somebody can say they will do. None of them ends or reduces care: a score is no ground for that."""

CRISIS = "crisis"
"""Outcome model that a review is of, unless it names another."""

MISSED_CONTACT = "missed-contact"
"""The other outcome model that pages show scores of."""

CONTACT_ACTIONS: dict[str, str] = {
    "ring-before": "Ring the person before the next contact",
    "other-time": "Offer another day or time",
    "other-way": "Offer another place or way to meet",
    "go-to-them": "Arrange to go to the person",
    "no-change": "Go on as planned",
}
"""What somebody can say they will do about a contact that may be missed. None takes an offer away or shortens one."""

ACTIONS_OF: dict[str, dict[str, str]] = {CRISIS: ACTIONS, MISSED_CONTACT: CONTACT_ACTIONS}
"""What can be said of the scores of each model that is reviewed."""

ACTION_WORDS: dict[str, str] = {name: words for each in ACTIONS_OF.values() for name, words in each.items()}
"""Every action in words, whatever it was said of."""

NO_ACTION = "no-change"
"""The action that is none."""

NOTE_LIMIT = 1000
"""Longest note, in characters."""


@dataclass(frozen=True)
class Review:
    """One review; `retracted_at` is set once its author has taken it back.

    `themes` are those of the reasons that the score gave, None where they are not known.
    """

    id: int
    at: datetime
    username: str
    display_name: str
    person_id: str
    index_date: date | None
    model: str
    model_version: str
    themes: tuple[str, ...] | None
    agree: str
    action: str
    note: str
    retracted_at: datetime | None


def add_review(
    desk: Desk,
    *,
    person_id: str,
    user: str,
    index_date: date,
    model: str = CRISIS,
    model_version: str,
    themes: Collection[str] | None = None,
    agree: str,
    action: str,
    note: str = "",
    at: datetime,
    token: str | None = None,
) -> int:
    """Keep a review and return its id. Permission is the caller's to check.

    Args:
        desk: The open desk.
        person_id: Whose score.
        user: Username of the author.
        index_date: Day of the score.
        model: The outcome model that made it, a key of `ACTIONS_OF`.
        model_version: Its version.
        themes: Themes of the reasons that the score gave; None where they are not known.
        agree: A key of `AGREEMENTS`.
        action: A key of the model's `ACTIONS_OF`.
        note: Up to `NOTE_LIMIT` characters; pass it through `governance.redaction` first.
        at: The present moment, UTC.
        token: Opaque id of the form that was sent; the same form sent twice is kept once.

    Raises:
        InputError: `review-invalid`: an unknown model or choice, too long a note, or an unknown user.
    """
    actions = ACTIONS_OF.get(model, {})
    text = "\n".join(note.replace("\x00", "").split("\r\n")).strip()
    if agree not in AGREEMENTS:
        raise InputError("review-invalid", f"Say whether you agree: {', '.join(AGREEMENTS)}.")
    if action not in actions:
        raise InputError("review-invalid", f"Choose what you will do: {', '.join(actions)}.")
    if len(text) > NOTE_LIMIT:
        raise InputError("review-invalid", f"A note has at most {NOTE_LIMIT} characters.", "Shorten it.")
    row = ReviewRow(
        at=to_utc(at),
        username=user,
        person_id=person_id,
        index_date=index_date,
        model=model,
        model_version=model_version,
        themes=None if themes is None else ",".join(sorted(themes)),
        agree=agree,
        action=action,
        note=text or None,
        token=token,
    )
    return _add(desk, row)


def retract_review(desk: Desk, review_id: int, *, user: str, at: datetime) -> int:
    """Take a review back by adding a row that says so; returns the id of that row, the same one the second time.

    Raises:
        InputError: `review-unknown`: there is no such review.
        RefusedError: `not-the-author`: only the author takes a review back.
    """
    with desk.reading() as session:
        review = session.get(ReviewRow, review_id)
    if review is None or review.retracts is not None:
        raise InputError("review-unknown", "There is no such review.")
    if review.username != user:
        raise RefusedError("not-the-author", "Only the author of a review may take it back.")
    return _add(desk, ReviewRow(at=to_utc(at), username=user, person_id=review.person_id, retracts=review_id))


def _add(desk: Desk, row: ReviewRow) -> int:
    """Insert a row, or find the one that the same form or retraction made before."""
    try:
        with desk.writing() as session:
            if session.get(User, row.username) is None:
                raise InputError("review-invalid", "The author of the review is not a user of the desk.")
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError as error:
        same = ReviewRow.token == row.token if row.retracts is None else ReviewRow.retracts == row.retracts
        with desk.reading() as session:
            found = session.scalar(select(ReviewRow.id).where(same, ReviewRow.username == row.username))
        if found is None:
            raise InputError("review-invalid", "The same form was sent by somebody else.") from error
        return found


def acting_reviews() -> Select[str, date | None, str | None]:
    """Query for the score (person, index date, model version) of each review in which somebody said they would act."""
    retraction = aliased(ReviewRow)
    return (
        select(ReviewRow.person_id, ReviewRow.index_date, ReviewRow.model_version)
        .join(retraction, retraction.retracts == ReviewRow.id, isouter=True)
        .where(ReviewRow.retracts.is_(None), retraction.id.is_(None), ReviewRow.index_date.is_not(None))
        .where(ReviewRow.action != NO_ACTION)
    )


def list_actions(desk: Desk, model_versions: Collection[str]) -> list[tuple[str, date]]:
    """Whom somebody said they would act on because of a score, and the day of that score; nothing retracted.

    Args:
        desk: The open desk.
        model_versions: Versions of the models whose scores count.
    """
    query = acting_reviews().where(ReviewRow.model_version.in_(list(model_versions)))
    with desk.reading() as session:
        return [(person, day) for person, day, _ in session.execute(query) if day is not None]


def list_reviews(
    desk: Desk,
    *,
    person_ids: Collection[str] | None = None,
    user: str | None = None,
    model: str | None = None,
    include_retracted: bool = False,
) -> list[Review]:
    """Reviews of people, of an author, of a model's scores, or of all these together, the latest first.

    All of them, because they are counted.
    """
    retraction = aliased(ReviewRow)
    query = (
        select(ReviewRow, User.display_name, retraction.at)
        .join(User, User.username == ReviewRow.username)
        .join(retraction, retraction.retracts == ReviewRow.id, isouter=True)
        .where(ReviewRow.retracts.is_(None))
        .order_by(ReviewRow.id.desc())
    )
    if person_ids is not None:
        query = query.where(ReviewRow.person_id.in_(list(person_ids)))
    if user is not None:
        query = query.where(ReviewRow.username == user)
    if model is not None:
        query = query.where(func.coalesce(ReviewRow.model, CRISIS) == model)
    if not include_retracted:
        query = query.where(retraction.id.is_(None))
    with desk.reading() as session:
        rows = session.execute(query).all()
    return [
        Review(
            id=row.id,
            at=row.at,
            username=row.username,
            display_name=name,
            person_id=row.person_id,
            index_date=row.index_date,
            model=row.model or CRISIS,
            model_version=row.model_version or "",
            themes=None if row.themes is None else tuple(filter(None, row.themes.split(","))),
            agree=row.agree or "",
            action=row.action or "",
            note=row.note or "",
            retracted_at=retracted_at,
        )
        for row, name, retracted_at in rows
    ]
