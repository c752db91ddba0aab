"""What attendances and episodes become: changed rows by key, monthly."""

from __future__ import annotations

from datetime import datetime

import pytest


@pytest.fixture
def feed(sent):
    return sent("hospital")


ATTENDANCE = {
    "EC_Ident": "700000001",
    "Der_Pseudo_NHS_Number": "ab12",
    "Provider_Code": "RZ1",
    "Arrival_Date": "2024-07-10",
    "Arrival_Time": "23:30:00",
    "EC_Department_Type": "01",
    "EC_Arrival_Mode_SNOMED_CT": "1048031000000100",
    "EC_Chief_Complaint_SNOMED_CT": "48694002",
    "EC_Diagnosis_01": "48694002",
    "EC_Diagnosis_02": "35489007",
    "Der_EC_Diagnosis_All": "48694002||35489007",
    "EC_Departure_Time_Since_Arrival": 180.0,
    "Discharge_Destination_SNOMED_CT": "306689006",
    "Ethnic_Category": "X",
    "Der_Postcode_LSOA_Code": "E01990001",
}


def test_an_attendance_and_what_hangs_on_it(feed):
    feed.batch("2024-08-01", {"ecds": [ATTENDANCE]})
    arrived = datetime(2024, 7, 10, 22, 30)
    names = ("ECDS_ATTENDANCE", "ECDS_MODE", "ECDS_COMPLAINT", "ECDS_DISPOSAL", "SNOMED")
    rows = feed.events(*names, columns="source_id, code, time, end_time, ref, parent_ref")
    ref = next(row[4] for row in rows if row[4])
    left = datetime(2024, 7, 11, 1, 30)
    assert rows == [
        ("ab12", "ECDS_ATTENDANCE//01", arrived, left, ref, None),
        ("ab12", "ECDS_COMPLAINT//48694002", arrived, None, None, ref),
        ("ab12", "ECDS_DISPOSAL//306689006", arrived, None, None, ref),
        ("ab12", "ECDS_MODE//1048031000000100", arrived, None, None, ref),
        ("ab12", "SNOMED//35489007", arrived, None, None, ref),
        ("ab12", "SNOMED//48694002", arrived, None, None, ref),
    ]


def test_an_attendance_is_of_a_pseudonym(feed):
    feed.batch("2024-08-01", {"ecds": [ATTENDANCE, {**ATTENDANCE, "EC_Ident": "2", "Der_Pseudo_NHS_Number": None}]})
    assert feed.identities() == [
        {
            "source": "hospital",
            "source_id": "ab12",
            "identity_kind": "pseudonym",
            "pseudo_nhs_number": "ab12",
            "restricted": False,
            "ethnic_category": "99",
            "small_area": "E01990001",
            "first_seen": datetime(2024, 8, 1),
            "last_seen": datetime(2024, 8, 1),
        }
    ]
    assert len(feed.events("ECDS_ATTENDANCE")) == 1


def episode(key: str, order: int, start: str, **more: object) -> dict[str, object]:
    return {
        "EPIKEY": key,
        "PROVSPNOPS": "P1",
        "PROCODE5": "RZ1",
        "EPIORDER": order,
        "ADMIDATE": "2024-06-20",
        "EPISTART": start,
        "ADMIMETH": "21",
        "MAINSPEF": "300",
        "LOCAL_PATIENT_ID": "H1",
        **more,
    }


def test_episodes_of_one_stay_are_one_spell(feed):
    first = episode("1", 1, "2024-06-20", DIAG_01="F20.0", DIAG_02="I10X")
    second = episode("2", 2, "2024-06-22", MAINSPEF="430", DIAG_01="F200D", OPERTN_01="A12.3", OPDATE_01="2024-06-23")
    last = {"DISDATE": "2024-06-28"}
    feed.batch("2024-07-01", {"apc": [{**second, **last}, {**first, **last}]})
    columns = "source_id, code, time, end_time, text_value"
    assert feed.events("APC_SPELL", columns=columns) == [
        ("H1", "APC_SPELL//21", datetime(2024, 6, 20), datetime(2024, 6, 28), "300")
    ]
    assert feed.events("ICD10", "OPCS4", columns="code, time") == [
        ("ICD10//F200", datetime(2024, 6, 20)),
        ("ICD10//I10", datetime(2024, 6, 20)),
        ("OPCS4//A123", datetime(2024, 6, 23)),
    ]
    assert set(feed.events("ICD10", "OPCS4", columns="parent_ref")) == set(feed.events("APC_SPELL", columns="ref"))


