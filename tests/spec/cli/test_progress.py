"""What does somebody see who waits, and does nothing of it reach stdout or a file?"""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from washhouse.cli.progress import RichProgress, waiting


@pytest.mark.parametrize(("terminal", "shown"), [(True, True), (False, False)])
def test_a_terminal_shows_what_is_waited_for_and_a_file_does_not(terminal: bool, shown: bool) -> None:
    written = io.StringIO()
    with waiting("opening the home", Console(file=written, force_terminal=terminal)):
        pass
    assert ("opening the home" in written.getvalue()) is shown


def test_a_step_shows_rate_and_time_left_on_a_terminal_and_ends_as_one_line() -> None:
    written = io.StringIO()
    progress = RichProgress(Console(file=written, force_terminal=True, color_system=None, width=120))
    progress.begin("record", None, "rows")
    progress.at("read", 0.5)
    progress.end(2_000, 2.0)
    text = written.getvalue()
    assert "record: read" in text and "left" in text
    assert text.rstrip().endswith("2,000 rows      2.0 s  1.0 k rows/s")


def test_elsewhere_a_step_is_its_last_line_only() -> None:
    written = io.StringIO()
    progress = RichProgress(Console(file=written, force_terminal=False, width=120))
    progress.begin("record", None, "rows")
    progress.at("read", 0.5)
    progress.end(2_000, 2.0)
    assert written.getvalue().splitlines() == ["record             2,000 rows      2.0 s  1.0 k rows/s"]
