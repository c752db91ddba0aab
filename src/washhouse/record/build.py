"""How do typed rows and memberships become the tables of the record?

Events pass through one staging area, by bucket and, in a large home of few buckets, by the first digits of the person's
id, so that only some thousand people are sorted in memory at a time; finishing a slice is a task that any engine can
call. Only what is de-identified goes there: codes, times, opaque refs. The same inputs give the same rows in the same
order.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from washhouse.core.errors import HomeError
from washhouse.core.views import View
from washhouse.lake.engine import Connection, Engine, Resources
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record.buckets import bucket_sql
from washhouse.record.people import build_people
from washhouse.record.relations import build_relations
from washhouse.record.tables import CARE_RELATION, EVENT, PERSON_VIEW, RETIRED, SQL_TYPES
from washhouse.record.twins import FINISHED_EVENTS
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import Typed, hold_small, run_stage, was_sent

BATCH_ROWS = 122_880
"""Rows of one batch of the events handed on: a row group."""

MOST_PEOPLE_SORTED = 25_000
"""People whose events are sorted at one time, at most: about three million events."""

Pairs = Sequence[tuple[SourceSpec, SystemMapping]]
Progress = Callable[[str, float], None]
"""Told a part of the work, and how much of it is done, 0 to 1."""


def no_progress(part: str, share: float) -> None:
    """Nobody follows."""


@dataclass(frozen=True)
class Built:
    """The record's small tables by name, and its events."""

    tables: dict[str, pa.Table]
    events: StagedEvents


def build(
    con: Connection,
    typed: Typed,
    membership: pa.Table,
    identities: pa.Table,
    *,
    buckets: int,
    secret: str,
    shared: pa.Table | None = None,
    views: pa.Table | None = None,
    retired: pa.Table | None = None,
    systems: Mapping[str, tuple[SourceSpec, SystemMapping]] = SYSTEMS,
    progress: Progress = no_progress,
) -> Built:
    """Build the record.

    Args:
        con: An engine that may spill; its folder also holds the staging area.
        typed: Typed rows of a source's table over the version's batches.
        membership: Which person each source record belongs to (`valid_to` null: now).
        identities: One row per source record, see `sources.identity.IDENTITY`.
        buckets: Number of person buckets.
        secret: Key of the opaque ids, hex.
        shared: What linkage found people to have in common: `linkage.tables.SHARED_END`.
        views: Who is one with whom in other views: `linkage.tables.PERSON_VIEW`.
        retired: Ids that gave way: `old, new`.
        systems: Contract and mapping of each system.
        progress: Told the part and how much of it is done.

    Returns:
        The tables `person`, `person_view`, `relation`, `care_relation` and `retired` by name, and the staged events.

    Raises:
        HomeError: `engine-without-spill`: the engine has no folder to spill to.
    """
    create_macros(con, secret)
    views = views if views is not None else arrow_schema(PERSON_VIEW).remove(0).empty_table()
    digits = _slice_digits(_create_member(con, membership, views, buckets), buckets)
    pairs = [pair for _, pair in sorted(systems.items()) if was_sent(*pair, typed)]
    typed = hold_small(typed)
    stage = _staging_folder(con)
    _stage_events(con, pairs, typed, stage, digits, progress)
    care = _build_care(con, pairs, typed)
    relations = build_relations(con, pairs, typed, shared=shared, identities=identities, care=care)
    tables = {
        "person": build_people(con, identities),
        "person_view": _build_views(con, views),
        "relation": relations,
        "care_relation": care,
        "retired": conform(RETIRED, retired) if retired is not None else arrow_schema(RETIRED).empty_table(),
    }
    return Built(tables, _slices(stage))


def _create_member(con: Connection, membership: pa.Table, views: pa.Table, buckets: int) -> int:
    """Create `member`, the source records of today's people with their bucket; returns the number of people."""
    con.register("record__membership", membership)
    con.register("record__view", views)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE member AS
            SELECT m.source, m.source_id, m.person_id, {bucket_sql("coalesce(v.view_id, m.person_id)")} AS bucket
            FROM record__membership AS m LEFT JOIN record__view AS v ON v.person_id = m.person_id AND v.view = $view
            WHERE m.valid_to IS NULL""",
        {"buckets": buckets, "view": View.LENIENT.value},
    )
    con.unregister("record__membership")
    con.unregister("record__view")
    row = con.execute("SELECT count(DISTINCT person_id) FROM member").fetchone()
    return int(row[0]) if row else 0


def _slice_digits(people: int, buckets: int) -> int:
    """Leading hex digits of `person_id` by which a bucket is cut, so that a slice is small enough to sort."""
    digits = 0
    while people / buckets / 16**digits > MOST_PEOPLE_SORTED:
        digits += 1
    return digits


def _staging_folder(con: Connection) -> Path:
    row = con.execute("SELECT current_setting('temp_directory')").fetchone()
    if row is None or not row[0]:
        raise HomeError(
            "engine-without-spill", "The record is built on disk, and the engine has no folder to spill to."
        )
    folder = Path(row[0]) / f"record-{uuid4().hex}"
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _stage_events(con: Connection, pairs: Pairs, typed: Typed, stage: Path, digits: int, progress: Progress) -> None:
    """Write each query's events to `stage/<number>/bucket=<n>/slice=<first digits>/`."""
    listed = ", ".join(
        f'CAST(e."{column.name}" AS {SQL_TYPES[column.type]}) AS "{column.name}"'
        for column in EVENT.columns
        if column.name not in ("bucket", "person_id", "source")
    )
    number = 0
    queries = sum(len(events.queries) for _, mapping in pairs for events in mapping.events)
    for spec, mapping in pairs:
        for events in mapping.events:
            progress("read", number / queries)
            for sql in run_stage(con, spec, events, typed):
                folder = stage / f"{number:03}"
                number += 1
                con.execute(
                    f"COPY (SELECT m.bucket, 's' || left(m.person_id, {digits}) AS slice, "
                    f"m.person_id, $source AS source, {listed} "
                    f"FROM ({sql}) AS e JOIN member AS m ON m.source = $source AND m.source_id = e.source_id) "
                    f"TO '{_literal(folder)}' (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (bucket, slice))",
                    {"source": spec.name},
                )


