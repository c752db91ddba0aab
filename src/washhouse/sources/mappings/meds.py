"""What do events of a MEDS data set mean? Their codes are kept; who the subjects are is read from a few of them.

A data set says nothing of when its events were recorded, so that their own time stands for it (`recorded_assumed`). A
fact without a time is known from the subject's first event.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import Mapping, Stage, States
from washhouse.sources.mappings.events import event_query

_EVENT = States("meds_event", "event", ("subject_id", "time", "code", "numeric_value", "text_value"))

_FIRST = (
    "meds_first",
    "SELECT subject_id, min(time) AS time FROM meds_event GROUP BY subject_id",
)

_IDENTITY = """
    SELECT subject_id AS source_id, 'pseudonym' AS identity_kind, CAST(NULL AS VARCHAR) AS nhs_number,
           CAST(NULL AS VARCHAR) AS pseudo_nhs_number, CAST(NULL AS VARCHAR) AS first_name,
           CAST(NULL AS VARCHAR) AS surname,
           CAST(min(time) FILTER (WHERE code = 'MEDS_BIRTH//recorded') AS DATE) AS birth_date,
           min(CASE upper(code) WHEN 'GENDER//F' THEN 'female' WHEN 'GENDER//FEMALE' THEN 'female'
                                WHEN 'GENDER//M' THEN 'male' WHEN 'GENDER//MALE' THEN 'male' END) AS sex,
           CAST(NULL AS VARCHAR) AS postcode, CAST(NULL AS VARCHAR) AS address, CAST(NULL AS VARCHAR) AS uprn,
           CAST(NULL AS VARCHAR) AS phone, false AS restricted, CAST(NULL AS VARCHAR) AS ethnic_category,
           CAST(NULL AS VARCHAR) AS small_area, CAST(NULL AS INTEGER) AS deprivation_decile,
           CAST(NULL AS VARCHAR) AS practice,
           CAST(max(time) FILTER (WHERE code = 'MEDS_DEATH//recorded') AS DATE) AS death_date,
           min(_recorded_at) AS first_seen, max(_last_seen_at) AS last_seen
    FROM meds_event GROUP BY subject_id"""

_EVENTS = event_query(
    "meds_event AS e JOIN meds_first AS f ON f.subject_id = e.subject_id",
    source_id="e.subject_id",
    time="e.time",
    recorded_at="coalesce(e.time, f.time, e._recorded_at)",
    recorded_assumed="true",
    code="CASE WHEN e.code = 'MEDS_DEATH//recorded' THEN 'DEATH//recorded' ELSE e.code END",
    numeric_value="e.numeric_value",
    text_value="e.text_value",
)

MAPPING = Mapping(
    source="meds",
    identities=(Stage(states=(_EVENT,), queries=(_IDENTITY,)),),
    events=(Stage(states=(_EVENT,), derived=(_FIRST,), queries=(_EVENTS,)),),
)
