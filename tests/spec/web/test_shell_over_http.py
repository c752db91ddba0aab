"""What does a stranger get, how does signing in work, and what stands on every answer?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from washhouse.core.errors import HomeError
from washhouse.desk.database import Desk
from washhouse.desk.models import AuditRow
from washhouse.web.shell import app as application
from washhouse.web.shell.headers import CONTENT_SECURITY_POLICY
from washhouse.web.shell.pages import Open, Page

STEWARD = "demo-steward"
Opener = Callable[..., TestClient]
SignIn = Callable[..., None]
Token = Callable[[str], str]


def test_a_stranger_is_sent_to_sign_in_and_back(open_client: Opener, sign_in: SignIn) -> None:
    client = open_client()
    answer = client.get("/?a=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fa%3D1"
    sign_in(client, STEWARD, next="/help")


def test_nobody_is_sent_to_another_site_after_signing_in(open_client: Opener, form_token: Token) -> None:
    client = open_client()
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"user": STEWARD, "csrf": token, "next": "//elsewhere.example"})
    assert answer.headers["location"] == "/"


def test_without_the_demonstration_nothing_can_be_reached(open_client: Opener) -> None:
    client = open_client(demo=False)
    page = client.get("/sign-in")
    assert page.status_code == 503
    assert "No sign-in is configured yet" in page.text
    assert client.post("/sign-in", data={"user": STEWARD}).status_code == 503
    assert client.get("/").headers["location"].startswith("/sign-in")


def test_the_demonstration_says_so_on_every_page(open_client: Opener) -> None:
    for address in ("/sign-in", "/help", "/nowhere"):
        assert "Invented people – not for clinical use" in open_client().get(address).text
        assert "Invented people" not in open_client(demo=False).get(address).text


def test_signing_in_needs_the_token_of_our_own_form(open_client: Opener, form_token: Token) -> None:
    client = open_client()
    client.get("/sign-in")
    assert client.post("/sign-in", data={"user": STEWARD}).status_code == 403
    assert client.post("/sign-in", data={"user": STEWARD, "csrf": "0" * 64}).status_code == 403
    other = form_token(open_client().get("/sign-in").text)
    assert client.post("/sign-in", data={"user": STEWARD, "csrf": other}).status_code == 403


def test_only_offered_users_can_sign_in(open_client: Opener, form_token: Token) -> None:
    client = open_client()
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"user": "CP0001", "csrf": token})
    assert answer.headers["location"] == "/sign-in"
    assert "washhouse-session" not in client.cookies


def test_too_many_attempts_are_stopped_for_a_while(open_client: Opener, clock: Any) -> None:
    client = open_client()
    statuses = [client.post("/sign-in", data={"user": STEWARD}).status_code for _ in range(21)]
    assert statuses[-1] == 429 and set(statuses[:-1]) == {403}
    clock.pass_time(minutes=5)
    assert client.post("/sign-in", data={"user": STEWARD}).status_code == 403


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(open_client: Opener, form_token: Token) -> None:
    client = open_client()
    token = form_token(client.get("/sign-in").text)
    cookie = _session_cookie(client.post("/sign-in", data={"user": STEWARD, "csrf": token}))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= cookie
    assert "Secure" not in cookie


def test_over_https_cookies_are_secure_and_tied_to_the_host(open_client: Opener, form_token: Token) -> None:
    client = open_client(scheme="https")
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"user": STEWARD, "csrf": token})
    assert "Secure" in _session_cookie(answer)
    assert any(value.startswith("__Host-washhouse-session=") for value in answer.headers.get_list("set-cookie"))
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_session_ends_when_nothing_happens(open_client: Opener, clock: Any, sign_in: SignIn) -> None:
    client = open_client()
    sign_in(client, STEWARD)
    clock.pass_time(minutes=29)
    assert client.get("/feeds").status_code == 503, "signed in: nothing is published"
    clock.pass_time(minutes=30)
    answer = client.get("/feeds")
    assert answer.headers["location"] == "/sign-in?next=%2Ffeeds&reason=timed-out"
    assert "Your session has ended" in client.get(answer.headers["location"]).text


def test_signing_out_ends_the_session_here_too(open_client: Opener, sign_in: SignIn, form_token: Token) -> None:
    client = open_client()
    sign_in(client, STEWARD)
    kept = client.cookies["washhouse-session"]
    token = form_token(client.get("/help").text)
    assert client.post("/sign-out", data={"csrf": token}).headers["location"] == "/sign-in?reason=signed-out"
    client.cookies.set("washhouse-session", kept)
    assert client.get("/feeds").status_code == 303


def test_a_form_without_the_session_token_changes_nothing(open_client: Opener, sign_in: SignIn) -> None:
    client = open_client()
    sign_in(client, STEWARD)
    assert client.post("/sign-out").status_code == 403
    assert client.post("/sign-out", data={"csrf": "x"}).status_code == 403
    assert client.get("/feeds").status_code == 503, "still signed in"


def test_sign_in_and_out_are_in_the_audit(open_client: Opener, desk: Desk, sign_in: SignIn, form_token: Token) -> None:
    client = open_client()
    sign_in(client, STEWARD)
    client.post("/sign-out", data={"csrf": form_token(client.get("/help").text)})
    with desk.reading() as session:
        rows = session.execute(select(AuditRow.action, AuditRow.actor, AuditRow.outcome).order_by(AuditRow.seq)).all()
    assert [tuple(row) for row in rows] == [("sign-in", STEWARD, "allow"), ("sign-out", STEWARD, "allow")]


def test_a_wrong_role_is_refused_and_written_down(open_client: Opener, desk: Desk, sign_in: SignIn) -> None:
    client = open_client()
    sign_in(client, STEWARD)
    answer = client.get("/people/" + "0" * 32)
    assert answer.status_code == 403
    assert "You may not see this" in answer.text
    with desk.reading() as session:
        row = session.execute(select(AuditRow).order_by(AuditRow.seq.desc())).scalars().first()
    assert row is not None and (row.action, row.outcome, row.role) == ("read-person", "deny", "steward")


@pytest.mark.parametrize("address", ["/sign-in", "/help", "/nowhere", "/healthz", "/", "/static/washhouse.css"])
def test_every_answer_carries_the_security_headers(open_client: Opener, address: str) -> None:
    headers = open_client().get(address).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    expected = "public" if address.startswith("/static/") else "no-store"
    assert headers["cache-control"].startswith(expected)


def test_pages_hold_no_inline_script_or_style(open_client: Opener) -> None:
    client = open_client()
    for address in ("/sign-in", "/help", "/nowhere"):
        page = client.get(address).text
        assert "style=" not in page and "<style" not in page and " onclick" not in page
        assert page.count("<script") == page.count("<script src=")


def test_there_is_no_api_description_to_browse(open_client: Opener) -> None:
    for address in ("/docs", "/redoc", "/openapi.json"):
        assert open_client().get(address).status_code == 404


def test_unknown_addresses_and_methods_get_a_page(open_client: Opener) -> None:
    client = open_client()
    missing = client.get("/nowhere")
    assert missing.status_code == 404 and "Page not found" in missing.text
    assert client.delete("/help").status_code == 405


def test_too_large_a_form_is_refused(open_client: Opener) -> None:
    assert open_client().post("/sign-in", data={"user": "x" * 100_000}).status_code == 413


def test_files_cannot_be_sent(open_client: Opener) -> None:
    answer = open_client().post("/sign-in", files={"user": ("a.txt", b"a")})
    assert answer.status_code == 403


def test_before_the_first_run_pages_say_that_nothing_is_published(open_client: Opener, sign_in: SignIn) -> None:
    client = open_client()
    sign_in(client, STEWARD)
    answer = client.get("/feeds")
    assert answer.status_code == 503
    assert "Nothing is published yet" in answer.text


def test_a_broken_home_gives_a_page_and_no_words_of_the_failure(open_client: Opener, sign_in: SignIn) -> None:
    def broken() -> None:
        raise HomeError("pointer-broken", "SECRET")

    client = open_client(published=broken)
    sign_in(client, STEWARD)
    answer = client.get("/feeds")
    assert answer.status_code == 503
    assert "cannot be read just now" in answer.text and "SECRET" not in answer.text


def test_a_failure_gives_a_reference_and_neither_page_nor_log_says_more(
    open_client: Opener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(visit: Any) -> Any:
        raise ValueError("SECRET 943 476 5919")

    monkeypatch.setattr(application, "PAGES", (*application.PAGES, Page("GET", "/failing", failing, Open.PUBLIC)))
    with caplog.at_level(logging.INFO):
        answer = open_client().get("/failing")
    assert answer.status_code == 500
    assert "Reference:" in answer.text
    assert "SECRET" not in answer.text and "SECRET" not in caplog.text
    assert "ValueError at" in caplog.text


def test_the_process_says_that_it_answers(open_client: Opener) -> None:
    answer = open_client(demo=False).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def _session_cookie(answer: Any) -> set[str]:
    lines = [line for line in answer.headers.get_list("set-cookie") if "washhouse-session=" in line]
    return {part.strip() for part in lines[0].split(";")}
