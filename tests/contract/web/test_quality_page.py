"""The steward's pages on data quality: sources, what is over and what to do, down to the delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.testclient import TestClient

from washhouse.record.quality.registry import CHECKS
from washhouse.web.shell.services import EarlierVersion
from washhouse.web.steward.quality import build_line, build_sources, build_trends, draw_spark

Opener = Callable[..., TestClient]


def section(page: str, start: str, end: str) -> str:
    return page.split(f'id="{start}"')[1].split(f'id="{end}"')[0]


def test_what_is_over_is_told_with_what_to_do(open_client: Opener, world: Any) -> None:
    page = open_client("steward").get("/quality").text
    over = section(page, "over", "checks")
    assert over.count("wh-finding__title") == 2
    assert CHECKS["event-after-death"].advice.split(". ")[0] in over
    assert "1 to 7 of 40" in over and "<strong>3 %</strong> where 2 % is allowed" in over
    assert "journal" in over and "/feeds/gp/2025-07-01" in over
    assert "unit" not in over, "an old delivery holds nothing back and is told under its check only"
    assert [row.action for row in world.audited() if row.action == "read-quality"] == ["read-quality"]


def test_every_check_is_listed_by_category(open_client: Opener) -> None:
    page = open_client("steward").get("/quality").text
    for check in CHECKS.values():
        assert f'href="/quality/{check.id}"' in page


def test_one_source_is_told_alone(open_client: Opener) -> None:
    client = open_client("steward")
    assert "Nothing is over its limit here" in client.get("/quality?source=hospital").text
    assert "Nothing is over" not in client.get("/quality?source=elsewhere").text, "an unknown source is none"


def test_a_check_is_told_down_to_the_delivery(open_client: Opener) -> None:
    page = open_client("steward").get("/quality/lines-set-aside").text
    rows = section(page, "found", "nothing-such")
    assert rows.index("2025-07-01") < rows.index("2025-06-01"), "what is over comes first"
    assert "30 of 1,000" in rows and "✗ over" in rows and "✓ within" in rows
    assert 'class="wh-spark__limit"' in page
    assert "[quality.limits]" not in page and "<code>lines-set-aside</code>" in page
    missing = open_client("steward").get("/quality/missing-changed").text
    assert "journal, unit" in missing and "beside 2025-05-01" in missing and "earlier" in missing


def test_there_is_no_page_of_no_check(open_client: Opener) -> None:
    assert open_client("steward").get("/quality/no-such-check").status_code == 404


def test_the_same_is_told_to_programs(open_client: Opener) -> None:
    told = open_client("steward").get("/api/quality").json()
    assert (told["over"], told["can_stop"]) == (2, 2)
    (check,) = [check for check in told["checks"] if check["id"] == "event-after-death"]
    assert [row["count"] for row in check["findings"]] == [None, 0]
    assert open_client().get("/api/quality").status_code == 401
    assert open_client("clinician").get("/api/quality").status_code == 403


def test_a_version_from_before_there_were_checks(open_client: Opener, world: Any) -> None:
    tables = {name: number for name, number in world.version.tables.items() if name != "quality"}
    page = open_client("steward", published=lambda: world.publish(tables=tables)).get("/quality")
    assert page.status_code == 200 and "made before there were checks" in page.text


def test_a_refused_build_is_told_here_and_at_home(open_client: Opener, world: Any) -> None:
    breach = {"setting": "future-event", "words": "gp: events ahead, 3 % where 0.1 % is allowed"}
    refused = {"version": "v2", "at": "2025-07-01T09:00:00", "breaches": [breach]}
    client = open_client("steward", published=lambda: replace(world.publish(), quality_refused=lambda: refused))
    page = client.get("/quality").text
    assert "A newer build was refused" in page and "gp: events ahead" in page and 'href="/quality/future-event"' in page
    assert "Quality: a newer build was refused." in client.get("/").text


def test_shares_are_drawn_delivery_by_delivery_and_of_the_record_version_by_version() -> None:
    row = {"check": "lines-set-aside", "source": "gp", "count": 1, "denominator": 10, "limit": 0.1, "status": "met"}
    row |= {"is_new": True, "value": 0.1}
    (line,) = build_sources([row | {"batch": "a"}, row | {"batch": "b"}])
    assert line.set_aside is not None and line.latest == "b"
    assert draw_spark([0.0, 0.0], 0.0, "nothing") is not None, "a flat line of nothing"
    told = {"check": "future-event", "source": "gp", "value": 0.1, "status": "met"}

    version = EarlierVersion("v1", datetime(2025, 7, 1), {"quality": {"record": [told]}})
    asked = [row | {"check": "future-event", "batch": None}]
    (trend,) = build_trends(CHECKS["future-event"], asked, [version, version], 0.1)
    assert trend.spark.path.count(" L") == 1


def test_what_is_beyond_its_limit_by_chance_is_told_so() -> None:
    row = dict.fromkeys(("source", "batch", "source_table", "column", "compared_with", "count"))
    row |= {"check": "missing-changed", "denominator": 60, "value": 0.2, "limit": 0.1, "is_new": True}
    told = {status: build_line({**row, "status": status}).may_be_chance for status in ("met", "over", "not-judged")}
    assert told == {"met": True, "over": False, "not-judged": False}
