"""Which stays arrive twice, from the mental health provider and in the hospital return?

A stay on a psychiatric specialty can be in MHS501 and in admitted patient care. Where the two overlap by a day, the
mental health row is kept, because it has the ward and the legal facts; the other is not emitted from the moment the
first was known, and diagnoses and procedures that hung on it hang on the first. A state in which the hospital no
longer calls the stay psychiatric stands beside the other.

References:
    FIELDS.md, fact 7 (specialties 710-715); NHS Data Dictionary, main specialty codes.
"""

from __future__ import annotations

PSYCHIATRIC_SPECIALTIES = ("710", "711", "712", "713", "714", "715")
"""Main specialties whose stays a mental health provider also returns."""

_PSYCHIATRIC = ", ".join(f"'{specialty}'" for specialty in PSYCHIATRIC_SPECIALTIES)

FINISHED_EVENTS = f"""
WITH staged AS ({{staged}}),
apc AS (
    SELECT person_id, ref, time, end_time, superseded_at IS NULL AS stands FROM staged
    WHERE source = 'hospital' AND starts_with(code, 'APC_SPELL//') AND text_value IN ({_PSYCHIATRIC})
    QUALIFY row_number() OVER (PARTITION BY person_id, ref ORDER BY recorded_at DESC, source_file, source_row) = 1),
stay AS (
    SELECT person_id, ref, time, end_time, min(recorded_at) OVER (PARTITION BY person_id, ref) AS known_at
    FROM staged WHERE source = 'mental_health' AND starts_with(code, 'MHS_SPELL//')
    QUALIFY superseded_at IS NULL
        AND row_number() OVER (PARTITION BY person_id, ref ORDER BY recorded_at DESC, source_file, source_row) = 1),
twin AS (
    SELECT apc.person_id, apc.ref, apc.stands, min(stay.known_at) AS known_at,
           arg_min(stay.ref, row(stay.known_at, stay.time, stay.ref)) AS stay_ref
    FROM apc JOIN stay ON stay.person_id = apc.person_id
        AND CAST(apc.time AS DATE) <= coalesce(CAST(stay.end_time AS DATE), DATE '9999-12-31')
        AND CAST(stay.time AS DATE) <= coalesce(CAST(apc.end_time AS DATE), DATE '9999-12-31')
    GROUP BY apc.person_id, apc.ref, apc.stands)
SELECT {{columns}} FROM (
    SELECT e.* REPLACE (
        CASE WHEN own.ref IS NOT NULL THEN least(e.superseded_at, own.known_at) ELSE e.superseded_at END
            AS superseded_at,
        coalesce(parent.stay_ref, e.parent_ref) AS parent_ref)
    FROM staged AS e
    LEFT JOIN twin AS own ON own.person_id = e.person_id AND own.ref = e.ref AND starts_with(e.code, 'APC_SPELL//')
        AND e.text_value IN ({_PSYCHIATRIC})
    LEFT JOIN twin AS parent ON parent.person_id = e.person_id AND parent.ref = e.parent_ref AND parent.stands
    WHERE own.ref IS NULL OR e.recorded_at < own.known_at)
"""
"""SQL that finishes one bucket: `{staged}` is its events, `{columns}` the event table's."""

EVENT_ORDER = """person_id, time NULLS LAST, code, recorded_at, source, source_file, source_row, ref, team, worker,
    end_time, superseded_at, numeric_value, text_value"""
"""The order of finished events."""

TOLD_BY_TWO = {"hospital": "APC_SPELL", "mental_health": "MHS_SPELL"}
"""The two feeds that return the same stays, each with the vocabulary of a stay's code."""
