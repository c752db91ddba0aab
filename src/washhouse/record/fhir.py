"""Which FHIR R4 resource is a person, and which an event of the record?

The declaration that import reads by (`sources.fhir.declared`) says where each fact goes; here only is what a type asks
for beyond it. Nothing of the vault is here: a Patient has no identifier, name or address.

References:
    HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/; HL7 UK Core STU2, profiles (named in `meta.profile`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time
from typing import Any

from washhouse.sources.fhir.codes import (
    ACT_CODE,
    COURSE_SYSTEM,
    COURSES,
    ENCOUNTER_CLASSES,
    ETHNIC_EXTENSION,
    ETHNIC_SYSTEM,
    HOUSE,
    ODS_CODE,
    UCUM,
    fhir_spelling,
    system_of,
)
from washhouse.sources.fhir.declared import FAMILIES, RESOURCES, TYPE_OF, UK_CORE, ResourceMap
from washhouse.sources.fhir.rows import NUMBER_EXTENSION, WORD_EXTENSION

Resource = dict[str, Any]
Row = Mapping[str, Any]

_GENDER = {"male": "male", "female": "female", "indeterminate": "other"}
_STAYS = ("APC_SPELL", "MHS_SPELL")
_CONTACTS = ("MHS_CONTACT", "CSDS_CONTACT")
_CLASS = {**dict.fromkeys(_STAYS, "IMP"), "ECDS_ATTENDANCE": "EMER", **dict.fromkeys(_CONTACTS, "AMB")}
_NOT_KEPT = tuple(f"{contact}//{status}" for contact in _CONTACTS for status in "2347")
_SAID_BY_PATIENT = ("DEATH", "MEDS_BIRTH", "MEDS_DEATH", "GENDER")
_CLINICAL = ("SNOMED", "CTV3", "READ2")
_STATUS = {
    "Observation": "final",
    "MedicationRequest": "completed",
    "MedicationStatement": "recorded",
    "DiagnosticReport": "final",
    "Immunization": "completed",
    "RiskAssessment": "final",
}
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_OF_LIST = {("Encounter", "type"), ("EpisodeOfCare", "type"), ("RiskAssessment", "prediction")}
"""Elements that R4 repeats, of those that the declaration names."""


def to_patient(person: Row, patient_id: str) -> Resource:
    """A person as a Patient, without identifiers.

    Args:
        person: `sex`, `ethnic_category`, `death_date`, and `birth_month` (a date) or `birth_year`; `practice`, where it
            is a text, is an ODS code.
        patient_id: Its id.
    """
    patient: Resource = {"resourceType": "Patient", "id": patient_id, "meta": {"profile": [f"{UK_CORE}Patient"]}}
    if person["ethnic_category"]:
        coding = {"system": ETHNIC_SYSTEM, "code": person["ethnic_category"]}
        patient["extension"] = [{"url": ETHNIC_EXTENSION, "valueCodeableConcept": {"coding": [coding]}}]
    patient["gender"] = _GENDER.get(person["sex"], "unknown")
    month, year = person.get("birth_month"), person.get("birth_year")
    if month is not None or year is not None:
        patient["birthDate"] = f"{month:%Y-%m}" if month is not None else f"{year:04}"
    if person["death_date"] is not None:
        patient["deceasedDateTime"] = person["death_date"].isoformat()
    if isinstance(person.get("practice"), str):
        patient["generalPractitioner"] = [{"identifier": {"system": ODS_CODE, "value": person["practice"]}}]
    return patient


MAPS: Mapping[str, ResourceMap] = RESOURCES
"""What is declared of each type."""


def to_resources(events: Sequence[Row], patient_id: str, name: Callable[[str], str]) -> Iterator[Resource]:
    """One person's events as resources, in the order given; see `pair_resources`."""
    return (resource for _, resource in pair_resources(events, patient_id, name))


