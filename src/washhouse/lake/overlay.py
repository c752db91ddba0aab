"""How is a large table read with what came and went since it was written whole?

A row's **place** rises from row to row in the table's order. What came has a place between those of its neighbours and
what went has the place where it lies, so that a reader leaves those out, adds these, and can still tell the order.
"""

from __future__ import annotations

from collections.abc import Sequence

STEP = 1 << 24
"""Places from one row of a file to the next: so many rows, less one, can come between them."""

FILE_STEP = 1 << 55
"""Places from one file of a bucket to the next: a file holds fewer than 2^31 rows, a bucket fewer than 256 files."""

PLACE = f"CAST(file_index * {FILE_STEP} + (file_row_number + 1) * {STEP} AS BIGINT)"
"""SQL of the place of a row that `read_parquet` gives."""


def changed_sql(rows: str, changes: str, columns: Sequence[str]) -> str:
    """SQL of rows less those that went and with those that came.

    Args:
        rows: SELECT of the columns and `place` of the rows as they were written whole.
        changes: SELECT of the columns, `place` and `goes` of what came and went since.
        columns: Columns wanted; `place` stands after them.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    return (
        f"SELECT {names}, place FROM ({rows}) AS r ANTI JOIN (SELECT place FROM ({changes}) WHERE goes) AS g "
        f"USING (place) UNION ALL SELECT {names}, place FROM ({changes}) WHERE NOT goes"
    )
