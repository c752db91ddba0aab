"""Where do the versions of a table live, and how is one written and read?

A write replaces a table's whole content in one commit; older versions stay readable until `prune`. A large table is
written by the tasks of an engine, a file each; only the commit is made here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from washhouse.core.errors import HomeError
from washhouse.core.tables import Table
from washhouse.lake.commit import WrittenFile, commit_files, is_ahead, new_name, write_files
from washhouse.lake.engine import Connection, Engine, Resources, Task
from washhouse.lake.overlay import PLACE, changed_sql
from washhouse.lake.schemas import arrow_schema, conform, conform_batch

_WRITERS = 2
"""Files of a table written at a time: while one's rows are packed by one thread, another's are brought into order."""
_Thing = TypeVar("_Thing")
Make = Task[_Thing, Iterator[pa.RecordBatch]]
"""Makes rows of one partition, in the order of the table's contract."""


class Lake:
    """The Delta tables under one folder.

    Args:
        root: Folder of the tables, one folder each.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._files = lru_cache(maxsize=256)(self._list_files)

    def __reduce__(self) -> tuple[type[Lake], tuple[Path]]:
        return Lake, (self.root,)

    def write(self, table: Table, data: pa.Table | pa.RecordBatchReader) -> int:
        """Replace a table's content in one commit.

        Args:
            table: The contract; data that breaks it is refused.
            data: A table (sorted here by partition and `table.order`), or a stream already in that order.

        Returns:
            The Delta version that holds the new content.

        Raises:
            InputError: The data breaks the contract.
            HomeError: The table's folder cannot be written.
        """
        folder = self.root / table.name
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(data, pa.Table):
            parts: Iterable[pa.Table] = [_sorted(table, conform(table, data))]
        else:
            parts = (conform_batch(table, batch) for batch in data)
        try:
            return commit_files(folder, table, write_files(folder, table, parts))
        except (OSError, DeltaError) as error:
            raise _not_written(table) from error

    def write_with(
        self,
        table: Table,
        engine: Engine,
        make: Make[_Thing],
        things: Sequence[_Thing],
        done: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Replace a table's content in one commit, with what an engine's tasks make.

        Args:
            table: The contract; data that breaks it is refused.
            engine: What calls the tasks.
            make: Makes the rows of a thing. The rows of all things, one after another, are in the table's order.
            things: What each task is called with.
            done: Told the number of each thing, from 0, when its rows are on the disk.

        Returns:
            The Delta version that holds the new content.

        Raises:
            InputError: The data breaks the contract.
            HomeError: The table's folder cannot be written.
        """
        folder = self.root / table.name
        folder.mkdir(parents=True, exist_ok=True)
        task = _WriteTask(folder, table, make, new_name())
        files: list[WrittenFile] = []
        try:
            for number, written in enumerate(engine.map(task, list(enumerate(things)), at_once=_WRITERS)):
                files += written
                done(number)
            return commit_files(folder, table, files)
        except (OSError, DeltaError) as error:
            raise _not_written(table) from error

    def version(self, name: str) -> int | None:
        """The newest Delta version of a table, None if there is no such table."""
        try:
            return int(DeltaTable((self.root / name).as_uri()).version())
        except TableNotFoundError:
            return None

    def names(self) -> list[str]:
        """Names of the tables that exist, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if (path / "_delta_log").is_dir())

    def restore(self, versions: Mapping[str, int], kept: Collection[str] = ()) -> list[str]:
        """Bring every table back to a published version, as after a run that died before it published.

        Args:
            versions: Delta version of each published table; a table not named here is removed, unless it is kept.
            kept: Tables that an earlier version names and the published one does not: they stay as they are.

        Returns:
            Names of the tables that were ahead, sorted.
        """
        ahead: list[str] = []
        for name in self.names():
            if name not in versions and name in kept:
                continue
            if name not in versions:
                shutil.rmtree(self.root / name)
                ahead.append(name)
            elif is_ahead(delta := DeltaTable((self.root / name).as_uri()), versions[name]):
                delta.restore(versions[name])
                ahead.append(name)
        return ahead

    def files(self, name: str, version: int, bucket: int | None = None) -> list[str]:
        """Parquet files of one version of a table.

        Args:
            name: Name of the table.
            version: Delta version.
            bucket: Only this bucket's files.

        Returns:
            Paths, sorted by bucket and order of writing.

        Raises:
            HomeError: The version is not there any more, or never was.
        """
        files = self._files(name, version)
        if bucket is None:
            return list(files)
        return [file for file in files if f"/bucket={bucket}/" in file]

    def count(self, name: str, version: int, bucket: int | None = None) -> int:
        """Number of rows of one version of a table, or of one of its buckets; reads no rows."""
        return sum(int(pq.read_metadata(file).num_rows) for file in self.files(name, version, bucket))

    def read(
        self, table: Table, version: int, *, columns: Sequence[str] | None = None, bucket: int | None = None
    ) -> pa.Table:
        """Read one version of a table.

        Args:
            table: The contract.
            version: Delta version.
            columns: Columns wanted, in this order; None for all.
            bucket: Only this bucket's rows.

        Returns:
            Rows under the contract's schema, in the order they were written.
        """
        schema = arrow_schema(table)
        wanted = list(columns) if columns is not None else schema.names
        schema = pa.schema([schema.field(name) for name in wanted])
        stored = [name for name in wanted if name not in table.partition_by]
        parts = [
            _with_partition(pq.ParquetFile(file).read(columns=stored), file, table, schema)
            for file in self.files(table.name, version, bucket)
        ]
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def create_view(
        self,
        connection: Connection,
        table: Table,
        version: int,
        *,
        bucket: int | None = None,
        name: str = "",
        place: bool = False,
        changes: tuple[Table, int] | None = None,
    ) -> None:
        """Show one version of a table, or one bucket of it, to an engine as a view.

        Args:
            connection: The engine.
            table: The contract.
            version: Delta version.
            bucket: Only this bucket's rows.
            name: Name of the view; empty for the table's own.
            place: Show `place` too, which rises in the table's order from row to row: it breaks ties.
            changes: Contract and version of the table of what came and went since this one was written whole; with a
                bucket only, as places are told apart inside one.

        Raises:
            ValueError: Changes without a bucket.
        """
        if changes is not None and bucket is None:
            raise ValueError("what came and went is read by bucket")
        view = (name or table.name).replace('"', '""')
        rows = self._rows_sql(table, version, bucket, table.column_names)
        if changes is not None:
            came_or_went = self._rows_sql(changes[0], changes[1], bucket, (*table.column_names, "place", "goes"))
            rows = changed_sql(rows, came_or_went, table.column_names)
        names = ", ".join(f'"{column}"' for column in table.column_names) + (", place" if place else "")
        connection.execute(f'CREATE OR REPLACE VIEW "{view}" AS SELECT {names} FROM ({rows})')

    def _rows_sql(self, table: Table, version: int, bucket: int | None, columns: Sequence[str]) -> str:
        """SELECT of some columns of a table and of `place`: its own column, else where each row lies."""
        files = self.files(table.name, version, bucket)
        types = {column.name: _SQL[column.type] for column in table.columns} | {"place": "BIGINT"}
        wanted = list(dict.fromkeys((*columns, "place")))
        if not files:
            nulls = ", ".join(f'CAST(NULL AS {types[one]}) AS "{one}"' for one in wanted)
            return f"SELECT {nulls} WHERE false"
        paths = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        parted = ", ".join(f"'{name}': {types[name]}" for name in table.partition_by)
        hive = f"hive_partitioning = true, hive_types = {{{parted}}}" if parted else "hive_partitioning = false"
        own = "" if "place" in table.column_names else f", {PLACE} AS place"
        names = ", ".join(f'"{one}"' for one in wanted if one != "place" or not own)
        return f"SELECT {names}{own} FROM read_parquet([{paths}], {hive})"

    def prune(self, keep: Mapping[str, Sequence[int]]) -> int:
        """Delete files that no kept version uses.

        Args:
            keep: Delta versions to keep readable, by table; the newest always stays.

        Returns:
            Number of files deleted.
        """
        deleted = 0
        for name in self.names():
            delta = DeltaTable((self.root / name).as_uri())
            wanted = sorted({*keep.get(name, ()), int(delta.version())})
            used: set[str] = set()
            for version in wanted:
                used.update(Path(file).name for file in self.files(name, version))
            for path in (self.root / name).rglob("*.parquet"):
                # By name: a home reached by another path, or moved, spells the same file differently.
                if "_delta_log" not in path.parts and path.name not in used:
                    path.unlink()
                    deleted += 1
        return deleted

    def _list_files(self, name: str, version: int) -> tuple[str, ...]:
        try:
            delta = DeltaTable((self.root / name).as_uri(), version=version)
        except (TableNotFoundError, DeltaError, OSError) as error:
            raise HomeError(
                "lake-version",
                f"Version {version} of table {name} cannot be read.",
                "Run `washhouse doctor` on the home.",
            ) from error
        return tuple(sorted((self._path_of(name, uri) for uri in delta.file_uris()), key=_file_order))

    def _path_of(self, name: str, uri: str) -> str:
        """A file's path, however its address spells the folders above the table."""
        *_, folder, file = uri.split("/")
        return str(self.root / name / folder / file if "=" in folder else self.root / name / file)


