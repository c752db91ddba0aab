"""Opening a desk: both engines, migrations, several processes at once, clear errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from washhouse.core.errors import HomeError, UsageError
from washhouse.desk.database import Desk, migrations_config, open_desk
from washhouse.desk.models import Base, User

TABLES = {"users", "teams", "memberships", "assignments", "reviews", "audit"}


def test_the_revisions_make_exactly_the_models(desk: Desk) -> None:
    with desk.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert inspect(connection).get_table_names() and set(inspect(connection).get_table_names()) > TABLES


def test_opening_twice_changes_nothing_and_keeps_rows(desk: Desk, desk_url: str) -> None:
    with desk.writing() as session:
        session.add(User(username="CP1", role="clinician", display_name="x", active=True, origin="source"))
    again = open_desk(desk_url)
    with again.reading() as session:
        assert session.get_one(User, "CP1").active
    again.close()


def test_going_back_leaves_nothing(desk: Desk) -> None:
    with desk.begin() as connection:
        command.downgrade(migrations_config(connection), "base")
    with desk.engine.connect() as connection:
        assert not TABLES & set(inspect(connection).get_table_names())


def test_a_desk_of_a_later_version_is_refused(desk: Desk, desk_url: str) -> None:
    with desk.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HomeError) as caught:
        open_desk(desk_url)
    assert caught.value.code == "desk-newer"


def test_foreign_keys_hold(desk: Desk) -> None:
    with pytest.raises(SQLAlchemyError), desk.begin() as connection:
        connection.execute(text("INSERT INTO memberships (username, team) VALUES ('nobody', 'T1')"))


def test_several_processes_may_open_a_new_desk_at_once(desk_url: str) -> None:
    script = "import sys; from washhouse.desk.database import open_desk; open_desk(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-c", script, desk_url], stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    desk = open_desk(desk_url)
    with desk.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    desk.close()


def test_sqlite_is_safe_against_a_power_cut(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "desk.db")
    with desk.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    desk.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    ("location", "error", "code"),
    [
        ("mysql://u@h/d", UsageError, "desk-url"),
        ("://", UsageError, "desk-url"),
        ("postgresql://u@/d?unix_sock=/nowhere/.s.PGSQL.1", HomeError, "desk-unreachable"),
        ("postgresql+asyncwhat://u@h/d", HomeError, "desk-driver"),
        ("/nowhere/at/all/desk.db", HomeError, "desk-unreachable"),
    ],
)
def test_a_desk_that_cannot_be_opened_says_why(location: str, error: type[Exception], code: str) -> None:
    with pytest.raises(error) as caught:
        open_desk(location)
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_text("not a database, whatever its name says" * 40)
    with pytest.raises(HomeError, match="cannot be opened"):
        open_desk(tmp_path / "desk.db")
