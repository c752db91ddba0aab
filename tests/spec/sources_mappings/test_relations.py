"""What several systems sent, and what linkage found people to share, as the ties of the record."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from washhouse.lake.engine import connect
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.tables import SHARED_END
from washhouse.record.build import build
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import read_identities

ANN, BOB, CAT, DAN = ("0" * 31 + digit for digit in "1234")
HOME, PHONE = "c" * 32, "d" * 32
GP = {
    "patient_id": "7",
    "practice_code": "N99001",
    "registered_from": "2001-01-01",
    "birth_date": "1980-02-03",
    "sex": "F",
}
CLD = {
    "LA_Code": "999",
    "Reporting_Period_Start_Date": "2024-01-01",
    "Reporting_Period_End_Date": "2024-03-31",
    "Event_Type": "Assessment",
    "Event_Start_Date": "2024-02-01",
}
COUNCIL = {("social_care", f"LA{digit}"): who for digit, who in zip("1234", (ANN, BOB, CAT, DAN), strict=True)}
JANUARY = {"at": "06:00", "period": ("2024-01-01", "2024-01-31"), "provider": "RXX"}


def council(sent: Any, *rows: dict[str, Any]) -> Any:
    """The council's return: one row a person at least."""
    named = {row["LA_Person_Unique_Identifier"] for row in rows}
    others = [{"LA_Person_Unique_Identifier": f"LA{digit}"} for digit in "1234" if f"LA{digit}" not in named]
    return sent("social_care").batch("2024-04-10", {"cld": [{**CLD, **row} for row in (*rows, *others)]})


def shares(person: str, kind: str = "household", other: str = HOME, **rest: Any) -> dict[str, Any]:
    """What linkage says of one person."""
    said = {"person_id": person, "other": other, "kind": kind, "evidence": "the same", "source": "gp"}
    return {"since": date(2023, 1, 1), "until": None} | said | rest


def ties(feeds: dict[str, Any], people: dict[tuple[str, str], str], folder: Any, *shared: dict[str, Any]) -> list[Any]:
    """Rows of `record.relation`, as the tests speak of them."""

    def typed(source: str, table: str) -> Any:
        return feeds[source].typed(source, table) if source in feeds else None

    con = connect(threads=1, spill=folder)
    create_macros(con, "00" * 32)
    identities = read_identities(con, [SYSTEMS[source] for source in feeds], typed)
    membership = pa.table(
        {
            "source": [source for source, _ in people],
            "source_id": [source_id for _, source_id in people],
            "person_id": list(people.values()),
            "valid_to": pa.nulls(len(people), pa.timestamp("us")),
        }
    )
    table = pa.Table.from_pylist(list(shared), schema=arrow_schema(SHARED_END))
    built = build(con, typed, membership, identities, secret="00" * 32, buckets=1, shared=table)
    return built.tables["relation"].to_pylist()


def ends(rows: list[Any], kind: str) -> set[tuple[str, str]]:
    """Who is tied to whom by one kind of tie."""
    return {(row["person_id"], row["other"]) for row in rows if row["kind"] == kind}


def test_people_of_one_home_are_tied_both_ways_while_both_have_it(sent, tmp_path):
    feed = council(sent)
    rows = ties({"social_care": feed}, COUNCIL, tmp_path, shares(ANN), shares(BOB, since=date(2023, 6, 1)))
    assert [(r["person_id"], r["other"], r["via"], r["since"], r["until"], r["source"]) for r in rows] == [
        (ANN, BOB, HOME, date(2023, 6, 1), None, "gp"),
        (BOB, ANN, HOME, date(2023, 6, 1), None, "gp"),
    ]


