"""What MHSDS tables become: one provider, RXX; months are handed in on the second of the next."""

from __future__ import annotations

from datetime import datetime

import pytest

TEAMS = [
    {"CareProfTeamLocalID": "T1", "ServTeamTypeMH": "A06"},
    {"CareProfTeamLocalID": "T2", "ServTeamTypeMH": "A02"},
]
R1 = {
    "ServiceRequestID": "R1",
    "LocalPatientID": "P1",
    "CareProfTeamLocalID": "T1",
    "ReferralRequestReceivedDate": "2024-01-10",
    "ReferralRequestReceivedTime": "09:30:00",
}
JANUARY = {"at": "06:00", "period": ("2024-01-01", "2024-01-31"), "provider": "RXX"}
FEBRUARY = {"at": "06:00", "period": ("2024-02-01", "2024-02-29"), "provider": "RXX"}
KNOWN = datetime(2024, 2, 2, 6)
LATER = datetime(2024, 3, 2, 6)


@pytest.fixture
def feed(sent):
    return sent("mental_health")


def test_a_referral_is_an_event_of_its_teams_type(feed):
    feed.batch("2024-02-02", {"MHS101Referral": [R1], "MHS902ServiceTeamDetails": TEAMS}, **JANUARY)
    columns = "source_id, code, time, end_time, recorded_at, team, ref IS NOT NULL"
    assert feed.events("MHS_REFERRAL", columns=columns) == [
        ("P1", "MHS_REFERRAL//A06", datetime(2024, 1, 10, 9, 30), None, KNOWN, "T1", True)
    ]
    assert feed.events("MHS_REFERRAL", columns="source_file, source_row") == [("2024-02-02/MHS101Referral.csv", 1)]


def test_a_team_of_unknown_type(feed):
    feed.batch("2024-02-02", {"MHS101Referral": [R1]}, **JANUARY)
    assert feed.events("MHS_REFERRAL", columns="code") == [("MHS_REFERRAL//unknown",)]


def test_a_further_team_has_a_row_with_the_same_ref_and_ends_with_the_referral(feed):
    other = {"ServiceRequestID": "R1", "OtherCareProfTeamLocalID": "T2"}
    first = {"MHS101Referral": [R1], "MHS102OtherServiceType": [other], "MHS902ServiceTeamDetails": TEAMS}
    feed.batch("2024-02-02", first, **JANUARY)
    closed = {"MHS101Referral": [{**R1, "ServDischDate": "2024-02-20"}], "MHS102OtherServiceType": [other]}
    feed.batch("2024-03-02", closed, **FEBRUARY)
    rows = feed.events("MHS_REFERRAL", columns="code, team, time, end_time, recorded_at, superseded_at")
    received, ended = datetime(2024, 1, 10, 9, 30), datetime(2024, 2, 20)
    assert rows == [
        ("MHS_REFERRAL//A02", "T2", received, None, KNOWN, LATER),
        ("MHS_REFERRAL//A06", "T1", received, None, KNOWN, LATER),
        ("MHS_REFERRAL//A02", "T2", received, ended, LATER, None),
        ("MHS_REFERRAL//A06", "T1", received, ended, LATER, None),
    ]
    assert len(set(feed.events("MHS_REFERRAL", columns="ref"))) == 1


def test_the_primary_team_repeated_as_a_further_one_counts_once(feed):
    other = {"ServiceRequestID": "R1", "OtherCareProfTeamLocalID": "T1"}
    feed.batch("2024-02-02", {"MHS101Referral": [R1], "MHS102OtherServiceType": [other]}, **JANUARY)
    assert len(feed.events("MHS_REFERRAL")) == 1


