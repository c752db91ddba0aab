"""Whose desk rows wait for a steward, because a run gave one person's records to several?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from washhouse.core.errors import InputError
from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import PersonChangeRow, ReviewRow


@dataclass(frozen=True)
class PersonChange:
    """One person whose records went to several people.

    Attributes:
        id: Id of the change.
        at: When the run found it, UTC.
        version: Version of the record that first shows it.
        person_before: The person until then.
        persons_after: Who has the records now.
        kind: `un-merge` where a steward decided so, else `split`.
        reviews: Reviews kept under the person until then.
        handled_at: When a steward dealt with it.
        handled_by: Who did.
    """

    id: int
    at: datetime
    version: str
    person_before: str
    persons_after: tuple[str, ...]
    kind: str
    reviews: int
    handled_at: datetime | None
    handled_by: str | None


def add_person_changes(
    desk: Desk, changes: Sequence[tuple[str, Sequence[str], str]], *, version: str, at: datetime
) -> int:
    """Note who was split by a run; a change noted before is left as it is.

    Args:
        desk: The open desk.
        changes: Person before, people after, and kind: `split` or `un-merge`.
        version: Version of the record that first shows them.
        at: The present moment, UTC.

    Returns:
        How many were new.
    """
    with desk.writing() as session:
        known = set(session.scalars(select(PersonChangeRow.person_before).where(PersonChangeRow.version == version)))
        fresh = [change for change in changes if change[0] not in known]
        for person, after, kind in fresh:
            reviews = session.scalar(
                select(func.count())
                .select_from(ReviewRow)
                .where(ReviewRow.person_id == person, ReviewRow.retracts.is_(None))
            )
            session.add(
                PersonChangeRow(
                    at=to_utc(at),
                    version=version,
                    person_before=person,
                    persons_after=",".join(sorted(after)),
                    kind=kind,
                    reviews=reviews or 0,
                )
            )
    return len(fresh)


def list_person_changes(desk: Desk, *, include_handled: bool = False, limit: int = 500) -> list[PersonChange]:
    """Changes that wait for a steward, the latest first; those with reviews before those without."""
    query = select(PersonChangeRow).order_by((PersonChangeRow.reviews > 0).desc(), PersonChangeRow.id.desc())
    if not include_handled:
        query = query.where(PersonChangeRow.handled_at.is_(None))
    with desk.reading() as session:
        rows = session.scalars(query.limit(limit)).all()
    return [
        PersonChange(
            id=row.id,
            at=row.at,
            version=row.version,
            person_before=row.person_before,
            persons_after=tuple(row.persons_after.split(",")),
            kind=row.kind,
            reviews=row.reviews,
            handled_at=row.handled_at,
            handled_by=row.handled_by,
        )
        for row in rows
    ]


def handle_person_change(desk: Desk, change_id: int, *, user: str, at: datetime) -> None:
    """Note that a steward has dealt with a change; the first who does is kept.

    Raises:
        InputError: `change-unknown`: there is no such change.
    """
    with desk.writing() as session:
        row = session.get(PersonChangeRow, change_id)
        if row is None:
            raise InputError("change-unknown", "There is no such change.")
        if row.handled_at is None:
            row.handled_at, row.handled_by = to_utc(at), user
