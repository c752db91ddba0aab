"""What FHIR resources become, and where each line went: small sets in, small tables out."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from washhouse.core.errors import InputError
from washhouse.lake.engine import connect
from washhouse.pipeline.resource_set import ResourceSet
from washhouse.sources.fhir.contract import SPEC
from washhouse.sources.fhir.read import read_set
from washhouse.sources.fhir.survey import survey_set
from washhouse.sources.mappings import fhir
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.run import read_identities, run_stage
from washhouse.sources.result import BatchResult

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1"}
OF_P1 = {"subject": {"reference": "Patient/p1"}}


def coded(code: str, system: str = SNOMED) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def observation(**more: Any) -> dict[str, Any]:
    given = {"resourceType": "Observation", "id": "o1", "status": "final", "code": coded("4548-4", LOINC), **OF_P1}
    return {**given, "effectiveDateTime": "2025-07-01", **more}


def put(folder: Path, *resources: Any, name: str = "Observation.ndjson") -> Path:
    """A file of one resource a line; a text stands as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    data = ("\n".join(lines) + "\n").encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def read(path: Path, day: date | None = None, **more: Any) -> BatchResult:
    survey = survey_set(path)
    return read_set(path, survey, day=day or survey.day, batch="2025-07-01-delta", **more)


def events(path: Path, *columns: str) -> list[tuple[Any, ...]]:
    """Events of a set as the record would hold them, in order."""
    result = read(path)

    def typed(source: str, table: str) -> Any:
        if table not in result.tables:
            return None
        rows = result.tables[table].rows
        for name, value in (("_batch", "b"), ("_provider", None), ("_kind", "delta"), ("_period_start", None)):
            rows = rows.append_column(name, [[value] * rows.num_rows])
        rows = rows.append_column("_period_end", [[None] * rows.num_rows])
        rows = rows.append_column("_as_of", [[result.as_of] * rows.num_rows])
        return rows.append_column("_submitted_at", [[result.submitted_at] * rows.num_rows])

    con = connect()
    create_macros(con, "00")
    found: list[tuple[Any, ...]] = []
    for stage in fhir.MAPPING.events:
        for sql in run_stage(con, SPEC, stage, typed):
            found += con.sql(f"SELECT {', '.join(columns)} FROM ({sql}) ORDER BY ALL").fetchall()
    identities = read_identities(con, [(SPEC, fhir.MAPPING)], typed)
    assert set(identities["source_id"].to_pylist()) <= {"Patient/p1", "Patient/p2", "Observation/o1#inside"}
    return found


def issues(result: BatchResult) -> list[tuple[int, str | None, str]]:
    return [(row["row"], row["column"], row["rule"]) for one in result.files.values() for row in one.issues.to_pylist()]


def test_every_line_is_accepted_set_aside_or_a_repeat(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        PATIENT,
        observation(),
        observation(),
        '{"resourceType": "Observation", "id": "cut',
        "[1, 2]",
        {"id": "typeless"},
        {"resourceType": "Zaphod", "id": "z"},
        observation(id="o2", subject={}),
        observation(id="o3", subject={"reference": "Patient/nobody"}),
        observation(id="o4", effectiveDateTime="first of July"),
        observation(id="o5", effectiveDateTime="1066-10-14"),
        {"resourceType": "Practitioner", "id": "d1"},
    )
    result = read(path)
    (file,) = result.files.values()
    assert (file.lines, file.accepted, file.warned, file.quarantined, file.duplicates) == (12, 3, 1, 8, 1)
    assert issues(result) == [
        (3, None, "duplicate-row"),
        (4, None, "no-resource"),
        (5, None, "no-resource"),
        (6, "resourceType", "missing-key"),
        (7, "resourceType", "bad-key-format"),
        (8, "subject", "missing-key"),
        (9, "subject", "orphan-row"),
        (10, "effectiveDateTime", "bad-key-format"),
        (11, "effectiveDateTime", "impossible-date"),
        (12, "Practitioner", "unmapped-resource"),
    ]
    assert file.set_aside["row"].to_pylist() == [4, 5, 6, 7, 8, 9, 10, 11]
    assert result.tables["other"].rows["resource_type"].to_pylist() == ["Practitioner"]


