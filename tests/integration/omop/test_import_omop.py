"""`washhouse import omop`, from OHDSI's GiBleed to pages: every line accounted for, every person on a timeline.

GiBleed lies beside the repository where it is present at all; elsewhere these tests are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.cli.serve import build_services, lend_people
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.lake.engine import connect
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, PERSON, QUARANTINE
from washhouse.web.shell.app import create_app

GIBLEED = Path(__file__).parents[3].parent / "shared" / "data" / "omop" / "gibleed"
pytestmark = pytest.mark.skipif(not GIBLEED.is_dir(), reason="GiBleed is not beside the repository")
PEOPLE, EVENTS = 2_694, 217_015
PERIODS_WITHOUT_PERSON = 2_649


def call(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]
) -> tuple[Path, dict[str, Any]]:
    home = fresh_home(tmp_path_factory.mktemp("omop") / "home").root
    return home, call("import", "omop", str(GIBLEED), "--home", str(home), "--json")


def test_every_line_is_accounted_for(imported: tuple[Path, dict[str, Any]]) -> None:
    _, report = imported
    count = report["sources"]["omop"]
    lines = sum(pq.ParquetFile(file).metadata.num_rows for file in GIBLEED.glob("*.parquet"))
    assert count["lines"] == lines == count["accepted"] + count["quarantined"] + count["duplicates"]
    assert count["quarantined"] == PERIODS_WITHOUT_PERSON
    assert report["record"] == {"people": PEOPLE, "events": EVENTS}


def test_what_was_set_aside_and_what_is_not_mapped_is_named(imported: tuple[Path, dict[str, Any]]) -> None:
    home = Home(imported[0])
    version = read_current(home)
    assert version is not None
    reasons = Lake(home.lake).read(QUARANTINE, version.tables[QUARANTINE.name])
    aside = reasons.filter(pc.equal(reasons["rule"], "orphan-row"))
    assert (pc.unique(aside["file"]).to_pylist(), aside.num_rows) == (
        ["observation_period.parquet"],
        PERIODS_WITHOUT_PERSON,
    )
    unmapped = reasons.filter(pc.equal(reasons["rule"], "unmapped-table"))["file"].to_pylist()
    assert {"condition_era.parquet", "drug_era.parquet", "cdm_source.parquet"} <= set(unmapped)


def test_events_are_those_of_plain_sql_over_the_files(imported: tuple[Path, dict[str, Any]]) -> None:
    home = Home(imported[0])
    version = read_current(home)
    assert version is not None
    lake = Lake(home.lake)
    events, people = (lake.read(table, version.tables[table.name]) for table in (EVENT, PERSON))
    assert pc.all(events["recorded_assumed"]).as_py() and people["birth_month"].null_count == 0
    with connect() as con:
        con.register("event", events)
        for table, stem, day in (
            ("condition_occurrence", "condition", "condition_start_date"),
            ("measurement", "measurement", "measurement_date"),
        ):
            there = f"""
                SELECT CASE c.vocabulary_id WHEN 'RxNorm' THEN 'RXNORM' ELSE c.vocabulary_id END || '//'
                           || c.concept_code AS code, CAST({day} AS TIMESTAMP) AS time
                FROM '{GIBLEED}/{table}.parquet' JOIN '{GIBLEED}/concept.parquet' AS c
                  ON c.concept_id = coalesce(nullif({stem}_source_concept_id, 0), {stem}_concept_id)"""
            assert con.sql(f"{there} EXCEPT ALL SELECT code, time FROM event").fetchall() == []


def test_the_same_set_again_changes_nothing(imported: tuple[Path, dict[str, Any]]) -> None:
    home, report = imported
    again = call("import", "omop", str(GIBLEED), "--home", str(home), "--json")
    assert (again["published"], again["version"]) == (False, report["version"])


@pytest.fixture
def clinician(imported: tuple[Path, dict[str, Any]]) -> Iterator[TestClient]:
    home = Home(imported[0])
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


def test_timeline_pages_show_them(clinician: TestClient) -> None:
    people = sorted(set(re.findall(r'href="(/people/[0-9a-f]{32})"', clinician.get("/caseload").text)))
    assert len(people) >= 10
    for person in people[:10]:
        page = clinician.get(person).text
        assert "Imported (OMOP)" in page
