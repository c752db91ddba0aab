"""What did stewards decide about links, and who waits for them after a run?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from washhouse.desk.database import Desk, open_desk
from washhouse.desk.linkage import Decision, list_decisions
from washhouse.desk.person_changes import add_person_changes
from washhouse.lake.pointer import Version
from washhouse.linkage.decisions import find_records
from washhouse.linkage.history import Note
from washhouse.linkage.person_ids import Record
from washhouse.pipeline.context import RunContext


@dataclass(frozen=True)
class Decided:
    """Decisions that hold, on records that are there.

    Attributes:
        must: Records put together, the oldest decision first.
        cannot: Records kept apart.
        notes: Who decided each, and why.
        waiting: Decisions of which a record is not there.
    """

    must: tuple[tuple[Record, Record], ...]
    cannot: tuple[tuple[Record, Record], ...]
    notes: tuple[Note, ...]
    waiting: int


def decisions_digest(context: RunContext) -> str:
    """A digest of the decisions that hold; empty where there are none."""
    return _digest(_read(context))


def read_decisions(context: RunContext, identity: pa.Table) -> Decided:
    """Find the records that stewards decided on.

    Args:
        context: The run.
        identity: `vault.identity`.
    """
    decisions = sorted(_read(context), key=lambda decision: decision.id)
    keys = {key for decision in decisions for key in (decision.left_key, decision.right_key)}
    records = find_records(identity, keys, partial(context.vault.hmac, "record-key"))
    notes = tuple(
        Note((records[one.left_key], records[one.right_key]), one.kind == "must", one.username, one.reason, one.id)
        for one in decisions
        if one.left_key in records and one.right_key in records
    )
    return Decided(
        must=tuple(note.pair for note in notes if note.together),
        cannot=tuple(note.pair for note in notes if not note.together),
        notes=notes,
        waiting=len(decisions) - len(notes),
    )


def hand_over_changes(context: RunContext, desk: Desk, version: Version) -> int:
    """Let the desk rows of people whom a version split wait for a steward; once for each version.

    Returns:
        How many people were added.
    """
    if "link_event" not in version.vault:
        return 0
    events = context.vault.read("link_event", version.vault["link_event"]).to_pylist()
    changes = [
        (event["before"], event["after"].split(","), event["event"])
        for event in events
        if event["version"] == version.id and event["event"] in ("split", "un-merge")
    ]
    return add_person_changes(desk, changes, version=version.id, at=version.published_at) if changes else 0


def _read(context: RunContext) -> list[Decision]:
    desk = open_desk(context.settings.desk_url or context.home.desk_file)
    try:
        return list_decisions(desk, at=context.now)
    finally:
        desk.close()


def _digest(decisions: list[Decision]) -> str:
    if not decisions:
        return ""
    lines = sorted(f"{one.id} {one.left_key} {one.right_key} {one.kind}" for one in decisions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
