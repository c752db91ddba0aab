"""What was decided about a person's care, by whom, until when, and was it done? Added or retracted, never edited.

Four kinds of decision stand in one list, so that a page can tell of all of them: what a clinician made of a review for
step-down, that a person was seen in supervision, what supervision decided, and who takes a person over. None of them
is made by a program, and none knows of a score.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from washhouse.core.errors import InputError, RefusedError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import CareDecisionRow, SupervisionRow, User
from washhouse.desk.reviews import ACTIONS, NOTE_LIMIT

Kind = Literal["step-down", "seen", "action", "done", "allocation"]

STEP_DOWN: dict[str, str] = {
    "begin": "Begin to step down, with the person",
    "discuss": "Discuss in supervision first",
    "not-now": "Not now",
}
"""What a clinician makes of a review for step-down; the reason is always given."""

DONE: dict[str, str] = {"yes": "Done", "partly": "Done in part", "not-needed": "No longer needed"}
"""What became of a decision."""

CHOICES: Mapping[Kind, Mapping[str, str]] = {
    "step-down": STEP_DOWN,
    "seen": {"seen": "Talked over"},
    "action": ACTIONS,
    "done": DONE,
    "allocation": {"move": "To be taken over"},
}
"""What can be chosen, by kind."""

FEWEST_LETTERS = 10
"""Letters that a reason has at least, where one must be given."""

_WITH_REASON = ("step-down", "allocation")


@dataclass(frozen=True)
class Answer:
    """What became of a decision."""

    id: int
    at: datetime
    username: str
    choice: str
    note: str


@dataclass(frozen=True)
class CareDecision:
    """One decision; `answer` is set once somebody said what became of it."""

    id: int
    at: datetime
    username: str
    display_name: str
    kind: str
    person_id: str
    session_id: int | None
    choice: str
    worker: str
    worker_before: str
    due: date | None
    note: str
    answer: Answer | None = None

    def is_overdue(self, today: date) -> bool:
        """Whether it should have been done before today, and nobody said that it was."""
        return self.due is not None and self.due < today and self.answer is None


@dataclass(frozen=True)
class Supervision:
    """One supervision session."""

    id: int
    at: datetime
    username: str
    display_name: str
    worker: str
    record_version: str


def add_care_decision(
    desk: Desk,
    *,
    kind: Kind,
    person_id: str,
    user: str,
    choice: str,
    at: datetime,
    note: str = "",
    due: date | None = None,
    worker: str | None = None,
    worker_before: str | None = None,
    session_id: int | None = None,
    about: int | None = None,
    token: str | None = None,
) -> int:
    """Keep a decision and return its id. Permission is the caller's to check.

    Args:
        desk: The open desk.
        kind: What kind of decision.
        person_id: About whom.
        user: Username of the author.
        choice: A key of `CHOICES[kind]`.
        at: The present moment, UTC.
        note: Up to `NOTE_LIMIT` characters; pass it through `governance.redaction` first.
        due: Day by which it is to be done; an action has one.
        worker: Who is to do it, or takes the person over.
        worker_before: Who had the person before, of an allocation.
        session_id: Supervision session in which it was decided.
        about: The decision that an answer (`done`) is about.
        token: Opaque id of the form that was sent; the same form sent twice is kept once.

    Raises:
        InputError: `care-decision-invalid`: an unknown choice, no reason, too long a note, no day, or no such user;
            `care-decision-unknown`: there is no open decision to answer.
    """
    text = "\n".join(note.replace("\x00", "").split("\r\n")).strip()
    if choice not in CHOICES[kind]:
        raise InputError("care-decision-invalid", f"Choose one of: {', '.join(CHOICES[kind])}.")
    if len(text) > NOTE_LIMIT:
        raise InputError("care-decision-invalid", f"A note has at most {NOTE_LIMIT} characters.", "Shorten it.")
    if kind in _WITH_REASON and len(text) < FEWEST_LETTERS:
        raise InputError("care-decision-invalid", "Say why, in a few words.")
    if kind == "action" and due is None:
        raise InputError("care-decision-invalid", "Say by when.")
    row = CareDecisionRow(
        at=to_utc(at),
        username=user,
        kind=kind,
        person_id=person_id,
        session_id=session_id,
        choice=choice,
        worker=worker,
        worker_before=worker_before,
        due=due,
        note=text or None,
        about=about,
        token=token,
    )
    if kind == "done":
        open_ones = {one.id: one for one in list_care_decisions(desk, kinds=["action"]) if one.answer is None}
        if about not in open_ones:
            return _same_form(desk, token, user) or _unknown()
    try:
        with desk.writing() as session:
            _check_users(session, user, worker, worker_before)
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError as error:
        return _same_form(desk, token, user) or _sent_by_another(error)


def retract_care_decision(desk: Desk, decision_id: int, *, user: str, at: datetime) -> int:
    """Take a decision or an answer back by adding a row that says so; the same row's id the second time.

    Raises:
        InputError: `care-decision-unknown`: there is none of that id.
        RefusedError: `not-the-author`: only who decided takes it back.
    """
    with desk.writing() as session:
        row = session.get(CareDecisionRow, decision_id)
        if row is None or row.kind == "retraction":
            raise InputError("care-decision-unknown", "There is no such decision.")
        if row.username != user:
            raise RefusedError("not-the-author", "Only who decided may take it back.")
        query = select(CareDecisionRow.id).where(
            CareDecisionRow.kind == "retraction", CareDecisionRow.about == decision_id
        )
        found = session.scalar(query)
        if found is not None:
            return found
        gone = CareDecisionRow(
            at=to_utc(at), username=user, kind="retraction", person_id=row.person_id, about=decision_id
        )
        session.add(gone)
        session.flush()
        return gone.id


def list_care_decisions(
    desk: Desk,
    *,
    person_ids: Collection[str] | None = None,
    session_id: int | None = None,
    kinds: Collection[Kind] = ("step-down", "seen", "action", "allocation"),
) -> list[CareDecision]:
    """Decisions that hold, the latest first, each with what became of it; what was taken back is left out.

    Args:
        desk: The open desk.
        person_ids: Only about these people, by every id they ever had.
        session_id: Only those of this session.
        kinds: Only these kinds.
    """
    wanted = {*kinds, "done", "retraction"}
    query = select(CareDecisionRow, User.display_name).join(User, User.username == CareDecisionRow.username)
    query = query.where(CareDecisionRow.kind.in_(wanted)).order_by(CareDecisionRow.id.desc())
    if person_ids is not None:
        query = query.where(CareDecisionRow.person_id.in_(list(person_ids)))
    with desk.reading() as session:
        rows = session.execute(query).all()
    gone = {row.about for row, _ in rows if row.kind == "retraction"}
    answers = {
        row.about: Answer(row.id, row.at, row.username, row.choice or "", row.note or "")
        for row, _ in rows
        if row.kind == "done" and row.id not in gone
    }
    return [
        replace(_decision(row, name), answer=answers.get(row.id))
        for row, name in rows
        if row.kind in kinds and row.id not in gone and (session_id is None or row.session_id == session_id)
    ]


def start_supervision(
    desk: Desk, *, user: str, worker: str, record_version: str, at: datetime, token: str | None = None
) -> int:
    """Open a supervision session and return its id; the same form sent twice opens one.

    Raises:
        InputError: `care-decision-invalid`: the desk does not know the worker.
    """
    row = SupervisionRow(at=to_utc(at), username=user, worker=worker, record_version=record_version, token=token)
    try:
        with desk.writing() as session:
            _check_users(session, user, worker)
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError as error:
        with desk.reading() as session:
            query = select(SupervisionRow.id).where(SupervisionRow.token == token, SupervisionRow.username == user)
            return session.scalar(query) or _sent_by_another(error)


def list_supervisions(desk: Desk, workers: Collection[str]) -> list[Supervision]:
    """Sessions about the people of some workers, the latest first."""
    query = (
        select(SupervisionRow, User.display_name)
        .join(User, User.username == SupervisionRow.username)
        .where(SupervisionRow.worker.in_(list(workers)))
        .order_by(SupervisionRow.id.desc())
    )
    with desk.reading() as session:
        rows = session.execute(query).all()
    return [Supervision(row.id, row.at, row.username, name, row.worker, row.record_version) for row, name in rows]


def _decision(row: CareDecisionRow, name: str) -> CareDecision:
    return CareDecision(
        id=row.id,
        at=row.at,
        username=row.username,
        display_name=name,
        kind=row.kind,
        person_id=row.person_id,
        session_id=row.session_id,
        choice=row.choice or "",
        worker=row.worker or "",
        worker_before=row.worker_before or "",
        due=row.due,
        note=row.note or "",
    )


def _same_form(desk: Desk, token: str | None, user: str) -> int | None:
    if token is None:
        return None
    query = select(CareDecisionRow.id).where(CareDecisionRow.token == token, CareDecisionRow.username == user)
    with desk.reading() as session:
        return session.scalar(query)


def _check_users(session: Session, *usernames: str | None) -> None:
    if any(name is not None and session.get(User, name) is None for name in usernames):
        raise InputError("care-decision-invalid", "A user that the decision names is not on the desk.")


def _sent_by_another(error: IntegrityError) -> int:
    raise InputError("care-decision-invalid", "The same form was sent by somebody else.") from error


def _unknown() -> int:
    raise InputError("care-decision-unknown", "There is no open decision of that id.", "It may be done or taken back.")
