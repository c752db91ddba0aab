"""What is one bucket of the record in OMOP's clinical tables?

Where a row goes: a visit if its family is one; else the table of its standard concept's domain; else its family's
(`families`), but that a row with a number of a family that may hold any is a measurement, and a coded entry that
belongs to a stay or an attendance a condition.

References:
    OMOP CDM 5.4, https://ohdsi.github.io/CommonDataModel/cdm54.html.
    OHDSI Themis, "How to determine the drug_exposure_end_date when it is not given": a written prescription lasts to 29
    days after its start, an administration is over on its day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.engine import Connection
from washhouse.record.export.families import FAMILIES, OTHER
from washhouse.record.export.omop.concepts import EHR, FEMALE, MALE, PRESCRIPTION, SHORT_CODE, Concepts
from washhouse.record.export.omop.eras import condition_eras, drug_eras
from washhouse.record.export.omop.fields import shape
from washhouse.record.export.people import Bucket

DOMAIN_TABLES = {
    "Condition": "condition_occurrence",
    "Drug": "drug_exposure",
    "Measurement": "measurement",
    "Observation": "observation",
    "Procedure": "procedure_occurrence",
}
"""Table of a standard concept's domain; concepts of any other domain are observations."""
EVENT_TABLES = tuple(DOMAIN_TABLES.values())
PRESCRIPTION_DAYS = 29

CLINICAL = (
    "person",
    "observation_period",
    "visit_occurrence",
    *EVENT_TABLES,
    "death",
    "condition_era",
    "drug_era",
)
"""Tables that are written a bucket at a time."""


@dataclass
class Counts:
    """What was written so far.

    Attributes:
        rows: Rows of each table; the next row's id follows.
        mapped: Rows of each event table with a standard concept.
        events: Events seen.
        timeless: Events that have no time, and so no place in OMOP.
        without_birth: People without a year of birth, which OMOP requires; none of their rows is written.
        of_them: Events of theirs.
        used: Event codes written.
        care_sites: Numbers of practices and teams.
        providers: Numbers of workers.
    """

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLINICAL, 0))
    mapped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EVENT_TABLES, 0))
    events: int = 0
    timeless: int = 0
    without_birth: int = 0
    of_them: int = 0
    used: set[str] = field(default_factory=set)
    care_sites: set[int] = field(default_factory=set)
    providers: set[int] = field(default_factory=set)


def families_table() -> pa.Table:
    """The declaration of families as the SQL below reads it."""
    rows = [
        {
            "family": one.name,
            "target": one.table,
            "visit": one.visit,
            "of": list(one.visit_codes),
            "by_value": one.by_value,
        }
        for one in (*FAMILIES.values(), OTHER)
    ]
    kinds = [pa.string(), pa.string(), pa.int32(), pa.list_(pa.string()), pa.bool_()]
    names = ["family", "target", "visit", "of", "by_value"]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(zip(names, kinds, strict=True))))


def prepare(con: Connection, concepts: Concepts) -> None:
    """Register what is the same for every bucket."""
    con.register("code_map", concepts.codes)
    con.register("unit_map", concepts.units)
    con.register("ingredient", concepts.ingredients)
    con.register("families", families_table())
    domains = {"domain_id": list(DOMAIN_TABLES), "domain_table": list(DOMAIN_TABLES.values())}
    con.register("domains", pa.table(domains))


def to_omop(con: Connection, bucket: Bucket, as_of: date, counts: Counts) -> dict[str, pa.Table]:
    """Turn one bucket into rows of `CLINICAL`.

    Args:
        con: The engine, after `prepare`.
        bucket: People and events.
        as_of: Newest day that the record tells of; what is open then ends there.
        counts: What was written before; gets what this adds.

    Returns:
        Rows of each table, by person and day.
    """
    con.register("people_given", bucket.people)
    con.register("events_given", bucket.events)
    con.execute("CREATE OR REPLACE TEMP TABLE people AS SELECT * FROM people_given WHERE birth_year IS NOT NULL")
    con.execute(_PLACED)
    con.execute(_VISITS, {"as_of": as_of, "before": counts.rows["visit_occurrence"]})
    con.execute(_VISIT_OF)
    counts.events += bucket.events.num_rows
    counts.timeless += _one(con, "SELECT count(*) FROM events_given WHERE time IS NULL")
    counts.without_birth += _one(con, "SELECT count(*) FROM people_given WHERE birth_year IS NULL")
    counts.of_them += _one(
        con, "SELECT count(*) FROM events_given ANTI JOIN people USING (subject_id) WHERE time IS NOT NULL"
    )
    counts.used.update(code for (code,) in con.sql("SELECT DISTINCT code FROM placed").fetchall())
    counts.care_sites.update(one for (one,) in con.sql(_CARE_SITES).fetchall())
    counts.providers.update(
        one for (one,) in con.sql("SELECT DISTINCT worker FROM placed WHERE worker IS NOT NULL").fetchall()
    )
    found = {"person": con.sql(_PERSON).to_arrow_table(), "death": con.sql(_DEATH).to_arrow_table()}
    found["visit_occurrence"] = con.sql(_VISIT_ROWS).to_arrow_table()
    for table in EVENT_TABLES:
        found[table] = con.sql(_event_sql(table), params={"before": counts.rows[table]}).to_arrow_table()
        counts.mapped[table] += pc.sum(pc.not_equal(found[table][_CONCEPT[table]], 0)).as_py() or 0
    found["observation_period"] = _numbered(
        "observation_period_id",
        counts.rows["observation_period"],
        con.sql(_PERIOD, params={"as_of": as_of}).to_arrow_table(),
    )
    for table in ("condition_occurrence", "drug_exposure"):
        con.register(table, shape(table, found[table]))
    found["condition_era"] = _numbered("condition_era_id", counts.rows["condition_era"], condition_eras(con))
    found["drug_era"] = _numbered("drug_era_id", counts.rows["drug_era"], drug_eras(con))
    shaped = {table: shape(table, found[table]) for table in CLINICAL}
    for table, rows in shaped.items():
        counts.rows[table] += rows.num_rows
    return shaped


