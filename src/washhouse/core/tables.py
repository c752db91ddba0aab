"""What does a table promise: its grain, key, order and columns?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["string", "int32", "int64", "float64", "bool", "date", "timestamp"]
"""`timestamp` is naive UTC with microseconds; `date` is a calendar day."""


@dataclass(frozen=True)
class Column:
    """One column of a table contract."""

    name: str
    type: ColumnType
    meaning: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """A table's contract.

    Attributes:
        name: Name of the table, also of its folder.
        grain: "one row per ...".
        key: Columns that identify a row.
        order: Columns that rows are sorted by inside a partition.
        columns: Columns in order.
        partition_by: Columns that the files are partitioned by.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)
