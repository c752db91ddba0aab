"""How does a day come into a record of very many events without writing them all again?

What came and what went of each bucket is written beside its events, as one file that takes the place of the one before:
`record.event_change`. It is merged by whoever reads (`lake.overlay`), and once it has grown the events are written
whole again.

References:
    docs/adr/2026-11-26-incremental-record.md
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.lake.engine import Connection, Engine, Resources
from washhouse.lake.overlay import PLACE, STEP
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.merging import MergedEvents, MergedSlice
from washhouse.record.staging import BATCH_ROWS, Progress, finished_sql, no_progress, read_sql
from washhouse.record.tables import EVENT, EVENT_CHANGE
from washhouse.record.twins import EVENT_ORDER

FEW_EVENTS = 4_000_000
"""Events that are written whole whatever changed: some six processor seconds, and readers find plain files."""

MOST_CHANGED = 0.05
"""Share of the events that may have come or gone since they were written whole; past it they are, once more."""

_NAMES = [column.name for column in EVENT.columns if column.name != "bucket"]
_LISTED = ", ".join(f'"{name}"' for name in _NAMES)
_SCHEMA = arrow_schema(EVENT_CHANGE)
_AFTER_TIME = [name.strip() for name in EVENT_ORDER.split(",")[2:]]


def may_add(events: MergedEvents) -> bool:
    """Whether so little changed of so many events that they need not be written whole."""
    whole = _rows_of(file for part in events.slices for file in part.old)
    changed = _rows_of(file for part in events.slices for file in (*part.fresh, *part.changes))
    return whole >= FEW_EVENTS and changed <= MOST_CHANGED * whole


def add_events(events: MergedEvents, lake: Lake, engine: Engine, progress: Progress = no_progress) -> int:
    """Write what came and went beside the events as they were written whole.

    Returns:
        The Delta version of the table `event_change`.
    """
    progress("write", 0.0)
    change = partial(change_events, str(events.folder / "files.parquet"))
    buckets = _by_bucket(events.slices)

    def done(number: int) -> None:
        progress("write", (number + 1) / len(buckets))

    try:
        return lake.write_with(EVENT_CHANGE, engine, change, buckets, done)
    finally:
        shutil.rmtree(events.folder, ignore_errors=True)


def _rows_of(files: Iterable[str]) -> int:
    return sum(int(pq.read_metadata(file).num_rows) for file in dict.fromkeys(files))


def _by_bucket(slices: Iterable[MergedSlice]) -> list[MergedSlice]:
    """The slices of each bucket as one: what comes between two rows is numbered together."""
    found: dict[int, MergedSlice] = {}
    for part in slices:
        staged = found[part.bucket].fresh if part.bucket in found else ()
        found[part.bucket] = replace(part, prefix="", fresh=(*staged, *part.fresh))
    return list(found.values())


def change_events(files: str, part: MergedSlice, resources: Resources) -> Iterator[pa.RecordBatch]:
    """Say what came and went in a bucket since its events were written whole: a task of an engine.

    Args:
        files: File that says which part of a source each file of a batch belongs to.
        part: The bucket, with all its staged files.
        resources: What may be used.

    Returns:
        Rows of `record.event_change`, by place.
    """
    with resources.connect() as con:
        _show(con, part)
        if part.fresh or part.gone:
            _find_changes(con, files, part)
        rows = f"SELECT CAST({part.bucket} AS INTEGER) AS bucket, place, goes, {_LISTED} FROM change ORDER BY place"
        for batch in con.sql(rows).to_arrow_reader(BATCH_ROWS):
            columns = [batch.column(field.name).cast(field.type) for field in _SCHEMA]
            yield pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def _show(con: Connection, part: MergedSlice) -> None:
    """Show the events that were written whole, and what came and went until now."""
    con.register("no_events", arrow_schema(EVENT).empty_table())
    con.register("no_changes", _SCHEMA.empty_table())
    whole = f"SELECT {_LISTED}, {PLACE} AS place FROM {read_sql(part.old)}" if part.old else ""
    con.execute(f"CREATE TEMP VIEW whole AS {whole or f'SELECT {_LISTED}, CAST(0 AS BIGINT) AS place FROM no_events'}")
    change = read_sql(part.changes) if part.changes else "no_changes"
    con.execute(f"CREATE TEMP TABLE change AS SELECT place, goes, {_LISTED} FROM {change}")


def _find_changes(con: Connection, files: str, part: MergedSlice) -> None:
    """Bring the table of what came and went up to date."""
    fresh = finished_sql(part.fresh) if part.fresh else f"SELECT {_LISTED} FROM no_events"
    gone = f"FROM {read_sql(part.gone)}" if part.gone else "SELECT '' AS person_id, 0 AS part WHERE false"
    con.execute(f"CREATE TEMP TABLE fresh AS SELECT *, {_key()} AS k FROM ({fresh})")
    con.execute(f"CREATE TEMP TABLE gone AS SELECT DISTINCT person_id, part FROM ({gone})")
    con.execute(
        f"""CREATE TEMP TABLE mine AS SELECT {_LISTED}, place FROM whole
            WHERE person_id IN (SELECT person_id FROM gone UNION SELECT person_id FROM fresh)"""
    )
    con.execute(
        f"""CREATE TEMP TABLE leaving AS
            SELECT e.place, {_key("e.")} AS k FROM (
                SELECT {_LISTED}, place FROM mine WHERE place NOT IN (SELECT place FROM change WHERE goes)
                UNION ALL SELECT {_LISTED}, place FROM change WHERE NOT goes) AS e
            JOIN {read_sql([files])} AS f USING (source, source_file)
            SEMI JOIN gone AS g ON g.person_id = e.person_id AND g.part = f.part"""
    )
    # What leaves and comes again as it was stays.
    numbered = "SELECT *, row_number() OVER (PARTITION BY k {order}) AS nth FROM {table}"
    left, come = numbered.format(order="ORDER BY place", table="leaving"), numbered.format(order="", table="fresh")
    con.execute(f"CREATE TEMP TABLE lost AS SELECT place FROM ({left}) ANTI JOIN ({come}) USING (k, nth)")
    con.execute(
        f"""CREATE TEMP TABLE came AS SELECT {_LISTED}, row_number() OVER () AS number
            FROM ({come}) ANTI JOIN ({left}) USING (k, nth)"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE change AS
            WITH come AS ({_PLACED} UNION ALL
                SELECT {_LISTED}, place // {STEP} * {STEP} AS after FROM change
                WHERE NOT goes AND place NOT IN (FROM lost))
            SELECT place, goes, {_LISTED} FROM change WHERE goes
            UNION ALL SELECT place, true, {_LISTED} FROM mine WHERE place IN (FROM lost)
            UNION ALL SELECT after + row_number() OVER (PARTITION BY after ORDER BY {EVENT_ORDER}), false, {_LISTED}
            FROM come"""
    )


def _key(table: str = "") -> str:
    """SQL of a digest of a row, 128 bits: two 64-bit ones, in and against the order of the columns."""
    names = [f'{table}"{name}"' for name in _NAMES]
    forward, backward = ", ".join(names), ", ".join(["17", *reversed(names)])
    return f"CAST(hash({forward}) AS UHUGEINT) * 18446744073709551616 + hash({backward})"


def _rest(table: str) -> str:
    return ", ".join(f'{table}."{name}"' for name in _AFTER_TIME)


_PLACED = f"""
    SELECT {_LISTED}, coalesce(near.after, near.first - {STEP}, before.place, 0) AS after
    FROM came LEFT JOIN (
        SELECT c.number, min(m.place) AS first, max(m.place) FILTER (
            coalesce(m.time, TIMESTAMP 'infinity') < coalesce(c.time, TIMESTAMP 'infinity')
            OR (m.time IS NOT DISTINCT FROM c.time AND row({_rest("m")}) < row({_rest("c")}))) AS after
        FROM came AS c JOIN mine AS m USING (person_id) GROUP BY c.number) AS near USING (number)
    LEFT JOIN (
        SELECT c.person_id AS newcomer, max(w.place) AS place
        FROM (SELECT DISTINCT person_id FROM came ANTI JOIN mine USING (person_id)) AS c
        JOIN (SELECT person_id, max(place) AS place FROM whole
              WHERE (SELECT count(*) FROM came ANTI JOIN mine USING (person_id)) > 0 GROUP BY person_id) AS w
          ON w.person_id < c.person_id
        GROUP BY c.person_id) AS before ON before.newcomer = came.person_id"""
# A row comes after the last of its person that lies before it in the order, else before the person's first; whoever had
# none comes after everybody of a lower id.
