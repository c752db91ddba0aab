"""How do the events of many queries come into the order of the table, some thousand people at a time?

Events pass through one staging area, by bucket and, in a large home of few buckets, by the first digits of the person's
id; finishing a slice is a task that any engine can call. Only what is de-identified goes there: codes, times, opaque
refs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from washhouse.lake.engine import Connection, Engine, Resources
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, SQL_TYPES
from washhouse.record.twins import EVENT_ORDER, FINISHED_EVENTS
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Stage
from washhouse.sources.mappings.run import Sent, Typed, nothing_else, run_stage
from washhouse.sources.tracing import Route

BATCH_ROWS = 122_880
"""Rows of one batch of the events handed on: a row group."""

MOST_RECORDS_READ = 150_000
"""Source records of people whose rows are brought into states at one time, at most: some fifteen million rows of a
practice system. A history of more is sorted on disk, which takes many times as long as reading the rows once more."""

Progress = Callable[[str, float], None]
"""Told a part of the work, and how much of it is done, 0 to 1."""


def no_progress(part: str, share: float) -> None:
    """Nobody follows."""


class Events(Protocol):
    """Events that only need to be written."""

    def write(self, lake: Lake, engine: Engine, progress: Progress = no_progress) -> int:
        """Write them; returns the Delta version of the table `event`."""


class Staging:
    """Writes each query's events to `FOLDER/<number>/bucket=<n>/slice=<first digits>/`.

    Args:
        con: The engine, with the macros of the mappings.
        folder: The staging area.
        digits: Leading hex digits of `person_id` by which a bucket is cut.
        queries: How many queries there will be.
    """

    def __init__(self, con: Connection, folder: Path, digits: int, queries: int) -> None:
        self._con = con
        self._folder = folder
        self._digits = digits
        self._queries = max(queries, 1)
        self._number = 0

    def add(
        self,
        spec: SourceSpec,
        stages: Sequence[Stage],
        typed: Typed,
        progress: Progress,
        *,
        member: str = "member",
        sent: Sent = nothing_else,
        routes: Mapping[str, Route] | None = None,
    ) -> None:
        """Write the events of some stages.

        Args:
            spec: The source's contract.
            stages: Stages of its mapping.
            typed: Typed rows.
            progress: Told the part and how much of it is done.
            member: Table of whose source records events are wanted (source, source_id, person_id, bucket).
            sent: All submissions of a table; needed where `typed` gives the rows of some people only.
            routes: How rows lead to people. Given, and `sent` with it, a stage whose rows do so by themselves is run
                for some people at a time where there are very many.
        """
        listed = ", ".join(
            f'CAST(e."{column.name}" AS {SQL_TYPES[column.type]}) AS "{column.name}"'
            for column in EVENT.columns
            if column.name not in ("bucket", "person_id", "source")
        )
        for stage in stages:
            progress("read", min(self._number / self._queries, 1.0))
            for rows in self._shares(spec, stage, typed, routes):
                # With all rows at hand what was submitted need not be looked up.
                others = nothing_else if rows is typed and routes is not None else sent
                for sql in run_stage(self._con, spec, stage, rows, others):
                    folder = self._folder / f"{self._number:04}"
                    self._number += 1
                    self._con.execute(
                        f"COPY (SELECT m.bucket, 's' || left(m.person_id, {self._digits}) AS slice, "
                        f"m.person_id, $source AS source, {listed} "
                        f"FROM ({sql}) AS e JOIN {member} AS m ON m.source = $source AND m.source_id = e.source_id) "
                        f"TO '{literal(folder)}' (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (bucket, slice))",
                        {"source": spec.name},
                    )

    def _shares(
        self, spec: SourceSpec, stage: Stage, typed: Typed, routes: Mapping[str, Route] | None
    ) -> Iterator[Typed]:
        """Typed rows as they are, or those of a share of the people after another where they are too many at once."""
        found = [(routes or {}).get(states.table) for states in stage.states]
        if (
            routes is None
            or not any(one and one.is_own for one in found)
            or not all(one and (one.is_own or one.is_common) for one in found)
        ):
            yield typed
            return
        counted = "SELECT count(*) FROM member WHERE source = $source"
        ((records,),) = self._con.execute(counted, {"source": spec.name}).fetchall()
        shares = max(1, -(-records // MOST_RECORDS_READ))
        if shares == 1:
            yield typed
            return
        for share in range(shares):

            def some(source: str, table: str, share: int = share) -> pa.Table | Iterable[pa.Table] | None:
                rows, route = typed(source, table), routes[table]
                if rows is None or route.is_common:
                    return rows
                parts = [rows] if isinstance(rows, pa.Table) else rows
                return self._of_share(parts, f'hash(CAST("{route.person}" AS VARCHAR)) % {shares} = {share}')

            yield some

    def _of_share(self, rows: Iterable[pa.Table], condition: str) -> Iterator[pa.Table]:
        for part in rows:
            self._con.register("staging__part", part)
            try:
                yield self._con.sql(f"SELECT * FROM staging__part WHERE {condition}").to_arrow_table()
            finally:
                self._con.unregister("staging__part")


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
    with resources.connect() as con:
        yield from in_order(con, f"FROM ({finished_sql(files)})", bucket)


def finished_sql(files: Sequence[str]) -> str:
    """SQL of the finished events of staged files, in no order, without their bucket."""
    columns = ", ".join(f'"{column.name}"' for column in EVENT.columns if column.name != "bucket")
    return FINISHED_EVENTS.format(staged=f"FROM {read_sql(files)}", columns=columns)


def read_sql(files: Sequence[str]) -> str:
    """SQL that reads Parquet files as they are."""
    paths = ", ".join(f"'{literal(file)}'" for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false)"


def in_order(con: Connection, rows: str, bucket: int) -> Iterator[pa.RecordBatch]:
    """Rows of `record.event` of one bucket in their order, from a `FROM` that gives its other columns."""
    schema = arrow_schema(EVENT)
    names = ", ".join(f'"{name}"' for name in schema.names if name != "bucket")
    query = f"SELECT CAST({bucket} AS INTEGER) AS bucket, {names} {rows} ORDER BY {EVENT_ORDER}"
    for batch in con.sql(query).to_arrow_reader(BATCH_ROWS):
        columns = [batch.column(field.name).cast(field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def slices_of(stage: Path) -> dict[tuple[int, str], tuple[str, ...]]:
    """Staged files by bucket and slice, in the order of the table."""
    found: dict[tuple[int, str], list[str]] = {}
    for file in sorted(stage.glob("*/bucket=*/slice=*/*.parquet")):
        bucket, part = file.parts[-3].partition("=")[2], file.parts[-2]
        found.setdefault((int(bucket), part.partition("=")[2]), []).append(str(file))
    return {key: tuple(files) for key, files in sorted(found.items())}


def literal(path: Path | str) -> str:
    """A path inside quotes of SQL."""
    return str(path).replace("'", "''")
