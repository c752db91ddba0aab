"""Behind which guards does an address make a household?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from washhouse.linkage import households as homes
from washhouse.linkage import standardise
from washhouse.linkage.columnar import standard_column

Row = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """One person in a household, as the tests speak of them."""

    person_id: str
    key: str
    evidence: str


def resident(person: str, address: str | None = "1 Mill Rd", surname: str = "Khan", **more: Any) -> Row:
    return {
        "person": person,
        "address": address,
        "postcode": "L8 1TN",
        "uprn": None,
        "surname": surname,
        "restricted": False,
        "seen": 1,
        "died": False,
        "withheld": False,
    } | more


def households(rows: Sequence[Row]) -> tuple[list[Member], dict[str, int]]:
    names = sorted({row["person"] for row in rows})
    columns = {
        column: standard_column(pa.array([row[column] for row in rows], pa.string()), standard)
        for column, standard in (
            ("address", standardise.address),
            ("postcode", standardise.postcode),
            ("uprn", standardise.identifier),
            ("surname", standardise.name),
        )
    }
    flags = {column: np.array([row[column] for row in rows]) for column in ("restricted", "died", "withheld", "seen")}
    person = np.array([names.index(row["person"]) for row in rows], dtype=np.int32)
    found = homes.households(homes.Residents(person=person, **columns, **flags))
    words = {True: "same property reference (UPRN)", False: "same address and postcode"}
    members = zip(found.row.tolist(), found.home.tolist(), found.by_uprn.tolist(), strict=True)
    return [Member(rows[i]["person"], found.keys[h], words[by]) for i, h, by in members], found.kept_back


def people(*residents: Row) -> list[str]:
    return [h.person_id for h in households(residents)[0]]


def test_two_people_at_one_address_are_a_household() -> None:
    found, kept_back = households([resident("p"), resident("q", "1 MILL ROAD", "Smith"), resident("r", "2 Mill Road")])
    assert [h.person_id for h in found] == ["p", "q"]
    assert len({h.key for h in found}) == 1
    assert found[0].evidence == "same address and postcode"
    assert kept_back == {"restricted": 0, "communal": 0, "many unrelated people": 0}


def test_an_address_is_known_by_its_reference_or_by_its_words_and_postcode() -> None:
    written = [resident("r", "9 Hill Rd"), resident("s", "9 Hill Road")]
    found, _ = households([resident("p", uprn="0100"), resident("q", uprn="100"), *written])
    assert [h.key for h in found] == ["uprn:100"] * 2 + [homes.address_key("9 Hill Rd", "L8 1TN", None)] * 2
    assert homes.address_key(None, None, "0100") == "uprn:100"


def test_the_property_reference_comes_before_the_written_address() -> None:
    found, _ = households([resident("p", uprn="0100"), resident("q", "Flat 1, Mill Road", uprn="100")])
    assert [h.evidence for h in found] == ["same property reference (UPRN)"] * 2


def test_a_written_address_is_the_reference_that_others_give_with_it() -> None:
    known = resident("p", uprn="100")
    found, _ = households([known, resident("q"), resident("r", "Other Road", uprn="100")])
    assert [(h.person_id, h.key) for h in found] == [("p", "uprn:100"), ("q", "uprn:100"), ("r", "uprn:100")]
    # Flats that share a written address have several: then it says nothing of which.
    flats = [known, resident("r", uprn="200"), resident("q"), resident("s")]
    assert [(h.person_id, h.evidence) for h in households(flats)[0]] == [
        ("q", "same address and postcode"),
        ("s", "same address and postcode"),
    ]


def test_the_latest_address_counts() -> None:
    moved = [resident("p", seen=1), resident("p", "9 Hill Road", seen=2)]
    assert people(*moved, resident("q")) == []
    assert people(*moved, resident("q", "9 Hill Road")) == ["p", "q"]


def test_a_restricted_address_never_gives_a_household() -> None:
    found, kept_back = households([resident("p", restricted=True), resident("q"), resident("r")])
    assert found == []
    assert kept_back["restricted"] == 1


def test_somebody_restricted_elsewhere_is_in_no_household() -> None:
    assert people(resident("p"), resident("p", "9 Hill Rd", restricted=True, seen=0), resident("q"), resident("r")) == [
        "q",
        "r",
    ]


def test_somebody_withheld_is_in_no_household_and_the_address_stays_open() -> None:
    assert people(resident("p", withheld=True), resident("q")) == []
    assert people(resident("p", withheld=True), resident("q"), resident("r")) == ["q", "r"]


def test_communal_and_crowded_addresses_never_give_a_household() -> None:
    for address in ("Sunnyside Care Home, 1 Mill Road", "YMCA Hostel", "Mill Road Surgery", "HMP Altcourse"):
        assert people(resident("p", address), resident("q", address)) == []
    assert people(*(resident(f"p{i}") for i in range(11))) == []
    assert people(*(resident(f"p{i}", surname=name) for i, name in enumerate(["A", "B", "C", "D", "E"]))) == []
    assert len(people(*(resident(f"p{i}") for i in range(10)))) == 10


def test_the_dead_and_the_alone_have_no_household() -> None:
    assert people(resident("p"), resident("q", died=True)) == []
    assert people(resident("p"), resident("q", "No fixed abode")) == []
