"""What do people have in common after a few of them changed? Only what somebody concerned has, or had, is looked at.

Whose records changed may share something else now, and so may whoever was put together with somebody, or parted. All
that any of them has or had, an address or a telephone number, is found anew with everybody who has it; the rest stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.columnar import Column, standard_column
from washhouse.linkage.earlier import Earlier
from washhouse.linkage.encode import Ints
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.grouping import Grouped, Population
from washhouse.linkage.hashes import Hashes
from washhouse.linkage.households import settled_places
from washhouse.linkage.lookup import among
from washhouse.linkage.person_ids import Key
from washhouse.linkage.regrouping import clear_row
from washhouse.linkage.sensitive import former_identities, meeting_points, registrations
from washhouse.linkage.shared_ends import KINDS, Carried, SharedEnds, carried_by, find_shared, numbers_carried
from washhouse.linkage.splice import Changes, Flags, Rows, order_by_texts, spliced
from washhouse.linkage.tables import SHARED_END
from washhouse.linkage.threads import spread
from washhouse.linkage.trained import TrainedModel

Array = npt.NDArray[Any]
STANDARD = ("address", "postcode", "uprn", "surname", "phone")
"""Fields whose standard forms ties are made of."""
TELLING = ("restricted", "death_date", "first_seen", "last_seen", "left_on", "birth_date", *STANDARD)
"""Columns that ties are made of."""
MOST_CONCERNED = 0.25
"""Share of the records whose people may be concerned by changes; beyond, looking at everybody takes less."""


@dataclass(frozen=True)
class Sides:
    """Records before and now.

    Attributes:
        earlier: The linkage before.
        found: The records as they are.
        made: Their people.
        changes: What differs.
        fields: Fields that are compared.
    """

    earlier: Earlier
    found: Population
    made: Grouped
    changes: Changes
    fields: tuple[str, ...]

    @cached_property
    def old_person(self) -> Ints:
        """Number of the person of each record before."""
        return self.earlier.grouped.person

    @cached_property
    def clear_row(self) -> Rows:
        """For each clear record its place among the clear ones before, -1 for others."""
        return clear_row(self.earlier, self.found, self.changes)


def share(
    found: Population,
    made: Grouped,
    earlier: Earlier | None,
    changes: Changes | None,
    trained: TrainedModel | None,
    key: Key,
    threads: int,
) -> tuple[Carried, SharedEnds]:
    """Find what people have in common: only of those whom changes concern, where it was known of all before.

    Args:
        found: The records.
        made: Their people.
        earlier: The linkage before; None where it cannot be gone on from.
        changes: What differs between its records and these.
        trained: The model.
        key: Keyed hash (HMAC-SHA-256) under the vault's key.
        threads: Threads to use.
    """
    fields = trained.field_names if trained else ()
    if earlier and changes and earlier.carried and earlier.shared:
        sides = Sides(earlier, found, made, changes, fields)
        if again := share_again(sides, earlier.carried, earlier.shared, key, threads):
            return again
    standard = found.encoded.standard or _standard(found.named, fields, threads)
    former = former_identities(found.table, made.person)[made.person]
    carried = carried_by(found.table, found.clear, standard, former)
    return carried, find_shared(found.table, found.clear, standard, made.person, made.ids, key, carried)


def _standard(named: pa.Table, fields: Sequence[str], threads: int = 1) -> dict[str, Column]:
    """Return the standard forms of what ties are made of, as far as it has a meaning in the linkage."""
    names = [name for name in STANDARD if name in fields]
    formed = spread(lambda name: standard_column(named.column(name), FIELDS[name].standard), names, threads)
    return dict(zip(names, formed, strict=True))


def share_again(
    sides: Sides, known: Carried, shared: SharedEnds, key: Key, threads: int
) -> tuple[Carried, SharedEnds] | None:
    """Find what people have in common.

    Args:
        sides: Records before and now.
        known: What they carried before.
        shared: What people had in common before.
        key: Keyed hash (HMAC-SHA-256) under the vault's key.
        threads: Threads to use.

    Returns:
        What records carry, and what people have in common, as `find_shared` would find it of all; None where so much
        changed that everybody had better be looked at.
    """
    was, is_ = _people_concerned(sides)
    carried = _carried_on(sides, known, was, is_)
    different = carried.former & True
    row = sides.changes.row
    there = np.flatnonzero(row >= 0)
    different[there] = carried.former[there] != known.former[row[there]]
    is_ |= different
    was[row[different & (row >= 0)]] = True
    if is_.sum() > MOST_CONCERNED * len(is_):
        return None
    things = _things(sides, known, carried, was, is_)
    holds = np.zeros(len(sides.found.clear), dtype=bool)
    for numbers in (carried.place, carried.phone):
        holds[among(numbers, things)] = True
    concerned = np.zeros(len(sides.made.ids), dtype=bool)
    concerned[sides.made.person[sides.found.clear[holds]]] = True
    rows = np.flatnonzero(concerned[sides.made.person])
    stale = among(shared.thing, things)
    small = _of_some(sides, carried, rows, things, _hashes_of(shared, stale), key)
    keep = np.ones(len(shared.thing), dtype=bool)
    keep[stale] = False
    added = small.table.combine_chunks()
    order = order_by_texts(shared.table, keep, added, SHARED_END.order)
    guards = {kind: _guards(*shared.guards[kind], *small.guards[kind], things) for kind in shared.guards}
    table = spliced(shared.table, added, order, threads)
    return carried, SharedEnds(table, np.concatenate([shared.thing, small.thing])[order], guards)


def _people_concerned(sides: Sides) -> tuple[Flags, Flags]:
    """Say whose records, before and now, are of people that are not as they were."""
    row, person = sides.changes.row, sides.made.person
    changed = sides.changes.of((*TELLING, "identity_kind"))
    there = np.flatnonzero(row >= 0)
    # A person is as it was if it has all the records of one of before, and none else, and none of them changed.
    before = np.full(len(row), -1, dtype=np.int64)
    before[there] = sides.old_person[row[there]]
    people = len(sides.made.ids)
    first = np.full(people, -1, dtype=np.int64)
    first[person] = before
    size, old_size = np.bincount(person, minlength=people), np.bincount(sides.old_person, minlength=1)
    same = (first >= 0) & (size == old_size[first])
    same[person[changed | (before != first[person])]] = False
    is_ = ~same[person]
    was = np.ones(len(sides.old_person), dtype=bool)
    stands = np.flatnonzero(~is_)
    was[row[stands]] = False
    return was, is_


def _carried_on(sides: Sides, known: Carried, was: Flags, is_: Flags) -> Carried:
    """Bring up to date what records carry."""
    row = sides.changes.row
    named_row = sides.clear_row
    said = sides.changes.of(("address", "postcode", "uprn", "phone"))
    fresh = np.flatnonzero(said[sides.found.clear] | (named_row < 0))
    numbers = numbers_carried(_standard(sides.found.named.take(pa.array(fresh)), sides.fields), len(fresh))
    written, own, phone = (
        _brought(before, named_row, fresh, now)
        for before, now in zip((known.written, known.own, known.phone), numbers, strict=True)
    )
    stays = np.zeros(len(sides.earlier.found.clear), dtype=bool)
    stays[named_row[named_row >= 0]] = True
    stays[named_row[fresh][named_row[fresh] >= 0]] = False
    touched = np.unique(np.concatenate([known.written[~stays], written[fresh]]))
    settled = np.union1d(among(written, touched[touched > 0]), fresh)
    place = _brought(known.place, named_row, settled, settled_places(written[settled], own[settled]))
    again = np.flatnonzero(sides.changes.of(["birth_date", "postcode", "phone"]))
    met = meeting_points(sides.found.table.take(pa.array(again)))
    points = tuple(_brought(before, row, again, now) for before, now in zip(known.points, met, strict=True))
    former = _former(sides, known, (points[0], points[1]), was, is_)
    return Carried(written, own, place, phone, (points[0], points[1]), former)


def _brought(before: Array, row: Rows, fresh: Rows, now: Array) -> Array:
    """Return what was known of records by their earlier rows, and of some what is new."""
    both = before[row] if len(before) else np.zeros(len(row), dtype=before.dtype)
    both[fresh] = now
    return both


def _former(sides: Sides, known: Carried, points: tuple[Hashes, Hashes], was: Flags, is_: Flags) -> Flags:
    """Say of each record whether its person may be a former identity, see `sensitive.former_identities`."""
    person = sides.made.person
    ever, now = registrations(sides.found.table, person)
    doubtful = np.zeros(len(ever), dtype=bool)
    doubtful[person[is_]] = True
    for before, numbers in zip(known.points, points, strict=True):
        met = np.unique(np.concatenate([before[was], numbers[is_]]))
        doubtful[person[among(numbers, met[met > 0])]] = True
    new = np.flatnonzero(sides.changes.row < 0)
    former = _brought(known.former, sides.changes.row, new, np.zeros(len(new), dtype=bool))
    alike = np.zeros(len(ever), dtype=bool)
    mine = np.flatnonzero((doubtful & ~now & ~ever)[person])
    for numbers in points:
        asked = np.unique(numbers[mine])
        asked = asked[asked > 0]
        others = among(numbers, asked)
        beside = np.zeros(len(asked), dtype=bool)
        beside[np.searchsorted(asked, numbers[others[now[person[others]]]])] = True
        told = mine[numbers[mine] > 0]
        alike[person[told[beside[np.searchsorted(asked, numbers[told])]]]] = True
    rows = np.flatnonzero(doubtful[person])
    former[rows] = (~now & (ever | alike))[person[rows]]
    return former


def _things(sides: Sides, known: Carried, carried: Carried, was: Flags, is_: Flags) -> Hashes:
    """Return what the people concerned have or had, and where somebody's address came to be another; ascending."""
    named_row = sides.clear_row
    there = np.flatnonzero(named_row >= 0)
    moved = there[known.place[named_row[there]] != carried.place[there]]
    then, now = was[sides.earlier.found.clear], is_[sides.found.clear]
    things = np.unique(
        np.concatenate(
            [
                *(known.place[then], known.phone[then], carried.place[now], carried.phone[now]),
                *(known.place[named_row[moved]], carried.place[moved]),
            ]
        )
    )
    return things[things > 0]


