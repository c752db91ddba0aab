"""How do typed rows and people become the tables of the record?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from washhouse.core.tables import Table
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.landing import Book
from washhouse.pipeline.linking import Linked
from washhouse.pipeline.typed import TypedRows
from washhouse.record.build import build
from washhouse.record.tables import BATCH, CARE_RELATION, EVENT, PERSON, PERSON_VIEW, QUARANTINE, RELATION, RETIRED

BUILT = (PERSON, PERSON_VIEW, EVENT, RELATION, CARE_RELATION, RETIRED)
"""Tables that are built anew by every run."""


@dataclass(frozen=True)
class Built:
    """Delta version of each table that was written, and how many people and events there are."""

    tables: dict[str, int]
    summary: dict[str, int]


def write_books(context: RunContext, books: Sequence[Book]) -> tuple[pa.Table, dict[str, int]]:
    """Add the books of new batches to `record.batch` and `record.quarantine`.

    Returns:
        All rows of `record.batch`, and the Delta versions of both tables.
    """
    files = _append(context, BATCH, [book.files for book in books])
    reasons = _append(context, QUARANTINE, [book.reasons for book in books])
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
            progress=context.progress.at,
        )
        for table in BUILT:
            tables[table.name] = _write(context, table, built[table.name])
    return Built(tables, {"people": _rows(context, PERSON, tables), "events": _rows(context, EVENT, tables)})


def _append(context: RunContext, table: Table, rows: Sequence[pa.Table]) -> pa.Table:
    earlier = context.published
    parts = [context.lake.read(table, earlier.tables[table.name])] if earlier else []
    return pa.concat_tables([*parts, *(part.replace_schema_metadata(None) for part in rows)])


def _write(context: RunContext, table: Table, rows: pa.Table | pa.RecordBatchReader) -> int:
    version = context.lake.write(table, rows)
    context.reached("table-written")
    return version


def _rows(context: RunContext, table: Table, tables: dict[str, int]) -> int:
    return context.lake.count(table.name, tables[table.name])
