"""How do the events of many queries come into the order of the table, some thousand people at a time?

Events pass through one staging area, by bucket and, in a large home of few buckets, by the first digits of the person's
id; finishing a slice is a task that any engine can call. Only what is de-identified goes there: codes, times, opaque
refs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from washhouse.lake.engine import Connection, Engine, Resources
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.shares import Share
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, SQL_TYPES
from washhouse.record.twins import EVENT_ORDER, FINISHED_EVENTS
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Stage
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.run import OfShare, Sent, Typed, nothing_else, run_stage
from washhouse.sources.submissions import Submission
from washhouse.sources.tracing import Route

BATCH_ROWS = 122_880
"""Rows of one batch of the events handed on: a row group."""

MOST_RECORDS_READ = 150_000
"""Source records of people whose rows are brought into states at one time, at most: some fifteen million rows of a
practice system. A history of more is sorted on disk, which takes many times as long."""

Progress = Callable[[str, float], None]
"""Told a part of the work, and how much of it is done, 0 to 1."""


def no_progress(part: str, share: float) -> None:
    """Nobody follows."""


class Events(Protocol):
    """Events that only need to be written."""

    def write(self, lake: Lake, engine: Engine, progress: Progress = no_progress) -> int:
        """Write them; returns the Delta version of the table `event`."""


@dataclass(frozen=True)
class Rows:
    """Typed rows of a source that events are made of.

    Attributes:
        typed: All of them.
        of_share: Those of some people; None: they are not taken some at a time.
        routes: How rows lead to people, by table.
        sent: All submissions of a table, which count beside the rows of some people.
        are_all: Whether they are the rows of everybody.
    """

    typed: Typed
    of_share: OfShare | None = None
    routes: Mapping[str, Route] = field(default_factory=dict)
    sent: Sent = nothing_else
    are_all: bool = True


class Staging:
    """Writes each query's events to `FOLDER/<number>/bucket=<n>/slice=<first digits>/`.

    Args:
        con: The engine, with the macros of the mappings.
        folder: The staging area.
        digits: Leading hex digits of `person_id` by which a bucket is cut.
        queries: How many queries there will be.
        workers: Who tells shares of people side by side; None: they are told one after another.
    """

    def __init__(
        self, con: Connection, folder: Path, digits: int, queries: int, workers: Workers | None = None
    ) -> None:
        self._con = con
        self._folder = folder
        self._digits = digits
        self._queries = max(queries, 1)
        self._number = 0
        self._workers = workers

    def add(
        self, spec: SourceSpec, stages: Sequence[Stage], rows: Rows, progress: Progress, *, member: str = "member"
    ) -> None:
        """Write the events of some stages.

        Args:
            spec: The source's contract.
            stages: Stages of its mapping.
            rows: Typed rows.
            progress: Told the part and how much of it is done.
            member: Table of whose source records events are wanted (source, source_id, person_id, bucket).
        """
        for stage in stages:
            progress("read", min(self._number / self._queries, 1.0))
            of = self._shares(spec, stage, rows, member)
            if of == 1:
                # With all rows at hand what was submitted need not be looked up.
                sent = nothing_else if rows.are_all else rows.sent
                self._number += self._copy(spec, stage, rows.typed, sent, member)
            elif self._workers is not None and rows.are_all:
                self._add_by_tasks(self._workers, spec, stage, rows, member, of, progress)
            else:
                for number in range(of):
                    some = _OfShare(rows, number, of)
                    self._number += self._copy(spec, stage, some, rows.sent, member)

    def _copy(self, spec: SourceSpec, stage: Stage, typed: Typed, sent: Sent, member: str) -> int:
        return copy_events(
            self._con, spec, stage, typed, sent, member, Target(self._folder, self._number, self._digits)
        )

    def _add_by_tasks(
        self,
        workers: Workers,
        spec: SourceSpec,
        stage: Stage,
        rows: Rows,
        member: str,
        of: int,
        progress: Progress,
    ) -> None:
        tables = sorted({states.table for states in stage.states})
        for table in tables:  # what is small is read here once, and it is seen which tables are large
            rows.typed(spec.name, table)
        members = self._con.sql(f"FROM {member} WHERE source = $source", params={"source": spec.name}).to_arrow_table()
        sent = {(spec.name, table): tuple(rows.sent(spec.name, table)) for table in tables}
        work = _ShareWork(workers.secret, spec, stage, rows, sent, members)
        each = len(stage.queries)
        things = [
            (number, of, Target(self._folder, self._number + number * each, self._digits)) for number in range(of)
        ]
        for _ in workers.engine.map(work, things, at_once=2):
            self._number += each
            progress("read", min(self._number / self._queries, 1.0))

    def _shares(self, spec: SourceSpec, stage: Stage, rows: Rows, member: str) -> int:
        """Of how many shares of the people each is told by itself: 1 where rows do not lead to people by themselves."""
        found = [rows.routes.get(states.table) for states in stage.states]
        of = 1
        if (
            rows.of_share is not None
            and any(one and one.is_own for one in found)
            and all(one and (one.is_own or one.is_common) for one in found)
        ):
            counted = f"SELECT count(*) FROM {member} WHERE source = $source"
            ((records,),) = self._con.execute(counted, {"source": spec.name}).fetchall()
            while of * MOST_RECORDS_READ < records:
                of *= 2
        return of


@dataclass(frozen=True)
class Workers:
    """Who tells the events of shares of people side by side.

    Attributes:
        engine: Calls the tasks.
        secret: Gives the key of the opaque ids, hex, where a task runs: it is not handed from process to process.
    """

    engine: Engine
    secret: Callable[[], str]


@dataclass(frozen=True)
class Target:
    """Where the events of a stage's first query go, and by how many digits a bucket is cut."""

    folder: Path
    number: int
    digits: int


