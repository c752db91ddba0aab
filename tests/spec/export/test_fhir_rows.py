"""Which resource a person and an event are: small rows in, resources out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from washhouse.record.fhir import to_patient, to_resources
from washhouse.sources.fhir.files import Line
from washhouse.sources.fhir.rows import read_resource
from washhouse.sources.fhir.survey import Survey

DAY, LATER, KNOWN = datetime(2025, 3, 1, 9), datetime(2025, 3, 4, 16), datetime(2025, 4, 1)
COLUMNS = ("time", "end_time", "recorded_at", "code", "numeric_value", "unit", "text_value", "ref", "parent_ref")
ANN = {"sex": "female", "ethnic_category": "A", "birth_month": date(1950, 5, 1), "death_date": date(2025, 5, 6)}


def row(code: str, **more: Any) -> dict[str, Any]:
    return {**dict.fromkeys(COLUMNS), "code": code, "time": DAY, "recorded_at": KNOWN, **more}


def resources(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return list(to_resources(rows, "7", lambda said: "".join(one for one in said if one.isalnum())[:64]))


def test_a_patient_has_no_identifier() -> None:
    patient = to_patient({**ANN, "practice": "P81001"}, "7")
    assert patient.keys() == {
        *("resourceType", "id", "meta", "extension", "gender", "birthDate", "deceasedDateTime", "generalPractitioner")
    }
    assert (patient["gender"], patient["birthDate"], patient["deceasedDateTime"]) == ("female", "1950-05", "2025-05-06")
    assert to_patient({**ANN, "birth_month": None, "birth_year": 1950}, "7")["birthDate"] == "1950"


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        (row("SNOMED//44054006"), "Observation", ("http://snomed.info/sct", "44054006")),
        (row("ICD10//E119"), "Condition", ("http://hl7.org/fhir/sid/icd-10", "E11.9")),
        (row("DMD//319996000"), "MedicationRequest", ("https://dmd.nhs.uk", "319996000")),
        (row("OPCS4//M141"), "Procedure", ("https://fhir.hl7.org.uk/Id/opcs-4", "M14.1")),
        (row("ALLERGY//SNOMED//764146007"), "AllergyIntolerance", ("http://snomed.info/sct", "764146007")),
        (row("IMMUNISATION//CVX//140"), "Immunization", ("http://hl7.org/fhir/sid/cvx", "140")),
        (row("MHS_REFERRAL//A02"), "ServiceRequest", ("urn:washhouse:vocabulary:MHS_REFERRAL", "A02")),
        (row("CSDS_REFERRAL//12"), "ServiceRequest", ("urn:washhouse:vocabulary:CSDS_REFERRAL", "12")),
        (row("CSDS_CONTACT//5"), "Encounter", ("urn:washhouse:vocabulary:CSDS_CONTACT", "5")),
        (row("CSDS_ACTIVITY//03"), "Procedure", ("urn:washhouse:vocabulary:CSDS_ACTIVITY", "03")),
        (row("APC_SPELL//21"), "Encounter", ("urn:washhouse:vocabulary:APC_SPELL", "21")),
        (row("HONOS//979711000000105"), "Observation", ("urn:washhouse:vocabulary:HONOS", "979711000000105")),
    ],
)
def test_a_vocabulary_says_the_type(event: dict[str, Any], kind: str, code: tuple[str, str]) -> None:
    (made,) = resources(event)
    concepts = [made[name] for name in ("code", "type", "vaccineCode", "medicationCodeableConcept") if name in made]
    concept = concepts[0][0] if isinstance(concepts[0], list) else concepts[0]
    assert made["resourceType"] == kind
    assert (concept["coding"][0]["system"], concept["coding"][0]["code"]) == code
    assert made["meta"]["lastUpdated"] == "2025-04-01T00:00:00Z"


def test_a_diagnosis_of_an_attendance_is_a_condition_of_its_encounter() -> None:
    stay, diagnosis = resources(
        row("ECDS_ATTENDANCE//01", ref="r1", end_time=LATER), row("SNOMED//230690007", parent_ref="r1")
    )
    assert (stay["class"]["code"], stay["status"]) == ("EMER", "finished")
    assert stay["period"] == {"start": "2025-03-01T09:00:00Z", "end": "2025-03-04T16:00:00Z"}
    assert (diagnosis["resourceType"], diagnosis["encounter"]) == (
        "Condition",
        {"reference": f"Encounter/{stay['id']}"},
    )


def test_what_was_found_or_done_in_a_contact_is_no_diagnosis() -> None:
    contact, done = resources(row("CSDS_CONTACT//5", ref="c1"), row("SNOMED//27113001", parent_ref="c1"))
    assert (done["resourceType"], done["encounter"]) == ("Observation", {"reference": f"Encounter/{contact['id']}"})


@pytest.mark.parametrize(
    "event",
    [
        row("CSDS_REFERRAL//12", end_time=LATER),
        row("CSDS_CONTACT//5", numeric_value=25.0, unit="min", text_value="01"),
        row("CSDS_CONTACT//3"),
        row("CSDS_ACTIVITY//03"),
    ],
)
def test_community_nursing_is_read_back_as_it_was(event: dict[str, Any]) -> None:
    (made,) = resources(event)
    (read,) = read_resource(Line(1, "", made), Survey()).events
    told = (f"{read.family}//{read.vocabulary}//{read.code}".strip("/"), read.time, read.end_time, read.recorded)
    assert told == (event["code"], DAY, event["end_time"], KNOWN)
    assert (read.number, read.unit, read.word) == (event["numeric_value"], event["unit"], event["text_value"])
    assert read.happened


def test_a_parent_that_is_no_encounter_is_not_named() -> None:
    _, contact = resources(row("MHS_REFERRAL//A02", ref="r1"), row("MHS_CONTACT//5", ref="c1", parent_ref="r1"))
    assert "encounter" not in contact


@pytest.mark.parametrize(
    ("code", "end", "status"),
    [
        ("MHS_CONTACT//5", None, "finished"),
        ("MHS_CONTACT//3", None, "cancelled"),
        ("CSDS_CONTACT//3", None, "cancelled"),
        ("MHS_SPELL//200", None, "in-progress"),
        ("MHS_SPELL//200", LATER, "finished"),
    ],
)
def test_encounters_tell_whether_they_took_place(code: str, end: datetime | None, status: str) -> None:
    assert resources(row(code, end_time=end))[0]["status"] == status


def test_values_stand_where_a_type_has_a_place_for_them() -> None:
    lab, word, issue, service = resources(
        row("LOINC//4548-4", numeric_value=48.0, unit="mmol/mol"),
        row("LOINC//4548-4", text_value="positive"),
        row("DMD//319996000", numeric_value=28.0, unit="tablet", text_value="repeat"),
        row("CLD_SERVICE//long-term-support-community", numeric_value=14.0, unit="units/wk"),
    )
    assert lab["valueQuantity"] == {"value": 48.0, "unit": "mmol/mol"}
    assert word["valueCodeableConcept"]["coding"][0]["code"] == "positive"
    assert issue["dispenseRequest"] == {"quantity": {"value": 28.0, "unit": "tablet"}}
    assert issue["courseOfTherapyType"]["coding"][0]["code"] == "continuous"
    assert service["extension"][0]["valueQuantity"] == {"value": 14.0, "unit": "units/wk"}


def test_a_midnight_is_a_day_and_a_span_a_period() -> None:
    day, span = resources(row("MHS_ACT//02", time=datetime(2025, 3, 1)), row("MHS_ACT//02", end_time=LATER))
    assert day["effectiveDateTime"] == "2025-03-01"
    assert span["effectivePeriod"] == {"start": "2025-03-01T09:00:00Z", "end": "2025-03-04T16:00:00Z"}
    assert "effectiveDateTime" not in span


def test_rows_that_say_the_same_have_ids_of_their_own() -> None:
    assert len({one["id"] for one in resources(*[row("SNOMED//44054006")] * 3)}) == 3


def test_what_the_patient_says_is_said_once() -> None:
    assert resources(row("DEATH//recorded"), row("GENDER//F")) == []