def test_who_had_an_address_before_the_other_came_is_not_tied(sent, tmp_path):
    moved = shares(ANN, "address", until=date(2023, 6, 1))
    later = shares(BOB, "address", since=date(2023, 6, 1))
    at_a_time = shares(CAT, "address", since=date(2023, 5, 1))
    rows = ties({"social_care": council(sent)}, COUNCIL, tmp_path, moved, later, at_a_time)
    assert ends(rows, "address") == {(ANN, CAT), (CAT, ANN), (BOB, CAT), (CAT, BOB)}
    (ended,) = [row for row in rows if (row["person_id"], row["other"]) == (ANN, CAT)]
    assert (ended["since"], ended["until"]) == (date(2023, 5, 1), date(2023, 6, 1))
    assert ended["evidence"] == "the same, in an earlier record of one of them"


def test_a_carer_stands_at_both_ends_and_says_who_cares(sent, tmp_path):
    carer = {
        "LA_Person_Unique_Identifier": "LA1",
        "Adult_1_Linked_Person_ID": "LA2",
        "Adult_2_Linked_Person_ID": "nobody",
        "Adult_3_Linked_Person_ID": "LA1",
    }
    rows = ties({"social_care": council(sent, carer)}, COUNCIL, tmp_path)
    assert [(r["person_id"], r["other"], r["kind"], r["since"], r["evidence"], r["source"]) for r in rows] == [
        (ANN, BOB, "carer", date(2024, 2, 1), "cares for the other", "social_care"),
        (BOB, ANN, "carer", date(2024, 2, 1), "is cared for by the other", "social_care"),
    ]


def test_practice_team_practitioner_and_service_with_their_spans(sent, tmp_path):
    referral = {"LocalPatientID": "P1", "CareProfTeamLocalID": "T1"}
    mental = sent("mental_health").batch(
        "2024-02-02",
        {
            "MHS101Referral": [
                referral
                | {
                    "ServiceRequestID": "R1",
                    "ReferralRequestReceivedDate": "2024-01-10",
                    "ServDischDate": "2024-01-20",
                },
                referral | {"ServiceRequestID": "R2", "ReferralRequestReceivedDate": "2024-01-15"},
                referral
                | {
                    "ServiceRequestID": "R0",
                    "ReferralRequestReceivedDate": "2023-01-10",
                    "ServDischDate": "2023-01-20",
                },
            ],
            "MHS006MHCareCoord": [
                {"LocalPatientID": "P1", "StartDateAssCareCoord": "2024-01-11", "CareProfLocalID": "CC1"}
            ],
        },
        **JANUARY,
    )
    service = {
        "LA_Person_Unique_Identifier": "LA1",
        "Event_Type": "Service",
        "Service_Type": "Long Term Support: Community",
        "Event_Start_Date": "2023-05-01",
        "Event_End_Date": "2024-03-01",
    }
    feeds = {
        "gp": sent("gp").batch("2024-03-01", {"patients": [GP]}),
        "mental_health": mental,
        "social_care": council(sent, service),
    }
    rows = ties(feeds, COUNCIL | {("gp", "7"): ANN, ("mental_health", "P1"): ANN}, tmp_path)
    assert [(r["kind"], r["other"], r["since"], r["until"], r["source"]) for r in rows] == [
        ("practice", "N99001", date(2001, 1, 1), None, "gp"),
        ("practitioner", "CC1", date(2024, 1, 11), None, "mental_health"),
        ("service", "CLD_SERVICE//long-term-support-community", date(2023, 5, 1), date(2024, 3, 2), "social_care"),
        ("team", "T1", date(2023, 1, 10), date(2023, 1, 21), "mental_health"),
        ("team", "T1", date(2024, 1, 10), None, "mental_health"),
    ]
    assert {row["person_id"] for row in rows} == {ANN}
    assert all(row["via"] is None for row in rows)


