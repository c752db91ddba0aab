"""What each kind of OMOP row becomes: whose it is, which code, when, how much, and since when it was known."""

from __future__ import annotations

from datetime import date, datetime

import pytest

CONCEPTS = [
    {"concept_id": 1, "concept_name": "A finding", "vocabulary_id": "SNOMED", "concept_code": "195662009"},
    {"concept_id": 2, "concept_name": "Haemorrhage", "vocabulary_id": "ICD10CM", "concept_code": "K92.2"},
    {"concept_id": 3, "concept_name": "A drug", "vocabulary_id": "RxNorm", "concept_code": "998582"},
    {"concept_id": 4, "concept_name": "Diabetes", "vocabulary_id": "ICD10", "concept_code": "E11.9"},
    {"concept_id": 5, "concept_name": "Positive", "vocabulary_id": "SNOMED", "concept_code": "10828004"},
    {"concept_id": 6, "concept_name": "millimole", "vocabulary_id": "UCUM", "concept_code": "mmol/L"},
    {"concept_id": 7, "concept_name": "Own", "vocabulary_id": "SNOMED", "concept_code": "OMOP4873"},
    {"concept_id": 8, "concept_name": "x", "vocabulary_id": "washhouse", "concept_code": "CLD_REVIEW//planned"},
    {"concept_id": 9, "concept_name": "x", "vocabulary_id": "washhouse", "concept_code": "SMITH//planned"},
    {"concept_id": 10, "concept_name": "x", "vocabulary_id": "washhouse", "concept_code": "MHS_WARD//9434765919"},
    {"concept_id": 9201, "concept_name": "Inpatient", "vocabulary_id": "Visit", "concept_code": "IP"},
]
DAY = "2020-03-01"
ALL = ("SNOMED", "ICD10CM", "ICD10", "RXNORM", "OMOP", "LOCAL", "CLD_REVIEW", "SMITH", "MHS_WARD", "ENCOUNTER", "DEATH")


def condition(**more):
    row = {"condition_occurrence_id": "7", "person_id": "1", "condition_start_date": DAY}
    return {"condition_occurrence": [{**row, **more}]}


def measurement(**more):
    return {"measurement": [{"measurement_id": "7", "person_id": "1", "measurement_date": DAY, **more}]}


def given(sent, tables, name="2020-12-31"):
    return sent("omop").batch(name, {"concept": CONCEPTS, **tables})


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"condition_concept_id": 1, "condition_source_concept_id": 2}, "ICD10CM//K92.2"),
        ({"condition_concept_id": 1, "condition_source_concept_id": 0}, "SNOMED//195662009"),
        ({"condition_concept_id": 1, "condition_source_concept_id": 77}, "SNOMED//195662009"),
        ({"condition_concept_id": 4}, "ICD10//E119"),
        ({"condition_concept_id": 77, "condition_source_value": "K92.2"}, "OMOP//77"),
        ({"condition_concept_id": 7}, "OMOP//7"),
        ({"condition_source_concept_id": 78, "condition_concept_id": 0}, "OMOP//78"),
        ({"condition_concept_id": 0, "condition_source_value": "K92.2"}, "LOCAL//K92.2"),
        ({"condition_concept_id": 0, "condition_source_value": "Ann Smith"}, "LOCAL//unreadable"),
        ({"condition_concept_id": 0}, "LOCAL//unknown"),
        ({"condition_source_concept_id": 8}, "CLD_REVIEW//planned"),
        ({"condition_source_concept_id": 9}, "OMOP//9"),
        ({"condition_source_concept_id": 10}, "OMOP//10"),
        ({"condition_concept_id": 9434765919}, "LOCAL//unknown"),
    ],
)
def test_a_code_is_the_sources_concept_else_the_standard_one(sent, row, code):
    assert given(sent, condition(**row)).events(*ALL, columns="code") == [(code,)]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"value_as_number": 4.5, "unit_concept_id": 6, "value_source_value": "4.5"}, (4.5, "mmol/L", None)),
        ({"value_as_number": 4.5, "unit_source_value": "mg"}, (4.5, "mg", None)),
        ({"value_as_number": 0.5, "operator_concept_id": 4171756}, (None, None, "<0.5")),
        ({"value_as_concept_id": 5}, (None, None, "positive")),
        ({"value_as_concept_id": 1}, (None, None, "195662009")),
        ({"value_source_value": "Negative"}, (None, None, "negative")),
        ({"value_source_value": "01"}, (None, None, "01")),
        ({"value_source_value": "seen by Dr Example"}, (None, None, None)),
        ({"value_source_value": "9434765919"}, (None, None, None)),
        ({"value_source_value": "SMITH"}, (None, None, None)),
    ],
)
def test_a_value_is_a_number_or_a_coded_word_never_free_text(sent, row, value):
    found = given(sent, measurement(measurement_concept_id=1, **row))
    assert found.events("SNOMED", columns="numeric_value, unit, text_value") == [value]


