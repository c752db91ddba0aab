"""Going back to an older version by its name in `CURRENT`, and forward again by a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from washhouse.core.home import Home
from washhouse.lake.pointer import history, read_current


def test_an_older_version_is_read_and_the_next_run_lands_again_what_came_after(
    stage: Any,
    make_home: Callable[..., Home],
    run_apart: Callable[..., dict[str, Any]],
    contents_of: Callable[[Home], dict[str, Any]],
    differ: Callable[[Any, Any], list[str]],
) -> None:
    home = make_home(stage.second)
    first = history(home)[0]
    home.current.write_text(f"{first.id}\n")
    assert read_current(home) == first
    assert set(differ(contents_of(home), contents_of(stage.first))) <= {"models"}
    assert run_apart(home, stage.late, stage.key_file)["status"] == 0
    assert differ(contents_of(home), contents_of(stage.second)) == []
    assert [version.number for version in history(home)] == [1, 2]
