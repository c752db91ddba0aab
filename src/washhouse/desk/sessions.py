"""Who is signed in? Kept here, so that every process that serves a home knows every session.

The desk holds the digest of a session's token, never the token: who reads the desk can act for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import HomeError
from washhouse.desk.database import Desk
from washhouse.desk.models import SessionRow

_TABLE = SessionRow.__table__


@dataclass(frozen=True)
class SignedIn:
    """One session, by the digest of its token; times in naive UTC."""

    digest: str
    actor: str
    name: str
    title: str
    role: str
    purpose: str
    started_at: datetime
    seen_at: datetime


def keep_session(desk: Desk, session: SignedIn, *, started_by: datetime, seen_by: datetime) -> None:
    """Keep a new session, and forget those that began or were last seen at or before two moments."""
    with _told(), desk.begin() as connection:
        ended = or_(_TABLE.c.started_at <= started_by, _TABLE.c.seen_at <= seen_by)
        connection.execute(delete(SessionRow).where(ended))
        connection.execute(insert(SessionRow), [vars(session)])


def find_session(desk: Desk, digest: str) -> SignedIn | None:
    """The session of a token's digest, ended or not; None if there is none."""
    with _told(), desk.engine.connect() as connection:
        row = connection.execute(select(*_TABLE.c).where(_TABLE.c.digest == digest)).first()
    return None if row is None else SignedIn(**row._mapping)


def see_session(desk: Desk, digest: str, now: datetime) -> None:
    """Note a sign of life; a session that was ended meanwhile stays ended."""
    with _told(), desk.begin() as connection:
        connection.execute(update(SessionRow).where(_TABLE.c.digest == digest).values(seen_at=now))


def drop_session(desk: Desk, digest: str) -> None:
    """Forget a session."""
    with _told(), desk.begin() as connection:
        connection.execute(delete(SessionRow).where(_TABLE.c.digest == digest))


def end_sessions(desk: Desk) -> None:
    """Forget every session."""
    with _told(), desk.begin() as connection:
        connection.execute(delete(SessionRow))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise HomeError(
            "desk-unreachable", "The desk cannot say who is signed in.", "Check that its database runs."
        ) from error
