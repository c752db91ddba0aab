"""The planner's page: a funnel, its table, exactly the same as a file, and nothing that can tell of anybody."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.population.funnel import poisson_limit, verdict_of
from washhouse.population.indicators import EMERGENCY_ADMISSIONS
from washhouse.web.planning.variation import build_funnel

Opener = Callable[..., TestClient]
PATH = "/variation/emergency-admissions"
NOTED = {"population": {"indicators": {"emergency-admissions": {"cohort_sha256": "c" * 64, "dispersion": 5.2}}}}


@pytest.fixture
def planner(open_client: Opener, world: Any) -> TestClient:
    return open_client("planner", published=lambda: world.publish(summary=NOTED))


def table_of(page: str) -> list[list[str]]:
    """The page's table, cell by cell, without the headings that narrow screens repeat."""
    body = page.split("<tbody")[1].split("</tbody>")[0]
    rows = []
    for row in body.split("<tr")[1:]:
        cells = re.findall(r'class="wh-cell__value">(.*?)</span></td>', row, re.DOTALL)
        rows.append([re.sub(r"<[^>]+>|◆ ", "", cell).strip() for cell in cells])
    return rows


def test_the_table_says_what_is_told_and_the_file_says_the_same(planner: TestClient) -> None:
    page = planner.get(PATH).text
    shown = table_of(page)
    assert [row[0] for row in shown] == ["P1", "P2", "P3", "P4"], "the highest ratio first, what is not told last"
    assert shown[0] == ["P1", "1,200", "90", "60.0", "1.50", "91.9", "above the 99.8 % limit"]
    assert shown[3] == ["P4", "40", *["not told"] * 5]
    file = planner.get(f"{PATH}/table.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert 'filename="emergency-admissions-2025-06-30.csv"' in file.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(file.text))
    assert head[0] == "practice"
    assert rows == [[cell.replace(",", "") for cell in row] for row in shown]


def test_rates_come_from_what_is_told(planner: TestClient) -> None:
    page = planner.get(PATH).text
    rate = 1000 * (90 + 45 + 110) / (1200 + 800 + 2000)
    assert f"{rate:.1f} per 1,000 people" in page
    assert "1 lies beyond the 95&nbsp;% limits and 1 beyond the 99.8&nbsp;% limits" in page


def test_the_drawing_holds_the_same_figures(planner: TestClient) -> None:
    page = planner.get(PATH).text
    spec = json.loads(html.unescape(page.split('data-chart="')[1].split('"')[0]))
    points = {row["practice"]: row for layer in spec["layer"] for row in layer["data"]["values"] if "practice" in row}
    assert points.keys() == {"P1", "P2", "P3"}, "what is not told is not drawn"
    assert (points["P1"]["expected"], points["P1"]["ratio"]) == (60.0, 1.5)
    lines = [row for layer in spec["layer"] for row in layer["data"]["values"] if "side" in row]
    assert {row["side"] for row in lines} == {"0.025", "0.975", "0.001", "0.999"}
    for row in lines[::37]:
        assert row["ratio"] == pytest.approx(poisson_limit(row["expected"], float(row["side"])), abs=1e-3)


def test_scatter_beyond_chance_is_told(planner: TestClient) -> None:
    assert "Practices scatter more widely than chance has it" in planner.get(PATH).text


def test_each_look_is_one_line_in_the_audit_with_the_hash_of_who_was_counted(planner: TestClient, world: Any) -> None:
    before = len(world.audited(action="read-indicators"))
    planner.get(PATH)
    (row,) = world.audited(action="read-indicators")[before:]
    assert (row.role, row.purpose, row.subject, row.outcome) == ("planner", "planning", None, "allow")
    assert json.loads(row.detail)["cohort_sha256"] == "c" * 64


def test_others_may_not(open_client: Opener) -> None:
    for role in ("clinician", "steward", "researcher"):
        assert open_client(role).get(PATH).status_code == 403
    assert open_client().get(PATH).status_code == 303


def test_a_planner_reaches_nothing_else(planner: TestClient) -> None:
    home = planner.get("/").text
    assert EMERGENCY_ADMISSIONS.title in home
    menu = home.split('aria-label="Menu"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)"', menu) == ["/", "/variation"]
    for path in ("/caseload", "/people/" + "0" * 32, "/feeds", "/quality", "/watch", "/cohorts"):
        assert planner.get(path).status_code == 403


def test_a_version_without_indicators_says_so(open_client: Opener, world: Any) -> None:
    tables = {name: number for name, number in world.version.tables.items() if name != "indicator"}
    client = open_client("planner", published=lambda: world.publish(tables=tables))
    assert "does not tell this" in client.get(PATH).text
    assert client.get(f"{PATH}/table.csv").status_code == 404
    assert client.get("/variation/no-such").status_code == 404


def test_one_practice_alone_is_no_funnel() -> None:
    row: dict[str, Any] = {"place": "P1", "people": 500, "observed": 30, "expected": 30.0}
    row |= {"since": date(2024, 7, 1), "until": date(2025, 7, 1)}
    funnel = build_funnel(EMERGENCY_ADMISSIONS, [row], None)
    assert (funnel.told, funnel.off, funnel.is_wide) == (1, (0, 0), False)
    assert funnel.places[0].verdict == verdict_of(30, 30.0) == "within"


def test_a_practice_of_which_nothing_is_expected_is_not_told() -> None:
    period = {"since": date(2024, 7, 1), "until": date(2025, 7, 1)}
    rows: list[dict[str, Any]] = [
        {"place": "P1", "people": 500, "observed": 30, "expected": 30.0, **period},
        {"place": "P2", "people": 10, "observed": 0, "expected": 0.0, **period},
    ]
    funnel = build_funnel(EMERGENCY_ADMISSIONS, rows, None)
    assert (funnel.told, funnel.rate) == (1, 60.0), "versions of before told it"
    assert [one.words for one in funnel.places] == ["within the limits", "not told"]
