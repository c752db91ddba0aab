"""What do MHSDS care plans, community treatment orders, diagnoses and activities mean?

A care plan is made once and brought up to date: its making stands, the last update takes the place of the one before.
Community treatment orders belong to the person of their Mental Health Act period, diagnoses to that of their referral,
activities to that of their contact.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import States
from washhouse.sources.mappings.events import event_query
from washhouse.sources.mappings.mental_health_referral import SCORE_CODE, SCORE_NUMBER

_PLAN = ("CarePlanID", "LocalPatientID", "CarePlanTypeMH")

STANDING_CARE_STATES = (
    States("mh_care_plan", "MHS008CarePlanType", (*_PLAN, "CarePlanCreatDate", "CarePlanCreationTime")),
    States("mh_care_plan_update", "MHS008CarePlanType", (*_PLAN, "CarePlanLastUpdateDate", "CarePlanLastUpdateTime")),
    States(
        "mh_order",
        "MHS404CommTreatOrder",
        ("MHActLegalStatusClassPeriodID", "StartDateCommTreatOrd", "EndDateCommTreatOrd"),
    ),
    States(
        "mh_recall",
        "MHS405CommTreatOrderRecall",
        (
            "MHActLegalStatusClassPeriodID",
            "StartDateCommTreatOrdRecall",
            "StartTimeCommTreatOrdRecall",
            "EndDateCommTreatOrdRecall",
            "EndTimeCommTreatOrdRecall",
        ),
    ),
)

_PERSON_OF_ACT = """
    SELECT _provider, MHActLegalStatusClassPeriodID, LocalPatientID FROM mh_act
    QUALIFY row_number() OVER (PARTITION BY _provider, MHActLegalStatusClassPeriodID
        ORDER BY _superseded_at IS NULL DESC, _last_seen_at DESC, _source_file DESC, _source_row DESC) = 1"""

STANDING_CARE_DERIVED = (("mh_person_of_act", _PERSON_OF_ACT),)

_PLAN_REF = "opaque('mental_health', 'care plan', e._provider, e.CarePlanID)"
_ACT_REF = "opaque('mental_health', 'act', e._provider, e.MHActLegalStatusClassPeriodID)"
_OF_ACT = (
    "{} AS e JOIN mh_person_of_act AS p ON p._provider = e._provider "
    "AND p.MHActLegalStatusClassPeriodID = e.MHActLegalStatusClassPeriodID"
)
_ORDERED = "CAST(e.StartDateCommTreatOrd AS TIMESTAMP)"
_RECALLED = "utc(e.StartDateCommTreatOrdRecall, e.StartTimeCommTreatOrdRecall)"

STANDING_CARE_EVENTS = (
    event_query(
        "mh_care_plan AS e",
        source_id="e.LocalPatientID",
        time="coalesce(utc(e.CarePlanCreatDate, e.CarePlanCreationTime), e._recorded_at)",
        code="coded('MHS_CARE_PLAN', e.CarePlanTypeMH)",
        ref=_PLAN_REF,
    ),
    event_query(
        "mh_care_plan_update AS e",
        source_id="e.LocalPatientID",
        time="utc(e.CarePlanLastUpdateDate, e.CarePlanLastUpdateTime)",
        code="coded('MHS_CARE_PLAN_UPDATED', e.CarePlanTypeMH)",
        ref=_PLAN_REF,
        where="e.CarePlanLastUpdateDate IS NOT NULL",
    ),
    event_query(
        _OF_ACT.format("mh_order"),
        source_id="p.LocalPatientID",
        time=_ORDERED,
        end_time=f"utc_end(e.EndDateCommTreatOrd, NULL, {_ORDERED})",
        code="'MHS_CTO//404'",
        parent_ref=_ACT_REF,
    ),
    event_query(
        _OF_ACT.format("mh_recall"),
        source_id="p.LocalPatientID",
        time=_RECALLED,
        end_time=f"utc_end(e.EndDateCommTreatOrdRecall, e.EndTimeCommTreatOrdRecall, {_RECALLED})",
        code="'MHS_CTO//405'",
        parent_ref=_ACT_REF,
    ),
)

CARE_STATES = (
    States(
        "mh_primary_diagnosis",
        "MHS604PrimDiag",
        ("ServiceRequestID", "DiagSchemeInUse", "PrimDiag", "CodedDiagTimestamp"),
    ),
    States(
        "mh_secondary_diagnosis",
        "MHS605SecDiag",
        ("ServiceRequestID", "DiagSchemeInUse", "SecDiag", "CodedDiagTimestamp"),
    ),
    States(
        "mh_activity",
        "MHS202CareActivity",
        ("CareActID", "CareContactID", "Procedure", "Finding", "Observation", "ObsValue", "UnitofMeasurement_UCUM"),
    ),
    States("mh_act_score", "MHS607CodedScoreAssessmentAct", ("CareActID", "CodedAssToolType", "PersScore")),
)

_CONTACT_OF = """
    SELECT c._provider, c.CareContactID, p.LocalPatientID, utc(c.CareContDate, c.CareContTime) AS contact_at
    FROM mh_contact AS c
    JOIN mh_person_of_referral AS p ON p._provider = c._provider AND p.ServiceRequestID = c.ServiceRequestID
    QUALIFY row_number() OVER (PARTITION BY c._provider, c.CareContactID ORDER BY c._superseded_at IS NULL DESC,
        c._last_seen_at DESC, c._recorded_at DESC, c._source_file DESC, c._source_row DESC) = 1"""

_CONTACT_OF_ACTIVITY = """
    SELECT a._provider, a.CareActID, c.CareContactID, c.LocalPatientID, c.contact_at
    FROM mh_activity AS a
    JOIN mh_contact_of AS c ON c._provider = a._provider AND c.CareContactID = a.CareContactID
    QUALIFY row_number() OVER (PARTITION BY a._provider, a.CareActID ORDER BY a._superseded_at IS NULL DESC,
        a._last_seen_at DESC, a._recorded_at DESC, a._source_file DESC, a._source_row DESC) = 1"""

CARE_DERIVED = (("mh_contact_of", _CONTACT_OF), ("mh_contact_of_activity", _CONTACT_OF_ACTIVITY))

_REFERRAL_REF = "opaque('mental_health', 'referral', e._provider, e.ServiceRequestID)"
_CONTACT_REF = "opaque('mental_health', 'contact', c._provider, c.CareContactID)"


def _diagnosis(table: str, column: str) -> str:
    """SQL for diagnoses: scheme 02 is ICD-10, 06 is SNOMED CT; one without a scheme is read by its shape."""
    code = f"e.{column}"
    is_snomed = f"(e.DiagSchemeInUse = '06' OR (e.DiagSchemeInUse IS NULL AND is_code('SNOMED', {code})))"
    return event_query(
        f"{table} AS e JOIN mh_person_of_referral AS p ON p._provider = e._provider "
        "AND p.ServiceRequestID = e.ServiceRequestID",
        source_id="p.LocalPatientID",
        time="coalesce(utc_moment(e.CodedDiagTimestamp), e._recorded_at)",
        code=f"CASE WHEN {is_snomed} THEN coded('SNOMED', {code}) ELSE coded('ICD10', icd10({code})) END",
        parent_ref=_REFERRAL_REF,
        where=f"{code} IS NOT NULL",
    )


def _done(column: str, **more: str) -> str:
    """SQL for what a column of SNOMED CT concepts says was done or found in a contact."""
    return event_query(
        "mh_activity AS e JOIN mh_contact_of AS c ON c._provider = e._provider AND c.CareContactID = e.CareContactID",
        source_id="c.LocalPatientID",
        time="c.contact_at",
        code=f"coded('SNOMED', CAST(e.{column} AS VARCHAR))",
        parent_ref=_CONTACT_REF,
        where=f"regexp_full_match(CAST(e.{column} AS VARCHAR), '[1-9][0-9]{{5,17}}')",
        **more,
    )


CARE_EVENTS = (
    _diagnosis("mh_primary_diagnosis", "PrimDiag"),
    _diagnosis("mh_secondary_diagnosis", "SecDiag"),
    _done("Procedure"),
    _done("Finding"),
    _done(
        "Observation",
        numeric_value="TRY_CAST(e.ObsValue AS DOUBLE)",
        unit="CASE WHEN TRY_CAST(e.ObsValue AS DOUBLE) IS NOT NULL THEN unit_of(e.UnitofMeasurement_UCUM) END",
    ),
    event_query(
        "mh_act_score AS e JOIN mh_contact_of_activity AS c ON c._provider = e._provider AND c.CareActID = e.CareActID",
        source_id="c.LocalPatientID",
        time="c.contact_at",
        code=SCORE_CODE,
        numeric_value=SCORE_NUMBER,
        parent_ref=_CONTACT_REF,
    ),
)
