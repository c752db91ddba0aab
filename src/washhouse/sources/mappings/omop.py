"""What do an OMOP data set's rows mean? Persons are people of their own; rows of clinical tables are their events.

**Codes.** The source's concept names the code if the data set brings that concept, else the standard concept; without a
row of `concept` it is `OMOP//<concept_id>`, and with no concept at all the source's value as `LOCAL//`. Concepts that
our own export made are the code that they were made from. Kinds of visit become `ENCOUNTER//` as in FHIR.

**Times** are the data set's own, without a zone. It says nothing of when a thing was recorded: what its first batch
shows is taken to be known from its own time (`recorded_assumed`), what only a later batch shows from that batch.

References:
    OMOP CDM 5.4, https://ohdsi.github.io/CommonDataModel/cdm54.html; 8507, 8532 and the operators 4171754-4172704: its
    standard concepts; 9201-9203: Eunomia GiBleed's `concept`.
"""

from __future__ import annotations

from washhouse.sources.fhir.codes import ENCOUNTER_CLASSES, HOUSE_VOCABULARIES, SYSTEMS
from washhouse.sources.fhir.rows import RESULT_WORDS
from washhouse.sources.mappings.contract import Mapping, Stage, States
from washhouse.sources.mappings.events import event_query
from washhouse.sources.mappings.fhir import WORDS
from washhouse.sources.mappings.identities import latest
from washhouse.sources.omop.contract import CONCEPT, DEATH, EVENTS, PERSON, VISIT, EventTable

FEMALE, MALE, INPATIENT = 8532, 8507, 9201
VISITS = {INPATIENT: "IMP", 9202: "AMB", 9203: "EMER", 262: "EMER", 581476: "HH", 5083: "VR"}
"""Kind of encounter of each visit concept; 262 began in the emergency room and became a stay."""
OPERATORS = {4171754: "<=", 4171755: ">=", 4171756: "<", 4172704: ">"}
"""Operators; a number with one is a word, for it is no number."""
LARGEST_CONCEPT = 2_147_483_647
FAMILIES = sorted(
    HOUSE_VOCABULARIES
    | SYSTEMS.keys()
    | {"ALLERGY", "DEATH", "ENCOUNTER", "EPISODE", "GENDER", "IMMUNISATION", "LAB", "MEDICATION_STATEMENT", "OMOP"}
    | {"OPT_OUT", "REPORT", "REQUEST", "RISK"}
)


def _listed(values: object) -> str:
    return ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]


def _cases(column: str, values: dict[int, str]) -> str:
    return f"CASE {column} " + " ".join(f"WHEN {one} THEN '{word}'" for one, word in values.items()) + " END"


def _house(code: str) -> str:
    """SQL: a code of the house's own spelling, null if it is none."""
    last = f"regexp_extract({code}, '//([^/]+)$', 1)"
    vocabulary = f"regexp_extract({code}, '([A-Z0-9_]+)//[^/]+$', 1)"
    return f"""CASE WHEN regexp_full_match({code}, '[A-Z][A-Z0-9_]*(//[A-Z][A-Z0-9_]*)*//[^/]+')
        AND split_part({code}, '//', 1) IN ({_listed(FAMILIES)})
        AND ({last} IN ({_listed([*WORDS, *ENCOUNTER_CLASSES])}) OR is_code({vocabulary}, {last}))
        THEN {code} END"""


def _word(text: str) -> str:
    """SQL: a word that is coded, null for anything that could be free text."""
    return f"""CASE WHEN lower({text}) IN ({_listed(sorted(RESULT_WORDS))}) THEN lower({text})
        WHEN {text} IN ({_listed(WORDS)}) THEN {text}
        WHEN regexp_full_match({text}, '[0-9A-Z<>=+./%_^*-]{{1,18}}') AND NOT is_personal({text})
             AND (length({text}) <= 3 OR regexp_matches({text}, '[0-9<>=+%^*]')) THEN {text} END"""


