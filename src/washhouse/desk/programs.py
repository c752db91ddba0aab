"""Which programs may ask, as what, and until when?

A program shows a token; the desk holds its digest. The token is random and long: a plain hash of it tells nothing.
A name is used once: the audit names a program by it for ever.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from washhouse.core.errors import HomeError, InputError
from washhouse.desk.database import Desk
from washhouse.desk.models import ProgramRow

_TABLE = ProgramRow.__table__
_SHOWN = [column for column in _TABLE.c if column.name != "digest"]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Program:
    """A program that was given a token; times in naive UTC.

    Attributes:
        name: What the audit calls it, after `program:`.
        role: What it acts as.
        purpose: What it asks for.
        worker: Whose people it may ask about, empty where its role names no people.
        made_at: When it got its token.
        expires_at: The first moment at which the token no longer holds.
        revoked_at: When it was taken back, None if it was not.
    """

    name: str
    role: str
    purpose: str
    worker: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Does its token hold?"""
        return self.revoked_at is None and self.made_at <= now < self.expires_at


def add_program(desk: Desk, program: Program) -> str:
    """Keep a program and return its token, which is kept nowhere.

    Raises:
        InputError: `program-name`: the name is taken, or is none.
    """
    if not _NAME.fullmatch(program.name):
        raise InputError("program-name", "A program's name has 1 to 40 small letters, digits and hyphens.")
    token = f"wh_{secrets.token_urlsafe(32)}"
    try:
        with desk.begin() as connection:
            connection.execute(insert(ProgramRow), [{**vars(program), "digest": _digest(token)}])
    except IntegrityError:
        problem = InputError("program-name", "A program had that name before.", "Choose another: the audit names it.")
        raise problem from None
    return token


def find_program(desk: Desk, token: str) -> Program | None:
    """The program that a token was given to, whether it still holds or not; None if there is none.

    Raises:
        HomeError: `desk-unreachable`.
    """
    try:
        with desk.engine.connect() as connection:
            row = connection.execute(select(*_SHOWN).where(_TABLE.c.digest == _digest(token))).first()
    except SQLAlchemyError as error:
        raise HomeError(
            "desk-unreachable", "The desk cannot say which program asks.", "Check that its database runs."
        ) from error
    return None if row is None else Program(**row._mapping)


def list_programs(desk: Desk) -> list[Program]:
    """Every program that ever got a token, by name."""
    with desk.engine.connect() as connection:
        return [Program(**row._mapping) for row in connection.execute(select(*_SHOWN).order_by(_TABLE.c.name))]


def revoke_program(desk: Desk, name: str, now: datetime) -> None:
    """Take a program's token back; twice is once.

    Raises:
        InputError: `program-unknown`.
    """
    with desk.begin() as connection:
        if connection.execute(select(_TABLE.c.name).where(_TABLE.c.name == name)).first() is None:
            raise InputError("program-unknown", "There is no program of that name.", "See `washhouse token list`.")
        held = (_TABLE.c.name == name) & _TABLE.c.revoked_at.is_(None)
        connection.execute(update(ProgramRow).where(held).values(revoked_at=now))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
