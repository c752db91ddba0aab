"""Where does the desk live, and how is it opened?

SQLite inside the home by default (WAL, `synchronous=FULL`, foreign keys on), PostgreSQL by URL. Opening brings the
tables to the newest revision; several processes may open the same desk at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from washhouse.core.errors import HomeError, UsageError

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x77617368
_BUSY_SECONDS = 60


class Desk:
    """An open desk.

    Whoever writes waits in turn, also for other processes: SQLite by itself looks again ever more seldom whether it
    may; the system wakes who waits for a file's lock at once.

    Args:
        engine: The engine; read through it, write through `begin` or `writing`.
        turn: File whose lock is the turn to write; none where the database queues by itself.
    """

    def __init__(self, engine: Engine, turn: Path | None = None) -> None:
        self.engine = engine
        self._write_engine = engine.execution_options(washhouse_write=True)
        self._lock = RLock()
        self._turn = None if turn is None else os.open(turn, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries; nothing it changes is kept."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed at the end of the block, or not at all."""
        with self._in_turn(), Session(self._write_engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A connection whose statements are committed at the end of the block, or not at all."""
        with self._in_turn(), self._write_engine.begin() as connection:
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        with self._lock:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()
        if self._turn is not None:
            os.close(self._turn)
            self._turn = None


def open_desk(location: str | Path) -> Desk:
    """Open the desk and bring its tables to the newest revision.

    Args:
        location: A SQLAlchemy URL, or the path of a SQLite file (made if it is missing).

    Raises:
        UsageError: `desk-url`: the URL cannot be understood or names an engine that is not supported.
        HomeError: `desk-driver` when the engine's driver is not installed; `desk-unreachable` when the database
            cannot be opened; `desk-newer` when a later version of washhouse has written it.
    """
    url = _desk_url(location)
    try:
        engine = _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgres_engine(url)
    except (ImportError, NoSuchModuleError) as error:
        raise HomeError(
            "desk-driver", "The driver of the desk's database is not installed.", "Run `scripts/install run postgres`."
        ) from error
    try:
        _upgrade(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise HomeError(
            "desk-unreachable",
            f"The desk's database ({url.get_backend_name()}) cannot be opened or upgraded.",
            "Check the desk URL, that the server runs, and that the folder is writable.",
        ) from error
    except BaseException:
        engine.dispose()
        raise
    has_file = engine.dialect.name == "sqlite" and url.database not in (None, "", ":memory:")
    return Desk(engine, Path(f"{url.database}-turn") if has_file else None)


def _desk_url(location: str | Path) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(location))
    try:
        url = make_url(location)
    except ArgumentError as error:
        raise UsageError("desk-url", "The desk URL cannot be understood.", "See docs/explanation/governance.md.") from (
            error
        )
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+pg8000")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError("desk-url", "The desk runs on SQLite or PostgreSQL only.", "Use postgresql://... or no URL.")
    return url


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=8, max_overflow=56, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        # Transactions are begun by hand below: the driver's own rules would begin too late to lock before reading.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("washhouse_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgres_engine(url: URL) -> Engine:
    return create_engine(url, pool_size=8, max_overflow=56, pool_pre_ping=True, hide_parameters=True)


def migrations_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the desk's revisions, run on a connection that is already in a transaction."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(engine: Engine) -> None:
    """Run the revisions in one transaction that only one process can hold."""
    with engine.execution_options(washhouse_write=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        current = _current_revision(connection)
        known = _revisions()
        if current is not None and current not in known:
            raise HomeError(
                "desk-newer",
                "The desk was written by a later version of washhouse.",
                "Use that version or a newer one.",
            )
        if current != known[0]:
            command.upgrade(migrations_config(connection), "head")


@cache
def _revisions() -> tuple[str, ...]:
    """The revisions that this version knows, the newest first; read once, as a run opens the desk many times."""
    script = ScriptDirectory.from_config(migrations_config())
    return tuple(revision.revision for revision in script.walk_revisions())


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
