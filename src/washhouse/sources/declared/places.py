"""Which table and which column does a key of a declaration name?"""

from __future__ import annotations

from collections.abc import Sequence

from washhouse.sources.contract import ColumnSpec, TableSpec
from washhouse.sources.declared.document import Node, did_you_mean


def find_table(node: Node, tables: Sequence[TableSpec]) -> TableSpec:
    """The table that a section names; the only one if it names none.

    Raises:
        InputError: `declaration-invalid`: there is no such table, or several and none is named.
    """
    name = node.text("table")
    if not name and len(tables) == 1:
        return tables[0]
    for table in tables:
        if table.name == name:
            return table
    names = [table.name for table in tables]
    node.refuse(f"name one of the tables, table = ...{did_you_mean(name, names)}", key="table")


def check_column(node: Node, columns: Sequence[ColumnSpec], name: str, key: str) -> ColumnSpec:
    """The column of that name.

    Raises:
        InputError: `declaration-invalid`: the table has no such column.
    """
    for column in columns:
        if column.name == name:
            return column
    near = did_you_mean(name, [column.name for column in columns])
    node.refuse(f"the table has no column {name!r}.{near}" if name else "a column is expected.", key=key)


def moment_columns(node: Node, table: TableSpec, key: str) -> tuple[str, str]:
    """The column with the day or moment, and the one with the time of day, which may be empty.

    Raises:
        InputError: `declaration-invalid`: a column is missing or of the wrong type.
    """
    named = node.texts(key)
    if not named:
        node.refuse(f"name the column with the day or moment, {key} = ...", key=key)
    if len(named) > 2:
        node.refuse("one column is expected, or [date column, time column].", key=key)
    columns = [check_column(node, table.columns, name, key) for name in named]
    allowed = (("date",), ("time",)) if len(columns) == 2 else (("date", "datetime"),)
    for column, types in zip(columns, allowed, strict=True):
        if column.type not in types:
            words = " or ".join(types)
            node.refuse(f"the column {column.name} must be of type {words}, and is {column.type}.", key=key)
    return columns[0].name, columns[1].name if len(columns) == 2 else ""
