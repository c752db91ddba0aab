"""Does the linkage page tell errors, groups and versions as the build reported them, and hand them out as JSON?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.core.home import LinkageLimits, Settings
from washhouse.web.shell.services import EarlierVersion
from washhouse.web.steward.linkage_quality import (
    FIGURES,
    Rate,
    axis_top,
    build_quality,
    build_trends,
    build_versions,
    draw_ratio,
)

Opener = Callable[..., TestClient]
NOW = datetime(2025, 7, 1, 9, 0)


def figure(rate: float, ratio: float | None = None, width: float = 2.0) -> dict[str, float]:
    told = {"rate": rate, "low": rate / width, "high": rate * width}
    if ratio is not None:
        told |= {"ratio": ratio, "ratio_low": ratio / width, "ratio_high": ratio * width}
    return told


def group(dimension: str, title: str, name: str, people: int | None, ratio: float | None) -> dict[str, Any]:
    figures = dict.fromkeys(FIGURES) if people is None else {f: figure(0.02, ratio) for f in FIGURES}
    return {"dimension": dimension, "title": title, "group": name, "people": people, **figures}


def summary(rate: float = 0.0123) -> dict[str, Any]:
    return {
        "records": 12_345,
        "people": 6_789,
        "pairs": 40_000,
        "links": 7_000,
        "threshold": 0.5123,
        "estimated_false_links": 50.0,
        "refused": {"two different NHS numbers": 11, "two death dates": 1},
        "records_per_person": {"1": 4_000, "2": 2_789},
        "completeness": [{"source": "gp", "records": 6_000, "nhs_number": 0.9, "birth_date": 1.0}],
        "by_source": {"gp": {"clear": 6_000, "pseudonym": 0, "with_nhs_number": 5_400}},
        "weights": [
            {"field": "sex", "level": "the same", "same_person": 0.99, "strangers": 0.5, "weight": 1.0},
        ],
        "quality": {
            "as_of": "2025-07-01",
            "records": 12_345,
            "people": 6_789,
            "linked_pairs": 8_000,
            "expected_false": 40.0,
            "expected_missed": 98.4,
            "expected_never_compared": 7.0,
            "overall": {name: figure(rate) for name in FIGURES},
            "alone_by_number": [],
            "groups": [
                group("ethnicity", "Ethnic group", "Black", 480, 3.5),
                group("ethnicity", "Ethnic group", "White", 5_000, 0.4),
                group("ethnicity", "Ethnic group", "Mixed", 90, 1.2),
                group("ethnicity", "Ethnic group", "Other", None, None),
                group("source", "Source", "mental_health", 700, None),
            ],
            "limits": {"share": 0.95, "blocks": 400, "excluding_parity": 6, "ratios": 9},
        },
    }


@pytest.fixture
def shown(world: Any, open_client: Opener) -> Callable[..., Any]:
    """The page over some summaries, the last of them the published one."""

    def show(*summaries: dict[str, Any], path: str = "/linkage", refused: Any = None, **settings: Any) -> Any:
        versions = [
            EarlierVersion(f"v{number:06}-0000000{number}", NOW + timedelta(days=number), {"linkage": each})
            for number, each in enumerate(summaries, start=1)
        ]

        def published() -> Any:
            current = world.publish(summary={"linkage": summaries[-1]} if summaries else {})
            return replace(current, history=lambda: versions, refused=lambda: refused)

        client = open_client("steward", published=published, settings=Settings(**settings))
        return client.get(path)

    return show


def test_headline_figures_stand_with_their_intervals(shown: Callable[..., Any]) -> None:
    page = shown(summary()).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in ("12,345 source records of 6,789 people", "1.2 %", "about 40 pairs", "0.6 % to 2.5 %"):
        assert words in text, words
    assert "About 12 in 1,000 linked pairs" not in text, "12.3 in 1,000 is told as so many in 100"
    assert "About 1 in 100 linked pairs of records are expected to be of two people: 40 of 8,000." in text
    assert "98, of which 7 were probably never compared" in text
    assert "Refused: two different NHS numbers 11" in text


def view(threshold: float, people: int, joined: int, false: float, missed: float) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "links": 7_000,
        "people": people,
        "people_joined": joined,
        "linked_pairs": 8_000,
        "estimated_false_links": false,
        "estimated_missed_links": missed,
        "estimated_f1": 0.99,
    }


def test_each_purpose_tells_its_people_and_errors_on_the_page_and_as_json(shown: Callable[..., Any]) -> None:
    views = {
        "strict": view(0.75, 6_789, 0, 8.0, 1_008.0),
        "balanced": view(0.5, 6_750, 70, 80.0, 80.0),
        "lenient": view(0.2, 6_700, 160, 400.0, 1.0),
    }
    page = shown(summary() | {"views": views}).text
    table = page.split('id="views"', 1)[1].split("</table>", 1)[0]
    rows = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in table.split("<tr ")[2:]]
    assert len(rows) == len(views)
    for row, words in zip(
        rows,
        (
            ("Strict", "Direct care", "0.7500", "6,789", "0.1 % about 8 pairs", "11.2 % about 1,008 pairs"),
            ("Balanced", "Planning", "0.5000", "6,750", "70", "1.0 % about 80 pairs"),
            ("Lenient", "Research", "0.2000", "6,700", "160", "5.0 % about 400 pairs", "about 1 pair"),
        ),
        strict=True,
    ):
        assert [word for word in words if word not in row] == [], row
    few = re.sub(r"<[^>]+>", " ", shown(summary() | {"views": {"strict": view(1.5, 10, 0, 0.3, 0.0)}}).text)
    for words in ("under 0.1", "less than 1 pair", "none is sure enough", "about 0 pairs"):
        assert words in few, words
    told = shown(summary() | {"views": views}, path="/linkage.json").json()
    assert told["linkage"]["views"] == views
    assert told["history"][0]["linkage"]["views"] == views
    assert 'id="views"' not in shown(summary()).text, "a version from before the views tells none"


def test_groups_stand_beside_the_rest_and_small_ones_say_nothing(shown: Callable[..., Any]) -> None:
    page = shown(summary()).text
    rows = {
        re.sub(r"<[^>]+>", "", row.split('wh-cell__value">')[1].split("</span>")[0]).strip(): row
        for row in page.split('class="wh-table wh-table--figures wh-groups"', 1)[1].split("<tr ")[1:]
        if "wh-groups__words" in row
    }
    assert "More often than the rest" in rows["Black"]
    assert "wh-ratio__off" in rows["Black"]
    assert "Less often than the rest" in rows["White"]
    assert "No difference to be seen" in rows["Mixed"]
    assert "wh-ratio__level" in rows["Mixed"]
    assert "fewer than 10" in rows["Other"]
    assert "Too few people to tell" in rows["Other"]
    assert "%" not in rows["Other"]
    assert "Too little is known" in rows["Mental health"]


@pytest.mark.parametrize(("query", "title"), [("missed", "Missed"), ("false", "False"), ("alone", "Alone"), ("x", "M")])
def test_the_figure_that_groups_are_compared_by_is_part_of_the_address(
    shown: Callable[..., Any], query: str, title: str
) -> None:
    page = shown(summary(), path=f"/linkage?figure={query}").text
    chosen = re.search(r'aria-current="true">([^<]+)<', page)
    assert chosen is not None
    assert chosen.group(1).startswith(title)


def test_versions_are_drawn_from_two_on_and_listed_always(shown: Callable[..., Any]) -> None:
    once = shown(summary()).text
    assert "A drawing appears when two versions tell their errors." in once
    assert "wh-trend__line" not in once
    several = shown(summary(0.01), summary(0.02), summary(0.03)).text
    assert several.count("wh-trend__line") == len(FIGURES)
    assert several.index("v000003-") < several.index("v000002-") < several.index("v000001-")


def test_what_is_over_the_limits_is_called_out(shown: Callable[..., Any]) -> None:
    figures = summary()
    figures["quality"]["over"] = [{"words": "3 % of the links made are expected to be wrong, where 2 % are allowed"}]
    page = shown(figures, linkage=LinkageLimits(gate="stop", max_missed_links=0)).text
    assert 'id="over"' in page
    assert "3 % of the links made" in page
    assert "nothing is published" in page
    assert "no limit" in page


def test_a_refused_build_is_told_until_something_newer_is_published(shown: Callable[..., Any]) -> None:
    refused = {
        "version": "v000002-00000000",
        "at": "2025-07-02T08:00:00",
        "breaches": [{"setting": "max_false_links", "words": "9 % of the links made are expected to be wrong"}],
    }
    assert "A newer build was refused" not in shown(summary()).text
    page = shown(summary(), refused=refused).text
    assert "A newer build was refused" in page
    assert "9 % of the links made" in page and "max_false_links" in page


def test_the_figures_come_as_json_at_a_stable_address(shown: Callable[..., Any]) -> None:
    answer = shown(summary(0.01), summary(0.02), path="/linkage.json", refused={"version": "v3"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith("attachment")
    told = answer.json()
    assert told["linkage"]["quality"] == json.loads(json.dumps(summary(0.02)["quality"]))
    assert [version["linkage"]["quality"]["overall"]["false"]["rate"] for version in told["history"]] == [0.01, 0.02]
    assert told["refused"] == {"version": "v3"}


def test_versions_from_before_the_report_and_versions_without_linkage_are_shown(shown: Callable[..., Any]) -> None:
    old = {key: value for key, value in summary().items() if key != "quality"}
    assert "This version tells no errors" in shown(old).text
    assert "holds no linkage figures" in shown().text
    assert shown(path="/linkage.json").json()["linkage"] is None
    assert "v000001-" in shown(old, summary()).text


def test_a_clinician_sees_neither_page_nor_figures(open_client: Opener) -> None:
    client = open_client("clinician")
    for path in ("/linkage", "/linkage.json"):
        assert client.get(path).status_code in (403, 404)
    assert open_client().get("/linkage.json").status_code in (303, 401)


def test_drawings_stay_inside_and_say_where_they_are_cut() -> None:
    drawn = draw_ratio(Rate(20.0, 0.01, 500.0))
    assert (drawn.left, drawn.x, drawn.right) == (12.0, 228.0, 228.0)
    assert drawn.cut_low and drawn.cut_high
    lines = build_versions([EarlierVersion("v000010-a", NOW, {"linkage": summary(r)}) for r in (0.01, 0.3)])
    for trend in build_trends(lines):
        assert all(0 <= point.top <= point.y <= point.foot <= 150 for point in trend.points)
        assert trend.points[0].label == "10"
    assert axis_top(0.6) == 0.6
    assert build_quality(summary()["quality"], "nonsense").figure == "missed"
