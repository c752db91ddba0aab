"""What does Client Level Data mean: requests, assessments, services, reviews?

Its texts are matched without regard to case, spaces or punctuation. What is not among the national values becomes
`other`, so that a text in the wrong column never reaches an event.
"""

from __future__ import annotations

from washhouse.sources.mappings.contract import Mapping, Stage, States, Trace
from washhouse.sources.mappings.events import death_query, event_query
from washhouse.sources.mappings.spans import united
from washhouse.sources.social_care import EVENT_OUTCOMES, REVIEW_REASONS, SERVICE_TYPES

ROUTES_OF_ACCESS = (
    "Planned Entry (Transition)",
    "Discharge from Hospital",
    "Diversion from Hospital Services",
    "Self-funder with depleted funds",
    "Community / Other route",
    "Prison",
)
"""Values of `Request_Route_of_Access` (recalled from the national guidance)."""

ASSESSMENT_TYPES = ("Short Term Assessment", "Long Term Assessment", "Long Term Assessment (Carer)", "Carer Assessment")
"""Values of `Assessment_Type` (recalled from the national guidance)."""

ETHNICITIES = {
    "A": ("English / Welsh / Scottish / Northern Irish / British", "White British", "British"),
    "B": ("Irish", "White Irish"),
    "C": ("Gypsy or Irish Traveller", "Gypsy / Irish Traveller", "Roma", "Any other White background", "Other White"),
    "D": ("White and Black Caribbean",),
    "E": ("White and Black African",),
    "F": ("White and Asian",),
    "G": ("Any other mixed / multiple ethnic background", "Any other mixed background", "Other mixed"),
    "H": ("Indian",),
    "J": ("Pakistani",),
    "K": ("Bangladeshi",),
    "L": ("Any other Asian background", "Other Asian"),
    "M": ("Caribbean", "Black Caribbean"),
    "N": ("African", "Black African"),
    "P": ("Any other Black / African / Caribbean background", "Any other Black background", "Other Black"),
    "R": ("Chinese",),
    "S": ("Arab", "Any other ethnic group", "Other ethnic group", "Other"),
    "Z": ("Refused", "Not stated", "Prefer not to say"),
    "99": ("Undeclared / Not known", "Not known", "Unknown", "No data"),
}
"""National ethnic category for each text of `Ethnicity` (labels recalled); a text that is not here is blank."""


def _slug(text: str) -> str:
    return "-".join(
        "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower()).split()
    )


def _listed(column: str, values: tuple[str, ...]) -> str:
    slugs = ", ".join(repr(_slug(value)) for value in values)
    known = f"WHEN slug({column}) IN ({slugs}) THEN slug({column})"
    return f"CASE WHEN {column} IS NULL THEN 'unknown' {known} ELSE 'other' END"


_ETHNIC_CATEGORY = (
    "CASE "
    + " ".join(
        f"WHEN slug(Ethnicity) IN ({', '.join(repr(_slug(text)) for text in texts)}) THEN '{category}'"
        for category, texts in ETHNICITIES.items()
    )
    + " WHEN regexp_full_match(upper(Ethnicity), '[A-HJ-NPRSZ]|99') THEN upper(Ethnicity) END"
)

_SEX = """CASE slug(Gender) WHEN 'male' THEN 'male' WHEN 'm' THEN 'male' WHEN '1' THEN 'male' WHEN 'man' THEN 'male'
    WHEN 'female' THEN 'female' WHEN 'f' THEN 'female' WHEN '2' THEN 'female' WHEN 'woman' THEN 'female'
    WHEN 'indeterminate' THEN 'indeterminate' WHEN '9' THEN 'indeterminate' END"""

_PERSON = States(
    "cld_person",
    "cld",
    (
        "LA_Person_Unique_Identifier",
        "NHS_Number",
        "Date_of_Birth",
        "Gender",
        "Ethnicity",
        "Postcode",
        "GP_Practice_Code",
        "Date_of_Death",
        "Event_Start_Date",
    ),
)

# A person stands in many rows: the last seen that says it counts for each fact.
_IDENTITY = f"""
    SELECT LA_Person_Unique_Identifier AS source_id, 'clear' AS identity_kind,
           arg_max(NHS_Number, latest) AS nhs_number, CAST(NULL AS VARCHAR) AS pseudo_nhs_number,
           CAST(NULL AS VARCHAR) AS first_name, CAST(NULL AS VARCHAR) AS surname,
           arg_max(Date_of_Birth, latest) AS birth_date, arg_max({_SEX}, latest) AS sex,
           arg_max(Postcode, latest) AS postcode, CAST(NULL AS VARCHAR) AS address, CAST(NULL AS VARCHAR) AS uprn,
           CAST(NULL AS VARCHAR) AS phone, false AS restricted,
           arg_max({_ETHNIC_CATEGORY}, latest) AS ethnic_category, CAST(NULL AS VARCHAR) AS small_area,
           CAST(NULL AS INTEGER) AS deprivation_decile, arg_max(GP_Practice_Code, latest) AS practice,
           arg_max(Date_of_Death, latest) AS death_date,
           min(_recorded_at) AS first_seen, max(_last_seen_at) AS last_seen
    FROM (SELECT *, row(_superseded_at IS NULL, _last_seen_at, _recorded_at, Event_Start_Date,
                        _source_file, _source_row) AS latest FROM cld_person)
    GROUP BY LA_Person_Unique_Identifier"""