@dataclass(frozen=True)
class _WriteTask:
    """Writes what a task makes; files are called by the number of the thing, so that they sort as written."""

    folder: Path
    table: Table
    make: Make[Any]
    name: str

    def __call__(self, numbered: tuple[int, Any], resources: Resources) -> list[WrittenFile]:
        number, thing = numbered
        parts = (conform_batch(self.table, batch) for batch in self.make(thing, resources))
        return write_files(self.folder, self.table, parts, f"{self.name}-{number:06}")


def _not_written(table: Table) -> HomeError:
    return HomeError(
        "lake-write", f"Table {table.name} could not be written.", "Check space and permissions of the home."
    )


_SQL = {
    "string": "VARCHAR",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def _file_order(path: str) -> tuple[int, str]:
    folder, _, file = path.rpartition("/")
    _, equals, value = folder.rpartition("/")[2].partition("=")
    return (int(value) if equals and value.isdigit() else -1, file)


def _sorted(table: Table, data: pa.Table) -> pa.Table:
    keys = [*table.partition_by, *(name for name in table.order if name not in table.partition_by)]
    if not keys or data.num_rows < 2:
        return data
    return data.sort_by([(name, "ascending") for name in keys])


def _with_partition(part: pa.Table, file: str, table: Table, schema: pa.Schema) -> pa.Table:
    columns: list[Any] = []
    for field in schema:
        if field.name in table.partition_by:
            columns.append(pa.repeat(pa.scalar(_file_order(file)[0], field.type), part.num_rows))
        else:
            columns.append(part.column(field.name))
    return pa.table(columns, schema=schema)
