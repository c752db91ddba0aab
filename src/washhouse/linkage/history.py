"""What happened to people: who was merged, who was split, by whom and why, and who was who on any past day?

That a person was founded, or a record linked to one, is a span of the membership. Here stands what changed people that
there were already, and which records somebody gave a person before they landed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from washhouse.lake.schemas import arrow_schema
from washhouse.linkage.hashes import name_records, places
from washhouse.linkage.person_ids import Record
from washhouse.linkage.tables import LINK_EVENT


@dataclass(frozen=True)
class Note:
    """What a steward decided on a pair of records, and why."""

    pair: tuple[Record, Record]
    together: bool
    actor: str
    reason: str
    decision: int


@dataclass(frozen=True)
class Assigned:
    """A record that was given a person between two runs and has landed now.

    Attributes:
        record: The record.
        person_id: The person it was given.
        actor: Who recorded it.
        at: When, UTC.
    """

    record: Record
    person_id: str
    actor: str
    at: datetime


def state_at(membership: pa.Table, moment: datetime) -> pa.Table:
    """Return who was who at a moment.

    Args:
        membership: See `tables.MEMBERSHIP`.
        moment: The moment, in the time of the data.

    Returns:
        `source, source_id, person_id` of every record that belonged to somebody then, in the membership's order.
    """
    begun = pc.less_equal(membership.column("valid_from"), moment)
    still = pc.fill_null(pc.greater(membership.column("valid_to"), moment), True)
    return membership.filter(pc.and_(begun, still)).select(["source", "source_id", "person_id"])


def link_events(
    before: pa.Table | None,
    after: pa.Table,
    notes: tuple[Note, ...],
    *,
    version: str,
    at: datetime,
    name: Callable[[Record], str],
    assigned: Sequence[Assigned] = (),
) -> pa.Table:
    """Say what a run did to people that there were already.

    Args:
        before: Membership until then; None at the first run.
        after: Membership from then on.
        notes: Decisions of stewards that hold.
        version: Version of the record that first shows it.
        at: When the run found it, UTC.
        name: Gives a record's opaque key.
        assigned: Records that were given a person between the last run and this one, which lands them.

    Returns:
        See `tables.LINK_EVENT`. A person's records that are no more say nothing.
    """
    if before is None:
        return arrow_schema(LINK_EVENT).empty_table()
    moved = _moved(before, after)
    told: dict[Record, list[Note]] = defaultdict(list)
    for note in notes:
        for record in note.pair:
            told[record].append(note)
    rows: list[dict[str, Any]] = [
        {
            "version": version,
            "at": one.at,
            "event": "assign",
            "before": "",
            "after": one.person_id,
            "actor": one.actor,
            "reason": "",
            "decision": None,
            "records": name(one.record),
        }
        for one in assigned
    ]
    for kind, ends in (("split", (0, 1)), ("merge", (1, 0))):
        of: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
        for record, people in moved.items():
            of[people[ends[0]]][people[ends[1]]].append(record)
        for person, others in sorted(of.items()):
            if len(others) < 2:
                continue
            decided = _cause(others, told, together=kind == "merge")
            one, several = [person], sorted(others)
            went = [record for other, records in others.items() if other != person for record in records]
            rows.append(
                {
                    "version": version,
                    "at": at,
                    "event": "un-merge" if decided and kind == "split" else kind,
                    "before": ",".join(one if kind == "split" else several),
                    "after": ",".join(several if kind == "split" else one),
                    "actor": decided.actor if decided else "run",
                    "reason": decided.reason if decided else "",
                    "decision": decided.decision if decided else None,
                    "records": ",".join(sorted(map(name, went))),
                }
            )
    return pa.Table.from_pylist(rows, schema=arrow_schema(LINK_EVENT))


def _moved(before: pa.Table, after: pa.Table) -> dict[Record, tuple[str, str]]:
    """The person then and now of all records of everybody whose records changed."""
    then, now = (table.filter(pc.is_null(table.column("valid_to"))) for table in (before, after))
    found = places(name_records(then), name_records(now))
    here = found >= 0
    then = then.filter(pa.array(here)).select(["source", "source_id", "person_id"])
    then = then.append_column("now", now.column("person_id").take(pa.array(found[here])))
    changed = then.filter(pc.not_equal(then.column("person_id"), then.column("now")))
    if not changed.num_rows:
        return {}
    concerned = pa.concat_arrays([changed.column(name).combine_chunks() for name in ("person_id", "now")]).unique()
    near = pc.or_(*(pc.is_in(then.column(name), value_set=concerned) for name in ("person_id", "now")))
    return {(row["source"], row["source_id"]): (row["person_id"], row["now"]) for row in then.filter(near).to_pylist()}


def _cause(parts: Mapping[str, list[Record]], told: Mapping[Record, list[Note]], *, together: bool) -> Note | None:
    """The latest decision on two records of different parts; None where no steward had a hand in it."""
    part = {record: name for name, records in parts.items() for record in records}
    notes = [
        note
        for record in part
        for note in told.get(record, ())
        if note.together == together
        and all(record in part for record in note.pair)
        and part[note.pair[0]] != part[note.pair[1]]
    ]
    return max(notes, key=lambda note: note.decision, default=None)
