"""Does the steward see every line accounted for, every reason, and no person?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.web.steward.feeds import COUNTS, build_batches, build_feeds

Opener = Callable[..., TestClient]


def card_of(page: str, title: str) -> str:
    """The card of one source."""
    return next(card for card in page.split('class="wh-card wh-feed')[1:] if title in card.split("</h2>")[0])


def test_feeds_show_that_every_line_is_accounted_for(open_client: Opener) -> None:
    card = card_of(open_client("steward").get("/feeds").text, "GP")
    assert re.findall(r"<dd>([\d,]+)</dd>", card) == ["1", "20", "8", "1", "10", "2", "0"]
    assert "Every line is accounted for" in card
    assert "1 file was refused whole" in card
    assert "Reaches to <strong>1 July 2025</strong>" in card
    assert "last sent 1 Jul 2025" in card


def test_lines_that_are_missing_are_called_out(open_client: Opener) -> None:
    card = card_of(open_client("steward").get("/feeds").text, "Hospital")
    assert "2 lines are not accounted for" in card
    client = open_client("steward")
    client_page = client.get("/feeds?source=hospital").text
    assert "2025-06-01" in client_page and ">2025-07-01<" not in client_page


def test_a_refused_file_that_was_sent_again_is_refused_no_more() -> None:
    def sent(batch: str, status: str) -> dict[str, Any]:
        counts = dict.fromkeys(COUNTS, 0)
        day = {"as_of": date(2025, 7, 1), "period_start": None, "period_end": None, "landed_at": datetime(2025, 7, 2)}
        file = {"file": "journal.csv", "source_table": "journal", "reason": None, "bytes": 9}
        return {"source": "gp", "batch": batch, "status": status, **file, **day, **counts}

    first = build_batches([sent("2025-07-01", "rejected")])
    both = build_batches([sent("2025-07-01", "rejected"), sent("2025-07-01~02", "accepted")])
    assert [build_feeds(batches, {}, date(2025, 7, 3))[0].rejected for batches in (first, both)] == [1, 0]


def test_a_batch_lists_its_files_with_the_reason_of_a_refusal(open_client: Opener) -> None:
    client = open_client("steward")
    page = client.get("/feeds/gp/2025-07-01").text
    assert "journal.csv" in page and "patients.csv" in page
    assert "Refused" in page and "The file breaks off." in page
    assert client.get("/feeds/gp/2024-01-01").status_code == 404


def test_quarantine_counts_rules_and_lists_reasons(open_client: Opener) -> None:
    page = open_client("steward").get("/quarantine").text
    assert "63 reasons" in page and "Page 1 of 3" in page
    rules = page.split('id="rules"')[1].split("</table>")[0]
    assert rules.index("truncated-file") < rules.index("impossible-date") < rules.index("unknown-code")
    assert ">9,999<" in rules, "how often, those included that are not listed one by one"
    assert "event_date is no calendar day." in page
    assert "whole file" in open_client("steward").get("/quarantine?rule=truncated-file").text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("source=gp", 62),
        ("source=hospital", 1),
        ("rule=impossible-date", 61),
        ("source=gp&rule=impossible-date", 60),
        ("source=gp&rule=unknown-code", 1),
        ("source=nonsense", 63),
        ("rule=nonsense", 63),
    ],
)
def test_quarantine_can_be_narrowed(open_client: Opener, query: str, count: int) -> None:
    client = open_client("steward")
    page = client.get(f"/quarantine?{query}").text
    assert f"{count} reason" in page
    listed = len(re.findall(r'class="nhsuk-table__cell wh-reason"', page))
    assert listed == min(count, 25)
    if count > 50:
        third = client.get(f"/quarantine?{query}&page=3").text
        assert len(re.findall(r'class="nhsuk-table__cell wh-reason"', third)) == count - 50


LINKAGE = {
    "records": 1000,
    "people": 400,
    "threshold": 0.5,
    "pairs": 5000,
    "links": 700,
    "estimated_false_links": 3.2,
    "estimated_missed_links": 8.1,
    "refused": {"two different NHS numbers": 4},
    "records_per_person": {"1": 100, "2": 300},
    "households": 90,
    "people_in_households": 210,
    "addresses_kept_back": {"restricted": 2},
    "blocking": [{"rule": "nhs number", "pairs": 5, "skipped_blocks": 0, "skipped_records": 0, "skipped_pairs": 0}],
    "weights": [{"field": "birth_date", "level": "the same", "same_person": 0.9, "strangers": 0.0001, "weight": 13.1}],
    "by_source": {"gp": {"clear": 900, "pseudonym": 0, "with_nhs_number": 850}},
    "completeness": [{"source": "gp", "records": 900, "nhs_number": 0.94, "birth_date": 1.0}],
    "model": "abc",
}


def test_linkage_shows_figures_and_weights(open_client: Opener, world: Any) -> None:
    client = open_client("steward", published=lambda: world.publish(summary={"linkage": LINKAGE}))
    page = client.get("/linkage").text
    for words in ("1,000", "400", "Refused: two different NHS numbers", "Birth date", "+13.1", "94.0", "Nhs number"):
        assert (words in page) is (words != "Nhs number"), words
    assert "400 people" in client.get("/").text


def test_linkage_says_so_where_there_are_no_figures(open_client: Opener) -> None:
    assert "holds no linkage figures" in open_client("steward").get("/linkage").text


def test_the_home_page_says_what_is_late_refused_or_missing(open_client: Opener) -> None:
    page = open_client("steward", today=lambda: date(2025, 9, 1)).get("/").text
    for words in ("GP is 17 days late.", "GP: 1 file refused whole.", "GP: 10 lines in quarantine.", "do not add up"):
        assert words in page, words


def test_a_source_is_as_new_as_its_data_not_as_its_files(open_client: Opener, world: Any) -> None:
    late = {"covers": {"gp": "2025-04-01", "mental_health": "2025-07-01"}}
    client = open_client("steward", published=lambda: world.publish(summary=late))
    card = card_of(client.get("/feeds").text, "GP")
    assert "Reaches to <strong>1 April 2025</strong>" in card and "last sent 1 Jul 2025" in card
    assert "GP: <strong>1 Apr 2025</strong>" in client.get("/").text, "in the footer too"
    assert "GP is 46 days late." in client.get("/").text


def test_the_home_page_says_which_models_do_not_score_or_pass(open_client: Opener, world: Any) -> None:
    told = {
        "models": {
            "crisis": {"status": "scored", "message": "40 were scored. Slope 1.9.", "failed_gates": ["Slope 1.9."]},
            "readmission": {"status": "too-few-events", "message": "The history holds too few.", "failed_gates": []},
            "reattendance": {"status": "scored", "message": "All is well.", "failed_gates": []},
        }
    }
    now = replace(world.services.published(), summary=told)
    page = open_client("steward", published=lambda: now).get("/").text
    assert "Model “Crisis care within 28 days”: 40 were scored. Slope 1.9." in page and 'href="/models#crisis"' in page
    assert "Model “Readmission to a psychiatric ward within 90 days”: The history" in page
    assert "All is well" not in page
