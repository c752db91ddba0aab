"""What do MHSDS tables mean: referrals, contacts, stays, the Mental Health Act, the facts of a life, plans, scores?

Contacts and stays name no person; they belong to the person of their referral, as last known. A team's type stands only
in MHS902 and is taken as last known.
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
from washhouse.sources.mappings.mental_health_care import (
    CARE_DERIVED,
    CARE_EVENTS,
    CARE_STATES,
    STANDING_CARE_DERIVED,
    STANDING_CARE_EVENTS,
    STANDING_CARE_STATES,
)
from washhouse.sources.mappings.mental_health_inpatient import INPATIENT_STATES, SPELL_DERIVED, SPELL_EVENTS
from washhouse.sources.mappings.mental_health_referral import (
    CONTACT_EVENTS,
    REFERRAL_DERIVED,
    REFERRAL_EVENTS,
    REFERRAL_STATES,
    SCORE_EVENTS,
)

_PERSON = States(
    "mh_person",
    "MHS001MPI",
    ("LocalPatientID", "NHSNumber", "PersonBirthDate", "Postcode", "Gender", "EthnicCategory", "PersDeathDate"),
)

_GP = States("mh_gp", "MHS002GP", ("LocalPatientID", "GMPReg", "StartDateGMPRegistration", "EndDateGMPRegistration"))

_LATEST_GP = """
    SELECT LocalPatientID, GMPReg FROM mh_gp WHERE EndDateGMPRegistration IS NULL AND GMPReg IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY LocalPatientID ORDER BY _superseded_at IS NULL DESC, _last_seen_at DESC,
        StartDateGMPRegistration DESC NULLS LAST, _source_file DESC, _source_row DESC) = 1"""

_IDENTITY = f"""
    SELECT p.LocalPatientID AS source_id, p.NHSNumber AS nhs_number, NULL AS pseudo_nhs_number,
           p.PersonBirthDate AS birth_date,
           CASE p.Gender WHEN '9' THEN 'indeterminate' ELSE {SEX_DIGIT.format("p.Gender")} END AS sex,
           p.Postcode AS postcode, NULL AS uprn, p.EthnicCategory AS ethnic_category, NULL AS small_area,
           NULL AS deprivation_decile, g.GMPReg AS practice, p.PersDeathDate AS death_date,
           p._first_seen AS first_seen, p._last_seen AS last_seen
    FROM ({latest("mh_person", "LocalPatientID")}) AS p LEFT JOIN mh_gp_latest AS g USING (LocalPatientID)"""

_STANDING_STATES = (
    States("mh_death", "MHS001MPI", ("LocalPatientID", "PersDeathDate")),
    States(
        "mh_accommodation",
        "MHS003AccommStatus",
        (
            "LocalPatientID",
            "AccommodationType",
            "AccommodationTypeDate",
            "AccommodationTypeStartDate",
            "AccommodationTypeEndDate",
        ),
    ),
    States(
        "mh_employment",
        "MHS004EmpStatus",
        (
            "LocalPatientID",
            "EmployStatus",
            "EmployStatusRecDate",
            "EmployStatusStartDate",
            "EmployStatusEndDate",
        ),
    ),
    States(
        "mh_coordinator",
        "MHS006MHCareCoord",
        (
            "LocalPatientID",
            "StartDateAssCareCoord",
            "CareProfLocalID",
            "EndDateAssCareCoord",
            "CareProfServOrTeamTypeAssoc",
        ),
    ),
    States(
        "mh_act",
        "MHS401MHActPeriod",
        (
            "MHActLegalStatusClassPeriodID",
            "LocalPatientID",
            "StartDateMHActLegalStatusClass",
            "StartTimeMHActLegalStatusClass",
            "EndDateMHActLegalStatusClass",
            "EndTimeMHActLegalStatusClass",
            "LegalStatusCode",
        ),
    ),
)

# A status without any date is dated by the submission that showed it.
_LIVES_SINCE = (
    "coalesce(CAST(e.AccommodationTypeStartDate AS TIMESTAMP), CAST(e.AccommodationTypeDate AS TIMESTAMP), "
    "e._recorded_at)"
)
_WORKS_SINCE = (
    "coalesce(CAST(e.EmployStatusStartDate AS TIMESTAMP), CAST(e.EmployStatusRecDate AS TIMESTAMP), e._recorded_at)"
)
_HELD_SINCE = "utc(e.StartDateMHActLegalStatusClass, e.StartTimeMHActLegalStatusClass)"

_STANDING_EVENTS = (
    death_query("mh_death", "LocalPatientID", "PersDeathDate"),
    event_query(
        "mh_accommodation AS e",
        source_id="e.LocalPatientID",
        time=_LIVES_SINCE,
        end_time=f"utc_end(e.AccommodationTypeEndDate, NULL, {_LIVES_SINCE})",
        code="coded('MHS_ACCOMMODATION', e.AccommodationType)",
    ),
    event_query(
        "mh_employment AS e",
        source_id="e.LocalPatientID",
        time=_WORKS_SINCE,
        end_time=f"utc_end(e.EmployStatusEndDate, NULL, {_WORKS_SINCE})",
        code="coded('MHS_EMPLOYMENT', e.EmployStatus)",
    ),
    event_query(
        "mh_coordinator AS e",
        source_id="e.LocalPatientID",
        time="CAST(e.StartDateAssCareCoord AS TIMESTAMP)",
        end_time="utc_end(e.EndDateAssCareCoord, NULL, CAST(e.StartDateAssCareCoord AS TIMESTAMP))",
        code="coded('MHS_COORDINATOR', e.CareProfServOrTeamTypeAssoc)",
        worker="e.CareProfLocalID",
    ),
    event_query(
        "mh_act AS e",
        source_id="e.LocalPatientID",
        time=_HELD_SINCE,
        end_time=f"utc_end(e.EndDateMHActLegalStatusClass, e.EndTimeMHActLegalStatusClass, {_HELD_SINCE})",
        code="coded('MHS_ACT', e.LegalStatusCode)",
        ref="opaque('mental_health', 'act', e._provider, e.MHActLegalStatusClassPeriodID)",
    ),
)

_REFERRED = """
    SELECT r.LocalPatientID AS source_id, r.team, r.team_type,
           CAST(r.received_at AS DATE) AS since, CAST(r.ended_at AS DATE) + 1 AS until,
           r._source_file AS source_file, r._source_row AS source_row
    FROM mh_referred AS r WHERE r._superseded_at IS NULL AND NOT r.is_rejected AND r.team IS NOT NULL"""

_TEAM_CARE = (
    "SELECT source_id, team, CAST(NULL AS VARCHAR) AS worker, since, until, source_file, source_row FROM mh_care"
)

# The co-ordinator's own row names a type of team only: the team is the one of that type to which the person is
# referred for longest within the assignment's days, first by id among equals.
_WORKER_CARE = """
    SELECT c.LocalPatientID AS source_id, t.team, c.CareProfLocalID AS worker, c.StartDateAssCareCoord AS since,
           c.EndDateAssCareCoord + 1 AS until, c._source_file AS source_file, c._source_row AS source_row
    FROM mh_coordinator AS c LEFT JOIN mh_care AS t
        ON t.source_id = c.LocalPatientID AND t.team_type = c.CareProfServOrTeamTypeAssoc
        AND t.since <= coalesce(c.EndDateAssCareCoord, t.since)
        AND c.StartDateAssCareCoord < coalesce(t.until, DATE '9999-12-31')
    WHERE c._superseded_at IS NULL
    QUALIFY row_number() OVER (
        PARTITION BY c.LocalPatientID, c.CareProfLocalID, c.StartDateAssCareCoord, c._provider
        ORDER BY least(t.until, c.EndDateAssCareCoord + 1, DATE '9999-12-31')
                 - greatest(t.since, c.StartDateAssCareCoord) DESC NULLS LAST, t.team NULLS LAST) = 1"""

COMMUNAL_TYPES = ("06", "09", "10", "11", "16", "17", "18", "21")
"""Accommodation types where unrelated people live: university, care homes, specialist housing, homeless bed and
breakfast, night shelter, hostel, criminal justice. 20 (in hospital) is the admission itself: it says nothing of a home.
"""

_COMMUNAL = f"""
    SELECT source_id FROM (
        SELECT e.LocalPatientID AS source_id, e.AccommodationType AS type, e.AccommodationTypeEndDate AS ended
        FROM mh_accommodation AS e WHERE e._superseded_at IS NULL
        QUALIFY row_number() OVER (PARTITION BY e.LocalPatientID
            ORDER BY {_LIVES_SINCE} DESC, e._recorded_at DESC, e._source_file DESC, e._source_row DESC) = 1)
    WHERE type IN ({", ".join(repr(code) for code in COMMUNAL_TYPES)}) AND ended IS NULL"""

MAPPING = Mapping(
    source="mental_health",
    identities=(
        Stage(
            states=(_PERSON, _GP, DEMOGRAPHICS),
            derived=(LATEST_DEMOGRAPHICS, ("mh_gp_latest", _LATEST_GP), ("mh_identity", _IDENTITY)),
            queries=(identity_query("mh_identity"),),
        ),
    ),
    events=(
        Stage(
            states=(*_STANDING_STATES, *STANDING_CARE_STATES),
            derived=STANDING_CARE_DERIVED,
            queries=(*_STANDING_EVENTS, *STANDING_CARE_EVENTS),
        ),
        Stage(
            states=(*REFERRAL_STATES, *INPATIENT_STATES, *CARE_STATES),
            derived=(*REFERRAL_DERIVED, *SPELL_DERIVED, *CARE_DERIVED),
            queries=(*REFERRAL_EVENTS, *CONTACT_EVENTS, *SCORE_EVENTS, *SPELL_EVENTS, *CARE_EVENTS),
        ),
    ),
    care=Stage(
        states=(*REFERRAL_STATES[:4], _STANDING_STATES[3]),
        derived=(*REFERRAL_DERIVED, ("mh_care", _REFERRED)),
        queries=(_TEAM_CARE, _WORKER_CARE),
    ),
    communal=Stage(states=(_STANDING_STATES[1],), queries=(_COMMUNAL,)),
    staff=Stage(
        states=(States("mh_staff", "MHS901StaffDetails", ("CareProfLocalID", "CareProfStaffGpMH")),),
        queries=(
            "SELECT CareProfLocalID AS worker, CareProfStaffGpMH AS staff_group "
            f"FROM ({latest('mh_staff', 'CareProfLocalID')}) WHERE _superseded_at IS NULL",
        ),
    ),
    teams=Stage(
        states=(
            States(
                "mh_team",
                "MHS902ServiceTeamDetails",
                ("CareProfTeamLocalID", "ServTeamTypeMH", "ServTeamIntAgeGroup"),
            ),
        ),
        queries=(
            "SELECT CareProfTeamLocalID AS team, ServTeamTypeMH AS team_type, ServTeamIntAgeGroup AS age_group "
            f"FROM ({latest('mh_team', 'CareProfTeamLocalID')}) WHERE _superseded_at IS NULL",
        ),
    ),
    traces=(
        *(
            Trace(table, "LocalPatientID")
            for table in (
                "MHS001MPI",
                "MHS002GP",
                "MHS003AccommStatus",
                "MHS004EmpStatus",
                "MHS006MHCareCoord",
                "MHS008CarePlanType",
                "MHS101Referral",
                "MHS401MHActPeriod",
            )
        ),
        DEMOGRAPHICS_TRACE,
    ),
)