def test_24_months_of_one_referral_are_one_event_known_since_the_first(feed):
    for month in range(24):
        start = datetime(2024 + month // 12, month % 12 + 1, 1).date()
        following = datetime(2024 + (month + 1) // 12, (month + 1) % 12 + 1, 2).date()
        end = following.replace(day=1).toordinal() - 1
        period = (start.isoformat(), datetime.fromordinal(end).date().isoformat())
        feed.batch(following.isoformat(), {"MHS101Referral": [R1]}, at="06:00", period=period, provider="RXX")
    assert feed.events("MHS_REFERRAL", columns="recorded_at, superseded_at") == [(KNOWN, None)]


def test_a_rejected_referral_has_ended_and_says_so_in_a_row_of_its_own(feed):
    rejected = {**R1, "ReferRejectionDate": "2024-01-12", "ReferRejectReason": "02"}
    feed.batch("2024-02-02", {"MHS101Referral": [rejected], "MHS902ServiceTeamDetails": TEAMS}, **JANUARY)
    day = datetime(2024, 1, 12)
    assert feed.events("MHS_REFERRAL", "MHS_REFERRAL_REJECTED", columns="code, time, end_time, team") == [
        ("MHS_REFERRAL//A06", datetime(2024, 1, 10, 9, 30), day, "T1"),
        ("MHS_REFERRAL_REJECTED//02", day, None, "T1"),
    ]
    assert len(set(feed.events("MHS_REFERRAL", "MHS_REFERRAL_REJECTED", columns="ref"))) == 1


def test_a_rejection_without_a_reason(feed):
    feed.batch("2024-02-02", {"MHS101Referral": [{**R1, "ReferRejectionDate": "2024-01-12"}]}, **JANUARY)
    assert feed.events("MHS_REFERRAL_REJECTED", columns="code") == [("MHS_REFERRAL_REJECTED//unknown",)]


def test_a_contact_belongs_to_the_person_and_team_of_its_referral_in_utc(feed):
    contact = {
        "CareContactID": "C1",
        "ServiceRequestID": "R1",
        "CareContDate": "2024-07-10",
        "CareContTime": "14:00:00",
        "ClinContDurOfCareCont": 45,
        "ConsMechanismMH": "01",
        "AttendStatus": "5",
    }
    by_other_team = {**contact, "CareContactID": "C2", "OtherCareProfTeamLocalID": "T2", "AttendStatus": "7"}
    tables = {"MHS101Referral": [R1], "MHS201CareContact": [contact, by_other_team]}
    feed.batch("2024-08-02", tables, at="06:00", period=("2024-07-01", "2024-07-31"), provider="RXX")
    columns = "source_id, code, time, numeric_value, unit, text_value, team"
    summer = datetime(2024, 7, 10, 13)
    assert feed.events("MHS_CONTACT", columns=columns) == [
        ("P1", "MHS_CONTACT//5", summer, 45.0, "min", "01", "T1"),
        ("P1", "MHS_CONTACT//7", summer, 45.0, "min", "01", "T2"),
    ]
    assert set(feed.events("MHS_CONTACT", columns="parent_ref")) == set(feed.events("MHS_REFERRAL", columns="ref"))


def test_a_contacts_team_is_the_one_known_when_the_contact_was(feed):
    contact = {"CareContactID": "C1", "ServiceRequestID": "R1", "CareContDate": "2024-01-20", "AttendStatus": "5"}
    feed.batch("2024-02-02", {"MHS101Referral": [R1], "MHS201CareContact": [contact]}, **JANUARY)
    feed.batch("2024-03-02", {"MHS101Referral": [{**R1, "CareProfTeamLocalID": "T2"}]}, **FEBRUARY)
    assert feed.events("MHS_CONTACT", columns="team") == [("T1",)]


def test_a_day_without_a_time_stays_that_day_in_summer(feed):
    contact = {"CareContactID": "C1", "ServiceRequestID": "R1", "CareContDate": "2024-07-10", "AttendStatus": "5"}
    tables = {"MHS101Referral": [R1], "MHS201CareContact": [contact]}
    feed.batch("2024-08-02", tables, period=("2024-07-01", "2024-07-31"), provider="RXX")
    assert feed.events("MHS_CONTACT", columns="time") == [(datetime(2024, 7, 10),)]


SPELL = {
    "HospProvSpellID": "S1",
    "ServiceRequestID": "R1",
    "StartDateHospProvSpell": "2024-01-15",
    "StartTimeHospProvSpell": "22:00:00",
    "SourceAdmMHHospProvSpell": "19",
    "MethAdmMHHospProvSpell": "2A",
}
WARD = {
    "WardStayID": "W1",
    "HospProvSpellID": "S1",
    "StartDateWardStay": "2024-01-15",
    "StartTimeWardStay": "22:00:00",
    "MHAdmittedPatientClass": "200",
}
ADMITTED = datetime(2024, 1, 15, 22)


def test_a_stay_is_named_by_its_first_ward_and_has_its_source_and_method_beside_it(feed):
    second = {**WARD, "WardStayID": "W2", "StartDateWardStay": "2024-01-18", "MHAdmittedPatientClass": "202"}
    tables = {"MHS101Referral": [R1], "MHS501HospProvSpell": [SPELL], "MHS502WardStay": [second, WARD]}
    feed.batch("2024-02-02", tables, **JANUARY)
    assert feed.events("MHS_SPELL", "MHS_SPELL_SOURCE", "MHS_SPELL_METHOD", columns="source_id, code, time") == [
        ("P1", "MHS_SPELL//200", ADMITTED),
        ("P1", "MHS_SPELL_METHOD//2A", ADMITTED),
        ("P1", "MHS_SPELL_SOURCE//19", ADMITTED),
    ]
    refs = feed.events("MHS_SPELL", "MHS_SPELL_SOURCE", "MHS_SPELL_METHOD", columns="ref, parent_ref")
    assert len(set(refs)) == 1
    assert feed.events("MHS_WARD", columns="code, time, parent_ref") == [
        ("MHS_WARD//200", ADMITTED, refs[0][0]),
        ("MHS_WARD//202", datetime(2024, 1, 18, 22), refs[0][0]),
    ]


def test_a_ward_that_arrives_later_does_not_reach_back(feed):
    feed.batch("2024-02-02", {"MHS101Referral": [R1], "MHS501HospProvSpell": [SPELL]}, **JANUARY)
    left = {**SPELL, "DischDateHospProvSpell": "2024-02-10", "DischTimeHospProvSpell": "11:00:00"}
    tables = {"MHS101Referral": [R1], "MHS501HospProvSpell": [left], "MHS502WardStay": [WARD]}
    feed.batch("2024-03-02", tables, **FEBRUARY)
    assert feed.events("MHS_SPELL", columns="code, end_time, recorded_at, superseded_at") == [
        ("MHS_SPELL//unknown", None, KNOWN, LATER),
        ("MHS_SPELL//200", datetime(2024, 2, 10, 11), LATER, None),
    ]
    # What did not change is not said again.
    assert feed.events("MHS_SPELL_SOURCE", columns="recorded_at, superseded_at") == [(KNOWN, None)]


def test_honos_items_are_0_to_4_and_9_is_no_number(feed):
    item = {"ServiceRequestID": "R1", "AssToolCompTimestamp": "2024-01-20T10:00:00"}
    scores = [
        {**item, "CodedAssToolType": "979641000000103", "PersScore": 3.0},
        {**item, "CodedAssToolType": "979651000000100", "PersScore": 9.0},
    ]
    feed.batch("2024-02-02", {"MHS101Referral": [R1], "MHS606CodedScoreAssessmentRefer": scores}, **JANUARY)
    assert feed.events("HONOS", columns="source_id, code, numeric_value, time") == [
        ("P1", "HONOS//979641000000103", 3.0, datetime(2024, 1, 20, 10)),
        ("P1", "HONOS//979651000000100", None, datetime(2024, 1, 20, 10)),
    ]


def test_a_change_of_accommodation_ends_one_home_and_begins_another(feed):
    home = {"LocalPatientID": "P1", "AccommodationType": "02", "AccommodationTypeStartDate": "2020-05-01"}
    street = {"LocalPatientID": "P1", "AccommodationType": "12", "AccommodationTypeStartDate": "2024-02-10"}
    feed.batch("2024-02-02", {"MHS003AccommStatus": [home]}, **JANUARY)
    ended = {**home, "AccommodationTypeEndDate": "2024-02-10"}
    feed.batch("2024-03-02", {"MHS003AccommStatus": [ended, street]}, **FEBRUARY)
    columns = "code, time, end_time, recorded_at, superseded_at"
    assert feed.events("MHS_ACCOMMODATION", columns=columns) == [
        ("MHS_ACCOMMODATION//02", datetime(2020, 5, 1), None, KNOWN, LATER),
        ("MHS_ACCOMMODATION//02", datetime(2020, 5, 1), datetime(2024, 2, 10), LATER, None),
        ("MHS_ACCOMMODATION//12", datetime(2024, 2, 10), None, LATER, None),
    ]


def test_the_other_facts_of_a_life(feed):
    tables = {
        "MHS001MPI": [{"LocalPatientID": "P1", "PersDeathDate": "2024-01-30"}],
        "MHS004EmpStatus": [
            {"LocalPatientID": "P1", "EmployStatus": "02", "EmployStatusRecDate": "2024-01-05"},
        ],
        "MHS006MHCareCoord": [
            {
                "LocalPatientID": "P1",
                "StartDateAssCareCoord": "2024-01-11",
                "CareProfLocalID": "CC1",
                "CareProfServOrTeamTypeAssoc": "A06",
            },
        ],
        "MHS401MHActPeriod": [
            {
                "MHActLegalStatusClassPeriodID": "A1",
                "LocalPatientID": "P1",
                "StartDateMHActLegalStatusClass": "2024-01-15",
                "StartTimeMHActLegalStatusClass": "23:00:00",
                "EndDateMHActLegalStatusClass": "2024-01-15",
                "LegalStatusCode": "02",
            },
        ],
    }
    feed.batch("2024-02-02", tables, **JANUARY)
    names = ("MHS_EMPLOYMENT", "MHS_COORDINATOR", "MHS_ACT", "DEATH")
    assert feed.events(*names, columns="code, time, end_time, worker") == [
        ("MHS_EMPLOYMENT//02", datetime(2024, 1, 5), None, None),
        ("MHS_COORDINATOR//A06", datetime(2024, 1, 11), None, "CC1"),
        ("MHS_ACT//02", datetime(2024, 1, 15, 23), datetime(2024, 1, 15, 23), None),
        ("DEATH//recorded", datetime(2024, 1, 30), None, None),
    ]


PLAN = {
    "CarePlanID": "CP1",
    "LocalPatientID": "P1",
    "CarePlanTypeMH": "10",
    "CarePlanCreatDate": "2024-01-12",
    "CarePlanCreationTime": "10:00:00",
}


def test_a_care_plan_is_made_once_and_the_last_update_counts(feed):
    feed.batch("2024-02-02", {"MHS008CarePlanType": [{**PLAN, "CarePlanLastUpdateDate": "2024-01-20"}]}, **JANUARY)
    feed.batch("2024-03-02", {"MHS008CarePlanType": [{**PLAN, "CarePlanLastUpdateDate": "2024-02-20"}]}, **FEBRUARY)
    columns = "source_id, code, time, superseded_at"
    assert feed.events("MHS_CARE_PLAN", "MHS_CARE_PLAN_UPDATED", columns=columns) == [
        ("P1", "MHS_CARE_PLAN//10", datetime(2024, 1, 12, 10), None),
        ("P1", "MHS_CARE_PLAN_UPDATED//10", datetime(2024, 1, 20), LATER),
        ("P1", "MHS_CARE_PLAN_UPDATED//10", datetime(2024, 2, 20), None),
    ]
    assert len(set(feed.events("MHS_CARE_PLAN", "MHS_CARE_PLAN_UPDATED", columns="ref"))) == 1


def test_a_treatment_order_and_its_recall_belong_to_the_person_of_the_act(feed):
    act = {
        "MHActLegalStatusClassPeriodID": "A1",
        "LocalPatientID": "P1",
        "StartDateMHActLegalStatusClass": "2023-06-01",
        "LegalStatusCode": "03",
    }
    order = {"MHActLegalStatusClassPeriodID": "A1", "StartDateCommTreatOrd": "2023-09-01"}
    recall = {
        "MHActLegalStatusClassPeriodID": "A1",
        "StartDateCommTreatOrdRecall": "2024-01-20",
        "StartTimeCommTreatOrdRecall": "15:30:00",
    }
    tables = {"MHS401MHActPeriod": [act], "MHS404CommTreatOrder": [order], "MHS405CommTreatOrderRecall": [recall]}
    feed.batch("2024-02-02", tables, **JANUARY)
    ended = {**tables, "MHS404CommTreatOrder": [{**order, "EndDateCommTreatOrd": "2024-02-10"}]}
    feed.batch("2024-03-02", ended, **FEBRUARY)
    assert feed.events("MHS_CTO", columns="source_id, code, time, end_time, superseded_at") == [
        ("P1", "MHS_CTO//404", datetime(2023, 9, 1), None, LATER),
        ("P1", "MHS_CTO//404", datetime(2023, 9, 1), datetime(2024, 2, 10), None),
        ("P1", "MHS_CTO//405", datetime(2024, 1, 20, 15, 30), None, None),
    ]
    assert set(feed.events("MHS_CTO", columns="parent_ref")) == set(feed.events("MHS_ACT", columns="ref"))


def test_diagnoses_keep_their_scheme(feed):
    at = {"ServiceRequestID": "R1", "CodedDiagTimestamp": "2024-01-15T11:00:00"}
    tables = {
        "MHS101Referral": [R1],
        "MHS604PrimDiag": [{**at, "DiagSchemeInUse": "02", "PrimDiag": "F20.0"}],
        "MHS605SecDiag": [
            {**at, "DiagSchemeInUse": "06", "SecDiag": "7200002"},
            {**at, "SecDiag": "F10X"},
        ],
    }
    feed.batch("2024-02-02", tables, **JANUARY)
    coded = datetime(2024, 1, 15, 11)
    assert feed.events("ICD10", "SNOMED", columns="source_id, code, time") == [
        ("P1", "ICD10//F10", coded),
        ("P1", "ICD10//F200", coded),
        ("P1", "SNOMED//7200002", coded),
    ]
    assert set(feed.events("ICD10", "SNOMED", columns="parent_ref")) == set(feed.events("MHS_REFERRAL", columns="ref"))


def test_what_was_scored_and_done_in_a_contact_is_dated_by_it(feed):
    contact = {
        "CareContactID": "C1",
        "ServiceRequestID": "R1",
        "CareContDate": "2024-01-20",
        "CareContTime": "10:00:00",
        "AttendStatus": "5",
    }
    scores = [
        {"CareActID": "CA1", "CodedAssToolType": "1037651000000100", "PersScore": 3.0},
        {"CareActID": "CA1", "CodedAssToolType": "1037661000000102", "PersScore": 9.0},
        {"CareActID": "CA1", "CodedAssToolType": "979641000000103", "PersScore": 2.0},
    ]
    tables = {
        "MHS101Referral": [R1],
        "MHS201CareContact": [contact],
        "MHS202CareActivity": [{"CareActID": "CA1", "CareContactID": "C1", "Procedure": "1111811000000109"}],
        "MHS607CodedScoreAssessmentAct": scores,
    }
    feed.batch("2024-02-02", tables, **JANUARY)
    seen = datetime(2024, 1, 20, 10)
    assert feed.events("DIALOG", "HONOS", "SNOMED", columns="source_id, code, numeric_value, time") == [
        ("P1", "DIALOG//1037651000000100", 3.0, seen),
        ("P1", "DIALOG//1037661000000102", None, seen),
        ("P1", "HONOS//979641000000103", 2.0, seen),
        ("P1", "SNOMED//1111811000000109", None, seen),
    ]
    contacts = set(feed.events("MHS_CONTACT", columns="ref"))
    assert set(feed.events("DIALOG", "HONOS", "SNOMED", columns="parent_ref")) == contacts


def test_no_local_id_reaches_an_event(feed):
    tables = {
        "MHS101Referral": [R1],
        "MHS501HospProvSpell": [SPELL],
        "MHS502WardStay": [WARD],
        "MHS201CareContact": [
            {"CareContactID": "C1", "ServiceRequestID": "R1", "CareContDate": "2024-01-20", "AttendStatus": "5"}
        ],
    }
    feed.batch("2024-02-02", tables, **JANUARY)
    names = ("MHS_REFERRAL", "MHS_SPELL", "MHS_WARD", "MHS_CONTACT")
    shown = {value for row in feed.events(*names, columns="code, text_value, ref, parent_ref") for value in row}
    assert shown.isdisjoint({"P1", "R1", "S1", "W1", "C1"})


def test_the_same_id_of_two_providers_is_two_things(feed):
    tables = {"MHS101Referral": [R1]}
    feed.batch("2024-02-02", tables, **JANUARY)
    feed.batch("2024-02-03", tables, **{**JANUARY, "provider": "RYY"})
    assert len(set(feed.events("MHS_REFERRAL", columns="ref"))) == 2


def test_who_cares_for_whom_and_the_directory(feed):
    tables = {
        "MHS101Referral": [
            R1,
            {**R1, "ServiceRequestID": "R2", "CareProfTeamLocalID": "T2", "ServDischDate": "2024-01-20"},
        ],
        "MHS006MHCareCoord": [
            {
                "LocalPatientID": "P1",
                "StartDateAssCareCoord": "2024-01-11",
                "EndDateAssCareCoord": "2024-01-31",
                "CareProfLocalID": "CC1",
                "CareProfServOrTeamTypeAssoc": "A06",
            },
            {
                "LocalPatientID": "P2",
                "StartDateAssCareCoord": "2024-01-11",
                "CareProfLocalID": "CC1",
                "CareProfServOrTeamTypeAssoc": "A14",
            },
        ],
        "MHS901StaffDetails": [{"CareProfLocalID": "CC1", "CareProfStaffGpMH": "02"}],
        "MHS902ServiceTeamDetails": TEAMS,
    }
    feed.batch("2024-02-02", tables, **JANUARY)
    care = [tuple(row.values())[:5] for row in feed.rows(feed.mapping.care)]
    received, joined = datetime(2024, 1, 10).date(), datetime(2024, 1, 11).date()
    assert sorted(care, key=str) == sorted(
        [
            ("P1", "T1", None, received, None),
            ("P1", "T2", None, received, datetime(2024, 1, 21).date()),
            ("P1", "T1", "CC1", joined, datetime(2024, 2, 1).date()),
            ("P2", None, "CC1", joined, None),
        ],
        key=str,
    )
    assert feed.rows(feed.mapping.staff) == [{"worker": "CC1", "staff_group": "02"}]
    assert [(row["team"], row["team_type"]) for row in feed.rows(feed.mapping.teams)] == [("T1", "A06"), ("T2", "A02")]


def test_a_rejected_referral_makes_no_care_relation(feed):
    feed.batch("2024-02-02", {"MHS101Referral": [{**R1, "ReferRejectionDate": "2024-01-12"}]}, **JANUARY)
    assert feed.rows(feed.mapping.care) == []
