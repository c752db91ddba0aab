"""Does a team manager see their team, hold supervision and share people out, and does what is overdue surface?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from washhouse.record.tables import CARE_RELATION

from .conftest import ANNA, DORA, EMIL, TODAY, later, referral, table_of

Opener = Callable[..., TestClient]
Post = Callable[..., Any]
SESSION = "/team/supervision/CP1/1"


@pytest.fixture
def session(open_client: Opener, post: Post) -> TestClient:
    """A manager who has begun supervision of CP1."""
    client = open_client("team-manager")
    assert post(client, "/team/supervision/CP1").headers["location"] == SESSION
    return client


def told(client: TestClient, address: str) -> str:
    """A page without the space between its elements."""
    return re.sub(r">\s+<", "><", client.get(address).text)


def decide(post: Post, client: TestClient, person: str = ANNA, **fields: str) -> Any:
    values = {"do": "decide", "choice": "home-visit", "due": "7", "who": "CP1", "note": "Ask Anna Ashdown first"}
    return post(client, f"{SESSION}/people/{person}", **{**values, **fields})


def test_the_team_s_workers_with_what_each_has(open_client: Opener) -> None:
    page = open_client("team-manager").get("/team").text
    assert "5 people with 2 workers" not in page, "the dead are nobody's work"
    assert "4 people with 2 workers of Community mental health, functional (T1)" in page
    assert re.findall(r'href="/team/supervision/(\w+)"', page) == ["CP0", "CP1"]
    assert "Nothing that supervision decided is overdue." in page


def test_the_agenda_holds_the_worker_s_people_by_name(open_client: Opener) -> None:
    page = open_client("team-manager").get("/team/supervision/CP1").text
    assert re.findall(r'href="/people/\w+">([^<]+)<', page) == ["Anna Ashdown", "Ben Bickerton", "Carla Cropper"]
    for words in ("Missed a contact on 27 June", "On a ward or with a crisis team", "No attended contact"):
        assert words in page
    assert "Dunkerley" not in page and "Eccles" not in page


@pytest.mark.parametrize(
    "address", ["/team/supervision/CP9", "/team/supervision/CP1/7", f"/team/allocation/{'7' * 32}"]
)
def test_what_is_not_the_team_s_is_not_there(open_client: Opener, address: str) -> None:
    assert open_client("team-manager").get(address).status_code in (403, 404)


def test_a_session_keeps_what_was_talked_over_and_decided(session: TestClient, post: Post) -> None:
    assert "Talked over</strong>" not in session.get(SESSION).text
    post(session, f"{SESSION}/people/{ANNA}", do="seen")
    assert decide(post, session).status_code == 303
    page = session.get(SESSION).text
    assert "Talked over</strong>" in page
    assert "Arrange a home visit, due by 8 July" in page and "Ask [removed] first" in page
    post(session, "/decisions/2/undo", back=SESSION)
    assert "due by 8 July" not in session.get(SESSION).text
    assert post(session, "/decisions/2/undo").status_code == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"choice": ""}, 400), ({"due": "3650"}, 400), ({"who": "CP0"}, 400), ({"person": DORA}, 404)],
)
def test_a_decision_with_a_mistake_is_not_kept(
    session: TestClient, post: Post, fields: dict[str, str], status: int
) -> None:
    assert decide(post, session, **fields).status_code == status
    assert "due by" not in session.get(SESSION).text


def test_whoever_is_quiet_is_in_the_other_group_with_the_same_forms(open_client: Opener, post: Post) -> None:
    client = open_client("team-manager")
    for number in (1, 2):
        address = f"/team/supervision/CP0/{number}"
        assert post(client, "/team/supervision/CP0").headers["location"] == address
        for seen in (False, True):
            talk, _, quiet = client.get(address).text.partition("Everybody else")
            card, other = (quiet, talk) if number == 2 else (talk, quiet)
            assert "Dora Dunkerley" in card and "Dora Dunkerley" not in other, "noting it moves nobody"
            assert ("Talked over</strong>" in card) is seen
            assert "Save decision" in card and f"/team/allocation/{DORA}?back={address}%23p-{DORA}" in card
            post(client, f"{address}/people/{DORA}", do="seen")


def test_the_next_session_follows_up_and_takes_back(open_client: Opener, post: Post, world: Any) -> None:
    client, pages = open_client("team-manager"), {}
    post(client, "/team/supervision/CP1")
    decide(post, client)
    client = open_client("team-manager", **later(world, days=7))
    assert post(client, "/team/supervision/CP1").headers["location"] == "/team/supervision/CP1/2"
    for step in ("/decisions/1/done", "/decisions/1/undo", "/decisions/1/done"):
        place = f"/team/supervision/CP1/2#p-{ANNA}"
        assert post(client, step, choice="not-needed", back=place).headers["location"] == place
        pages[step] = client.get("/team/supervision/CP1/2").text
    assert "No longer needed</strong>" in pages["/decisions/1/done"]
    assert "No longer needed</strong>" not in pages["/decisions/1/undo"]
    earlier = client.get(SESSION).text
    assert "Go to the latest" in earlier and "Save decision" not in earlier
    client = open_client("team-manager", **later(world, days=14))
    assert "Go on with the session" not in client.get("/team/supervision/CP1").text
    post(client, "/team/supervision/CP1")
    assert "Go on with the session" in client.get("/team/supervision/CP1").text
    assert "due by 8 July" not in client.get("/team/supervision/CP1/3").text, "settled before it began"


def test_what_is_overdue_surfaces_until_it_is_done(
    open_client: Opener, session: TestClient, post: Post, world: Any
) -> None:
    decide(post, session)
    later = {"today": lambda: TODAY + timedelta(8)}
    manager, clinician = open_client("team-manager", **later), open_client("clinician", **later)
    home = clinician.get("/").text
    assert "Decided in supervision" in home and "Overdue</strong>" in home
    assert "Arrange a home visit, due by 8 July, Care co-ordinator CP1" in manager.get("/").text
    for client, page in ((manager, "/team"), (clinician, "/")):
        (back,) = re.findall(r'name="back" value="([^"]+)"><span class="wh-quiet">What became', told(client, page))
        assert post(client, "/decisions/1/done", choice="partly", back=back).headers["location"] == back
        assert "Arrange a home visit, due by 8 July: <strong>Done in part</strong>" in client.get(back).text
        assert "What became of it?" not in client.get(back).text
        assert "Done in part</strong>" not in client.get(page).text, "it is told once"
        post(client, "/decisions/1/undo", back=page)
        assert "Overdue</strong>" in clinician.get("/").text
    assert post(clinician, "/decisions/1/done", choice="yes").headers["location"] == "/"
    assert "Decided in supervision" not in clinician.get("/").text
    assert "Nothing that supervision decided is overdue." in manager.get("/team").text
    assert [row.actor for row in world.audited(action="answer-decision", subject=ANNA)] == [
        *["demo-team-manager"] * 2,
        *["CP1"] * 3,
    ]


def test_what_a_manager_is_to_do_stands_on_their_page(session: TestClient, post: Post) -> None:
    decide(post, session, who="demo-team-manager")
    page = session.get("/team").text
    assert "Yours to do" in page and "due by 8 July, Demo team manager" in page
    post(session, "/decisions/1/done", choice="yes")
    assert "Yours to do" not in session.get("/team").text


def test_a_person_is_given_to_another_worker_by_a_human_who_may_undo_it(
    open_client: Opener, post: Post, world: Any
) -> None:
    client = open_client("team-manager")
    page = client.get(f"/team/allocation/{ANNA}").text
    assert "Now with Care co-ordinator CP1" in page and "Care co-ordinator CP0: 1 person" in page
    assert "checked" not in page, "nobody is chosen beforehand"
    for mistake in ({"worker": "CP1", "reason": "Has more time now"}, {"worker": "CP0", "reason": "short"}):
        assert post(client, f"/team/allocation/{ANNA}", **mistake).status_code == 400
    assert post(client, f"/team/allocation/{ANNA}", worker="CP0", reason="Has more time now").status_code == 303
    team = client.get("/team").text
    assert "From Care co-ordinator CP1 to Care co-ordinator CP0: Has more time now" in team
    assert ANNA in client.get("/team/supervision/CP1").text, "the caseload follows the sending system alone"
    with world.desk.writing() as desk:
        desk.execute(text("DELETE FROM memberships WHERE username = 'CP0'"))
    assert "to CP0: Has more time now" in client.get("/team").text, "whoever takes over may have left the team"
    post(client, "/decisions/1/undo", back="/team")
    assert "Has more time now" not in client.get("/team").text


def test_an_allocation_waits_until_the_sender_named_the_worker(
    open_client: Opener, session: TestClient, post: Post, world: Any
) -> None:
    client = session
    for reason in ("Has more time now", "Knows the family well"):
        sent = post(client, f"/team/allocation/{ANNA}", worker="CP0", reason=reason, back=f"{SESSION}#p-{ANNA}")
        assert sent.headers["location"] == f"{SESSION}#p-{ANNA}"
    team, agenda = client.get("/team").text, client.get(SESSION).text
    assert "Knows the family well" in team and "Knows the family well" in agenda
    assert "Has more time now" not in team + agenda, "the later one takes its place"
    assert "Care co-ordinator CP0 takes over" in agenda
    # CP0 was named, and since then somebody else: the person is with CP1 again.
    named = [referral(ANNA, "T1", worker="CP0", until=TODAY + timedelta(2)), referral(ANNA, "T1", worker="CP1")]
    number = world.lake.write(CARE_RELATION, table_of(CARE_RELATION, named))
    tables = {**world.version.tables, CARE_RELATION.name: number}
    client = open_client("team-manager", published=lambda: world.publish(tables=tables))
    assert "Knows the family well" not in client.get("/team").text + client.get(SESSION).text


def test_the_dead_wait_for_nobody(open_client: Opener, session: TestClient, post: Post) -> None:
    decide(post, session, person=EMIL, who="demo-team-manager")
    manager = open_client("team-manager", today=lambda: TODAY + timedelta(8))
    assert "Nothing that supervision decided is overdue." in manager.get("/team").text
    assert "    0  decided in supervision and overdue" in manager.get("/digest.eml").text


def test_a_manager_reads_a_person_but_reviews_no_score(open_client: Opener, post: Post) -> None:
    client = open_client("team-manager")
    page = client.get(f"/people/{ANNA}").text
    assert "Standards of care" in page and "About 5 of 25 people like this" in page
    assert "Household" not in page and "Save review" not in page and "Who viewed" not in page
    assert post(client, f"/people/{ANNA}/reviews", agree="yes", action="no-change").status_code == 403


def test_a_manager_of_another_team_sees_nobody(open_client: Opener, world: Any) -> None:
    client = open_client("team-manager")
    with world.desk.writing() as desk:
        desk.execute(text("DELETE FROM memberships WHERE username = 'demo-team-manager'"))
    assert client.get(f"/people/{ANNA}").status_code == 403
    assert client.get("/team/supervision/CP1").status_code == 404
    assert "names nobody in your team" in client.get("/team").text


def test_a_person_who_was_merged_keeps_what_was_decided(session: TestClient, post: Post) -> None:
    retired = "0" * 7 + "9" + "f" * 24
    assert decide(post, session, person=retired).status_code == 303
    assert "due by 8 July" in session.get(SESSION).text


def test_a_digest_counts_and_names_nobody(open_client: Opener, session: TestClient, post: Post) -> None:
    decide(post, session)
    for role in ("clinician", "team-manager"):
        answer = open_client(role, today=lambda: TODAY + timedelta(8)).get("/digest.eml")
        assert "    1  decided in supervision and overdue" in answer.text
        assert "Invented people" in answer.text and answer.headers["content-type"].startswith("message/rfc822")
        assert not re.search(r"Ashdown|Anna|[0-9a-f]{32}|943|Canal|home visit", answer.text)


def test_outcomes_count_the_team_and_name_nobody(open_client: Opener, session: TestClient, post: Post) -> None:
    decide(post, session)
    page = open_client("team-manager").get("/team/outcomes").text
    cells = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    # Anna and Dora were seen on 20 June; Carla in January. Emil has died.
    assert "People with an attended contact Now 2 The span before 0 Of 4" in cells
    assert "Decisions of supervision Count 1" in cells
    assert "Ashdown" not in page and ANNA not in page
