"""What does a clinician see of their own people, and never of others?"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from starlette.testclient import TestClient

from washhouse.desk.accounts import ensure_demo_users
from washhouse.desk.follow_ups import list_follow_ups
from washhouse.desk.reviews import add_review, list_reviews
from washhouse.desk.saved_views import save_view
from washhouse.governance.audit import AuditEvent
from washhouse.record.tables import SCORE

from .conftest import score, table_of

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
TODAY = date(2025, 7, 1)
NOW = datetime(2025, 7, 1, 9)
ANNA, BEN, CARLA, DORA, EMIL = (f"{place:08x}" + name * 24 for place, name in enumerate("abcde", start=1))
RETIRED_ANNA = "0" * 7 + "9" + "f" * 24
ON_TODAY = {"index_date": "2025-07-01"}
"""Which score a review is of, as its form says."""


def rows_of(page: str) -> list[str]:
    """Names in the ranked table, in order."""
    table = page.split('<table class="nhsuk-table wh-table wh-caseload"')[1].split("</table>")[0]
    return re.findall(r'class="wh-caseload__name"[^>]*>([^<]+)<', table)


def test_the_list_is_in_the_order_of_risk_and_says_it_in_people(open_client: Opener) -> None:
    page = open_client("clinician").get("/caseload").text
    assert rows_of(page) == ["Anna Ashdown", "Carla Cropper"]
    assert "About 5 of 25 people like this" in page
    assert "95 % range 2 to 10 of 25" in page
    assert "Missed 2 contacts" in page
    assert "crises are expected in 28 days" in page


def test_a_person_without_a_score_is_told_the_real_reason(open_client: Opener, world: Any) -> None:
    none = {"crisis": {"status": "gates-not-met", "message": "Nobody is scored. Slope 1.9 <is> wide."}}
    only_care = world.lake.write(SCORE, table_of(SCORE, [score(BEN, None, TODAY)]))
    without = {"tables": {**world.version.tables, SCORE.name: only_care}, "models": {}, "summary": {"models": none}}
    client = open_client("clinician", published=lambda: world.publish(**without))
    page = client.get(f"/people/{ANNA}").text
    assert "there is no crisis model. Slope 1.9 &lt;is&gt; wide." in page
    assert "The model covers" not in page
    assert "In crisis care now" in client.get(f"/people/{BEN}").text
    covered = {"tables": without["tables"]}
    page = open_client("clinician", published=lambda: world.publish(**covered)).get(f"/people/{ANNA}").text
    assert "Not scored. The model covers adults" in page


def test_shares_of_reasons_say_what_they_are_shares_of(open_client: Opener) -> None:
    page = " ".join(open_client("clinician").get(f"/people/{ANNA}").text.split())
    assert "5 reasons at most; each share is of what these add together" in page and "100 % of these" in page


def test_a_score_says_which_sources_it_rests_on(open_client: Opener) -> None:
    client = open_client("clinician")
    page = " ".join(client.get(f"/people/{ANNA}").text.split())
    rests = page.split("What it rests on")[1].split("</ul>")[0]
    hospital, mental = rests.split("<li>")[1:]
    assert "Hospital: <strong>nothing of this person</strong>, last sent 31 May 2025" in hospital
    assert "Silent for longer than the model has seen" in hospital and "Silent" not in mental
    assert "Mental health: last sent 30 June 2025" in mental
    assert "What it rests on" not in client.get(f"/people/{CARLA}").text, "a score from before it was noted"


def test_a_row_of_the_caseload_says_what_its_score_lacks(open_client: Opener) -> None:
    client = open_client("clinician")
    anna, carla = client.get("/caseload").text.split('class="wh-caseload__name"')[1:3]
    assert "Nothing from: Hospital<" in anna and "Late: Hospital, last sent 31 May 2025" in anna
    assert "Nothing from" not in carla, "a score from before it was noted"
    rows = list(csv.DictReader(StringIO(client.get("/caseload.csv").text)))
    assert rows[0]["score_lacks"] == "Nothing from: Hospital; Late: Hospital, last sent 31 May 2025"
    assert rows[1]["score_lacks"] == ""


def test_people_in_crisis_care_stand_apart_and_the_dead_on_no_list(open_client: Opener) -> None:
    page = open_client("clinician").get("/caseload").text
    apart = page.split('id="in-crisis"')[1]
    assert "Ben Bickerton" in apart and "Ben Bickerton" not in rows_of(page)
    assert "Emil Eccles" not in page


def test_a_shorter_list_says_what_it_is_expected_to_find_and_whom_it_leaves_out(open_client: Opener) -> None:
    client = open_client("clinician")
    assert rows_of(client.get("/caseload?n=5").text) == ["Anna Ashdown", "Carla Cropper"]
    assert rows_of(client.get("/caseload?n=nonsense").text) == ["Anna Ashdown", "Carla Cropper"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("show=changed", ["Anna Ashdown", "Carla Cropper"]),
        ("show=no-contact", ["Carla Cropper"]),
        ("show=not-reviewed", ["Anna Ashdown", "Carla Cropper"]),
        ("show=nonsense", ["Anna Ashdown", "Carla Cropper"]),
    ],
)
def test_filters_stand_in_the_address(open_client: Opener, query: str, names: list[str]) -> None:
    assert rows_of(open_client("clinician").get(f"/caseload?{query}").text) == names


def test_a_name_is_searched_for_by_a_form_and_stands_in_no_address(open_client: Opener, post: Post) -> None:
    client = open_client("clinician")
    found = post(client, "/caseload", q="CROPPER", n="5", show="no-contact")
    assert rows_of(found.text) == ["Carla Cropper"]
    assert found.status_code == 200
    assert "cropper" not in " ".join(re.findall(r'(?:href|action)="([^"]*)"', found.text)).casefold()
    assert "Nobody on your caseload matches." in post(client, "/caseload", q="dunkerley").text
    in_address = client.get("/caseload?q=cropper")
    assert rows_of(in_address.text) == ["Anna Ashdown", "Carla Cropper"], "not read from an address"
    assert "cropper" not in in_address.text.split("<main")[0] and 'value="cropper"' not in in_address.text
    assert client.post("/caseload", data={"q": "CROPPER"}).status_code == 403, "without the form's token"


def test_a_name_is_found_among_those_who_are_not_ranked(open_client: Opener, post: Post) -> None:
    page = post(open_client("clinician"), "/caseload", q="bickerton").text
    assert "Ben Bickerton" in page.split('id="in-crisis"')[1] and "1 person who matches." in page
    assert "Nobody on your caseload matches." not in page and "Nobody on this list matches; who does is below." in page
    assert "Anna Ashdown" not in page and "Carla Cropper" not in page


def test_lack_of_care_is_shown_of_everybody_whatever_their_place(
    open_client: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("washhouse.web.care.filters.LENGTHS", ("1", "all"))
    monkeypatch.setattr("washhouse.web.care.filters.DEFAULT_LENGTH", "1")
    client = open_client("clinician")
    assert rows_of(client.get("/caseload").text) == ["Anna Ashdown"]
    for show in ("gaps", "no-contact"):
        page = client.get(f"/caseload?n=1&show={show}").text
        assert "Carla Cropper" in rows_of(page), "the second place of a list of one"
        assert "No attended contact recorded." in page.split('id="in-crisis"')[1], "Ben is in crisis care"
    rows = csv.DictReader(StringIO(client.get("/caseload.csv?show=no-contact").text))
    assert [row["person_id"] for row in rows] == [CARLA]


def test_a_form_without_a_name_leads_to_an_address_that_can_be_kept(open_client: Opener, post: Post) -> None:
    client = open_client("clinician")
    answer = post(client, "/caseload", q=" ", n="25", show="changed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/caseload?n=25&show=changed")
    assert "/caseload.csv?n=25&amp;show=changed" in client.get(answer.headers["location"]).text
    assert post(client, "/caseload", q="", n="nonsense").headers["location"] == "/caseload"


def test_nothing_is_ranked_when_mental_health_data_is_old(open_client: Opener, world: Any) -> None:
    stale = {"covers": {"mental_health": (TODAY - timedelta(days=8)).isoformat()}}
    client = open_client("clinician", published=lambda: world.publish(summary=stale))
    page = client.get("/caseload").text
    assert "Not ranked today" in page
    assert "of 25" not in page and "28-day crisis risk" not in page
    assert rows_of(page) == ["Anna Ashdown", "Carla Cropper"], "by name"
    person = client.get(f"/people/{ANNA}").text
    assert "of 25" not in person and "no score is shown" in person
    assert "Not ranked today" in client.get("/").text


def test_the_export_holds_the_rows_on_screen_without_names(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    before = len(world.audited())
    answer = post(client, "/caseload.csv", q="ashdown")
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [row["person_id"] for row in rows] == [ANNA]
    assert rows[0]["risk"] == "about 5 of 25 people like this"
    assert "Ashdown" not in answer.text and "943" not in answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="caseload-2025-07-01.csv"'
    assert (rows[0]["index_date"], rows[0]["model_version"]) == ("2025-07-01", "m1")
    exported = [row for row in world.audited()[before:] if "csv" in row.detail]
    assert [(row.subject, row.outcome) for row in exported] == [(ANNA, "allow")]
    assert world.version.id in exported[0].detail


def test_an_export_says_where_it_stops(open_client: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    client = open_client("clinician")
    assert "Export these 2 rows as CSV" in client.get("/caseload").text
    monkeypatch.setattr("washhouse.web.care.export.MOST_ROWS", 1)
    assert "Export the first 1 of these 2 rows as CSV" in client.get("/caseload").text
    rows = csv.DictReader(StringIO(client.get("/caseload.csv").text))
    assert [row["person_id"] for row in rows] == [ANNA]


def test_somebody_in_others_care_is_refused_like_somebody_who_does_not_exist(open_client: Opener, world: Any) -> None:
    client = open_client("clinician")
    there, not_there = client.get(f"/people/{DORA}"), client.get("/people/" + "7" * 32)
    assert there.status_code == not_there.status_code == 403
    assert there.text.replace(DORA, "7" * 32) == not_there.text
    assert [row.outcome for row in world.audited(subject=DORA)] == ["deny"]


def test_names_of_others_stand_on_no_page(open_client: Opener) -> None:
    client = open_client("clinician")
    for address in ("/", "/caseload", f"/people/{ANNA}", f"/people/{ANNA}/viewers"):
        assert "Dunkerley" not in client.get(address).text
    steward = open_client("steward")
    for address in ("/", "/feeds", "/quarantine", "/linkage"):
        page = steward.get(address).text
        assert not any(name in page for name in ("Ashdown", "Bickerton", "Cropper", "Dunkerley", "Eccles"))


def test_a_person_page_says_who_why_and_what_happened(open_client: Opener) -> None:
    page = open_client("clinician").get(f"/people/{ANNA}").text
    for words in (
        "Anna Ashdown",
        "4 March 1980",
        "12 Canal Street",
        "White: Irish",
        "About 5 of 25 people like this",
        "Made for 1 July 2025 by model m1",
        "On 24 June 2025: about 1 of 25 people like this",
        "Same address and postcode as 2 other people.",
        'href="tel:07700900123"',
        "Missed contact, did not attend",
        "<svg",
    ):
        assert words in page, words


def test_records_behind_a_reason_are_the_latest_where_there_may_be_more(
    open_client: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_client("clinician")
    assert "see 1 record</a>" in client.get(f"/people/{ANNA}").text
    monkeypatch.setattr("washhouse.web.care.person.MAX_EVENT_REFS", 1)
    assert "see the latest 1 record</a>" in client.get(f"/people/{ANNA}").text


def test_a_restricted_address_is_withheld(open_client: Opener) -> None:
    page = open_client("clinician").get(f"/people/{CARLA}").text
    # The number's beginning as a word of its own: a form's random token may hold its digits.
    assert "Canal Street" not in page and not re.search(r"\b07700\b", page)
    assert "Withheld" in page


def test_the_list_of_what_happened_can_be_narrowed_and_turned(open_client: Opener) -> None:
    client = open_client("clinician")
    practice = client.get(f"/people/{ANNA}?service=gp").text
    listed = practice.split('id="list"')[1].split("</table>")[0]
    assert "SNOMED CT 1" in listed and "Missed contact" not in listed
    assert "Page 1 of 2" in practice
    assert "Page 2 of 2" in client.get(f"/people/{ANNA}?service=gp&page=2").text
    assert "Page 2 of 2" in client.get(f"/people/{ANNA}?service=gp&page=99").text
    reason = client.get(f"/people/{ANNA}?reason=missed_90d").text.split('id="list"')[1].split("</table>")[0]
    assert "Missed contact" in reason and "SNOMED" not in reason


def test_what_goes_on_is_listed_although_it_began_before_the_stretch_drawn(open_client: Opener) -> None:
    page = open_client("clinician").get(f"/people/{ANNA}?span=1y&service=mental_health").text
    now = " ".join(page.split('id="ongoing"')[1].split("</ul>")[0].split())
    assert "since</span> 1 Mar 2021" in now or "since 1 Mar 2021" in now
    assert now.count("<li>") == 1, "what ended is not going on"
    listed = page.split('id="list"')[1].split("</table>")[0]
    assert listed.count("1 Mar 2021") == 1 and "ongoing" in listed


def test_the_sentence_over_the_list_is_not_said_of_a_part_of_it(open_client: Opener) -> None:
    client = open_client("clinician")
    assert "crises are expected in 28 days" in client.get("/caseload").text
    assert "crises are expected" not in client.get("/caseload?show=no-contact").text


def test_a_retired_id_leads_to_the_present_one(open_client: Opener) -> None:
    answer = open_client("clinician").get(f"/people/{RETIRED_ANNA}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/people/{ANNA}")


@pytest.mark.parametrize("given", ["x", "A" * 32, "0" * 31, "..%2f..", "9434765919"])
def test_what_is_no_id_is_no_page(open_client: Opener, world: Any, given: str) -> None:
    client = open_client("clinician")
    before = len(world.audited())
    assert client.get(f"/people/{given}").status_code == 404
    assert len(world.audited()) == before


def test_a_review_is_kept_shown_and_taken_back(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    answer = post(
        client, f"/people/{ANNA}/reviews", **ON_TODAY, agree="partly", action="home-visit", note="Will ring", token="t1"
    )
    assert answer.headers["location"] == f"/people/{ANNA}?done=reviewed"
    page = client.get(answer.headers["location"]).text
    assert "Your review is saved" in page and "Arrange a home visit" in page and "Will ring" in page
    assert "Reviewed 1 Jul 2025: arrange a home visit" in client.get("/caseload").text
    (review,) = list_reviews(world.desk, person_ids=[ANNA])
    assert (review.index_date, review.model_version, review.username) == (TODAY, "m1", "CP1")
    undone = post(client, f"/people/{ANNA}/reviews/{review.id}/undo")
    assert "taken back" in client.get(undone.headers["location"]).text
    assert list_reviews(world.desk, person_ids=[ANNA]) == []


def version_with(world: Any, *scores: dict[str, Any]) -> dict[str, Any]:
    """What pages see of a version with other scores."""
    tables = {**world.version.tables, SCORE.name: world.lake.write(SCORE, table_of(SCORE, list(scores)))}
    return {"published": lambda: world.publish(tables=tables)}


def test_a_review_is_kept_for_the_score_that_its_form_showed(open_client: Opener, world: Any, post: Post) -> None:
    yesterday = score(ANNA, 0.1, TODAY - timedelta(1), model_version="m0", reasons=None)
    afterwards = score(ANNA, 0.1, TODAY - timedelta(2), scored_afterwards=True)
    client = open_client("clinician", **version_with(world, score(ANNA, 0.2, TODAY), yesterday, afterwards))
    assert 'name="index_date" value="2025-07-01"' in client.get(f"/people/{ANNA}").text
    given = {"agree": "yes", "action": "no-change"}
    post(client, f"/people/{ANNA}/reviews", **given, index_date="2025-06-30")
    (review,) = list_reviews(world.desk, person_ids=[ANNA])
    assert (review.index_date, review.model_version, review.themes) == (TODAY - timedelta(1), "m0", None)
    nobody_saw = post(client, f"/people/{ANNA}/reviews", **given, index_date="2025-06-29")
    assert nobody_saw.status_code == 400 and 'href="#risk"' in nobody_saw.text
    post(client, f"/people/{ANNA}/reviews", **given, **ON_TODAY)
    assert list_reviews(world.desk, person_ids=[ANNA])[0].themes == ("missed-contacts",)


def test_a_review_stands_over_new_scores_until_something_moved(open_client: Opener, world: Any) -> None:
    def waits(*scores: dict[str, Any]) -> bool:
        client = open_client("clinician", **version_with(world, *scores))
        home = client.get("/").text.split('id="due"')[1].split("</section>")[0]
        listed = rows_of(client.get("/caseload?show=not-reviewed").text) if "Anna Ashdown" in home else []
        assert ("Anna Ashdown" in listed) is ("Anna Ashdown" in home)
        return "Anna Ashdown" in home

    other = score(CARLA, 0.05, TODAY)
    then = score(ANNA, 0.2, TODAY - timedelta(2), reasons=None)
    assert waits(score(ANNA, 0.2, TODAY), other)
    add_review(
        world.desk, person_id=ANNA, user="CP1", index_date=TODAY - timedelta(2), model_version="m1", agree="yes",
        action="home-visit", themes=["missed-contacts"], at=NOW - timedelta(2),
    )  # fmt: skip
    assert not waits(score(ANNA, 0.21, TODAY), then, other), "about 5 of 25 as before"
    assert waits(score(ANNA, 0.3, TODAY), then, other), "the risk in words moved"
    visits = '[{"feature": "emergency_28d", "text": "Went to A&E", "contribution": 0.4, "event_refs": []}]'
    assert waits(score(ANNA, 0.2, TODAY, reasons=visits), then, other), "a reason came"


def test_a_form_sent_twice_is_kept_once(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    for _ in range(2):
        post(client, f"/people/{ANNA}/reviews", **ON_TODAY, agree="yes", action="no-change", token="same")
    assert len(list_reviews(world.desk, person_ids=[ANNA])) == 1


def test_a_note_loses_what_could_name_the_person(open_client: Opener, world: Any, post: Post) -> None:
    post(
        open_client("clinician"),
        f"/people/{ANNA}/reviews",
        **ON_TODAY,
        agree="yes",
        action="no-change",
        note="Anna Ashdown of 12 Canal Street, 943 476 5919, rang from 07700 900123",
    )
    (review,) = list_reviews(world.desk, person_ids=[ANNA])
    assert not any(word in review.note for word in ("Anna", "Ashdown", "Canal", "943", "07700"))


def test_what_was_said_and_seen_under_a_retired_id_follows_the_person(
    open_client: Opener, world: Any, post: Post
) -> None:
    when = datetime(2025, 6, 30, 9)
    add_review(
        world.desk,
        person_id=RETIRED_ANNA,
        user="CP1",
        index_date=TODAY,
        model_version="m1",
        agree="no",
        action="contact-now",
        note="Under the old id",
        at=when,
        token="old",
    )
    world.audit.record([AuditEvent(when, "CP1", "clinician", "direct-care", "read-person", RETIRED_ANNA)])
    client = open_client("clinician")
    assert "Reviewed 30 Jun 2025" in client.get("/caseload").text
    assert "Under the old id" in client.get(f"/people/{ANNA}").text
    assert "30 Jun 2025" in client.get(f"/people/{ANNA}/viewers").text
    (review,) = list_reviews(world.desk, person_ids=[RETIRED_ANNA])
    post(client, f"/people/{ANNA}/reviews/{review.id}/undo")
    assert list_reviews(world.desk, person_ids=[RETIRED_ANNA]) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": "no-change"}, "Say whether the score fits"),
        ({"agree": "yes"}, "Choose what you will do"),
        ({"agree": "perhaps", "action": "no-change"}, "Say whether the score fits"),
        ({"agree": "yes", "action": "discharge"}, "Choose what you will do"),
        ({"agree": "yes", "action": "no-change", "note": "x" * 1001}, "1,000 characters or fewer"),
        ({"agree": "yes", "action": "no-change", "note": "Kept"}, "A newer score stands here"),
        ({"agree": "yes", "action": "no-change", "index_date": "2025-06-23"}, "A newer score stands here"),
        ({"agree": "yes", "action": "no-change", "index_date": "2025-07-02"}, "A newer score stands here"),
        ({"agree": "yes", "action": "no-change", "index_date": "nonsense"}, "A newer score stands here"),
    ],
)
def test_a_review_with_a_mistake_says_so_and_keeps_what_was_typed(
    open_client: Opener, world: Any, post: Post, fields: dict[str, str], message: str
) -> None:
    answer = post(open_client("clinician"), f"/people/{ANNA}/reviews", **fields)
    assert answer.status_code == 400
    assert "There is a problem" in answer.text and message in answer.text
    assert fields.get("note", "")[:50] in answer.text
    assert list_reviews(world.desk, person_ids=[ANNA]) == []


def test_nobody_reviews_or_takes_back_for_people_in_others_care(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    assert post(client, f"/people/{DORA}/reviews", agree="yes", action="no-change").status_code == 403
    assert post(client, f"/people/{DORA}/reviews/1/undo").status_code == 403
    assert post(client, f"/people/{ANNA}/reviews/99/undo").status_code == 404
    assert post(client, f"/people/{ANNA}/reviews/x/undo").status_code == 404


def test_somebody_in_crisis_care_has_no_score_to_review(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    assert "In crisis care now" in client.get(f"/people/{BEN}").text
    assert post(client, f"/people/{BEN}/reviews", agree="yes", action="no-change").status_code == 400
    assert list_reviews(world.desk, person_ids=[BEN]) == []


def test_who_viewed_lists_each_look_once(open_client: Opener) -> None:
    client = open_client("clinician")
    client.get(f"/people/{ANNA}")
    page = client.get(f"/people/{ANNA}/viewers").text
    assert page.count('role="row"') == 2, "the heading and one look"
    assert "Opened their record, was shown their name" in page
    assert "Direct care" in page and "CP1" in page


def test_the_home_page_puts_reviews_and_changes_first(open_client: Opener, post: Post) -> None:
    client = open_client("clinician")
    due = client.get("/").text.split('id="due"')[1].split("</section>")[0]
    assert "Anna Ashdown" in due and "Carla Cropper" in due
    post(client, f"/people/{ANNA}/reviews", **ON_TODAY, agree="yes", action="no-change")
    home = client.get("/").text
    assert "Anna Ashdown" not in home.split('id="due"')[1].split("</section>")[0]
    assert "Anna Ashdown" in home.split('id="changed"')[1].split("</section>")[0]
    assert "Ben Bickerton" in home.split('id="crisis"')[1].split("</section>")[0]


def test_a_person_taken_off_the_caseload_is_out_of_reach_at_the_next_request(open_client: Opener, world: Any) -> None:
    day = {"today": TODAY}
    client = open_client("clinician", today=lambda: day["today"])
    assert client.get(f"/people/{ANNA}").status_code == 200
    day["today"] = date(2024, 12, 31)
    assert client.get(f"/people/{ANNA}").status_code == 403


def test_a_newly_published_version_is_noticed(open_client: Opener, world: Any) -> None:
    current = {"version": "v000001-00000000"}
    client = open_client("clinician", published=lambda: replace(world.publish(), id=current["version"]))
    assert "v000001-00000000" in client.get("/help").text
    current["version"] = "v000002-00000000"
    assert "v000002-00000000" in client.get("/help").text


def test_the_demonstration_keeps_the_clinician_that_it_began_with(open_client: Opener, world: Any) -> None:
    kept = ensure_demo_users(world.desk, TODAY)
    other = replace(kept[0], username="CP0", display_name="Somebody else")
    page = open_client(demo_users=(other, kept[1])).get("/sign-in").text
    assert 'value="CP0"' in page
    assert f'value="{kept[0].username}"' not in page


def test_last_weeks_score_is_neither_shown_nor_reviewed(open_client: Opener, world: Any, post: Post) -> None:
    later = {"mental_health": TODAY, "gp": TODAY}
    client = open_client("clinician", published=lambda: world.publish(as_of=later))
    page = client.get(f"/people/{ANNA}?reason=missed_90d").text
    assert "people like this" not in page
    assert "Missed 2 contacts" not in page
    answer = post(client, f"/people/{ANNA}/reviews", agree="yes", action="no-change", note="")
    assert answer.status_code == 409
    assert "no score to review" in answer.text
    assert list_reviews(world.desk) == []


def test_a_page_names_only_whom_it_lists_and_as_many_as_there_are(
    open_client: Opener, world: Any, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("washhouse.web.shell.people.REVEAL_LIMIT", 1)
    client = open_client("clinician")
    assert client.get("/caseload?show=no-contact").status_code == 200
    named = {row.subject for row in world.audited(action="reveal")}
    assert ANNA not in named
    assert CARLA in named
    assert post(client, "/caseload", q="a").status_code == 200
    assert ANNA in {row.subject for row in world.audited(action="reveal")}


def add_old_review(world: Any, person: str = ANNA, user: str = "CP1", days: int = 8) -> int:
    return add_review(
        world.desk,
        person_id=person,
        user=user,
        index_date=TODAY - timedelta(days=days),
        model_version="m1",
        agree="yes",
        action="home-visit",
        at=NOW - timedelta(days=days),
    )


def test_a_week_later_it_is_asked_what_came_of_a_review(open_client: Opener, world: Any, post: Post) -> None:
    number, client = add_old_review(world), open_client("clinician")
    assert f"/people/{ANNA}#follow-up-{number}" in client.get("/").text
    assert f'id="follow-up-{number}"' in client.get(f"/people/{ANNA}").text
    said = post(
        client, f"/people/{ANNA}/reviews/{number}/follow-up", done="yes", changed="better", useful="partly",
        note="Anna Ashdown came",
    )  # fmt: skip
    page = client.get(said.headers["location"]).text
    assert "What came of it is saved" in page and "yes, for the better" in page
    assert f'id="follow-up-{number}"' not in page and "A week later" not in client.get("/").text
    assert list_follow_ups(world.desk, [number])[number].note == "[removed] came"
    undone = post(client, f"/people/{ANNA}/reviews/{number}/follow-up/undo")
    assert "taken back" in client.get(undone.headers["location"]).text
    assert list_follow_ups(world.desk, [number]) == {}


def test_it_is_not_asked_too_early_nor_of_others_reviews(open_client: Opener, world: Any) -> None:
    early, others = add_old_review(world, days=6), add_old_review(world, user="CP0")
    page = open_client("clinician").get(f"/people/{ANNA}").text
    assert f'id="follow-up-{early}"' not in page and f'id="follow-up-{others}"' not in page


def test_answers_with_a_mistake_say_so_and_keep_what_was_given(open_client: Opener, world: Any, post: Post) -> None:
    number = add_old_review(world)
    answer = post(open_client("clinician"), f"/people/{ANNA}/reviews/{number}/follow-up", done="yes", note="Kept words")
    assert answer.status_code == 400 and "There is a problem" in answer.text
    assert f'href="#changed-{number}"' in answer.text and "Kept words" in answer.text
    assert list_follow_ups(world.desk, [number]) == {}


def test_nobody_says_what_came_of_others_reviews_or_of_people_in_others_care(
    open_client: Opener, world: Any, post: Post
) -> None:
    client, others = open_client("clinician"), add_old_review(world, user="CP0")
    away = add_old_review(world, person=DORA)
    answers = {"done": "yes", "changed": "no", "useful": "no"}
    assert post(client, f"/people/{ANNA}/reviews/{others}/follow-up", **answers).status_code == 403
    assert post(client, f"/people/{DORA}/reviews/{away}/follow-up", **answers).status_code == 403
    assert post(client, f"/people/{ANNA}/reviews/{away}/follow-up", **answers).status_code == 404
    assert post(client, f"/people/{ANNA}/reviews/x/follow-up", **answers).status_code == 404
    assert post(client, f"/people/{ANNA}/reviews/{others}/follow-up/undo").status_code == 404
    assert list_follow_ups(world.desk, [others, away]) == {}


def test_the_list_says_which_gates_its_model_does_not_pass(open_client: Opener, world: Any) -> None:
    assert "does not pass every check" not in open_client("clinician").get("/caseload").text
    told = {"models": {"crisis": {"status": "scored", "message": "Scored.", "failed_gates": ["Slope 1.9 <is> wide."]}}}
    now = replace(world.services.published(), summary=told)
    page = open_client("clinician", published=lambda: now).get("/caseload").text
    assert "does not pass every check" in page and "Slope 1.9 &lt;is&gt; wide." in page


def test_a_trend_shows_what_was_published_and_shades_weeks_without_the_team(open_client: Opener, world: Any) -> None:
    then = TODAY - timedelta(days=21)
    rows = [score(ANNA, 0.4, then, scored_afterwards=True), score(ANNA, 0.2, TODAY), score(CARLA, 0.1, TODAY)]
    tables = {**world.version.tables, SCORE.name: world.lake.write(SCORE, table_of(SCORE, rows))}
    client = open_client("clinician", published=lambda: world.publish(tables=tables))
    page = client.get(f"/people/{ANNA}/trend").text
    assert page.count("of 25 people like this") == 2
    assert page.count("Scored afterwards") == page.count("wh-trend__dot--later") == 1
    assert "1 week that was scored afterwards" in page
    assert "wh-trend__without" not in page
    assert client.get(f"/people/{CARLA}/trend").text.count("wh-trend__without") == 24


def test_a_row_draws_24_weeks_and_says_them(open_client: Opener) -> None:
    page = open_client("clinician").get("/caseload").text
    assert "24 weeks: from about 1 to about 5 of 25, about 5 at most." in page
    assert "24 weeks: about 1 of 25 at first and now, about 1 at most; 24 weeks not with the team." in page


def test_what_changed_comes_first_where_the_address_says_so(open_client: Opener) -> None:
    client = open_client("clinician")
    by_risk, by_change = (client.get(f"/caseload{query}").text for query in ("", "?order=changed&n=5"))
    anna, carla = f'/people/{ANNA}"', f'/people/{CARLA}"'
    assert by_risk.index(anna) < by_risk.index(carla) and "Risk moved</strong>" not in by_risk
    assert by_change.index(carla) < by_change.index(anna), "Carla is new on the list, Anna's risk moved"
    assert "New on the list</strong>" in by_change and "Risk moved</strong>" in by_change
    assert "This list of" not in by_change and "/caseload.csv?n=5&amp;order=changed" in by_change


def test_a_view_is_kept_by_its_filters_and_removed(open_client: Opener, post: Post) -> None:
    client = open_client("clinician")
    kept = post(client, "/caseload/views", n="5", show="changed", q="Ashdown")
    assert kept.headers["location"] == "/caseload?n=5&show=changed"
    post(client, "/caseload/views", n="5", show="changed")
    post(client, "/caseload/views", n="nonsense", show="risk")
    page = client.get("/caseload").text
    views = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a><form class="wh-views__form"', re.sub(r">\s+<", "><", page))
    assert views == [
        ("/caseload", "First 10: everybody"),
        ("/caseload?n=5&amp;show=changed", "First 5: changed since last week"),
    ]
    assert "Ashdown" not in page.split('class="wh-views"')[1].split("</div>")[0]
    assert "/caseload?n=5" not in open_client("team-manager").get("/caseload").text, "views are one's own"
    post(client, "/caseload/views/remove", n="5", show="changed")
    assert "First 5: changed" not in client.get("/caseload").text


def test_a_view_that_was_kept_with_a_length_is_not_cut_by_it_and_can_be_removed(
    open_client: Opener, world: Any, post: Post
) -> None:
    save_view(world.desk, "CP1", "n=5&show=gaps", NOW)
    client = open_client("clinician")
    page = client.get("/caseload?show=gaps").text
    assert "Everybody: a standard of care not met" in page and 'aria-current="true">Everybody: a standard' in page
    post(client, "/caseload/views/remove", n="all", show="gaps")
    assert "Everybody: a standard" not in client.get("/caseload").text


def test_the_list_says_up_to_which_day_other_services_news_is_known(open_client: Opener, world: Any) -> None:
    now = replace(
        world.services.published(), summary={"covers": {"mental_health": "2025-07-01", "hospital": "2025-05-31"}}
    )
    page = open_client("clinician", published=lambda: now).get("/caseload").text
    assert "News of hospital and A&amp;E is known up to 31 May 2025." in page and "no news is not no events" in page
    assert "News of social care is not known: the source has sent nothing." in page
