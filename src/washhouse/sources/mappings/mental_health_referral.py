"""What do MHSDS referrals, their teams, contacts and scores mean?

A referral is one thing with several teams: the primary one of MHS101 and any further one of MHS102. Each gives a row
with the referral's `ref` and the team. MHS102 has no date of its own: it begins with the referral, and ends with it at
the latest.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import States
from washhouse.sources.mappings.events import event_query

HONOS_ITEMS = (
    "979641000000103",
    "979651000000100",
    "979661000000102",
    "979671000000109",
    "979681000000106",
    "979691000000108",
    "979701000000108",
    "979711000000105",
    "979721000000104",
    "979731000000102",
    "979741000000106",
    "979751000000109",
)
"""SNOMED CT codes of the twelve items of HoNOS for working age adults, in their order.

References:
    NHS England SQL of the community mental health dashboard.
"""

DIALOG_ITEMS = (
    "1037651000000100",
    "1037661000000102",
    "1037671000000109",
    "1037681000000106",
    "1037691000000108",
    "1037701000000108",
    "1037711000000105",
    "1037721000000104",
    "1037731000000102",
    "1037741000000106",
    "1037751000000109",
)
"""SNOMED CT codes of the eleven items of DIALOG, in their order: satisfaction with mental health, physical health, job
situation, accommodation, leisure, friendships, partner or family, personal safety, medication, practical help,
consultations. Each is rated from 1 (totally dissatisfied) to 7 (totally satisfied).

References:
    NHS England SQL of outcomes in early intervention in psychosis and community mental health (codes and wording);
    Priebe et al. 2012, doi:10.1093/schbul/sbr080 (scale).
