"""Can fhirpy and fhirclient use the server? Run by tests with the environment of outside programs.

check_fhir_clients.py URL PERSON    signs in as the demonstration's clinician; prints what each client found, as JSON
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from importlib import import_module
from typing import Any

import requests
from fhirclient import client as smart
from fhirclient.models.bundle import Bundle
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import ForbiddenError
from pydantic import ValidationError

url, person = sys.argv[1], sys.argv[2]
stranger = "00000004" + "d" * 24

session = requests.Session()
page = session.get(f"{url}/sign-in").text
users = re.findall(r'name="user" value="([^"]+)"', page)
token = re.search(r'name="csrf" value="([^"]+)"', page)
session.post(
    f"{url}/sign-in", data={"user": next(one for one in users if one != "demo-steward"), "csrf": token and token[1]}
)
cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())


async def with_fhirpy() -> dict[str, Any]:
    api = AsyncFHIRClient(f"{url}/fhir", extra_headers={"Cookie": cookie})
    patients = await api.resources("Patient").fetch_all()
    search = api.resources("Observation").search(patient=person, code="http://snomed.info/sct|1").limit(7)
    observations = await search.fetch_all()  # follows the links of pages of seven
    one = await api.reference("Patient", person).to_resource()
    outcome = ""
    try:
        await api.resources("Encounter").search(patient=stranger).fetch()
    except ForbiddenError as refused:
        outcome = json.loads(str(refused))["issue"][0]["code"]
    return {"patients": len(patients), "observations": len(observations), "read": one["gender"], "outcome": outcome}


def with_fhirclient() -> dict[str, Any]:
    api = smart.FHIRClient(settings={"app_id": "test", "api_base": f"{url}/fhir"})
    api.server.session.headers["Cookie"] = cookie
    api.prepare()
    found = list(Observation.where({"patient": person}).perform_resources_iter(api.server))
    everything = Bundle.read_from(f"Patient/{person}/$everything?_count=200", api.server)
    patient = Patient.read(person, api.server)
    return {"observations": len(found), "everything": everything.total, "read": patient.gender}


def check_models() -> list[str]:
    """What fhir.resources says against anything that the server answers."""
    wrong = []
    for path in ("metadata", "Patient", f"Patient/{person}/$everything?_count=200", f"Patient/{stranger}"):
        said = session.get(f"{url}/fhir/{path}").json()
        for one in (said, *(entry["resource"] for entry in said.get("entry", []))):
            kind = one["resourceType"]
            model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
            try:
                model.model_validate(one)
            except ValidationError as error:
                wrong += [f"{kind}: {each['loc']}: {each['msg']}" for each in error.errors()]
    return wrong


json.dump(
    {"fhirpy": asyncio.run(with_fhirpy()), "fhirclient": with_fhirclient(), "wrong": check_models()[:10]}, sys.stdout
)
