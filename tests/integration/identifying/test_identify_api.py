"""`POST /api/identify`: what a program gets, who may ask, and what is refused without repeating a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.desk.live_records import live_records
from washhouse.desk.programs import Program, add_program
from washhouse.web.shell.app import create_app

Stage = Any
NOW = datetime(2026, 7, 1, 9, 0)
Client = Callable[..., TestClient]


def audited(stage: Stage) -> list[tuple[Any, ...]]:
    with stage.desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, outcome, detail FROM audit ORDER BY seq").all()
    return [tuple(row) for row in rows if row[1] == "identify"]


def test_a_steward_gets_candidates_waterfall_and_decision(stage: Stage, open_client: Client) -> None:
    answer = open_client("steward").post("/api/identify", json=stage.said(4))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["decision"], told["person_id"], told["version"]) == ("same", stage.person(4), "v1")
    steps = told["candidates"][0]["steps"]
    assert steps[0]["title"] == "Before anything is compared"
    assert steps[-1]["total"] == told["candidates"][0]["weight"]
    assert answer.headers["cache-control"] == "no-store"
    assert [row[:3] for row in audited(stage)] == [("demo-steward", "identify", "allow")]
    assert json.loads(audited(stage)[0][3])["records"] == 1


def test_several_and_lines_are_answered_in_order(stage: Stage, open_client: Client) -> None:
    client, records = open_client("steward"), [stage.said(4), {"surname": "Nobody"}, stage.said(6)]
    wanted = [stage.person(4), None, stage.person(6)]
    listed = client.post("/api/identify", json=records).json()
    lines = "\n".join(map(json.dumps, records))
    lined = client.post("/api/identify", content=lines, headers={"content-type": "application/x-ndjson"}).json()
    assert [each["person_id"] for each in listed["answers"]] == wanted
    assert lined == listed


def test_recording_is_asked_for_and_done_by_the_steward(stage: Stage, open_client: Client) -> None:
    said = {"source": "hospital", "source_id": "x1", "surname": "Quartermaine", "birth_date": "1971-03-09"}
    client = open_client("steward")
    assert not client.post("/api/identify", json=said).json()["recorded"]
    assert live_records(stage.desk) == []
    given = client.post("/api/identify?record=true", json=said).json()
    assert given["recorded"]
    assert [(row.person_id, row.actor) for row in live_records(stage.desk)] == [(given["person_id"], "demo-steward")]


@pytest.mark.parametrize(("role", "status", "code"), [("", 401, "not-signed-in"), ("clinician", 403, "not-permitted")])
def test_who_may_not_ask(stage: Stage, open_client: Client, role: str, status: int, code: str) -> None:
    answer = open_client(role).post("/api/identify", json=stage.said(4))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert [row[2] for row in audited(stage)] == ([] if not role else ["deny"])


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_a_page_of_another_site_cannot_ask(stage: Stage, open_client: Client, headers: dict[str, str]) -> None:
    answer = open_client("steward").post("/api/identify", json=stage.said(4), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "request-from-elsewhere")
    assert audited(stage) == []


def test_our_own_page_can(stage: Stage, open_client: Client) -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": "http://testserver"}
    assert open_client("steward").post("/api/identify", json=stage.said(4), headers=headers).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_could_send_is_no_call(stage: Stage, open_client: Client, kind: str) -> None:
    body = json.dumps(stage.said(4))
    answer = open_client("steward").post("/api/identify", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "request-not-json")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "record-unreadable"),
        (b'{"surname": "Quartermaine"', 400, "record-unreadable"),
        (b'{"surname": ["Quartermaine"]}', 400, "record-invalid"),
        (b'{"Quartermaine": "x"}', 400, "record-invalid"),
        (b'[{"surname": "Quartermaine"}, null]', 400, "record-invalid"),
        (b'{"surname": "Quarter\\ud800maine"}', 400, "record-invalid"),
        (b"[" + b'{"surname": "Quartermaine"},' * 1000 + b'{"surname": "x"}]', 400, "record-invalid"),
        (b'{"surname": "' + b"Q" * 2_000_001 + b'"}', 413, "request-too-large"),
    ],
    ids=range(8),
)
def test_what_makes_no_sense_is_refused_without_repeating_it(
    stage: Stage, open_client: Client, body: bytes, status: int, code: str
) -> None:
    headers = {"content-type": "application/json"}
    answer = open_client("steward").post("/api/identify", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "Quarter" not in answer.text
    assert audited(stage) == []


def test_a_user_may_not_ask_about_everybody(stage: Stage, open_client: Client) -> None:
    client, many = open_client("steward"), [{"surname": "Quartermaine"}] * 1000
    statuses = [client.post("/api/identify", json=many).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert client.post("/api/identify", json={"surname": "x"}).json()["error"]["code"] == "too-many-records"


@pytest.mark.parametrize(
    ("address", "method", "status"), [("/api/identify", "GET", 405), ("/api/elsewhere", "POST", 404)]
)
def test_what_the_router_refuses_is_told_in_json(open_client: Client, address: str, method: str, status: int) -> None:
    answer = open_client("steward").request(method, address)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "request-refused")


def test_a_home_without_an_index_says_so(stage: Stage, open_client: Client) -> None:
    answer = open_client("steward", identifier=None).post("/api/identify", json=stage.said(4))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "identifier-missing")


def test_history_of_a_person_and_of_a_record_is_the_same(stage: Stage, open_client: Client) -> None:
    client = open_client("steward", published=stage.published)
    told = client.get(f"/api/link-history?person={stage.person(4)}&on=2025-06-01").json()
    assert (told["person_id"], told["on"], told["version"]) == (stage.person(4), "2025-06-01", "v1")
    assert told["records"][0]["then"] == told["records"][0]["now"] == stage.person(4)
    assert "Dock" not in json.dumps(told)
    key = told["records"][0]["record_key"]
    by_record = client.get(f"/api/link-history?record={key}&on=2025-06-01").json()
    assert by_record == told
    before = client.get(f"/api/link-history?person={stage.person(4)}&on=2024-12-31").json()
    assert [record["then"] for record in before["records"]] == [None] * len(told["records"])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("person=" + "0" * 32, 400, "history-unknown"),
        ("person=Quartermaine", 400, "history-unknown"),
        ("record=r04", 400, "history-unknown"),
        ("", 400, "history-unknown"),
        ("person=" + "0" * 32 + "&on=Quartermaine", 400, "history-day"),
    ],
)
def test_a_history_of_nobody(stage: Stage, open_client: Client, query: str, status: int, code: str) -> None:
    answer = open_client("steward", published=stage.published).get(f"/api/link-history?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "Quartermaine" not in answer.text


@pytest.mark.parametrize(("role", "status"), [("", 401), ("clinician", 403), ("steward", 503)])
def test_who_may_not_see_a_history_or_when_there_is_none(open_client: Client, role: str, status: int) -> None:
    assert open_client(role).get(f"/api/link-history?person={'0' * 32}").status_code == status


def test_the_description_names_every_field_and_is_for_who_is_signed_in(open_client: Client) -> None:
    assert open_client().get("/api/openapi.json").status_code == 401
    told = open_client("steward").get("/api/openapi.json").json()
    fields = told["components"]["schemas"]["Record"]["properties"]
    assert {"source", "source_id", "surname", "nhs_number"} <= set(fields)


def test_it_does_what_the_document_says(
    stage: Stage, services: Any, call_as_described: Callable[..., tuple[int, str]]
) -> None:
    token = add_program(stage.desk, Program("st", "steward", "stewardship", "", NOW, NOW + timedelta(days=1)))
    app = create_app(replace(services, published=stage.published))
    asked = {"query.person": stage.person(4)}
    status, said = call_as_described(app, token, "^/api/(identify|link-history)", asked)
    assert status == 0, said[-4000:]
