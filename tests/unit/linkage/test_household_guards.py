"""Behind which guards does an address make a household?"""

from __future__ import annotations

from datetime import date
from typing import Any

from washhouse.linkage.households import Resident, households


def resident(person: str, address: str | None = "1 Mill Rd", surname: str = "Khan", **more: Any) -> Resident:
    return Resident(
        **{
            "person_id": person,
            "address": address,
            "postcode": "L8 1TN",
            "uprn": None,
            "surname": surname,
            "restricted": False,
            "since": date(2025, 1, 1),
            "seen": (1,),
        }
        | more
    )


def people(*residents: Resident) -> list[str]:
    return [h.person_id for h in households(residents)[0]]


def test_two_people_at_one_address_are_a_household() -> None:
    found, kept_back = households([resident("p"), resident("q", "1 MILL ROAD", "Smith"), resident("r", "2 Mill Road")])
    assert [h.person_id for h in found] == ["p", "q"]
    assert len({h.key for h in found}) == 1
    assert found[0].evidence == "same address and postcode"
    assert kept_back == {"restricted": 0, "communal": 0, "many unrelated people": 0}


def test_the_property_reference_comes_before_the_written_address() -> None:
    found, _ = households([resident("p", uprn="0100"), resident("q", "Flat 1, Mill Road", uprn="100")])
    assert [h.evidence for h in found] == ["same property reference (UPRN)"] * 2


def test_the_latest_address_counts() -> None:
    moved = [resident("p", seen=(1,)), resident("p", "9 Hill Road", seen=(2,))]
    assert people(*moved, resident("q")) == []
    assert people(*moved, resident("q", "9 Hill Road")) == ["p", "q"]


def test_a_restricted_address_never_gives_a_household() -> None:
    found, kept_back = households([resident("p", restricted=True), resident("q"), resident("r")])
    assert found == []
    assert kept_back["restricted"] == 1


def test_somebody_restricted_elsewhere_is_in_no_household() -> None:
    assert people(
        resident("p"), resident("p", "9 Hill Rd", restricted=True, seen=(0,)), resident("q"), resident("r")
    ) == [
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
