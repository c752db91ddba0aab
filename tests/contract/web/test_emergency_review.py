"""Review of emergency access: whose queue it is on, what it tells, and what a review does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from washhouse.desk.accounts import read_account
from washhouse.desk.emergency_accesses import list_accesses

from .conftest import DORA, later

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
QUEUE, REVIEW = "/emergency-access", "/emergency-access/1/review"
JUDGED = {"outcome": "appropriate", "note": "On call; Dora Dunkerley rang the ward"}
REVIEWERS = ("team-manager", "steward")


@pytest.fixture
def opened(open_client: Opener, post: Post) -> TestClient:
    """A clinician of the team who has opened the record of Dora."""
    client = open_client("clinician")
    post(client, f"/people/{DORA}/emergency", reason="presents", note="Rang at night, very distressed")
    client.get(f"/people/{DORA}")
    return client


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("role", REVIEWERS)
def test_the_queue_tells_who_when_why_and_what_was_opened_but_not_whose(
    opened: TestClient, open_client: Opener, world: Any, role: str
) -> None:
    client = open_client(role)
    page = client.get(QUEUE)
    words = words_of(page.text)
    assert "Review due by 4 July 2025, 10:00" in words and "Access 1, 1 July 2025, 10:00 to 1 July 2025, 11:00" in words
    assert "Care co-ordinator CP1 The person presents in crisis now" in words
    assert "Rang at night, very distressed" in words and "The record was opened 1 time, last at 10:00." in words
    assert "Dunkerley" not in page.text and DORA[:8] not in page.text
    row = world.audited(action="review-emergency-access")[-1]
    assert (row.role, row.outcome, row.subject) == (role, "allow", None)


@pytest.mark.parametrize("role", REVIEWERS)
def test_what_waits_stands_on_the_home_page_until_it_is_settled(
    opened: TestClient, open_client: Opener, post: Post, world: Any, role: str
) -> None:
    client = open_client(role)
    assert "1 emergency access to review." in client.get("/").text
    assert "Overdue</strong>" not in client.get(QUEUE).text
    answer = post(client, REVIEW, outcome="needs-enquiry", note="Ask Dr CP1 who was on call")
    assert answer.headers["location"] == f"{QUEUE}?done=reviewed"
    assert "1 emergency access to review" in client.get("/").text, "an enquiry goes on"
    post(client, REVIEW, **JUDGED)
    assert "to review" not in client.get("/").text
    page = client.get(f"{QUEUE}?done=reviewed").text
    assert "No emergency access waits" in page and "On call; [removed] rang the ward" in page
    assert post(client, REVIEW, **JUDGED).status_code == 400, "it is settled"
    (access,) = list_accesses(world.desk)
    assert [each.outcome for each in access.reviews] == ["needs-enquiry", "appropriate"]


def test_after_72_hours_it_is_overdue(opened: TestClient, open_client: Opener, world: Any) -> None:
    client = open_client("steward", **later(world, hours=72))
    assert "1 emergency access to review, 1 overdue." in client.get("/").text
    assert "Overdue</strong>" in client.get(QUEUE).text


def test_who_cares_for_the_person_sees_what_the_review_came_to(
    opened: TestClient, open_client: Opener, post: Post, world: Any
) -> None:
    post(open_client("steward"), REVIEW, outcome="not-appropriate", note="Nobody had called for it")
    with world.desk.writing() as session:
        session.execute(text("UPDATE assignments SET username = 'CP1' WHERE username = 'CP0'"))
    words = words_of(open_client("clinician").get(f"/people/{DORA}/viewers").text)
    assert "Not appropriate, 1 July 2025, 10:00, Demo steward. The person is to be told." in words


@pytest.mark.parametrize("fields", [{"outcome": ""}, {"outcome": "fine"}, {"note": "ok"}])
def test_a_review_with_a_mistake_is_not_kept(
    opened: TestClient, open_client: Opener, post: Post, world: Any, fields: dict[str, str]
) -> None:
    answer = post(open_client("steward"), REVIEW, **{**JUDGED, **fields})
    assert answer.status_code == 400 and "Error: Emergency access" in answer.text
    assert list_accesses(world.desk)[0].reviews == ()


def test_a_manager_answers_for_the_workers_of_their_teams_alone(
    opened: TestClient, open_client: Opener, post: Post, world: Any
) -> None:
    client = open_client("team-manager")
    with world.desk.writing() as session:
        session.execute(text("DELETE FROM memberships WHERE username = 'CP1'"))
    assert "No emergency access waits" in client.get(QUEUE).text
    assert post(client, REVIEW, **JUDGED).status_code == 404
    assert post(open_client("steward"), REVIEW, **JUDGED).status_code == 303, "a steward answers for everybody"


def test_nobody_reviews_their_own(opened: TestClient, open_client: Opener, post: Post, world: Any) -> None:
    with world.desk.writing() as session:
        session.execute(text("UPDATE users SET role = 'team-manager' WHERE username = 'CP1'"))
    client = open_client("clinician", demo_users=(read_account(world.desk, "CP1"),))
    page = client.get(QUEUE).text
    assert "somebody else reviews it" in page and "Save review" not in page
    answer = post(client, REVIEW, **JUDGED)
    assert answer.status_code == 403 and "You may not review your own access" in answer.text
    assert list_accesses(world.desk)[0].reviews == ()


@pytest.mark.parametrize("role", ["clinician", "planner", "researcher"])
def test_others_review_nothing(opened: TestClient, open_client: Opener, post: Post, role: str) -> None:
    client = open_client(role)
    assert client.get(QUEUE).status_code == 403 and post(client, REVIEW, **JUDGED).status_code == 403
