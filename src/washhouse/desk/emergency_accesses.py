"""Who opened the record of somebody not in their care, why, until when, and was it right? Added, never edited.

An access is opened together with its audit and with a notice to the resident, so the function that does it writes into
a transaction of the caller's: `governance.emergency`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from washhouse.core.errors import InputError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import EmergencyAccessRow, EmergencyAccessStepRow, ResidentNoticeRow, User
from washhouse.desk.reviews import NOTE_LIMIT

REASONS: dict[str, str] = {
    "presents": "The person presents in crisis now, here or by telephone",
    "emergency-services": "An emergency department, ambulance crew or the police ask for help with the person now",
    "place-of-safety": "The person is held under section 135 or 136 and is being assessed",
    "act-assessment": "A Mental Health Act assessment of the person takes place now",
    "risk-of-harm": "Somebody is at immediate risk of harm, and the record is needed to keep them safe",
    "cover": "I stand in today for those who care for the person",
}
"""Why somebody opens a record in an emergency."""

OUTCOMES: dict[str, str] = {
    "appropriate": "Appropriate",
    "not-appropriate": "Not appropriate",
    "needs-enquiry": "Needs enquiry",
}
"""What a review of an emergency access comes to; one that needs enquiry goes on waiting for one of the others."""

FEWEST_LETTERS = 10
"""Letters that what happened, and a review, are told in at least."""


@dataclass(frozen=True)
class AccessReview:
    """What somebody made of an emergency access."""

    id: int
    at: datetime
    username: str
    display_name: str
    outcome: str
    note: str


@dataclass(frozen=True)
class EmergencyAccess:
    """One emergency access to one record.

    Attributes:
        id: Its number.
        at: When it was opened, UTC.
        username: Who opened it.
        display_name: Their name.
        person_id: Whose record, under the id of that day.
        reason: A key of `REASONS`.
        note: What happened, in their words, redacted.
        until: When it ends by itself.
        due: When a review is due.
        closed_at: When it was closed before its time; None if it was not.
        reviews: What reviewers made of it, the first first.
    """

    id: int
    at: datetime
    username: str
    display_name: str
    person_id: str
    reason: str
    note: str
    until: datetime
    due: datetime
    closed_at: datetime | None = None
    reviews: tuple[AccessReview, ...] = ()

    @property
    def ends(self) -> datetime:
        """When it ended, or ends by itself."""
        return min(self.closed_at or self.until, self.until)

    def is_open(self, now: datetime) -> bool:
        """Does it open the record now?"""
        return self.at <= now < self.ends

    @property
    def outcome(self) -> str:
        """What the last review came to; empty while there is none."""
        return self.reviews[-1].outcome if self.reviews else ""

    @property
    def is_settled(self) -> bool:
        """Has somebody said whether it was right?"""
        return self.outcome in ("appropriate", "not-appropriate")

    def is_overdue(self, now: datetime) -> bool:
        """Should somebody have said so by now?"""
        return not self.is_settled and now >= self.due


def trim_words(words: str) -> str:
    r"""What was typed, without what no text holds and without space around it.

    >>> trim_words(" Rang at night\r\nvery distressed ")
    'Rang at night\nvery distressed'
    """
    return words.replace("\x00", "").replace("\r\n", "\n").strip()


def is_told(words: str) -> bool:
    """Does what was typed tell enough, and not more than is kept?"""
    return FEWEST_LETTERS <= len(trim_words(words)) <= NOTE_LIMIT


def check_words(words: str) -> str:
    """Return what was typed, trimmed.

    Raises:
        InputError: `emergency-access-invalid`: fewer than `FEWEST_LETTERS` or more than `NOTE_LIMIT` characters.
    """
    if not is_told(words):
        raise InputError("emergency-access-invalid", f"Say why, in {FEWEST_LETTERS} to {NOTE_LIMIT:,} characters.")
    return trim_words(words)


def check_choice(choice: str, choices: Collection[str]) -> None:
    """Raise unless a choice is one of those that there are.

    Raises:
        InputError: `emergency-access-invalid`.
    """
    if choice not in choices:
        raise InputError("emergency-access-invalid", f"Choose one of: {', '.join(choices)}.")


def add_access(
    session: Session,
    *,
    user: str,
    person_id: str,
    reason: str,
    note: str,
    at: datetime,
    until: datetime,
    due: datetime,
    token: str | None,
) -> int:
    """Write an access, and that the resident is to be told, into an open transaction; returns the access's number.

    Args:
        session: Open for writing; the decision to allow it belongs into the same transaction.
        user: Who opens it; a user of the desk.
        person_id: Whose record.
        reason: A key of `REASONS`, checked.
        note: What happened; checked and redacted.
        at: The present moment, UTC.
        until: When it ends by itself.
        due: When a review is due.
        token: Opaque id of the form that was sent, unique.
    """
    row = EmergencyAccessRow(
        at=at, username=user, person_id=person_id, reason=reason, note=note, until=until, due=due, token=token
    )
    session.add(row)
    session.flush()
    session.add(ResidentNoticeRow(at=at, person_id=person_id, access_id=row.id))
    return row.id


def add_step(
    session: Session,
    access_id: int,
    *,
    user: str,
    at: datetime,
    outcome: str | None = None,
    note: str | None = None,
    token: str | None = None,
) -> None:
    """Write into an open transaction that an access was closed, or with an outcome that it was reviewed."""
    kind = "closed" if outcome is None else "review"
    session.add(
        EmergencyAccessStepRow(
            at=at, username=user, access_id=access_id, kind=kind, outcome=outcome, note=note, token=token
        )
    )


def same_form(desk: Desk, row: type[EmergencyAccessRow | EmergencyAccessStepRow], token: str | None, user: str) -> bool:
    """Did a user send this very form before?"""
    query = select(row.id).where(row.token == token, row.username == user)
    with desk.reading() as session:
        return token is not None and session.scalar(query) is not None


def count_accesses(session: Session, user: str, since: datetime) -> int:
    """How many records a user opened after a moment."""
    query = select(func.count()).select_from(EmergencyAccessRow)
    return session.scalar(query.where(EmergencyAccessRow.username == user, EmergencyAccessRow.at > since)) or 0


def opened_people(desk: Desk, user: str, now: datetime) -> dict[str, datetime]:
    """Whose record is open to a user now, each with the end of the access."""
    moment = to_utc(now)
    lately = EmergencyAccessRow.until > moment
    found = _read(desk, _accesses().where(EmergencyAccessRow.username == user, lately))
    opened = sorted((access for access in found if access.is_open(moment)), key=lambda access: access.ends)
    return {access.person_id: access.ends for access in opened}


def list_accesses(
    desk: Desk, *, person_ids: Collection[str] | None = None, users: Collection[str] | None = None
) -> list[EmergencyAccess]:
    """Emergency accesses, the latest first.

    Args:
        desk: The open desk.
        person_ids: Only to the records of these people, by every id that they ever had.
        users: Only of these users.
    """
    query = _accesses()
    if person_ids is not None:
        query = query.where(EmergencyAccessRow.person_id.in_(list(person_ids)))
    if users is not None:
        query = query.where(EmergencyAccessRow.username.in_(list(users)))
    return _read(desk, query)


def due_notices(desk: Desk, person_ids: Collection[str]) -> frozenset[int]:
    """Accesses of which a resident is still to be told, by number. Nothing tells residents from here yet: all are due.

    Args:
        desk: The open desk.
        person_ids: The resident, by every id that they ever had.
    """
    query = select(ResidentNoticeRow.access_id).where(ResidentNoticeRow.person_id.in_(list(person_ids)))
    with desk.reading() as session:
        return frozenset(session.scalars(query))


def _accesses() -> Select[EmergencyAccessRow, str]:
    query = select(EmergencyAccessRow, User.display_name).join(User, User.username == EmergencyAccessRow.username)
    return query.order_by(EmergencyAccessRow.id.desc())


def _read(desk: Desk, query: Select[EmergencyAccessRow, str]) -> list[EmergencyAccess]:
    with desk.reading() as session:
        rows = session.execute(query).all()
        steps = (
            select(EmergencyAccessStepRow, User.display_name)
            .join(User, User.username == EmergencyAccessStepRow.username)
            .where(EmergencyAccessStepRow.access_id.in_([row.id for row, _ in rows]))
            .order_by(EmergencyAccessStepRow.id)
        )
        taken = [(step, name) for step, name in session.execute(steps)] if rows else []
    return [_access(row, name, [each for each in taken if each[0].access_id == row.id]) for row, name in rows]


def _access(row: EmergencyAccessRow, name: str, steps: Sequence[tuple[EmergencyAccessStepRow, str]]) -> EmergencyAccess:
    return EmergencyAccess(
        id=row.id,
        at=row.at,
        username=row.username,
        display_name=name,
        person_id=row.person_id,
        reason=row.reason,
        note=row.note,
        until=row.until,
        due=row.due,
        closed_at=min((step.at for step, _ in steps if step.kind == "closed"), default=None),
        reviews=tuple(
            AccessReview(step.id, step.at, step.username, by, step.outcome or "", step.note or "")
            for step, by in steps
            if step.kind == "review"
        ),
    )
