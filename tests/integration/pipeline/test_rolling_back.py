"""Going back to an earlier version by command, and forward again by a run whose inbox holds less than was landed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.core.home import Home
from washhouse.desk.database import open_desk
from washhouse.desk.models import AuditRow
from washhouse.lake.pointer import history, read_current


def test_what_came_since_comes_again_although_it_left_the_inbox(
    stage: Any,
    make_home: Callable[..., Home],
    run_apart: Callable[..., dict[str, Any]],
    contents_of: Callable[[Home], dict[str, Any]],
    directory_of: Callable[[Home], Any],
    differ: Callable[[Any, Any], list[str]],
    tmp_path: Any,
) -> None:
    home = make_home(stage.second)
    first, second = history(home)
    command = ["versions", "rollback", "--home", str(home.root), "--key-file", str(stage.key_file), "--json"]
    told = CliRunner().invoke(app, [*command, "--to", first.id])
    assert told.exit_code == 0, told.output
    since = set(second.batches) - set(first.batches)
    assert json.loads(told.stdout)["waiting"] == len(since) > 0
    assert [version.number for version in history(home)] == [1, 2, 3]
    assert not {*differ(contents_of(home), contents_of(stage.first))} - {"version"}
    assert directory_of(home) == directory_of(stage.first)
    desk = open_desk(home.desk_file)
    with desk.engine.connect() as connection:
        actions = [row.action for row in connection.execute(AuditRow.__table__.select())]
    desk.close()
    assert "roll-back" in actions
    shutil.copytree(stage.early, tmp_path / "early")
    assert run_apart(home, tmp_path / "early", stage.key_file)["status"] == 0
    version = read_current(home)
    assert version is not None
    assert set(version.batches) == set(second.batches)
    again, made = contents_of(home), contents_of(stage.second)
    assert not {"event", "person", "relation", "care_relation", "person_view"} & {*differ(again, made)}


def test_only_an_earlier_version_that_is_kept_can_be_gone_back_to(stage: Any, make_home: Callable[..., Home]) -> None:
    home = make_home(stage.second)
    before = history(home)
    command = ["versions", "rollback", "--home", str(home.root), "--key-file", str(stage.key_file), "--to"]
    for name in ("v000009-00000000", before[-1].id):
        told = CliRunner().invoke(app, [*command, name])
        assert told.exit_code == 3
        assert "version-unknown" in told.output
    assert history(home) == before
    listed = CliRunner().invoke(app, ["versions", "list", "--home", str(home.root), "--json"])
    assert [one["id"] for one in json.loads(listed.stdout)["versions"]] == [one.id for one in before]