# Rows are put in an order that nothing of the engine's decides, so that ids are the same again.
_ORDER = """subject_id, time, code, numeric_value NULLS FIRST, text_value NULLS FIRST, unit NULLS FIRST,
    end_time NULLS FIRST, ref NULLS FIRST, parent_ref NULLS FIRST, team NULLS FIRST, worker NULLS FIRST,
    practice NULLS FIRST, recorded_at"""

_PLACED = """
    CREATE OR REPLACE TEMP TABLE placed AS
    SELECT e.*, m.source_concept_id, m.concept_id, f.visit,
           CASE WHEN f.visit <> 0 AND (len(f."of") = 0 OR list_contains(f."of", split_part(e.code, '//', 2)))
                    THEN 'visit_occurrence'
                WHEN m.concept_id <> 0 THEN coalesce(d.domain_table, 'observation')
                WHEN f.by_value AND e.numeric_value IS NOT NULL THEN 'measurement'
                WHEN f.by_value AND e.parent_ref IS NOT NULL THEN 'condition_occurrence'
                ELSE f.target END AS place
    FROM events_given AS e
    JOIN people AS p USING (subject_id)
    JOIN code_map AS m USING (code)
    JOIN families AS f ON f.family = CASE WHEN split_part(e.code, '//', 1) IN (SELECT family FROM families)
                                          THEN split_part(e.code, '//', 1) ELSE '' END
    LEFT JOIN domains AS d ON d.domain_id = m.domain_id
    WHERE e.time IS NOT NULL"""

# A code that maps to several standard concepts is still one visit.
_VISITS = f"""
    CREATE OR REPLACE TEMP TABLE visits AS
    SELECT CAST($before AS BIGINT) + row_number() OVER (ORDER BY {_ORDER}) AS visit_occurrence_id, *,
           CASE WHEN end_time IS NOT NULL THEN end_time
                WHEN visit = 9201 THEN greatest(time, CAST(CAST($as_of AS DATE) AS TIMESTAMP)) ELSE time END AS ended
    FROM (SELECT DISTINCT * EXCLUDE (concept_id) FROM placed WHERE place = 'visit_occurrence')"""

_VISIT_OF = """
    CREATE OR REPLACE TEMP TABLE visit_of AS
    SELECT subject_id, ref, min(visit_occurrence_id) AS visit_occurrence_id FROM visits
    WHERE ref IS NOT NULL GROUP BY ALL"""

_VISIT_ROWS = f"""
    SELECT visit_occurrence_id, subject_id AS person_id, visit AS visit_concept_id, CAST(time AS DATE)
               AS visit_start_date, time AS visit_start_datetime, CAST(ended AS DATE) AS visit_end_date,
           ended AS visit_end_datetime, {EHR} AS visit_type_concept_id, worker AS provider_id, team AS care_site_id,
           {SHORT_CODE} AS visit_source_value, source_concept_id AS visit_source_concept_id
    FROM visits ORDER BY visit_occurrence_id"""

_CARE_SITES = """
    SELECT practice FROM people WHERE practice IS NOT NULL UNION SELECT team FROM placed WHERE team IS NOT NULL
    UNION SELECT practice FROM placed WHERE practice IS NOT NULL"""

_PERSON = f"""
    SELECT subject_id AS person_id, CASE sex WHEN 'female' THEN {FEMALE} WHEN 'male' THEN {MALE} ELSE 0 END
               AS gender_concept_id, birth_year AS year_of_birth, 0 AS race_concept_id, 0 AS ethnicity_concept_id,
           deprivation_decile AS location_id, practice AS care_site_id, sex AS gender_source_value,
           0 AS gender_source_concept_id, ethnic_category AS race_source_value, 0 AS race_source_concept_id,
           0 AS ethnicity_source_concept_id
    FROM people ORDER BY subject_id"""

