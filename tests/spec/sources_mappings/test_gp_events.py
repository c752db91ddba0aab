"""What a practice's full snapshots become."""

from __future__ import annotations

from datetime import datetime

import pytest


@pytest.fixture
def feed(sent):
    return sent("gp")


HBA1C = {
    "patient_id": "7",
    "code": "999791000000106",
    "code_system": "SNOMED CT",
    "event_date": "2024-07-10",
    "recorded_date": "2024-07-12",
    "value": 52.0,
    "unit": "mmol/mol",
}


def test_an_entry_was_known_at_the_end_of_the_day_it_was_recorded(feed):
    feed.batch("2026-06-01", {"journal": [HBA1C]}).batch("2026-07-01", {"journal": [HBA1C]})
    columns = "source_id, code, time, recorded_at, superseded_at, numeric_value, unit"
    assert feed.events("SNOMED", columns=columns) == [
        (
            "7",
            "SNOMED//999791000000106",
            datetime(2024, 7, 10),
            datetime(2024, 7, 12, 23, 59, 59),
            None,
            52.0,
            "mmol/mol",
        )
    ]
    assert feed.events("SNOMED", columns="source_file, source_row") == [("2026-06-01/journal.csv", 1)]


def test_a_corrected_value_was_not_known_before_the_snapshot_that_brought_it(feed):
    feed.batch("2026-06-01", {"journal": [HBA1C]}).batch("2026-07-01", {"journal": [{**HBA1C, "value": 62.0}]})
    assert feed.events("SNOMED", columns="numeric_value, recorded_at, superseded_at") == [
        (52.0, datetime(2024, 7, 12, 23, 59, 59), datetime(2026, 7, 1)),
        (62.0, datetime(2026, 7, 1), None),
    ]


def test_an_entry_recorded_between_two_snapshots_was_known_when_it_was_recorded(feed):
    late = {**HBA1C, "event_date": "2026-06-10", "recorded_date": "2026-06-15"}
    feed.batch("2026-06-01", {"journal": [HBA1C]}).batch("2026-07-01", {"journal": [HBA1C, late]})
    assert feed.events("SNOMED", columns="recorded_at")[1] == (datetime(2026, 6, 15, 23, 59, 59),)


def test_without_a_record_date_the_snapshots_time_counts(feed):
    feed.batch("2026-06-01", {"journal": [{**HBA1C, "recorded_date": None}]})
    assert feed.events("SNOMED", columns="recorded_at, recorded_assumed") == [(datetime(2026, 6, 1), False)]


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("CTV3", "XE2b7", "CTV3//XE2b7"),
        ("Read2", "C10F.", "READ2//C10F."),
        ("local EMIS", "EMISNQ1", "EMIS//EMISNQ1"),
        (None, "123", "LOCAL//123"),
        ("SNOMED CT", "Mrs A Person, 1 High Street", "SNOMED//unreadable"),
    ],
)
def test_code_systems(feed, system, code, expected):
    feed.batch("2026-06-01", {"journal": [{**HBA1C, "code_system": system, "code": code}]})
    names = ("SNOMED", "CTV3", "READ2", "EMIS", "LOCAL")
    assert feed.events(*names, columns="code") == [(expected,)]


def test_a_prescription_is_recorded_as_it_is_issued(feed):
    issue = {
        "patient_id": "7",
        "dmd_code": "39113611000001102",
        "name": "Sertraline 50mg tablets",
        "dose": "one a day",
        "quantity": 28.0,
        "quantity_unit": "tablet",
        "issue_date": "2026-05-04",
        "course": "repeat",
    }
    feed.batch("2026-06-01", {"prescriptions": [issue]})
    assert feed.events("DMD", columns="code, time, recorded_at, numeric_value, unit, text_value") == [
        ("DMD//39113611000001102", datetime(2026, 5, 4), datetime(2026, 5, 4, 23, 59, 59), 28.0, "tablet", "repeat")
    ]


