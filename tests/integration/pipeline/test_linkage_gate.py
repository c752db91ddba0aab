"""A linkage over its limits: a warning by default, no new version where the deployer says stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.pipeline.gate import LINKAGE, read_refused
from washhouse.record.tables import TABLES


@pytest.fixture
def washhouse(stage: Any) -> Callable[..., Any]:
    def invoke(home: Home, inbox: Path, **environment: str) -> Any:
        arguments = ["run", "--home", str(home.root), "--inbox", str(inbox), "--key-file", str(stage.key_file)]
        return CliRunner().invoke(app, arguments, env=environment)

    return invoke


def strict(home: Home, gate: str) -> None:
    home.settings_file.write_text(f'[linkage]\ngate = "{gate}"\nmax_missed_links = 0.000001\nmax_false_links = 1\n')


def test_a_linkage_over_its_limits_is_published_with_a_warning(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any]
) -> None:
    home = make_home(stage.first)
    strict(home, "warn")
    done = washhouse(home, stage.late)
    assert done.exit_code == 0
    assert "of one person's links are expected to be missed" in " ".join(done.stderr.split())
    version = read_current(home)
    assert version is not None
    assert version.number == 2
    assert version.summary["linkage"]["quality"]["overall"]["missed"]["rate"] > 0
    assert read_refused(home, LINKAGE, version.id) is None


def test_a_linkage_over_its_limits_is_not_published_where_the_gate_stops(
    stage: Any,
    make_home: Callable[..., Home],
    washhouse: Callable[..., Any],
    contents_of: Callable[[Home], dict[str, Any]],
    differ: Callable[[Any, Any], list[str]],
) -> None:
    home = make_home(stage.first)
    strict(home, "stop")
    before = read_current(home)
    assert before is not None
    done = washhouse(home, stage.late)
    told = " ".join(done.stderr.split())
    assert done.exit_code == 4
    assert "linkage-refused" in told
    assert "of one person's links are expected to be missed, where 0.0001 % are allowed" in told
    assert "max_missed_links" in told and "log/linkage-refused.json" in told
    assert read_current(home) == before
    for table in TABLES:
        assert Lake(home.lake).read(table, before.tables[table.name]) is not None
    kept = read_refused(home, LINKAGE, before.id)
    assert kept is not None
    assert kept["breaches"][0]["setting"] == "max_missed_links"
    assert kept["linkage"]["quality"]["groups"]
    assert json.loads((home.log / "linkage-refused.json").read_text()) == kept

    assert washhouse(home, stage.late, WASHHOUSE_LINKAGE__GATE="warn").exit_code == 0
    after = read_current(home)
    assert after is not None and after.number == 2
    assert read_refused(home, LINKAGE, after.id) is None, "what was refused is out of date"
    contents = contents_of(home)
    assert contents["version"][-1]["linkage"]["quality"].pop("over"), "the limit that it is over is told, and"
    assert differ(contents, contents_of(stage.second)) == [], "nothing else is another"


def test_a_first_run_over_its_limits_publishes_nothing(
    stage: Any, make_home: Callable[..., Home], washhouse: Callable[..., Any]
) -> None:
    home = make_home(None)
    home.root.mkdir()
    strict(home, "stop")
    assert washhouse(home, stage.early).exit_code == 4
    assert read_current(home) is None
    assert read_refused(home, LINKAGE, None) is not None
