"""Which tables and columns has the OMOP CDM 5.4?

`fields54.csv` lists them. Ids of rows are 64 bits wide, so that a person's is its number in the export; concepts are
32 bits.

References:
    OHDSI CommonDataModel, `inst/csv/OMOP_CDMv5.4_Field_Level.csv` (Apache-2.0), names and types as duckcdm 0.4.7 ships
    them; tables of results (cohorts) left out.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import pyarrow as pa

_TYPES = {
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


@cache
def schemas() -> dict[str, pa.Schema]:
    """The Arrow schema of every table, by its name."""
    text = files("washhouse.record.export.omop").joinpath("fields54.csv").read_text(encoding="utf-8")
    columns: dict[str, list[pa.Field]] = {}
    for row in csv.DictReader(text.splitlines()):
        columns.setdefault(row["table"], []).append(pa.field(row["column"], _TYPES[row["type"]]))
    return {table: pa.schema(listed) for table, listed in columns.items()}


def shape(table: str, rows: pa.Table) -> pa.Table:
    """Give rows a table's columns, in order and type; those that they lack are null.

    Raises:
        KeyError: The rows have a column that the table lacks.
    """
    schema = schemas()[table]
    unknown = set(rows.column_names) - set(schema.names)
    if unknown:
        raise KeyError(f"{table} has no {sorted(unknown)}")
    given = [rows[field.name].cast(field.type) if field.name in rows.column_names else None for field in schema]
    return pa.table(
        [pa.nulls(rows.num_rows, field.type) if one is None else one for one, field in zip(given, schema, strict=True)],
        schema=schema,
    )
