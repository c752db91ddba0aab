"""Is it kept who was shown which score, at which place of a list of how many, by every page that shows one?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from washhouse.desk.models import ScoreExposureRow

from .conftest import ANNA, BEN, CARLA, NOW, TODAY

Opener = Callable[..., TestClient]
Post = Callable[..., Any]


def shown(world: Any) -> list[tuple[str, str, str, int | None, int]]:
    """To whom, where, of whom, at which place, on a list of how many."""
    with world.desk.reading() as session:
        rows = session.execute(select(ScoreExposureRow).order_by(ScoreExposureRow.id)).scalars()
        return [(row.username, row.page, row.person_id, row.place, row.listed) for row in rows]


def test_a_caseload_keeps_whom_it_listed_where_and_how_many(open_client: Opener, world: Any, post: Post) -> None:
    client = open_client("clinician")
    client.get("/caseload")
    assert shown(world) == [("CP1", "/caseload", ANNA, 1, 2), ("CP1", "/caseload", CARLA, 2, 2)]
    with world.desk.reading() as session:
        row = session.execute(select(ScoreExposureRow)).scalars().first()
    assert (row.at, row.model, row.model_version, row.index_date) == (NOW, "crisis", "m1", TODAY)
    assert row.record_version == world.version.id
    post(client, "/caseload.csv", q="ashdown")
    assert shown(world)[2:] == [("CP1", "/caseload.csv", ANNA, 1, 1)], "the rows that are handed out, no others"


@pytest.mark.parametrize(
    ("role", "address", "people"),
    [
        ("clinician", f"/people/{ANNA}", [(ANNA, None), (ANNA, None)]),
        ("clinician", "/next-contact", [(ANNA, 1), (CARLA, 2)]),
        ("clinician", "/next-contact.csv", [(ANNA, 1), (CARLA, 2)]),
        ("clinician", f"/people/{ANNA}/trend", [(ANNA, None)]),
        ("clinician", "/", [(ANNA, 1), (CARLA, 2)]),
        ("team-manager", "/team/supervision/CP1", [(ANNA, None), (CARLA, None)]),
        ("clinician", f"/people/{BEN}", []),
        ("clinician", "/step-down", []),
        ("clinician", f"/people/{ANNA}/step-down", []),
        ("team-manager", "/team", []),
        ("steward", "/models", []),
    ],
)
def test_every_page_that_shows_a_score_keeps_it_and_no_other(
    open_client: Opener, world: Any, role: str, address: str, people: list[tuple[str, int | None]]
) -> None:
    assert open_client(role).get(address).status_code == 200
    assert [(person, place) for _, _, person, place, _ in shown(world)] == people


def test_a_score_that_cannot_be_noted_is_not_shown(open_client: Opener, world: Any) -> None:
    with world.desk.writing() as session:
        session.execute(text("DROP TABLE score_exposures"))
    answer = open_client("clinician").get(f"/people/{ANNA}")
    assert answer.status_code == 503 and "of 25" not in answer.text


def test_a_steward_sees_how_many_were_shown_by_model_and_none_of_few(open_client: Opener) -> None:
    clinician, steward = open_client("clinician"), open_client("steward")
    clinician.get("/caseload")

    def tables() -> list[str]:
        return steward.get("/watch").text.split('id="shown"')[1].split('id="volumes"')[0].split("<h3 ")[1:]

    (crisis,) = tables()
    assert "Crisis care within 28 days" in crisis
    assert "30 June 2025" in crisis and "1 to 7" in crisis and "not told" in crisis
    clinician.get("/next-contact")
    assert ["Non-attendance of the next contact" in table for table in tables()] == [False, True]
