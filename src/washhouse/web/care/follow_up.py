"""A week later: what came of a review? Say it, see it, take it back; whoever wrote the review is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from washhouse.desk.follow_ups import (
    CHANGED,
    DONE,
    USEFUL,
    FollowUp,
    add_follow_up,
    is_due,
    list_follow_ups,
    retract_follow_up,
)
from washhouse.desk.reviews import NOTE_LIMIT, Review, list_reviews
from washhouse.governance.permissions import Action
from washhouse.governance.redaction import redact
from washhouse.governance.reveal import reveal
from washhouse.web.care.address import person_of
from washhouse.web.shell.people import person_address
from washhouse.web.shell.respond import redirect
from washhouse.web.shell.visit import Visit

QUESTIONS: dict[str, tuple[str, Mapping[str, str]]] = {
    "done": ("Was it done?", DONE),
    "changed": ("Did it change anything for the person?", CHANGED),
    "useful": ("Was the score useful?", USEFUL),
}
"""What is asked, and the answers to choose from, by field."""


@dataclass(frozen=True)
class FollowUpLine:
    """What came of a review, as shown.

    Attributes:
        at: When it was said.
        done: Whether it was done, in words; so for the next two.
        changed: Whether it changed anything.
        useful: Whether the score was useful.
        note: The note.
        may_undo: Whether the visitor may take it back.
    """

    at: datetime
    done: str
    changed: str
    useful: str
    note: str
    may_undo: bool


@dataclass(frozen=True)
class FollowUpForm:
    """A filled-in form with what is wrong with it.

    Attributes:
        review_id: The review that it is about; 0 where nothing was sent.
        values: What was filled in.
        errors: Field to message.
    """

    review_id: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def error_targets(self) -> dict[str, str]:
        """Message by the id of the first control of each question at fault."""
        return {f"{name}-{self.review_id}": text for name, text in self.errors.items()}


def say_follow_up(follow_up: FollowUp, user: str) -> FollowUpLine:
    """Put what came of a review into words."""
    return FollowUpLine(
        at=follow_up.at,
        done=DONE.get(follow_up.done, follow_up.done),
        changed=CHANGED.get(follow_up.changed, follow_up.changed),
        useful=USEFUL.get(follow_up.useful, follow_up.useful),
        note=follow_up.note,
        may_undo=follow_up.username == user,
    )


def due_reviews(visit: Visit) -> list[tuple[Review, str]]:
    """The visitor's own reviews of which it should be said what came of them, each with the person; oldest first."""
    people = sorted(visit.grant.persons or ())
    known_as = visit.record.aliases(people)
    own = list_reviews(visit.services.desk, person_ids=known_as, user=visit.user.actor)
    followed = list_follow_ups(visit.services.desk, [review.id for review in own])
    now = visit.services.now()
    return [(review, known_as[review.person_id]) for review in reversed(own) if is_due(review, followed, now)]


def check_follow_up(form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a filled-in form, by field; empty if nothing is.

    >>> check_follow_up({"done": "yes", "changed": "no", "useful": "partly"})
    {}
    >>> sorted(check_follow_up({"done": "perhaps"}))
    ['changed', 'done', 'useful']
    """
    errors = {name: f"Answer: {asked}" for name, (asked, known) in QUESTIONS.items() if form.get(name) not in known}
    if len(form.get("note", "").replace("\r\n", "\n").strip()) > NOTE_LIMIT:
        errors["note"] = f"The note must be {NOTE_LIMIT:,} characters or fewer"
    return errors


def find_review(visit: Visit, person: str, step: str) -> Review:
    """The review that the address names, which must be of the person; written down before it is looked for.

    Raises:
        RefusedError: The visitor may not review this person.
        HTTPException: 404: there is none, or it was taken back.
    """
    visit.services.audit.authorise(visit.grant, Action.REVIEW, [person], detail={"step": step})
    given = visit.parameter("review_id")
    known_as = visit.record.aliases([person])
    for review in list_reviews(visit.services.desk, person_ids=known_as):
        if given.isdecimal() and review.id == int(given):
            return review
    raise HTTPException(404)


def save_follow_up(visit: Visit, person: str, review: Review) -> None:
    """Keep the answers that `check_follow_up` found nothing wrong with.

    Raises:
        RefusedError: The review is somebody else's.
        InputError: It was said before.
    """
    services = visit.services
    named = reveal(visit.grant, [person], visit.published.identities, services.audit, services.now())
    add_follow_up(
        services.desk,
        review_id=review.id,
        user=visit.user.actor,
        done=visit.form["done"],
        changed=visit.form["changed"],
        useful=visit.form["useful"],
        note=redact(visit.form.get("note", ""), named.get(person)),
        at=services.now(),
        token=visit.form.get("token", "")[:64] or None,
    )


def undo_follow_up(visit: Visit) -> Response:
    """Take back what was said of a review; whoever said it only."""
    person = person_of(visit)
    review = find_review(visit, person, "undo-follow-up")
    given = list_follow_ups(visit.services.desk, [review.id]).get(review.id)
    if given is None:
        raise HTTPException(404)
    retract_follow_up(visit.services.desk, given.id, user=visit.user.actor, at=visit.services.now())
    return redirect(person_address(person), done="follow-up-undone")


def lines_of(visit: Visit, reviews: Sequence[Review]) -> tuple[dict[int, FollowUpLine], set[int]]:
    """What came of reviews, in words, and which of them the visitor is asked about."""
    given = list_follow_ups(visit.services.desk, [review.id for review in reviews])
    user, now = visit.user.actor, visit.services.now()
    asked = {review.id for review in reviews if review.username == user and is_due(review, given, now)}
    return {number: say_follow_up(one, user) for number, one in given.items()}, asked
