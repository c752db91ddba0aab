"""The steward's pages "Who is this?" and "Who was who": what is told, to whom, and what is never told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

Stage = Any
Client = Callable[..., TestClient]


def ask(client: TestClient, **fields: str) -> Any:
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/identify").text)
    assert token
    return client.post("/identify", data={"csrf": token.group(1), **fields})


@pytest.fixture
def client(stage: Stage, open_client: Client) -> TestClient:
    return open_client("steward", published=stage.published)


def audited(stage: Stage) -> list[tuple[Any, ...]]:
    with stage.desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, outcome, subject FROM audit ORDER BY seq").all()
    return [tuple(row) for row in rows if row[1] != "sign-in"]


def test_a_known_person_is_told_by_id_with_the_reasons(stage: Stage, client: TestClient) -> None:
    said = stage.said(4)
    answer = ask(client, **said)
    assert answer.status_code == 200
    assert "Known" in answer.text and stage.person(4) in answer.text
    assert "Birth date" in answer.text and "speaks" in answer.text
    # Only what was typed stands there, in the form: nobody else's name, and nothing in the address.
    others = {str(value) for value in stage.table["surname"].to_pylist()} - {said["surname"]}
    assert not any(f">{name}<" in answer.text or f'"{name}"' in answer.text for name in others)
    assert audited(stage) == [("demo-steward", "identify", "allow", None)]


def test_a_stranger_is_nobody_known(client: TestClient) -> None:
    assert "Nobody known" in ask(client, first_name="Zebedee", surname="Quartermaine", birth_date="1971-03-09").text


@pytest.mark.parametrize("fields", [{}, {"surname": " "}, {"surname": "Q" * 501}], ids=["none", "blank", "long"])
def test_what_cannot_be_compared_is_said_in_the_form(stage: Stage, client: TestClient, fields: dict[str, str]) -> None:
    answer = ask(client, **fields)
    assert answer.status_code == 400
    assert "There is a problem" in answer.text
    assert audited(stage) == []


def test_a_persons_history_is_shown_and_written_down_under_the_person(stage: Stage, client: TestClient) -> None:
    person = stage.person(4)
    answer = client.get(f"/link-history?person={person}&on=2025-06-01")
    assert answer.status_code == 200
    assert f"Person {person[:8]} on 1 June 2025 and now" in answer.text
    assert "founded the person" in answer.text
    assert audited(stage) == [("demo-steward", "view-link-history", "allow", person)]


@pytest.mark.parametrize(
    ("query", "words"),
    [("id=Quartermaine", "Nobody ever had that id"), (f"id={'0' * 32}&on=soon", "Write the day as YYYY-MM-DD")],
)
def test_a_history_of_nobody_or_of_no_day(client: TestClient, query: str, words: str) -> None:
    answer = client.get(f"/link-history?{query}")
    assert answer.status_code == 400
    assert words in answer.text


@pytest.mark.parametrize("address", ["/identify", "/link-history"])
def test_signed_out_and_clinicians_see_neither(open_client: Client, stage: Stage, address: str) -> None:
    assert open_client().get(address).headers["location"].startswith("/sign-in")
    assert open_client("clinician", published=stage.published).get(address).status_code == 403
