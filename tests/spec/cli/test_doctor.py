"""`washhouse doctor` names what is not in order and ends with 5; it changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home, Settings
from washhouse.governance.keys import load_or_create_master_key
from washhouse.lake.lock import run_lock


def doctor(home: Path) -> dict[str, tuple[bool, str]]:
    done = CliRunner().invoke(app, ["doctor", "--home", str(home), "--json"])
    report = json.loads(done.stdout)
    assert done.exit_code == (0 if report["ok"] else 5)
    return {check["check"]: (check["ok"], check["found"]) for check in report["checks"]}


def test_a_home_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--home", str(tmp_path / "nowhere")])
    assert done.exit_code == 3
    assert "home-missing" in done.stderr


def test_an_empty_home_lacks_everything_and_stays_empty(tmp_path: Path) -> None:
    found = doctor(tmp_path)
    assert found.pop("lock") == (True, "free")
    assert found.pop("declarations") == (True, "no source is declared")
    assert not any(ok for ok, _ in found.values())
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_goes_on_and_a_wrong_key_are_seen(tmp_path: Path) -> None:
    home = Home(tmp_path)
    load_or_create_master_key(home, Settings())
    (home.vault / "master.key").write_text("17" * 32)
    with run_lock(home):
        found = doctor(tmp_path)
    assert found["lock"] == (True, "a run is going on")
    assert "not the key of this vault" in found["vault"][1]


def test_a_broken_pointer_is_seen(tmp_path: Path) -> None:
    Home(tmp_path).current.write_text("v000009-gone\n")
    assert "cannot be read" in doctor(tmp_path)["pointer"][1]
