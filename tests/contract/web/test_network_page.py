"""Whom and what does the network page show, whom does it never, and what is written down?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

Opener = Callable[..., TestClient]
ANNA, BEN, CARLA, DORA = (f"{place:08x}" + name * 24 for place, name in enumerate("abcd", start=1))
RETIRED_ANNA = "0" * 7 + "9" + "f" * 24
PAGE = f"/people/{ANNA}/network"


def tables(page: str) -> list[list[list[str]]]:
    """The lists of ties: each row's cells as plain words."""
    found = []
    for table in re.findall(r'<table class="[^"]*wh-ties".*?</table>', page, re.DOTALL):
        rows = re.findall(r'<tr class="nhsuk-table__row".*?</tr>', table, re.DOTALL)
        cells = [re.findall(r'wh-cell__value">(.*?)</span></td>', row, re.DOTALL) for row in rows]
        found.append([[_plain(cell) for cell in row] for row in cells])
    return found


def drawn(page: str, which: str = "wide") -> list[str]:
    """What the boxes of a drawing say in full."""
    (drawing,) = re.findall(rf'<svg class="wh-network wh-network--{which}.*?</svg>', page, re.DOTALL)
    return [unescape(title) for title in re.findall(r"<title>(.*?)</title>", drawing)]


def _plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_ties_are_ranked_named_and_say_why_and_since_when(open_client: Opener) -> None:
    page = open_client("clinician").get(PAGE).text
    (rows,) = tables(page)
    assert [row[0] for row in rows] == [
        "Ben Bickerton Person in your care",
        "Person 1 Person not in your care",
        "Care co-ordinator CP1 Practitioner",
        "Community mental health, functional (T1) Team",
        "Social care service: long term support community Service",
        "Practice N99001 GP practice",
    ]
    assert rows[0][1] == (
        "Carer : is cared for by Ben Bickerton since 1 Mar 2024 · Social care "
        "Household : same address and postcode since 1 Mar 2024 · GP"
    )
    assert "Shared phone : same telephone number" in rows[1][1]


def test_the_drawings_and_the_list_say_the_same(open_client: Opener) -> None:
    page = open_client("clinician").get(PAGE).text
    (rows,) = tables(page)
    listed = {row[0] for row in rows}
    for which in ("wide", "narrow"):
        boxes = {title.replace(", ", " ", 1) if title.count(", ") == 1 else title for title in drawn(page, which)}
        assert len(boxes) == len(listed) + 1
        assert all(any(_plain(box).startswith(name.split(" ")[0]) for box in boxes) for name in listed)
        (drawing,) = re.findall(rf'<svg class="wh-network wh-network--{which}.*?</svg>', page, re.DOTALL)
        for words in ("Cared for by, Household", "Household, Phone", "since 1 Mar 2024"):
            assert words in unescape(drawing), (which, words)


def test_who_is_not_in_their_care_has_no_name_no_id_and_cannot_be_followed(open_client: Opener) -> None:
    client = open_client("clinician")
    for address in (PAGE, f"{PAGE}?open={BEN}", f"{PAGE}?open={DORA}", f"{PAGE}?open={BEN}&open={DORA}"):
        page = client.get(address).text
        assert DORA not in page and "Dunkerley" not in page
        assert "9" * 32 not in page and "8" * 32 not in page, "nor what they have in common"
        assert "7" * 24 not in page


def test_a_neighbour_in_their_care_is_followed_and_closed_by_addresses_alone(open_client: Opener) -> None:
    client = open_client("clinician")
    (link,) = re.findall(r'href="([^"]*open=[^"]*)"', client.get(PAGE).text)
    assert link == f"{PAGE}?open={BEN}#ties-{BEN}"
    page = client.get(link).text
    assert f'id="ties-{BEN}">Ties of Ben Bickerton<' in page
    ben = tables(page)[1]
    assert ben[0][0] == "Person 1 Person not in your care", "the same stranger as above"
    assert ben[0][2] == "Shown above"
    team = next(row for row in ben if row[0].endswith("Team"))
    assert team[1].endswith("1 Mar 2024 to 31 May 2025 (ended) · Mental health")
    assert not any("Anna" in row[0] for row in ben), "the way back is the way there"
    (close,) = {address.partition("#")[0] for address in re.findall(r'href="([^"]*)"[^>]*>Hide', page)}
    assert len(tables(client.get(close).text)) == 1


