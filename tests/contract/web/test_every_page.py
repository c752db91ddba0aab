"""Does every page refuse whom it must, and write down every person it shows before it shows them?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount
from starlette.testclient import TestClient

from washhouse.core.errors import HomeError
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Role
from washhouse.governance.permissions import ALLOWED, Action
from washhouse.web.api.routes import ENDPOINTS
from washhouse.web.shell.app import PAGES, create_app
from washhouse.web.shell.pages import Open, Page
from washhouse.web.shell.sign_in import PURPOSES

Opener = Callable[..., TestClient]
ANNA = "00000001" + "a" * 24
PARAMETERS = {
    "person_id": ANNA,
    "review_id": "1",
    "decision_id": "1",
    "access_id": "1",
    "worker": "CP1",
    "session_id": "1",
    "source": "gp",
    "batch": "2025-07-01",
    "pair": f"{'1' * 32}-{'2' * 32}",
    "change": "1",
    "check": "event-after-death",
    "indicator": "emergency-admissions",
    "model": "crisis",
    "cohort": "treated-severe-mental-illness",
}
PERSON_ACTIONS = {
    Action.READ_PERSON,
    Action.READ_RELATIONS,
    Action.READ_CASELOAD,
    Action.OPEN_PATIENT_RECORD,
    Action.REVIEW,
    Action.REVIEW_STEP_DOWN,
    Action.VIEW_AUDIT_OF_PERSON,
    Action.READ_WORKLOAD,
    Action.SUPERVISE,
    Action.ALLOCATE,
}
FILLED = {
    **{"agree": "yes", "action": "no-change", "index_date": "2025-07-01"},
    **{"q": "a", "choice": "not-now", "reason": "Moves house in August"},
}
"""What forms about a person ask for."""
WHO = {
    "clinician": ("CP1", "direct-care", "allow"),
    "team-manager": ("demo-team-manager", "supervision", "allow"),
}
ROLES = ("clinician", "crisis-clinician", "team-manager", "steward", "planner", "researcher")
GUARDED = sorted(
    (page for page in PAGES if page.needs is not Open.PUBLIC), key=lambda page: (page.path == "/sign-out", page.path)
)
"""Signing out comes last: one session sees them all."""
IDS = {page: f"{page.method} {page.path}" for page in PAGES}


def address_of(page: Page) -> str:
    """The page's address with its parameters filled in; an unknown parameter fails."""
    return re.sub(r"\{(\w+)\}", lambda found: PARAMETERS[found.group(1)], page.path)


def ask(client: TestClient, page: Page, **fields: str) -> Any:
    """Open a page, or send its form."""
    if page.method == "GET":
        return client.get(address_of(page))
    return client.post(address_of(page), data=fields)


def is_allowed(page: Page, role: str) -> bool:
    """Does the permission table let the role have the page?"""
    if isinstance(page.needs, Open):
        return True
    purpose = PURPOSES[Role(role)]
    return any(cell[:3] == (Role(role), purpose, page.needs) for cell in ALLOWED)


def whose(page: Page) -> str:
    """A role that may have the page, of those who see people."""
    return "clinician" if is_allowed(page, "clinician") else "team-manager"


def test_every_route_is_a_declared_page(world: Any) -> None:
    app = create_app(world.services)
    routes = [route for route in walk(app.routes) if isinstance(route, APIRoute)]
    declared = {(each.method, each.path) for each in (*PAGES, *ENDPOINTS)} | {("GET", "/healthz")}
    assert {(method, route.path) for route in routes for method in route.methods} == declared
    others = [route for route in walk(app.routes) if not isinstance(route, APIRoute)]
    assert [route.path for route in others if isinstance(route, Mount)] == ["/static"]
    assert len(others) == 1


def walk(routes: Any) -> Iterator[Any]:
    """Routes, those inside included routers too."""
    for route in routes:
        inner = getattr(route, "routes", None)
        if inner and not isinstance(route, Mount):
            yield from walk(inner)
        else:
            yield route


def test_no_page_is_declared_twice() -> None:
    assert len({(page.method, page.path) for page in PAGES}) == len(PAGES)


def test_only_what_shows_nothing_is_public() -> None:
    assert {page.path for page in PAGES if page.needs is Open.PUBLIC} == {"/help", "/sign-in"}


def test_a_stranger_gets_no_page(open_client: Opener, world: Any) -> None:
    client = open_client()
    for page in GUARDED:
        answer = ask(client, page)
        assert answer.status_code == 303, IDS[page]
        assert answer.headers["location"].startswith("/sign-in"), IDS[page]
    assert world.audited() == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_what_the_permission_table_says(open_client: Opener, world: Any, role: str) -> None:
    client = open_client(role)
    token = _token(client)
    for page in GUARDED:
        before = len(world.audited())
        answer = ask(client, page, csrf=token)
        if is_allowed(page, role):
            assert answer.status_code in (200, 303, 400, 404), (IDS[page], answer.text)
            assert "You may not see this" not in answer.text, IDS[page]
        else:
            assert answer.status_code == 403, IDS[page]
            (row,) = world.audited()[before:]
            assert (row.action, row.outcome, row.role) == (page.needs, "deny", role), IDS[page]


@pytest.mark.parametrize("role", ROLES)
def test_a_form_without_the_session_token_is_refused(open_client: Opener, role: str) -> None:
    client = open_client(role)
    for page in GUARDED:
        if page.method == "POST":
            assert ask(client, page).status_code == 403, IDS[page]


@pytest.mark.parametrize("page", [page for page in GUARDED if page.needs in PERSON_ACTIONS], ids=IDS.get)
def test_whoever_is_shown_was_written_down(open_client: Opener, world: Any, page: Page) -> None:
    client = open_client(whose(page))
    token, before = _token(client), len(world.audited())
    answer = ask(client, page, csrf=token, **FILLED)
    assert answer.status_code in (200, 303, 400, 404), answer.text
    rows = [row for row in world.audited()[before:] if row.subject == ANNA]
    assert rows, "nothing was written down"
    assert {(row.actor, row.purpose, row.outcome) for row in rows} == {WHO[whose(page)]}


@pytest.mark.parametrize(
    "page", [page for page in GUARDED if page.needs in PERSON_ACTIONS or page.path == "/"], ids=IDS.get
)
def test_without_an_audit_nothing_is_shown(
    open_client: Opener, page: Page, monkeypatch: pytest.MonkeyPatch, world: Any
) -> None:
    client = open_client(whose(page))
    token = _token(client)

    def full(*_: object, **__: object) -> None:
        raise HomeError("audit-unwritable", "The audit could not be written, so nothing is shown.")

    monkeypatch.setattr(AuditTrail, "record", full)
    answer = ask(client, page, csrf=token, **FILLED)
    assert answer.status_code == 503
    assert "Ashdown" not in answer.text and "Bickerton" not in answer.text


@pytest.mark.parametrize("role", ROLES)
def test_pages_hold_nothing_inline_name_no_other_site_and_tell_what_they_are(open_client: Opener, role: str) -> None:
    client = open_client(role)
    for page in PAGES:
        if page.method != "GET":
            continue
        answer = ask(client, page)
        text, where = answer.text, IDS[page]
        assert " style=" not in text and "<style" not in text, where
        assert not re.search(r"<script(?![^>]* src=)", text), where
        assert not re.search(r"\son\w+=", text), where
        assert not re.search(r"(href|src|action)=\"(https?:)?//", text), where
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "How fresh the data is" in text, where
            assert "Invented people" in text, where
            assert answer.headers["cache-control"] == "no-store", where


def _token(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/help").text)
    assert found
    return found.group(1)
