"""What did stewards decide about links? Added or retracted; never edited or deleted.

Records are known here by opaque keys alone (`linkage.person_ids.record_key`): the desk holds no id of any sender.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from washhouse.core.errors import InputError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import LinkDecisionRow, LinkLabelRow, User

KINDS: dict[str, str] = {"must": "One person", "cannot": "Different people"}
"""What can be decided about two records; it holds at every later run until it is taken back or expires."""
ANSWERS: dict[str, str] = {"same": "One person", "different": "Different people", "unsure": "Cannot tell"}
"""What can be answered when a pair is looked at."""
REASON_LIMIT = 500
"""Longest reason, in characters."""


@dataclass(frozen=True)
class Decision:
    """One decision on two records; `undone_at` is set once it was taken back."""

    id: int
    at: datetime
    username: str
    display_name: str
    left_key: str
    right_key: str
    kind: str
    reason: str
    expires_at: datetime | None
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True)
class Label:
    """One answer whether two records are one person's; `undone_at` is set once it was taken back."""

    id: int
    at: datetime
    username: str
    display_name: str
    left_key: str
    right_key: str
    answer: str
    probability: float | None
    queue_cause: str
    undone_at: datetime | None


def add_decision(
    desk: Desk,
    *,
    left: str,
    right: str,
    kind: str,
    reason: str,
    user: str,
    at: datetime,
    expires_at: datetime | None = None,
    token: str | None = None,
) -> int:
    """Keep a decision on two records and return its id. Permission is the caller's to check.

    Args:
        desk: The open desk.
        left: Key of one record.
        right: Key of the other; the order does not matter.
        kind: A key of `KINDS`.
        reason: Why, 1 to `REASON_LIMIT` characters; pass it through `governance.redaction` first.
        user: Username of who decides.
        at: The present moment, UTC.
        expires_at: From when on the decision holds no longer, UTC.
        token: Opaque id of the form that was sent; the same form sent twice is kept once.

    Raises:
        InputError: `decision-invalid`: an unknown kind, no or too long a reason, one record twice, an unknown user.
    """
    if kind not in KINDS:
        raise InputError("decision-invalid", f"Choose one of: {', '.join(KINDS)}.")
    text = " ".join(reason.replace("\x00", "").split())
    if not text or len(text) > REASON_LIMIT:
        raise InputError("decision-invalid", f"Give a reason of 1 to {REASON_LIMIT} characters.")
    low, high = _pair(left, right)
    expiry = to_utc(expires_at) if expires_at else None
    return _add(
        desk,
        LinkDecisionRow(
            at=to_utc(at),
            username=user,
            left_key=low,
            right_key=high,
            kind=kind,
            reason=text,
            expires_at=expiry,
            token=token,
        ),
    )


def undo_decision(desk: Desk, decision_id: int, *, user: str, at: datetime, reason: str = "taken back") -> int:
    """Take a decision back by adding a row that says so; any steward may. The same id the second time.

    Raises:
        InputError: `decision-unknown`: there is no such decision.
    """
    with desk.reading() as session:
        row = session.get(LinkDecisionRow, decision_id)
    if row is None or row.retracts is not None:
        raise InputError("decision-unknown", "There is no such decision.")
    undone = LinkDecisionRow(
        at=to_utc(at),
        username=user,
        left_key=row.left_key,
        right_key=row.right_key,
        reason=reason,
        retracts=decision_id,
    )
    return _add(desk, undone)


def list_decisions(
    desk: Desk, *, at: datetime, include_undone: bool = False, limit: int | None = None
) -> list[Decision]:
    """Decisions that hold, the latest first.

    Args:
        desk: The open desk.
        at: The present moment, UTC; a decision that expired by then is left out.
        include_undone: Also those that were taken back or have expired.
        limit: Most decisions wanted.
    """
    moment = to_utc(at)
    return [
        Decision(
            id=row.id,
            at=row.at,
            username=row.username,
            display_name=name,
            left_key=row.left_key,
            right_key=row.right_key,
            kind=row.kind,
            reason=row.reason,
            expires_at=row.expires_at,
            undone_at=undone_at,
            undone_by=undone_by,
        )
        for row, name, undone_at, undone_by in _rows(desk, LinkDecisionRow, include_undone, limit)
        if include_undone or row.expires_at is None or row.expires_at > moment
    ]