@dataclass(frozen=True)
class StagedEvents:
    """Events by bucket and slice, not yet in their final order; their folder goes when they are written.

    Attributes:
        folder: The staging area.
        slices: Bucket and staged files of each slice, in the order of the table.
    """

    folder: Path
    slices: tuple[tuple[int, tuple[str, ...]], ...]

    def write(self, lake: Lake, engine: Engine, progress: Progress = no_progress) -> int:
        """Finish each slice and write it.

        Returns:
            The Delta version of the table `event`.
        """

        def done(number: int) -> None:
            progress("write", (number + 1) / len(self.slices))
            for file in self.slices[number][1]:
                Path(file).unlink()

        progress("write", 0.0)
        try:
            return lake.write_with(EVENT, engine, finish_events, self.slices, done)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def finish_events(staged: tuple[int, tuple[str, ...]], resources: Resources) -> Iterator[pa.RecordBatch]:
    """Bring one slice's staged events into their final state and order: a task of an engine.

    Args:
        staged: Bucket and files.
        resources: What may be used.

    Returns:
        Rows of `record.event`.
    """
    bucket, files = staged
    schema = arrow_schema(EVENT)
    names = ", ".join(f'"{name}"' for name in schema.names)
    paths = ", ".join(f"'{_literal(file)}'" for file in files)
    rows = f"SELECT CAST({bucket} AS INTEGER) AS bucket, * FROM read_parquet([{paths}], hive_partitioning = false)"
    with resources.connect() as con:
        for batch in con.sql(FINISHED_EVENTS.format(staged=rows, columns=names)).to_arrow_reader(BATCH_ROWS):
            columns = [batch.column(field.name).cast(field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _slices(stage: Path) -> StagedEvents:
    """Name staged files by bucket and slice."""
    found: dict[tuple[int, str], list[str]] = {}
    for file in sorted(stage.glob("*/bucket=*/slice=*/*.parquet")):
        bucket, part = file.parts[-3].partition("=")[2], file.parts[-2]
        found.setdefault((int(bucket), part), []).append(str(file))
    return StagedEvents(stage, tuple((bucket, tuple(files)) for (bucket, _), files in sorted(found.items())))


def _build_views(con: Connection, views: pa.Table) -> pa.Table:
    con.register("record__view", views)
    rows = con.sql(
        """SELECT m.bucket, v.*
           FROM record__view AS v JOIN (SELECT DISTINCT person_id, bucket FROM member) AS m USING (person_id)
           ORDER BY m.bucket, v.view, v.person_id"""
    ).to_arrow_table()
    con.unregister("record__view")
    return conform(PERSON_VIEW, rows)


def _build_care(con: Connection, pairs: Pairs, typed: Typed) -> pa.Table:
    parts = [arrow_schema(CARE_RELATION).empty_table()]
    for spec, mapping in pairs:
        if mapping.care is None:
            continue
        for sql in run_stage(con, spec, mapping.care, typed):
            query = f"""
                SELECT m.person_id, c.team, c.worker, c.since, CAST(c.until AS DATE) AS until, $source AS source,
                       c.source_file, c.source_row
                FROM ({sql}) AS c JOIN member AS m ON m.source = $source AND m.source_id = c.source_id"""
            parts.append(conform(CARE_RELATION, con.sql(query, params={"source": spec.name}).to_arrow_table()))
    con.register("record__care", pa.concat_tables(parts))
    # The same team of two referrals from the same day is one tie.
    names = ", ".join(f'"{column.name}"' for column in CARE_RELATION.columns)
    rows = con.sql(
        f"""SELECT {names} FROM record__care
            QUALIFY row_number() OVER (PARTITION BY person_id, team, worker, since
                ORDER BY until DESC NULLS FIRST, source_file, source_row) = 1
            ORDER BY person_id, since, team NULLS FIRST, worker NULLS FIRST"""
    ).to_arrow_table()
    con.unregister("record__care")
    return conform(CARE_RELATION, rows)


def _literal(path: Path | str) -> str:
    return str(path).replace("'", "''")
