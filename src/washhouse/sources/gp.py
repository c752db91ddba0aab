"""What does a general practice send? A neutral schema: there is no single national flat file."""

from __future__ import annotations

from washhouse.sources.columns import coded, day, key, number, text, whole
from washhouse.sources.contract import ColumnSpec, SourceSpec, Span, TableSpec
from washhouse.sources.demographics import demographics

PATIENT = ("patients", "patient_id")

PATIENTS = TableSpec(
    "patients",
    description="one row per registered patient",
    aliases=("patient",),
    business_key=("patient_id",),
    identity="clear",
    required=True,
    spans=(Span("registered_from", "registered_to"),),
    birth="birth_date",
    events=("registered_from", "deceased_date"),
    columns=(
        key("patient_id", "text", "PK_Patient_ID", personal=True),
        ColumnSpec("nhs_number", "nhs_number", personal=True),
        ColumnSpec(
            "Der_Pseudo_NHS_Number",
            "pseudonym",
            ("Pseudo_NHS_Number",),
            description="regional pseudonym of the NHS number, by which pseudonymised feeds join",
        ),
        text("practice_code", "GPPracticeCode", "PRACTICE", "Organisation_ID"),
        day("birth_date", "DateOfBirth", "Dob", personal=True),
        coded("sex", "M F I U"),
        coded("ethnic_code", "99 A B C D E F G H J K L M N P R S Z", "ETHNIC"),
        text("postcode", personal=True),
        text("lsoa", "LSOA_Code"),
        whole("imd_decile", description="deprivation decile of the small area, 1 most deprived"),
        text("uprn", personal=True, description="unique property reference number"),
        day("registered_from", "StartDate"),
        day("registered_to", "EndDate", may_be_future=True),
        day("deceased_date", "DateOfDeath"),
        ColumnSpec("type1_optout", "flag", description="type 1 opt-out from secondary use"),
    ),
)

JOURNAL = TableSpec(
    "journal",
    description="one row per coded entry",
    aliases=("gp_events", "codedevent_snomed"),
    business_key=("patient_id", "code", "code_system", "event_date", "recorded_date", "value", "unit"),
    parent=PATIENT,
    columns=(
        key("patient_id", "text", "FK_Patient_ID", personal=True),
        key("code", "code", "ConceptId"),
        coded("code_system", ("SNOMED CT", "CTV3", "Read2", "local EMIS")),
        key("event_date", "date", "ConsultationDate", "DATE"),
        day("recorded_date", "RECORD_DATE"),
        number("value", "NumericValue", "VALUE1_CONDITION"),
        text("unit"),
    ),
)

PRESCRIPTIONS = TableSpec(
    "prescriptions",
    description="one row per medicine issued",
    aliases=("prescription", "medicationissue"),
    business_key=("patient_id", "dmd_code", "name", "dose", "quantity", "quantity_unit", "issue_date", "course"),
    parent=PATIENT,
    columns=(
        key("patient_id", "text", "FK_Patient_ID", personal=True),
        key("dmd_code", "code", "DMD_ID", description="dictionary of medicines and devices code"),
        text("name"),
        text("dose"),
        number("quantity"),
        text("quantity_unit"),
        key("issue_date", "date", "ConsultationDate"),
        coded("course", "acute repeat"),
    ),
)

SPEC = SourceSpec(
    "gp",
    "General practice",
    description="A full snapshot of the patients, their coded journal and their prescriptions.",
    references=(
        "opensafely-core (table and column names of the TPP aliases)",
        "GraphNet CIPHA queries of Cheshire and Merseyside (names of the remaining aliases)",
    ),
    tables=(PATIENTS, JOURNAL, PRESCRIPTIONS, demographics("snapshot")),
)
