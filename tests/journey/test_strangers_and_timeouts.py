"""A stranger, a wrong role, a session left alone: nothing is shown, and the page says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

Opener = Callable[..., Page]
Enter = Callable[[Page, str], Page]


def test_a_stranger_is_asked_to_sign_in_and_then_gets_the_page(open_browser: Opener) -> None:
    # Given somebody who is not signed in
    page = open_browser()
    # When they open an address that was sent to them
    page.goto("/caseload?n=5")
    # Then they are asked who they are
    expect(page.get_by_role("heading", name="Sign in to the demonstration")).to_be_visible()
    # And after signing in they are where they wanted to be
    page.get_by_role("button", name="Sign in as clinician").click()
    page.wait_for_url("**/caseload?n=5")
    expect(page.get_by_role("heading", name="Caseload", level=1)).to_be_visible()


def test_without_the_demonstration_nobody_gets_in(open_browser: Opener, closed_address: str) -> None:
    page = open_browser(address=closed_address)
    answer = page.goto("/caseload")
    assert answer is not None and answer.status == 503
    expect(page.get_by_role("heading", name="No sign-in is configured yet")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_text("Invented people")).to_have_count(0)


def test_a_clinician_gets_no_stewards_page(clinician: Page) -> None:
    for address in ("/feeds", "/quarantine", "/linkage"):
        answer = clinician.goto(address)
        assert answer is not None and answer.status == 403
        expect(clinician.get_by_role("heading", name="You may not see this")).to_be_visible()


def test_a_session_left_alone_ends_and_goes_on_after_signing_in(open_browser: Opener, enter: Enter, site: Any) -> None:
    # Given a signed-in clinician who walks away
    page = enter(open_browser(), "clinician")
    page.goto("/caseload")
    try:
        site.clock.ahead = timedelta(minutes=31)
        # When they come back and go on
        page.reload()
        # Then the page says why it wants to know who they are
        expect(page.get_by_text("Your session has ended because nothing happened")).to_be_visible()
        assert "next=%2Fcaseload" in page.url
    finally:
        site.clock.ahead = timedelta(0)
    # And they are back where they were after signing in
    page.get_by_role("button", name="Sign in as clinician").click()
    page.wait_for_url("**/caseload")


def test_signing_out_leaves_nothing_behind_the_back_button(open_browser: Opener, enter: Enter) -> None:
    page = enter(open_browser(), "clinician")
    page.goto("/caseload")
    name = page.locator(".wh-caseload__name").first.inner_text()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.go_back()
    page.wait_for_load_state()
    assert name not in page.content()


def test_an_address_that_does_not_exist_has_a_page(clinician: Page) -> None:
    answer = clinician.goto("/nowhere")
    assert answer is not None and answer.status == 404
    clinician.get_by_role("link", name="Go to the home page").click()
    expect(clinician.get_by_role("heading", name="Home")).to_be_visible()
