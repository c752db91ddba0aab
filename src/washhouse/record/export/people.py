"""Whose rows may leave, and as what: one person of the grant's view, with as little as does, and what happened to them.

An export's people are those of the view that its purpose is served by (`record.views`). Of a birth the year leaves, of
a place nothing, of a practice a number. Whoever has opted out of secondary use leaves with nothing, in any part of the
view's person. Of an earlier version, too, nobody leaves who has opted out since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.home import Settings
from washhouse.core.tables import Column
from washhouse.governance.audit import AuditTrail
from washhouse.governance.grants import Grant
from washhouse.governance.permissions import Action
from washhouse.lake.engine import LocalEngine, Resources
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.export.pseudonyms import check_distinct, numbers_of
from washhouse.record.kernels import Kernel, run

OPTED_OUT = "OPT_OUT//type-1"
"""Code of the standing fact that somebody's data may not be used beyond their own care."""

_SAID = f"SELECT person_id FROM event WHERE code = '{OPTED_OUT}' AND superseded_at IS NULL"

_OPTED_OUT = Kernel(
    name="export-opted-out",
    sql=f"""
        WITH one AS (
            SELECT coalesce(v.view_id, p.person_id) AS bears, p.person_id, p.person_id IN ({_SAID}) AS opted_out
            FROM person AS p LEFT JOIN person_view AS v USING (person_id))
        SELECT person_id FROM one WHERE bears IN (SELECT bears FROM one WHERE opted_out) ORDER BY person_id""",
    columns=(Column("person_id", "string", "Id in the record", nullable=False),),
    inputs=("person", "person_view", "event"),
)
NOBODY = arrow_schema(_OPTED_OUT.table).empty_table()

_PEOPLE = Kernel(
    name="export-people",
    sql=f"""
        WITH one AS (
            SELECT coalesce(v.view_id, p.person_id) AS bears, p.*, row(v.view_id <> p.person_id, p.person_id) AS place,
                   p.person_id IN ({_SAID}) OR p.person_id IN (SELECT person_id FROM barred) AS opted_out
            FROM person AS p LEFT JOIN person_view AS v USING (person_id))
        SELECT bears AS person_id, year(arg_min(birth_month, place)) AS birth_year,
               coalesce(arg_min(nullif(sex, 'unknown'), place), 'unknown') AS sex,
               arg_min(ethnic_category, place) AS ethnic_category,
               arg_min(deprivation_decile, place) AS deprivation_decile, arg_min(practice, place) AS practice,
               arg_min(death_date, place) AS death_date, bool_or(opted_out) AS opted_out
        FROM one GROUP BY bears ORDER BY bears""",
    columns=(
        Column("person_id", "string", "Id in the grant's view", nullable=False),
        Column("birth_year", "int32", "Year of birth"),
        Column("sex", "string", "As in `record.person`", nullable=False),
        Column("ethnic_category", "string", "As in `record.person`"),
        Column("deprivation_decile", "int32", "1 (most deprived) to 10"),
        Column("practice", "string", "GP practice code"),
        Column("death_date", "date", "Day of death"),
        Column("opted_out", "bool", "Any record of theirs says that nothing may leave", nullable=False),
    ),
    inputs=("person", "person_view", "event"),
)

# What says who somebody is stands in `people`; here it would say it twice, and a birth to the day.
_EVENTS = Kernel(
    name="export-events",
    sql="""
        SELECT coalesce(v.view_id, e.person_id) AS person_id, e.time, e.end_time, e.recorded_at,
               CASE WHEN starts_with(e.code, 'GP_REGISTRATION//') THEN 'GP_REGISTRATION//recorded' ELSE e.code END
                   AS code,
               e.numeric_value, e.unit, e.text_value, e.ref, e.parent_ref,
               CASE WHEN starts_with(e.code, 'GP_REGISTRATION//') THEN split_part(e.code, '//', 2) END AS practice,
               e.team, e.worker
        FROM event AS e LEFT JOIN person_view AS v USING (person_id)
        WHERE e.superseded_at IS NULL
          AND split_part(e.code, '//', 1) NOT IN ('OPT_OUT', 'DEATH', 'MEDS_BIRTH', 'MEDS_DEATH', 'GENDER')""",
    columns=(
        Column("person_id", "string", "Id in the grant's view", nullable=False),
        Column("time", "timestamp", "When it happened, UTC; null for standing facts"),
        Column("end_time", "timestamp", "When it ended"),
        Column("recorded_at", "timestamp", "When the source first showed it", nullable=False),
        Column("code", "string", "`vocabulary//code`", nullable=False),
        Column("numeric_value", "float64", "Value, in `unit`"),
        Column("unit", "string", "Unit"),
        Column("text_value", "string", "Short coded value"),
        Column("ref", "string", "Opaque id of the thing"),
        Column("parent_ref", "string", "`ref` of the thing that this belongs to"),
        Column("practice", "string", "GP practice code of a registration"),
        Column("team", "string", "Team's local id"),
        Column("worker", "string", "Worker's local id"),
    ),
    inputs=("event", "person_view"),
)


