"""A care co-ordinator asks who else is there: a network followed step by step, by keyboard and on a phone too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from washhouse.core.home import Home
from washhouse.desk.accounts import assign_people, assigned_people, demo_clinician
from washhouse.lake.engine import connect
from washhouse.lake.pointer import read_current
from washhouse.lake.store import Lake
from washhouse.record.tables import RELATION

WIDTHS = [1280, 375]


@pytest.fixture(scope="module")
def neighbours(home: Home, site: object) -> tuple[str, str]:
    """Somebody in the demonstration's care with a household, and one of it, lent to the same co-ordinator."""
    version = read_current(home)
    assert version is not None
    services = site.services  # type: ignore[attr-defined]
    today: date = services.today()
    clinician = demo_clinician(services.desk, today).username
    con = connect()
    Lake(home.lake).create_view(con, RELATION, version.tables["relation"])
    row = con.execute(
        """SELECT person_id, min(other) FROM relation WHERE kind = 'household' AND list_contains($mine, person_id)
           GROUP BY person_id ORDER BY count(*) DESC, person_id LIMIT 1""",
        {"mine": sorted(assigned_people(services.desk, clinician, today))},
    ).fetchone()
    assert row is not None, "nobody in the demonstration's care has a household"
    assign_people(services.desk, clinician, [row[1]], today)
    return row[0], row[1]


@pytest.fixture
def at_network(
    open_browser: Callable[..., Page], signed_in: Callable[[str], object], neighbours: tuple[str, str]
) -> Callable[[int], Page]:
    """Open the network from the person's page, as a co-ordinator does."""

    def opened(width: int, **options: object) -> Page:
        page = open_browser(width, storage_state=signed_in("clinician"), **options)
        page.goto(f"/people/{neighbours[0]}")
        page.get_by_role("link", name=re.compile("^Network")).click()
        return page

    return opened


@pytest.mark.parametrize("width", WIDTHS)
def test_a_network_is_followed_hop_by_hop_without_javascript(at_network: Callable[..., Page], width: int) -> None:
    # Given the network of somebody who shares a home, in a browser without JavaScript
    page = at_network(width, java_script_enabled=False)
    expect(page.get_by_role("img", name=re.compile("^Network of"))).to_be_visible()
    expect(page.locator(".wh-ties").first).to_contain_text("Household")
    expect(page.locator("h2[id^=ties-]")).to_have_count(1)
    # When the co-ordinator asks for the ties of one of the home, who is in their care too
    page.get_by_role("link", name=re.compile("^Show their ties")).first.click()
    # Then these stand below, and in the drawing, and the address can be kept
    page.wait_for_url("**open=*")
    expect(page.locator("h2[id^=ties-]")).to_have_count(2)
    page.reload()
    expect(page.locator("h2[id^=ties-]")).to_have_count(2)
    # When they are hidden again
    page.get_by_role("link", name=re.compile("^Hide")).first.click()
    # Then one list is left
    expect(page.locator("h2[id^=ties-]")).to_have_count(1)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_network_is_accessible_and_fits(
    at_network: Callable[..., Page],
    check_accessible: Callable[[Page], None],
    check_fits: Callable[[Page], None],
    width: int,
) -> None:
    page = at_network(width)
    check_accessible(page)
    check_fits(page)
    page.get_by_role("link", name=re.compile("^Show their ties")).first.click()
    page.wait_for_url("**open=*")
    check_accessible(page)
    check_fits(page)
    page.get_by_role("link", name=re.compile("^Home and family")).click()
    page.wait_for_url("**show=people*")
    assert "open=" in page.url, "who was opened stays open"
    check_accessible(page)


def test_the_network_is_used_by_keyboard_alone(at_network: Callable[..., Page]) -> None:
    page = at_network(1280)
    show = page.get_by_role("link", name=re.compile("^Show their ties")).first
    show.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**open=*")
    hide = page.get_by_role("link", name=re.compile("^Hide their ties")).first
    hide.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "open=" not in address)


def test_a_look_at_the_network_is_listed(at_network: Callable[..., Page], neighbours: tuple[str, str]) -> None:
    page = at_network(1280)
    page.goto(f"/people/{neighbours[0]}/viewers")
    expect(page.locator(".wh-table tbody tr").first).to_contain_text("tied", ignore_case=True)
