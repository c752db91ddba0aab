"""A week after a review: was it done, did it change anything, was the score useful? Added or retracted, never edited.

The second of two steps of feedback, as Birmingham's clinicians gave it after cases were reviewed (Garriga 2022,
doi:10.1038/s41591-022-01811-5): a score that people agree with may still help nobody. Evaluation reads these rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from washhouse.core.errors import InputError, RefusedError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import FollowUpRow, ReviewRow
from washhouse.desk.reviews import NOTE_LIMIT, Review

DUE_AFTER = timedelta(days=7)
"""Time from a review until it is asked what came of it."""

MOST_AT_ONCE = 10_000
"""Reviews that one statement names: SQLite takes 32,766 values, PostgreSQL 65,535."""

DONE: dict[str, str] = {"yes": "Yes", "partly": "In part", "no": "No"}
"""Was done what the review said?"""

CHANGED: dict[str, str] = {
    "better": "Yes, for the better",
    "worse": "Yes, for the worse",
    "no": "No",
    "unsure": "Too early to say",
}
"""Did it change anything for the person?"""

USEFUL: dict[str, str] = {"yes": "Yes", "partly": "In part", "no": "No"}
"""Was it useful to have the score?"""


@dataclass(frozen=True)
class FollowUp:
    """What came of a review."""

    id: int
    at: datetime
    username: str
    review_id: int
    done: str
    changed: str
    useful: str
    note: str


def is_due(review: Review, followed: Collection[int], now: datetime) -> bool:
    """Whether it should be asked what came of a review.

    Args:
        review: The review.
        followed: Ids of reviews of which it was said.
        now: The present moment, UTC.
    """
    return review.retracted_at is None and review.id not in followed and to_utc(now) - review.at >= DUE_AFTER


def add_follow_up(
    desk: Desk,
    *,
    review_id: int,
    user: str,
    done: str,
    changed: str,
    useful: str,
    note: str = "",
    at: datetime,
    token: str | None = None,
) -> int:
    """Keep what came of a review and return the row's id. Permission is the caller's to check.

    Args:
        desk: The open desk.
        review_id: The review.
        user: Username of its author, who alone says what came of it.
        done: A key of `DONE`.
        changed: A key of `CHANGED`.
        useful: A key of `USEFUL`.
        note: Up to `NOTE_LIMIT` characters; pass it through `governance.redaction` first.
        at: The present moment, UTC.
        token: Opaque id of the form that was sent; the same form sent twice is kept once.

    Raises:
        InputError: `follow-up-invalid`: an unknown choice or too long a note. `follow-up-given`: it was said before.
            `review-unknown`: there is no such review, or it was taken back.
        RefusedError: `not-the-author`.
    """
    text = "\n".join(note.replace("\x00", "").split("\r\n")).strip()
    for given, choices in ((done, DONE), (changed, CHANGED), (useful, USEFUL)):
        if given not in choices:
            raise InputError("follow-up-invalid", f"Choose one of: {', '.join(choices)}.")
    if len(text) > NOTE_LIMIT:
        raise InputError("follow-up-invalid", f"A note has at most {NOTE_LIMIT} characters.", "Shorten it.")
    taken_back = aliased(ReviewRow)
    gone = aliased(FollowUpRow)
    try:
        with desk.writing() as session:
            review = session.get(ReviewRow, review_id)
            if (
                review is None
                or review.retracts is not None
                or session.scalar(select(taken_back.id).where(taken_back.retracts == review_id)) is not None
            ):
                raise InputError("review-unknown", "There is no such review, or it was taken back.")
            if review.username != user:
                raise RefusedError("not-the-author", "Only the author of a review may say what came of it.")
            earlier = session.execute(
                select(FollowUpRow.id, FollowUpRow.token)
                .join(gone, gone.retracts == FollowUpRow.id, isouter=True)
                .where(FollowUpRow.review_id == review_id, FollowUpRow.retracts.is_(None), gone.id.is_(None))
            ).first()
            if earlier is not None:
                if token is not None and earlier.token == token:
                    return int(earlier.id)
                raise InputError(
                    "follow-up-given", "It was said before what came of this review.", "Take it back first."
                )
            row = FollowUpRow(
                at=to_utc(at),
                username=user,
                review_id=review_id,
                done=done,
                changed=changed,
                useful=useful,
                note=text or None,
                token=token,
            )
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError as error:
        raise InputError("follow-up-invalid", "The same form was sent before.", "Open the page anew.") from error


def retract_follow_up(desk: Desk, follow_up_id: int, *, user: str, at: datetime) -> int:
    """Take back what was said of a review by adding a row that says so; the same row's id the second time.

    Raises:
        InputError: `follow-up-unknown`: there is no such row.
        RefusedError: `not-the-author`.
    """
    with desk.writing() as session:
        given = session.get(FollowUpRow, follow_up_id)
        if given is None or given.retracts is not None:
            raise InputError("follow-up-unknown", "Nothing of that id was said of a review.")
        if given.username != user:
            raise RefusedError("not-the-author", "Only who said it may take it back.")
        found = session.scalar(select(FollowUpRow.id).where(FollowUpRow.retracts == follow_up_id))
        if found is not None:
            return found
        row = FollowUpRow(at=to_utc(at), username=user, review_id=given.review_id, retracts=follow_up_id)
        session.add(row)
        session.flush()
        return row.id


def list_follow_ups(desk: Desk, review_ids: Collection[int]) -> dict[int, FollowUp]:
    """What came of reviews, by review, but for what was taken back. Hand in no review that was itself taken back."""
    gone, wanted = aliased(FollowUpRow), list(review_ids)
    query = (
        select(FollowUpRow)
        .join(gone, gone.retracts == FollowUpRow.id, isouter=True)
        .where(FollowUpRow.retracts.is_(None), gone.id.is_(None))
    )
    rows: list[FollowUpRow] = []
    with desk.reading() as session:
        for start in range(0, len(wanted), MOST_AT_ONCE):
            some = FollowUpRow.review_id.in_(wanted[start : start + MOST_AT_ONCE])
            rows += session.scalars(query.where(some))
    return {
        row.review_id: FollowUp(
            row.id,
            row.at,
            row.username,
            row.review_id,
            row.done or "",
            row.changed or "",
            row.useful or "",
            row.note or "",
        )
        for row in rows
    }