@dataclass(frozen=True)
class Population:
    """A version of the record that is to leave, under a grant that was granted and noted.

    Attributes:
        store: The record's tables.
        version: The version.
        grant: Leave to export.
        key: The export's key.
        settings: Memory and threads that the engine may use.
        barred: Who has opted out since; `person_id`.
        people: Number of people who leave.
        opted_out: Number of people who do not, because they have opted out.
    """

    store: Lake
    version: Version
    grant: Grant
    key: bytes
    settings: Settings
    barred: pa.Table
    people: int
    opted_out: int


@dataclass(frozen=True)
class Bucket:
    """One bucket's rows, pseudonymised.

    Attributes:
        people: `subject_id, birth_year, sex, ethnic_category, deprivation_decile, practice, death_date`; one row per
            person; `practice` is a number.
        events: `subject_id, time, end_time, recorded_at, code, numeric_value, unit, text_value, ref, parent_ref,
            practice, team, worker`; one row per current event. `ref` and `parent_ref` are numbers that are good for
            telling things apart inside the export only, `practice`, `team` and `worker` too.
    """

    people: pa.Table
    events: pa.Table


def opted_out_of(store: Lake, version: Version, grant: Grant, audit: AuditTrail, settings: Settings) -> pa.Table:
    """Everybody who has opted out in a version, in whatever part of the view's person.

    Args:
        store: The record's tables.
        version: The version.
        grant: Who asks, for what.
        audit: Where the decision is written.
        settings: Memory and threads that the engine may use.

    Returns:
        `person_id`.

    Raises:
        RefusedError: The grant does not allow it.
    """
    return pa.concat_tables([NOBODY, *run(store, version, grant, _OPTED_OUT, engine=_engine(settings), audit=audit)])


def open_population(
    store: Lake,
    version: Version,
    grant: Grant,
    audit: AuditTrail,
    *,
    key: bytes,
    form: str,
    project: str,
    settings: Settings,
    barred: pa.Table = NOBODY,
) -> Population:
    """Ask for leave to export everybody, and note it: one event with the hash of who they are.

    Args:
        store: The record's tables.
        version: The version.
        grant: Who asks, for what.
        audit: Where the decision is written, before a row is handed out.
        key: The export's key.
        form: Format, for the audit.
        project: Project, for the audit.
        settings: Memory and threads that the engine may use.
        barred: Who has opted out since the version; `person_id`, as the version knows them.

    Raises:
        RefusedError: The grant does not allow it.
        InputError: `export-numbers-collide`.
    """
    audit.authorise(grant, Action.READ_POPULATION, detail={"record_version": version.id, "kernel": _PEOPLE.name})
    ids: list[str] = []
    numbers = []
    opted_out = 0
    for rows in run(store, version, grant, _PEOPLE, extra={"barred": barred}, engine=_engine(settings)):
        leaving = rows.filter(pc.invert(rows["opted_out"]))
        opted_out += rows.num_rows - leaving.num_rows
        ids += leaving["person_id"].to_pylist()
        numbers.append(numbers_of(key, "person", leaving["person_id"]).to_numpy())
    check_distinct(np.concatenate(numbers))
    audit.authorise(
        grant,
        Action.EXPORT,
        ids,
        detail={"record_version": version.id, "format": form, "project": project, "opted_out": opted_out},
    )
    return Population(store, version, grant, key, settings, barred, len(ids), opted_out)


def read_buckets(population: Population) -> Iterator[Bucket]:
    """The population, a bucket at a time.

    Yields:
        People by `subject_id`; events in no order.
    """
    each = (population.store, population.version, population.grant)
    people = run(*each, _PEOPLE, extra={"barred": population.barred}, engine=_engine(population.settings))
    events = run(*each, _EVENTS, engine=_engine(population.settings))
    for persons, happened in zip(people, events, strict=True):
        leaving = persons.filter(pc.invert(persons["opted_out"]))
        staying = persons.filter(persons["opted_out"])["person_id"]
        if len(staying):
            happened = happened.filter(pc.invert(pc.is_in(happened["person_id"], staying)))
        yield Bucket(
            _numbered(population.key, leaving.drop_columns(["opted_out"])).sort_by("subject_id"),
            _numbered(population.key, happened),
        )


def _engine(settings: Settings) -> LocalEngine:
    return LocalEngine(Resources(settings.memory_limit, settings.threads))


_KINDS = {
    "person_id": "person",
    "ref": "thing",
    "parent_ref": "thing",
    "practice": "practice",
    "team": "team",
    "worker": "worker",
}


def _numbered(key: bytes, rows: pa.Table) -> pa.Table:
    for name, kind in _KINDS.items():
        if name in rows.column_names:
            place = rows.column_names.index(name)
            named = "subject_id" if name == "person_id" else name
            rows = rows.set_column(place, named, numbers_of(key, kind, rows[name]))
    return rows