_CONCEPT = States("omop_concept", "concept", CONCEPT.column_names)
_NAMED = (
    "omop_named",
    f"""SELECT concept_id, concept_code AS unit,
               coalesce(
                   CASE WHEN vocabulary_id = 'washhouse' THEN {_house("concept_code")} END,
                   CASE WHEN vocabulary NOT IN ('NONE', 'WASHHOUSE') AND is_code(vocabulary, code)
                             AND regexp_full_match(vocabulary, '[A-Z][A-Z0-9_]{{0,31}}')
                        THEN vocabulary || '//' || code END) AS code,
               coalesce(CASE WHEN lower(concept_name) IN ({_listed(sorted(RESULT_WORDS))}) THEN lower(concept_name) END,
                        {_word("concept_code")}) AS word
        FROM (SELECT *, CASE vocabulary WHEN 'ICD10' THEN icd10(concept_code) WHEN 'OPCS4' THEN opcs4(concept_code)
                                        ELSE concept_code END AS code
              FROM (SELECT *, CASE vocabulary_id WHEN 'dm+d' THEN 'DMD' WHEN 'Read' THEN 'READ2'
                        ELSE trim(upper(regexp_replace(vocabulary_id, '[^A-Za-z0-9]+', '_', 'g')), '_')
                        END AS vocabulary
                    FROM ({latest("omop_concept", "concept_id")})))
        WHERE concept_id <> 0""",
)

_DAY = "TRY_CAST(printf('%04d-%02d-%02d', year_of_birth, {}, {}) AS DATE)"
_IDENTITY = f"""
    SELECT p.person_id AS source_id, 'pseudonym' AS identity_kind, CAST(NULL AS VARCHAR) AS nhs_number,
           CAST(NULL AS VARCHAR) AS pseudo_nhs_number, CAST(NULL AS VARCHAR) AS first_name,
           CAST(NULL AS VARCHAR) AS surname,
           CASE WHEN year_of_birth BETWEEN 1800 AND 2499
                THEN coalesce({_DAY.format("month_of_birth", "day_of_birth")}, {_DAY.format("month_of_birth", 1)},
                              {_DAY.format(1, 1)}) END AS birth_date,
           CASE WHEN gender_concept_id = {FEMALE} THEN 'female' WHEN gender_concept_id = {MALE} THEN 'male'
                WHEN lower(gender_source_value) IN ('f', 'female') THEN 'female'
                WHEN lower(gender_source_value) IN ('m', 'male') THEN 'male' END AS sex,
           CAST(NULL AS VARCHAR) AS postcode, CAST(NULL AS VARCHAR) AS address, CAST(NULL AS VARCHAR) AS uprn,
           CAST(NULL AS VARCHAR) AS phone, false AS restricted, CAST(NULL AS VARCHAR) AS ethnic_category,
           CAST(NULL AS VARCHAR) AS small_area, CAST(NULL AS INTEGER) AS deprivation_decile,
           CAST(NULL AS VARCHAR) AS practice, d.death_date, p._first_seen AS first_seen, p._last_seen AS last_seen
    FROM ({latest("omop_person", "person_id")}) AS p
    LEFT JOIN (SELECT person_id, death_date FROM ({latest("omop_death", "person_id")}) WHERE _superseded_at IS NULL)
        AS d USING (person_id)"""

_PERSON = States("omop_person", "person", PERSON.column_names)
_DEATH = States("omop_death", "death", DEATH.column_names)


def _moment(moment: str, day: str) -> str:
    """SQL: the moment if it lies on the day, else the day."""
    return f"CASE WHEN CAST({moment} AS DATE) = {day} THEN {moment} ELSE CAST({day} AS TIMESTAMP) END"


def _known(time: str) -> dict[str, str]:
    return {
        "recorded_at": f"CASE WHEN e._not_before IS NULL THEN {time} ELSE e._recorded_at END",
        "recorded_assumed": "e._not_before IS NULL",
    }


