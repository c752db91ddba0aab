"""What did a clinician make of a score, and what will they do? Say it, see it, take it back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.action.changes import WEEK_DAYS
from washhouse.action.reviewed import themes_of
from washhouse.desk.reviews import (
    ACTION_WORDS,
    ACTIONS_OF,
    AGREEMENTS,
    CRISIS,
    NOTE_LIMIT,
    Review,
    add_review,
    list_reviews,
    retract_review,
)
from washhouse.governance.permissions import Action
from washhouse.governance.redaction import redact
from washhouse.governance.reveal import reveal
from washhouse.web.care.address import person_of
from washhouse.web.care.follow_up import FollowUpLine, lines_of
from washhouse.web.care.risk import Score
from washhouse.web.shell.people import person_address
from washhouse.web.shell.respond import redirect
from washhouse.web.shell.visit import Visit
from washhouse.web.shell.words import day

CHOOSE_AGREE = "Say whether the score fits what you know of the person"
CHOOSE_ACTION = "Choose what you will do"
NEWER = "A newer score stands here than the one that you reviewed. Look at it, and send your review again"
TOO_LONG = f"The note must be {NOTE_LIMIT:,} characters or fewer"


@dataclass(frozen=True)
class ReviewLine:
    """One review as shown.

    Attributes:
        id: Id of the review.
        at: When it was given.
        author: Who gave it.
        about: Which score it is about, in words.
        agree: Whether they agreed, in words.
        action: What they will do, in words.
        note: Their note.
        retracted_at: When they took it back.
        may_undo: Whether the visitor may take it back.
        follow_up: What came of it; None while nobody said.
        is_asked: Whether the visitor is asked what came of it.
    """

    id: int
    at: datetime
    author: str
    about: str
    agree: str
    action: str
    note: str
    retracted_at: datetime | None
    may_undo: bool
    follow_up: FollowUpLine | None
    is_asked: bool


@dataclass(frozen=True)
class ReviewForm:
    """The form as shown: what was filled in, what is wrong with it.

    Attributes:
        model: The outcome model whose score it is about.
        token: Id of this form; the same form sent twice is kept once.
        values: What was filled in.
        errors: Field to message.
    """

    model: str = CRISIS
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def error_targets(self) -> dict[str, str]:
        """Message by the id of what it leads to."""
        if self.model == CRISIS:
            return dict(self.errors)
        return {"next-contact" if name == "risk" else f"contact-{name}": text for name, text in self.errors.items()}


def build_review_lines(visit: Visit, reviews: Sequence[Review]) -> list[ReviewLine]:
    """Put reviews into words, the latest first."""
    followed, asked = lines_of(visit, reviews)
    return [
        ReviewLine(
            id=review.id,
            at=review.at,
            author=review.display_name,
            about=say_about(review),
            agree=AGREEMENTS.get(review.agree, review.agree),
            action=ACTION_WORDS.get(review.action, review.action),
            note=review.note,
            retracted_at=review.retracted_at,
            may_undo=review.username == visit.user.actor and review.retracted_at is None,
            follow_up=followed.get(review.id),
            is_asked=review.id in asked,
        )
        for review in reviews
    ]


def say_about(review: Review) -> str:
    """Which score a review is about, in words; empty where that is not known."""
    if review.index_date is None:
        return ""
    what = "the score" if review.model == CRISIS else "the chance of missing the next contact"
    return f"on {what} of {day(review.index_date)}"


def find_score(scores: Sequence[Score], present: Score, given: str) -> Score | None:
    """The score that a form is about: the present one, or one that a run took the place of while it was filled in.

    Args:
        scores: Scores of the person, the newest first.
        present: The present one.
        given: Day of the score that the form says it is about.

    Returns:
        The score; None where pages did not show the person one of that day in the last week.
    """
    oldest = present.index_date - timedelta(WEEK_DAYS)
    for score in (present, *scores):
        if score.index_date.isoformat() == given and score.index_date > oldest and score.was_shown:
            return score if score.risk is not None else None
    return None


def check_form(form: Mapping[str, str], model: str = CRISIS) -> dict[str, str]:
    """What is wrong with a filled-in form about a model's score, by field; empty if nothing is.

    >>> check_form({"agree": "yes", "action": "no-change", "note": ""})
    {}
    >>> sorted(check_form({"agree": "perhaps"}))
    ['action', 'agree']
    """
    errors = {}
    if form.get("agree") not in AGREEMENTS:
        errors["agree"] = CHOOSE_AGREE
    if form.get("action") not in ACTIONS_OF[model]:
        errors["action"] = CHOOSE_ACTION
    if len(form.get("note", "").replace("\r\n", "\n").strip()) > NOTE_LIMIT:
        errors["note"] = TOO_LONG
    return errors


def undo_review(visit: Visit) -> Response:
    """Take a review back; its author only."""
    person = person_of(visit)
    visit.services.audit.authorise(visit.grant, Action.REVIEW, [person], detail={"step": "undo"})
    given = visit.parameter("review_id")
    known_as = visit.record.aliases([person])
    theirs = {review.id for review in list_reviews(visit.services.desk, person_ids=known_as, include_retracted=True)}
    if not given.isdecimal() or int(given) not in theirs:
        raise HTTPException(404)
    retract_review(visit.services.desk, int(given), user=visit.user.actor, at=visit.services.now())
    return redirect(person_address(person), done="undone")


def save_review(visit: Visit, person: str, model: str, score: Score, *, is_present: bool) -> None:
    """Keep a review that `check_form` found nothing wrong with.

    Args:
        visit: The visit, with the form.
        person: Whose score.
        model: The outcome model.
        score: The score that it is of.
        is_present: Whether it is the present one; of an earlier one the reasons are not kept.

    Raises:
        RefusedError: The visitor may not review this person.
    """
    services = visit.services
    services.audit.authorise(visit.grant, Action.REVIEW, [person], detail={"step": "add"})
    named = reveal(visit.grant, [person], visit.published.identities, services.audit, services.now())
    add_review(
        services.desk,
        person_id=person,
        user=visit.user.actor,
        index_date=score.index_date,
        model=model,
        model_version=score.model_version,
        themes=themes_of(reason.feature for reason in score.reasons) if is_present else None,
        agree=visit.form["agree"],
        action=visit.form["action"],
        note=redact(visit.form.get("note", ""), named.get(person)),
        at=services.now(),
        token=visit.form.get("token", "")[:64] or None,
    )