@pytest.mark.parametrize(
    ("resource", "code", "number", "unit", "word"),
    [
        (observation(valueQuantity={"value": 48, "unit": "mmol/mol"}), "LOINC//4548-4", 48, "mmol/mol", None),
        (observation(valueQuantity={"value": 5, "comparator": "<"}), "LOINC//4548-4", None, None, "<5"),
        (observation(valueInteger=7), "LOINC//4548-4", 7, None, None),
        (observation(valueString="Positive"), "LOINC//4548-4", None, None, "positive"),
        (observation(valueString="seen by Ann Smith"), "LOINC//4548-4", None, None, None),
        (observation(valueString="9434765919"), "LOINC//4548-4", None, None, None),
        (observation(valueCodeableConcept=coded("260385009")), "LOINC//4548-4", None, None, "260385009"),
        (observation(code=coded("E11.9", "http://hl7.org/fhir/sid/icd-10")), "ICD10//E119", None, None, None),
        (observation(code=coded("AB-12", "http://example.org/labs")), "LOCAL//AB-12", None, None, None),
        (observation(code=coded("Ann Smith", "http://example.org/labs")), "LOCAL//unreadable", None, None, None),
        (observation(code={"text": "Ann Smith"}), "LOCAL//unknown", None, None, None),
        (
            observation(code=coded("03", "urn:washhouse:vocabulary:MHS_ACCOMMODATION")),
            "MHS_ACCOMMODATION//03", None, None, None,
        ),
        (observation(code=coded("7", "urn:washhouse:vocabulary:ANN_SMITH")), "LOCAL//7", None, None, None),
    ],
)  # fmt: skip
def test_an_observation_is_a_code_with_a_number_or_a_word(
    tmp_path: Path, resource: Any, code: str, number: float | None, unit: str | None, word: str | None
) -> None:
    told = events(put(tmp_path, PATIENT, resource), "code", "numeric_value", "unit", "text_value")
    assert told == [(code, number, unit, word)]


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("Encounter", {"class": {"code": "IMP"}, "period": {"start": "2025-07-01"}}, "ENCOUNTER//IMP"),
        ("Encounter", {"class": {"code": "Ann"}, "period": {"start": "2025-07-01"}}, "ENCOUNTER//other"),
        ("Condition", {"code": coded("44054006"), "onsetDateTime": "2025-07-01"}, "SNOMED//44054006"),
        (
            "MedicationRequest",
            {"medicationCodeableConcept": coded("319996000", "https://dmd.nhs.uk"), "authoredOn": "2025-07-01"},
            "DMD//319996000",
        ),
        (
            "MedicationStatement",
            {"medicationCodeableConcept": coded("319996000", "https://dmd.nhs.uk"), "effectiveDateTime": "2025-07-01"},
            "MEDICATION_STATEMENT//DMD//319996000",
        ),
        ("Procedure", {"code": coded("80146002"), "performedDateTime": "2025-07-01"}, "SNOMED//80146002"),
        ("ServiceRequest", {"code": coded("103696004"), "authoredOn": "2025-07-01"}, "REQUEST//SNOMED//103696004"),
        (
            "DiagnosticReport",
            {"code": coded("24323-8", LOINC), "effectiveDateTime": "2025-07-01"},
            "REPORT//LOINC//24323-8",
        ),
        (
            "RiskAssessment",
            {"code": coded("225338004"), "occurrenceDateTime": "2025-07-01"},
            "RISK//SNOMED//225338004",
        ),
    ],
)
def test_what_was_only_asked_for_or_reported_has_a_vocabulary_before_its_code(
    tmp_path: Path, kind: str, more: dict[str, Any], code: str
) -> None:
    path = put(tmp_path, PATIENT, {"resourceType": kind, "id": "x", **OF_P1, **more})
    assert events(path, "code", "time") == [(code, datetime(2025, 7, 1))]


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        (
            "AllergyIntolerance",
            {"code": coded("764146007"), "recordedDate": "2025-07-01"},
            "ALLERGY//SNOMED//764146007",
        ),
        (
            "Immunization",
            {"vaccineCode": coded("140", "http://hl7.org/fhir/sid/cvx"), "occurrenceDateTime": "2025-07-01"},
            "IMMUNISATION//CVX//140",
        ),
    ],
)
def test_a_type_may_call_its_subject_patient(tmp_path: Path, kind: str, more: dict[str, Any], code: str) -> None:
    path = put(tmp_path, PATIENT, {"resourceType": kind, "id": "x", "patient": OF_P1["subject"], **more})
    assert events(path, "code") == [(code,)]


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2025-07-01T09:30:00+01:00", datetime(2025, 7, 1, 8, 30)),
        ("2025-07-01T09:30:00.5Z", datetime(2025, 7, 1, 9, 30, 0, 500_000)),
        ("2025-07-01T09:30:00", datetime(2025, 7, 1, 8, 30)),  # no offset: local time
        ("2025-07-01", datetime(2025, 7, 1)),
        ("2025-07", datetime(2025, 7, 1)),
        ("2025", datetime(2025, 1, 1)),
    ],
)
def test_times_are_naive_utc(tmp_path: Path, written: str, time: datetime) -> None:
    assert events(put(tmp_path, PATIENT, observation(effectiveDateTime=written)), "time") == [(time,)]


