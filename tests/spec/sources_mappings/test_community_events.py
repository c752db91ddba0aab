"""What CSDS tables become: referrals to teams, visits, what was done in them."""

from __future__ import annotations

from datetime import date, datetime

RECEIVED = {"ServiceRequestID": "R1", "LocalPatientID": "D1", "ReferralRequest_ReceivedDate": "2025-03-05"}
PERSON = {"LocalPatientID": "D1", "NHSNumber": "9990001073", "DateOfBirth": "1938-11-30", "Gender": "2"}
NURSES = {"ServiceRequestID": "R1", "TeamID_Local": "DN07", "TeamType": "12"}
MAY, JUNE, JULY = (("2025-05-01", "2025-05-31"), ("2025-06-01", "2025-06-30"), ("2025-07-01", "2025-07-31"))


def test_a_referral_stands_for_each_team_until_it_ends(sent) -> None:
    therapists = {**NURSES, "TeamID_Local": "PT01", "TeamType": "26", "Referral_ClosureDate": "2025-05-30"}
    feed = sent("community").batch(
        "2025-06-03",
        {
            "CYP101Referral": [RECEIVED, {**RECEIVED, "ServiceRequestID": "R2", "Discharge_Date": "2025-05-20"}],
            "CYP102ServiceTypeReferredTo": [NURSES, therapists],
        },
        period=MAY,
        provider="RY6",
    )
    start = datetime(2025, 3, 5)
    assert sorted(feed.events("CSDS_REFERRAL", columns="code, time, end_time, team, ref IS NULL"), key=str) == [
        ("CSDS_REFERRAL//12", start, None, "DN07", False),
        ("CSDS_REFERRAL//26", start, datetime(2025, 5, 30), "PT01", False),
        ("CSDS_REFERRAL//unknown", start, datetime(2025, 5, 20), None, False),
    ]


def test_a_discharge_told_later_ends_the_referral_of_every_team(sent) -> None:
    feed = sent("community")
    for batch, period, referral in (
        ("2025-06-03", MAY, RECEIVED),
        ("2025-07-03", JUNE, {**RECEIVED, "Discharge_Date": "2025-06-20"}),
    ):
        tables = {"CYP101Referral": [referral], "CYP102ServiceTypeReferredTo": [NURSES]}
        feed.batch(batch, tables, period=period, provider="RY6")
    known, corrected = datetime(2025, 6, 3), datetime(2025, 7, 3)
    assert feed.events("CSDS_REFERRAL", columns="end_time, recorded_at, superseded_at") == [
        (None, known, corrected),
        (datetime(2025, 6, 20), corrected, None),
    ]


def test_a_visit_and_what_was_done_belong_to_the_person_of_the_referral(sent) -> None:
    visit = {
        **{"CareContactID": "C1", "ServiceRequestID": "R1", "TeamID_Local": "DN07", "Contact_Date": "2025-06-04"},
        **{"Contact_Time": "08:30", "CareContact_Duration": 25, "ConsMechanism": "01", "AttendanceStatus": "5"},
    }
    weighed = {
        **{"CareActivityID": "A2", "CareContactID": "C1", "CodedObservation": "27113001"},
        **{"ObservationValue": "61.5", "UC_UnitOfMeasurement": "kg"},
    }
    feed = sent("community").batch(
        "2025-07-03",
        {
            "CYP101Referral": [RECEIVED],
            "CYP201CareContact": [visit, {**visit, "CareContactID": "C2", "AttendanceStatus": None}],
            "CYP202CareActivity": [
                {"CareActivityID": "A1", "CareContactID": "C1", "Activity_Type": "03", "CodedProcedure": "225358003"},
                weighed,
                {"CareActivityID": "A3", "CareContactID": "C1", "CodedFinding": "Ann Miller"},
            ],
        },
        period=JUNE,
        provider="RY6",
    )
    at = datetime(2025, 6, 4, 7, 30)
    columns = "source_id, code, time, numeric_value, unit, text_value, team"
    assert sorted(feed.events("CSDS_CONTACT", columns=columns), key=str) == [
        ("D1", "CSDS_CONTACT//5", at, 25.0, "min", "01", "DN07"),
        ("D1", "CSDS_CONTACT//unknown", at, 25.0, "min", "01", "DN07"),
    ]
    found = feed.events("CSDS_ACTIVITY", "SNOMED", columns="source_id, code, time, numeric_value, unit")
    assert sorted(found, key=str) == [
        ("D1", "CSDS_ACTIVITY//03", at, None, None),
        ("D1", "SNOMED//225358003", at, None, None),
        ("D1", "SNOMED//27113001", at, 61.5, "kg"),
    ]
    refs = dict(feed.events("CSDS_CONTACT", "SNOMED", columns="code, coalesce(parent_ref, ref)"))
    contact = feed.events("CSDS_CONTACT", columns="code, ref")
    assert refs["SNOMED//27113001"] == dict(contact)["CSDS_CONTACT//5"]


def test_a_person_and_a_death(sent) -> None:
    feed = sent("community").batch(
        "2025-07-03",
        {
            "CYP001MPI": [PERSON, {"LocalPatientID": "D2", "Gender": "9", "DateOfDeath": "2025-06-27"}],
            "CYP002GP": [{"LocalPatientID": "D1", "OrgID_GP": "N99001"}],
            "demographics": [{"local_patient_id": "D1", "surname": "Ashdown", "postcode": "WH1 1AB"}],
        },
        period=JUNE,
        provider="RY6",
    )
    first, second = feed.identities()
    assert (first["nhs_number"], first["surname"], first["sex"]) == ("9990001073", "Ashdown", "female")
    assert (first["practice"], first["postcode"], first["birth_date"]) == ("N99001", "WH1 1AB", date(1938, 11, 30))
    assert (second["source_id"], second["sex"], second["death_date"]) == ("D2", "indeterminate", date(2025, 6, 27))
    assert feed.events("DEATH") == [("DEATH//recorded", datetime(2025, 6, 27))]


def test_open_teams_are_services_of_the_person(sent) -> None:
    closed = {**NURSES, "TeamType": "26", "TeamID_Local": "PT01", "Referral_ClosureDate": "2025-05-30"}
    feed = sent("community").batch(
        "2025-07-03",
        {"CYP101Referral": [RECEIVED], "CYP102ServiceTypeReferredTo": [NURSES, closed]},
        period=JUNE,
        provider="RY6",
    )
    assert [(row["service"], row["since"], row["until"]) for row in feed.rows(feed.mapping.services)] == [
        ("CSDS_REFERRAL//12", date(2025, 3, 5), None),
        ("CSDS_REFERRAL//26", date(2025, 3, 5), date(2025, 5, 31)),
    ]