def add_label(
    desk: Desk,
    *,
    left: str,
    right: str,
    answer: str,
    user: str,
    at: datetime,
    probability: float | None = None,
    queue_cause: str = "",
    token: str | None = None,
) -> int:
    """Keep an answer on two records and return its id. Permission is the caller's to check.

    Args:
        desk: The open desk.
        left: Key of one record.
        right: Key of the other; the order does not matter.
        answer: A key of `ANSWERS`.
        user: Username of who answers.
        at: The present moment, UTC.
        probability: What the model gave the pair when it was looked at, 0 to 1.
        queue_cause: Why the pair was in the queue.
        token: Opaque id of the form that was sent; the same form sent twice is kept once.

    Raises:
        InputError: `decision-invalid`: an unknown answer, one record twice, an unknown user.
    """
    if answer not in ANSWERS:
        raise InputError("decision-invalid", f"Choose one of: {', '.join(ANSWERS)}.")
    low, high = _pair(left, right)
    return _add(
        desk,
        LinkLabelRow(
            at=to_utc(at),
            username=user,
            left_key=low,
            right_key=high,
            answer=answer,
            probability=probability,
            queue_cause=queue_cause[:64],
            token=token,
        ),
    )


def undo_label(desk: Desk, label_id: int, *, user: str, at: datetime) -> int:
    """Take an answer back by adding a row that says so. The same id the second time.

    Raises:
        InputError: `decision-unknown`: there is no such answer.
    """
    with desk.reading() as session:
        row = session.get(LinkLabelRow, label_id)
    if row is None or row.retracts is not None:
        raise InputError("decision-unknown", "There is no such answer.")
    undone = LinkLabelRow(
        at=to_utc(at), username=user, left_key=row.left_key, right_key=row.right_key, retracts=label_id
    )
    return _add(desk, undone)


def list_labels(desk: Desk, *, include_undone: bool = False, limit: int | None = None) -> list[Label]:
    """Answers that stand, the latest first.

    Args:
        desk: The open desk.
        include_undone: Also those that were taken back.
        limit: Most answers wanted.
    """
    return [
        Label(
            id=row.id,
            at=row.at,
            username=row.username,
            display_name=name,
            left_key=row.left_key,
            right_key=row.right_key,
            answer=row.answer,
            probability=row.probability,
            queue_cause=row.queue_cause or "",
            undone_at=undone_at,
        )
        for row, name, undone_at, _ in _rows(desk, LinkLabelRow, include_undone, limit)
    ]


def _pair(left: str, right: str) -> tuple[str, str]:
    if left == right:
        raise InputError("decision-invalid", "Two records are needed; the same one was given twice.")
    return min(left, right), max(left, right)


def _rows(desk: Desk, kind: Any, include_undone: bool, limit: int | None) -> list[Any]:
    """Rows with the name of their author, and when and by whom they were taken back."""
    retraction = aliased(kind)
    query = (
        select(kind, User.display_name, retraction.at, retraction.username)
        .join(User, User.username == kind.username)
        .join(retraction, retraction.retracts == kind.id, isouter=True)
        .where(kind.retracts.is_(None))
        .order_by(kind.id.desc())
    )
    if not include_undone:
        query = query.where(retraction.id.is_(None))
    if limit is not None:
        query = query.limit(limit)
    with desk.reading() as session:
        return list(session.execute(query).all())


def _add(desk: Desk, row: LinkDecisionRow | LinkLabelRow) -> int:
    """Insert a row, or find the one that the same form or retraction made before."""
    kind = type(row)
    try:
        with desk.writing() as session:
            if session.get(User, row.username) is None:
                raise InputError("decision-invalid", "Who decides is not a user of the desk.")
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError as error:
        same = kind.token == row.token if row.retracts is None else kind.retracts == row.retracts
        with desk.reading() as session:
            found = session.scalar(select(kind.id).where(same))
        if found is None:
            raise InputError("decision-invalid", "The decision could not be kept.") from error
        return int(found)
