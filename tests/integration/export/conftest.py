"""A small city's home with its record, exports of it, and the programs of others that read them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.governance.keys import load_master_key
from washhouse.lake.engine import Connection, connect
from washhouse.lake.pointer import Version, read_current
from washhouse.lake.store import Lake
from washhouse.record.export.pseudonyms import export_key, number_of
from washhouse.record.tables import EVENT, PERSON, PERSON_VIEW
from washhouse.synthetic.city import make_city

collect_ignore_glob = ["check_*.py"]  # run by the outside environment's Python

OUTSIDE = Path(__file__).parents[3] / ".venv-outside" / "bin"


@dataclass(frozen=True)
class Exported:
    """A home and what its exports said."""

    home: Home
    root: Path
    version: Version

    def record(self) -> Connection:
        """An engine with the record's own `event`, `person` and `person_view`, whole, and `number(person_id)`."""
        key = export_key(load_master_key(self.home, read_settings(self.home)), "", self.version.id)
        lake = Lake(self.home.lake)
        con = connect()
        for table in (EVENT, PERSON, PERSON_VIEW):
            con.register(table.name, lake.read(table, self.version.tables[table.name]))
        people = con.sql(
            """SELECT p.person_id, coalesce(v.view_id, p.person_id) AS bears FROM person AS p
                LEFT JOIN (SELECT * FROM person_view WHERE view = 'lenient') AS v USING (person_id)
                WHERE bears NOT IN (
                    SELECT coalesce(w.view_id, e.person_id) FROM event AS e
                    LEFT JOIN (SELECT * FROM person_view WHERE view = 'lenient') AS w USING (person_id)
                    WHERE e.code = 'OPT_OUT//type-1')"""
        ).to_arrow_table()
        numbers = [number_of(key, "person", one) for one in people["bears"].to_pylist()]
        con.register("number", people.append_column("subject_id", pa.array(numbers, pa.int64())))
        return con


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]) -> Exported:
    root = tmp_path_factory.mktemp("export")
    make_city(1_000, 2, 11, root / "city")
    home = fresh_home(root / "home")
    call("run", "--home", str(home.root), "--inbox", str(root / "city" / "extracts"), "--json")
    version = read_current(home)
    assert version is not None
    return Exported(home, root, version)


def call(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="session")
def export(exported: Exported) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Export the home in a format, once for each way it is asked for."""
    made: dict[tuple[str, ...], tuple[Path, dict[str, Any]]] = {}

    def make(form: str, *options: str) -> tuple[Path, dict[str, Any]]:
        asked = (form, *options)
        if asked not in made:
            out = exported.root / f"out-{len(made)}"
            report = call("export", form, "--home", str(exported.home.root), "--out", str(out), "--json", *options)
            made[asked] = out, report
        return made[asked]

    return make


@pytest.fixture(scope="session")
def outside() -> Callable[..., str]:
    """Run a program of others; the environment they live in is made by `make test`."""
    if not OUTSIDE.is_dir():
        pytest.skip("the outside programs are not installed: scripts/install outside")

    def run(program: str, *arguments: str) -> str:
        command = [str(OUTSIDE / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    return run
