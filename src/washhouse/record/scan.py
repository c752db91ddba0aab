"""How are a version's files read for one request?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from washhouse.core.tables import Table
from washhouse.lake.engine import Connection, connect
from washhouse.lake.overlay import PLACE, changed_sql
from washhouse.lake.pointer import Version
from washhouse.lake.store import Lake
from washhouse.record.tables import EVENT, EVENT_CHANGE, SQL_TYPES


@lru_cache(maxsize=1)
def _engine() -> Connection:
    """One engine for single reads: opening one costs more than reading with it."""
    engine = connect(memory_limit="1GB", threads=1)
    # Files are never written twice under one name, so what is known of them stays true.
    engine.execute("SET parquet_metadata_cache = true")
    return engine


def query(sql: str, params: Mapping[str, Any]) -> pa.Table:
    """Run one query over files."""
    with _engine().cursor() as cursor:
        return cursor.sql(sql, params=dict(params)).to_arrow_table()


def change_of(table: Table, version: Version) -> tuple[Table, int] | None:
    """Contract and version of the table of what came and went since a table was written whole; None: nothing did."""
    number = version.tables.get(EVENT_CHANGE.name) if table is EVENT else None
    return None if number is None else (EVENT_CHANGE, number)


def events_at(version: Version) -> tuple[int, int | None]:
    """Delta versions of the tables that tell a version's events: while both stay, so do the events."""
    changes = change_of(EVENT, version)
    return version.tables[EVENT.name], None if changes is None else changes[1]


def scan(store: Lake, table: Table, version: Version, bucket: int | None = None) -> str:
    """SQL that reads one version of a table, or one bucket of it.

    A version from before a column was added has nulls there. Of events, a bucket must be named: places of rows are told
    apart inside a bucket only.
    """
    if table is EVENT and bucket is None:
        raise ValueError("events are read by bucket")
    rows = _rows(store, table, version.tables[table.name], bucket)
    changes = change_of(table, version)
    if changes is None or not store.files(changes[0].name, changes[1], bucket):
        return f"(SELECT * FROM {rows})"
    placed = f"SELECT * FROM {_rows(store, table, version.tables[table.name], bucket, with_place=True)}"
    return f"({changed_sql(placed, f'SELECT * FROM {_rows(store, *changes, bucket)}', table.column_names)})"


def _rows(store: Lake, table: Table, number: int, bucket: int | None, *, with_place: bool = False) -> str:
    """SQL that reads the files of a table as they were written."""
    files = store.files(table.name, number, bucket)
    nulls = {column.name: f'CAST(NULL AS {SQL_TYPES[column.type]}) AS "{column.name}"' for column in table.columns}
    if not files:
        place = ", CAST(NULL AS BIGINT) AS place" if with_place else ""
        return f"(SELECT {', '.join(nulls.values())}{place} WHERE false)"
    given = [] if bucket is None else [f"CAST({bucket} AS INTEGER) AS bucket"]
    known = {*_columns(files[0]), *table.partition_by}
    given += [null for name, null in nulls.items() if name not in known]
    given += [f"{PLACE} AS place"] if with_place else []
    paths = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return f"(SELECT {', '.join([*given, '*'])} FROM read_parquet([{paths}], hive_partitioning = false))"


@lru_cache(maxsize=4096)
def _columns(file: str) -> frozenset[str]:
    return frozenset(pq.read_schema(file).names)
