"""The button that opens a person's record in the sending system: for whom, to where, and what is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.core.home import PatientRecord, Settings
from washhouse.web.shell.headers import CONTENT_SECURITY_POLICY

from .conftest import ANNA, BEN, DORA, RETIRED_ANNA

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
BUTTON = "Open in the patient record"
OPENED = "https://epr.example:8443/patients?id=A%26B%20%230%2F7&tab=summary"
"""Anna's own number there is `A&B #0/7`: nothing of it may end the address's parameter or begin another."""


@pytest.mark.parametrize(("role", "purpose"), [("clinician", "direct-care"), ("team-manager", "supervision")])
def test_the_button_leads_to_the_quoted_address(
    open_client: Opener, world: Any, post: Post, role: str, purpose: str
) -> None:
    client = open_client(role)
    assert BUTTON in client.get(f"/people/{ANNA}").text
    before = len(world.audited())
    answer = post(client, f"/people/{ANNA}/patient-record")
    assert (answer.status_code, answer.headers["location"], answer.text) == (303, OPENED, "")
    (row,) = world.audited()[before:]
    assert (row.action, row.outcome, row.subject, row.purpose) == ("open-patient-record", "allow", ANNA, purpose)
    assert "A&B" not in row.detail and "0/7" not in row.detail


def test_no_page_holds_the_number_and_the_audit_tells_who_opened_it(open_client: Opener, post: Post) -> None:
    client = open_client("clinician")
    post(client, f"/people/{ANNA}/patient-record")
    pages = [client.get(f"/people/{ANNA}{page}").text for page in ("", "/viewers", "/network")]
    assert "opened their patient record" in pages[1].casefold()
    assert not any(number in page for page in pages for number in ("A&amp;B", "A&B", "A%26B", "epr.example"))


def test_only_a_page_with_the_button_lets_a_form_lead_there(open_client: Opener) -> None:
    client = open_client("clinician")
    policy = client.get(f"/people/{ANNA}").headers["content-security-policy"]
    assert "form-action 'self' https://epr.example:8443;" in policy
    assert policy.replace(" https://epr.example:8443", "") == CONTENT_SECURITY_POLICY
    assert client.get("/caseload").headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_an_old_id_opens_the_present_person(open_client: Opener, post: Post) -> None:
    assert post(open_client("clinician"), f"/people/{RETIRED_ANNA}/patient-record").headers["location"] == OPENED


def test_nobody_opens_the_record_of_somebody_elses_person(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    before = len(world.audited())
    answer = post(client, f"/people/{DORA}/patient-record")
    assert answer.status_code == 403 and "location" not in answer.headers
    (row,) = world.audited()[before:]
    assert (row.action, row.outcome, row.subject) == ("open-patient-record", "deny", DORA)


@pytest.mark.parametrize("role", ["steward", "planner", "researcher"])
def test_other_roles_are_refused(open_client: Opener, post: Post, role: str) -> None:
    answer = post(open_client(role), f"/people/{ANNA}/patient-record")
    assert answer.status_code == 403 and "location" not in answer.headers


def test_whom_the_system_does_not_know_cannot_be_opened_there(open_client: Opener, post: Post) -> None:
    answer = post(open_client("clinician"), f"/people/{BEN}/patient-record")
    assert answer.status_code == 404 and "There is no patient record to open" in answer.text


@pytest.mark.parametrize("chosen", [PatientRecord(), PatientRecord("https://epr.example/{local_id}", "hospital")])
def test_there_is_no_button_where_none_is_set_or_the_system_sent_nothing_of_the_person(
    open_client: Opener, chosen: PatientRecord
) -> None:
    page = open_client("clinician", settings=Settings(patient_record=chosen)).get(f"/people/{ANNA}")
    assert page.status_code == 200 and BUTTON not in page.text
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_nothing_opens_where_no_address_is_set(open_client: Opener, post: Post) -> None:
    answer = post(open_client("clinician", settings=Settings()), f"/people/{ANNA}/patient-record")
    assert answer.status_code == 404
