"""A crisis clinician's night: somebody presents, is found, their record is opened, closed, and that is reviewed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from washhouse.governance.reveal import RevealedIdentity

Opener = Callable[..., Page]
Check = Callable[[Page], None]
State = Callable[[str], Any]


@pytest.fixture(scope="module")
def stranger(site: Any) -> RevealedIdentity:
    """Somebody whom no crisis team knows, with a name and a birth date, at an address that is not restricted."""
    published = site.services.published()
    identities = published.identities
    for person in identities._find([each.decode() for each in identities._person[-400:]]):
        if person.name and person.birth_date and person.nhs_number and not person.restricted:
            return person
    raise AssertionError("everybody is restricted")


@pytest.mark.parametrize("width", [1280, 375])
def test_a_night_at_the_crisis_team(
    open_browser: Opener,
    signed_in: State,
    check_accessible: Check,
    check_fits: Check,
    stranger: RevealedIdentity,
    width: int,
) -> None:
    def look_at(page: Page) -> None:
        check_fits(page)
        check_accessible(page)

    name, born = str(stranger.name), stranger.birth_date
    assert born is not None
    # Given a crisis clinician to whom somebody presents
    page = open_browser(width, storage_state=signed_in("crisis-clinician"))
    page.goto("/")
    look_at(page)
    page.get_by_role("link", name="Find a person").first.click()
    page.get_by_label("Surname").fill(name.split()[-1])
    page.get_by_label("First name").fill(name[0])
    page.get_by_label("Birth date").fill(f"{born:%d/%m/%Y}")
    page.get_by_role("button", name="Find", exact=True).click()
    # Then they are found, and the address does not say who was looked for
    expect(page.get_by_text(name, exact=True).first).to_be_visible()
    assert page.url.endswith("/find")
    look_at(page)
    # When the record is asked for without a reason
    page.get_by_role("link", name=re.compile("emergency access", re.IGNORECASE)).first.click()
    expect(page.get_by_role("heading", name="Emergency access", level=1)).to_be_visible()
    look_at(page)
    page.get_by_role("button", name="Open this record for 60 minutes").click()
    # Then a summary says what is missing
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    look_at(page)
    # When it is asked for with one
    page.get_by_label("The person presents in crisis now").check()
    page.get_by_label("What happened?").fill(f"{name} came to the walk-in, very distressed")
    page.get_by_role("button", name="Open this record for 60 minutes").click()
    # Then the record is open, under a banner
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("Emergency access until"))).to_be_visible()
    look_at(page)
    # And the home page leads back to it
    page.goto("/")
    expect(page.get_by_text("A record is open to you in an emergency").first).to_be_visible()
    page.get_by_role("link", name="Go to it").first.click()
    # When it is closed
    page.get_by_role("button", name="Close access now").click()
    # Then the record is closed
    expect(page.get_by_role("status")).to_contain_text("You closed your emergency access")
    look_at(page)
    answer = page.goto(f"/people/{stranger.person_id}")
    assert answer is not None and answer.status == 403
    look_at(page)
    # And a steward, who is not told whose record it was, reviews it
    steward = open_browser(width, storage_state=signed_in("steward"))
    steward.goto("/")
    expect(steward.get_by_text(re.compile(r"emergency access(es)? to review"))).to_be_visible()
    steward.goto("/emergency-access")
    expect(steward.get_by_text("[removed] came to the walk-in, very distressed").first).to_be_visible()
    look_at(steward)
    steward.get_by_label("Appropriate", exact=True).first.check()
    steward.get_by_label("Why?").first.fill("Was on duty; the walk-in called")
    steward.get_by_role("button", name="Save review").first.click()
    expect(steward.get_by_role("status")).to_contain_text("Your review is saved")
    look_at(steward)
    assert name not in steward.content() and stranger.person_id not in steward.content()


def test_the_page_leaves_the_record_when_the_time_is_over(
    open_browser: Opener, signed_in: State, stranger: RevealedIdentity, site: Any
) -> None:
    # Given a record that is open in an emergency
    page = open_browser(storage_state=signed_in("crisis-clinician"), java_script_enabled=False)
    page.goto(f"/people/{stranger.person_id}/emergency")
    page.get_by_label("I stand in today").check()
    page.get_by_label("What happened?").fill("Their own team is away today")
    page.get_by_role("button", name="Open this record for 60 minutes").click()
    expect(page.get_by_role("button", name="Close access now")).to_be_visible()
    # Then the browser is told when to leave, without any script
    with page.expect_response(f"**/people/{stranger.person_id}") as told:
        page.reload()
    seconds, _, where = told.value.headers["refresh"].partition("; url=")
    # The 60 minutes, less however long the machine took: more than the 30 after which a session ends by itself.
    assert 1801 < int(seconds) <= 3601 and where == f"/people/{stranger.person_id}/emergency?done=over"
    page.get_by_role("button", name="Close access now").click()
