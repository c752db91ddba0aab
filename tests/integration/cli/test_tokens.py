"""`washhouse token`: given once, listed without its secret, taken back; each noted in the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from washhouse.cli.token import app
from washhouse.desk.clock import utc_now
from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow, User
from washhouse.desk.programs import find_program


@pytest.fixture
def home(tmp_path: Path) -> Path:
    desk = open_desk(tmp_path / "desk.db")
    with desk.writing() as session:
        session.add(User(username="CP1", role="clinician", display_name="A clinician", active=True, origin="source"))
    desk.close()
    return tmp_path


def call(home: Path, *words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--home", str(home)])


def test_a_token_is_given_listed_and_taken_back(home: Path) -> None:
    token = call(home, "new", "ward-board", "--role", "clinician", "--worker", "CP1").stdout.strip()
    desk = open_desk(home / "desk.db")
    found = find_program(desk, token)
    assert found is not None
    assert (found.name, found.role, found.purpose, found.worker) == ("ward-board", "clinician", "direct-care", "CP1")
    assert found.holds(utc_now())
    listed = call(home, "list", "--json").stdout
    assert token not in listed
    assert [(one["name"], one["holds"]) for one in json.loads(listed)["programs"]] == [("ward-board", True)]
    assert call(home, "revoke", "ward-board").exit_code == 0
    assert "revoked" in call(home, "list").stdout
    assert not find_program(desk, token).holds(utc_now())
    with desk.reading() as session:
        noted = [(row.action, json.loads(row.detail)) for row in session.scalars(select(AuditRow).order_by("seq"))]
    assert noted == [("token-new", {"program": "ward-board"}), ("token-revoke", {"program": "ward-board"})]
    desk.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("new", "one", "--role", "system"), "program-role"),
        (("new", "one", "--role", "clinician"), "program-role"),
        (("new", "one", "--role", "steward", "--worker", "CP1"), "program-role"),
        (("new", "one", "--role", "clinician", "--worker", "CP2"), "program-worker"),
        (("new", "Not a name", "--role", "steward"), "program-name"),
        (("revoke", "nobody"), "program-unknown"),
    ],
)
def test_what_makes_no_sense_is_refused(home: Path, words: tuple[str, ...], code: str) -> None:
    assert call(home, *words).exception.code == code


def test_a_name_is_used_once(home: Path) -> None:
    assert call(home, "new", "one", "--role", "steward").exit_code == 0
    call(home, "revoke", "one")
    assert call(home, "new", "one", "--role", "steward").exception.code == "program-name"