"""

REFERRAL_STATES = (
    States(
        "mh_referral",
        "MHS101Referral",
        (
            "ServiceRequestID",
            "LocalPatientID",
            "CareProfTeamLocalID",
            "ReferralRequestReceivedDate",
            "ReferralRequestReceivedTime",
            "ServDischDate",
            "ServDischTime",
            "ReferRejectionDate",
            "ReferRejectionTime",
            "ReferRejectReason",
            "ServTeamType",
        ),
    ),
    States(
        "mh_referral_span",
        "MHS101Referral",
        (
            "ServiceRequestID",
            "LocalPatientID",
            "CareProfTeamLocalID",
            "ReferralRequestReceivedDate",
            "ReferralRequestReceivedTime",
            "ServDischDate",
            "ServDischTime",
            "ReferRejectionDate",
            "ReferRejectionTime",
        ),
    ),
    States(
        "mh_other_team",
        "MHS102OtherServiceType",
        (
            "ServiceRequestID",
            "OtherCareProfTeamLocalID",
            "ReferClosureDate",
            "ReferClosureTime",
            "ReferRejectionDate",
            "ReferRejectionTime",
            "ReferRejectReason",
            "ServTeamTypeRefToMH",
        ),
    ),
    States("mh_team", "MHS902ServiceTeamDetails", ("CareProfTeamLocalID", "ServTeamTypeMH")),
    States(
        "mh_contact",
        "MHS201CareContact",
        (
            "CareContactID",
            "ServiceRequestID",
            "CareContDate",
            "CareContTime",
            "OtherCareProfTeamLocalID",
            "ClinContDurOfCareCont",
            "ConsMechanismMH",
            "AttendStatus",
        ),
    ),
    States(
        "mh_score",
        "MHS606CodedScoreAssessmentRefer",
        ("ServiceRequestID", "CodedAssToolType", "PersScore", "AssToolCompTimestamp"),
    ),
)

_TEAM_TYPE = """
    SELECT _provider, CareProfTeamLocalID AS team, ServTeamTypeMH AS team_type
    FROM mh_team WHERE ServTeamTypeMH IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY _provider, CareProfTeamLocalID ORDER BY _superseded_at IS NULL DESC,
        _last_seen_at DESC, _source_file DESC, _source_row DESC) = 1"""

_PERSON_OF_REFERRAL = """
    SELECT _provider, ServiceRequestID, LocalPatientID FROM mh_referral
    QUALIFY row_number() OVER (PARTITION BY _provider, ServiceRequestID ORDER BY _superseded_at IS NULL DESC,
        _last_seen_at DESC, _recorded_at DESC, _source_file DESC, _source_row DESC) = 1"""

_RECEIVED = "utc({0}.ReferralRequestReceivedDate, {0}.ReferralRequestReceivedTime)"
_ENDED = (
    "coalesce(utc_end({0}.ServDischDate, {0}.ServDischTime, {1}), "
    "utc_end({0}.ReferRejectionDate, {0}.ReferRejectionTime, {1}))"
)

_PRIMARY = f"""
    SELECT r._provider, r.ServiceRequestID, r.LocalPatientID, r.CareProfTeamLocalID AS team,
           coalesce(t.team_type, r.ServTeamType) AS team_type, {_RECEIVED.format("r")} AS received_at,
           {_ENDED.format("r", _RECEIVED.format("r"))} AS ended_at,
           r.ReferRejectionDate IS NOT NULL AS is_rejected,
           utc(r.ReferRejectionDate, r.ReferRejectionTime) AS rejected_at, r.ReferRejectReason AS reject_reason,
           r._recorded_at, r._superseded_at, r._source_file, r._source_row
    FROM mh_referral AS r
    LEFT JOIN mh_team_type AS t ON t._provider = r._provider AND t.team = r.CareProfTeamLocalID"""

_FURTHER = f"""
    SELECT o._provider, o.ServiceRequestID, r.LocalPatientID, o.OtherCareProfTeamLocalID AS team,
           coalesce(t.team_type, o.ServTeamTypeRefToMH) AS team_type, {_RECEIVED.format("r")} AS received_at,
           least(utc_end(o.ReferClosureDate, o.ReferClosureTime, {_RECEIVED.format("r")}),
                 utc_end(o.ReferRejectionDate, o.ReferRejectionTime, {_RECEIVED.format("r")}),
                 {_ENDED.format("r", _RECEIVED.format("r"))}) AS ended_at,
           o.ReferRejectionDate IS NOT NULL OR r.ReferRejectionDate IS NOT NULL AS is_rejected,
           utc(o.ReferRejectionDate, o.ReferRejectionTime) AS rejected_at, o.ReferRejectReason AS reject_reason,
           greatest(o._recorded_at, r._recorded_at) AS _recorded_at,
           least(o._superseded_at, r._superseded_at) AS _superseded_at,
           CASE WHEN r._recorded_at > o._recorded_at THEN r._source_file ELSE o._source_file END AS _source_file,
           CASE WHEN r._recorded_at > o._recorded_at THEN r._source_row ELSE o._source_row END AS _source_row
    FROM mh_other_team AS o
    JOIN mh_referral_span AS r ON r._provider = o._provider AND r.ServiceRequestID = o.ServiceRequestID
        AND r._recorded_at < coalesce(o._superseded_at, TIMESTAMP '9999-12-31')
        AND o._recorded_at < coalesce(r._superseded_at, TIMESTAMP '9999-12-31')
    LEFT JOIN mh_team_type AS t ON t._provider = o._provider AND t.team = o.OtherCareProfTeamLocalID
    WHERE o.OtherCareProfTeamLocalID IS DISTINCT FROM r.CareProfTeamLocalID"""

REFERRAL_DERIVED = (
    ("mh_team_type", _TEAM_TYPE),
    ("mh_person_of_referral", _PERSON_OF_REFERRAL),
    ("mh_referred", f"{_PRIMARY} UNION ALL {_FURTHER}"),
)
"""`mh_team_type`, `mh_person_of_referral`, and `mh_referred`: one row per referral, team and state."""

_REFERRAL_REF = "opaque('mental_health', 'referral', e._provider, e.ServiceRequestID)"

REFERRAL_EVENTS = (
    event_query(
        "mh_referred AS e",
        source_id="e.LocalPatientID",
        time="e.received_at",
        end_time="e.ended_at",
        code="coded('MHS_REFERRAL', e.team_type)",
        ref=_REFERRAL_REF,
        team="e.team",
    ),
    event_query(
        "mh_referred AS e",
        source_id="e.LocalPatientID",
        time="e.rejected_at",
        code="coded('MHS_REFERRAL_REJECTED', e.reject_reason)",
        ref=_REFERRAL_REF,
        team="e.team",
        where="e.rejected_at IS NOT NULL",
    ),
)

_PERSON = " JOIN mh_person_of_referral AS p ON p._provider = e._provider AND p.ServiceRequestID = e.ServiceRequestID"

CONTACT_EVENTS = (
    event_query(
        f"mh_contact AS e{_PERSON} ASOF LEFT JOIN mh_referral AS r ON r._provider = e._provider "
        "AND r.ServiceRequestID = e.ServiceRequestID AND r._recorded_at <= e._recorded_at",
        source_id="p.LocalPatientID",
        time="utc(e.CareContDate, e.CareContTime)",
        code="coded('MHS_CONTACT', e.AttendStatus)",
        numeric_value="CAST(e.ClinContDurOfCareCont AS DOUBLE)",
        unit="CASE WHEN e.ClinContDurOfCareCont IS NOT NULL THEN 'min' END",
        text_value="left(e.ConsMechanismMH, 4)",
        ref="opaque('mental_health', 'contact', e._provider, e.CareContactID)",
        parent_ref=_REFERRAL_REF,
        team="coalesce(e.OtherCareProfTeamLocalID, r.CareProfTeamLocalID)",
    ),
)

_IS_HONOS = f"e.CodedAssToolType IN ({', '.join(repr(item) for item in HONOS_ITEMS)})"
_IS_DIALOG = f"e.CodedAssToolType IN ({', '.join(repr(item) for item in DIALOG_ITEMS)})"
_SCORE = "TRY_CAST(e.PersScore AS DOUBLE)"

SCORE_CODE = (
    f"coded(CASE WHEN {_IS_HONOS} THEN 'HONOS' WHEN {_IS_DIALOG} THEN 'DIALOG' ELSE 'SNOMED' END, e.CodedAssToolType)"
)
"""SQL for the code of a scored item."""

SCORE_NUMBER = (
    f"CASE WHEN {_IS_HONOS} AND {_SCORE} NOT IN (0, 1, 2, 3, 4) THEN NULL "
    f"WHEN {_IS_DIALOG} AND {_SCORE} NOT BETWEEN 1 AND 7 THEN NULL ELSE {_SCORE} END"
)
"""SQL for its score; a HoNOS item or one of DIALOG outside its scale (9, not known) has none."""

SCORE_EVENTS = (
    event_query(
        f"mh_score AS e{_PERSON}",
        source_id="p.LocalPatientID",
        time="coalesce(utc_moment(e.AssToolCompTimestamp), e._recorded_at)",
        code=SCORE_CODE,
        numeric_value=SCORE_NUMBER,
        parent_ref=_REFERRAL_REF,
    ),
)
