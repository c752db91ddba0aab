"""What does one delivery look like: rows, what is missing, the mix of codes?

A profile is made while a batch's typed rows are in memory and stays with them in the vault, because a category may hold
what was typed into the wrong column. The record gets only what is computed from profiles.
"""

from __future__ import annotations

from collections import Counter
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
        tables: Typed rows by table, in any number of parts; one part is in memory at a time.

    Returns:
        Rows of `PROFILE`; columns that name a thing (a referral, a stay) or a person have no mix.
    """
    profiles = [arrow_schema(PROFILE).empty_table()]
    for name, parts in tables.items():
        profile = Profile(spec, name)
        for part in parts:
            profile.add(part)
        profiles.append(profile.rows())
    return pa.concat_tables(profiles)


class Profile:
    """The profile of one table while its rows go by.

    Args:
        spec: The source's contract.
        table: Name of the table.
    """

    def __init__(self, spec: SourceSpec, table: str) -> None:
        self._table = table
        ids = {key for one in spec.tables if one.parent for key in (one.child_key, one.parent[1])}
        self._columns = spec.table(table).columns
        self._mixed = {one.name for one in self._columns if _may_be_mixed(one) and one.name not in ids}
        self._rows = 0
        self._missing: Counter[str] = Counter()
        self._mixes: dict[str, Counter[str]] = {}
        self._first: list[pa.Table] | None = []

    def add(self, part: pa.Table) -> None:
        """Take further rows."""
        self._rows += part.num_rows
        names = set(part.column_names)
        for column in self._columns:
            if column.name in names and part.num_rows:
                self._missing[column.name] += part[column.name].null_count
        if self._first is None:
            self._count(part)
            return
        self._first.append(part)
        if self._rows >= TRIED_ROWS:
            self._decide(self._first)

    def rows(self) -> pa.Table:
        """Rows of `PROFILE`."""
        if self._first is not None:
            self._decide(self._first)
        told = {"source_table": self._table}
        rows: list[dict[str, object]] = [told | {"column": "", "kind": "rows", "value": None, "rows": self._rows}]
        for column in self._columns:
            if column.name not in self._missing:
                continue
            about = told | {"column": column.name}
            rows.append(about | {"kind": "missing", "value": None, "rows": self._missing[column.name]})
            for value, count in _most_frequent(self._mixes.get(column.name, Counter())):
                rows.append(about | {"kind": "value", "value": value, "rows": count})
        return pa.Table.from_pylist(rows, schema=arrow_schema(PROFILE))

    def _decide(self, first: list[pa.Table]) -> None:
        """Find out from the first rows which columns are ones of codes, and count those rows."""
        tried = [part.select([name for name in part.column_names if name in self._mixed]) for part in first]
        there = {name for part in tried for name in part.column_names}
        for column in self._columns:
            if column.name not in there:
                continue
            chunks = [chunk for part in tried for chunk in part[column.name].chunks]
            if not chunks:
                continue
            values = pa.chunked_array(chunks)
            if column.allowed is not None or len(pc.unique(values.slice(0, TRIED_ROWS))) <= MOST_TRIED:
                self._mixes[column.name] = Counter()
        self._first = None
        for part in tried:
            self._count(part)

    def _count(self, part: pa.Table) -> None:
        names = set(part.column_names)
        for name, mix in self._mixes.items():
            if name in names:
                counted = pc.value_counts(part[name])
                for value, count in zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True):
                    if value is not None:
                        mix[str(value)] += count


def _may_be_mixed(column: ColumnSpec) -> bool:
    return not column.personal and column.type in _CODED


def _most_frequent(mix: Counter[str]) -> list[tuple[str | None, int]]:
    """Rows by category, the most frequent first."""
    found: list[tuple[str | None, int]] = sorted(mix.items(), key=lambda pair: (-pair[1], pair[0]))
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