PATIENT = {
    "patient_id": "7",
    "nhs_number": "9990000018",
    "Der_Pseudo_NHS_Number": "ab12",
    "practice_code": "N99001",
    "birth_date": "1980-02-03",
    "sex": "F",
    "ethnic_code": "A",
    "postcode": "ZZ1 1ZZ",
    "lsoa": "E01990001",
    "imd_decile": 3,
    "registered_from": "2001-01-01",
}


def test_a_registration_and_a_death(feed):
    left = {**PATIENT, "registered_to": "2026-06-10", "deceased_date": "2026-06-09"}
    feed.batch("2026-06-01", {"patients": [PATIENT]}).batch("2026-07-01", {"patients": [left]})
    assert feed.events("GP_REGISTRATION", "DEATH", columns="code, time, end_time, recorded_at, superseded_at") == [
        ("GP_REGISTRATION//N99001", datetime(2001, 1, 1), None, datetime(2026, 6, 1), datetime(2026, 7, 1)),
        ("GP_REGISTRATION//N99001", datetime(2001, 1, 1), datetime(2026, 6, 10), datetime(2026, 7, 1), None),
        ("DEATH//recorded", datetime(2026, 6, 9), None, datetime(2026, 7, 1), None),
    ]


def test_an_opt_out_stands_until_it_is_taken_back(feed):
    out, left, back = ({**PATIENT, "patient_id": who, "type1_optout": True} for who in "789")
    feed.batch("2026-05-01", {"patients": [back, PATIENT | {"patient_id": "6", "type1_optout": False}]})
    feed.batch("2026-06-01", {"patients": [out, left, back]})
    feed.batch("2026-07-01", {"patients": [out, {**back, "type1_optout": False}]})
    assert feed.events("OPT_OUT", columns="source_id, code, time, recorded_at, superseded_at") == [
        ("7", "OPT_OUT//type-1", None, datetime(2026, 6, 1), None),
        ("8", "OPT_OUT//type-1", None, datetime(2026, 6, 1), None),
    ]


def test_an_identity_is_the_latest_state_merged_with_the_companion(feed):
    companion = {
        "local_patient_id": "7",
        "nhs_number": "9990000018",
        "first_name": "Ann",
        "surname": "Example",
        "birth_date": "1980-02-03",
        "sex": "F",
        "address": "1 Invented Street",
        "postcode": "ZZ1 1ZZ",
        "uprn": "100",
        "phone": "07700 900000",
        "restricted": True,
    }
    feed.batch("2026-06-01", {"patients": [PATIENT]})
    feed.batch("2026-07-01", {"patients": [{**PATIENT, "postcode": "ZZ2 2ZZ"}], "demographics": [companion]})
    assert feed.identities() == [
        {
            "source": "gp",
            "source_id": "7",
            "identity_kind": "clear",
            "nhs_number": "9990000018",
            "pseudo_nhs_number": "ab12",
            "first_name": "Ann",
            "surname": "Example",
            "birth_date": datetime(1980, 2, 3).date(),
            "sex": "female",
            "postcode": "ZZ1 1ZZ",
            "address": "1 Invented Street",
            "uprn": "100",
            "phone": "07700 900000",
            "restricted": True,
            "ethnic_category": "A",
            "small_area": "E01990001",
            "deprivation_decile": 3,
            "practice": "N99001",
            "registration": "2001-01-01/",
            "first_seen": datetime(2026, 6, 1),
            "last_seen": datetime(2026, 7, 1),
        }
    ]


def test_a_patient_who_left_the_snapshot_stays_an_identity(feed):
    other = {**PATIENT, "patient_id": "8"}
    feed.batch("2026-06-01", {"patients": [PATIENT, other]}).batch("2026-07-01", {"patients": [other]})
    seen = {row["source_id"]: row["last_seen"] for row in feed.identities()}
    assert seen == {"7": datetime(2026, 6, 1), "8": datetime(2026, 7, 1)}


def test_where_the_patient_is_registered(feed):
    feed.batch("2026-06-01", {"patients": [PATIENT]})
    assert feed.rows(feed.mapping.practices) == [
        {"source_id": "7", "practice": "N99001", "since": datetime(2001, 1, 1).date(), "until": None}
    ]
