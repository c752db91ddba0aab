"""What does a set of FHIR resources hold, once read?

A line is one resource: a line of NDJSON, an entry of a Bundle, or a file that holds one resource. Every line is a row
of `resource`; what it tells of a person or of events stands in the other tables, each row with the line's number.
"""

from __future__ import annotations

from washhouse.sources.columns import day, key, moment, number, text, whole
from washhouse.sources.contract import ColumnSpec, SourceSpec, TableSpec

RESOURCE = TableSpec(
    "resource",
    description="one row per line: a resource as it came",
    delivery="delta",
    business_key=("resource_key",),
    columns=(
        key("resource_key", "text", personal=True, description="`Type/id`, after the sender's name if one was given"),
        text("resource_type"),
        text("content", personal=True, description="digest that tells two contents apart"),
    ),
)

PATIENT = TableSpec(
    "patient",
    description="one row per Patient",
    within="resource",
    delivery="delta",
    business_key=("patient_key",),
    identity="clear",
    columns=(
        key("patient_key", "text", personal=True),
        ColumnSpec("nhs_number", "nhs_number", personal=True, description="identifier of the NHS number's system"),
        text("first_name", personal=True),
        text("surname", personal=True),
        day(
            "birth_date",
            personal=True,
            description="without number and surname also from a month or year",
        ),
        text("sex"),
        text("address", personal=True),
        text("postcode", personal=True),
        text("phone", personal=True),
        ColumnSpec("restricted", "flag", description="meta.security says restricted or very restricted"),
        text("ethnic_category"),
        text("practice", description="ODS code of the general practitioner"),
        day("death_date"),
        moment("recorded", description="meta.lastUpdated, naive UTC"),
    ),
)

EVENT = TableSpec(
    "event",
    description="one row per event that a resource tells of: itself, and each component of an Observation",
    within="resource",
    delivery="delta",
    business_key=("resource_key", "part"),
    parent=("patient", "patient_key"),
    columns=(
        key("resource_key", "text", personal=True),
        whole("part", description="0 for the resource itself"),
        key("patient_key", "text", personal=True),
        text("encounter_key", personal=True),
        ColumnSpec("happened", "flag", description="false: it says that it did not, or was entered in error"),
        moment("time", description="naive UTC"),
        moment("end_time", description="naive UTC"),
        moment("recorded", description="naive UTC"),
        text("family", description="vocabulary before the code's own"),
        text("vocabulary"),
        text("code"),
        number("number"),
        text("unit"),
        text("word", description="short and coded, never free text"),
    ),
)

OTHER = TableSpec(
    "other",
    description="one row per resource of a type that is not mapped, as sent",
    within="resource",
    delivery="delta",
    business_key=("resource_key",),
    columns=(key("resource_key", "text", personal=True), text("resource_type"), text("raw", personal=True)),
)

SPEC = SourceSpec(
    "fhir",
    "Imported resources (FHIR R4)",
    description="Bulk Data NDJSON, Bundles and single resources; a resource sent again takes the place of itself.",
    references=("HL7 FHIR R4 (4.0.1)", "HL7 FHIR Bulk Data Access 2.0"),
    tables=(RESOURCE, PATIENT, EVENT, OTHER),
)
