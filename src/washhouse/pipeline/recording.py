"""How do typed rows and people become the tables of the record?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.core.tables import Table
from washhouse.lake.schemas import arrow_schema
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.landing import Book
from washhouse.pipeline.linking import Linked
from washhouse.pipeline.mapped import digests, mapped_otherwise
from washhouse.pipeline.submitted import TOGETHER
from washhouse.pipeline.typed import TypedRows
from washhouse.record.adding import add_events, may_add
from washhouse.record.build import build
from washhouse.record.facts import FACTS
from washhouse.record.increment import Before
from washhouse.record.merging import MergedEvents
from washhouse.record.staging import Events
from washhouse.record.tables import (
    BATCH,
    CARE_RELATION,
    EVENT,
    EVENT_CHANGE,
    PERSON,
    PERSON_VIEW,
    QUARANTINE,
    RELATION,
    RETIRED,
)

BUILT = (PERSON, PERSON_VIEW, RELATION, CARE_RELATION, RETIRED)
"""Tables that are built anew by every run, besides `event`."""


@dataclass(frozen=True)
class Built:
    """What building came to.

    Attributes:
        tables: Delta version of each table that was written.
        generations: Generation of each table that was kept in the vault.
        summary: How many people and events there are.
        mapped: How sources were read and mapped, for the next run.
    """

    tables: dict[str, int]
    generations: dict[str, str]
    summary: dict[str, int]
    mapped: dict[str, str]


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


def build_record(context: RunContext, typed: TypedRows, linked: Linked, generation: str) -> Built:
    """Build the record's tables and write them, one after another.

    Args:
        context: The run.
        typed: Typed rows of all batches.
        linked: Who is who.
        generation: Name of the new generation of the vault's tables.
    """
    tables: dict[str, int] = {}
    mapped = digests(context.systems, context.buckets)
    with context.connect() as connection:
        built = build(
            connection,
            typed,
            linked.membership,
            linked.identity,
            buckets=context.buckets,
            secret=context.vault.secret("ref"),
            shared=linked.shared,
            views=linked.views,
            retired=linked.retired,
            systems=context.systems,
            before=_before(context, typed, mapped),
            sent=typed.sent,
            of_share=typed.of_share,
            workers=context.workers,
            progress=context.progress.at,
        )
    for kind, facts in built.facts.items():
        context.vault.write(FACTS[kind].name, generation, facts)
    context.vault.write(TOGETHER, generation, typed.submitted())
    for table in BUILT:
        tables[table.name] = _write(context, table, built.tables[table.name])
    tables |= _write_events(context, built.events)
    context.reached("table-written")
    summary = {"people": _rows(context, PERSON, tables), "events": _count_events(context, tables)}
    kept = dict.fromkeys((*(FACTS[kind].name for kind in built.facts), TOGETHER), generation)
    return Built(tables, kept | typed.pack(generation), summary, mapped)


def _write_events(context: RunContext, events: Events) -> dict[str, int]:
    """Write all events, or of very many what came and went beside them; returns the Delta version of each table."""
    lake, published = context.lake, context.published
    known = published.tables if published is not None else {}
    if isinstance(events, MergedEvents) and may_add(events):
        added = add_events(events, lake, context.engine, context.progress.at)
        return {EVENT.name: known[EVENT.name], EVENT_CHANGE.name: added}
    whole = {EVENT.name: events.write(lake, context.engine, context.progress.at)}
    if EVENT_CHANGE.name in known:  # versions that are kept may need what it held
        whole[EVENT_CHANGE.name] = lake.write(EVENT_CHANGE, arrow_schema(EVENT_CHANGE).empty_table())
    return whole


def _count_events(context: RunContext, tables: Mapping[str, int]) -> int:
    """Events of all people: as they were written whole, less those that went, and those that came."""
    whole = _rows(context, EVENT, dict(tables))
    if EVENT_CHANGE.name not in tables:
        return whole
    goes = context.lake.read(EVENT_CHANGE, tables[EVENT_CHANGE.name], columns=["goes"]).column("goes")
    went = int(pc.sum(goes).as_py() or 0)
    return whole + len(goes) - 2 * went


def _before(context: RunContext, typed: TypedRows, mapped: Mapping[str, str]) -> Before | None:
    """What an increment starts from; None where everything is to be built: nothing that fits was published."""
    published = context.published
    new_sources = mapped_otherwise(context, mapped).sources
    if published is None or new_sources is None:
        return None
    vault, lake, tables = context.vault, context.lake, published.tables
    return Before(
        now=typed,
        typed=typed.earlier(published.batches, lake.read(BATCH, tables[BATCH.name])),
        membership=vault.read("membership", published.vault["membership"]),
        views=lake.read(PERSON_VIEW, tables[PERSON_VIEW.name]),
        facts={kind: vault.read(table.name, published.vault[table.name]) for kind, table in FACTS.items()},
        buckets=published.buckets,
        files=lambda bucket: lake.files(EVENT.name, tables[EVENT.name], bucket),
        new_sources=new_sources,
        changes=lambda bucket: (
            lake.files(EVENT_CHANGE.name, tables[EVENT_CHANGE.name], bucket) if EVENT_CHANGE.name in tables else []
        ),
    )


def _append(context: RunContext, table: Table, rows: Sequence[pa.Table], gone: set[tuple[str, str]]) -> pa.Table:
    earlier = context.published
    parts = [_without(context.lake.read(table, earlier.tables[table.name]), gone)] if earlier else []
    return pa.concat_tables([*parts, *(part.replace_schema_metadata(None) for part in rows)])


def _without(rows: pa.Table, gone: set[tuple[str, str]]) -> pa.Table:
    """Leave out the rows of some batches, by source and label."""
    if not gone:
        return rows
    named = zip(rows.column("source").to_pylist(), rows.column("batch").to_pylist(), strict=True)
    return rows.filter(pa.array([one not in gone for one in named], pa.bool_()))


def _write(context: RunContext, table: Table, rows: pa.Table) -> int:
    version = context.lake.write(table, rows)
    context.reached("table-written")
    return version


def _rows(context: RunContext, table: Table, tables: dict[str, int]) -> int:
    return context.lake.count(table.name, tables[table.name])
