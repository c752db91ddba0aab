"""Where did each typed row come from?"""

from __future__ import annotations

import pyarrow as pa

from washhouse.sources.result import BatchResult, ReadResult


def with_origin(read: ReadResult, result: BatchResult) -> pa.Table:
    """Add to typed rows where they came from and what the batch declared, each value held once.

    Args:
        read: One file of a batch.
        result: The batch.

    Returns:
        The accepted rows with `sources.stack.TYPED_COLUMNS`.
    """
    return add_origin(read.table_rows, read.file, result)


def add_origin(rows: pa.Table, file: str, result: BatchResult) -> pa.Table:
    """The same for some rows of a file, which is named."""
    origin: dict[str, tuple[object, pa.DataType]] = {
        "_file": (file, pa.string()),
        "_batch": (result.batch, pa.string()),
        "_submitted_at": (result.submitted_at, pa.timestamp("us")),
        "_as_of": (result.as_of, pa.date32()),
        "_period_start": (result.period_start, pa.date32()),
        "_period_end": (result.period_end, pa.date32()),
        "_provider": (result.provider, pa.string()),
        "_kind": (result.kind, pa.string()),
    }
    for name, (value, kind) in origin.items():
        if name not in rows.column_names:
            rows = rows.append_column(name, _constant(value, kind, rows.num_rows))
    return rows


def _constant(value: object, kind: pa.DataType, rows: int) -> pa.Array:
    if not pa.types.is_string(kind):
        return pa.repeat(pa.scalar(value, kind), rows)
    if value is None:
        return pa.nulls(rows, pa.dictionary(pa.int32(), kind))
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([value], kind))
