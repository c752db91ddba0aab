"""What Client Level Data becomes: quarters, each sent again with the next."""

from __future__ import annotations

from datetime import date, datetime

import pytest

PERSON = {
    "LA_Code": "999",
    "LA_Person_Unique_Identifier": "LA1",
    "NHS_Number": "9990000018",
    "Gender": "Female",
    "Ethnicity": "English / Welsh / Scottish / Northern Irish / British",
    "Date_of_Birth": "1940-02-03",
    "Postcode": "ZZ1 1ZZ",
    "Client_Type": "Service User",
}
SERVICE = {
    **PERSON,
    "Event_Type": "SERVICE",
    "Event_Reference": "E1",
    "Event_Start_Date": "2024-02-01",
    "Service_Type": "Long term support:  Nursing care",
    "Planned_units_per_week": 7.0,
    "Event_Outcome": "Provision of service",
}
Q1 = {"Reporting_Period_Start_Date": "2024-01-01", "Reporting_Period_End_Date": "2024-03-31"}
Q2 = {"Reporting_Period_Start_Date": "2024-04-01", "Reporting_Period_End_Date": "2024-06-30"}


@pytest.fixture
def feed(sent):
    return sent("social_care")


def test_an_open_service_is_closed_by_a_later_quarter(feed):
    feed.batch("2024-04-10", {"cld": [{**SERVICE, **Q1}]})
    feed.batch("2024-07-10", {"cld": [{**SERVICE, **Q2, "Event_End_Date": "2024-05-15"}]})
    columns = "source_id, code, end_time, recorded_at, superseded_at, numeric_value, unit, text_value"
    code = "CLD_SERVICE//long-term-support-nursing-care"
    first, second = datetime(2024, 4, 10), datetime(2024, 7, 10)
    assert feed.events("CLD_SERVICE", columns=columns) == [
        ("LA1", code, None, first, second, 7.0, "units/wk", "provision-of-service"),
        ("LA1", code, datetime(2024, 5, 15), second, None, 7.0, "units/wk", "provision-of-service"),
    ]


def test_two_quarters_in_one_batch_say_one_thing_once(feed):
    feed.batch("2024-07-10", {"cld": [{**SERVICE, **Q1}, {**SERVICE, **Q2}]})
    assert len(feed.events("CLD_SERVICE")) == 1


def test_a_quarter_sent_again_withdraws_what_it_leaves_out(feed):
    other = {**SERVICE, "Event_Reference": "E2"}
    feed.batch("2024-04-10", {"cld": [{**SERVICE, **Q1}, {**other, **Q1}]})
    new = {**other, "Event_Reference": "E3"}
    feed.batch("2024-07-10", {"cld": [{**SERVICE, **Q1}, {**new, **Q2}]})
    april, july = datetime(2024, 4, 10), datetime(2024, 7, 10)
    assert sorted(feed.events("CLD_SERVICE", columns="recorded_at, superseded_at"), key=str) == [
        (april, None),
        (april, july),
        (july, None),
    ]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (
            {"Event_Type": "Request", "Request_Route_of_Access": "Community / other route"},
            "CLD_REQUEST//community-other-route",
        ),
        ({"Event_Type": "Referral"}, "CLD_REQUEST//unknown"),
        (
            {"Event_Type": "Assessment", "Assessment_Type": "Short Term Assessment"},
            "CLD_ASSESSMENT//short-term-assessment",
        ),
        ({"Event_Type": "Review", "Review_Reason": "Planned"}, "CLD_REVIEW//planned"),
        ({"Event_Type": "Review", "Review_Reason": "Unplanned - Carer related"}, "CLD_REVIEW//unplanned-carer-related"),
        ({"Event_Type": "Request", "Request_Route_of_Access": "Ann Example, 1 Invented Street"}, "CLD_REQUEST//other"),
    ],
)
def test_codes(feed, event, code):
    feed.batch("2024-04-10", {"cld": [{**PERSON, **Q1, "Event_Start_Date": "2024-02-01", **event}]})
    names = ("CLD_REQUEST", "CLD_ASSESSMENT", "CLD_REVIEW", "CLD_SERVICE")
    assert feed.events(*names, columns="code") == [(code,)]


def test_a_death_that_every_row_repeats_is_one_event(feed):
    dead = {"Date_of_Death": "2024-03-01"}
    rows = [{**SERVICE, **dead}, {**SERVICE, **dead, "Event_Reference": "E2"}]
    feed.batch("2024-04-10", {"cld": [{**row, **Q1} for row in rows]})
    feed.batch("2024-07-10", {"cld": [{**row, **Q2} for row in rows]})
    assert feed.events("DEATH", columns="time, recorded_at, superseded_at") == [
        (datetime(2024, 3, 1), datetime(2024, 4, 10), None)
    ]


@pytest.mark.parametrize(
    ("text", "category"),
    [("any other ASIAN background", "L"), ("Refused", "Z"), ("Undeclared / Not known", "99"), ("A", "A"), ("?", None)],
)
def test_ethnicity_and_sex_are_normalised(feed, text, category):
    feed.batch("2024-04-10", {"cld": [{**SERVICE, **Q1, "Ethnicity": text, "Gender": "MALE"}]})
    (identity,) = feed.identities()
    assert (identity.get("ethnic_category"), identity["sex"]) == (category, "male")


def test_the_last_row_that_says_it_tells_who_the_person_is(feed):
    later = {**SERVICE, "Event_Reference": "E2", "Event_Start_Date": "2024-05-01"}
    feed.batch("2024-04-10", {"cld": [{**SERVICE, **Q1}]})
    feed.batch("2024-07-10", {"cld": [{**later, **Q2, "Postcode": "ZZ2 2ZZ", "NHS_Number": None}]})
    (identity,) = feed.identities()
    assert (identity["nhs_number"], identity["postcode"]) == ("9990000018", "ZZ2 2ZZ")
    assert identity["birth_date"] == date(1940, 2, 3)


def test_who_cares_for_whom(feed):
    carer = {**PERSON, **Q1, "Client_Type": "Carer", "Event_Type": "Assessment", "Event_Start_Date": "2024-02-01"}
    feed.batch("2024-04-10", {"cld": [{**carer, "Adult_1_Linked_Person_ID": "LA2", "Adult_3_Linked_Person_ID": "LA3"}]})
    assert [(row["source_id"], row["cared_for"], row["since"]) for row in feed.rows(feed.mapping.carers)] == [
        ("LA1", "LA2", date(2024, 2, 1)),
        ("LA1", "LA3", date(2024, 2, 1)),
    ]
