"""Does every step of every tutorial run, in order, as written? And of the how-to that a new site needs first?

A tutorial's own commands are run in an empty folder: indented lines, after the files that it says to save. The city is
made smaller, and pages are not served (the journeys do that).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = [*sorted((ROOT / "docs" / "tutorials").glob("*.md")), ROOT / "docs" / "how-to" / "declare-a-source.md"]
STEP = re.compile(
    r"Save this as `(?P<file>[^`]+)`.*?```\w+\n(?P<text>.*?)```|(?P<commands>(?:^ {4}\S[^\n]*\n)+)",
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda page: page.stem)
def test_every_step_runs(tutorial: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ran = 0
    for step in STEP.finditer(tutorial.read_text(encoding="utf-8")):
        if step["file"]:
            (tmp_path / step["file"]).write_text(step["text"], encoding="utf-8")
            commands = [f"python {step['file']}"] if step["file"].endswith(".py") else []
        else:
            commands = [line.strip() for line in step["commands"].splitlines()]
        for command in commands:
            if command.startswith("washhouse serve"):
                continue
            small = re.sub(r"--people \d+ --years \d+", "--people 1000 --years 1", command)
            result = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", small],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert result.returncode == 0, f"{command}\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}"
            ran += 1
    assert ran >= 3
