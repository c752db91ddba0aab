"""How do the events made anew take the place of those of an earlier version?

An earlier version's events lie in the order of the table, and a change concerns some people: only theirs are brought
into order, and put between the others', who are handed on as they lie.

References:
    docs/adr/2026-11-26-incremental-record.md
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from washhouse.lake.engine import Engine, Resources
from washhouse.lake.overlay import PLACE, changed_sql
from washhouse.lake.schemas import arrow_schema
from washhouse.lake.store import Lake
from washhouse.record.staging import Progress, finished_sql, in_order, no_progress, read_sql
from washhouse.record.tables import EVENT

_SCHEMA = arrow_schema(EVENT)
_NAMES = [column.name for column in EVENT.columns if column.name != "bucket"]


@dataclass(frozen=True)
class MergedSlice:
    """What a slice of a bucket is made of.

    Attributes:
        bucket: The bucket.
        prefix: First digits of its people's ids.
        old: Files of the bucket in the earlier version.
        fresh: Staged files of the slice.
        gone: Files that name the people of the bucket whose old events go, and of which part.
        changes: Files of what came and went in the bucket since `old` was written.
    """

    bucket: int
    prefix: str
    old: tuple[str, ...]
    fresh: tuple[str, ...]
    gone: tuple[str, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MergedEvents:
    """Events of an earlier version with those made anew in their place; the staging area goes when they are written.

    Attributes:
        folder: The staging area.
        slices: Slices in the order of the table.
    """

    folder: Path
    slices: tuple[MergedSlice, ...]

    def write(self, lake: Lake, engine: Engine, progress: Progress = no_progress) -> int:
        """Merge each slice and write it.

        Returns:
            The Delta version of the table `event`.
        """
        progress("write", 0.0)
        merge = partial(merge_events, str(self.folder / "files.parquet"))
        try:
            return lake.write_with(
                EVENT, engine, merge, self.slices, lambda number: progress("write", (number + 1) / len(self.slices))
            )
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def merge_events(files: str, part: MergedSlice, resources: Resources) -> Iterator[pa.RecordBatch]:
    """Put a slice's fresh events in the place of those that go: a task of an engine.

    Args:
        files: File that says which part of a source each file of a batch belongs to.
        part: The slice.
        resources: What may be used.

    Returns:
        Rows of `record.event`.
    """
    with resources.connect() as con:
        fresh = [finished_sql(part.fresh)] if part.fresh else []
        if not part.old and not part.changes:
            yield from in_order(con, f"FROM ({fresh[0]})", part.bucket)
            return
        named = (*part.gone, *part.fresh, *part.changes)
        people = " UNION ".join(f"SELECT person_id FROM {read_sql([file])}" for file in named)
        con.execute(f"CREATE TEMP TABLE concerned AS {people or 'SELECT CAST(NULL AS VARCHAR) AS person_id LIMIT 0'}")
        concerned = con.sql("FROM concerned").to_arrow_table().column("person_id")
        rows = " UNION ALL ".join(f"({one})" for one in (_staying_sql(files, part), *fresh))
        made = pa.Table.from_batches(in_order(con, f"FROM ({rows})", part.bucket), _SCHEMA)
    yield from _put_between(_others(part, concerned), made)


def _staying_sql(files: str, part: MergedSlice) -> str:
    """SQL of the old events that stay of people of whom others go or come."""
    some = f" AND person_id >= '{part.prefix}' AND person_id < '{part.prefix}g'" if part.prefix else ""
    rows = f"(FROM ({_old_sql(part)}) WHERE person_id IN (FROM concerned){some})"
    names = ", ".join(f'e."{name}"' for name in _NAMES)
    if not part.gone:
        return f"SELECT {names} FROM {rows} AS e"
    return f"""
        SELECT {names} FROM {rows} AS e JOIN {read_sql([files])} AS f USING (source, source_file)
        ANTI JOIN {read_sql(part.gone)} AS g ON g.person_id = e.person_id AND g.part = f.part"""


def _old_sql(part: MergedSlice) -> str:
    """SQL of a bucket's old events."""
    if not part.changes:
        return f"FROM {read_sql(part.old)}"
    listed = ", ".join(f'"{name}"' for name in _NAMES)
    changes = f"SELECT {listed}, place, goes FROM {read_sql(part.changes)}"
    if not part.old:
        return f"SELECT {listed} FROM ({changes}) WHERE NOT goes"
    return changed_sql(f"SELECT {listed}, {PLACE} AS place FROM {read_sql(part.old)}", changes, _NAMES)


def _others(part: MergedSlice, concerned: pa.ChunkedArray) -> Iterator[tuple[str, pa.Table]]:
    """Old events of everybody else, some row groups at a time, each with the last person who may be in it."""
    for path in part.old:
        with pq.ParquetFile(path) as file:
            place = file.schema_arrow.get_field_index("person_id")
            for group in range(file.num_row_groups):
                told = file.metadata.row_group(group).column(place).statistics
                if part.prefix and told and (told.max < part.prefix or told.min > f"{part.prefix}g"):
                    continue
                rows = file.read_row_group(group)
                if not rows.num_rows:
                    continue
                last = rows.column("person_id")[-1].as_py()
                stays = pc.invert(pc.is_in(rows.column("person_id"), value_set=concerned))
                if part.prefix:
                    stays = pc.and_(stays, pc.starts_with(rows.column("person_id"), part.prefix))
                yield last, _as_told(rows.filter(stays), part.bucket)


def _as_told(rows: pa.Table, bucket: int) -> pa.Table:
    """Rows of a file under the contract's schema, in which the bucket is a column."""
    columns = [
        pa.repeat(pa.scalar(bucket, field.type), rows.num_rows)
        if field.name == "bucket"
        else rows.column(field.name).cast(field.type)
        for field in _SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _put_between(others: Iterator[tuple[str, pa.Table]], made: pa.Table) -> Iterator[pa.RecordBatch]:
    """Events of some people between those of others, all by person: nobody is in both."""
    people, starts = _runs(made)
    ends = np.append(starts, made.num_rows)
    at = 0
    for last, rows in others:
        until = int(np.searchsorted(people, last, side="right"))
        found, places = _runs(rows)
        before = np.append(places, rows.num_rows)[np.searchsorted(found, people[at:until])]
        pieces, taken = [], 0
        for run, place in zip(range(at, until), before.tolist(), strict=True):
            pieces += [rows.slice(taken, place - taken), made.slice(ends[run], ends[run + 1] - ends[run])]
            taken = place
        at = until
        yield from pa.concat_tables([*pieces, rows.slice(taken)]).combine_chunks().to_batches()
    yield from made.slice(ends[at]).to_batches()


def _runs(rows: pa.Table) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]:
    """Each person of rows that lie by person, and where their rows start."""
    ids = pa.concat_arrays([pa.array([], pa.string()), *rows.column("person_id").chunks]).dictionary_encode()
    numbers = ids.indices.to_numpy()
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    return np.array(ids.dictionary.to_pylist(), dtype=np.str_), starts
