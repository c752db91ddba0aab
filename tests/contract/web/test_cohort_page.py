"""The researcher's page: criteria one after another, counts that can tell of nobody, never rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.research.cohorts import TREATED_PSYCHOSIS
from washhouse.web.research.cohorts import build_steps

Opener = Callable[..., TestClient]
PATH = f"/cohorts/{TREATED_PSYCHOSIS.id}"
NOTED = {"population": {"cohorts": {TREATED_PSYCHOSIS.id: {"cohort_sha256": "d" * 64, "index_date": "2025-07-01"}}}}


@pytest.fixture
def researcher(open_client: Opener, world: Any) -> TestClient:
    return open_client("researcher", published=lambda: world.publish(summary=NOTED))


def test_each_criterion_says_who_is_left(researcher: TestClient) -> None:
    page = researcher.get(PATH).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for criterion in TREATED_PSYCHOSIS.criteria:
        assert criterion.words in text
    for words in ("4,000", "3,200", "800", "3,140", "1 to 7", "Index date 1 July 2025"):
        assert words in text, words


def test_what_was_left_out_by_a_step_that_is_not_told_is_not_told() -> None:
    rows = [{"step": step, "people": people} for step, people in enumerate((4000, 3200, None, 0, None, None))]
    steps = build_steps(TREATED_PSYCHOSIS, rows)
    assert [step.left_out for step in steps] == [None, 800, None, None, None, None]
    assert [step.share for step in steps] == [None, 0.8, None, None, None, None]
    assert build_steps(TREATED_PSYCHOSIS, rows[:2]) == [], "criteria and counts of different declarations"


def test_each_look_is_one_line_in_the_audit_with_the_hash_of_the_cohort(researcher: TestClient, world: Any) -> None:
    before = len(world.audited(action="read-cohorts"))
    researcher.get(PATH)
    (row,) = world.audited(action="read-cohorts")[before:]
    assert (row.role, row.purpose, row.subject, row.outcome) == ("researcher", "research", None, "allow")
    assert json.loads(row.detail)["cohort_sha256"] == "d" * 64


def test_others_may_not_and_a_researcher_reaches_nothing_else(open_client: Opener, researcher: TestClient) -> None:
    for role in ("clinician", "steward", "planner"):
        assert open_client(role).get(PATH).status_code == 403
    assert open_client().get(PATH).status_code == 303
    home = researcher.get("/").text
    menu = home.split('aria-label="Menu"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)"', menu) == ["/", "/cohorts"]
    for path in ("/caseload", "/people/" + "0" * 32, "/feeds", "/variation"):
        assert researcher.get(path).status_code == 403


def test_a_version_without_cohorts_says_so(open_client: Opener, world: Any) -> None:
    tables = {name: number for name, number in world.version.tables.items() if name != "attrition"}
    client = open_client("researcher", published=lambda: world.publish(tables=tables))
    assert "does not count this cohort" in client.get(PATH).text
    assert client.get("/cohorts/no-such").status_code == 404
