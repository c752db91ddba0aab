"""`washhouse doctor` on a home with a record: damage is a finding, every other check is made, a run may go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from washhouse.cli.doctor import examine
from washhouse.cli.main import app
from washhouse.core.home import Home
from washhouse.lake.pointer import forget, publish, read_current
from washhouse.lake.readers import pinned_versions

CHECKS = ["lock", "pointer", "tables", "feeds", "declarations", "vault", "desk"]


def first(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


def remove(path: Path) -> None:
    path.unlink()


def overwrite(path: Path) -> None:
    path.write_bytes(b"Q" * path.stat().st_size)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("file", "damage", "bad", "words"),
    [
        ("lake/event/*/*.parquet", remove, ["tables"], "event: a file of it cannot be read (No such file"),
        ("lake/person/*/*.parquet", overwrite, ["tables"], "person: a file of it cannot be read (ArrowInvalid)"),
        ("lake/batch/*.parquet", remove, ["tables", "feeds", "vault"], "batch: a file of it cannot be read"),
        ("lake/score/_delta_log/*.json", overwrite, ["tables"], "Version 0 of table score cannot be read"),
        ("vault/landed/*", flip, ["vault"], "landed file"),
        ("vault/tables/identity/*", flip, ["vault"], "table identity"),
        ("vault/tables/typed.gp.journal/*", flip, ["vault"], "table typed.gp.journal"),
        ("vault/tables/typed.gp.patients/*", remove, ["vault"], "table typed.gp.patients"),
        ("desk.db", overwrite, ["desk"], "cannot be opened"),
    ],
)
def test_damage_is_found_and_every_check_is_made(
    stage: Any,
    make_home: Callable[..., Home],
    file: str,
    damage: Callable[[Path], None],
    bad: list[str],
    words: str,
) -> None:
    home = make_home(stage.first)
    damage(first(home.root, file))
    done = CliRunner().invoke(app, ["doctor", "--home", str(home.root), "--key-file", str(stage.key_file), "--json"])
    assert done.exit_code == 5
    findings = {one["check"]: one for one in json.loads(done.stdout)["checks"]}
    assert list(findings) == CHECKS
    assert [name for name, one in findings.items() if not one["ok"]] == bad
    assert words in findings[bad[0]]["found"]


def test_the_version_that_is_looked_at_stays_while_a_run_publishes_the_next(
    stage: Any, make_home: Callable[..., Home]
) -> None:
    home = make_home(stage.first)
    version = read_current(home)
    assert version is not None
    checks = examine(home, stage.settings)
    assert [next(checks).check, next(checks).check] == ["lock", "pointer"]
    publish(home, replace(version, number=2, id="v000002-bbbbbbbb", tables={"event": 17}))
    forget(home, version)
    assert pinned_versions(home) == [version], "a run keeps what it is made of"
    assert all(finding.ok for finding in checks)
    assert pinned_versions(home) == []
