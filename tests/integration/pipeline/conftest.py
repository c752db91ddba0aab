"""A small city's inbox, homes made from it, and processes that run and may be killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from washhouse.core.home import Home, Settings
from washhouse.desk.database import open_desk
from washhouse.desk.models import Assignment, Membership, Team, User
from washhouse.governance.keys import load_master_key
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version, read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import TABLES
from washhouse.synthetic.calendar import DEFAULT_END
from washhouse.synthetic.city import make_city


@dataclass(frozen=True)
class Stage:
    """An inbox before and after more has come, and the homes that uninterrupted runs make of them.

    Attributes:
        key_file: Master key of every home here, so that ids agree.
        early: An inbox with the first batches.
        late: The same with more.
        first: Home after a run on `early`.
        second: Home after a further run on `late`.
        seconds: Seconds that the further run took.
    """

    key_file: Path
    early: Path
    late: Path
    first: Home
    second: Home
    seconds: float

    @property
    def settings(self) -> Settings:
        return Settings(buckets=2, threads=1, key_file=str(self.key_file))


Run = Callable[..., dict[str, Any]]
"""Runs a home on an inbox in a process of its own; see `fork_server`."""


@pytest.fixture(scope="session")
def run_apart() -> Iterator[Run]:
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "fork_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    stdin, stdout = server.stdin, server.stdout

    def run(home: Home, inbox: Path, key_file: Path, **how: object) -> dict[str, Any]:
        order = {"home": str(home.root), "inbox": str(inbox), "key_file": str(key_file), **how}
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    yield run
    stdin.close()
    server.wait(timeout=60)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, run_apart: Run) -> Stage:
    root = tmp_path_factory.mktemp("stage")
    make_city(200, 1, 3, root / "city", DEFAULT_END)
    extracts = root / "city" / "extracts"
    early, late = root / "early", root / "late"
    for source in ("gp", "mental_health"):
        batches = sorted(path.name for path in (extracts / source).iterdir())
        monthly = [name for name in batches if not name.endswith("-delta")]
        deltas = [name for name in batches if name.endswith("-delta")]
        for inbox, names in ((early, monthly[-2:-1]), (late, monthly[-2:] + deltas[-1:])):
            for name in names:
                shutil.copytree(extracts / source / name, inbox / source / name)
    key_file = root / "key"
    key_file.write_text("42" * 32)
    first, second = Home(root / "first"), Home(root / "second")
    assert run_apart(first, early, key_file)["status"] == 0
    shutil.copytree(first.root, second.root)
    done = run_apart(second, late, key_file)
    assert done["status"] == 0
    return Stage(key_file, early, late, first, second, done["seconds"])


@pytest.fixture(scope="session")
def contents_of(stage: Stage) -> Callable[[Home], dict[str, Any]]:
    """Everything that a home's published version holds, but for the moments at which it was made."""

    def read(home: Home) -> dict[str, Any]:
        version = read_current(home)
        if version is None:
            return {}
        return read_version(home, version, stage.settings)

    return read


def read_version(home: Home, version: Version, settings: Settings) -> dict[str, Any]:
    lake, vault = Lake(home.lake), Vault(home, load_master_key(home, settings))
    contents: dict[str, Any] = {
        "version": (version.number, version.id, version.batches, version.as_of, version.models, version.summary)
    }
    for table in TABLES:
        contents[table.name] = lake.read(table, version.tables[table.name])
    contents["batch"] = contents["batch"].drop(["landed_at"])
    for name, generation in version.vault.items():
        contents[f"vault.{name}"] = vault.read(name, generation)
    for row in contents["batch"].to_pylist():
        vault.read_landed(row["sha256"])
    contents["models"] = {
        str(path.relative_to(home.models)): path.read_bytes() for path in home.models.rglob("*") if path.is_file()
    }
    return contents


def read_directory(home: Home) -> dict[str, list[dict[str, Any]]]:
    """Users, teams, memberships and assignments of a home's desk."""
    desk = open_desk(home.desk_file)
    try:
        with desk.engine.connect() as connection:
            return {
                model.__tablename__: sorted(
                    (dict(row._mapping) for row in connection.execute(model.__table__.select())), key=str
                )
                for model in (User, Team, Membership, Assignment)
            }
    finally:
        desk.close()


@pytest.fixture(scope="session")
def directory_of() -> Callable[[Home], dict[str, list[dict[str, Any]]]]:
    return read_directory


@pytest.fixture
def make_home(tmp_path: Path) -> Callable[[Home | None], Home]:
    """A copy of a home, or a fresh one."""

    def make(like: Home | None) -> Home:
        home = Home(tmp_path / "home")
        if like is not None:
            shutil.copytree(like.root, home.root)
        return home

    return make


def is_same(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    """Names of the parts in which two contents differ."""
    return sorted(
        name
        for name in left.keys() | right.keys()
        if not (
            left[name].equals(right[name])
            if isinstance(left.get(name), pa.Table) and isinstance(right.get(name), pa.Table)
            else left.get(name) == right.get(name)
        )
    )


@pytest.fixture(scope="session")
def differ() -> Callable[[dict[str, Any], dict[str, Any]], list[str]]:
    return is_same
