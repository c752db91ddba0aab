"""Who is who? Identities of all source records, and the people that they belong to, into the vault."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from washhouse.lake.schemas import conform
from washhouse.linkage.history import link_events
from washhouse.linkage.people import People, link_people
from washhouse.linkage.person_ids import record_key
from washhouse.linkage.superseded import follow_list, with_current_numbers
from washhouse.linkage.tables import LINK_EVENT
from washhouse.pipeline.context import RunContext
from washhouse.pipeline.deciding import Decided, read_decisions
from washhouse.pipeline.identities import NUMBER_SENT, gather_identities
from washhouse.pipeline.link_model import index_tables, kept_model, strictness_of
from washhouse.pipeline.linkage_gate import check_linkage
from washhouse.pipeline.live_records import Start, start_from
from washhouse.pipeline.reviewing import write_review
from washhouse.pipeline.typed import TypedRows
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.superseded_nhs_numbers import read_superseded

_HELD = ("identity", "membership")
"""Tables of the published version that several parts of linking read."""


@dataclass(frozen=True)
class Linked:
    """What linking came to.

    Attributes:
        identity: `vault.identity`: one row per source record of a person.
        membership: `vault.membership`: source record, person, span of validity.
        shared: What people have in common: homes, telephone numbers, addresses.
        retired: Person ids that ever gave way to another.
        views: Who is one with whom in other views than the record's.
        summary: Figures.
    """

    identity: pa.Table
    membership: pa.Table
    shared: pa.Table
    retired: pa.Table
    views: pa.Table
    summary: dict[str, Any]


def link(context: RunContext, typed: TypedRows, generation: str) -> tuple[Linked, dict[str, str]]:
    """Gather identities, link them and keep both in the vault.

    Args:
        context: The run.
        typed: Typed rows of all batches.
        generation: Name of the new generation of the vault's tables.

    Returns:
        What linking came to, and the generation of each vault table.

    Raises:
        RefusedError: `linkage-refused`: its errors are over the deployer's limits, and the gate stops.
    """
    vault, published = context.vault, context.published
    held = {name: vault.read(name, published.vault[name]) for name in _HELD} if published else {}
    with context.connect() as connection:
        create_macros(connection, vault.secret("ref"))
        identity = gather_identities(connection, context, typed, held.get("identity"))
        retired = read_superseded(connection, typed)
    superseded = follow_list(retired)
    identity, sent = with_current_numbers(identity, superseded)
    vault.write("identity", generation, identity)
    vault.write(NUMBER_SENT, generation, sent)
    context.reached("identity-written")
    start = start_from(context, held.get("membership"), identity)
    kept = kept_model(context, identity, None if start.assigned else start.membership, held)
    decided = read_decisions(context, identity)
    people = link_people(
        identity,
        previous=start.membership,
        key=partial(vault.hmac, "person-id"),
        progress=context.progress.at,
        threads=context.settings.threads or os.cpu_count() or 1,
        model=kept.model,
        index=kept.index,
        must=decided.must,
        cannot=decided.cannot,
        strictness=strictness_of(context),
        engine=context.engine,
    )
    people.summary["strictness"] = asdict(strictness_of(context))
    people.summary["decisions"]["waiting"] = decided.waiting
    people.summary["superseded_numbers"] = {
        "listed": retired.num_rows,
        "in_circles": superseded.in_circles,
        "records": sent.num_rows,
    }
    people.summary["pairing"]["new_model_because"] = kept.reason
    check_linkage(context, generation, people.summary)
    tables = {
        "membership": people.membership,
        "edge": people.edges,
        "refused": people.refused,
        "relation": people.relations,
        "retired": people.retired,
        "superseded": superseded.to_table(),
        "link_event": _events(context, start, people, decided, generation),
        **index_tables(people.index),
    }
    for name, table in tables.items():
        vault.write(name, generation, table)
    people.summary["review"], reviewed = write_review(context, identity, people, generation)
    context.reached("links-written")
    generations = dict.fromkeys(("identity", NUMBER_SENT, *tables), generation) | reviewed
    return Linked(
        identity, people.membership, people.relations, people.retired, people.views, people.summary
    ), generations


def _events(context: RunContext, start: Start, people: People, decided: Decided, version: str) -> pa.Table:
    """Add what this run did to people to what earlier ones did."""
    key = partial(context.vault.hmac, "record-key")
    new = link_events(
        start.membership,
        people.membership,
        decided.notes,
        version=version,
        at=context.now,
        name=lambda record: record_key(key, *record),
        assigned=start.assigned,
    )
    earlier = context.published.vault.get("link_event") if context.published else None
    if earlier is None:
        return new
    # Written before an event named its records, the earlier ones lack the column.
    return pa.concat_tables([conform(LINK_EVENT, context.vault.read("link_event", earlier)), new])