def test_a_stay_open_at_the_months_end_is_closed_by_the_next(feed):
    feed.batch("2024-07-01", {"apc": [episode("1", 1, "2024-06-20", DIAG_01="I10")]})
    closed = [
        episode("1", 1, "2024-06-20", DIAG_01="I10", DISDATE="2024-07-04"),
        episode("2", 2, "2024-07-02", DISDATE="2024-07-04", DIAG_01="I10"),
    ]
    feed.batch("2024-08-01", {"apc": closed})
    june, july = datetime(2024, 7, 1), datetime(2024, 8, 1)
    assert feed.events("APC_SPELL", columns="time, end_time, recorded_at, superseded_at") == [
        (datetime(2024, 6, 20), None, june, july),
        (datetime(2024, 6, 20), datetime(2024, 7, 4), july, None),
    ]
    assert feed.events("ICD10", columns="code, recorded_at, superseded_at") == [("ICD10//I10", june, None)]


def test_the_same_spell_number_of_two_providers_is_two_stays(feed):
    feed.batch("2024-07-01", {"apc": [episode("1", 1, "2024-06-20"), episode("2", 1, "2024-06-20", PROCODE5="RW9")]})
    assert len(set(feed.events("APC_SPELL", columns="ref"))) == 2


def test_a_date_of_1801_is_no_date(feed):
    feed.batch("2024-07-01", {"apc": [episode("1", 1, "2024-06-20", DISDATE="1801-01-01")]})
    assert feed.events("APC_SPELL", columns="end_time") == [(None,)]


def test_the_latest_episode_that_says_it_tells_who_the_patient_is(feed):
    told = {"NHS_NUMBER": "9990000018", "BIRTH_DATE": "1980-02-03", "POSTCODE": "ZZ1 1ZZ", "SEX": "2", "ETHNOS": "A"}
    feed.batch("2024-07-01", {"apc": [episode("1", 1, "2024-06-20", **told)]})
    moved = {"BIRTH_DATE": "1980-02-03", "POSTCODE": "ZZ2 2ZZ", "SEX": "0"}
    feed.batch("2024-08-01", {"apc": [{**episode("2", 1, "2024-07-20", **moved), "PROVSPNOPS": "P2"}]})
    (identity,) = feed.identities()
    assert identity["nhs_number"] == "9990000018"
    assert (identity["postcode"], identity["sex"], identity["ethnic_category"]) == ("ZZ2 2ZZ", "female", "A")
    assert (identity["first_seen"], identity["last_seen"]) == (datetime(2024, 7, 1), datetime(2024, 8, 1))


def test_a_diagnosis_corrected_away_and_brought_back_was_not_known_in_between(feed):
    coded = episode("1", 1, "2024-06-20", DIAG_01="I10")
    feed.batch("2024-07-01", {"apc": [coded]})
    feed.batch("2024-08-01", {"apc": [{**coded, "DIAG_01": None}]})
    feed.batch("2024-09-01", {"apc": [coded, episode("2", 2, "2024-06-22", DIAG_01="I10")]})
    feed.batch("2024-10-01", {"apc": [{**coded, "DIAG_01": None}]})
    assert feed.events("ICD10", columns="code, time, recorded_at, superseded_at") == [
        ("ICD10//I10", datetime(2024, 6, 20), datetime(2024, 7, 1), datetime(2024, 8, 1)),
        ("ICD10//I10", datetime(2024, 6, 20), datetime(2024, 9, 1), None),
    ]
