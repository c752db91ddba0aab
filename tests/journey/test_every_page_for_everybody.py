"""Every page: free of what axe finds, without sideways scrolling at 375 px, without script, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

Opener = Callable[..., Page]
Enter = Callable[[Page, str], Page]
Check = Callable[[Page], None]
State = Callable[[str], Any]

CARE = [
    *("/", "/caseload?n=5", "/caseload?show=no-contact", "/next-contact?n=5"),
    *("@person", "@person?span=all&page=2", "@person/viewers", "/step-down", "@person/step-down", "@person/trend"),
]
STEWARD = [
    "/",
    "/feeds?source=social_care",
    "@batch",
    "/quality",
    "/quality/rows-changed",
    "/watch",
    "/quarantine",
    "/linkage",
    "/identify",
    "/link-history",
    "/emergency-access",
]
CRISIS = ["/", "/find", "/caseload?n=all"]
TEAM_MANAGER = ["/", "@worker", "/team/outcomes", "/emergency-access"]
PLANNER = ["/", "/variation/emergency-admissions"]
RESEARCHER = ["/", "/cohorts/treated-severe-mental-illness"]
SHARED = ["/help", "/instructions", "/hazards", "/models", "/models/crisis", "/nowhere"]
PAGES = [
    *(("clinician", address) for address in CARE + SHARED),
    *(("crisis-clinician", address) for address in CRISIS),
    *(("steward", address) for address in STEWARD),
    *(("team-manager", address) for address in TEAM_MANAGER),
    *(("planner", address) for address in PLANNER),
    *(("researcher", address) for address in RESEARCHER),
]


def go(page: Page, address: str) -> None:
    """Open an address; `@person` is the list's first person, `@batch` the newest batch, `@worker` the first worker."""
    if address.startswith("@"):
        page.goto({"@p": "/caseload", "@b": "/feeds", "@w": "/team"}[address[:2]])
        link = page.locator(".wh-caseload__name" if address.startswith("@person") else ".wh-table tbody a").first
        found = link.get_attribute("href") or ""
        address = re.sub(r"^@(person|batch|worker)", found, address)
    answer = page.goto(address)
    assert urlsplit(page.url).path == urlsplit(address).path, "the page leads elsewhere"
    assert answer is not None and answer.status == (404 if address == "/nowhere" else 200)


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize(("role", "address"), PAGES)
def test_a_page_is_accessible_and_fits(
    open_browser: Opener,
    signed_in: State,
    check_accessible: Check,
    check_fits: Check,
    role: str,
    address: str,
    width: int,
) -> None:
    page = open_browser(width, storage_state=signed_in(role))
    go(page, address)
    check_fits(page)
    check_accessible(page)


@pytest.mark.parametrize("width", [1280, 375])
def test_the_sign_in_page_is_accessible_and_fits(
    open_browser: Opener, check_accessible: Check, check_fits: Check, width: int
) -> None:
    page = open_browser(width)
    page.goto("/sign-in?reason=timed-out")
    check_fits(page)
    check_accessible(page)


def test_a_form_with_mistakes_is_accessible(clinician: Page, check_accessible: Check) -> None:
    go(clinician, "@person")
    clinician.get_by_role("button", name="Save review").click()
    expect(clinician.locator(".nhsuk-error-summary")).to_be_visible()
    check_accessible(clinician)


def test_large_text_reflows(open_browser: Opener, signed_in: State, check_fits: Check) -> None:
    """WCAG 1.4.10: at 320 px, which is 400 % of 1280 px, nothing scrolls sideways."""
    page = open_browser(320, storage_state=signed_in("clinician"))
    for address in ("/", "/caseload", "@person", "@person/viewers", "/help"):
        go(page, address)
        check_fits(page)


def test_the_day_goes_on_without_script(open_browser: Opener, enter: Enter) -> None:
    # Given a browser that runs no script
    page = enter(open_browser(java_script_enabled=False), "clinician")
    # When the list is narrowed by its button
    page.goto("/caseload")
    page.get_by_label("Length of the list").select_option("5")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**n=5*")
    expect(page.locator(".wh-caseload .wh-caseload__name")).to_have_count(5)
    # And a person is reviewed, whom no other journey looks for among the first
    page.goto("/caseload")
    page.locator(".wh-caseload .wh-caseload__name").nth(8).click()
    page.get_by_label("Yes").check()
    page.get_by_label("What will you do?").select_option("Go on as planned")
    page.get_by_role("button", name="Save review").click()
    # Then it is saved
    expect(page.get_by_role("status")).to_contain_text("Your review is saved")
    # And signing out works
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_the_day_goes_by_keyboard_alone(open_browser: Opener) -> None:
    # Given somebody who uses no mouse
    page = open_browser()
    page.goto("/sign-in")
    # Then the first stop leads past the header
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    # When they go on to the sign-in button and press it
    tab_to(page, "Sign in as clinician")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/sign-in" not in address)
    # And on to the caseload and its first person
    tab_to(page, "Caseload")
    page.keyboard.press("Enter")
    page.wait_for_url("**/caseload")
    name = page.locator(".wh-caseload__name").first.inner_text()
    tab_to(page, name)
    outline = page.evaluate("getComputedStyle(document.activeElement).boxShadow + document.activeElement.className")
    assert "none" not in outline.split(")")[0], "the focus can be seen"
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/*")
    # Then the review form can be filled in
    page.locator("#agree").focus()
    page.keyboard.press("Space")
    expect(page.locator("#agree")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Partly")).to_be_checked()


def tab_to(page: Page, text: str) -> None:
    """Press Tab until the link or button of that text has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip() == text:
            return
    raise AssertionError(f"{text} cannot be reached by keyboard")
