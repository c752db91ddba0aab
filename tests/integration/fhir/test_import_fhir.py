"""`washhouse import fhir`, from an outside generator's Bundles to pages, beside a general practice."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from washhouse.cli.main import app
from washhouse.cli.serve import build_services, lend_people
from washhouse.cli.settings import read_settings
from washhouse.core.home import Home
from washhouse.core.tables import Table
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, PERSON
from washhouse.synthetic.city import make_city
from washhouse.web.shell.app import create_app

OUTSIDE = Path(__file__).parents[3] / ".venv-outside" / "bin"
PATIENTS = 3
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ALLERGY_DAY = "2026-03-09"


def call(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def rows_of(home: Path, table: Table) -> pa.Table:
    version = read_current(Home(home))
    assert version is not None
    return Lake(home / "lake").read(table, version.tables[table.name])


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    if not OUTSIDE.is_dir():
        pytest.skip("the outside programs are not installed: scripts/install outside")
    folder = tmp_path_factory.mktemp("bundles")
    count = ["--profile", "type2_diabetes", "--count", str(PATIENTS), "--seed", "7"]
    subprocess.run([str(OUTSIDE / "carebundle"), "generate", *count, "--out", str(folder)], check=True)
    said = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return folder, [entry["resource"] for bundle in said for entry in bundle["entry"]]


@pytest.fixture(scope="module")
def imported(
    bundles: Any, tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]
) -> tuple[Path, dict[str, Any]]:
    home = fresh_home(tmp_path_factory.mktemp("fhir") / "home").root
    return home, call("import", "fhir", str(bundles[0]), "--home", str(home), "--json")


def test_every_line_is_accounted_for(bundles: Any, imported: tuple[Path, dict[str, Any]]) -> None:
    _, report = imported
    resources = bundles[1]
    count = report["sources"]["fhir"]
    unmapped = sum(one["resourceType"] == "Practitioner" for one in resources)
    assert count["lines"] == count["accepted"] + count["quarantined"] + count["duplicates"] == len(resources)
    assert (count["quarantined"], count["warned"]) == (0, unmapped)
    told = sum(1 + len(one.get("component", ())) for one in resources) - PATIENTS - unmapped
    assert report["record"] == {"people": PATIENTS, "events": told}


def test_what_the_generator_measured_is_in_the_record(bundles: Any, imported: tuple[Path, dict[str, Any]]) -> None:
    sent = sorted(
        (one["code"]["coding"][0]["code"], one["valueQuantity"]["value"])
        for one in bundles[1]
        if one["resourceType"] == "Observation" and "valueQuantity" in one
    )
    events = rows_of(imported[0], EVENT)
    held = events.filter(pc.and_(pc.starts_with(events["code"], "LOINC//"), pc.is_valid(events["numeric_value"])))
    values = zip(held["code"].to_pylist(), held["numeric_value"].to_pylist(), strict=True)
    found = sorted((code.removeprefix("LOINC//"), value) for code, value in values)
    assert [one for one in found if one[0] not in ("8480-6", "8462-4")] == sent  # but for components


def test_the_same_set_again_changes_nothing(bundles: Any, imported: tuple[Path, dict[str, Any]]) -> None:
    again = call("import", "fhir", str(bundles[0]), "--home", str(imported[0]), "--json")
    assert (again["published"], again["version"]) == (False, imported[1]["version"])


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
    assert len(people) == PATIENTS
    for person in people:
        page = clinician.get(person).text
        assert "Encounter as an outpatient" in page and "results" in page and "prescriptions" in page


@pytest.fixture(scope="module")
def beside_gp(
    tmp_path_factory: pytest.TempPathFactory, fresh_home: Callable[[Path], Home]
) -> tuple[Path, dict[str, str]]:
    """A home of general practice; a resident of it sent as FHIR, with an allergy, then corrected."""
    root = tmp_path_factory.mktemp("beside")
    make_city(300, 1, 5, root / "city", date(2026, 1, 1))
    (inbox := root / "inbox").mkdir()
    (root / "city" / "extracts" / "gp").rename(inbox / "gp")
    newest = max(path for path in (inbox / "gp").iterdir() if "-delta" not in path.name)
    for batch in (inbox / "gp").iterdir():
        if batch != newest:
            batch.rename(root / batch.name)
    call("run", "--home", str(fresh_home(root / "home").root), "--inbox", str(inbox), "--json")
    with (newest / "patients.csv").open(encoding="utf-8") as file:
        rows = {row["patient_id"]: row for row in csv.DictReader(file) if row["nhs_number"] and row["birth_date"]}
    with (newest / "demographics.csv").open(encoding="utf-8") as file:
        named = [row for row in csv.DictReader(file) if row.get("local_patient_id") in rows and len(row["surname"]) > 6]
    who = {**rows[named[0]["local_patient_id"]], **named[0]}
    patient = {
        "resourceType": "Patient",
        "id": "ext-1",
        "identifier": [{"system": NHS_NUMBER, "value": who["nhs_number"]}],
        "name": [{"family": who["surname"], "given": [who["first_name"]]}],
        "birthDate": who["birth_date"],
    }
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": {"reference": "Patient/ext-1"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "764146007"}]},
        "recordedDate": ALLERGY_DAY,
    }
    for name, resources in (("first", [patient, allergy]), ("second", [{**allergy, "code": {"coding": []}}])):
        (root / f"{name}.ndjson").write_text("\n".join(map(json.dumps, resources)))
    call("import", "fhir", str(root / "first.ndjson"), "--home", str(root / "home"), "--json")
    return root, who


def test_a_resident_of_general_practice_is_the_same_person(beside_gp: tuple[Path, dict[str, str]]) -> None:
    people = rows_of(beside_gp[0] / "home", PERSON)
    sources = people["sources"].to_pylist()
    assert (sources.count("fhir,gp"), sources.count("fhir")) == (1, 0)
    events = rows_of(beside_gp[0] / "home", EVENT)
    (allergy,) = events.filter(pc.equal(events["code"], "ALLERGY//SNOMED//764146007")).to_pylist()
    whose = people.filter(pc.equal(people["sources"], "fhir,gp"))["person_id"].to_pylist()
    assert (allergy["person_id"], allergy["recorded_at"].date().isoformat()) == (whose[0], ALLERGY_DAY)


def test_a_resource_sent_again_takes_the_place_of_itself(beside_gp: tuple[Path, dict[str, str]]) -> None:
    root = beside_gp[0]
    report = call("import", "fhir", str(root / "second.ndjson"), "--home", str(root / "home"), "--json")
    assert report["sources"]["fhir"]["quarantined"] == 0  # its patient came with the first set
    rows = [row for row in rows_of(root / "home", EVENT).to_pylist() if row["source"] == "fhir"]
    states = {(row["code"], row["superseded_at"] is None) for row in rows}
    assert states == {("ALLERGY//SNOMED//764146007", False), ("ALLERGY//LOCAL//unknown", True)}


def test_nothing_outside_the_vault_names_anybody(beside_gp: tuple[Path, dict[str, str]]) -> None:
    root, who = beside_gp
    hidden = [who["nhs_number"].encode(), who["surname"].encode(), b"ext-1"]
    for file in (root / "home").rglob("*"):
        if file.is_file() and "vault" not in file.relative_to(root / "home").parts:
            text = file.read_bytes()
            if file.suffix == ".parquet":
                text += str(pq.read_table(file).to_pydict()).encode()
            assert not [one for one in hidden if one in text], file.name
