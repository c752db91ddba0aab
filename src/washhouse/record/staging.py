"""How do the events of many queries come into the order of the table, some thousand people at a time?

Events pass through one staging area, by bucket and, in a large home of few buckets, by the first digits of the person's
id; finishing a slice is a task that any engine can call. Only what is de-identified goes there: codes, times, opaque
refs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
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

BATCH_ROWS = 122_880
"""Rows of one batch of the events handed on: a row group."""

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
    ) -> None:
        """Write the events of some stages.

        Args:
            spec: The source's contract.
            stages: Stages of its mapping.
            typed: Typed rows.
            progress: Told the part and how much of it is done.
            member: Table of whose source records events are wanted (source, source_id, person_id, bucket).
            sent: All submissions of a table, where `typed` gives the rows of some people only.
        """
        listed = ", ".join(
            f'CAST(e."{column.name}" AS {SQL_TYPES[column.type]}) AS "{column.name}"'
            for column in EVENT.columns
            if column.name not in ("bucket", "person_id", "source")
        )
        for stage in stages:
            progress("read", self._number / self._queries)
            for sql in run_stage(self._con, spec, stage, typed, sent):
                folder = self._folder / f"{self._number:03}"
                self._number += 1
                self._con.execute(
                    f"COPY (SELECT m.bucket, 's' || left(m.person_id, {self._digits}) AS slice, "
                    f"m.person_id, $source AS source, {listed} "
                    f"FROM ({sql}) AS e JOIN {member} AS m ON m.source = $source AND m.source_id = e.source_id) "
                    f"TO '{literal(folder)}' (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (bucket, slice))",
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