_DEATH = f"""
    SELECT subject_id AS person_id, death_date, {EHR} AS death_type_concept_id FROM people
    WHERE death_date IS NOT NULL ORDER BY subject_id"""

# From the first to the last that is known; who is registered with a practice is watched until the newest day.
_PERIOD = f"""
    SELECT subject_id AS person_id, min(CAST(time AS DATE)) AS observation_period_start_date,
           greatest(max(CAST(time AS DATE)),
                    max(CASE WHEN end_time IS NOT NULL THEN least(CAST(end_time AS DATE), CAST($as_of AS DATE)) END),
                    max(CASE WHEN code = 'GP_REGISTRATION//recorded' AND end_time IS NULL
                             THEN least(coalesce(death_date, CAST($as_of AS DATE)), CAST($as_of AS DATE)) END))
               AS observation_period_end_date, {EHR} AS period_type_concept_id
    FROM placed JOIN people USING (subject_id) GROUP BY subject_id ORDER BY subject_id"""

_CONCEPT = {
    "condition_occurrence": "condition_concept_id",
    "drug_exposure": "drug_concept_id",
    "measurement": "measurement_concept_id",
    "observation": "observation_concept_id",
    "procedure_occurrence": "procedure_concept_id",
}

_UNIT = "unit_concept_id, left(unit, 50) AS unit_source_value"

_OWN: Mapping[str, str] = {
    "condition_occurrence": f"""CAST(time AS DATE) AS condition_start_date, time AS condition_start_datetime,
        CAST(end_time AS DATE) AS condition_end_date, end_time AS condition_end_datetime,
        {EHR} AS condition_type_concept_id""",
    "drug_exposure": f"""CAST(time AS DATE) AS drug_exposure_start_date, time AS drug_exposure_start_datetime,
        CASE WHEN end_time IS NOT NULL THEN CAST(end_time AS DATE) WHEN starts_with(code, 'DMD//')
             THEN CAST(time AS DATE) + {PRESCRIPTION_DAYS} ELSE CAST(time AS DATE) END AS drug_exposure_end_date,
        CAST(end_time AS DATE) AS verbatim_end_date, numeric_value AS quantity,
        CASE WHEN starts_with(code, 'DMD//') THEN {PRESCRIPTION} ELSE {EHR} END AS drug_type_concept_id,
        left(unit, 50) AS dose_unit_source_value""",
    "measurement": f"""CAST(time AS DATE) AS measurement_date, time AS measurement_datetime,
        {EHR} AS measurement_type_concept_id, numeric_value AS value_as_number, {_UNIT},
        left(text_value, 50) AS value_source_value""",
    "observation": f"""CAST(time AS DATE) AS observation_date, time AS observation_datetime,
        {EHR} AS observation_type_concept_id, numeric_value AS value_as_number, left(text_value, 60) AS value_as_string,
        {_UNIT}, left(text_value, 50) AS value_source_value""",
    "procedure_occurrence": f"""CAST(time AS DATE) AS procedure_date, time AS procedure_datetime,
        CAST(end_time AS DATE) AS procedure_end_date, end_time AS procedure_end_datetime,
        {EHR} AS procedure_type_concept_id""",
}
"""Columns of each event table besides those that all have."""


def _event_sql(table: str) -> str:
    """SQL for the rows of an event table."""
    stem = _CONCEPT[table].removesuffix("_concept_id")
    row_id = f"{table}_id" if table.startswith(("condition", "drug", "procedure")) else f"{stem}_id"
    return f"""
        SELECT CAST($before AS BIGINT) + row_number() OVER (ORDER BY {_ORDER}, concept_id) AS {row_id},
               subject_id AS person_id, concept_id AS {stem}_concept_id, {_OWN[table]}, worker AS provider_id,
               visit_occurrence_id, {SHORT_CODE} AS {stem}_source_value,
               source_concept_id AS {stem}_source_concept_id
        FROM (SELECT e.*, u.unit_concept_id, coalesce(v.visit_occurrence_id, w.visit_occurrence_id)
                         AS visit_occurrence_id
              FROM placed AS e LEFT JOIN unit_map AS u ON u.unit = e.unit
              LEFT JOIN visit_of AS v ON v.subject_id = e.subject_id AND v.ref = e.parent_ref
              LEFT JOIN visit_of AS w ON w.subject_id = e.subject_id AND w.ref = e.ref
              WHERE e.place = '{table}')
        ORDER BY {row_id}"""


def _one(con: Connection, sql: str) -> int:
    return int(con.sql(sql).fetchall()[0][0])


def _numbered(name: str, before: int, rows: pa.Table) -> pa.Table:
    return rows.add_column(0, name, pa.array(range(before + 1, before + 1 + rows.num_rows), pa.int64()))