def pair_resources(
    events: Sequence[Row], patient_id: str, name: Callable[[str], str]
) -> Iterator[tuple[Row, Resource]]:
    """One person's events, each with its resource, in the order given.

    Args:
        events: Current rows with the columns `time, end_time, recorded_at, code, numeric_value, unit, text_value, ref,
            parent_ref`; what the Patient says already is left out.
        patient_id: Id of the Patient.
        name: Gives a text that tells an event apart an id, good for FHIR: at most 64 letters, digits, `-` and `.`.
    """
    rows = [row for row in events if _family(row) not in _SAID_BY_PATIENT]
    encounters = {row["ref"]: name(f"ref {row['ref']}") for row in rows if row["ref"] and _is_encounter(row)}
    contacts = {row["ref"] for row in rows if _family(row) in _CONTACTS}
    used: set[str] = set()
    for row in rows:
        own = encounters.get(row["ref"]) if _is_encounter(row) else None
        if own is None or own in used:
            own = _fresh(row, name, used)
        used.add(own)
        encounter = encounters.get(row["parent_ref"])
        is_diagnosed = encounter is not None and row["parent_ref"] not in contacts
        yield row, _resource(row, type_of(row, is_diagnosed), own, patient_id, encounter)


def type_of(row: Row, is_diagnosed: bool) -> str:
    """The type that an event is written as.

    A diagnosis made in an emergency department or on a stay is a Condition. The record does not know which entries of a
    practice's journal are problems, nor which concepts of a contact were found and which done, so that they are
    Observations, as GP Connect has them ("uncategorised data").
    """
    family = _family(row)
    if family in _CLINICAL and is_diagnosed and row["numeric_value"] is None and row["text_value"] is None:
        return "Condition"
    return TYPE_OF.get(family, "Observation")


def fhir_time(moment: datetime | date) -> str:
    """A time as FHIR writes it; at midnight only the day was known.

    >>> fhir_time(datetime(2025, 7, 1)), fhir_time(datetime(2025, 7, 1, 8, 30))
    ('2025-07-01', '2025-07-01T08:30:00Z')
    """
    if not isinstance(moment, datetime) or moment.time() == time(0):
        return f"{moment:%Y-%m-%d}"
    return fhir_instant(moment)


def fhir_instant(moment: datetime) -> str:
    """A naive UTC time to the second or finer, with its zone."""
    return f"{moment.isoformat()}Z"


def _family(row: Row) -> str:
    return str(row["code"]).partition("//")[0]


def _is_encounter(row: Row) -> bool:
    return TYPE_OF.get(_family(row)) == "Encounter"


def _fresh(row: Row, name: Callable[[str], str], used: Set[str]) -> str:
    """An id from everything that the row says; rows that say the same are numbered."""
    said = "|".join("" if value is None else str(value) for value in row.values())
    number = 0
    while (own := name(f"row {number} {said}")) in used:
        number += 1
    return own


def _resource(row: Row, kind: str, own: str, patient_id: str, encounter: str | None) -> Resource:
    declared = RESOURCES[kind]
    meta: Resource = {"lastUpdated": fhir_instant(row["recorded_at"])}
    if declared.profile:
        meta["profile"] = [declared.profile]
    made: Resource = {"resourceType": declared.type, "id": own, "meta": meta}
    made |= _status(row, declared)
    _put_code(made, row, declared)
    made[declared.subject] = {"reference": f"Patient/{patient_id}"}
    if encounter is not None and declared.encounter:
        made[declared.encounter] = {"reference": f"Encounter/{encounter}"}
    _put_times(made, row, declared)
    _put_value(made, row, declared)
    return made