def test_an_event_is_known_when_its_resource_was(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        PATIENT,
        observation(issued="2025-07-03T10:00:00Z"),
        observation(id="o2", issued="2025-07-03T10:00:00Z", meta={"lastUpdated": "2025-07-04T12:00:00Z"}),
        observation(id="o3"),
    )
    known = [datetime(2025, 7, 3, 10), datetime(2025, 7, 4, 12), datetime(2025, 7, 5)]
    assert events(path, "recorded_at") == [(moment,) for moment in known]


def test_what_did_not_happen_is_no_event(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        PATIENT,
        observation(status="entered-in-error"),
        {"resourceType": "Procedure", "id": "x", "status": "not-done", "code": coded("80146002"), **OF_P1},
        {"resourceType": "Condition", "id": "y", "verificationStatus": coded("refuted"), "code": coded("1"), **OF_P1},
    )
    assert events(path, "code") == []
    assert {rule for _, _, rule in issues(read(path))} == {"did-not-happen"}


def test_components_are_events_of_their_own(tmp_path: Path) -> None:
    parts = [
        {"code": coded("8480-6", LOINC), "valueQuantity": {"value": 133, "unit": "mm[Hg]"}},
        {"code": coded("8462-4", LOINC), "valueQuantity": {"value": 76, "unit": "mm[Hg]"}},
    ]
    path = put(tmp_path, PATIENT, observation(code=coded("85354-9", LOINC), component=parts))
    told = events(path, "code", "numeric_value")
    assert told == [("LOINC//8462-4", 76), ("LOINC//8480-6", 133), ("LOINC//85354-9", None)]


def test_references_are_found_in_bundles_within_resources_and_by_search(tmp_path: Path) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": "urn:uuid:0b1c", "resource": {"resourceType": "Observation", "code": coded("1234567"),
                                                     "subject": {"reference": "urn:uuid:77aa"}}},
            {"fullUrl": "urn:uuid:77aa", "resource": {**PATIENT, "id": "p2",
                                                     "identifier": [{"system": "urn:x", "value": "7"}]}},
            {"resource": observation(id="o2", subject={"reference": "Patient?identifier=urn:x|7"})},
            {"resource": observation(subject={"reference": "#inside"}, contained=[{**PATIENT, "id": "inside"}])},
            {"request": {"method": "DELETE", "url": "Patient/p9"}},
        ],
    }  # fmt: skip
    (tmp_path / "Ann Smith.json").write_text(json.dumps(bundle))
    told = events(tmp_path, "source_id", "code")
    assert told == [
        ("Observation/o1#inside", "LOINC//4548-4"),
        ("Patient/p2", "LOINC//4548-4"),
        ("Patient/p2", "SNOMED//1234567"),
    ]
    result = read(tmp_path)
    assert list(result.files) == ["resources-1.json"]
    assert issues(result) == [(5, None, "no-resource")]


def test_a_medication_may_be_a_resource_of_its_own(tmp_path: Path) -> None:
    request = {"resourceType": "MedicationRequest", "id": "r1", "authoredOn": "2025-07-01", **OF_P1}
    own = {"resourceType": "Medication", "id": "m", "code": coded("319996000", "https://dmd.nhs.uk")}
    path = put(
        tmp_path,
        PATIENT,
        {**request, "medicationReference": {"reference": "Medication/m"}},
        {**request, "id": "r2", "medicationReference": {"reference": "#in"}, "contained": [{**own, "id": "in"}]},
        own,
    )
    assert events(path, "code") == [("DMD//319996000",)] * 2


