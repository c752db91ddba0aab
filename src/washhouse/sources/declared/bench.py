"""What would a declaration make of some files? Nothing is written, and no identifier is given out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.errors import InputError
from washhouse.lake.engine import Connection, connect
from washhouse.sources.contract import SourceSpec, TableSpec
from washhouse.sources.declared.read import Declared
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.run import Typed, read_identities, run_stage
from washhouse.sources.origin import with_origin
from washhouse.sources.reader import read_batch
from washhouse.sources.result import BatchResult, ReadResult
from washhouse.sources.table_names import table_of

MOST_CODES = 30
"""Codes that are listed, the most frequent first."""

_NOT_A_FIELD = frozenset({"source", "source_id", "identity_kind", "first_seen", "last_seen", "left_on", "restricted"})


@dataclass(frozen=True)
class Trial:
    """What a declaration made of one batch.

    Attributes:
        batch: Every file's counts and reasons.
        people: Number of people told apart by the sender's ids.
        fields: For each field of an identity that some person has, how many have it.
        events: Number of events by code; the most frequent first, no more than `MOST_CODES`.
        more_codes: Number of codes beyond those.
        event_count: Number of all events.
        nobody: Events whose person's id is missing.
        unreadable: Events whose code or unit could be an identifier or is none, and so was not kept.
        first: Earliest month of an event, as yyyy-mm; empty without any.
        last: Latest month of an event.
    """

    batch: BatchResult
    people: int
    fields: Mapping[str, int]
    events: Mapping[str, int]
    more_codes: int
    event_count: int
    nobody: int
    unreadable: int
    first: str
    last: str

    @property
    def rejected(self) -> list[ReadResult]:
        """Files that were refused."""
        return [read for read in self.batch.files.values() if read.rejected]


def reduced(spec: SourceSpec, table: TableSpec) -> SourceSpec:
    """The contract of one table alone: nothing else of the batch is asked for."""
    period = spec.period if spec.period is not None and spec.period.table == table.name else None
    return replace(spec, tables=(replace(table, parent=None, parent_key=""),), period=period)


def find_only(spec: SourceSpec, file: str, table: str = "") -> str:
    """Name of the table that one file holds: as told, by the file's name, or because there is but one.

    Raises:
        InputError: `check-table`: it cannot be told, or there is no such table.
    """
    names = [one.name for one in spec.tables]
    if table in names:
        return table
    found = table_of(spec, file)
    if not table and found is not None:
        return found.name
    if not table and len(names) == 1:
        return names[0]
    problem = f"There is no table {table!r}." if table else "The file's name does not say which table it holds."
    raise InputError("check-table", problem, f"Say it with --table: {', '.join(names)}.")


def try_out(declared: Declared, files: Mapping[str, bytes], batch: str, *, only: str = "") -> Trial:
    """Read files as a declaration says, and make of them what a run would.

    Args:
        declared: The declaration.
        files: Bytes by file name.
        batch: Name of the batch; its date judges what is plausible.
        only: Table that the one file holds; empty for a whole batch.

    Raises:
        InputError: `batch-without-date`: the batch's name begins with no date.
    """
    spec = reduced(declared.spec, declared.spec.table(only)) if only else declared.spec
    result = read_batch(spec, files, batch)
    tables = {name: with_origin(read, result) for name, read in result.tables.items()}
    with bench(tables, declared.spec.name) as (con, typed):
        people = read_identities(con, [(declared.spec, declared.mapping)], typed)
        fields = {
            name: people.num_rows - people.column(name).null_count
            for name in people.column_names
            if name not in _NOT_A_FIELD and people.column(name).null_count < people.num_rows
        }
        con.execute("CREATE TEMP TABLE told (code VARCHAR, unit VARCHAR, month VARCHAR, nobody BOOLEAN, events BIGINT)")
        for stage in declared.mapping.events:
            for sql in run_stage(con, declared.spec, stage, typed):
                con.execute(
                    f"""INSERT INTO told SELECT code, unit, strftime(time, '%Y-%m'), source_id IS NULL, count(*)
                        FROM ({sql}) GROUP BY ALL"""
                )
        rows = con.execute("SELECT code, sum(events) FROM told GROUP BY code ORDER BY 2 DESC, 1").fetchall()
        total = con.execute(
            """SELECT coalesce(sum(events), 0), coalesce(sum(events) FILTER (nobody), 0),
                      coalesce(sum(events) FILTER (code LIKE '%unreadable%' OR unit = 'unreadable'), 0),
                      coalesce(min(month), ''), coalesce(max(month), '') FROM told"""
        ).fetchone() or (0, 0, 0, "", "")
    return Trial(
        batch=result,
        people=len(pc.unique(people.column("source_id"))),
        fields=fields,
        events={str(code): int(count) for code, count in rows[:MOST_CODES]},
        more_codes=max(len(rows) - MOST_CODES, 0),
        event_count=int(total[0]),
        nobody=int(total[1]),
        unreadable=int(total[2]),
        first=total[3],
        last=total[4],
    )


@contextmanager
def bench(tables: Mapping[str, pa.Table], source: str) -> Iterator[tuple[Connection, Typed]]:
    """An engine in memory with the mappings' macros, and typed rows as a mapping asks for them.

    Args:
        tables: Typed rows of a source with where they came from, by table.
        source: The source.
    """
    con = connect()
    create_macros(con, secrets.token_hex(32))

    def typed(name: str, table: str) -> pa.Table | None:
        return tables.get(table) if name == source else None

    try:
        yield con, typed
    finally:
        con.close()
