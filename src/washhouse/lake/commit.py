"""How do rows become Parquet files, and files a commit of a Delta table?

The files are written here and not by Delta's own writer, which hands rows to several threads and keeps no order inside
a file: rows stay in the order handed in, in row groups of about 120,000.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from washhouse.core.tables import Table
from washhouse.lake.disk import sync_file
from washhouse.lake.schemas import arrow_schema

ROW_GROUP = 122_880
"""Rows a row group; groups of 8k rows were worse at everything measured."""

_CONFIGURATION = {"delta.enableExpiredLogCleanup": "false"}
# Delta would drop log entries after 30 days, and with them versions that the pointer's history still names.


def is_ahead(delta: DeltaTable, published: int) -> bool:
    """Whether a table holds anything but the published content; a table already restored does not."""
    if delta.version() == published:
        return False
    last = next(iter(delta.history(1)), {})
    restored_to = last.get("operationParameters", {}).get("version")
    return not (last.get("operation") == "RESTORE" and str(restored_to) == str(published))


@dataclass(frozen=True)
class WrittenFile:
    """A Parquet file that is on the disk and belongs to no version yet: its path in the table's folder and its rows."""

    relative: str
    rows: int


class PartFile:
    """One Parquet file while it is written: rows are held back until a row group is full."""

    def __init__(self, folder: Path, relative: str, schema: pa.Schema, value: int | None) -> None:
        self.relative = relative
        self.value = value
        self.path = folder / relative
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.writer = pq.ParquetWriter(self.path, schema, compression="zstd")
        self.held: list[pa.Table] = []
        self.held_rows = 0
        self.rows = 0

    def add(self, rows: pa.Table) -> None:
        """Append rows; whole row groups go to the disk."""
        self.held.append(rows)
        self.held_rows += rows.num_rows
        self.rows += rows.num_rows
        if self.held_rows >= ROW_GROUP:
            whole = self.held_rows // ROW_GROUP * ROW_GROUP
            held = pa.concat_tables(self.held)
            self.writer.write_table(held.slice(0, whole), row_group_size=ROW_GROUP)
            rest = held.slice(whole)
            self.held, self.held_rows = ([rest], rest.num_rows) if rest.num_rows else ([], 0)

    def close(self) -> WrittenFile:
        """Write what is held back and force the file to the disk."""
        if self.held_rows:
            self.writer.write_table(pa.concat_tables(self.held), row_group_size=ROW_GROUP)
        self.writer.close()
        sync_file(self.path)
        return WrittenFile(self.relative, self.rows)


def new_name() -> str:
    """A name for a file that no other write gives."""
    return f"part-{uuid.uuid4().hex}"


def write_files(folder: Path, table: Table, parts: Iterable[pa.Table], name: str = "") -> list[WrittenFile]:
    """Write rows to one new file a partition, called by a name of its own or a given one; returns the files.

    Rows come by partition; of one that comes again there is another file.
    """
    name = name or new_name()
    schema = arrow_schema(table)
    stored = pa.schema([field for field in schema if field.name not in table.partition_by])
    written: list[WrittenFile] = []
    times: Counter[int | None] = Counter()
    file: PartFile | None = None
    for rows in parts:
        for value, run in _runs(table, rows):
            if file is None or value != file.value:
                # Rows come by partition: what is over is closed, for what a file holds back holds on to all it came in.
                written += [file.close()] if file else []
                home = "" if value is None else f"{table.partition_by[0]}={value}/"
                again = f"_{times[value]:06}" if times[value] else ""
                file = PartFile(folder, f"{home}{name}{again}.parquet", stored, value)
                times[value] += 1
            file.add(run.select(stored.names))
    return written + ([file.close()] if file else [])


def _runs(table: Table, rows: pa.Table) -> Iterable[tuple[int | None, pa.Table]]:
    """Cut rows into runs of one partition value; rows keep their order inside each partition."""
    if not table.partition_by or not rows.num_rows:
        yield from [(None, rows)] if rows.num_rows else []
        return
    column = rows.column(table.partition_by[0]).combine_chunks()
    for value in sorted(pc.unique(column).to_pylist()):
        yield int(value), rows.filter(pc.equal(column, value))


def commit_files(folder: Path, table: Table, files: Sequence[WrittenFile]) -> int:
    """Make files the whole content of a table, in one commit; returns its Delta version."""
    schema = Schema.from_arrow(pa.schema([pa.field(field.name, field.type, True) for field in arrow_schema(table)]))
    added = [
        AddAction(
            path=file.relative,
            size=(folder / file.relative).stat().st_size,
            partition_values={name: file.relative.partition("=")[2].partition("/")[0] for name in table.partition_by},
            modification_time=int((folder / file.relative).stat().st_mtime * 1000),
            data_change=True,
            stats=f'{{"numRecords":{file.rows}}}',
        )
        for file in files
    ]
    partitions = list(table.partition_by)
    try:
        delta = DeltaTable(folder.as_uri())
    except TableNotFoundError:
        create_table_with_add_actions(folder.as_uri(), schema, added, "error", partitions, configuration=_CONFIGURATION)
    else:
        if schema.fields != delta.schema().fields:
            write_deltalake(
                delta,
                arrow_schema(table).empty_table(),
                mode="overwrite",
                schema_mode="overwrite",
                partition_by=partitions,
            )
            delta = DeltaTable(folder.as_uri())
        delta.create_write_transaction([*added], "overwrite", schema, partitions)
    version = int(DeltaTable(folder.as_uri()).version())
    sync_file(folder / "_delta_log" / f"{version:020}.json")
    return version
