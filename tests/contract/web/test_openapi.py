"""Does the server do what its OpenAPI document says, as a program of others reads it?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.desk.programs import Program, add_program
from washhouse.web.api.routes import ENDPOINTS
from washhouse.web.shell.app import create_app

ANNA = f"{1:08x}" + "a" * 24
ROLES = {
    "clinician": ("direct-care", "CP1", "^/fhir/(metadata|Patient|Observation)"),
    "steward": ("stewardship", "", "^/api/(quality|openapi)"),
}


def test_every_endpoint_is_described(open_client: Callable[..., TestClient]) -> None:
    told = open_client("steward").get("/api/openapi.json").json()["paths"]
    assert {path for path in told if path.startswith("/api/")} == {
        call.path for call in ENDPOINTS if call.path.startswith("/api/")
    }
    assert {"/fhir/metadata", "/fhir/Patient/{id}/$everything", "/fhir/Condition", "/fhir/Condition/{id}"} <= set(told)
    searched = {one["name"] for one in told["/fhir/Condition"]["get"]["parameters"] if one["required"]}
    assert searched == {"patient"}


@pytest.mark.parametrize("role", ROLES)
def test_it_does_what_the_document_says(
    world: Any, call_as_described: Callable[..., tuple[int, str]], role: str
) -> None:
    purpose, worker, paths = ROLES[role]
    now = world.services.now()
    token = add_program(world.desk, Program("st", role, purpose, worker, now, now + timedelta(days=1)))
    asked = {"query.patient": ANNA, "path.id": ANNA}
    status, said = call_as_described(create_app(world.services), token, paths, asked)
    assert status == 0, said[-4000:]
