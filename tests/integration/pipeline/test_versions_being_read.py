"""A version stays readable until its last reader has left, in whatever process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from washhouse.core.home import Home, Settings
from washhouse.lake.pointer import Version, history, publish, read_current
from washhouse.lake.readers import pin_current, pinned_versions, reading_current
from washhouse.lake.store import Lake
from washhouse.pipeline.run import run_inbox
from washhouse.record.tables import EVENT

READER = """
import sys
from pathlib import Path
from washhouse.core.home import Home
from washhouse.lake.readers import reading_current
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, TABLES
home = Home(Path(sys.argv[1]))
with reading_current(home) as version:
    print(version.id, flush=True)
    for line in sys.stdin:
        rows = Lake(home.lake).read(EVENT, version.tables[EVENT.name]).num_rows
        for table in TABLES:
            Lake(home.lake).read(table, version.tables[table.name])
        print(rows, flush=True)
"""


class Reader:
    """Another process that reads a version when asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.version = self.say()

    def say(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def read(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write("read\n")
        self.process.stdin.flush()
        return int(self.say())

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0


@contextmanager
def reader(home: Home) -> Iterator[Reader]:
    command = [sys.executable, "-c", READER, str(home.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Reader(process)
        finally:
            process.kill()


@pytest.fixture
def home(stage: Any, make_home: Callable[..., Home]) -> Home:
    return make_home(stage.first)


@pytest.fixture
def keep_one(stage: Any) -> Settings:
    return replace(stage.settings, keep_versions=1)


def rows_of(home: Home, version: Version) -> int:
    return Lake(home.lake).read(EVENT, version.tables[EVENT.name]).num_rows


def parts_of(home: Home) -> set[Path]:
    return set(home.lake.rglob("*.parquet"))


def test_a_version_goes_when_its_last_reader_has_left(stage: Any, home: Home, keep_one: Settings) -> None:
    first = read_current(home)
    assert first is not None
    rows, old = rows_of(home, first), parts_of(home)
    with reader(home) as one, reader(home) as other:
        assert (one.version, other.version) == (first.id, first.id)
        run_inbox(home, keep_one, stage.late)
        second = read_current(home)
        assert [version.id for version in history(home)] == [second.id], "nobody new is offered the old one"
        assert second.id != first.id
        assert one.read() == other.read() == rows
        one.leave()
        run_inbox(home, keep_one, stage.late)
        assert other.read() == rows, "one reader is left"
        other.leave()
    run_inbox(home, keep_one, stage.late)
    assert parts_of(home) & old == set(), "what only the old version used is gone"
    assert rows_of(home, second) >= rows


def test_a_reader_that_is_killed_holds_nothing(stage: Any, home: Home, keep_one: Settings) -> None:
    old = parts_of(home)
    with reader(home) as one:
        assert [version.id for version in pinned_versions(home)] == [one.version]
        one.process.kill()
        one.process.wait()
    run_inbox(home, keep_one, stage.late)
    assert parts_of(home) & old == set()
    assert list((home.root / "readers").iterdir()) == []


def test_a_pin_is_let_go_once_and_lists_the_whole_version(home: Home) -> None:
    pinned = pin_current(home)
    assert pinned is not None
    version, pin = pinned
    with reading_current(home) as again:
        assert pinned_versions(home) == [version, again]
    assert pinned_versions(home) == [version]
    pin.release()
    pin.release()
    assert pinned_versions(home) == []


def test_a_version_that_is_forgotten_between_a_look_and_a_pin_is_not_read(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = read_current(home)
    assert old is not None
    new = replace(old, number=old.number + 1, id="v000002-bbbbbbbb")
    looks = [old]

    def read(where: Home) -> Version | None:
        if looks:
            stale = looks.pop()
            publish(where, new)
            (where.root / "versions" / f"{stale.id}.json").unlink()
            return stale
        return read_current(where)

    monkeypatch.setattr("washhouse.lake.readers.read_current", read)
    with reading_current(home) as version:
        assert version == new
        assert pinned_versions(home) == [new]


def test_nothing_is_pinned_before_the_first_run(tmp_path: Path) -> None:
    with reading_current(Home(tmp_path)) as version:
        assert version is None
    assert pinned_versions(Home(tmp_path)) == []
