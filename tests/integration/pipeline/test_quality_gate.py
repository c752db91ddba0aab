"""A delivery with a fault: told by default, no new version where the deployer says stop, good again when mended."""

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
from washhouse.lake.pointer import Version, read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.gate import QUALITY as GATE
from washhouse.pipeline.gate import read_refused
from washhouse.record.quality.registry import CHECKS
from washhouse.record.tables import QUALITY


def ask(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def washhouse(stage: Any) -> Callable[..., Any]:
    def invoke(home: Home, inbox: Path) -> Any:
        return ask("run", "--home", str(home.root), "--inbox", str(inbox), "--key-file", str(stage.key_file))

    return invoke


@pytest.fixture
def faulty(stage: Any, tmp_path: Path) -> Path:
    """The later inbox, whose new snapshot of prescriptions has lost the values of one column."""
    inbox = tmp_path / "inbox"
    shutil.copytree(stage.late, inbox)
    newest = max((inbox / "gp").iterdir()) / "prescriptions.csv"
    with newest.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    place = rows[0].index("course")
    for row in rows[1:]:
        row[place] = ""
    with newest.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return inbox


def published(home: Home) -> Version:
    version = read_current(home)
    assert version is not None
    return version


def found(home: Home, status: str = "over") -> list[dict[str, Any]]:
    version = published(home)
    rows = Lake(home.lake).read(QUALITY, version.tables[QUALITY.name]).to_pylist()
    return [row for row in rows if row["status"] == status]


def test_a_clean_city_is_over_no_limit(stage: Any) -> None:
    for home in (stage.first, stage.second):
        assert found(home) == []
        assert {row["check"] for row in found(home, "met")} <= CHECKS.keys()
    assert published(stage.second).summary["quality"]["over"] == 0


def test_a_fault_is_told_by_the_run_the_command_and_the_table(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any], faulty: Path
) -> None:
    home = make_home(stage.first)
    done = washhouse(home, faulty)
    assert done.exit_code == 0
    assert "missing-changed" in " ".join(done.stderr.split())
    (row,) = found(home)
    assert (row["check"], row["source_table"], row["column"]) == (
        "missing-changed",
        "prescriptions",
        "course",
    )
    assert row["is_new"] and row["value"] > 0.9
    told = ask("quality", "--home", str(home.root))
    assert told.exit_code == 0
    assert "column course" in told.stdout and CHECKS["missing-changed"].advice in told.stdout
    answer = json.loads(ask("quality", "--home", str(home.root), "--json").stdout)
    assert (answer["version"], answer["over"], answer["can_stop"]) == (published(home).id, 1, 1)
    assert {check["id"] for check in answer["checks"]} == CHECKS.keys()


def test_a_fault_is_not_published_where_the_gate_stops(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any], faulty: Path
) -> None:
    home = make_home(stage.first)
    home.settings_file.write_text('[quality]\ngate = "stop"\n')
    before = published(home)
    done = washhouse(home, faulty)
    assert done.exit_code == 4
    assert "quality-refused" in done.stderr and "missing-changed" in " ".join(done.stderr.split())
    assert published(home) == before
    kept = read_refused(home, GATE, before.id)
    assert kept is not None
    assert [breach["setting"] for breach in kept["breaches"]] == ["missing-changed"]
    assert kept["quality"]["over"][0]["column"] == "course"

    home.settings_file.write_text('[quality]\ngate = "stop"\n[quality.limits]\nmissing-changed = 1.0\n')
    assert washhouse(home, faulty).exit_code == 0
    assert published(home).number == before.number + 1
    assert read_refused(home, GATE, published(home).id) is None, "what was refused is out of date"


def test_a_limit_of_no_check_is_refused(stage: Any, make_home: Callable[..., Home]) -> None:
    home = make_home(stage.first)
    home.settings_file.write_text("[quality.limits]\nmissing-change = 1.0\n")
    done = ask("quality", "--home", str(home.root))
    assert done.exit_code == 3
    assert "did you mean missing-changed" in done.stderr
