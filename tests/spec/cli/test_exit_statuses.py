"""What the caller sees when the system or the user stops a command."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import duckdb
import pytest
import typer
from deltalake.exceptions import DeltaError
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from washhouse.cli import main


def call(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> tuple[int, str]:
    def doctor() -> None:
        raise fault

    lent = typer.Typer(add_completion=False)
    lent.command("doctor")(doctor)
    command = typer.main.get_command(lent)
    monkeypatch.setattr(main, "load_command", lambda name: command)
    done = CliRunner().invoke(main.app, ["doctor"])
    return done.exit_code, done.stderr


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, KeyboardInterrupt()) == (130, "interrupted\n")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_system_refuses_is_no_fault_of_washhouse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    status, told = call(monkeypatch, OSError(number, "No room, no key", "/secret/RW9-12345"))
    assert status == 5
    assert "No room, no key" in told and "home-refused" in told
    assert "fault" not in told and "12345" not in told


@pytest.mark.parametrize(
    "fault",
    [
        duckdb.IOException('IO Error: Could not write file "/secret/RW9-12345": No space left on device'),
        duckdb.OutOfMemoryException("failed to offload data block (1 GB/1 GB used), see 'max_temp_directory_size'"),
        DeltaError("Generic LocalFileSystem error: No space left on device (os error 28)"),
        OperationalError("INSERT", ["RW9-12345"], sqlite3.OperationalError("database or disk is full")),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_full_disk_is_no_fault_of_washhouse_whoever_meets_it(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    status, told = call(monkeypatch, fault)
    assert status == 5
    assert "No space left" in told and "free space" in told and "home-refused" in told
    assert "fault" not in told and "12345" not in told


def test_any_other_error_of_an_engine_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    status, told = call(monkeypatch, duckdb.IOException("IO Error: RW9-12345"))
    assert status == 5
    assert "fault of washhouse's own" in told and "12345" not in told


def test_a_city_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(main.app, ["city", "--people", "200", "--years", "1", "--out", str(tmp_path / "file/c")])
    assert done.exit_code == 3
    assert "city-unwritable" in done.stderr