def _hashes_of(shared: SharedEnds, rows: Rows) -> dict[str, tuple[Hashes, pa.Array]]:
    """Return by kind the things of some rows, ascending, and the keyed hash of each."""
    table, thing = shared.table.select(["kind", "other"]).take(pa.array(rows)), shared.thing[rows]
    known = {}
    for kind in KINDS:
        mine = np.flatnonzero(pc.equal(table.column("kind"), kind).to_numpy(zero_copy_only=False))
        things, at = np.unique(thing[mine], return_index=True)
        known[kind] = things, table.column("other").take(pa.array(mine[at])).combine_chunks()
    return known


def _of_some(
    sides: Sides, carried: Carried, rows: Rows, things: Hashes, known: Mapping[str, tuple[Hashes, pa.Array]], key: Key
) -> SharedEnds:
    """Find which of some things some people have in common among themselves."""
    inside = np.zeros(len(carried.former), dtype=bool)
    inside[rows] = True
    mine = np.flatnonzero(inside[sides.found.clear])
    place = np.cumsum(inside) - 1
    people, person = np.unique(sides.made.person[rows], return_inverse=True)
    return find_shared(
        sides.found.table.take(pa.array(rows)).combine_chunks(),
        place[sides.found.clear[mine]],
        _standard(sides.found.named.take(pa.array(mine)), sides.fields),
        person.astype(np.int32),
        sides.made.ids.take(pa.array(people)),
        key,
        Carried(
            *(carried.written[mine], carried.own[mine], carried.place[mine], carried.phone[mine]),
            points=(carried.points[0][rows], carried.points[1][rows]),
            former=carried.former[rows],
        ),
        only=things,
        known=known,
    )


def _guards(things: Hashes, guards: Array, again: Hashes, new_guards: Array, touched: Hashes) -> tuple[Hashes, Array]:
    """Put what keeps touched things back in the place of what did."""
    stands = np.ones(len(things), dtype=bool)
    stands[among(things, touched)] = False
    come = among(again, touched)
    things = np.concatenate([things[stands], again[come]])
    order = np.argsort(things, kind="stable")
    return things[order], np.concatenate([guards[stands], new_guards[come]])[order]
