"""The training report: figures that agree with the linkage, and a page that asks nothing and tells nobody's values."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from washhouse.core.errors import InputError
from washhouse.linkage.api import link
from washhouse.linkage.link import Linked
from washhouse.linkage.report.figures import histogram_rows, report_figures, threshold_rows
from washhouse.linkage.report.page import write_report
from washhouse.linkage.threshold import at_threshold

GIVEN = "Oliviana Ameliora Jackalope Mohammedi Elizabetha Thomasina Wrennifer Kairos Priyanka Seanachai".split()  # noqa: SIM905
FAMILY = "Smithers Joneson Khandra Brienson Walkerby Nowakova Brownell Patelson Leefield Okaforth".split()  # noqa: SIM905
SETTINGS: dict[str, Any] = {
    "unique_id": "key",
    "columns": {"first_name": "given", "surname": "family", "birth_date": "born", "postcode": "pc"},
    "categories": {"trade": "trade"},
    "blocking": {"rules": [["postcode_district"]], "max_block_pairs": 1_000},
}


def residents(start: int, stop: int, prefix: str) -> list[dict[str, str]]:
    rows = []
    for i in range(start, stop):
        rng = np.random.default_rng(i)
        rows.append(
            {
                "key": f"{prefix}{i:05d}",
                "given": GIVEN[rng.integers(10)],
                "family": FAMILY[rng.integers(10)] if prefix == "L" or i % 9 else "Otherton",
                "born": f"{1930 + i * 7 % 90}-{1 + i * 5 % 12:02d}-{1 + i * 11 % 28:02d}",
                "pc": "M1 1AA"
                if prefix == "R" and i % 7 == 0
                else f"WH{rng.integers(1, 3)} {rng.integers(1, 9)}{chr(65 + int(rng.integers(20)))}B",
                "trade": ["Bakeress", "Nursery"][rng.integers(2)],
            }
        )
    return rows


@pytest.fixture(scope="module")
def linked() -> Linked:
    return link(residents(0, 300, "L"), residents(150, 400, "R"), SETTINGS, every_pair=True)


@pytest.fixture(scope="module")
def figures(linked: Linked) -> dict[str, Any]:
    return report_figures(linked)


@pytest.fixture(scope="module")
def page(linked: Linked, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(linked, path, title="<left> and right")
    return path


def test_each_cut_is_told_as_the_threshold_tells_it(linked: Linked) -> None:
    chances = np.where(linked.held, linked.chances, 0.0)
    for row in threshold_rows(chances):
        told = at_threshold(chances, row["probability"])
        assert row["links"] == told.links
        assert row["f1"] == pytest.approx(told.f1, abs=1e-9)
        assert row["precision"] * row["links"] == pytest.approx(told.links - told.false_links, abs=1e-6)


def test_thresholds_of_a_small_table() -> None:
    (row,) = threshold_rows(np.array([0.9, 0.8, 0.3]), np.array([0.0]))
    assert (row["links"], row["probability"]) == (2, 0.5)
    assert row["precision"] == pytest.approx(0.85)
    assert row["recall"] == pytest.approx(1.7 / 2.0)


def test_the_histogram_counts_every_pair_once() -> None:
    rows = histogram_rows(np.array([-3.0, -0.1, 0.0, 5.0]), np.array([False, False, True, True]))
    assert [(r["from"], r["to"], r["pairs"], r["links"]) for r in rows] == [
        (-4.0, -2.0, 1, 0), (-2.0, 0.0, 1, 0), (0.0, 2.0, 1, 1), (2.0, 4.0, 0, 0), (4.0, 6.0, 1, 1)
    ]  # fmt: skip


def test_figures_agree_with_the_linkage(linked: Linked, figures: dict[str, Any]) -> None:
    summary = linked.summary
    assert sum(row["pairs"] for row in figures["histogram"]) == summary["compared"]
    assert sum(row["links"] for row in figures["histogram"]) == summary["pairs"]
    assert sum(row["pairs"] for row in figures["blocking"]) == summary["compared"]
    names = linked.pairs.column("w_first_name")
    assert sum(r["pairs"] for r in figures["parameters"] if r["field"] == "first_name") == len(names)
    assert {r["field"] for r in figures["parameters"]} == {"first_name", "surname", "birth_date", "postcode", "trade"}


def test_waterfalls_are_patterns_that_end_at_their_weight(figures: dict[str, Any]) -> None:
    shown = figures["waterfalls"]
    assert [w["why"] for w in shown][:2] == ["the commonest links", "the commonest links that a field speaks against"]
    for waterfall in shown:
        assert waterfall["steps"][-1]["total"] == pytest.approx(waterfall["weight"])
        assert sum(step["bits"] for step in waterfall["steps"]) == pytest.approx(waterfall["weight"])
    apart = [w for w in shown if "apart" in w["why"]]
    assert apart
    assert all(w["probability"] < figures["threshold"] for w in apart)


def test_skipped_blocks_and_their_cost_are_in_the_report(figures: dict[str, Any]) -> None:
    row = figures["blocking"][-1]
    assert (row["rule"], row["skipped_blocks"]) == ("postcode district", 2)
    assert "missed_links" in row
    assert any("skipped as too large" in warning for warning in figures["warnings"])


class TestPage:
    """The HTML page and the JSON beside it."""

    def test_the_json_holds_the_same_figures(self, page: Path, figures: dict[str, Any]) -> None:
        assert json.loads(page.with_suffix(".json").read_text()) == json.loads(json.dumps(figures))

    def test_no_value_of_a_record_is_in_either(self, page: Path) -> None:
        values = {*GIVEN, *FAMILY, "Otherton", "Bakeress", "Nursery", "L00000", "R00200", "1930-01-01"}
        for file in (page, page.with_suffix(".json")):
            text = file.read_text(encoding="utf-8").upper()
            assert not [value for value in values if value.upper() in text]

    def test_its_policy_allows_what_is_in_it_and_no_request(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text).group(1).replace("&#39;", "'")  # type: ignore[union-attr]
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy
        for tag in ("script", "style"):
            inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            assert len(inside) == 1
            digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert not re.search(r'\b(src|href)="(?!#)', text.split("<script>", 1)[0])

    def test_every_chart_has_its_numbers_as_a_table(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8").split("<script>", 1)[0]
        declared = re.findall(r'data-chart="([^"]+)"', text)
        assert len(declared) == 5 + 4 + len(re.findall(r'data-chart="waterfall-', text))
        for name in declared:
            spec = re.search(rf'id="{name}">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
            assert json.loads(spec.group(1))["width"] == "container"  # type: ignore[union-attr]
        assert text.count("<caption>") == 6 + len(re.findall(r'data-chart="waterfall-', text))

    def test_a_title_is_text(self, page: Path) -> None:
        assert "<h1>Linkage report: &lt;left&gt; and right</h1>" in page.read_text(encoding="utf-8")

    def test_a_report_that_cannot_be_written_is_bad_input(self, linked: Linked, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be written"):
            write_report(linked, tmp_path / "nowhere" / "report.html")

    def test_nothing_compared_is_a_report_too(self, tmp_path: Path) -> None:
        row = residents(0, 1, "L")[0]
        empty = link([row], [residents(7, 8, "R")[0] | {"pc": "M1 1AA"}], SETTINGS)
        assert empty.summary["compared"] == 0
        write_report(empty, tmp_path / "report.html")
        assert "No pair was compared" in (tmp_path / "report.html").read_text(encoding="utf-8")
