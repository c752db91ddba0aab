"""What do MHSDS stays in hospital mean?

A stay's code is the class of its first ward that is known at the time; ward stays that arrive later change the state,
they do not reach back.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import States
from washhouse.sources.mappings.events import event_query
from washhouse.sources.mappings.spans import is_live, merged, segments

INPATIENT_STATES = (
    States(
        "mh_spell",
        "MHS501HospProvSpell",
        (
            "HospProvSpellID",
            "ServiceRequestID",
            "StartDateHospProvSpell",
            "StartTimeHospProvSpell",
            "DischDateHospProvSpell",
            "DischTimeHospProvSpell",
        ),
    ),
    States(
        "mh_admission",
        "MHS501HospProvSpell",
        (
            "HospProvSpellID",
            "ServiceRequestID",
            "StartDateHospProvSpell",
            "StartTimeHospProvSpell",
            "SourceAdmMHHospProvSpell",
            "MethAdmMHHospProvSpell",
        ),
    ),
    States(
        "mh_ward",
        "MHS502WardStay",
        (
            "WardStayID",
            "HospProvSpellID",
            "StartDateWardStay",
            "StartTimeWardStay",
            "EndDateWardStay",
            "EndTimeWardStay",
            "MHAdmittedPatientClass",
        ),
    ),
    States(
        "mh_ward_class",
        "MHS502WardStay",
        ("WardStayID", "HospProvSpellID", "StartDateWardStay", "StartTimeWardStay", "MHAdmittedPatientClass"),
    ),
)

_FIRST_WARD = f"""
    SELECT g._provider, g.HospProvSpellID, g._since,
           arg_min(w.MHAdmittedPatientClass, place) AS ward_class, arg_min(w._recorded_at, place) AS ward_recorded_at,
           arg_min(w._source_file, place) AS ward_file, arg_min(w._source_row, place) AS ward_row
    FROM mh_spell_segment AS g JOIN (
        SELECT *, row(StartDateWardStay, coalesce(StartTimeWardStay, TIME '00:00'), WardStayID) AS place
        FROM mh_ward_class WHERE MHAdmittedPatientClass IS NOT NULL) AS w
        ON w._provider = g._provider AND w.HospProvSpellID = g.HospProvSpellID AND {is_live("w", "g")}
    GROUP BY g._provider, g.HospProvSpellID, g._since"""

_SPELL_SEGMENT_STATE = f"""
    SELECT g._provider, g.HospProvSpellID, g._since, g._until, s.ServiceRequestID,
           utc(s.StartDateHospProvSpell, s.StartTimeHospProvSpell) AS started_at,
           utc_end(s.DischDateHospProvSpell, s.DischTimeHospProvSpell,
                   utc(s.StartDateHospProvSpell, s.StartTimeHospProvSpell)) AS ended_at,
           w.ward_class,
           CASE WHEN w.ward_recorded_at > s._recorded_at THEN w.ward_file ELSE s._source_file END AS _source_file,
           CASE WHEN w.ward_recorded_at > s._recorded_at THEN w.ward_row ELSE s._source_row END AS _source_row
    FROM mh_spell_segment AS g
    JOIN mh_spell AS s ON s._provider = g._provider AND s.HospProvSpellID = g.HospProvSpellID AND {is_live("s", "g")}
    LEFT JOIN mh_first_ward AS w
        ON w._provider = g._provider AND w.HospProvSpellID = g.HospProvSpellID AND w._since = g._since"""

_REFERRAL_OF_SPELL = """
    SELECT _provider, HospProvSpellID, ServiceRequestID FROM mh_admission
    QUALIFY row_number() OVER (PARTITION BY _provider, HospProvSpellID ORDER BY _superseded_at IS NULL DESC,
        _last_seen_at DESC, _recorded_at DESC, _source_file DESC, _source_row DESC) = 1"""

SPELL_DERIVED = (
    ("mh_spell_segment", segments("HospProvSpellID", "mh_spell", "mh_ward_class")),
    ("mh_first_ward", _FIRST_WARD),
    ("mh_spell_segment_state", _SPELL_SEGMENT_STATE),
    (
        "mh_stay",
        merged(
            "mh_spell_segment_state",
            "HospProvSpellID",
            ("ServiceRequestID", "started_at", "ended_at", "ward_class"),
        ),
    ),
    ("mh_referral_of_spell", _REFERRAL_OF_SPELL),
)
"""Derived tables over `INPATIENT_STATES`, `mh_stay` among them: one row per stay and state."""

_SPELL_REF = "opaque('mental_health', 'spell', e._provider, e.HospProvSpellID)"
_REFERRAL_REF = "opaque('mental_health', 'referral', e._provider, e.ServiceRequestID)"
_PERSON = " JOIN mh_person_of_referral AS p ON p._provider = e._provider AND p.ServiceRequestID = {}.ServiceRequestID"
_ADMITTED = "utc(e.StartDateHospProvSpell, e.StartTimeHospProvSpell)"
_WARD_FROM = "utc(e.StartDateWardStay, e.StartTimeWardStay)"


def _admission_fact(vocabulary: str, column: str) -> str:
    return event_query(
        f"mh_admission AS e{_PERSON.format('e')}",
        source_id="p.LocalPatientID",
        time=_ADMITTED,
        code=f"coded('{vocabulary}', e.{column})",
        ref=_SPELL_REF,
        parent_ref=_REFERRAL_REF,
        where=f"e.{column} IS NOT NULL",
    )


SPELL_EVENTS = (
    event_query(
        f"mh_stay AS e{_PERSON.format('e')}",
        source_id="p.LocalPatientID",
        time="e.started_at",
        end_time="e.ended_at",
        code="coded('MHS_SPELL', e.ward_class)",
        ref=_SPELL_REF,
        parent_ref=_REFERRAL_REF,
    ),
    _admission_fact("MHS_SPELL_SOURCE", "SourceAdmMHHospProvSpell"),
    _admission_fact("MHS_SPELL_METHOD", "MethAdmMHHospProvSpell"),
    event_query(
        "mh_ward AS e JOIN mh_referral_of_spell AS s ON s._provider = e._provider "
        f"AND s.HospProvSpellID = e.HospProvSpellID{_PERSON.format('s')}",
        source_id="p.LocalPatientID",
        time=_WARD_FROM,
        end_time=f"utc_end(e.EndDateWardStay, e.EndTimeWardStay, {_WARD_FROM})",
        code="coded('MHS_WARD', e.MHAdmittedPatientClass)",
        ref="opaque('mental_health', 'ward', e._provider, e.WardStayID)",
        parent_ref=_SPELL_REF,
    ),
)
