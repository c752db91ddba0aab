"""Which records were given a person between two runs? Kept here, sealed, until the next run lands them.

The desk knows a record by an opaque key. What it says is sealed under the vault's key, and taken away once it landed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from washhouse.desk.clock import to_utc
from washhouse.desk.database import Desk
from washhouse.desk.models import LiveRecordRow

_LOCK = 0x6C697665
"""PostgreSQL's advisory lock of whoever gives records a person."""


@dataclass(frozen=True)
class LiveRecord:
    """A record that was given a person.

    Attributes:
        id: Number of the row; later ones are higher.
        key: The record's opaque key, see `linkage.person_ids.record_key`.
        person_id: The person it was given.
        payload: What it says, sealed; empty once it has landed.
        actor: Who recorded it.
        at: When, UTC.
    """

    id: int
    key: str
    person_id: str
    payload: bytes = field(repr=False)
    actor: str
    at: datetime


@dataclass(frozen=True)
class Recorder:
    """Leave to give records a person, held by one at a time; nothing is kept unless its block ends well."""

    session: Session

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """Persons of the records among some that were ever recorded, by key."""
        rows = self.session.execute(
            select(LiveRecordRow.key, LiveRecordRow.person_id).where(LiveRecordRow.key.in_(keys))
        )
        return {row.key: row.person_id for row in rows}

    def since(self, last: int) -> list[LiveRecord]:
        """Records after a row that have not landed, in the order in which they came."""
        return _rows(self.session, last)

    def add(self, records: Sequence[tuple[str, str, bytes]], *, actor: str, at: datetime) -> int:
        """Keep records, at least one: key, person and sealed content of each. Returns the number of the last row."""
        moment = to_utc(at)
        self.session.execute(
            insert(LiveRecordRow),
            [
                {"key": key, "person_id": person, "payload": payload, "actor": actor, "at": moment}
                for key, person, payload in records
            ],
        )
        return int(self.session.scalar(select(func.max(LiveRecordRow.id))) or 0)


@contextmanager
def recording(desk: Desk) -> Iterator[Recorder]:
    """Hold the leave to give records a person; others wait, in this process and in any other."""
    with desk.writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield Recorder(session)


def live_records(desk: Desk, last: int = 0) -> list[LiveRecord]:
    """Records after a row that have not landed, in the order in which they came."""
    with desk.reading() as session:
        return _rows(session, last)


def land_records(desk: Desk, ids: Sequence[int], *, at: datetime) -> None:
    """Note that records have landed, and take away what they said."""
    if not ids:
        return
    with desk.writing() as session:
        session.execute(
            update(LiveRecordRow).where(LiveRecordRow.id.in_(ids)).values(landed_at=to_utc(at), payload=b"")
        )


def _rows(session: Session, last: int) -> list[LiveRecord]:
    query = (
        select(LiveRecordRow)
        .where(LiveRecordRow.id > last, LiveRecordRow.landed_at.is_(None))
        .order_by(LiveRecordRow.id)
    )
    return [
        LiveRecord(row.id, row.key, row.person_id, row.payload, row.actor, row.at) for row in session.scalars(query)
    ]
