"""What do emergency attendances (ECDS) and episodes of admitted care (APC) mean?

ECDS knows people by a pseudonym only; APC and the companion know them by the hospital's own number. One stay of several
episodes is one event: episodes share provider and `PROVSPNOPS`.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import Mapping, Stage, States, Trace
from washhouse.sources.mappings.events import event_query
from washhouse.sources.mappings.identities import (
    DEMOGRAPHICS,
    DEMOGRAPHICS_TRACE,
    LATEST_DEMOGRAPHICS,
    SEX_DIGIT,
    identity_query,
)
from washhouse.sources.mappings.spans import is_live, merged, segments, united

_DIAGNOSES = tuple(f"EC_Diagnosis_{number:02d}" for number in range(1, 25))
_CAUSES = tuple(f"DIAG_{number:02d}" for number in range(1, 21))
_PROCEDURES = tuple(f"OPERTN_{number:02d}" for number in range(1, 25))
_PROCEDURE_DAYS = tuple(f"OPDATE_{number:02d}" for number in range(1, 25))

_ATTENDANCE = States(
    "ec_attendance",
    "ecds",
    (
        "EC_Ident",
        "Der_Pseudo_NHS_Number",
        "Provider_Code",
        "Arrival_Date",
        "Arrival_Time",
        "EC_Department_Type",
        "EC_Departure_Date",
        "EC_Departure_Time",
        "EC_Departure_Time_Since_Arrival",
        "EC_Conclusion_Date",
        "EC_Conclusion_Time",
    ),
)
_DETAIL = States(
    "ec_detail",
    "ecds",
    (
        "EC_Ident",
        "Der_Pseudo_NHS_Number",
        "Provider_Code",
        "Arrival_Date",
        "Arrival_Time",
        "EC_Arrival_Mode_SNOMED_CT",
        "EC_Chief_Complaint_SNOMED_CT",
        "Discharge_Destination_SNOMED_CT",
        "Discharge_Status_SNOMED_CT",
        "Der_EC_Diagnosis_All",
        *_DIAGNOSES,
    ),
)

_ARRIVED = "utc(e.Arrival_Date, e.Arrival_Time)"
_ATTENDANCE_REF = "opaque('hospital', 'attendance', coalesce(e.Provider_Code, ''), e.EC_Ident)"
_PSEUDONYM = "e.Der_Pseudo_NHS_Number"
_HAS_PERSON = "e.Der_Pseudo_NHS_Number IS NOT NULL"

_LISTED = ", ".join(_DIAGNOSES)
_EC_CODES = f"""
    SELECT * EXCLUDE ({_LISTED}), unnest(list_distinct(list_transform(list_filter(
        list_concat([{_LISTED}], string_split_regex(Der_EC_Diagnosis_All, '[|,;]+')),
        lambda code: trim(code) <> ''), lambda code: trim(code)))) AS diagnosis
    FROM ec_detail"""


def _ec_fact(vocabulary: str, column: str) -> str:
    return event_query(
        "ec_detail AS e",
        source_id=_PSEUDONYM,
        time=_ARRIVED,
        code=f"coded('{vocabulary}', {column})",
        parent_ref=_ATTENDANCE_REF,
        where=f"{column} IS NOT NULL AND {_HAS_PERSON}",
    )


_EC_EVENTS = (
    event_query(
        "ec_attendance AS e",
        source_id=_PSEUDONYM,
        time=_ARRIVED,
        end_time=(
            f"coalesce(utc_end(e.EC_Departure_Date, e.EC_Departure_Time, {_ARRIVED}), "
            f"{_ARRIVED} + to_minutes(CAST(greatest(e.EC_Departure_Time_Since_Arrival, 0) AS BIGINT)), "
            f"utc_end(e.EC_Conclusion_Date, e.EC_Conclusion_Time, {_ARRIVED}))"
        ),
        code="coded('ECDS_ATTENDANCE', e.EC_Department_Type)",
        ref=_ATTENDANCE_REF,
        where=_HAS_PERSON,
    ),
    _ec_fact("ECDS_MODE", "e.EC_Arrival_Mode_SNOMED_CT"),
    _ec_fact("ECDS_COMPLAINT", "e.EC_Chief_Complaint_SNOMED_CT"),
    _ec_fact("ECDS_DISPOSAL", "coalesce(e.Discharge_Destination_SNOMED_CT, e.Discharge_Status_SNOMED_CT)"),
    event_query(
        "ec_diagnosis AS e",
        source_id=_PSEUDONYM,
        time=_ARRIVED,
        code="coded('SNOMED', e.diagnosis)",
        parent_ref=_ATTENDANCE_REF,
        where=_HAS_PERSON,
    ),
)

_EPISODE = States(
    "apc_episode",
    "apc",
    (
        "EPIKEY",
        "PROCODE5",
        "PROVSPNOPS",
        "LOCAL_PATIENT_ID",
        "ADMIDATE",
        "DISDATE",
        "EPISTART",
        "EPIORDER",
        "ADMIMETH",
        "MAINSPEF",
    ),
)
_CODES = States(
    "apc_code",
    "apc",
    (
        "EPIKEY",
        "PROCODE5",
        "PROVSPNOPS",
        "LOCAL_PATIENT_ID",
        "ADMIDATE",
        "EPISTART",
        "DIAG_4_CONCAT",
        *_CAUSES,
        *_PROCEDURES,
        *_PROCEDURE_DAYS,
    ),
)

# A stay is known by its provider's own number; the provider stands in the row, not in the batch.
_OWN_PROVIDER = "SELECT * REPLACE (coalesce(PROCODE5, _provider) AS _provider) FROM {0}"

_SPELL_STATE = f"""
    SELECT g._provider, g.PROVSPNOPS, g._since, g._until,
           arg_min(s.LOCAL_PATIENT_ID, s.place) AS source_id, min(s.ADMIDATE) AS admitted,
           max(real_day(s.DISDATE)) AS discharged, arg_min(s.ADMIMETH, s.place) AS method,
           arg_min(s.MAINSPEF, s.place) AS specialty,
           arg_max(s._source_file, row(s._recorded_at, s.place)) AS _source_file,
           arg_max(s._source_row, row(s._recorded_at, s.place)) AS _source_row
    FROM apc_segment AS g JOIN (
        SELECT *, row(coalesce(EPIORDER, 999), coalesce(EPISTART, ADMIDATE), EPIKEY) AS place FROM apc_own) AS s
        ON s._provider = g._provider AND s.PROVSPNOPS = g.PROVSPNOPS AND {is_live("s", "g")}
    GROUP BY g._provider, g.PROVSPNOPS, g._since, g._until"""

# One diagnosis or procedure of a stay is one event, however many of its episodes repeat it.
_STAY_CODE = ("_provider", "PROVSPNOPS", "code")
_EPISODE_STARTED = "CAST(greatest(coalesce(EPISTART, ADMIDATE), ADMIDATE) AS TIMESTAMP)"
_ICD10_LISTED = f"list_concat([{', '.join(_CAUSES)}], string_split_regex(DIAG_4_CONCAT, '[|,;]+'))"
_ICD10 = united(
    f"""(SELECT *, LOCAL_PATIENT_ID AS source_id, {_EPISODE_STARTED} AS time
         FROM (SELECT *, 'ICD10//' || icd10(unnest({_ICD10_LISTED})) AS code FROM apc_code_own)
         WHERE code IS NOT NULL)""",
    _STAY_CODE,
    ("time", "source_id"),
)
_OPCS4_LISTED = f"list_zip([{', '.join(_PROCEDURES)}], [{', '.join(_PROCEDURE_DAYS)}])"
_OPCS4 = united(
    f"""(SELECT * EXCLUDE (done), LOCAL_PATIENT_ID AS source_id, 'OPCS4//' || opcs4(done[1]) AS code,
                coalesce(CAST(real_day(done[2]) AS TIMESTAMP), {_EPISODE_STARTED}) AS time
         FROM (SELECT *, unnest({_OPCS4_LISTED}) AS done FROM apc_code_own)
         WHERE opcs4(done[1]) IS NOT NULL)""",
    _STAY_CODE,
    ("time", "source_id"),
)

_SPELL_REF = "opaque('hospital', 'spell', e._provider, e.PROVSPNOPS)"


def _apc_codes(table: str) -> str:
    return event_query(f"{table} AS e", source_id="e.source_id", time="e.time", code="e.code", parent_ref=_SPELL_REF)


_APC_EVENTS = (
    event_query(
        "apc_stay AS e",
        source_id="e.source_id",
        time="CAST(e.admitted AS TIMESTAMP)",
        end_time="utc_end(e.discharged, NULL, CAST(e.admitted AS TIMESTAMP))",
        code="coded('APC_SPELL', e.method)",
        text_value="CASE WHEN regexp_full_match(e.specialty, '[0-9A-Z]{2,5}') THEN e.specialty END",
        ref=_SPELL_REF,
    ),
    _apc_codes("apc_icd10"),
    _apc_codes("apc_opcs4"),
)

_APC_PERSON = States(
    "apc_person",
    "apc",
    (
        "EPIKEY",
        "LOCAL_PATIENT_ID",
        "NHS_NUMBER",
        "BIRTH_DATE",
        "POSTCODE",
        "SEX",
        "ETHNOS",
        "LSOA11",
        "GPPRAC",
        "EPISTART",
        "ADMIDATE",
    ),
)

# The latest episode that says it counts for each fact: a blank in a later one takes nothing back.
_APC_IDENTITY = f"""
    SELECT LOCAL_PATIENT_ID AS source_id, arg_max(NHS_NUMBER, latest) AS nhs_number, NULL AS pseudo_nhs_number,
           arg_max(BIRTH_DATE, latest) AS birth_date,
           arg_max(CASE SEX WHEN '9' THEN 'indeterminate' ELSE {SEX_DIGIT.format("SEX")} END, latest) AS sex,
           arg_max(POSTCODE, latest) AS postcode, NULL AS uprn,
           arg_max(CASE upper(ETHNOS) WHEN 'X' THEN '99' ELSE upper(ETHNOS) END, latest) AS ethnic_category,
           arg_max(LSOA11, latest) AS small_area, NULL AS deprivation_decile, arg_max(GPPRAC, latest) AS practice,
           CAST(NULL AS DATE) AS death_date, min(_recorded_at) AS first_seen, max(_last_seen_at) AS last_seen
    FROM (SELECT *, row(_last_seen_at, coalesce(EPISTART, ADMIDATE), EPIKEY, _recorded_at) AS latest FROM apc_person)
    GROUP BY LOCAL_PATIENT_ID"""

_EC_PERSON = States(
    "ec_person",
    "ecds",
    (
        "EC_Ident",
        "Der_Pseudo_NHS_Number",
        "Arrival_Date",
        "Ethnic_Category",
        "Der_Postcode_LSOA_Code",
        "GP_Practice_Code",
    ),
)
_EC_IDENTITY = """
    SELECT Der_Pseudo_NHS_Number AS source_id, 'pseudonym' AS identity_kind, CAST(NULL AS VARCHAR) AS nhs_number,
           Der_Pseudo_NHS_Number AS pseudo_nhs_number, CAST(NULL AS VARCHAR) AS first_name,
           CAST(NULL AS VARCHAR) AS surname, CAST(NULL AS DATE) AS birth_date, CAST(NULL AS VARCHAR) AS sex,
           CAST(NULL AS VARCHAR) AS postcode, CAST(NULL AS VARCHAR) AS address, CAST(NULL AS VARCHAR) AS uprn,
           CAST(NULL AS VARCHAR) AS phone, false AS restricted,
           arg_max(CASE upper(Ethnic_Category) WHEN 'X' THEN '99' ELSE upper(Ethnic_Category) END, latest)
               AS ethnic_category,
           arg_max(Der_Postcode_LSOA_Code, latest) AS small_area, CAST(NULL AS INTEGER) AS deprivation_decile,
           arg_max(GP_Practice_Code, latest) AS practice, CAST(NULL AS DATE) AS death_date,
           min(_recorded_at) AS first_seen, max(_last_seen_at) AS last_seen
    FROM (SELECT *, row(_last_seen_at, Arrival_Date, EC_Ident, _recorded_at) AS latest FROM ec_person)
    WHERE Der_Pseudo_NHS_Number IS NOT NULL
    GROUP BY Der_Pseudo_NHS_Number"""

MAPPING = Mapping(
    source="hospital",
    identities=(
        Stage(
            states=(_APC_PERSON, DEMOGRAPHICS),
            derived=(LATEST_DEMOGRAPHICS, ("apc_identity", _APC_IDENTITY)),
            queries=(identity_query("apc_identity"),),
        ),
        Stage(states=(_EC_PERSON,), queries=(_EC_IDENTITY,)),
    ),
    events=(
        Stage(states=(_ATTENDANCE, _DETAIL), derived=(("ec_diagnosis", _EC_CODES),), queries=_EC_EVENTS),
        Stage(
            states=(_EPISODE, _CODES),
            derived=(
                ("apc_own", _OWN_PROVIDER.format("apc_episode")),
                ("apc_code_own", _OWN_PROVIDER.format("apc_code")),
                ("apc_segment", segments("PROVSPNOPS", "apc_own")),
                ("apc_segment_state", _SPELL_STATE),
                (
                    "apc_stay",
                    merged(
                        "apc_segment_state",
                        "PROVSPNOPS",
                        ("source_id", "admitted", "discharged", "method", "specialty"),
                    ),
                ),
                ("apc_icd10", _ICD10),
                ("apc_opcs4", _OPCS4),
            ),
            queries=_APC_EVENTS,
        ),
    ),
    traces=(
        Trace("ecds", "Der_Pseudo_NHS_Number"),
        Trace("apc", "LOCAL_PATIENT_ID", together="PROVSPNOPS"),
        DEMOGRAPHICS_TRACE,
    ),
)
