"""What becomes of records that were given a person between two runs, when a run lands them?

The run's linking starts from the person that each was given; once the run is published, what they said is taken away
from the desk.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.desk.database import Desk, open_desk
from washhouse.desk.live_records import LiveRecord, land_records, live_records
from washhouse.governance.vault import Vault
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.history import Assigned
from washhouse.linkage.tables import MEMBERSHIP
from washhouse.pipeline.context import RunContext

ASSIGNED = "assigned"
"""Cause of a span of membership that began when a record was given a person between two runs."""


def seal_record(vault: Vault, key: str, said: Mapping[str, str]) -> bytes:
    """Seal what a record says, bound to its key."""
    return vault.seal("live-record", json.dumps(dict(said), sort_keys=True).encode(), key)


def open_record(vault: Vault, row: LiveRecord) -> dict[str, str]:
    """Open what a recorded record says.

    Raises:
        HomeError: `vault-damaged`.
    """
    said: dict[str, str] = json.loads(vault.open_sealed("live-record", row.payload, row.key))
    return said


@dataclass(frozen=True)
class Start:
    """What linking starts from.

    Attributes:
        membership: Who is who until now; None at the first run.
        assigned: Records that this run lands and that were given a person before.
    """

    membership: pa.Table | None
    assigned: tuple[Assigned, ...] = ()


def start_from(context: RunContext, previous: pa.Table | None, identity: pa.Table) -> Start:
    """Add to a membership the persons that records were given since, as far as the records have come now.

    Args:
        context: The run.
        previous: Membership of the last run; None at the first.
        identity: All identities as they are now.

    Returns:
        The membership to start from, and the records added to it.
    """
    if previous is None:
        return Start(None)
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        return with_live_records(previous, identity, live_records(desk), context.vault)
    finally:
        desk.close()


def with_live_records(previous: pa.Table, identity: pa.Table, rows: list[LiveRecord], vault: Vault) -> Start:
    """Add a span for each record that was given a person, has come, and belongs to nobody yet; see `start_from`."""
    if not rows:
        return Start(previous)
    said = [open_record(vault, row) for row in rows]
    names = _names_of(said)
    landed = pc.is_in(names, value_set=_names(identity)).to_pylist()
    held = previous.filter(pc.is_null(previous.column("valid_to")))
    known = pc.is_in(names, value_set=_names(held)).to_pylist()
    chosen = [i for i in range(len(rows)) if landed[i] and not known[i]]
    spans = pa.table(
        {
            "source": pa.array([said[i]["source"] for i in chosen], pa.string()),
            "source_id": pa.array([said[i]["source_id"] for i in chosen], pa.string()),
            "person_id": pa.array([rows[i].person_id for i in chosen], pa.string()),
            "valid_from": pa.array([rows[i].at for i in chosen], pa.timestamp("us")),
            "valid_to": pa.nulls(len(chosen)),
            "cause": pa.array([ASSIGNED] * len(chosen), pa.string()),
        }
    )
    schema = arrow_schema(MEMBERSHIP)
    joined = pa.concat_tables([previous.cast(schema), spans.cast(schema)])
    assigned = tuple(
        Assigned((said[i]["source"], said[i]["source_id"]), rows[i].person_id, rows[i].actor, rows[i].at)
        for i in chosen
    )
    return Start(joined.sort_by([(name, "ascending") for name in MEMBERSHIP.order]), assigned)


def forget_landed(context: RunContext, version: Version) -> int:
    """Take away what landed records said, once the version that holds them is published.

    Returns:
        How many records have landed.
    """
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        return _forget(desk, context, version)
    finally:
        desk.close()


def _forget(desk: Desk, context: RunContext, version: Version) -> int:
    rows = live_records(desk)
    if not rows:
        return 0
    names = _names_of([open_record(context.vault, row) for row in rows])
    there = context.vault.read("identity", version.vault["identity"], columns=["source", "source_id"])
    landed = pc.is_in(names, value_set=_names(there)).to_pylist()
    ids = [row.id for row, here in zip(rows, landed, strict=True) if here]
    land_records(desk, ids, at=context.now)
    return len(ids)


def _names_of(said: list[dict[str, str]]) -> pa.Array:
    return _names(pa.table({n: pa.array([one[n] for one in said], pa.string()) for n in ("source", "source_id")}))


def _names(table: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(table.column("source"), table.column("source_id"), "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
