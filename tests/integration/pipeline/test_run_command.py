"""`washhouse run` as a person or a scheduler sees it: what it prints, how it ends, what it leaves alone."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from washhouse.cli import run as run_module
from washhouse.cli.main import app
from washhouse.cli.settings import prepare_home
from washhouse.core.home import Home
from washhouse.lake.lock import run_lock
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, TABLES

CONTRACT = {"version", "published", "sources", "linkage", "record", "seconds"}
COUNTS = {"batches", "lines", "accepted", "warned", "quarantined", "duplicates", "opted_out"}


@pytest.fixture
def washhouse(stage: Any) -> Callable[..., Any]:
    def invoke(home: Home, inbox: Path, *more: str) -> Any:
        arguments = ["run", "--home", str(home.root), "--inbox", str(inbox), "--key-file", str(stage.key_file)]
        return CliRunner().invoke(app, [*arguments, *more])

    return invoke


@pytest.fixture
def more(stage: Any, tmp_path: Path) -> Path:
    """The late inbox with one more general-practice batch to be filled."""
    inbox = tmp_path / "inbox"
    shutil.copytree(stage.late, inbox)
    (inbox / "gp" / "2026-07-05").mkdir()
    return inbox


def versions(home: Home) -> dict[str, int | None]:
    lake = Lake(home.lake)
    return {name: lake.version(name) for name in lake.names()}


def test_a_second_run_on_the_same_inbox_publishes_nothing_and_says_so(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any]
) -> None:
    home = make_home(stage.second)
    before = versions(home), home.current.read_bytes()
    done = washhouse(home, stage.late, "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert report.keys() >= CONTRACT
    assert report["published"] is False
    assert report["version"] == home.current.read_text().strip()
    for counts in report["sources"].values():
        assert counts.keys() == COUNTS
        parts = ("accepted", "quarantined", "duplicates", "opted_out")
        assert counts["lines"] == sum(counts[name] for name in parts) > 0
    assert report["linkage"]["people"] == report["record"]["people"] > 0
    assert (versions(home), home.current.read_bytes()) == before
    assert "Nothing new" in washhouse(home, stage.late).stdout


def test_a_rejected_file_is_named_and_ends_with_1_and_an_unknown_source_is_warned_about(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any], more: Path
) -> None:
    home = make_home(stage.second)
    (more / "gp" / "2026-07-05" / "patients.csv").write_text("nothing,known\n1,2\n")
    (more / "gp" / "fifth-of-july").mkdir()
    (more / "dentist" / "2026-07-05").mkdir(parents=True)
    done = washhouse(home, more, "--json")
    assert done.exit_code == 1
    assert "rejected: gp/2026-07-05/patients.csv: " in done.stderr
    assert "rejected: gp/fifth-of-july" in done.stderr
    assert "warning: the inbox's folder 'dentist'" in done.stderr
    report = json.loads(done.stdout)
    assert report["published"] is True
    assert [one["file"] for one in report["rejected"]] == ["gp/2026-07-05/patients.csv"]
    assert report["unknown_sources"] == ["dentist"]
    assert report["misnamed"] == ["gp/fifth-of-july"]
    version = read_current(home)
    assert version is not None
    people = {number: Lake(home.lake).count("person", number) for number in range(version.tables["person"] + 1)}
    assert people[version.tables["person"]] == people[version.tables["person"] - 1], "a rejected file withdraws nobody"
    again = washhouse(home, more, "--json")
    assert json.loads(again.stdout)["published"] is False
    looked = CliRunner().invoke(app, ["doctor", "--home", str(home.root), "--key-file", str(stage.key_file)])
    assert looked.exit_code == 0
    assert "1 refused in the latest submissions: gp/2026-07-05/patients.csv: " in looked.stdout
    (more / "gp" / "2026-07-05" / "patients.csv").write_text("nothing,known\n1,3\n")
    (more / "gp" / "fifth-of-july").rmdir()
    assert [one["file"] for one in json.loads(washhouse(home, more, "--json").stdout)["rejected"]] == [
        "gp/2026-07-05~02/patients.csv"
    ]


@pytest.mark.parametrize(("empty", "code"), [(True, "inbox-empty"), (False, "inbox-missing")])
def test_no_inbox_is_bad_input(
    tmp_path: Path, washhouse: Callable[..., Any], empty: bool, code: str, make_home: Callable[..., Home]
) -> None:
    if empty:
        (tmp_path / "inbox").mkdir()
    done = washhouse(make_home(None), tmp_path / "inbox", "--json")
    assert done.exit_code == 3
    assert done.stdout == ""
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_refused_and_nothing_changes(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any], tmp_path: Path
) -> None:
    home = make_home(stage.first)
    prepare_home(home)
    (tmp_path / "other").write_text("17" * 32)
    before = {path: path.stat().st_mtime_ns for path in home.root.rglob("*") if path.is_file()}
    done = washhouse(home, stage.late, "--key-file", str(tmp_path / "other"))
    assert done.exit_code == 5
    assert "vault-key-wrong" in done.stderr
    assert "17171717" not in done.output
    assert {path: path.stat().st_mtime_ns for path in home.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("table", ["membership", "typed.gp.journal"])
def test_a_flipped_bit_stops_the_run_and_the_published_version_stays(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any], table: str
) -> None:
    home = make_home(stage.first)
    pointer = home.current.read_bytes()
    file = next((home.vault / "tables" / table).iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    done = washhouse(home, stage.late)
    assert done.exit_code == 5
    assert "vault-damaged" in done.stderr
    assert home.current.read_bytes() == pointer


def test_a_locked_home_is_refused(stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any]) -> None:
    home = make_home(stage.first)
    with run_lock(home):
        done = washhouse(home, stage.late)
    assert done.exit_code == 5
    assert "home-locked" in done.stderr


def test_a_reader_that_pinned_a_version_reads_it_while_the_next_is_made_and_after(
    stage: Any, make_home: Callable[..., Home], run_apart: Callable[..., dict[str, Any]]
) -> None:
    home = make_home(stage.first)
    pinned = read_current(home)
    assert pinned is not None
    lake = Lake(home.lake)
    wanted = {table.name: lake.read(table, pinned.tables[table.name]) for table in TABLES}
    runner = threading.Thread(target=run_apart, args=(home, stage.late, stage.key_file))
    runner.start()
    while runner.is_alive():
        fresh = Lake(home.lake)
        for table in TABLES:
            assert fresh.read(table, pinned.tables[table.name]).equals(wanted[table.name])
    current = read_current(home)
    assert current is not None
    assert current.number == pinned.number + 1
    assert lake.read(EVENT, pinned.tables["event"]).equals(wanted["event"])


def test_a_fault_of_our_own_shows_where_and_not_what(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "SECRET"

    def fail(*args: object, **options: object) -> None:
        raise ValueError(f"Could not convert string {value!r} to INT32")

    monkeypatch.setattr(run_module, "run_inbox", fail)
    done = washhouse(make_home(stage.first), stage.late)
    assert done.exit_code == 5
    assert "ValueError" in done.stderr
    assert "SECRET" not in done.output


def test_a_wrong_commit_point_is_wrong_usage(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any]
) -> None:
    assert washhouse(make_home(stage.first), stage.late, "--die-at", "nowhere").exit_code == 2