def _stage(table: EventTable) -> Stage:
    """States and query of one table of events."""
    name, columns = f"omop_{table.spec.name}", set(table.spec.column_names)
    visits = table is VISIT
    time = _moment(f"e.{table.moment}", f"e.{table.start}")
    end = "CAST(NULL AS TIMESTAMP)"
    if table.end:
        moment, day = table.end
        given = f"coalesce({_moment(f'e.{moment}', f'e.{day}')}, e.{moment})"
        end = f"CASE WHEN {given} IS NOT NULL THEN greatest({given}, {time}) END"
    # A visit must have an end in OMOP: one that is no stay and ends as it begins is a moment.
    end = f"CASE WHEN e.visit_concept_id = {INPATIENT} THEN {end} ELSE nullif({end}, {time}) END" if visits else end
    source, concept = f"nullif(e.{table.stem}_source_concept_id, 0)", f"nullif(e.{table.stem}_concept_id, 0)"
    joins = " ".join(
        f" LEFT JOIN omop_named AS {alias} ON {alias}.concept_id = {one}"
        for alias, one in (("s", source), ("c", concept))
    )
    numbers = f"e.{table.value}" if table.value else "NULL"
    # Nobody is given a quantity of nothing: data sets write 0 for not known.
    numbers = f"nullif({numbers}, 0)" if table.value == "quantity" else numbers
    words = [_word(f"e.{one}") for one in table.words]
    unit = f"unit_of(e.{table.unit})" if table.unit else "CAST(NULL AS VARCHAR)"
    if "unit_concept_id" in columns:
        joins += (
            " LEFT JOIN omop_named AS u ON u.concept_id = nullif(e.unit_concept_id, 0)"
            " LEFT JOIN omop_named AS w ON w.concept_id = nullif(e.value_as_concept_id, 0)"
        )
        unit = f"coalesce({unit}, unit_of(u.unit))"
        words.append("w.word")
    text = f"coalesce({', '.join(words)})" if words else "CAST(NULL AS VARCHAR)"
    # What stands beside a number as its text mostly is the number again.
    text = f"CASE WHEN {numbers} IS NULL OR TRY_CAST({text} AS DOUBLE) IS NULL THEN {text} END"
    if "operator_concept_id" in columns:
        sign = _cases("e.operator_concept_id", OPERATORS)
        text = f"coalesce({sign} || printf('%g', {numbers}), {text})"
        numbers = f"CASE WHEN {sign} IS NULL THEN {numbers} END"
    told = f"e.{table.stem}_source_value"
    kinds = f"'ENCOUNTER//' || {_cases(f'e.{table.stem}_concept_id', VISITS)}, " if visits else ""
    ids = ", ".join(
        f"CASE WHEN {one} BETWEEN 1 AND {LARGEST_CONCEPT} THEN coded('OMOP', CAST({one} AS VARCHAR)) END"
        for one in (concept, source)
    )
    own = "" if visits else f"coded('LOCAL', {told}), "  # a visit's own value is its number
    code = f"coalesce(s.code, {_house(told)}, {kinds}c.code, {ids}, {own}'LOCAL//unknown')"
    query = event_query(
        f"(SELECT * FROM {name}) AS e{joins} LEFT JOIN omop_dead AS x ON x.person_id = e.person_id",
        source_id="e.person_id",
        time=time,
        end_time=end,
        code=code,
        numeric_value=f"CAST({numbers} AS DOUBLE)",
        unit=unit,
        text_value=text,
        ref=f"opaque('omop', '{VISIT.spec.name if visits else table.spec.name}', '', e.{table.row_id})",
        parent_ref="CAST(NULL AS VARCHAR)"
        if visits
        else f"opaque('omop', '{VISIT.spec.name}', '', nullif(e.visit_occurrence_id, '0'))",
        # A death that the table `death` tells of as well is one.
        where=f"NOT ({code} = 'DEATH//recorded' AND x.person_id IS NOT NULL)",
        **_known(time),
    )
    return Stage(
        states=(States(name, table.spec.name, table.spec.column_names), _CONCEPT, _DEATH),
        derived=(_NAMED, ("omop_dead", "SELECT DISTINCT person_id FROM omop_death WHERE _superseded_at IS NULL")),
        queries=(query,),
    )


_DIED = _moment("e.death_datetime", "e.death_date")

MAPPING = Mapping(
    source="omop",
    identities=(Stage(states=(_PERSON, _DEATH), queries=(_IDENTITY,)),),
    events=(
        *(_stage(table) for table in EVENTS),
        Stage(
            states=(_DEATH,),
            queries=(
                event_query(
                    "omop_death AS e",
                    source_id="e.person_id",
                    time=_DIED,
                    code="'DEATH//recorded'",
                    **_known(_DIED),
                ),
            ),
        ),
    ),
)
