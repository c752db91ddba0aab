"""A care co-ordinator's day: whom to look at first, why, what to do about it, and who else looked."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import Page, expect


def names(page: Page) -> list[str]:
    """Names of the ranked list, in order."""
    return page.locator(".wh-caseload .wh-caseload__name").all_inner_texts()


def test_the_home_page_says_whom_to_review_and_leads_to_the_list(clinician: Page) -> None:
    # Given a co-ordinator who has just signed in
    expect(clinician.get_by_role("heading", name="Home")).to_be_visible()
    expect(clinician.get_by_text("Invented people – not for clinical use")).to_be_visible()
    # Then the page says whom to review, and how fresh the data is
    expect(clinician.locator("section:has(#due) .wh-caseload__name")).to_have_count(5)
    expect(clinician.get_by_role("heading", name="How fresh the data is")).to_be_visible()
    # When they follow the link
    clinician.get_by_role("link", name="See the whole caseload").click()
    # Then the caseload is ranked, and says what the list can find
    expect(clinician.get_by_role("heading", name="Caseload", level=1)).to_be_visible()
    expect(clinician.locator(".wh-expect")).to_contain_text("expected to")
    assert len(names(clinician)) == 10


def test_a_person_is_looked_up_reviewed_and_the_review_taken_back(clinician: Page) -> None:
    # Given the first person of the list
    clinician.goto("/caseload")
    name = names(clinician)[0]
    clinician.get_by_role("link", name=name, exact=True).first.click()
    expect(clinician.get_by_role("heading", name=name, level=1)).to_be_visible()
    # Then risk, reasons, timeline and list are there
    expect(clinician.get_by_text(re.compile(r"of 25 people like this")).first).to_be_visible()
    assert clinician.locator(".wh-why li").count() >= 1
    expect(clinician.get_by_role("img", name=re.compile("Timeline by service"))).to_be_visible()
    assert clinician.locator(".wh-happened tbody tr").count() >= 1
    # When they follow a reason to its records
    clinician.locator(".wh-why__link").first.click()
    # Then only those are listed
    expect(clinician.get_by_text("Only the records behind")).to_be_visible()
    # When they say what they make of the score
    clinician.get_by_role("link", name="Show everything").click()
    clinician.get_by_label("Partly").check()
    clinician.get_by_label("What will you do?").select_option("Bring the next appointment forward")
    clinician.get_by_label("Note (optional)").fill(f"Spoke with {name}, sounded tired")
    clinician.get_by_role("button", name="Save review").click()
    # Then it is saved, without the name that was typed
    expect(clinician.get_by_role("status")).to_contain_text("Your review is saved")
    expect(clinician.locator(".wh-reviews__note").first).to_have_text("Spoke with [removed], sounded tired")
    # And the list shows it
    clinician.goto("/caseload")
    expect(clinician.locator(".wh-caseload__review").first).to_contain_text("bring the next appointment forward")
    # When they take it back
    clinician.get_by_role("link", name=name, exact=True).first.click()
    clinician.get_by_role("button", name=re.compile("Take this review back")).first.click()
    # Then it stays, marked as taken back
    expect(clinician.get_by_role("status")).to_contain_text("taken back")
    expect(clinician.get_by_text("Taken back", exact=True).first).to_be_visible()


def test_a_review_with_a_mistake_says_what_is_missing(clinician: Page) -> None:
    # Given a form that is sent empty
    clinician.goto("/caseload")
    clinician.locator(".wh-caseload__name").nth(1).click()
    clinician.get_by_role("button", name="Save review").click()
    # Then a summary takes the focus and leads to the field
    summary = clinician.locator(".nhsuk-error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name=re.compile("Say whether the score fits")).click()
    expect(clinician.locator("#agree")).to_be_focused()


def test_the_list_is_narrowed_by_name_and_the_address_names_nobody(clinician: Page) -> None:
    # Given the list
    clinician.goto("/caseload?n=all")
    name = names(clinician)[-1]
    # When a name is searched for
    clinician.get_by_label("Name").fill(name.split()[-1].lower())
    clinician.get_by_role("button", name="Apply").click()
    # Then that person is found, whatever their place, and the address does not say whom was looked for
    clinician.wait_for_url("**/caseload")
    assert name in names(clinician)
    # And the rows can be exported
    with clinician.expect_download():
        clinician.get_by_role("button", name=re.compile("Export th")).click()


def test_choosing_a_length_applies_itself(clinician: Page) -> None:
    clinician.goto("/caseload")
    clinician.get_by_label("Length of the list").select_option("5")
    clinician.wait_for_url("**n=5**")
    assert len(names(clinician)) == 5
    expect(clinician.locator(".wh-expect")).to_contain_text("This list of 5")
    expect(clinician.get_by_text("on your caseload below this list")).to_be_visible()


def test_the_export_holds_the_rows_on_screen_and_no_name(clinician: Page, tmp_path: Path) -> None:
    # Given a list of five
    clinician.goto("/caseload?n=5")
    shown = names(clinician)
    # When it is exported
    with clinician.expect_download() as download:
        clinician.get_by_role("link", name=re.compile("Export these 5 rows")).click()
    file = tmp_path / "list.csv"
    download.value.save_as(file)
    # Then the file has five rows and none of the names
    text = file.read_text(encoding="utf-8")
    assert len(list(csv.DictReader(text.splitlines()))) == 5
    assert not any(name in text for name in shown)


def test_every_look_is_listed(clinician: Page) -> None:
    # Given a person whose page was opened
    clinician.goto("/caseload")
    clinician.locator(".wh-caseload__name").nth(2).click()
    name = clinician.get_by_role("heading", level=1).inner_text()
    # When the co-ordinator asks who viewed
    clinician.get_by_role("link", name="Who viewed this record").click()
    # Then their own look is the newest
    expect(clinician.get_by_role("heading", level=1)).to_contain_text(name)
    newest = clinician.locator(".wh-table tbody tr").first
    expect(newest).to_contain_text("opened their record", ignore_case=True)
    expect(newest).to_contain_text("Direct care")


def test_the_printed_list_has_no_menu_and_keeps_the_notice(clinician: Page) -> None:
    clinician.goto("/caseload")
    clinician.emulate_media(media="print")
    expect(clinician.locator(".wh-header")).to_be_hidden()
    expect(clinician.locator(".wh-filters")).to_be_hidden()
    expect(clinician.locator(".wh-demo")).to_be_visible()
    expect(clinician.locator(".wh-caseload")).to_be_visible()
    after = clinician.locator(".wh-caseload__name").first.evaluate("e => getComputedStyle(e, '::after').content")
    assert after in ("none", "normal"), "the address, which holds the id, is not printed"


def test_people_in_others_care_cannot_be_opened(clinician: Page) -> None:
    answer = clinician.goto("/people/" + "7" * 32)
    assert answer is not None and answer.status == 403
    expect(clinician.get_by_role("heading", name="You may not see this")).to_be_visible()
