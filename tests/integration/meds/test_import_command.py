"""`washhouse import meds`, from a file to a page: every line accounted for, every person on a timeline.

The data set is invented, and lies in the far future as de-identified sets do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.cli.serve import build_services, lend_people
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.web.shell.app import create_app

PEOPLE, RESULTS = 12, 30
REPEATED = 5
BORN, FIRST = datetime(2080, 5, 1), datetime(2150, 3, 1, 8, 30)


def invented_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for person in range(PEOPLE):
        who = {"subject_id": 10_000 + person, "numeric_value": None, "text_value": None}
        start = FIRST + timedelta(days=person)
        rows.append({**who, "time": None, "code": "GENDER//F" if person % 2 else "GENDER//M"})
        rows.append({**who, "time": BORN, "code": "MEDS_BIRTH"})
        rows.append({**who, "time": start, "code": "HOSPITAL_ADMISSION//EW EMER."})
        rows += [
            {**who, "time": start + timedelta(hours=hour), "code": "LAB//50912//mg/dL", "numeric_value": 0.5 + hour}
            for hour in range(RESULTS)
        ]
    return [*rows, *rows[:REPEATED]]


def call(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]
) -> tuple[Path, Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("meds")
    (root / "set" / "data").mkdir(parents=True)
    schema = pa.schema(
        [
            ("subject_id", pa.int64()),
            ("time", pa.timestamp("us")),
            ("code", pa.string()),
            ("numeric_value", pa.float32()),
            ("text_value", pa.string()),
        ]
    )
    pq.write_table(pa.Table.from_pylist(invented_rows(), schema=schema), root / "set" / "data" / "0.parquet")
    report = call("import", "meds", str(root / "set"), "--home", str(fresh_home(root / "home").root), "--json")
    return root / "set", root / "home", report


def test_every_line_is_accounted_for(imported: tuple[Path, Path, dict[str, Any]]) -> None:
    _, _, report = imported
    count = report["sources"]["meds"]
    assert count["lines"] == PEOPLE * (RESULTS + 3) + REPEATED
    assert count["lines"] == count["accepted"] + count["quarantined"] + count["duplicates"]
    assert count["duplicates"] == REPEATED
    assert report["record"] == {"people": PEOPLE, "events": count["accepted"]}


def test_the_same_set_again_changes_nothing(imported: tuple[Path, Path, dict[str, Any]]) -> None:
    data, home, report = imported
    again = call("import", "meds", str(data), "--home", str(home), "--json")
    assert (again["published"], again["version"]) == (False, report["version"])


@pytest.fixture
def clinician(imported: tuple[Path, Path, dict[str, Any]]) -> Iterator[TestClient]:
    home = Home(imported[1])
    services = build_services(home, read_settings(home), demo=True)
    lend_people(services)
    client = TestClient(create_app(services))
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    users = [name for name in re.findall(r'name="user" value="([^"]+)"', page) if name != "demo-steward"]
    assert token is not None
    client.post("/sign-in", data={"user": users[0], "csrf": token.group(1)})
    yield client
    services.desk.close()


def test_the_demo_clinician_sees_all_of_them_on_timelines(clinician: TestClient) -> None:
    caseload = clinician.get("/caseload").text
    people = sorted(set(re.findall(r'href="(/people/[0-9a-f]{32})"', caseload)))
    assert len(people) == PEOPLE
    assert "Not ranked" in caseload  # no mental-health service sent anything
    for person in people:
        page = clinician.get(person).text
        assert "Hospital admission" in page and "Mar 2150" in page and "laboratory results" in page
