"""Emergency access (break-glass): from the page that refuses, for one record, one user and one hour, seen by all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.desk.accounts import read_account
from washhouse.desk.emergency_accesses import list_accesses
from washhouse.governance.policies import MOST_EMERGENCIES
from washhouse.web.shell.app import PAGES

from .conftest import ANNA, CARLA, DORA, STRANGERS, later

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
PERSON = f"/people/{DORA}"
FORM = f"{PERSON}/emergency"
WHY = {"reason": "presents", "note": "Rang at night, Dora Dunkerley is very distressed"}


@pytest.fixture
def opened(open_client: Opener, post: Post) -> TestClient:
    """A clinician who has opened Dora's record, who is in somebody else's care."""
    client = open_client("clinician")
    assert post(client, FORM, **WHY).headers["location"] == PERSON
    return client


def test_the_page_that_refuses_leads_to_the_form_which_shows_nothing_of_the_person(
    open_client: Opener, world: Any
) -> None:
    client = open_client("clinician")
    refused = client.get(PERSON)
    assert refused.status_code == 403 and f'href="{FORM}"' in refused.text
    (row,) = world.audited(subject=DORA)
    assert (row.action, row.outcome) == ("read-person", "deny")
    form = client.get(FORM)
    assert form.status_code == 200 and "Dunkerley" not in form.text
    for words in ("60 minutes", "72 hours", "will be told", "before anything is shown"):
        assert words in form.text


def test_it_opens_the_record_with_a_banner_and_without_score_or_ties(opened: TestClient, world: Any) -> None:
    actions = [(row.action, row.outcome) for row in world.audited(subject=DORA)]
    assert actions == [("break-glass", "allow")], "written before anything is shown"
    page = opened.get(PERSON)
    assert page.status_code == 200 and "Dora Dunkerley" in page.text and "Timeline" in page.text
    assert "Emergency access until 1 July 2025, 11:00" in page.text and "60 minutes left" in page.text
    assert "of 25 people" not in page.text and "Save review" not in page.text and "Network" not in page.text
    assert page.headers["refresh"] == f"3601; url={FORM}?done=over"
    assert [row.action for row in world.audited(subject=DORA)][1:] == ["read-person", "reveal"]


FILLED = {"agree": "yes", "action": "no-change", "choice": "not-now", "reason": "Moves house in August"}


def test_it_opens_no_other_page_of_the_person(opened: TestClient, post: Post) -> None:
    for page in PAGES:
        address = re.sub(r"\{\w+\}", "1", page.path.replace("{person_id}", DORA))
        if DORA not in address or address == PERSON or address.endswith("/close"):
            continue
        answer = opened.get(address) if page.method == "GET" else post(opened, address, **FILLED)
        is_given = address.endswith(("/emergency", "/patient-record"))
        assert (answer.status_code != 403) is is_given, f"{page.method} {page.path}"
        assert "Dunkerley" not in answer.text


def test_no_list_export_network_or_call_knows_of_it(opened: TestClient) -> None:
    for address in ("/", "/caseload?n=all", "/caseload.csv", f"/people/{ANNA}/network", "/step-down", "/fhir/Patient"):
        text = opened.get(address).text
        assert "Dunkerley" not in text and (DORA not in text or address == "/"), address
    assert opened.get(f"/fhir/Patient/{DORA}").status_code in (403, 404)


def test_it_opens_nobody_else_and_to_nobody_else(opened: TestClient, open_client: Opener, world: Any) -> None:
    assert opened.get(f"/people/{STRANGERS[0]}").status_code == 403
    for role in ("team-manager", "steward", "planner", "researcher"):
        client = open_client(role)
        # A manager of the team sees their own people without it.
        assert client.get(PERSON).status_code == (200 if role == "team-manager" else 403)
        assert client.get(FORM).status_code == 403


def test_it_ends_by_itself_and_opens_anew_only_with_a_reason(
    opened: TestClient, open_client: Opener, world: Any
) -> None:
    still = open_client("clinician", **later(world, minutes=59, seconds=30))
    page = still.get(PERSON)
    assert page.status_code == 200 and "1 minute left" in page.text and page.headers["refresh"].startswith("31;")
    over = open_client("clinician", **later(world, minutes=60))
    assert over.get(PERSON).status_code == 403
    assert "ended after 60 minutes" in over.get(f"{FORM}?done=over").text


def test_a_new_reason_is_an_access_of_its_own(opened: TestClient, open_client: Opener, post: Post, world: Any) -> None:
    half = open_client("clinician", **later(world, minutes=30))
    assert "another 60 minutes" in half.get(FORM).text
    post(half, FORM, reason="act-assessment", note="An assessment has been called for")
    assert "Emergency access until 1 July 2025, 11:30" in half.get(PERSON).text
    assert len(list_accesses(world.desk)) == 2


def test_it_can_be_closed(opened: TestClient, post: Post) -> None:
    assert DORA in opened.get("/").text, "the way back to an open record"
    answer = post(opened, f"{FORM}/close")
    assert answer.headers["location"] == f"{FORM}?done=closed"
    assert "You closed your emergency access" in opened.get(answer.headers["location"]).text
    assert opened.get(PERSON).status_code == 403
    assert DORA not in opened.get("/").text
    assert post(opened, f"{FORM}/close").status_code == 303, "closed twice is closed"


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"reason": ""}, "Choose why"), ({"reason": "curious"}, "Choose why"), ({"note": "short"}, "Say what happened")],
)
def test_a_form_with_a_mistake_opens_nothing(
    open_client: Opener, post: Post, world: Any, fields: dict[str, str], words: str
) -> None:
    client = open_client("clinician")
    answer = post(client, FORM, **{**WHY, **fields})
    assert answer.status_code == 400 and words in answer.text and "Error: Emergency access" in answer.text
    assert client.get(PERSON).status_code == 403
    assert list_accesses(world.desk) == []


def test_a_form_of_another_session_or_of_nobody_opens_nothing(open_client: Opener, world: Any) -> None:
    other = re.search(r'name="csrf" value="([^"]+)"', open_client("clinician").get("/help").text)
    assert other
    for client in (open_client("clinician"), open_client()):
        answer = client.post(FORM, data={**WHY, "csrf": other.group(1)})
        assert answer.status_code in (303, 403) and PERSON not in answer.headers.get("location", "")
    assert list_accesses(world.desk) == []


def test_a_person_in_ones_care_needs_none(open_client: Opener, post: Post, world: Any) -> None:
    client = open_client("clinician")
    assert client.get(f"/people/{ANNA}/emergency").headers["location"] == f"/people/{ANNA}"
    assert post(client, f"/people/{ANNA}/emergency", **WHY).headers["location"] == f"/people/{ANNA}"
    assert list_accesses(world.desk) == []


def test_nobody_of_that_id_opens_nothing(open_client: Opener, post: Post, world: Any) -> None:
    assert post(open_client("clinician"), f"/people/{'7' * 32}/emergency", **WHY).status_code == 404
    assert list_accesses(world.desk) == []


def test_a_restricted_record_is_not_reached_and_says_whom_to_ring(open_client: Opener, post: Post, world: Any) -> None:
    with world.desk.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM assignments WHERE username = 'CP1'")
    client = open_client("clinician", demo_users=(read_account(world.desk, "CP1"),))
    answer = post(client, f"/people/{CARLA}/emergency", **WHY)
    assert answer.status_code == 403 and "Ring the team" in answer.text
    assert "restricted" not in answer.text and "Cropper" not in answer.text
    assert [row.outcome for row in world.audited(subject=CARLA)] == ["deny"]


def test_after_many_records_a_colleague_is_asked(open_client: Opener, post: Post) -> None:
    client = open_client("clinician")
    for _ in range(MOST_EMERGENCIES):
        assert post(client, FORM, **WHY).status_code == 303
    answer = post(client, FORM, **WHY)
    assert answer.status_code == 403 and "Ask a colleague" in answer.text


def test_the_patient_record_opens_too_and_is_written_down(opened: TestClient, post: Post, world: Any) -> None:
    assert post(opened, f"{PERSON}/patient-record").status_code == 303
    assert [row.outcome for row in world.audited(subject=DORA, action="open-patient-record")] == ["allow"]


def test_who_cares_for_the_person_sees_it_flagged(opened: TestClient, world: Any, open_client: Opener) -> None:
    opened.get(PERSON)
    with world.desk.writing() as session:
        session.connection().exec_driver_sql("UPDATE assignments SET username = 'CP1' WHERE username = 'CP0'")
    page = open_client("clinician").get(f"{PERSON}/viewers").text
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "Care co-ordinator CP1, 1 July 2025, 10:00 to 1 July 2025, 11:00" in words
    assert "presents in crisis now" in words and "“Rang at night, [removed] is very distressed”" in words
    assert "Review due by 4 July 2025, 10:00. The person is to be told." in words
    assert "Opened or closed emergency access, opened their record, was shown their name Emergency" in words
