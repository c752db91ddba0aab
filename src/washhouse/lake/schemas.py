"""What does a table contract mean in Arrow, and does this data keep it?"""

from __future__ import annotations

import pyarrow as pa

from washhouse.core.errors import InputError
from washhouse.core.tables import ColumnType, Table

_ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a table contract, in its column order.

    Examples:
        >>> from washhouse.core.tables import Column, Table
        >>> letters = Table("letters", "one row per letter", ("id",), (Column("id", "int64", "Letter"),))
        >>> arrow_schema(letters).field("id").type
        DataType(int64)
    """
    return pa.schema([pa.field(column.name, _ARROW[column.type], column.nullable) for column in table.columns])


def conform(table: Table, data: pa.Table) -> pa.Table:
    """Cast data to a table's contract: its columns, in order, in their types.

    Args:
        table: The contract.
        data: Rows with at least the contract's columns; a nullable one may be absent. Others are dropped.

    Returns:
        The same rows under the contract's schema.

    Raises:
        InputError: A column that may not be null is absent or holds nulls, or a column cannot be cast.
    """
    columns = [conform_column(table.name, field, data) for field in arrow_schema(table)]
    return pa.table(columns, schema=arrow_schema(table))


def conform_batch(table: Table, batch: pa.RecordBatch) -> pa.Table:
    """`conform` for one batch of a stream."""
    return conform(table, pa.Table.from_batches([batch]))


def conform_column(name: str, field: pa.Field, data: pa.Table) -> pa.ChunkedArray:
    """Cast the one column of `data` that a field of the table `name` asks for."""
    if field.name not in data.column_names:
        if field.nullable:
            return pa.chunked_array([pa.nulls(data.num_rows, field.type)])
        raise InputError("table-column-missing", f"Table {name} needs the column {field.name}.")
    column = data.column(field.name)
    if column.type != field.type:
        column = _cast(name, field, column)
    if not field.nullable and column.null_count:
        raise InputError("table-null", f"Table {name}, column {field.name}: {column.null_count} nulls, none allowed.")
    return column


def _cast(name: str, field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None and kind.tz not in ("UTC", "+00:00"):
        raise InputError("table-type", f"Table {name}, column {field.name}: times must be UTC, these are {kind.tz}.")
    try:
        # A cast from nanoseconds may cut below the microsecond; every other loss is an error.
        safe = not (pa.types.is_timestamp(kind) and pa.types.is_timestamp(field.type))
        return column.cast(field.type, safe=safe)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # The cause quotes a value, so it is not kept.
        raise InputError(
            "table-type", f"Table {name}, column {field.name}: {kind} cannot be read as {field.type}."
        ) from None
