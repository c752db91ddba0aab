"""How are the typed rows of all batches gathered into one table of the engine?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.engine import Connection
from washhouse.sources.contract import ColumnType, TableSpec
from washhouse.sources.submissions import PART_COLUMNS, Submission, submission_of

TYPED_COLUMNS = (
    "_row",
    "_file",
    "_batch",
    "_submitted_at",
    "_as_of",
    "_period_start",
    "_period_end",
    "_provider",
    "_kind",
)
"""Columns that a typed table has besides the source's own: where each row came from."""

SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "datetime": "TIMESTAMP",
    "int": "BIGINT",
    "float": "DOUBLE",
    "code": "VARCHAR",
    "flag": "BOOLEAN",
    "nhs_number": "VARCHAR",
    "pseudonym": "VARCHAR",
}

_SENDER = "CAST(t._provider AS VARCHAR) AS _sender"
_PARTS = f"SELECT DISTINCT {', '.join(PART_COLUMNS)} FROM delivery__chunk ORDER BY ALL"

CHUNK_ROWS = 500_000
"""Rows gathered before the engine takes them: sixty small batches cost as much as one."""


def stack_rows(
    con: Connection, stack: str, table: TableSpec, kept: Sequence[str], chunks: Iterable[pa.Table]
) -> list[tuple[Submission, str]]:
    """Gather the columns wanted of all batches, with `_row`, `_part`, `_key` and `_state`.

    `_key` names a thing by two 64-bit digests of its key inside a provider, in and against the order of the columns, so
    that two things never meet; an absent part differs from an empty one. `_state`, a digest of the columns kept, tells
    states of the same thing apart. Neither outlives the table.

    Args:
        con: The engine.
        stack: The temporary table to make, quoted.
        table: The table's contract.
        kept: Columns that make a state.
        chunks: Typed rows.

    Returns:
        Submission and path of each `_part`.
    """
    wanted = tuple(dict.fromkeys((*kept, *table.business_key)))
    types = {name: SQL_TYPES[table.column(name).type] for name in wanted}
    declared = ", ".join(f"{quote(name)} {kind}" for name, kind in types.items())
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {stack} ({declared}, _row BIGINT, _part INTEGER, _key UHUGEINT, _state UBIGINT)"
    )
    digests = f"{_key_sql(table.business_key or kept)}, hash({', '.join(quote(name) for name in kept)})"
    parts: list[tuple[Submission, str]] = []
    for chunk in chunks:
        present = set(chunk.column_names)
        source = ", ".join(
            f"CAST({f't.{quote(name)}' if name in present else 'NULL'} AS {kind}) AS {quote(name)}"
            for name, kind in types.items()
        )
        part = _only_part(chunk)
        con.register("delivery__chunk", chunk)
        del chunk  # the engine's view is the last to hold it, so that it is gone before the next is read
        try:
            parts += _insert(con, stack, source, digests, part, len(parts))
        finally:
            con.unregister("delivery__chunk")
    return parts


def _insert(
    con: Connection, stack: str, source: str, digests: str, part: tuple[Any, ...] | None, first: int
) -> list[tuple[Submission, str]]:
    """Put one chunk into the stack; its parts are numbered from `first`."""
    if part is not None:
        con.execute(
            f"INSERT INTO {stack} SELECT * EXCLUDE (_sender), {digests} FROM ("
            f"SELECT {source}, t._row, {first} AS _part, {_SENDER} FROM delivery__chunk AS t)"
        )
        return [submission_of(part)]
    found = con.execute(_PARTS).fetchall()
    numbered = {name: [row[at] for row in found] for at, name in enumerate(PART_COLUMNS)}
    con.register(
        "delivery__numbered", pa.table({"part": pa.array(range(first, first + len(found)), pa.int32()), **numbered})
    )
    same = " AND ".join(f"t.{name} IS NOT DISTINCT FROM n.{name}" for name in PART_COLUMNS)
    try:
        con.execute(
            f"INSERT INTO {stack} SELECT * EXCLUDE (_sender), {digests} FROM ("
            f"SELECT {source}, t._row, n.part AS _part, {_SENDER} FROM delivery__chunk AS t "
            f"JOIN delivery__numbered AS n ON {same})"
        )
    finally:
        con.unregister("delivery__numbered")
    return [submission_of(row) for row in found]


def parts_of(rows: pa.Table) -> list[tuple[Any, ...]]:
    """What `PART_COLUMNS` say in some typed rows, each once: which file of which submission they came in."""
    if not rows.num_rows:
        return []
    part = _only_part(rows)
    if part is not None:
        return [part]
    plain = pa.table([_plain(rows.column(name)) for name in PART_COLUMNS], names=list(PART_COLUMNS))
    found = plain.group_by(list(PART_COLUMNS), use_threads=False).aggregate([])
    return [tuple(row[name] for name in PART_COLUMNS) for row in found.to_pylist()]


def _only_part(chunk: pa.Table) -> tuple[Any, ...] | None:
    """What `PART_COLUMNS` say in all rows; None where they differ, as those of several batches or files do."""
    found = [pc.unique(chunk.column(name)) for name in PART_COLUMNS]
    if any(len(values) != 1 for values in found):
        return None
    return tuple(values[0].as_py() for values in found)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def in_chunks(typed: pa.Table | pa.RecordBatchReader | Iterable[pa.Table] | None) -> Iterator[pa.Table]:
    """Typed rows some `CHUNK_ROWS` at a time, however they come; what was handed on is not held here."""
    held: list[pa.Table] = []
    rows = 0
    for chunk in [typed] if isinstance(typed, pa.Table) else typed or ():
        held.append(pa.Table.from_batches([chunk]) if isinstance(chunk, pa.RecordBatch) else chunk)
        rows += chunk.num_rows
        del chunk
        if rows >= CHUNK_ROWS:
            yield _joined(held)
            rows = 0
    if held:
        yield _joined(held)


def _joined(held: list[pa.Table]) -> pa.Table:
    """Make one table of several and forget them."""
    table = pa.concat_tables(held, promote_options="permissive")
    held.clear()
    return table


def _key_sql(key: Sequence[str]) -> str:
    parts = ["_sender", *(quote(column) for column in key)]
    forward, backward = ", ".join(parts), ", ".join(["17", *reversed(parts)])
    return f"CAST(hash({forward}) AS UHUGEINT) * 18446744073709551616 + hash({backward})"


def quote(name: str) -> str:
    """A name inside quotes of SQL."""
    return '"' + name.replace('"', '""') + '"'
