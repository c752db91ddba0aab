"""`kill -9` anywhere, or a full disk: what is published stays whole, and the next run comes to what it would have.

The moments here are a few; `make bench-crashes` asks for many by `RANDOM_KILLS` and `FULL_DISKS`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from washhouse.core.home import Home
from washhouse.lake.pointer import read_current
from washhouse.pipeline.commit_points import COMMIT_POINTS

KILLED = -9
RANDOM_KILLS = int(os.environ.get("RANDOM_KILLS", "6"))
FULL_DISKS = int(os.environ.get("FULL_DISKS", "2"))
LATER = {"file-landed": 9, "table-written": 5, "batch-read": 2}
"""Points that are reached more than once are also hit later on."""


Check = Callable[[Home, Home | None], None]


@pytest.fixture
def check(
    stage: Any,
    run_apart: Callable[..., dict[str, Any]],
    contents_of: Callable[[Home], dict[str, Any]],
    directory_of: Callable[[Home], Any],
    differ: Callable[[Any, Any], list[str]],
) -> Iterator[Callable[[Home, Home | None, Callable[[], None]], None]]:
    """Look at what a run left that came to an early end, run again, compare."""

    def look(home: Home, start: Home | None, mend: Callable[[], None] = lambda: None) -> None:
        before = once(contents_of, start) if start is not None else {}
        # From an empty home the same batches come in one run.
        reference = stage.second if start is not None else fresh_reference(stage, run_apart)
        wanted = once(contents_of, reference)
        found = contents_of(home) if read_current(home) is not None else {}
        assert differ(found, before) == [] or differ(found, wanted) == [], "a partial version"
        mend()
        assert run_apart(home, stage.late, stage.key_file)["status"] == 0
        assert differ(contents_of(home), wanted) == []
        assert directory_of(home) == once(directory_of, stage.second)
        assert leftovers(home) == []

    yield look


@pytest.fixture
def trial(
    stage: Any, make_home: Callable[[Home | None], Home], run_apart: Callable[..., dict[str, Any]], check: Check
) -> Callable[..., int]:
    """Kill a run and look at what it left; returns the status of the killed run."""

    def attempt(start: Home | None, **how: object) -> int:
        home = make_home(start)
        status: int = run_apart(home, stage.late, stage.key_file, **how)["status"]
        check(home, start)
        return status

    return attempt


_held: dict[tuple[str, Path], Any] = {}


def once(read: Callable[[Home], Any], home: Home) -> Any:
    """What is read of a home that no test changes."""
    key = (read.__name__, home.root)
    if key not in _held:
        _held[key] = read(home)
    return _held[key]


def fresh_reference(stage: Any, run_apart: Callable[..., dict[str, Any]]) -> Home:
    home = Home(stage.second.root.parent / "fresh")
    if read_current(home) is None:
        assert run_apart(home, stage.late, stage.key_file)["status"] == 0
    return home


def leftovers(home: Home) -> list[Path]:
    """Files that no version needs: half-written ones, spill, tables' files that no version names."""
    version = read_current(home)
    assert version is not None
    counts = Counter(path.parts[-3] for path in home.lake.glob("*/bucket=*/*.parquet"))
    crowded = [home.lake / name for name, number in counts.items() if number > 2 * version.number * version.buckets]
    return [*home.vault.rglob(".*.new"), *home.spill.rglob("*"), *home.root.glob(".*"), *crowded]


@pytest.mark.parametrize("point", [*COMMIT_POINTS, *(f"{name}:{count}" for name, count in LATER.items())])
def test_killed_at_a_commit_point(trial: Callable[..., int], stage: Any, point: str) -> None:
    assert trial(stage.first, die_at=point) == KILLED


@pytest.mark.parametrize("number", range(RANDOM_KILLS))
def test_killed_at_random(trial: Callable[..., int], stage: Any, number: int) -> None:
    share = (number + np.random.default_rng(number).random()) / RANDOM_KILLS
    start = stage.first if number % 2 else None
    assert trial(start, kill_after=share * stage.seconds) in (KILLED, 0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A disk in memory of so many bytes, to be called again for another size."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = False

    def sized(size: int) -> Path:
        nonlocal mounted
        options = f"size={size},mode=700" + (",remount" if mounted else "")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], capture_output=True, check=False
        )
        if done.returncode and not mounted:
            pytest.skip("no disk can be mounted here: it takes root")
        assert done.returncode == 0
        mounted = True
        return disk

    yield sized
    if mounted:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("number", range(FULL_DISKS))
def test_disk_full(
    small_disk: Callable[[int], Path], stage: Any, run_apart: Callable[..., dict[str, Any]], check: Any, number: int
) -> None:
    held = bytes_below(stage.first.root)
    # From next to nothing free up to almost what the next version takes beside the one that is there.
    room = int((number + 0.5) / FULL_DISKS * (bytes_below(stage.second.root) - held))
    home = Home(small_disk(held + room) / "home")
    shutil.copytree(stage.first.root, home.root)
    status = run_apart(home, stage.late, stage.key_file)["status"]
    assert status != KILLED
    check(home, stage.first, lambda: small_disk(8 * held + (1 << 28)) and None)
    assert status != 0, "the disk was not full"


def bytes_below(folder: Path) -> int:
    """Bytes that a folder takes on a disk of pages."""
    pages = [-(-path.stat().st_size // 4096) for path in folder.rglob("*") if path.is_file()]
    return 4096 * sum(pages)