def copy_events(
    con: Connection, spec: SourceSpec, stage: Stage, typed: Typed, sent: Sent, member: str, target: Target
) -> int:
    """Write the events of a stage, a folder a query; what an earlier try left there goes.

    Returns:
        The number of queries.
    """
    listed = ", ".join(
        f'CAST(e."{column.name}" AS {SQL_TYPES[column.type]}) AS "{column.name}"'
        for column in EVENT.columns
        if column.name not in ("bucket", "person_id", "source")
    )
    for at, sql in enumerate(run_stage(con, spec, stage, typed, sent)):
        folder = target.folder / f"{target.number + at:04}"
        shutil.rmtree(folder, ignore_errors=True)
        con.execute(
            f"COPY (SELECT m.bucket, 's' || left(m.person_id, {target.digits}) AS slice, "
            f"m.person_id, $source AS source, {listed} "
            f"FROM ({sql}) AS e JOIN {member} AS m ON m.source = $source AND m.source_id = e.source_id) "
            f"TO '{literal(folder)}' (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (bucket, slice))",
            {"source": spec.name},
        )
    return len(stage.queries)


@dataclass(frozen=True)
class _OfShare:
    """Typed rows of one share of the people."""

    rows: Rows
    number: int
    of: int

    def __call__(self, source: str, table: str) -> pa.Table | Iterable[pa.Table] | None:
        route, read = self.rows.routes[table], self.rows.of_share
        if read is None or route.is_common:
            return self.rows.typed(source, table)
        return read(source, table, Share(route.person, self.number, self.of))


class _ShareWork:
    """Writes the events of a stage of one share of the people: a task of an engine."""

    def __init__(
        self,
        secret: Callable[[], str],
        spec: SourceSpec,
        stage: Stage,
        rows: Rows,
        sent: Mapping[tuple[str, str], Sequence[Submission]],
        members: pa.Table,
    ) -> None:
        self.secret, self.spec, self.stage, self.members = secret, spec, stage, members
        self.sent = sent
        # Who sent what is told above: how it is looked up stays here.
        self.rows = replace(rows, sent=nothing_else)

    def __call__(self, share: tuple[int, int, Target], resources: Resources) -> int:
        number, of, target = share
        with resources.connect() as con:
            create_macros(con, self.secret())
            con.register("member", self.members)
            some = _OfShare(self.rows, number, of)
            return copy_events(con, self.spec, self.stage, some, self._sent, "member", target)

    def _sent(self, source: str, table: str) -> Sequence[Submission]:
        return self.sent[source, table]


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


def read_sql(files: Sequence[str], *, union_by_name: bool = False) -> str:
    """SQL that reads Parquet files as they are; by name where they hold different columns."""
    paths = ", ".join(f"'{literal(file)}'" for file in files)
    by_name = ", union_by_name = true" if union_by_name else ""
    return f"read_parquet([{paths}], hive_partitioning = false{by_name})"


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
