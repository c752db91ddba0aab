"""How do typed rows and memberships become the tables of the record?

Events pass through one staging area, by bucket and, in a large home of few buckets, by the first digits of the person's
id, so that only some thousand people are sorted in memory at a time. Only what is de-identified goes there: codes,
times, opaque refs. The same inputs give the same rows in the same order.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from washhouse.core.errors import HomeError
from washhouse.core.views import View
from washhouse.lake.engine import Connection
from washhouse.lake.schemas import arrow_schema, conform
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
) -> dict[str, pa.Table | pa.RecordBatchReader]:
    """Build the record.

    Args:
        con: An engine that may spill; its folder also holds the staging area. Keep it open until `event` is read.
        typed: Typed rows of a source's table over the version's batches.
        membership: Which person each source record belongs to (`valid_to` null: now).
        identities: One row per source record, see `sources.identity.IDENTITY`.
        buckets: Number of person buckets.
        secret: Key of the opaque ids, hex.
        shared: What linkage found people to have in common: `linkage.tables.SHARED_END`.
        views: Who is one with whom in other views: `linkage.tables.PERSON_VIEW`.
        retired: Ids that gave way: `old, new`.
        systems: Contract and mapping of each system.
        progress: Told the part and how much of it is done; also while `event` is read.

    Returns:
        By name the tables `person`, `person_view`, `relation`, `care_relation`, `retired`, and `event` as a stream in
        the order of its contract, to be read once.

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
    return {
        "person": build_people(con, identities),
        "person_view": _build_views(con, views),
        "event": _read_events(con, stage, progress),
        "relation": relations,
        "care_relation": care,
        "retired": conform(RETIRED, retired) if retired is not None else arrow_schema(RETIRED).empty_table(),
    }


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


def _read_events(con: Connection, stage: Path, progress: Progress) -> pa.RecordBatchReader:
    schema = arrow_schema(EVENT)
    # A cursor of its own: the caller's connection stays free while events are read.
    return pa.RecordBatchReader.from_batches(schema, _event_batches(con.cursor(), stage, schema, progress))


def _event_batches(con: Connection, stage: Path, schema: pa.Schema, progress: Progress) -> Iterator[pa.RecordBatch]:
    names = ", ".join(f'"{name}"' for name in schema.names)
    try:
        slices = sorted(_slices(stage).items())
        for number, ((bucket, _), files) in enumerate(slices):
            progress("write", number / len(slices))
            paths = ", ".join(f"'{_literal(file)}'" for file in files)
            rows = (
                f"SELECT CAST({bucket} AS INTEGER) AS bucket, * FROM read_parquet([{paths}], hive_partitioning = false)"
            )
            for batch in con.sql(FINISHED_EVENTS.format(staged=rows, columns=names)).to_arrow_reader(BATCH_ROWS):
                columns = [batch.column(field.name).cast(field.type) for field in schema]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
            for file in files:
                file.unlink()
    finally:
        con.close()
        shutil.rmtree(stage, ignore_errors=True)


def _slices(stage: Path) -> dict[tuple[int, str], list[Path]]:
    """Staged files by bucket and slice."""
    found: dict[tuple[int, str], list[Path]] = {}
    for file in sorted(stage.glob("*/bucket=*/slice=*/*.parquet")):
        bucket, part = file.parts[-3].partition("=")[2], file.parts[-2]
        found.setdefault((int(bucket), part), []).append(file)
    return found


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


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")
