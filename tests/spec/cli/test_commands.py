"""Every command: quick to list, explained with an example, written down in the reference."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from washhouse.cli.main import COMMANDS, app, load_command

ROOT = Path(__file__).parents[3]


def every_command() -> Iterator[list[str]]:
    for name in COMMANDS:
        command = load_command(name)
        yield [name]
        if isinstance(command, TyperGroup):
            yield from ([name, str(sub)] for sub in command.commands)


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_help_has_an_example_that_begins_like_the_command(path: list[str]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"])
    assert done.exit_code == 0
    assert "Example:" in done.stdout
    assert f"washhouse {' '.join(path)} " in " ".join(done.stdout.split())


def test_listing_the_commands_loads_no_engine() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from washhouse.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print({'pyarrow', 'duckdb', 'numba', 'sqlalchemy', 'fastapi'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_version_is_printed() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert done.stdout.startswith("washhouse ")


@pytest.mark.parametrize("arguments", [["frun"], ["run"], ["run", "--home", "x"], ["run", "--buckets", "many"], []])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
