"""How do typed rows and people become the tables of the record?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from washhouse.core.tables import Table
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.landing import Book
from washhouse.pipeline.linking import Linked
from washhouse.pipeline.typed import TypedRows
from washhouse.record.build import build
from washhouse.record.tables import BATCH, CARE_RELATION, EVENT, PERSON, PERSON_VIEW, QUARANTINE, RELATION, RETIRED

BUILT = (PERSON, PERSON_VIEW, RELATION, CARE_RELATION, RETIRED)
"""Tables that are built anew by every run, besides `event`."""


@dataclass(frozen=True)
class Built:
    """Delta version of each table that was written, and how many people and events there are."""

    tables: dict[str, int]
    summary: dict[str, int]


def write_books(
    context: RunContext, books: Sequence[Book], replaced: Iterable[str] = ()
) -> tuple[pa.Table, dict[str, int]]:
    """Add the books of new batches to `record.batch` and `record.quarantine`.

    Args:
        context: The run.
        books: Books of the batches that were landed.
        replaced: Ids of batches whose earlier books no longer count, as the batches were read again.

    Returns:
        All rows of `record.batch`, and the Delta versions of both tables.
    """
    gone = {(one.partition("/")[0], one.partition("/")[2].rpartition("@")[0]) for one in replaced}
    files = _append(context, BATCH, [book.files for book in books], gone)
    reasons = _append(context, QUARANTINE, [book.reasons for book in books], gone)
    return files, {BATCH.name: _write(context, BATCH, files), QUARANTINE.name: _write(context, QUARANTINE, reasons)}


def build_record(context: RunContext, typed: TypedRows, linked: Linked) -> Built:
    """Build the record's tables and write them to the lake, one after another."""
    tables: dict[str, int] = {}
    with context.connect() as connection:
        built = build(
            connection,
            typed,
            linked.membership,
            linked.identity,
            buckets=context.settings.buckets,
            secret=context.vault.secret("ref"),
            shared=linked.shared,
            views=linked.views,
            retired=linked.retired,
            systems=context.systems,
            progress=context.progress.at,
        )
    for table in BUILT:
        tables[table.name] = _write(context, table, built.tables[table.name])
    tables[EVENT.name] = built.events.write(context.lake, context.engine, context.progress.at)
    context.reached("table-written")
    return Built(tables, {"people": _rows(context, PERSON, tables), "events": _rows(context, EVENT, tables)})


def _append(context: RunContext, table: Table, rows: Sequence[pa.Table], gone: set[tuple[str, str]]) -> pa.Table:
    earlier = context.published
    parts = [_without(context.lake.read(table, earlier.tables[table.name]), gone)] if earlier else []
    return pa.concat_tables([*parts, *(part.replace_schema_metadata(None) for part in rows)])


def _without(rows: pa.Table, gone: set[tuple[str, str]]) -> pa.Table:
    """Leave out the rows of some batches, by source and label."""
    if not gone:
        return rows
    named = zip(rows.column("source").to_pylist(), rows.column("batch").to_pylist(), strict=True)
    return rows.filter(pa.array([one not in gone for one in named]))


def _write(context: RunContext, table: Table, rows: pa.Table) -> int:
    version = context.lake.write(table, rows)
    context.reached("table-written")
    return version


def _rows(context: RunContext, table: Table, tables: dict[str, int]) -> int:
    return context.lake.count(table.name, tables[table.name])
