"""A crisis clinician: covered by their crisis team's referrals, and finding whoever presents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from .conftest import ANNA, BEN, CARLA, DORA

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
DORA_SAYS = {"surname": "dunkerley", "first_name": "Dot", "birth_date": "04/03/1980"}


def test_the_team_s_referrals_are_the_list_and_nobody_else(open_client: Opener, world: Any) -> None:
    client = open_client("crisis-clinician")
    page = client.get("/caseload?n=all").text
    assert "Anna Ashdown" in page and "Ben Bickerton" in page
    assert "Cropper" not in page and "Dunkerley" not in page, "a referral that ended, and another type of team"
    assert client.get(f"/people/{BEN}").status_code == 200
    for person in (CARLA, DORA):
        assert client.get(f"/people/{person}").status_code == 403
    home = client.get("/").text
    assert "2 people in your care" in home and 'href="/find"' in home
    assert "To review" not in home and "digest" not in home and "Step-down" not in home


def test_a_team_of_another_type_covers_nobody(open_client: Opener, world: Any) -> None:
    client = open_client("crisis-clinician")
    with world.desk.writing() as session:
        session.execute(text("UPDATE teams SET team_type = 'A08' WHERE team = 'T2'"))
    assert client.get(f"/people/{BEN}").status_code == 403
    assert "0 people in your care" in client.get("/").text


def test_a_score_is_seen_but_neither_reviewed_nor_stepped_down(open_client: Opener, post: Post) -> None:
    client = open_client("crisis-clinician")
    page = client.get(f"/people/{ANNA}").text
    assert "of 25 people like this" in page and "Save review" not in page and "step-down" not in page
    assert post(client, f"/people/{ANNA}/reviews", agree="yes", action="no-change").status_code == 403
    assert client.get("/step-down").status_code == 403


def test_whoever_presents_is_found_and_the_record_opens_in_an_emergency(
    open_client: Opener, post: Post, world: Any
) -> None:
    client = open_client("crisis-clinician")
    found = post(client, "/find", **DORA_SAYS).text
    assert "1 person found" in found and "Dora Dunkerley" in found and "Born 4 March 1980" in found
    assert "Not in your care" in found and "Canal Street" not in found and "9434765919" not in found
    (row,) = world.audited(action="find-person")
    assert (row.subject, row.outcome) == (DORA, "allow") and "dunkerley" not in row.detail.casefold()
    assert f'href="/people/{DORA}/emergency"' in found
    post(client, f"/people/{DORA}/emergency", reason="presents", note="Came to the walk-in tonight")
    assert "Dora Dunkerley" in client.get(f"/people/{DORA}").text
    assert "Open to you in an emergency" in post(client, "/find", **DORA_SAYS).text
    assert DORA not in client.get("/caseload?n=all").text


def test_whoever_is_with_the_team_opens_at_once(open_client: Opener, post: Post) -> None:
    client = open_client("crisis-clinician")
    found = post(client, "/find", surname="Ashdown", first_name="Anna", birth_date="1980-03-04").text
    assert "In your care" in found and f'href="/people/{ANNA}"' in found


def test_restricted_and_unknown_people_are_not_found_in_the_same_words(open_client: Opener, post: Post) -> None:
    client = open_client("crisis-clinician")
    answers = [
        post(client, "/find", surname=surname, first_name="C", birth_date="1980-03-04").text
        for surname in ("Cropper", "Nobody")
    ]
    assert "Nobody is found" in answers[0]
    answer = [re.search(r"<section.*?</section>", each, re.DOTALL) for each in answers]
    assert answer[0] and answer[1] and answer[0].group() == answer[1].group()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Give an NHS number"),
        ({"nhs_number": "9434765918"}, "That is no NHS number"),
        ({"surname": "Ashdown", "first_name": "Anna", "birth_date": "soon"}, "That is no day"),
    ],
)
def test_a_form_with_a_mistake_finds_nobody(
    open_client: Opener, post: Post, fields: dict[str, str], words: str
) -> None:
    answer = post(open_client("crisis-clinician"), "/find", **fields)
    assert answer.status_code == 400 and words in answer.text and "Ashdown</strong>" not in answer.text


def test_so_many_are_looked_for_in_an_hour(open_client: Opener, post: Post) -> None:
    client = open_client("crisis-clinician")
    client.app.state.site.searches.most = 2
    assert [post(client, "/find", **DORA_SAYS).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("role", ["clinician", "team-manager", "steward", "planner", "researcher"])
def test_nobody_else_finds_people(open_client: Opener, post: Post, role: str) -> None:
    answer = post(open_client(role), "/find", **DORA_SAYS)
    assert answer.status_code == 403 and "Dunkerley" not in answer.text
