"""Does the FHIR server show whom the person's page would show, note every read, and answer as FHIR says?"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from washhouse.web.shell.app import create_app

ANNA, BEN, CARLA, DORA, EMIL = (f"{place:08x}" + name * 24 for place, name in enumerate("abcde", start=1))
RETIRED_ANNA = "0" * 7 + "9" + "f" * 24
OUTSIDE = Path(__file__).parents[3] / ".venv-outside" / "bin" / "python"
ADDRESSES = (
    "/fhir/metadata",
    "/fhir/Patient",
    f"/fhir/Patient/{ANNA}",
    f"/fhir/Patient/{ANNA}/$everything",
    f"/fhir/Observation?patient={ANNA}",
    f"/fhir/Encounter/{ANNA}.0000000000000000",
)
Opener = Callable[..., TestClient]


def get(client: TestClient, path: str, status: int = 200) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    if status != 200:
        assert found["resourceType"] == "OperationOutcome"
    return found


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"]]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_gets_nothing(open_client: Opener, world: Any, address: str) -> None:
    found = get(open_client(), address, 401)
    assert found["issue"][0]["code"] == "login"
    assert world.audited() == []


@pytest.mark.parametrize("address", ADDRESSES[1:])
def test_a_steward_reads_nobody(open_client: Opener, world: Any, address: str) -> None:
    client = open_client("steward")
    before = len(world.audited())
    assert get(client, address, 403)["issue"][0]["code"] == "forbidden"
    (row,) = world.audited()[before:]
    assert (row.action, row.outcome, row.role) == ("read-person", "deny", "steward")


@pytest.mark.parametrize(
    "address", [f"/fhir/Patient/{DORA}", f"/fhir/Patient/{DORA}/$everything", f"/fhir/Encounter?patient={DORA}"]
)
@pytest.mark.parametrize("who", [DORA, "d" * 32])
def test_whoever_is_in_nobodys_care_is_refused_whether_there_or_not(
    open_client: Opener, world: Any, address: str, who: str
) -> None:
    get(open_client("clinician"), address.replace(DORA, who), 403)
    assert [row.outcome for row in world.audited(subject=who)] == ["deny"]


@pytest.mark.parametrize("address", [f"/fhir/Patient/{ANNA}", *ADDRESSES[3:5]])
def test_every_read_is_written_down(open_client: Opener, world: Any, address: str) -> None:
    get(open_client("clinician"), address)
    assert [(row.action, row.outcome) for row in world.audited(subject=ANNA)] == [("read-person", "allow")]


def test_patients_are_those_in_the_visitors_care(open_client: Opener, world: Any) -> None:
    found = resources(get(open_client("clinician"), "/fhir/Patient"))
    assert [one["id"] for one in found] == [ANNA, BEN, CARLA, EMIL]
    assert not {"name", "identifier", "address", "telecom"} & {name for one in found for name in one}
    assert len(world.audited(action="read-caseload", subject=BEN)) == 1
    only = get(open_client("clinician"), f"/fhir/Patient?_id={BEN},{DORA}")
    assert [one["id"] for one in resources(only)] == [BEN]


def test_a_resource_can_be_read_by_its_id(open_client: Opener) -> None:
    client = open_client("clinician")
    (contact, *_) = resources(get(client, f"/fhir/Encounter?patient={ANNA}"))
    assert get(client, f"/fhir/Encounter/{contact['id']}") == contact
    assert contact["id"].startswith(f"{ANNA}.")
    assert get(client, f"/fhir/Encounter/{contact['id'].replace(ANNA, RETIRED_ANNA)}") == contact
    get(client, f"/fhir/Observation/{contact['id']}", 404)
    get(client, f"/fhir/Encounter/{ANNA}.0000000000000000", 404)
    get(client, "/fhir/Encounter/1", 404)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 30),
        ("&code=1", 30),
        ("&code=http://snomed.info/sct|1", 30),
        ("&code=http://snomed.info/sct|", 30),
        ("&code=http://loinc.org|1", 0),
        ("&code=2,1", 30),
        ("&date=2025-05-03", 1),
        ("&date=2025-05", 30),
        ("&date=ge2025-05-29", 2),
        ("&date=gt2025-05-29", 1),
        ("&date=lt2025-05-03", 2),
        ("&date=le2025-05-03", 3),
        ("&date=sa2025-05-29", 1),
        ("&date=eb2025-05-03", 2),
        ("&date=ne2025-05-03", 29),
        ("&date=ge2025-05-03&date=le2025-05-05", 3),
        ("&date=2025-05-03,2025-05-04", 2),
        ("&_lastUpdated=gt2025-05-29", 1),
        ("&_id=1", 0),
    ],
)
def test_a_search_finds_what_it_asks_for(open_client: Opener, query: str, number: int) -> None:
    assert get(open_client("clinician"), f"/fhir/Observation?patient={ANNA}{query}")["total"] == number


def test_a_span_is_found_by_any_date_that_it_covers(open_client: Opener) -> None:
    client = open_client("clinician")
    search = f"/fhir/ServiceRequest?subject=Patient/{ANNA}&authored="
    assert [get(client, search + asked)["total"] for asked in ("2021-03-01", "gt2021-12", "eb2021-04")] == [1, 1, 1]


@pytest.mark.parametrize(
    "query",
    ["", "?code=1", f"?patient={ANNA}&colour=red", f"?patient={ANNA}&date=today", f"?patient={ANNA}&patient={BEN}",
     f"?patient={ANNA}&date=2025-13", f"?patient={ANNA}&_count=many", f"?patient={ANNA}&_format=xml"],
)  # fmt: skip
def test_what_is_not_understood_is_refused_and_not_ignored(open_client: Opener, world: Any, query: str) -> None:
    client = open_client("clinician")
    found = get(client, f"/fhir/Observation{query}", 400)
    assert found["issue"][0]["details"]["coding"][0]["code"] == "fhir-parameter"
    assert world.audited(subject=ANNA) == []


def test_pages_follow_each_other_to_the_end(open_client: Opener) -> None:
    client = open_client("clinician")
    path: str | None = f"/fhir/Observation?patient={ANNA}&code=1&_count=12"
    sizes, ids = [], set()
    while path is not None:
        page = get(client, path)
        sizes.append(len(page["entry"]))
        ids |= {one["id"] for one in resources(page)}
        urls = {link["relation"]: link["url"] for link in page["link"]}
        path = "{0.path}?{0.query}".format(urlsplit(urls["next"])) if "next" in urls else None
    assert (sizes, len(ids)) == ([12, 12, 6], 30)
    assert get(client, f"/fhir/Observation?patient={ANNA}&_count=0")["entry"] == []


def test_everything_is_the_patient_and_what_happened(open_client: Opener) -> None:
    client = open_client("clinician")
    bundle = get(client, f"/fhir/Patient/{ANNA}/$everything?_count=200")
    found = resources(bundle)
    assert found[0]["resourceType"] == "Patient"
    kinds = [one["resourceType"] for one in found]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "Patient": 1, "Encounter": 2, "ServiceRequest": 2, "Observation": 30,
    }  # fmt: skip
    assert get(client, f"/fhir/Patient/{ANNA}/$everything?_type=Encounter")["total"] == 2


@pytest.mark.parametrize(("path", "status"), [("/fhir/Zaphod", 404), ("/fhir/Zaphod/1", 404), ("/fhir/a/b/c", 404)])
def test_what_is_not_there_is_told_as_an_outcome(open_client: Opener, path: str, status: int) -> None:
    get(open_client("clinician"), path, status)


def test_nothing_can_be_written(open_client: Opener) -> None:
    client = open_client("clinician")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, f"/fhir/Patient/{ANNA}").status_code == 405


def test_clients_of_others_can_use_it(world: Any, on_a_port: Callable[..., AbstractContextManager[str]]) -> None:
    if not OUTSIDE.exists():
        pytest.skip("the outside programs are not installed: scripts/install outside")
    with on_a_port(create_app(world.services)) as served:
        said = subprocess.run(
            [str(OUTSIDE), str(Path(__file__).with_name("check_fhir_clients.py")), served, ANNA],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert said.returncode == 0, said.stderr[-3000:]
    assert json.loads(said.stdout.splitlines()[-1]) == {
        "fhirpy": {"patients": 4, "observations": 30, "read": "female", "outcome": "forbidden"},
        "fhirclient": {"observations": 30, "everything": 35, "read": "female"},
        "wrong": [],
    }
