from __future__ import annotations

import subprocess
import sys

import pytest

from washhouse.core.errors import UsageError
from washhouse.pipeline.commit_points import COMMIT_POINTS, die_at, nothing


@pytest.mark.parametrize("place", ["nowhere", "published:x", "", ":2"])
def test_an_unknown_point_is_wrong_usage(place: str) -> None:
    with pytest.raises(UsageError):
        die_at(place)


def test_nothing_happens_at_the_points_of_an_ordinary_run() -> None:
    for point in COMMIT_POINTS:
        nothing(point)


def test_the_process_dies_at_the_named_reaching_and_not_before() -> None:
    script = (
        "from washhouse.pipeline.commit_points import die_at\n"
        "reached = die_at('table-written:2')\n"
        "for point in ('published', 'table-written', 'table-written', 'published'): print(point, flush=True); "
        "reached(point)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    assert done.stdout.split() == ["published", "table-written", "table-written"]