def _status(row: Row, declared: ResourceMap) -> Resource:
    """What a type requires beyond code, subject and time."""
    over, kind = row["end_time"] is not None, declared.type
    if kind == "Encounter":
        family = _family(row)
        given = str(row["code"]).partition("//")[2] if family == "ENCOUNTER" else _CLASS[family]
        running = not over and family in _STAYS
        status = "cancelled" if row["code"] in _NOT_KEPT else "in-progress" if running else "finished"
        system = ACT_CODE if given in ENCOUNTER_CLASSES else f"{HOUSE}ENCOUNTER"
        return {"status": status, "class": {"system": system, "code": given}}
    if kind in ("Condition", "AllergyIntolerance"):
        system = "condition-clinical" if kind == "Condition" else "allergyintolerance-clinical"
        coding = {"system": f"{_TERMS}{system}", "code": "resolved" if over else "active"}
        return {"clinicalStatus": {"coding": [coding]}}
    if kind == "EpisodeOfCare":
        return {"status": "finished" if over else "active"}
    if kind == "ServiceRequest":
        return {"status": "completed" if over else "active", "intent": "order"}
    if kind == "Procedure":
        running = not over and _family(row) == "CLD_SERVICE"
        return {"status": "in-progress" if running else "completed"}
    if kind == "MedicationStatement":
        return {"status": "completed" if over else "unknown"}
    return {"status": _STATUS[kind], **({"intent": "order"} if kind == "MedicationRequest" else {})}


def _put_code(made: Resource, row: Row, declared: ResourceMap) -> None:
    family, _, rest = str(row["code"]).partition("//")
    if family == "ENCOUNTER":
        return  # its class says it
    if family in FAMILIES:
        family, _, rest = rest.partition("//")
    coding = {"system": system_of(family), "code": fhir_spelling(family, rest)}
    _put(made, declared.code[0], {"coding": [coding]})


def _put_times(made: Resource, row: Row, declared: ResourceMap) -> None:
    """Time and end; where the end is that of a period, the time is its start."""
    start, end = row["time"], row["end_time"] if declared.end else None
    path, period = declared.time[0], declared.end[0].removesuffix(".end") if declared.end else ""
    spans = f"{period}.start" in declared.time
    if start is not None and (end is None or not spans or not path.startswith(period.removesuffix("Period"))):
        _put(made, path, fhir_time(start))
    if end is not None:
        if start is not None and spans:
            _put(made, f"{period}.start", fhir_time(start))
        _put(made, declared.end[0], fhir_time(end))
    if start is None and declared.type == "Immunization":
        made["occurrenceString"] = "unknown"


def _put_value(made: Resource, row: Row, declared: ResourceMap) -> None:
    number, unit, word = row["numeric_value"], row["unit"], row["text_value"]
    if declared.type == "MedicationRequest" and word in COURSES:
        coding = {"system": COURSE_SYSTEM, "code": COURSES[word]}
        made["courseOfTherapyType"], word = {"coding": [coding]}, None
    if declared.type == "Observation" and number is None and word is not None:
        made["valueCodeableConcept"], word = {"coding": [{"system": f"{HOUSE}LOCAL", "code": word}]}, None
    if number is not None and declared.number:
        path = declared.number[0]
        if path.endswith("Decimal"):
            _put(made, path, number)
        else:
            in_unit = {"unit": "min", "system": UCUM, "code": "min"} if path == "length" else {"unit": unit}
            _put(made, path, {"value": number, **(in_unit if path == "length" or unit else {})})
        number = None
    quantity = {"value": number, **({"unit": unit} if unit else {})}
    more = [
        *([{"url": NUMBER_EXTENSION, "valueQuantity": quantity}] if number is not None else []),
        *([{"url": WORD_EXTENSION, "valueCode": word}] if word is not None else []),
    ]
    if more:
        made["extension"] = more


def _put(made: Resource, path: str, value: Any) -> None:
    """Put a value at a path of a resource, into a list where R4 has one."""
    name, _, rest = path.partition(".")
    repeats = (made.get("resourceType"), name) in _OF_LIST
    if rest:
        inner: Resource = made.setdefault(name, [{}])[0] if repeats else made.setdefault(name, {})
        _put(inner, rest, value)
    else:
        made[name] = [value] if repeats else value
