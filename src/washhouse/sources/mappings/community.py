"""What do CSDS tables mean: referrals to teams, contacts, what was done in them?

Contacts name no person: they belong to the person of their referral, activities to their contact's, as last known.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import Mapping, Stage, States, Trace
from washhouse.sources.mappings.events import death_query, event_query
from washhouse.sources.mappings.identities import (
    DEMOGRAPHICS,
    DEMOGRAPHICS_TRACE,
    LATEST_DEMOGRAPHICS,
    SEX_DIGIT,
    identity_query,
    latest,
)

_PERSON = States(
    "cs_person",
    "CYP001MPI",
    ("LocalPatientID", "NHSNumber", "DateOfBirth", "Postcode", "Gender", "EthnicCategory", "DateOfDeath"),
)
_GP = States("cs_gp", "CYP002GP", ("LocalPatientID", "OrgID_GP", "GPRegistration_StartDate", "GPRegistration_EndDate"))

_LATEST_GP = """
    SELECT LocalPatientID, OrgID_GP FROM cs_gp WHERE GPRegistration_EndDate IS NULL AND OrgID_GP IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY LocalPatientID ORDER BY _superseded_at IS NULL DESC, _last_seen_at DESC,
        GPRegistration_StartDate DESC NULLS LAST, _source_file DESC, _source_row DESC) = 1"""

_IDENTITY = f"""
    SELECT p.LocalPatientID AS source_id, p.NHSNumber AS nhs_number, NULL AS pseudo_nhs_number,
           p.DateOfBirth AS birth_date,
           CASE p.Gender WHEN '9' THEN 'indeterminate' ELSE {SEX_DIGIT.format("p.Gender")} END AS sex,
           p.Postcode AS postcode, NULL AS uprn, p.EthnicCategory AS ethnic_category, NULL AS small_area,
           NULL AS deprivation_decile, g.OrgID_GP AS practice, p.DateOfDeath AS death_date,
           p._first_seen AS first_seen, p._last_seen AS last_seen
    FROM ({latest("cs_person", "LocalPatientID")}) AS p LEFT JOIN cs_gp_latest AS g USING (LocalPatientID)"""

_REFERRAL = States(
    "cs_referral",
    "CYP101Referral",
    (
        "ServiceRequestID",
        "LocalPatientID",
        "ReferralRequest_ReceivedDate",
        "ReferralRequest_ReceivedTime",
        "Discharge_Date",
    ),
)
_TEAM = States(
    "cs_team",
    "CYP102ServiceTypeReferredTo",
    ("ServiceRequestID", "TeamID_Local", "TeamType", "Referral_ClosureDate", "Referral_RejectionDate"),
)
_CONTACT = States(
    "cs_contact",
    "CYP201CareContact",
    (
        "CareContactID",
        "ServiceRequestID",
        "TeamID_Local",
        "Contact_Date",
        "Contact_Time",
        "CareContact_Duration",
        "ConsMechanism",
        "AttendanceStatus",
    ),
)
_ACTIVITY = States(
    "cs_activity",
    "CYP202CareActivity",
    (
        "CareActivityID",
        "CareContactID",
        "Activity_Type",
        "CodedProcedure",
        "CodedFinding",
        "CodedObservation",
        "ObservationValue",
        "UC_UnitOfMeasurement",
    ),
)

_PERSON_OF_REFERRAL = """
    SELECT _provider, ServiceRequestID, LocalPatientID FROM cs_referral
    QUALIFY row_number() OVER (PARTITION BY _provider, ServiceRequestID ORDER BY _superseded_at IS NULL DESC,
        _last_seen_at DESC, _recorded_at DESC, _source_file DESC, _source_row DESC) = 1"""

_RECEIVED = "utc(r.ReferralRequest_ReceivedDate, r.ReferralRequest_ReceivedTime)"

# A referral and a team on it, for as long as both were said so. A referral whose team was never told stands alone.
_REFERRED = f"""
    SELECT r._provider, r.ServiceRequestID, r.LocalPatientID, t.TeamID_Local AS team, t.TeamType AS team_type,
           {_RECEIVED} AS received_at,
           least(utc_end(r.Discharge_Date, NULL, {_RECEIVED}), utc_end(t.Referral_ClosureDate, NULL, {_RECEIVED}),
                 utc_end(t.Referral_RejectionDate, NULL, {_RECEIVED})) AS ended_at,
           greatest(r._recorded_at, t._recorded_at) AS _recorded_at,
           least(r._superseded_at, t._superseded_at) AS _superseded_at,
           CASE WHEN t._recorded_at >= r._recorded_at THEN t._source_file ELSE r._source_file END AS _source_file,
           CASE WHEN t._recorded_at >= r._recorded_at THEN t._source_row ELSE r._source_row END AS _source_row
    FROM cs_referral AS r
    LEFT JOIN cs_team AS t ON t._provider = r._provider AND t.ServiceRequestID = r.ServiceRequestID
        AND t._recorded_at < coalesce(r._superseded_at, TIMESTAMP '9999-12-31')
        AND r._recorded_at < coalesce(t._superseded_at, TIMESTAMP '9999-12-31')"""

_REFERRAL_REF = "opaque('community', 'referral', e._provider, e.ServiceRequestID)"
_CONTACT_REF = "opaque('community', 'contact', e._provider, e.CareContactID)"
_LOCAL_TEAM = "CASE WHEN is_code('LOCAL', {0}) THEN {0} END"

_REFERRALS = event_query(
    "cs_referred AS e",
    source_id="e.LocalPatientID",
    time="e.received_at",
    end_time="e.ended_at",
    code="coded('CSDS_REFERRAL', e.team_type)",
    ref=_REFERRAL_REF,
    team=_LOCAL_TEAM.format("e.team"),
)

_CONTACTS = event_query(
    "cs_contact AS e JOIN cs_person_of_referral AS p "
    "ON p._provider = e._provider AND p.ServiceRequestID = e.ServiceRequestID",
    source_id="p.LocalPatientID",
    time="utc(e.Contact_Date, e.Contact_Time)",
    code="coded('CSDS_CONTACT', e.AttendanceStatus)",
    numeric_value="CAST(e.CareContact_Duration AS DOUBLE)",
    unit="CASE WHEN e.CareContact_Duration IS NOT NULL THEN 'min' END",
    text_value="CASE WHEN regexp_full_match(e.ConsMechanism, '[0-9]{1,2}') THEN e.ConsMechanism END",
    ref=_CONTACT_REF,
    parent_ref=_REFERRAL_REF,
    team=_LOCAL_TEAM.format("e.TeamID_Local"),
)

_CONTACT_OF = """
    SELECT c._provider, c.CareContactID, p.LocalPatientID, utc(c.Contact_Date, c.Contact_Time) AS contact_at
    FROM cs_contact AS c
    JOIN cs_person_of_referral AS p ON p._provider = c._provider AND p.ServiceRequestID = c.ServiceRequestID
    QUALIFY row_number() OVER (PARTITION BY c._provider, c.CareContactID ORDER BY c._superseded_at IS NULL DESC,
        c._last_seen_at DESC, c._recorded_at DESC, c._source_file DESC, c._source_row DESC) = 1"""

_IN_CONTACT = (
    "cs_activity AS e JOIN cs_contact_of AS c ON c._provider = e._provider AND c.CareContactID = e.CareContactID"
)


def _done(column: str) -> str:
    """SQL for what a column of SNOMED CT concepts says was done or found in a contact."""
    return event_query(
        _IN_CONTACT,
        source_id="c.LocalPatientID",
        time="c.contact_at",
        code=f"coded('SNOMED', e.{column})",
        parent_ref=_CONTACT_REF,
        where=f"regexp_full_match(e.{column}, '[1-9][0-9]{{5,17}}')",
    )


_ACTIVITIES = (
    event_query(
        _IN_CONTACT,
        source_id="c.LocalPatientID",
        time="c.contact_at",
        code="coded('CSDS_ACTIVITY', e.Activity_Type)",
        parent_ref=_CONTACT_REF,
        where="e.Activity_Type IS NOT NULL",
    ),
    _done("CodedProcedure"),
    _done("CodedFinding"),
    event_query(
        _IN_CONTACT,
        source_id="c.LocalPatientID",
        time="c.contact_at",
        code="coded('SNOMED', e.CodedObservation)",
        numeric_value="TRY_CAST(e.ObservationValue AS DOUBLE)",
        unit="CASE WHEN TRY_CAST(e.ObservationValue AS DOUBLE) IS NOT NULL THEN unit_of(e.UC_UnitOfMeasurement) END",
        parent_ref=_CONTACT_REF,
        where="regexp_full_match(e.CodedObservation, '[1-9][0-9]{5,17}')",
    ),
)

_PRACTICES = """
    SELECT LocalPatientID AS source_id, practice_of(OrgID_GP) AS practice, GPRegistration_StartDate AS since,
           GPRegistration_EndDate AS until
    FROM cs_gp WHERE practice_of(OrgID_GP) IS NOT NULL AND _superseded_at IS NULL"""

_SERVICES = """
    SELECT LocalPatientID AS source_id, coded('CSDS_REFERRAL', team_type) AS service,
           CAST(received_at AS DATE) AS since, CAST(ended_at AS DATE) + 1 AS until
    FROM cs_referred WHERE _superseded_at IS NULL AND team_type IS NOT NULL"""

MAPPING = Mapping(
    source="community",
    identities=(
        Stage(
            states=(_PERSON, _GP, DEMOGRAPHICS),
            derived=(("cs_gp_latest", _LATEST_GP), LATEST_DEMOGRAPHICS, ("cs_identity", _IDENTITY)),
            queries=(identity_query("cs_identity"),),
        ),
    ),
    events=(
        Stage(
            states=(_REFERRAL, _TEAM, _CONTACT, _ACTIVITY),
            derived=(
                ("cs_person_of_referral", _PERSON_OF_REFERRAL),
                ("cs_referred", _REFERRED),
                ("cs_contact_of", _CONTACT_OF),
            ),
            queries=(_REFERRALS, _CONTACTS, *_ACTIVITIES),
        ),
        Stage(
            states=(States("cs_death", "CYP001MPI", ("LocalPatientID", "DateOfDeath")),),
            queries=(death_query("cs_death", "LocalPatientID", "DateOfDeath"),),
        ),
    ),
    practices=Stage(states=(_GP,), queries=(_PRACTICES,)),
    services=Stage(states=(_REFERRAL, _TEAM), derived=(("cs_referred", _REFERRED),), queries=(_SERVICES,)),
    traces=(
        *(Trace(table, "LocalPatientID") for table in ("CYP001MPI", "CYP002GP", "CYP101Referral")),
        DEMOGRAPHICS_TRACE,
    ),
)
