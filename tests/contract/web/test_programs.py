"""May a program with a token ask what its role may, for as long as the token holds, and under its own name?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.desk.programs import Program, add_program, revoke_program

ANNA = f"{1:08x}" + "a" * 24
DORA = f"{4:08x}" + "d" * 24
Opener = Callable[..., TestClient]
Ask = Callable[..., Any]


@pytest.fixture
def give(world: Any) -> Callable[..., str]:
    """Give a program a token."""

    def given(name: str, role: str, purpose: str, worker: str = "", days: int = 1) -> str:
        now = world.services.now()
        return add_program(world.desk, Program(name, role, purpose, worker, now, now + timedelta(days=days)))

    return given


@pytest.fixture
def ask(open_client: Opener) -> Ask:
    """Ask with an Authorization header."""

    def asked(path: str, shown: str, client: TestClient | None = None) -> Any:
        return (client or open_client()).get(path, headers={"Authorization": shown})

    return asked


def test_a_clinicians_program_reads_that_workers_people_under_its_own_name(
    give: Callable[..., str], ask: Ask, world: Any
) -> None:
    shown = f"Bearer {give('ward-board', 'clinician', 'direct-care', 'CP1')}"
    assert ask(f"/fhir/Patient/{ANNA}", shown).status_code == 200
    assert ask(f"/fhir/Patient/{DORA}", shown).status_code == 403
    assert {event.actor for event in world.audited()} == {"program:ward-board"}
    assert {(event.subject, event.outcome) for event in world.audited()} == {(ANNA, "allow"), (DORA, "deny")}


@pytest.mark.parametrize(
    ("role", "purpose", "path", "status"),
    [
        ("steward", "stewardship", "/api/quality", 200),
        ("steward", "stewardship", "/fhir/Patient", 403),
        ("planner", "planning", "/api/quality", 403),
        ("planner", "planning", f"/fhir/Patient/{ANNA}", 403),
        ("researcher", "research", f"/fhir/Patient/{ANNA}/$everything", 403),
        ("clinician", "planning", f"/fhir/Patient/{ANNA}", 403),
    ],
)
def test_a_program_may_what_its_role_may(
    give: Callable[..., str], ask: Ask, role: str, purpose: str, path: str, status: int
) -> None:
    worker = "CP1" if role == "clinician" else ""
    assert ask(path, f"Bearer {give('one', role, purpose, worker)}").status_code == status


def test_no_token_opens_a_page(give: Callable[..., str], ask: Ask) -> None:
    answer = ask(f"/people/{ANNA}", f"Bearer {give('one', 'clinician', 'direct-care', 'CP1')}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer ", "Bearer wh_wrong", "Basic d2g6d2g=", "wh_wrong"])
def test_what_is_no_token_is_refused_even_beside_a_session(open_client: Opener, ask: Ask, shown: str) -> None:
    client = open_client("steward")
    assert client.get("/api/quality").status_code == 200
    answer = ask("/api/quality", shown, client)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token-refused")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_holds_until_its_end_or_until_it_is_revoked(
    give: Callable[..., str], ask: Ask, open_client: Opener, world: Any
) -> None:
    one, other = (give(name, "steward", "stewardship") for name in ("one", "other"))
    late = open_client(now=lambda: world.services.now() + timedelta(days=1))
    assert ask("/api/quality", f"Bearer {one}", late).status_code == 401
    revoke_program(world.desk, "other", world.services.now())
    assert ask("/api/quality", f"Bearer {other}").status_code == 401
    denied = [event for event in world.audited() if event.outcome == "deny"]
    assert [event.actor for event in denied] == ["program:one", "program:other"]
    assert {event.action for event in denied} == {"sign-in"}


def test_a_worker_who_left_leaves_no_program_behind(give: Callable[..., str], ask: Ask) -> None:
    assert ask("/fhir/Patient", f"Bearer {give('one', 'clinician', 'direct-care', 'GONE')}").status_code == 401


def test_the_desk_does_not_hold_the_token(give: Callable[..., str], world: Any) -> None:
    token = give("one", "steward", "stewardship")
    held = b"".join(path.read_bytes() for path in world.services.home.root.glob("desk.db*"))
    assert b"stewardship" in held
    assert token.encode() not in held
