"""`washhouse audit verify`: 0 when the audit is whole, 5 with the first bad seq when it is not."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from washhouse.cli.audit import app
from washhouse.core.errors import HomeError
from washhouse.desk.audit_log import AuditLog, Entry
from washhouse.desk.database import open_desk

ENTRY = Entry("2026-07-01T09:00:00.000000Z", "CP1", "clinician", "direct-care", "read-person", None, "allow", "{}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    desk = open_desk(tmp_path / "desk.db")
    AuditLog(desk).append([ENTRY] * 5)
    desk.close()
    return tmp_path


def verify(home: Path, *options: str) -> tuple[str, HomeError | None]:
    result = CliRunner().invoke(app, ["verify", "--home", str(home), *options])
    assert result.exception is None or isinstance(result.exception, HomeError), result.output
    return result.stdout, result.exception


def tamper(home: Path, statement: str) -> None:
    connection = sqlite3.connect(home / "desk.db")
    connection.execute("DROP TRIGGER audit_update")
    connection.execute("DROP TRIGGER audit_delete")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_whole_audit(home: Path) -> None:
    output, error = verify(home)
    assert error is None
    assert output.startswith("5 rows, all sound. Head: 5:")
    found = json.loads(verify(home, "--json")[0])
    assert (found["whole"], found["rows"], found["bad_seq"], found["head"][:2]) == (True, 5, None, "5:")


def test_the_first_bad_seq_is_named(home: Path) -> None:
    tamper(home, "UPDATE audit SET actor = 'CP2' WHERE seq >= 3")
    output, error = verify(home, "--json")
    assert error is not None and error.exit_status == 5
    assert "seq 3" in error.message
    assert json.loads(output)["bad_seq"] == 3


def test_a_noted_head_shows_rows_cut_off_the_end(home: Path) -> None:
    head = json.loads(verify(home, "--json")[0])["head"]
    assert verify(home, "--expect", head)[1] is None
    tamper(home, "DELETE FROM audit WHERE seq = 5")
    assert verify(home)[1] is None
    _, error = verify(home, "--expect", head)
    assert error is not None and error.code == "audit-head-missing"


def test_a_home_without_a_desk(tmp_path: Path) -> None:
    _, error = verify(tmp_path)
    assert error is not None and error.code == "desk-missing"
    assert not (tmp_path / "desk.db").exists()


def test_a_desk_without_its_audit(home: Path) -> None:
    connection = sqlite3.connect(home / "desk.db")
    connection.execute("DROP TABLE audit")
    connection.commit()
    connection.close()
    _, error = verify(home)
    assert error is not None and error.code == "audit-unreadable"
