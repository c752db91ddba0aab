"""Small tables in, small tables out: runs a kernel's SQL over a table written as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from washhouse.core.tables import Table
from washhouse.record.tables import EVENT, PERSON

_TYPES = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def _value(text: str, kind: str) -> Any:
    if text in ("", "-"):
        return None
    if kind == "timestamp":
        return datetime.fromisoformat(text)
    if kind == "date":
        return date.fromisoformat(text)
    return {"int32": int, "int64": int, "float64": float}.get(kind, str)(text)


def _read(text: str, table: Table) -> list[dict[str, Any]]:
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    kinds = {column.name: column.type for column in table.columns}
    return [{name: _value(cell, kinds[name]) for name, cell in zip(header, line, strict=True)} for line in lines]


def _fill(rows: list[dict[str, Any]], table: Table, defaults: dict[str, Any]) -> pa.Table:
    schema = pa.schema([(column.name, _TYPES[column.type]) for column in table.columns])
    return pa.Table.from_pylist([{**dict.fromkeys(schema.names), **defaults, **row} for row in rows], schema=schema)


@pytest.fixture
def read_events() -> Callable[[str], pa.Table]:
    """Events from text; `recorded_at` is the event's own time unless given, `source` is mental_health."""

    def read(text: str) -> pa.Table:
        rows = _read(text, EVENT)
        for number, row in enumerate(rows):
            row["recorded_at"] = row.get("recorded_at") or row["time"]
            row["source_row"] = number
        given = {"bucket": 0, "recorded_assumed": False, "source": "mental_health", "source_file": "f"}
        table = _fill(rows, EVENT, given).sort_by([(name, "ascending") for name in EVENT.order])
        return table.append_column("place", pa.array(range(table.num_rows), pa.int64()))

    return read


@pytest.fixture
def read_people() -> Callable[[str], pa.Table]:
    """People from text."""
    return lambda text: _fill(_read(text, PERSON), PERSON, {"bucket": 0, "sources": "mental_health"})


@pytest.fixture
def run_sql() -> Callable[..., pa.Table]:
    """Run SQL over named tables."""

    def run(sql: str, **tables: pa.Table) -> pa.Table:
        with duckdb.connect() as connection:
            for name, table in tables.items():
                connection.register(name, table)
            return connection.sql(sql).to_arrow_table()

    return run