def test_a_patient_says_who_it_is(tmp_path: Path) -> None:
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "943 476 5919"}
    path = put(
        tmp_path,
        {
            **PATIENT,
            "identifier": [{"system": "urn:other", "value": "1"}, number],
            "name": [{"use": "old", "family": "Jones"}, {"use": "official", "family": "Smith", "given": ["Ann", "B"]}],
            "birthDate": "1979-04-06",
            "gender": "female",
            "address": [{"use": "home", "line": ["1 High Street"], "city": "Wigan", "postalCode": "WN1 1AA"}],
            "telecom": [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "01942 000000"}],
            "meta": {"security": [{"code": "R"}]},
            "deceasedDateTime": "2025-06-01T10:00:00Z",
        },
        {**PATIENT, "id": "p2", "birthDate": "1979-04", "identifier": [{**number, "value": "1234567890"}]},
    )
    first, second = read(path).tables["patient"].rows.to_pylist()
    assert {name: first[name] for name in ("nhs_number", "first_name", "surname", "birth_date", "sex")} == {
        "nhs_number": "9434765919",
        "first_name": "Ann",
        "surname": "Smith",
        "birth_date": date(1979, 4, 6),
        "sex": "female",
    }
    assert (first["address"], first["postcode"]) == ("1 High Street, Wigan", "WN1 1AA")
    assert (first["phone"], first["restricted"], first["death_date"]) == ("01942 000000", True, date(2025, 6, 1))
    assert (second["nhs_number"], second["birth_date"]) == (None, date(1979, 4, 1))
    assert (2, "nhs_number", "invalid-nhs-number") in issues(read(path))


def test_ids_are_a_senders_own(tmp_path: Path) -> None:
    path = put(tmp_path, PATIENT, observation())
    assert read(path, sender="trust-a").tables["event"].rows["patient_key"].to_pylist() == ["trust-a|Patient/p1"]
    with pytest.raises(InputError) as caught:
        ResourceSet(path, "Trust A").find(())
    assert caught.value.code == "fhir-sender"


def test_patients_of_earlier_sets_are_known(tmp_path: Path) -> None:
    path = put(tmp_path, observation())
    assert issues(read(path)) == [(1, "subject", "orphan-row")]
    assert issues(read(path, known=["Patient/p1"])) == []


def test_files_may_be_zipped_whole_or_by_line_and_broken(tmp_path: Path) -> None:
    put(tmp_path, PATIENT, name="Patient.ndjson")
    put(tmp_path, observation(), name="Observation.1.ndjson.gz")
    put(tmp_path, observation(id="o2"), observation(id="o3"), name="Observation_2.json")
    whole = gzip.compress(json.dumps(observation(id="o4")).encode())
    (tmp_path / "Observation3.ndjson.gz").write_bytes(whole[:-10])
    (tmp_path / "garbled.json").write_text('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType":')
    (tmp_path / "manifest.json").write_text('{"transactionTime": "2025-07-09T04:00:00Z", "output": []}')
    (tmp_path / "readme.txt").write_text("no resource")
    result = read(tmp_path)
    counts = {name: (file.lines, file.accepted, file.quarantined) for name, file in result.files.items()}
    assert counts == {
        "Patient.ndjson": (1, 1, 0),
        "resources-1.gz": (1, 1, 0),
        "Observation_2.json": (2, 2, 0),
        "resources-2.gz": (1, 0, 1),
        "resources-3.json": (2, 0, 2),
    }
    assert {(rule) for _, _, rule in issues(result)} == {"truncated-file", "no-json"}
    assert (result.as_of, result.submitted_at) == (date(2025, 7, 9), datetime(2025, 7, 9, 4))


def test_what_lies_after_the_day_is_set_aside(tmp_path: Path) -> None:
    result = read(put(tmp_path, PATIENT, observation()), day=date(2025, 6, 30))
    assert issues(result) == [(2, "effectiveDateTime", "future-date")]


@pytest.mark.parametrize(
    "newest",
    [
        observation(id="o2", effectivePeriod={"start": "2025-08-01"}) | {"effectiveDateTime": None},
        {"resourceType": "Procedure", "code": coded("80146002"), "performedPeriod": {"start": "2025-08-01"}, **OF_P1},
    ],
)
def test_the_newest_time_dates_a_set_wherever_it_stands(tmp_path: Path, newest: dict[str, Any]) -> None:
    result = read(put(tmp_path, PATIENT, observation(), newest))
    assert (result.as_of, issues(result)) == (date(2025, 8, 1), [])


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_there_is_said_plainly(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        survey_set(tmp_path / name)
    assert caught.value.code == "fhir-not-found"
