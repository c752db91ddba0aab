"""What the caller sees when the system or the user stops a command."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import typer
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


def test_a_city_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(main.app, ["city", "--people", "200", "--years", "1", "--out", str(tmp_path / "file/c")])
    assert done.exit_code == 3
    assert "city-unwritable" in done.stderr
