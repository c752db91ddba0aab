"""A steward reviews links: the queue, a pair side by side, an answer by keyboard, the next pair, and taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Opener = Callable[..., Page]
Check = Callable[[Page], None]
State = Callable[[str], Any]


def open_first(page: Page) -> Page:
    """Open the first waiting pair."""
    page.goto("/link-review")
    page.locator(".wh-progress__go").click()
    page.wait_for_url(re.compile(r"/link-review/[0-9a-f]{32}-"))
    return page


def waiting(page: Page) -> int:
    """Pairs that wait, by the filter's own count."""
    page.goto("/link-review")
    return int(page.locator(".wh-switch__item[aria-current] .wh-switch__count").inner_text().replace(",", ""))


def test_pairs_are_answered_one_after_the_other_and_taken_back(steward: Page) -> None:
    # Given a queue with something in doubt
    before = waiting(steward)
    assert before > 1
    # When the steward opens the first pair
    open_first(steward)
    versus = steward.get_by_role("table", name="The two records, field by field")
    expect(versus).to_be_visible()
    # Then each field says in a word how the two records compare
    assert {"Same", "Different", "Alike", "Not on both"} & set(steward.locator(".wh-versus__word").all_inner_texts())
    # And the waterfall's bits add up to what it says
    bits = [float(text) for text in steward.locator(".wh-fall__bits").all_inner_texts()]
    said = re.search(r"add up to ([+-]?[\d.]+) bits", steward.locator("main").inner_text())
    assert said is not None
    assert abs(sum(bits) - float(said[1])) < 0.06 * len(bits)
    # When they answer without a reason
    steward.get_by_role("button", name="Same person").click()
    # Then nothing is saved, and the page says what is missing
    expect(steward.locator(".nhsuk-error-summary")).to_contain_text("Choose a reason")
    # When they choose one and answer
    steward.get_by_label("What identifies the person agrees").check()
    steward.get_by_role("button", name="Same person").click()
    # Then the next pair comes, with a way back
    expect(steward.get_by_role("status")).to_contain_text("Saved: same person.")
    assert waiting(steward) == before - 1
    # When the answer is taken back from the list of answers
    steward.get_by_role("link", name="1 answer given").click()
    expect(steward.locator(".wh-table")).to_contain_text("What identifies the person agrees")
    steward.get_by_role("button", name="Undo").first.click()
    expect(steward.get_by_role("status")).to_contain_text("taken back")
    # Then the pair waits again
    assert waiting(steward) == before


def test_letters_answer_and_can_be_turned_off(steward: Page) -> None:
    open_first(steward)
    # Given letters that are on, shown beside what they press
    expect(steward.locator(".wh-answer kbd").first).to_be_visible()
    address = steward.url
    # When a reason and an answer are given by key
    steward.keyboard.press("7")
    expect(steward.get_by_label("Too little to go on")).to_be_checked()
    steward.keyboard.press("c")
    # Then the answer is saved and the next pair is there
    expect(steward.get_by_role("status")).to_contain_text("Saved: cannot tell.")
    # When the steward undoes it by key
    steward.keyboard.press("u")
    expect(steward.get_by_role("status")).to_contain_text("The answer is taken back")
    assert steward.url.split("?")[0] == address.split("?")[0]
    # When they type a note, letters are letters
    steward.get_by_label("Note (optional)").fill("")
    steward.get_by_label("Note (optional)").press_sequentially("scan d")
    expect(steward.get_by_label("Note (optional)")).to_have_value("scan d")
    # When they turn the letters off, none works, and none is shown
    steward.get_by_label("Letter keys on").uncheck()
    steward.locator("h1").click()
    steward.keyboard.press("n")
    expect(steward.locator(".wh-answer kbd").first).to_be_hidden()
    assert steward.url.split("?")[0] == address.split("?")[0]


def test_review_goes_on_without_script(open_browser: Opener, enter: Callable[[Page, str], Page]) -> None:
    page = enter(open_browser(java_script_enabled=False), "steward")
    open_first(page)
    expect(page.locator(".wh-answer kbd").first).to_be_hidden()
    page.get_by_label("Twins or other relatives").check()
    page.get_by_role("button", name="Different people").click()
    expect(page.get_by_role("status")).to_contain_text("Saved: different people.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("The answer is taken back")


@pytest.mark.parametrize("width", [1280, 375])
def test_the_pages_are_accessible_and_fit(
    open_browser: Opener, signed_in: State, check_accessible: Check, check_fits: Check, width: int
) -> None:
    page = open_browser(width, storage_state=signed_in("steward"))
    for address in ("/link-review", "/link-review?cause=sample", "/link-review/answers", "/link-review/changes"):
        page.goto(address)
        check_fits(page)
        check_accessible(page)
    open_first(page)
    check_fits(page)
    check_accessible(page)
    page.get_by_role("button", name="Same person").click()
    expect(page.locator(".nhsuk-error-summary")).to_be_visible()
    check_fits(page)
    check_accessible(page)