_EVENT = States(
    "cld_event",
    "cld",
    (
        "LA_Person_Unique_Identifier",
        "Event_Type",
        "Event_Reference",
        "Event_Start_Date",
        "Event_End_Date",
        "Event_Outcome",
        "Request_Route_of_Access",
        "Assessment_Type",
        "Service_Type",
        "Review_Reason",
        "Planned_units_per_week",
    ),
)

_CODE = f"""CASE slug(e.Event_Type)
    WHEN 'service' THEN 'CLD_SERVICE//' || {_listed("e.Service_Type", SERVICE_TYPES)}
    WHEN 'review' THEN 'CLD_REVIEW//' || {_listed("e.Review_Reason", REVIEW_REASONS)}
    WHEN 'assessment' THEN 'CLD_ASSESSMENT//' || {_listed("e.Assessment_Type", ASSESSMENT_TYPES)}
    ELSE 'CLD_REQUEST//' || {_listed("e.Request_Route_of_Access", ROUTES_OF_ACCESS)} END"""

_STARTED = "CAST(e.Event_Start_Date AS TIMESTAMP)"
_IS_SERVICE = "slug(e.Event_Type) = 'service'"

_EVENTS = event_query(
    "cld_event AS e",
    source_id="e.LA_Person_Unique_Identifier",
    time=_STARTED,
    end_time=f"utc_end(e.Event_End_Date, NULL, {_STARTED})",
    code=_CODE,
    numeric_value=f"CASE WHEN {_IS_SERVICE} THEN e.Planned_units_per_week END",
    unit=f"CASE WHEN {_IS_SERVICE} AND e.Planned_units_per_week IS NOT NULL THEN 'units/wk' END",
    text_value=f"CASE WHEN e.Event_Outcome IS NOT NULL THEN {_listed('e.Event_Outcome', EVENT_OUTCOMES)} END",
    ref="opaque('social_care', 'event', e._provider, e.Event_Reference)",
)

_DEATH = States("cld_death", "cld", ("LA_Person_Unique_Identifier", "Date_of_Death"))

# Every row of a person repeats the day of death.
_DEATH_ONCE = united(
    "(SELECT * FROM cld_death WHERE Date_of_Death IS NOT NULL)", ("LA_Person_Unique_Identifier", "Date_of_Death"), ()
)

_CARER = States(
    "cld_carer",
    "cld",
    (
        "LA_Person_Unique_Identifier",
        "Event_Start_Date",
        "Adult_1_Linked_Person_ID",
        "Adult_2_Linked_Person_ID",
        "Adult_3_Linked_Person_ID",
    ),
)

_CARERS = """
    SELECT source_id, cared_for, min(since) AS since
    FROM (SELECT LA_Person_Unique_Identifier AS source_id, Event_Start_Date AS since,
                 unnest([Adult_1_Linked_Person_ID, Adult_2_Linked_Person_ID, Adult_3_Linked_Person_ID]) AS cared_for
          FROM cld_carer WHERE _superseded_at IS NULL)
    WHERE cared_for IS NOT NULL GROUP BY source_id, cared_for"""

_SERVICES = f"""
    SELECT LA_Person_Unique_Identifier AS source_id,
           'CLD_SERVICE//' || {_listed("Service_Type", SERVICE_TYPES)} AS service,
           Event_Start_Date AS since, Event_End_Date + 1 AS until
    FROM cld_event WHERE _superseded_at IS NULL AND slug(Event_Type) = 'service'"""

COMMUNAL_WORDS = (
    *(
        "care home",
        "nursing home",
        "hostel",
        "night shelter",
        "refuge",
        "hospital",
        "healthcare residential",
        "hospice",
    ),
    *("prison", "young offenders", "detention", "approved premises", "supported accommodation", "supported lodgings"),
    "group home",
)
"""Words of `Accommodation_Status` that name a place of unrelated people (recalled from the national guidance)."""

_LIVES = States("cld_lives", "cld", ("LA_Person_Unique_Identifier", "Accommodation_Status", "Event_Start_Date"))

_COMMUNAL = f"""
    SELECT source_id FROM (
        SELECT LA_Person_Unique_Identifier AS source_id,
               arg_max(slug(Accommodation_Status),
                       row(_last_seen_at, _recorded_at, Event_Start_Date, _source_file, _source_row)) AS status
        FROM cld_lives WHERE _superseded_at IS NULL AND Accommodation_Status IS NOT NULL GROUP BY source_id)
    WHERE regexp_matches(status, '{"|".join(_slug(words) for words in COMMUNAL_WORDS)}')"""

MAPPING = Mapping(
    source="social_care",
    identities=(Stage(states=(_PERSON,), queries=(_IDENTITY,)),),
    events=(
        Stage(
            states=(_EVENT, _DEATH),
            derived=(("cld_death_once", _DEATH_ONCE),),
            queries=(_EVENTS, death_query("cld_death_once", "LA_Person_Unique_Identifier", "Date_of_Death")),
        ),
    ),
    carers=Stage(states=(_CARER,), queries=(_CARERS,)),
    services=Stage(states=(_EVENT,), queries=(_SERVICES,)),
    communal=Stage(states=(_LIVES,), queries=(_COMMUNAL,)),
    traces=(Trace("cld", "LA_Person_Unique_Identifier"),),
)
