"""`kill -9` anywhere: what is published stays whole, and the next run comes to what an uninterrupted run comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from washhouse.core.home import Home
from washhouse.lake.pointer import read_current
from washhouse.pipeline.commit_points import COMMIT_POINTS

KILLED = -9
RANDOM_KILLS = 20
LATER = {"file-landed": 9, "table-written": 5, "batch-read": 2}
"""Points that are reached more than once are also hit later on."""


@pytest.fixture
def trial(
    stage: Any,
    make_home: Callable[[Home | None], Home],
    run_apart: Callable[..., dict[str, Any]],
    contents_of: Callable[[Home], dict[str, Any]],
    directory_of: Callable[[Home], Any],
    differ: Callable[[Any, Any], list[str]],
) -> Callable[..., int]:
    """Kill a run, look at what it left, run again, compare; returns the status of the killed run."""

    def attempt(start: Home | None, **how: object) -> int:
        home = make_home(start)
        before = once(contents_of, start) if start is not None else {}
        # From an empty home the same batches come in one run.
        reference = stage.second if start is not None else fresh_reference(stage, run_apart)
        wanted = once(contents_of, reference)
        status: int = run_apart(home, stage.late, stage.key_file, **how)["status"]
        found = contents_of(home) if read_current(home) is not None else {}
        assert differ(found, before) == [] or differ(found, wanted) == [], "a partial version"
        assert run_apart(home, stage.late, stage.key_file)["status"] == 0
        assert differ(contents_of(home), wanted) == []
        assert directory_of(home) == once(directory_of, stage.second)
        assert leftovers(home) == []
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
