"""A data scientist opens the training report of a linkage from their own disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from washhouse.linkage.api import dedupe
from washhouse.linkage.report.page import write_report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    rows = [
        {
            "name": f"N{rng.integers(1e6)}",
            "born": f"{1930 + i % 80}-{1 + i % 12:02d}-{1 + i % 28:02d}",
            "pc": f"L{i % 9} 1AA",
        }
        for i in range(300)
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    columns = {"surname": "name", "birth_date": "born", "postcode": "pc"}
    write_report(dedupe(rows + rows[:90], {"columns": columns}), path)
    return path


@pytest.mark.parametrize("width", [1280, 375])
def test_every_chart_is_drawn_and_nothing_is_asked_for(
    browser: Browser,
    report: Path,
    width: int,
    check_accessible: Callable[[Page], None],
    check_fits: Callable[[Page], None],
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    charts = page.locator("[data-chart]")
    page.locator("[data-chart] svg").nth(charts.count() - 1).wait_for()
    assert charts.count() > 8
    expect(page.locator("[data-chart] svg")).to_have_count(charts.count())
    assert asked == [report.as_uri()]
    assert complaints == []
    check_accessible(page)
    check_fits(page)
    page.close()


def test_without_script_the_numbers_are_there(browser: Browser, report: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(report.as_uri())
    page.get_by_text("Thresholds: the numbers").click()
    expect(page.get_by_role("table", name="Thresholds")).to_be_visible()
    page.context.close()
