"""A steward's morning: what arrived, what was set aside and why, how records were joined."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def test_the_home_page_leads_to_what_needs_a_look(steward: Page) -> None:
    # Given a steward who has just signed in
    expect(steward.get_by_role("heading", name="To look at")).to_be_visible()
    # When they follow what was set aside
    steward.locator("section:has(#tasks) a[href*='source=social_care']", has_text="See reasons").click()
    # Then the reasons are listed with file, row and column
    expect(steward.get_by_role("heading", name="Quarantine", level=1)).to_be_visible()
    line = steward.locator(".wh-table tbody tr", has_text="impossible-date").last
    expect(line).to_contain_text("cld.csv")
    expect(line).to_contain_text("Event_Start_Date")
    # And no value is
    assert "2026-02-31" not in steward.content()


def test_every_line_of_every_feed_is_accounted_for(steward: Page) -> None:
    # Given the feeds
    steward.get_by_role("link", name="Feeds", exact=True).click()
    cards = steward.locator(".wh-feed")
    expect(cards).to_have_count(5)
    # Then each says so
    for card in cards.all():
        expect(card).to_contain_text("Every line is accounted for")
    # When one source's batches are chosen
    steward.get_by_label("Source").select_option("Social care")
    steward.wait_for_url("**source=social_care**")
    # Then a batch opens, with its sum and its files
    steward.locator(".wh-table tbody a").first.click()
    expect(steward.locator(".wh-check")).to_contain_text(
        re.compile(r"lines in = .* accepted \+ 1 quarantined \+ 1 dup")
    )
    expect(steward.get_by_text("cld.csv")).to_be_visible()


def test_rules_lead_to_their_reasons(steward: Page) -> None:
    steward.goto("/quarantine")
    steward.locator("a[href*='source=social_care&rule=impossible-date']").click()
    expect(steward.get_by_label("Rule", exact=True)).to_have_value("impossible-date")
    expect(steward.locator(".wh-reason")).to_have_count(1)
    steward.get_by_role("link", name="Clear").click()
    expect(steward.get_by_label("Rule", exact=True)).to_have_value("")


def test_linkage_shows_people_errors_and_weights(steward: Page) -> None:
    steward.get_by_role("link", name="Linkage", exact=True).click()
    expect(steward.locator(".wh-stats")).to_contain_text("people")
    expect(steward.get_by_role("table", name="Weights of the linkage model")).to_contain_text("Birth date")
    expect(steward.get_by_role("table", name="Records and completeness by source")).to_contain_text("Hospital")


def test_the_steward_sees_no_person(steward: Page) -> None:
    for address in ("/caseload", "/caseload.csv", "/people/" + "7" * 32):
        answer = steward.goto(address)
        assert answer is not None and answer.status == 403
        expect(steward.get_by_role("heading", name="You may not see this")).to_be_visible()
    expect(steward.get_by_role("link", name="Caseload")).to_have_count(0)
