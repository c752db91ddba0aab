"""A copy that is taken in the order of docs/how-to/recover.md while a run goes on is a whole home."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from washhouse.cli.doctor import examine
from washhouse.core.errors import HomeError
from washhouse.core.home import Home
from washhouse.lake.lock import is_locked
from washhouse.lake.pointer import history, read_current
from washhouse.pipeline.run import run_inbox

BOOKS = "vault/tables/book.file"


class Copying:
    """Copies a home in six steps, each at a later commit point of a run over it."""

    def __init__(self, home: Home, copy: Home) -> None:
        self.home, self.copy = home, copy
        self.copy.vault.joinpath("tables").mkdir(parents=True)
        self.steps: list[tuple[str, Callable[[], None]]] = [
            ("restored", lambda: self.take("CURRENT")),
            ("file-landed", self.take_desk),
            ("batch-typed", lambda: self.take("models", "versions")),
            ("batch-read", lambda: self.take(BOOKS)),
            ("links-written", lambda: self.take("vault", without=("spill", "book.file"))),
            ("list-written", lambda: self.take("lake")),
        ]

    def reached(self, point: str) -> None:
        if self.steps and self.steps[0][0] == point:
            self.steps.pop(0)[1]()

    def take(self, *names: str, without: tuple[str, ...] = ()) -> None:
        for name in names:
            here, there = self.home.root / name, self.copy.root / name
            if here.is_dir():
                shutil.copytree(here, there, dirs_exist_ok=True, ignore=lambda folder, found: set(without) & {*found})
            elif here.exists():  # so few people have no models
                shutil.copyfile(here, there)

    def take_desk(self) -> None:
        with closing(sqlite3.connect(self.home.desk_file)) as desk, closing(sqlite3.connect(self.copy.desk_file)) as to:
            desk.backup(to)


def test_a_copy_taken_in_order_while_a_run_publishes_is_whole(
    stage: Any,
    make_home: Callable[..., Home],
    run_apart: Callable[..., dict[str, Any]],
    contents_of: Callable[[Home], dict[str, Any]],
    differ: Callable[[Any, Any], list[str]],
    tmp_path: Path,
) -> None:
    home, copy = make_home(stage.first), Home(tmp_path / "copy")
    copying = Copying(home, copy)
    run_inbox(home, stage.settings, stage.late, reached=copying.reached)
    assert copying.steps == []
    first, second = history(home)
    books = len(list((copy.root / BOOKS).iterdir()))
    assert 0 < books < len({*second.batches} - {*first.batches}), "taken while batches were landed"
    findings = list(examine(copy, stage.settings))
    assert [finding for finding in findings if not finding.ok] == []
    assert differ(contents_of(copy), contents_of(stage.first)) == []
    assert run_apart(copy, stage.late, stage.key_file)["status"] == 0
    assert differ(contents_of(copy), contents_of(stage.second)) == []
    shutil.copyfile(home.current, copy.current)  # as if it had been copied last
    shutil.rmtree(copy.root / "versions")
    shutil.copytree(stage.first.root / "versions", copy.root / "versions")
    with pytest.raises(HomeError, match="cannot be read"):
        read_current(copy)


def test_a_copy_that_holds_the_lock_keeps_runs_away(tmp_path: Path) -> None:
    home = Home(tmp_path)
    command = ["flock", str(tmp_path / "run.lock"), "sh", "-c", "echo held; cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None and one.stdout.readline() == b"held\n"
        assert is_locked(home)
        one.communicate()
    assert not is_locked(home)
