"""What does every sender say about whom its records belong to, given what they said in an earlier version?

A rebuild stays the definition. After a day's batches only those are told anew whom a changed batch names, or no longer
holds (`record.changes`), by the same stages on their rows; what was said of all others is taken over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.engine import Connection
from washhouse.linkage.splice import Flags, order_by_texts, spliced
from washhouse.linkage.superseded import with_sent_numbers
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.mapped import digests, mapped_otherwise
from washhouse.pipeline.typed import TypedRows
from washhouse.record.changes import KeptRows, SourceChange
from washhouse.record.tables import BATCH
from washhouse.sources.contract import SourceSpec
from washhouse.sources.identity import IDENTITY
from washhouse.sources.mappings.contract import Mapping
from washhouse.sources.mappings.run import SmallHeld, Typed, read_identities, read_own_identities
from washhouse.sources.stack import TYPED_COLUMNS
from washhouse.sources.tracing import routes_of

NUMBER_SENT = "number_sent"
"""Table of the vault: the NHS numbers as sent of records that bore a superseded one."""

Systems = Sequence[tuple[SourceSpec, Mapping]]


@dataclass(frozen=True)
class Before:
    """The version that identities are brought up to date from.

    Attributes:
        identity: What was said then, see `sources.identity.IDENTITY`, with numbers as sent.
        rows: Typed rows of then.
        new_sources: Sources that were read or mapped otherwise then.
    """

    identity: pa.Table
    rows: KeptRows
    new_sources: Collection[str] = ()


def gather_identities(con: Connection, context: RunContext, typed: TypedRows, kept: pa.Table | None) -> pa.Table:
    """Tell all identities, those of a published version's senders only as far as something changed.

    Args:
        con: The engine, with the macros of the mappings.
        context: The run.
        typed: Typed rows of all batches.
        kept: The published version's identities, with the numbers that count.

    Returns:
        `sources.identity.IDENTITY`, by source and id, with numbers as sent.
    """
    systems, published = list(context.systems.values()), context.published
    new_sources = mapped_otherwise(context, digests(context.systems, context.buckets)).sources
    if published is None or kept is None or new_sources is None or NUMBER_SENT not in published.vault:
        return read_identities(con, systems, narrowed(typed, systems))
    sent = context.vault.read(NUMBER_SENT, published.vault[NUMBER_SENT])
    rows = typed.earlier(published.batches, context.lake.read(BATCH, published.tables[BATCH.name]))
    return identities_since(con, systems, typed, Before(with_sent_numbers(kept, sent), rows, new_sources))


def identities_since(con: Connection, systems: Systems, now: KeptRows, before: Before) -> pa.Table:
    """Bring identities up to date.

    Args:
        con: The engine, with the macros of the mappings.
        systems: Contract and mapping of each system.
        now: Typed rows of now.
        before: What was said before.

    Returns:
        What `read_identities` gives of the rows of now.
    """
    earlier = before.identity
    stands: Flags = np.zeros(earlier.num_rows, dtype=bool)
    told = [earlier.slice(0, 0)]
    held = SmallHeld(narrowed(now, systems))
    con.register("member", earlier.select(["source"]))
    for spec, mapping in systems:
        own = pc.equal(earlier.column("source"), spec.name)
        change = SourceChange(con, spec, mapping, held, now, before.rows, spec.name in before.new_sources)
        try:
            whom = change.whom(mapping.identities)
            if whom is not None:
                rows = change.rows(whom)
                told.append(read_own_identities(con, spec, mapping, rows.typed, rows.sent, whom.people))
                own = pc.and_not(own, _are_among(con, earlier, whom.people))
        finally:
            change.close()
        stands |= own.to_numpy()
    con.unregister("member")
    added = pa.concat_tables(told).sort_by([(name, "ascending") for name in IDENTITY.order]).combine_chunks()
    return spliced(earlier, added, order_by_texts(earlier, stands, added, IDENTITY.order))


def _are_among(con: Connection, identity: pa.Table, people: str | None) -> pa.ChunkedArray:
    if people is None:
        return pa.chunked_array([pa.repeat(True, identity.num_rows)])
    ids = con.sql(f"FROM {people}").to_arrow_table().column("source_id").combine_chunks()
    return pc.is_in(identity.column("source_id"), value_set=ids)


def narrowed(rows: KeptRows, systems: Systems) -> Typed:
    """Typed rows with the columns that identities are told of: some sets have a hundred others."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for spec, mapping in systems:
        routes = routes_of(spec, mapping) if mapping.traces else {}
        for states in {states for stage in mapping.identities for states in stage.states}:
            route = routes.get(states.table)
            led = (route.person, route.together, route.up, route.own) if route is not None else ()
            key = spec.table(states.table).business_key
            columns = (*TYPED_COLUMNS, *wanted.get((spec.name, states.table), ()), *states.columns, *key, *led)
            wanted[spec.name, states.table] = [column for column in dict.fromkeys(columns) if column]

    def read(source: str, table: str) -> Iterable[pa.Table] | None:
        generations = rows.generations(source, table)
        return rows.rows(source, table, generations, wanted[source, table]) if generations else None

    return read