def test_fifty_at_most_and_the_rest_is_counted(open_client: Opener) -> None:
    page = open_client("clinician").get(f"{PAGE}?open={BEN}").text
    ends = [row for table in tables(page) for row in table if row[2] != "Shown above"]
    assert len(ends) + 1 == 50
    # Ben has 60 strangers in his home beside those above: 43 found room.
    assert "17 more are not shown" in page and "17 more not shown" in page
    for which in ("wide", "narrow"):
        assert len(drawn(page, which)) == 50 + 2, "and what is shown above, again"


@pytest.mark.parametrize(
    ("show", "rows"),
    [("", 6), ("people", 2), ("care", 4), ("team", 1), ("phone", 1), ("address", 0), ("nonsense", 6)],
)
def test_a_part_of_the_network_stands_in_the_address(open_client: Opener, show: str, rows: int) -> None:
    page = open_client("clinician").get(f"{PAGE}?show={show}").text
    assert sum(len(table) for table in tables(page)) == rows
    if not rows:
        assert "No tie is known here, or none may be shown." in page
    choices = re.findall(r'class="wh-switch__item" href="([^"]*)"[^>]*>([^<]+)<span[^>]*>(\d+)<', page)
    counted = {text.strip(): int(count) for _, text, count in choices}
    assert (counted["All"], counted["Home and family"], counted["Those who care"], counted["Team"]) == (6, 2, 4, 1)


def test_somebody_without_ties_is_told_so(open_client: Opener) -> None:
    page = open_client("clinician").get(f"/people/{CARLA}/network").text
    assert "No tie is known here, or none may be shown." in page
    assert "<table" not in page


def test_every_person_whose_ties_were_read_is_written_down_and_no_stranger(open_client: Opener, world: Any) -> None:
    client = open_client("clinician")
    before = len(world.audited())
    client.get(f"{PAGE}?open={BEN}")
    rows = world.audited()[before:]
    assert {(row.action, row.subject, row.outcome) for row in rows} == {
        ("read-relations", ANNA, "allow"),
        ("read-relations", BEN, "allow"),
        ("reveal", ANNA, "allow"),
        ("reveal", BEN, "allow"),
    }
    details = {row.subject: json.loads(row.detail) for row in rows if row.action == "read-relations"}
    assert (details[ANNA]["others"], details[BEN]["others"]) == (2, 62)
    assert "saw to whom and what they are tied" in client.get(f"/people/{ANNA}/viewers").text.lower()


def test_a_person_in_others_care_and_a_steward_are_refused(open_client: Opener) -> None:
    clinician = open_client("clinician")
    there, not_there = (clinician.get(f"/people/{who}/network") for who in (DORA, "7" * 32))
    assert there.status_code == not_there.status_code == 403
    assert there.text == not_there.text
    assert open_client("steward").get(PAGE).status_code == 403
    assert open_client().get(PAGE).headers["location"].startswith("/sign-in")


def test_an_address_may_ask_for_anything(open_client: Opener) -> None:
    client = open_client("clinician")
    for query in (
        "open=",
        "open=x'--",
        f"open={ANNA}",
        f"open={'f' * 32}",
        "&".join(f"open={n:032x}" for n in range(90)),
    ):
        page = client.get(f"{PAGE}?{query}")
        assert page.status_code == 200
        assert len(tables(page.text)) == 1
    moved = client.get(f"/people/{RETIRED_ANNA}/network")
    assert (moved.status_code, moved.headers["location"]) == (303, PAGE)


def test_the_persons_page_leads_there(open_client: Opener) -> None:
    assert f'href="{PAGE}"' in open_client("clinician").get(f"/people/{ANNA}").text
