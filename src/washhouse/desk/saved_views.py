"""Which states of a list does a user keep at hand? Filters only: nobody types a name here, of a view or of a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import SavedViewRow

MOST_VIEWS = 12
"""Views that one user keeps; a further one takes the place of the oldest."""


def save_view(desk: Desk, user: str, filters: str, at: datetime) -> None:
    """Keep a view; one that is kept already stays as it is.

    Args:
        desk: The open desk.
        user: Username.
        filters: What stands in the address of the list, checked by the caller; empty for the list as it opens.
        at: The present moment, UTC.
    """
    with desk.writing() as session:
        if session.get(SavedViewRow, (user, filters)) is not None:
            return
        session.add(SavedViewRow(username=user, filters=filters, at=to_utc(at)))
        session.flush()
        kept = select(SavedViewRow).where(SavedViewRow.username == user)
        for row in session.scalars(kept.order_by(SavedViewRow.at.desc(), SavedViewRow.filters)).all()[MOST_VIEWS:]:
            session.delete(row)


def remove_view(desk: Desk, user: str, filters: str) -> None:
    """Keep a view no longer; nothing happens where it is not kept."""
    with desk.writing() as session:
        session.execute(delete(SavedViewRow).where(SavedViewRow.username == user, SavedViewRow.filters == filters))


def list_views(desk: Desk, user: str) -> list[str]:
    """Filters of the views that a user keeps, the oldest first."""
    query = select(SavedViewRow.filters).where(SavedViewRow.username == user)
    with desk.reading() as session:
        return list(session.scalars(query.order_by(SavedViewRow.at, SavedViewRow.filters)))
