"""How do typed rows and memberships become the tables of the record?

The same inputs give the same rows in the same order, whether everything is built or only what changed since an earlier
version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from washhouse.core.errors import HomeError
from washhouse.lake.engine import Connection
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.record.facts import add_facts, create_facts, fact_stages, read_facts
from washhouse.record.increment import Before, stage_increment
from washhouse.record.members import create_member
from washhouse.record.people import build_people
from washhouse.record.relations import build_relations
from washhouse.record.staging import Events, Progress, Rows, StagedEvents, Staging, Workers, no_progress, slices_of
from washhouse.record.tables import CARE_RELATION, PERSON_VIEW, RETIRED
from washhouse.sources.contract import SourceSpec
from washhouse.sources.mappings.contract import Mapping as SystemMapping
from washhouse.sources.mappings.macros import create_macros
from washhouse.sources.mappings.registry import SYSTEMS
from washhouse.sources.mappings.run import OfShare, Sent, SmallHeld, Typed, run_stage, was_sent
from washhouse.sources.tracing import routes_of

MOST_PEOPLE_SORTED = 25_000
"""People whose events are sorted at one time, at most: about three million events."""

Pairs = Sequence[tuple[SourceSpec, SystemMapping]]


@dataclass(frozen=True)
class Built:
    """The record's small tables by name, its events, and the facts that ties are made of by kind."""

    tables: dict[str, pa.Table]
    events: Events
    facts: dict[str, pa.Table]


def build(
    con: Connection,
    typed: Typed,
    membership: pa.Table,
    identities: pa.Table,
    *,
    buckets: int,
    secret: str,
    shared: pa.Table | None = None,
    views: pa.Table | None = None,
    retired: pa.Table | None = None,
    systems: Mapping[str, tuple[SourceSpec, SystemMapping]] = SYSTEMS,
    before: Before | None = None,
    sent: Sent | None = None,
    of_share: OfShare | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> Built:
    """Build the record.

    Args:
        con: An engine that may spill; its folder also holds the staging area.
        typed: Typed rows of a source's table over the version's batches.
        membership: Which person each source record belongs to (`valid_to` null: now).
        identities: One row per source record, see `sources.identity.IDENTITY`.
        buckets: Number of person buckets.
        secret: Key of the opaque ids, hex.
        shared: What linkage found people to have in common: `linkage.tables.SHARED_END`.
        views: Who is one with whom in other views: `linkage.tables.PERSON_VIEW`.
        retired: Ids that gave way: `old, new`.
        systems: Contract and mapping of each system.
        before: An earlier version that the build starts from: only what changed since is made anew. None: everything.
        sent: All submissions of a table. Given, people are taken some at a time where there are very many.
        of_share: Typed rows of some people. None: they are looked for among all.
        workers: Who tells shares of people side by side; `typed`, `of_share` are then called where a task runs.
        progress: Told the part and how much of it is done.

    Returns:
        The tables `person`, `person_view`, `relation`, `care_relation` and `retired` by name, the staged events, and
        the facts that ties are made of.

    Raises:
        HomeError: `engine-without-spill`: the engine has no folder to spill to.
    """
    create_macros(con, secret)
    views = views if views is not None else arrow_schema(PERSON_VIEW).remove(0).empty_table()
    digits = _slice_digits(create_member(con, membership, views, buckets), buckets)
    pairs = [pair for _, pair in sorted(systems.items()) if was_sent(*pair, typed)]
    held = SmallHeld(typed, of_share)
    stage = _staging_folder(con)
    if before is None:
        queries = sum(len(one.queries) for _, found in pairs for one in found.events)
        staging = Staging(con, stage, digits, queries, workers)
        create_facts(con)
        for spec, mapping in pairs:
            rows = Rows(held)
            if sent is not None and mapping.traces:
                rows = Rows(held, held.of_share, routes_of(spec, mapping), sent)
            staging.add(spec, mapping.events, rows, progress)
            for kind, facts in fact_stages(mapping):
                for sql in run_stage(con, spec, facts, held):
                    add_facts(con, kind, spec.name, sql)
        events: Events = StagedEvents(stage, tuple((bucket, files) for (bucket, _), files in slices_of(stage).items()))
    else:
        events = stage_increment(con, pairs, held, before, stage, digits, progress)
    care = _build_care(con)
    relations = build_relations(con, shared=shared, identities=identities, care=care)
    tables = {
        "person": build_people(con, identities),
        "person_view": _build_views(con, views),
        "relation": relations,
        "care_relation": care,
        "retired": conform(RETIRED, retired) if retired is not None else arrow_schema(RETIRED).empty_table(),
    }
    return Built(tables, events, read_facts(con))


def _slice_digits(people: int, buckets: int) -> int:
    """Leading hex digits of `person_id` by which a bucket is cut, so that a slice is small enough to sort."""
    digits = 0
    while people / buckets / 16**digits > MOST_PEOPLE_SORTED:
        digits += 1
    return digits


def _staging_folder(con: Connection) -> Path:
    ((place,),) = con.execute("SELECT current_setting('temp_directory')").fetchall()
    if not place:
        raise HomeError(
            "engine-without-spill", "The record is built on disk, and the engine has no folder to spill to."
        )
    folder = Path(place) / f"record-{uuid4().hex}"
    folder.mkdir(parents=True, mode=0o700)
    return folder


def _build_views(con: Connection, views: pa.Table) -> pa.Table:
    con.register("record__view", views)
    rows = con.sql(
        """SELECT m.bucket, v.*
           FROM record__view AS v JOIN (SELECT DISTINCT person_id, bucket FROM member) AS m USING (person_id)
           ORDER BY m.bucket, v.view, v.person_id"""
    ).to_arrow_table()
    con.unregister("record__view")
    return conform(PERSON_VIEW, rows)


def _build_care(con: Connection) -> pa.Table:
    # The same team of two referrals from the same day is one tie.
    names = ", ".join(f'"{column.name}"' for column in CARE_RELATION.columns)
    rows = con.sql(
        f"""SELECT {names} FROM fact_care JOIN member USING (source, source_id)
            QUALIFY row_number() OVER (PARTITION BY person_id, team, worker, since
                ORDER BY until DESC NULLS FIRST, source, source_file, source_row) = 1
            ORDER BY person_id, since, team NULLS FIRST, worker NULLS FIRST"""
    ).to_arrow_table()
    return conform(CARE_RELATION, rows)
