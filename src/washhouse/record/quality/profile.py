"""What does one delivery look like: rows, what is missing, the mix of codes?

A profile is made while a batch's typed rows are in memory and stays with them in the vault, because a category may hold
what was typed into the wrong column. The record gets only what is computed from profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.tables import Column, Table
from washhouse.lake.schemas import arrow_schema
from washhouse.sources.contract import ColumnSpec, SourceSpec

PROFILE = Table(
    name="profile",
    grain="one row per source table and column of a batch, and per category of a column of codes",
    key=("source_table", "column", "kind", "value"),
    columns=(
        Column("source_table", "string", "Table of the source contract", nullable=False),
        Column("column", "string", "Column; empty for the table", nullable=False),
        Column("kind", "string", "`rows`, `missing` or `value`", nullable=False),
        Column("value", "string", "Category; null for those beyond the most frequent"),
        Column("rows", "int64", "Rows", nullable=False),
    ),
)

MOST_CATEGORIES = 200
"""Categories of a column that are kept, the most frequent; the rest is one."""
TRIED_ROWS = 10_000
MOST_TRIED = 1_000
"""A text column with more values than this in its first `TRIED_ROWS` is no column of codes."""
_CODED = ("code", "flag", "text", "int")


@dataclass(frozen=True)
class TableProfile:
    """One table of one batch.

    Attributes:
        rows: Rows accepted.
        missing: Rows without a value, by column.
        mixes: Rows by category, by column of codes; the rest under an empty name.
    """

    rows: int
    missing: Mapping[str, int] = field(default_factory=dict)
    mixes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def profile_tables(spec: SourceSpec, tables: Mapping[str, Iterable[pa.Table]]) -> pa.Table:
    """Profile typed rows.

    Args:
        spec: The source's contract.
        tables: Typed rows by table, in any number of parts.

    Returns:
        Rows of `PROFILE`; columns that name a thing (a referral, a stay) or a person have no mix.
    """
    rows: list[dict[str, object]] = []
    ids = {key for table in spec.tables if table.parent for key in (table.child_key, table.parent[1])}
    for name, parts in tables.items():
        listed = list(parts)
        told = {"source_table": name}
        rows.append(told | {"column": "", "kind": "rows", "value": None, "rows": sum(p.num_rows for p in listed)})
        for column in spec.table(name).columns:
            chunks = [
                chunk for part in listed if column.name in part.column_names for chunk in part[column.name].chunks
            ]
            if not chunks:
                continue
            values = pa.chunked_array(chunks)
            about = told | {"column": column.name}
            rows.append(about | {"kind": "missing", "value": None, "rows": values.null_count})
            for value, count in _mix(column, values) if column.name not in ids else ():
                rows.append(about | {"kind": "value", "value": value, "rows": count})
    return pa.Table.from_pylist(rows, schema=arrow_schema(PROFILE))


def _mix(column: ColumnSpec, values: pa.ChunkedArray) -> list[tuple[str | None, int]]:
    """Rows by category, the most frequent first; none for a column that is not one of codes."""
    if column.personal or column.type not in _CODED:
        return []
    if column.allowed is None and len(pc.unique(values.slice(0, TRIED_ROWS))) > MOST_TRIED:
        return []
    counted = pc.value_counts(values.combine_chunks() if values.num_chunks != 1 else values.chunk(0))
    found = [
        (str(one["values"].as_py()), one["counts"].as_py()) for one in counted if one["values"].as_py() is not None
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in found[MOST_CATEGORIES:])
    return [*found[:MOST_CATEGORIES], *([(None, rest)] if rest else [])]


def read_profile(rows: pa.Table) -> dict[str, TableProfile]:
    """Read rows of `PROFILE` by table."""
    read: dict[str, TableProfile] = {}
    missing: dict[str, dict[str, int]] = {}
    mixes: dict[str, dict[str, dict[str, int]]] = {}
    sizes: dict[str, int] = {}
    for row in rows.to_pylist():
        table, column = row["source_table"], row["column"]
        if row["kind"] == "rows":
            sizes[table] = row["rows"]
        elif row["kind"] == "missing":
            missing.setdefault(table, {})[column] = row["rows"]
        else:
            mixes.setdefault(table, {}).setdefault(column, {})[row["value"] or ""] = row["rows"]
    for table, size in sizes.items():
        read[table] = TableProfile(size, missing.get(table, {}), mixes.get(table, {}))
    return read
