"""How is the audit kept, so that nothing is shown before its row is safe and no later change goes unseen?

Rows are only ever added. Each carries the hash of the row before it, so an edit, an insertion, a deletion or a new
order breaks the chain at the first row touched. The chain cannot show that rows were cut off its end: compare its
head with one noted earlier (`Verification.head`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import HomeError
from washhouse.desk.database import Desk
from washhouse.desk.models import AuditRow
from washhouse.desk.score_exposures import ScoreExposure, insert_exposures

GENESIS = "0" * 64
"""What the first row names as the hash before it."""

_TABLE = AuditRow.__table__
_CHAINED = ("seq", "at", "actor", "role", "purpose", "action", "subject", "outcome", "detail", "previous")
_APPEND_LOCK = 0x61756474


@dataclass(frozen=True)
class Entry:
    """What one audit row says; `detail` is JSON text without values from the record."""

    at: str
    actor: str
    role: str
    purpose: str
    action: str
    subject: str | None
    outcome: str
    detail: str


@dataclass(frozen=True)
class Verification:
    """What a walk along the chain found.

    Attributes:
        rows: Rows that were read and found sound.
        head: `seq:hash` of the last sound row, `0:000...` if there is none.
        bad_seq: First seq that is missing, changed or out of order; None if the chain is whole.
        problem: What is wrong there, in words.
    """

    rows: int
    head: str
    bad_seq: int | None = None
    problem: str = ""


@dataclass
class _Ticket:
    entries: Sequence[Entry]
    exposures: Sequence[ScoreExposure] = ()
    last_seq: int = 0
    leads: bool = False
    error: BaseException | None = field(default=None, repr=False)
    turn: threading.Event = field(default_factory=threading.Event, repr=False)


class AuditLog:
    """Adds rows and walks the chain. Safe to share between threads; several processes may append at once.

    Concurrent calls are gathered: one of them leads, commits everything that waits in one transaction, wakes the
    others and hands the lead to the first that has come meanwhile. `append` returns only when the caller's own rows
    are committed.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._writing = False

    def append(self, entries: Sequence[Entry], exposures: Sequence[ScoreExposure] = ()) -> int:
        """Commit rows, and the scores that are about to be shown beside them; returns the seq of the last.

        Raises:
            HomeError: `audit-unwritable`: nothing was written, so nothing may be shown.
        """
        if not entries and not exposures:
            return 0
        ticket = _Ticket(entries, exposures)
        with self._lock:
            self._waiting.append(ticket)
            ticket.leads = not self._writing
            self._writing = True
        if not ticket.leads:
            ticket.turn.wait()
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise HomeError(
                "audit-unwritable", "The audit could not be written, so nothing is shown.", "Check the desk's disk."
            ) from ticket.error
        return ticket.last_seq

    def append_within(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write rows into a transaction that is open for writing: they are kept with the rest of it, or not at all.

        Other appends wait until it ends. Raises what the engine raises.
        """
        _insert(connection, [entries])

    def _lead(self) -> None:
        with self._lock:
            tickets, self._waiting = self._waiting, []
        try:
            self._commit(tickets)
        finally:
            with self._lock:
                self._writing = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].turn.set()
            for ticket in tickets:
                ticket.turn.set()

    def _commit(self, tickets: list[_Ticket]) -> None:
        try:
            with self._desk.begin() as connection:
                for ticket, last in zip(tickets, _insert(connection, [t.entries for t in tickets]), strict=True):
                    ticket.last_seq = last
                insert_exposures(connection, [shown for ticket in tickets for shown in ticket.exposures])
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
            if not isinstance(error, SQLAlchemyError):
                raise

    def verify(self, page: int = 20_000) -> Verification:
        """Walk the chain from its first row, a page at a time, to the first row that breaks it.

        Raises:
            HomeError: `audit-unreadable`.
        """
        columns = [_TABLE.c[name] for name in (*_CHAINED, "hash")]
        seq, previous = 0, GENESIS
        while True:
            query = select(*columns).where(_TABLE.c.seq > seq).order_by(_TABLE.c.seq).limit(page)
            if seq == 0:
                query = select(*columns).order_by(_TABLE.c.seq).limit(page)
            rows = self._page(query)
            for row in rows:
                problem = _problem(row, seq + 1, previous)
                if problem:
                    return Verification(seq, f"{seq}:{previous}", min(row[0], seq + 1), problem)
                seq, previous = row[0], row[10]
            if len(rows) < page:
                return Verification(seq, f"{seq}:{previous}")

    def _page(self, query: Select[Any]) -> Sequence[Any]:
        try:
            with self._desk.engine.connect() as connection:
                return connection.execute(query).fetchall()
        except SQLAlchemyError as error:
            raise HomeError(
                "audit-unreadable", "The audit cannot be read.", "Restore the desk from a backup."
            ) from error

    def hash_at(self, seq: int) -> str | None:
        """Hash of a row, or None if there is no such row."""
        if seq == 0:
            return GENESIS
        with self._desk.engine.connect() as connection:
            return connection.execute(select(_TABLE.c.hash).where(_TABLE.c.seq == seq)).scalar_one_or_none()


def chain_hash(fields: tuple[object, ...]) -> str:
    """SHA-256 of a row's fields (`seq` to `previous`) written as one JSON list.

    >>> chain_hash((1, "2026-07-01T09:00:00.000000Z", "CP0012", "clinician", "direct-care", "read-person",
    ...             None, "allow", "{}", GENESIS))[:12]
    '72962a3a1aa5'
    """
    return hashlib.sha256(_encode(fields).encode("ascii")).hexdigest()


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _problem(row: Sequence[object], expected: int, previous: str) -> str:
    if row[0] != expected:
        return "the row is missing" if int(str(row[0])) > expected else "the row lies before the first"
    if row[9] != previous:
        return "the row does not follow the one before it"
    if chain_hash(tuple(row[:10])) != row[10]:
        return "the row was changed after it was written"
    return ""


def _insert(connection: Connection, groups: Sequence[Sequence[Entry]]) -> list[int]:
    """Add groups of rows to the end of the chain; returns the seq of each group's last."""
    seq, previous = _lock_head(connection)
    rows, ends = [], []
    for entries in groups:
        for entry in entries:
            seq += 1
            row = {"seq": seq, "previous": previous, **vars(entry)}
            previous = row["hash"] = chain_hash(tuple(row[name] for name in _CHAINED))
            rows.append(row)
        ends.append(seq)
    if rows:
        connection.execute(insert(AuditRow), rows)
    return ends


def _lock_head(connection: Connection) -> tuple[int, str]:
    """Keep other processes from appending until the transaction ends, and find the end of the chain."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
    last = connection.execute(select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)).first()
    return (0, GENESIS) if last is None else (last.seq, last.hash)
