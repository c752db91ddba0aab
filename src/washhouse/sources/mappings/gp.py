"""What do a practice's patients, journal and prescriptions mean?

The journal's own record date is the time at which an entry was known; a prescription is recorded as it is issued.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import Mapping, Stage, States, Trace
from washhouse.sources.mappings.events import death_query, event_query
from washhouse.sources.mappings.identities import (
    DEMOGRAPHICS,
    DEMOGRAPHICS_TRACE,
    LATEST_DEMOGRAPHICS,
    SEX_LETTER,
    identity_query,
    latest,
)

_PATIENTS = States(
    "gp_patient",
    "patients",
    (
        "patient_id",
        "nhs_number",
        "Der_Pseudo_NHS_Number",
        "practice_code",
        "birth_date",
        "sex",
        "ethnic_code",
        "postcode",
        "lsoa",
        "imd_decile",
        "uprn",
        "registered_from",
        "registered_to",
        "deceased_date",
    ),
)

_IDENTITY = f"""
    SELECT patient_id AS source_id, nhs_number, "Der_Pseudo_NHS_Number" AS pseudo_nhs_number, birth_date,
           {SEX_LETTER.format("sex")} AS sex, postcode, uprn, upper(ethnic_code) AS ethnic_category,
           lsoa AS small_area, CASE WHEN imd_decile BETWEEN 1 AND 10 THEN imd_decile END AS deprivation_decile,
           practice_code AS practice, deceased_date AS death_date, registered_from, registered_to,
           _first_seen AS first_seen, _last_seen AS last_seen
    FROM ({latest("gp_patient", "patient_id")})"""

_REGISTRATION = """CASE WHEN coalesce(b.registered_from, b.registered_to) IS NOT NULL THEN
    concat(coalesce(CAST(b.registered_from AS VARCHAR), ''), '/', coalesce(CAST(b.registered_to AS VARCHAR), '')) END"""

# Codes and units are told apart and checked by many expressions, and a journal of millions holds some hundreds of them.
_CODE_SYSTEM = """CASE slug(code_system) WHEN 'snomed-ct' THEN 'SNOMED' WHEN 'ctv3' THEN 'CTV3'
    WHEN 'read2' THEN 'READ2' WHEN 'local-emis' THEN 'EMIS' ELSE 'LOCAL' END"""
_ENTERED = f"""
    SELECT *, coded({_CODE_SYSTEM}, code) AS coded, unit_of(unit) AS known_unit
    FROM (SELECT DISTINCT code_system, code, unit FROM gp_journal)"""
_PRESCRIBED = """
    SELECT *, coded('DMD', dmd_code) AS coded, unit_of(quantity_unit) AS known_unit
    FROM (SELECT DISTINCT dmd_code, quantity_unit FROM gp_prescription)"""


def _with(table: str, words: str, columns: tuple[str, ...]) -> str:
    return f"{table} AS e JOIN {words} AS w ON " + " AND ".join(f"w.{c} IS NOT DISTINCT FROM e.{c}" for c in columns)


_JOURNAL = event_query(
    _with("gp_journal", "gp_entered", ("code_system", "code", "unit")),
    source_id="e.patient_id",
    time="CAST(e.event_date AS TIMESTAMP)",
    recorded_at="known_at(end_of(e.recorded_date), e._recorded_at, e._not_before)",
    code="w.coded",
    numeric_value="e.value",
    unit="w.known_unit",
)

_PRESCRIPTIONS = event_query(
    _with("gp_prescription", "gp_prescribed", ("dmd_code", "quantity_unit")),
    source_id="e.patient_id",
    time="CAST(e.issue_date AS TIMESTAMP)",
    recorded_at="known_at(end_of(e.issue_date), e._recorded_at, e._not_before)",
    code="w.coded",
    numeric_value="e.quantity",
    unit="w.known_unit",
    text_value="CASE WHEN lower(e.course) IN ('acute', 'repeat') THEN lower(e.course) END",
)

_REGISTRATIONS = event_query(
    "gp_registration AS e",
    source_id="e.patient_id",
    time="CAST(e.registered_from AS TIMESTAMP)",
    end_time="utc_end(e.registered_to, NULL, CAST(e.registered_from AS TIMESTAMP))",
    code="coded('GP_REGISTRATION', e.practice_code)",
    where="e.practice_code IS NOT NULL",
)

# The practice's last word counts: who has left its list without taking the opt-out back is still opted out.
_OPT_OUTS = event_query(
    f"({latest('gp_opt_out', 'patient_id')}) AS e",
    source_id="e.patient_id",
    time="CAST(NULL AS TIMESTAMP)",
    superseded_at="CAST(NULL AS TIMESTAMP)",
    code="'OPT_OUT//type-1'",
    where="e.type1_optout",
)

_PRACTICES = """
    SELECT patient_id AS source_id, practice_of(practice_code) AS practice, registered_from AS since,
           registered_to AS until
    FROM gp_registration WHERE practice_of(practice_code) IS NOT NULL AND _superseded_at IS NULL"""

_REGISTRATION_STATES = States(
    "gp_registration", "patients", ("patient_id", "practice_code", "registered_from", "registered_to")
)

MAPPING = Mapping(
    source="gp",
    identities=(
        Stage(
            states=(_PATIENTS, DEMOGRAPHICS),
            derived=(LATEST_DEMOGRAPHICS, ("gp_identity", _IDENTITY)),
            queries=(identity_query("gp_identity", left_on="b.registered_to", registration=_REGISTRATION),),
        ),
    ),
    events=(
        Stage(
            states=(
                States(
                    "gp_journal",
                    "journal",
                    ("patient_id", "code", "code_system", "event_date", "recorded_date", "value", "unit"),
                ),
            ),
            derived=(("gp_entered", _ENTERED),),
            queries=(_JOURNAL,),
            is_by_row=True,
        ),
        Stage(
            states=(
                States(
                    "gp_prescription",
                    "prescriptions",
                    ("patient_id", "dmd_code", "quantity", "quantity_unit", "issue_date", "course"),
                ),
            ),
            derived=(("gp_prescribed", _PRESCRIBED),),
            queries=(_PRESCRIPTIONS,),
            is_by_row=True,
        ),
        Stage(
            states=(
                _REGISTRATION_STATES,
                States("gp_death", "patients", ("patient_id", "deceased_date")),
                States("gp_opt_out", "patients", ("patient_id", "type1_optout")),
            ),
            queries=(_REGISTRATIONS, death_query("gp_death", "patient_id", "deceased_date"), _OPT_OUTS),
        ),
    ),
    practices=Stage(states=(_REGISTRATION_STATES,), queries=(_PRACTICES,)),
    traces=(
        *(Trace(table, "patient_id") for table in ("patients", "journal", "prescriptions")),
        DEMOGRAPHICS_TRACE,
    ),
)
