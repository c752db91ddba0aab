"""What do FHIR resources mean? Patients are people to be linked; everything else is an event of one of them.

A resource is known from the time that it gives for that, as long as it was sent in one state only; a further state is
known from the set that brought it. What did not happen, or was entered in error, is no event, and an event that a
later state of its resource no longer tells of has been withdrawn.
"""

from __future__ import annotations

import re

from washhouse.sources.fhir.contract import EVENT, PATIENT
from washhouse.sources.mappings.contract import Mapping, Stage, States
from washhouse.sources.mappings.events import death_query, event_query
from washhouse.sources.mappings.identities import latest
from washhouse.sources.mappings.social_care import ASSESSMENT_TYPES, ROUTES_OF_ACCESS
from washhouse.sources.social_care import EVENT_OUTCOMES, REVIEW_REASONS, SERVICE_TYPES

_PATIENT = States("fhir_patient", "patient", PATIENT.column_names)
_EVENT = States("fhir_event", "event", EVENT.column_names)

# Words that stand for a code: letters alone would else be taken for a name in the wrong place.
WORDS = sorted(
    {"unknown", "unreadable", "other", "recorded"}
    | {
        re.sub("[^a-z0-9]+", "-", value.lower()).strip("-")
        for values in (EVENT_OUTCOMES, SERVICE_TYPES, REVIEW_REASONS, ASSESSMENT_TYPES, ROUTES_OF_ACCESS)
        for value in values
    }
)
_WORDS = ", ".join(f"'{word}'" for word in WORDS)

_IDENTITY = f"""
    SELECT patient_key AS source_id,
           CASE WHEN nhs_number IS NULL AND surname IS NULL THEN 'pseudonym' ELSE 'clear' END AS identity_kind,
           nhs_number, CAST(NULL AS VARCHAR) AS pseudo_nhs_number, first_name, surname, birth_date, sex, postcode,
           address, CAST(NULL AS VARCHAR) AS uprn, phone, restricted, upper(ethnic_category) AS ethnic_category,
           CAST(NULL AS VARCHAR) AS small_area, CAST(NULL AS INTEGER) AS deprivation_decile, practice, death_date,
           _first_seen AS first_seen, _last_seen AS last_seen
    FROM ({latest("fhir_patient", "patient_key")})"""

_TOLD = (
    "fhir_told",
    """SELECT * REPLACE (coalesce(_superseded_at, CASE WHEN _last_seen_at < _told_at THEN _told_at END)
                 AS _superseded_at)
       FROM (SELECT *, max(_last_seen_at) OVER (PARTITION BY resource_key) AS _told_at,
                    min(_recorded_at) OVER (PARTITION BY resource_key) = _recorded_at AS _is_first
             FROM fhir_event)""",
)

_EVENTS = event_query(
    "fhir_told AS e",
    source_id="e.patient_key",
    time="e.time",
    end_time="e.end_time",
    recorded_at="CASE WHEN e._is_first AND e.recorded < e._recorded_at THEN e.recorded ELSE e._recorded_at END",
    code=f"""concat(CASE WHEN e.family = '' THEN '' ELSE e.family || '//' END,
        CASE WHEN e.vocabulary = '' THEN e.code
             WHEN e.code IN ({_WORDS}) THEN e.vocabulary || '//' || e.code
             ELSE coded(e.vocabulary, e.code) END)""",
    numeric_value="e.number",
    unit="unit_of(e.unit)",
    text_value=f"""CASE WHEN is_personal(e.word) OR (regexp_matches(e.word, '[a-z]-') AND e.word NOT IN ({_WORDS}))
        THEN NULL ELSE e.word END""",
    ref="opaque('fhir', 'resource', '', e.resource_key)",
    parent_ref="opaque('fhir', 'resource', '', nullif(e.encounter_key, e.resource_key))",
    where="e.happened",
)

MAPPING = Mapping(
    source="fhir",
    identities=(Stage(states=(_PATIENT,), queries=(_IDENTITY,)),),
    events=(
        Stage(states=(_EVENT,), derived=(_TOLD,), queries=(_EVENTS,)),
        Stage(
            states=(States("fhir_death", "patient", ("patient_key", "death_date")),),
            queries=(death_query("fhir_death", "patient_key", "death_date"),),
        ),
    ),
)
