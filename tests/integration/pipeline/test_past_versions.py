"""What an earlier version held can be told and exported for as long as it is kept, without who opted out since."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home
from washhouse.lake.pointer import history

LATER = "2026-07-05"


def call(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == status, done.output
    return done.output if status else done.stdout


def opt_out(patients: Path) -> None:
    """Let one more patient say that nothing may leave."""
    with patients.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    said = head.index("type1_optout")
    next(row for row in rows if row[said] == "N")[said] = "Y"
    with patients.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


@pytest.fixture
def later(stage: Any, tmp_path: Path) -> Path:
    """The early inbox, and a month in which one more patient has opted out."""
    inbox = tmp_path / "inbox"
    shutil.copytree(stage.early, inbox)
    (last,) = (inbox / "gp").iterdir()
    shutil.copytree(last, inbox / "gp" / LATER)
    opt_out(inbox / "gp" / LATER / "patients.csv")
    return inbox


def test_an_earlier_version_leaves_as_it_was_without_who_opted_out_since(
    stage: Any, make_home: Callable[..., Home], run_apart: Callable[..., Any], later: Path, tmp_path: Path
) -> None:
    home = make_home(stage.first)

    def export(name: str, *more: str) -> dict[str, Any]:
        options = ["--home", str(home.root), "--out", str(tmp_path / name), "--key-file", str(stage.key_file), "--json"]
        report: dict[str, Any] = json.loads(call("export", "meds", *options, *more))
        return report

    (first,) = history(home)
    own = export("own")
    assert run_apart(home, later, stage.key_file)["status"] == 0
    past, now = export("past", "--version", first.id), export("now")
    assert (past["version"], now["version"]) == (first.id, history(home)[-1].id)
    assert (past["people"], past["opted_out"]) == (own["people"] - 1, own["opted_out"] + 1)
    assert 0 < past["events"] < own["events"]
    assert now["opted_out"] == past["opted_out"]
    call("versions", "rollback", "--home", str(home.root), "--key-file", str(stage.key_file), "--to", first.id)
    assert export("back")["opted_out"] == past["opted_out"], "published, but from before the opt-out"


def test_what_a_version_holds_and_what_it_changed_is_told(stage: Any) -> None:
    where = ["--home", str(stage.second.root)]
    first, second = history(stage.second)
    told = json.loads(call("versions", "show", *where, "--json"))
    assert told == json.loads(call("versions", "show", second.id, *where, "--json"))
    assert (told["id"], told["batch_ids"], told["tables"]) == (second.id, list(second.batches), second.tables)
    assert told["as_of"] == {source: str(day) for source, day in second.as_of.items()}
    assert told["sources"].keys() == {"gp", "mental_health"}
    before = json.loads(call("versions", "show", first.id, *where, "--json"))
    assert before["since"] is None
    since = told["since"]
    assert (since["version"], since["went"]) == (first.id, [])
    assert since["came"] == [batch for batch in second.batches if batch not in first.batches] != []
    assert since["events"] == told["events"] - before["events"] > 0
    words = call("versions", "show", *where)
    assert words.startswith(f"{second.id}, published ")
    assert f"Since {first.id}: " in words and f"{since['events']:+,} events" in words


@pytest.mark.parametrize("command", [["versions", "show", "v000009-00000000"], ["export", "meds", "--version", "v9"]])
def test_a_version_that_is_not_kept_is_bad_input(
    stage: Any, make_home: Callable[..., Home], command: list[str], tmp_path: Path
) -> None:
    more = ["--out", str(tmp_path / "out"), "--key-file", str(stage.key_file)] if command[0] == "export" else []
    said = call(*command, "--home", str(make_home(stage.first).root), *more, status=3)
    assert "version-unknown" in said
    assert not (tmp_path / "out").exists()
