"""Behind which guards do a telephone number or an address tie two people?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from washhouse.linkage import standardise
from washhouse.linkage.columnar import standard_column
from washhouse.linkage.households import Residents, households
from washhouse.linkage.shared import MAX_SHARERS_OF_ADDRESS, MAX_SHARERS_OF_PHONE, shared_addresses, shared_phones

Row = dict[str, Any]
TEXTS = {
    "address": standardise.address,
    "postcode": standardise.postcode,
    "uprn": standardise.identifier,
    "surname": standardise.name,
    "phone": standardise.phone,
}


def record(person: str, phone: str | None = "0151 496 0123", address: str | None = None, **more: Any) -> Row:
    return {
        "person": person,
        "phone": phone,
        "address": address,
        "postcode": "L8 1TN",
        "uprn": None,
        "surname": "Khan",
        "restricted": False,
        "seen": 1,
        "died": False,
        "withheld": False,
    } | more


def sharing(rows: Sequence[Row], what: str = "phones") -> tuple[list[tuple[str, str, bool]], dict[str, int]]:
    """Who shares what: person, the thing, whether it ended."""
    names = sorted({row["person"] for row in rows})
    columns = {
        column: standard_column(pa.array([row[column] for row in rows], pa.string()), standard)
        for column, standard in TEXTS.items()
    }
    phone = columns.pop("phone")
    flags = {column: np.array([row[column] for row in rows]) for column in ("restricted", "died", "withheld", "seen")}
    person = np.array([names.index(row["person"]) for row in rows], dtype=np.int32)
    residents = Residents(person=person, **columns, **flags)
    found = shared_phones(residents, phone) if what == "phones" else shared_addresses(residents, households(residents))
    told = zip(found.row.tolist(), found.thing.tolist(), found.ended.tolist(), strict=True)
    return [(rows[i]["person"], found.keys[thing], ended) for i, thing, ended in told], found.kept_back


def people(*rows: Row, what: str = "phones") -> list[str]:
    return [person for person, _, _ in sharing(rows, what)[0]]


def test_one_number_however_written_ties_its_people() -> None:
    found, kept_back = sharing([record("p"), record("q", "+44 151 4960123"), record("r", "0151 496 0124")])
    assert found == [("p", "1514960123", False), ("q", "1514960123", False)]
    assert kept_back == {"restricted": 0, "communal": 0, "too many people": 0}


def test_several_records_of_one_person_tie_nobody() -> None:
    assert people(record("p"), record("p", seen=2)) == []
    assert people(record("p", None), record("q", None)) == []


def test_a_number_of_more_people_than_a_home_holds_is_an_organisations() -> None:
    crowd = [record(f"p{i}") for i in range(MAX_SHARERS_OF_PHONE + 1)]
    assert sharing(crowd) == ([], {"restricted": 0, "communal": 0, "too many people": 1})
    assert len(people(*crowd[1:])) == MAX_SHARERS_OF_PHONE
    # Who may not be told still counts: the number does not become a home's by leaving them out.
    assert people(*crowd[1:], record("dead", died=True)) == []


def test_a_number_noted_for_a_communal_address_is_the_places() -> None:
    found, kept_back = sharing([record("p", address="Sunnyside Care Home, 2 Mill Road"), record("q"), record("r")])
    assert (found, kept_back["communal"]) == ([], 1)


def test_the_restricted_the_withheld_and_the_dead_share_nothing() -> None:
    assert people(record("p", restricted=True), record("q"), record("r")) == []
    assert people(record("p", withheld=True), record("q"), record("r")) == ["q", "r"]
    assert people(record("p", died=True), record("q"), record("r")) == ["q", "r"]


def test_who_moved_away_shares_the_old_address_until_then() -> None:
    rows = [
        record("p", None, "1 Mill Road"),
        record("q", None, "1 Mill Road", seen=1),
        record("q", None, "9 Hill Road", seen=2),
    ]
    found, _ = sharing(rows, "addresses")
    assert [(person, ended) for person, _, ended in found] == [("p", False), ("q", True)]


def test_where_everybody_is_of_the_household_the_address_adds_nothing() -> None:
    rows = [record("p", None, "1 Mill Road"), record("q", None, "1 Mill Rd")]
    assert people(*rows, what="addresses") == []
    # The third has it in an older record: now there is something to say, of all three.
    older = [record("r", None, "1 Mill Road"), record("r", None, "9 Hill Road", seen=2)]
    assert people(*rows, *older, what="addresses") == ["p", "q", "r"]


def test_a_shared_house_is_no_household_and_still_an_address() -> None:
    rows = [record(f"p{i}", None, "1 Mill Road", surname=name) for i, name in enumerate("ABCDE")]
    assert people(*rows, what="addresses") == ["p0", "p1", "p2", "p3", "p4"]


def test_communal_restricted_and_crowded_addresses_tie_nobody() -> None:
    other = {"surname": "Smith"}
    for address in ("Mill Road Surgery", "YMCA Hostel", "HMP Altcourse"):
        assert people(record("p", None, address), record("q", None, address, **other), what="addresses") == []
    crowd = [record(f"p{i}", None, "1 Mill Road", surname="ABCDEFGHIJK"[i]) for i in range(MAX_SHARERS_OF_ADDRESS + 1)]
    assert people(*crowd, what="addresses") == []
    assert len(people(*crowd[1:], what="addresses")) == MAX_SHARERS_OF_ADDRESS
    sealed = [record(f"p{i}", None, "1 Mill Road", surname="ABCDEF"[i], restricted=i == 0) for i in range(6)]
    assert people(*sealed, what="addresses") == []