@pytest.mark.parametrize(
    ("row", "span"),
    [
        ({"condition_start_datetime": "2020-03-01T09:30"}, (datetime(2020, 3, 1, 9, 30), None)),
        ({"condition_start_datetime": "2020-03-02T09:30"}, (datetime(2020, 3, 1), None)),
        ({"condition_end_date": "2020-03-04"}, (datetime(2020, 3, 1), datetime(2020, 3, 4))),
        (
            {"condition_start_datetime": "2020-03-01T09:30", "condition_end_date": DAY},
            (datetime(2020, 3, 1, 9, 30), datetime(2020, 3, 1, 9, 30)),
        ),
    ],
)
def test_times_are_the_data_sets_own_and_the_day_decides(sent, row, span):
    found = given(sent, condition(condition_concept_id=1, **row))
    assert found.events("SNOMED", columns="time, end_time") == [span]


@pytest.mark.parametrize(
    ("concept", "end", "expected"),
    [
        (9201, DAY, ("ENCOUNTER//IMP", datetime(2020, 3, 1))),
        (9202, DAY, ("ENCOUNTER//AMB", None)),
        (9203, "2020-03-02", ("ENCOUNTER//EMER", datetime(2020, 3, 2))),
        (0, DAY, ("LOCAL//unknown", None)),
    ],
)
def test_a_visit_is_an_encounter_of_its_kind(sent, concept, end, expected):
    visit = {"visit_occurrence_id": "5", "person_id": "1", "visit_start_date": DAY, "visit_end_date": end}
    visit |= {"visit_concept_id": concept, "visit_source_value": "b2a6f7d3"}
    found = given(sent, {"visit_occurrence": [visit]})
    assert found.events(*ALL, columns="code, end_time") == [expected]


def test_what_belongs_to_a_visit_points_at_it(sent):
    visit = {"visit_occurrence_id": "5", "person_id": "1", "visit_start_date": DAY, "visit_concept_id": 9201}
    rows = condition(condition_concept_id=1, visit_occurrence_id="5")
    (stay,), (told,) = (
        given(sent, {"visit_occurrence": [visit], **rows}).events(one, columns="ref, parent_ref")
        for one in ("ENCOUNTER", "SNOMED")
    )
    assert stay[1] is None and told[1] == stay[0] != told[0]


def test_a_drug_ends_when_the_source_said_so_and_nothing_is_no_quantity(sent):
    row = {"person_id": "1", "drug_concept_id": 3, "drug_exposure_start_date": DAY}
    rows = [
        {**row, "drug_exposure_id": "1", "quantity": 28.0, "dose_unit_source_value": "tablet"},
        {**row, "drug_exposure_id": "2", "quantity": 0.0, "verbatim_end_date": "2020-03-09"},
    ]
    found = given(sent, {"drug_exposure": rows})
    told = found.events("RXNORM", columns="numeric_value, unit, end_time")
    assert sorted(told, key=str) == [(28.0, "tablet", None), (None, None, datetime(2020, 3, 9))]


def test_what_the_first_batch_shows_is_taken_to_be_known_at_its_time(sent):
    later = condition(condition_concept_id=1)["condition_occurrence"]
    later.append({**later[0], "condition_occurrence_id": "8"})
    found = given(sent, condition(condition_concept_id=1))
    found.batch("2021-12-31", {"concept": CONCEPTS, "condition_occurrence": later})
    told = found.events("SNOMED", columns="recorded_at, recorded_assumed, superseded_at")
    assert told == [(datetime(2020, 3, 1), True, None), (datetime(2021, 12, 31), False, None)]


def test_what_a_later_batch_lacks_is_over(sent):
    found = given(sent, condition(condition_concept_id=1))
    found.batch("2021-12-31", condition(condition_concept_id=1, condition_occurrence_id="8"))
    told = found.events("SNOMED", columns="superseded_at")
    assert sorted(told, key=str) == sorted([(datetime(2021, 12, 31),), (None,)], key=str)


def test_a_death_told_twice_is_one(sent):
    row = {
        "observation_id": "3",
        "person_id": "1",
        "observation_date": DAY,
        "observation_source_value": "DEATH//recorded",
    }
    tables = {"observation": [row, {**row, "person_id": "2"}], "death": [{"person_id": "1", "death_date": DAY}]}
    assert given(sent, tables).events("DEATH", columns="source_id") == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"year_of_birth": 1980, "month_of_birth": 2, "day_of_birth": 29, "gender_concept_id": 8532},
         (date(1980, 2, 29), "female")),
        ({"year_of_birth": 1981, "month_of_birth": 2, "day_of_birth": 29, "gender_concept_id": 8507},
         (date(1981, 2, 1), "male")),
        ({"year_of_birth": 1981, "gender_concept_id": 0, "gender_source_value": "F"}, (date(1981, 1, 1), "female")),
        ({"year_of_birth": 9, "gender_concept_id": 8521}, (None, None)),
    ],
)  # fmt: skip
def test_a_person_is_one_of_their_own(sent, row, expected):
    (who,) = given(sent, {"person": [{"person_id": "1", **row}]}).identities()
    assert (who.get("birth_date"), who.get("sex")) == expected
    assert (who["source_id"], who["identity_kind"], "nhs_number" in who) == ("1", "pseudonym", False)