@pytest.mark.parametrize("sealed", ["restricted", "dead", "former identity"])
def test_whoever_is_sealed_is_at_neither_end_and_keeps_those_who_care(sent, tmp_path, sealed):
    bob = {"patient_id": "7", "practice_code": "N99001", "registered_from": "2001-01-01"}
    bob |= {"deceased_date": "2024-01-01"} if sealed == "dead" else {}
    # A registration that has ended may be that of a former identity.
    bob |= {"registered_to": "2024-01-01"} if sealed == "former identity" else {}
    tables = {"patients": [bob]}
    if sealed == "restricted":
        tables["demographics"] = [{"local_patient_id": "7", "restricted": True}]
    carer = {"LA_Person_Unique_Identifier": "LA1", "Adult_1_Linked_Person_ID": "LA2"}
    cared_for = {"LA_Person_Unique_Identifier": "LA2", "Adult_1_Linked_Person_ID": "LA3"}
    feeds = {"gp": sent("gp").batch("2024-03-01", tables), "social_care": council(sent, carer, cared_for)}
    shared = [shares(who, kind) for who in (ANN, BOB, CAT) for kind in ("household", "phone", "address")]
    rows = ties(feeds, COUNCIL | {("gp", "7"): BOB}, tmp_path, *shared)
    assert ends(rows, "practice") == {(BOB, "N99001")}
    for kind in ("household", "phone", "address"):
        assert ends(rows, kind) == {(ANN, CAT), (CAT, ANN)}
    assert ends(rows, "carer") == set()


@pytest.mark.parametrize(
    "status", ["Registered care home", "NIGHT SHELTER / emergency hostel / direct access hostel", "Prison"]
)
def test_who_lives_in_a_communal_place_shares_it_with_nobody(sent, tmp_path, status):
    resident = {"LA_Person_Unique_Identifier": "LA1", "Accommodation_Status": status}
    shared = [shares(who) for who in (ANN, BOB, CAT)]
    one = ties({"social_care": council(sent, resident)}, COUNCIL, tmp_path, *shared)
    assert ends(one, "household") == {(BOB, CAT), (CAT, BOB)}
    # Two of them make it a place: the home of nobody.
    other = {**resident, "LA_Person_Unique_Identifier": "LA2"}
    shared += [shares(who, "phone", PHONE) for who in (CAT, DAN)] + [shares(DAN)]
    two = ties({"social_care": council(sent, resident, other)}, COUNCIL, tmp_path, *shared)
    assert ends(two, "household") == set()
    assert ends(two, "phone") == {(CAT, DAN), (DAN, CAT)}


def test_an_ordinary_home_or_a_stay_in_hospital_is_no_communal_place(sent, tmp_path):
    tenant = {"LA_Person_Unique_Identifier": "LA1", "Accommodation_Status": "Tenant - private landlord"}
    moved = {
        "LA_Person_Unique_Identifier": "LA2",
        "Accommodation_Status": "Registered care home",
        "Event_Start_Date": "2024-01-01",
    }
    home_again = {**moved, "Accommodation_Status": "Tenant", "Event_Start_Date": "2024-03-01"}
    patient = {"LocalPatientID": "P1", "AccommodationType": "20", "AccommodationTypeDate": "2024-01-10"}
    feeds = {
        "social_care": council(sent, tenant, moved, home_again),
        "mental_health": sent("mental_health").batch("2024-02-02", {"MHS003AccommStatus": [patient]}, **JANUARY),
    }
    people = COUNCIL | {("mental_health", "P1"): CAT}
    rows = ties(feeds, people, tmp_path, *(shares(who) for who in (ANN, BOB, CAT)))
    assert len(ends(rows, "household")) == 6


def test_a_trusts_accommodation_type_tells_of_a_communal_place_until_it_ends(sent, tmp_path):
    hostel = {"LocalPatientID": "P1", "AccommodationType": "18", "AccommodationTypeStartDate": "2024-01-10"}
    for row, expected in ((hostel, 0), ({**hostel, "AccommodationTypeEndDate": "2024-01-20"}, 2)):
        feeds = {
            "social_care": council(sent),
            "mental_health": sent("mental_health").batch("2024-02-02", {"MHS003AccommStatus": [row]}, **JANUARY),
        }
        rows = ties(feeds, COUNCIL | {("mental_health", "P1"): ANN}, tmp_path, shares(ANN), shares(BOB))
        assert len(ends(rows, "household")) == expected
