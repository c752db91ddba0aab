"""Who may miss their next contact: what a co-ordinator is shown, sends and takes along."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.desk.reviews import add_review, list_reviews
from washhouse.record.tables import SCORE

from .conftest import ANNA, BEN, CARLA, NOW, TODAY, contact_score, table_of

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
GIVEN = {"model": "missed-contact", "index_date": "2025-07-01", "agree": "yes", "action": "ring-before"}


def rows_of(page: str) -> list[str]:
    """The rows of the list, in order."""
    return page.split('<tbody class="nhsuk-table__body"')[1].split("</tbody>")[0].split("<tr ")[1:]


def test_the_list_says_whom_to_ring_why_and_what_is_recorded(open_client: Opener) -> None:
    page = open_client("clinician").get("/next-contact").text
    anna, carla = rows_of(page)
    assert "Anna Ashdown" in anna and "About 10 of 25 people like this" in anna and "95 % range 5 to 20 of 25" in anna
    assert '<a class="wh-ring" href="tel:07700900123">07700 900123<' in anna, "it can be rung"
    assert "Missed 2 contacts" in anna
    assert "Missed 1 of 2 contacts in the last 12 months. Last kept on 20 Jun 2025." in anna
    assert "Carla Cropper" in carla and "07700" not in carla and "Telephone number withheld" in carla, (
        "a restricted address"
    )
    assert "It is no reason to double-book, to shorten or withdraw an offer, or to discharge anybody." in page
    assert (
        "If each of these 2 people has a contact next, about 0.5 are expected to miss it (95 % range 0 to 2)." in page
    )
    assert "Ben Bickerton" in page.split('id="in-crisis"')[1] and "Emil Eccles" not in page and "Dunkerley" not in page
    assert page.count("Next contact</a>") == 1, "an entry of the menu"


def test_a_list_has_a_length_and_says_whom_it_leaves_out(open_client: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    client = open_client("clinician")
    assert len(rows_of(client.get("/next-contact?n=nonsense").text)) == 2
    monkeypatch.setattr("washhouse.web.care.next_contact.LENGTHS", ("1", "all"))
    page = client.get("/next-contact?n=1").text
    assert len(rows_of(page)) == 1 and "1 more person is on your caseload" in page
    assert len(rows_of(client.get("/next-contact?n=all").text)) == 2


def test_nobody_is_ranked_on_old_data_or_without_a_model(open_client: Opener, world: Any) -> None:
    stale = {"covers": {"mental_health": (TODAY - timedelta(8)).isoformat()}}
    page = open_client("clinician", published=lambda: world.publish(summary=stale)).get("/next-contact").text
    assert "Not ranked today" in page and "more than 7" in page and "of 25" not in page
    assert ["Anna Ashdown" in row for row in rows_of(page)] == [True, False], "by name"
    told = {"models": {"missed-contact": {"status": "too-few-events", "message": "Too few <missed>."}}}
    without = {
        "summary": told,
        "models": {"crisis": "m1"},
        "tables": {**world.version.tables, SCORE.name: world.lake.write(SCORE, table_of(SCORE, []))},
    }
    client = open_client("clinician", published=lambda: world.publish(**without))
    page = client.get("/next-contact").text
    assert "there is no model of missed contacts. Too few &lt;missed&gt;." in page
    assert 'id="next-contact"' not in client.get(f"/people/{ANNA}").text


def test_reasons_that_were_not_worked_out_are_not_said_to_be_none(open_client: Opener, world: Any) -> None:
    rows = [contact_score(ANNA, 0.2, reasons=None), contact_score(CARLA, 0.1, reasons="[]")]
    tables = {**world.version.tables, SCORE.name: world.lake.write(SCORE, table_of(SCORE, rows))}
    anna, carla = rows_of(
        open_client("clinician", published=lambda: world.publish(tables=tables)).get("/next-contact").text
    )
    assert "Reasons are not worked out" in anna and "Nothing stands out" in carla


def test_the_export_holds_the_rows_on_screen_without_names(open_client: Opener, world: Any) -> None:
    client = open_client("clinician")
    before = len(world.audited())
    answer = client.get("/next-contact.csv?n=5")
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [(row["person_id"], row["chance"], row["missed_12_months"]) for row in rows] == [
        (ANNA, "about 10 of 25 people like this", "1"),
        (CARLA, "about 2 of 25 people like this", "0"),
    ]
    assert (rows[0]["index_date"], rows[0]["model_version"]) == ("2025-07-01", "c1")
    assert "Ashdown" not in answer.text and "07700" not in answer.text
    assert {row.subject for row in world.audited()[before:] if "csv" in row.detail} == {ANNA, CARLA}


def test_what_will_be_done_is_kept_apart_from_reviews_of_the_crisis_score(
    open_client: Opener, world: Any, post: Post
) -> None:
    client = open_client("clinician")
    answer = post(client, f"/people/{ANNA}/reviews", **GIVEN)
    page = client.get(answer.headers["location"]).text
    assert "Your review is saved" in page and "on the chance of missing the next contact of 1 July 2025" in page
    (review,) = list_reviews(world.desk, person_ids=[ANNA])
    assert (review.model, review.model_version, review.action) == ("missed-contact", "c1", "ring-before")
    assert "Reviewed 1 Jul 2025: ring the person" in client.get("/next-contact").text
    assert "Reviewed 1 Jul 2025" not in client.get("/caseload").text
    assert "Anna Ashdown" in client.get("/").text.split('id="due"')[1].split("</section>")[0]
    post(client, f"/people/{ANNA}/reviews/{review.id}/undo")
    assert "Reviewed" not in client.get("/next-contact").text


def test_a_week_later_it_is_asked_what_came_of_it(open_client: Opener, world: Any) -> None:
    then = TODAY - timedelta(8)
    number = add_review(
        world.desk, person_id=ANNA, user="CP1", index_date=then, model="missed-contact", model_version="c1",
        agree="yes", action="other-time", at=NOW - timedelta(8),
    )  # fmt: skip
    home = open_client("clinician").get("/").text
    assert f"/people/{ANNA}#follow-up-{number}" in home and "Offer another day or time, 23 June 2025" in home


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"agree": ""}, 400, 'href="#contact-agree"'),
        ({"action": "home-visit"}, 400, 'href="#contact-action"'),
        ({"index_date": "2025-06-30"}, 400, 'href="#next-contact"'),
        ({"model": "readmission"}, 404, ""),
    ],
)
def test_a_mistake_is_said_and_nothing_kept(
    open_client: Opener, world: Any, post: Post, changes: dict[str, str], status: int, words: str
) -> None:
    answer = post(open_client("clinician"), f"/people/{ANNA}/reviews", **{**GIVEN, **changes})
    assert answer.status_code == status and words in answer.text
    assert list_reviews(world.desk) == []


def test_of_somebody_in_crisis_care_no_chance_is_shown_or_reviewed(open_client: Opener, post: Post, world: Any) -> None:
    client = open_client("clinician")
    assert 'id="next-contact"' not in client.get(f"/people/{BEN}").text
    assert post(client, f"/people/{BEN}/reviews", **GIVEN).status_code == 409
    assert list_reviews(world.desk) == []


def test_a_manager_sees_the_list_of_the_team_and_says_nothing_of_it(open_client: Opener) -> None:
    client = open_client("team-manager")
    assert "Anna Ashdown" in client.get("/next-contact").text
    page = client.get(f"/people/{ANNA}").text
    assert 'id="next-contact"' in page and "Save for the next contact" not in page
    assert not re.search(r'<form[^>]*action="/people/[^"]*/reviews"', page)
