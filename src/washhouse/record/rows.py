"""How are people's rows read from a version's files, or from memory, once somebody may see them?

Nothing here decides who may: `record.reader` does, and notes it first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, cast

import numpy as np
import pyarrow as pa

from washhouse.core.tables import Table
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record.held import EVENT_BYTES, Held
from washhouse.record.scan import events_at, query, scan
from washhouse.record.tables import EVENT, PERSON, RELATION, SCORE
from washhouse.record.views import bucket_finder

HELD_TABLES = (PERSON, RELATION)
"""Tables of which whole buckets are held in memory once somebody asked."""

MOST_ROWS_HELD = 50_000
"""Rows of a bucket that are held together; of a larger bucket each person's are, as events and scores always are: half
a year of a city's scores is more than is held."""

SHARE_AHEAD = 0.5
"""Share of what is held that is read ahead of a new version, beside that which is still shown."""

_HELD = Held()
_HELD_EACH = Held(EVENT_BYTES)
_READING = tuple(Lock() for _ in range(64))
"""By bucket: whoever asks for what another is just reading waits for it, and does not read it too."""


def read_events(store: Lake, version: Version, person_ids: Sequence[str]) -> pa.Table:
    """Read rows of `record.event` of some people, in the table's order.

    Each person's are held in memory once somebody asked for them.
    """
    found: dict[str, pa.Table] = {}
    for bucket, members in _by_bucket(store, version, set(person_ids)).items():
        found |= _read_each(store, version, EVENT, bucket, members)
    return _together(EVENT, [found[one] for one in sorted(found)])


def read_rows(
    store: Lake, version: Version, table: Table, person_ids: Sequence[str], model: str | None = None
) -> pa.Table:
    """Read rows of some people, in the table's order.

    Args:
        store: The record's tables.
        version: The version.
        table: A table by bucket and person.
        person_ids: The people, each once.
        model: Of `record.score`, the outcome model.
    """
    each: dict[str, pa.Table] = {}
    whole = []
    for bucket, members in _by_bucket(store, version, person_ids).items():
        if model is not None:
            each |= _read_each(store, version, table, bucket, members, model)
        elif table not in HELD_TABLES:
            whole.append(_read(store, version, table, bucket, members))
        elif _count(store, table.name, version.tables[table.name], bucket) > MOST_ROWS_HELD:
            each |= _read_each(store, version, table, bucket, members)
        else:
            each |= _read_held(store, version, table, bucket, members)
    # Every table of people is in the order of their ids first, so that only those read together are sorted.
    rows = _together(table, [*whole, *(each[person] for person in sorted(each))])
    return rows if len(whole) < 2 else rows.sort_by([(name, "ascending") for name in table.order])


def read_ahead(store: Lake, before: Version, now: Version) -> None:
    """Read of a new version what was asked for of the one before: who was looked at then will be looked at again.

    First sights cost most, and after a new version all would be such. Nothing is handed out, so nothing is decided.

    Args:
        store: The record's tables.
        before: The version that pages show until the new one is ready.
        now: The new one.
    """
    there = [
        table for table in (EVENT, *HELD_TABLES, SCORE) if {table.name} <= before.tables.keys() & now.tables.keys()
    ]
    people: dict[tuple[Table, str | None], list[str]] = defaultdict(list)
    each = {(str(store.root), table.name, *_numbers(table, before)): table for table in there}
    for key in _HELD_EACH.keys(SHARE_AHEAD):
        *told, model, person_id = cast(tuple[Any, ...], key)
        table = each.get(tuple(told))
        if table is not None:
            people[table, model].append(person_id)
    for (table, model), wanted in people.items():
        for bucket, members in _by_bucket(store, now, wanted).items():
            _read_each(store, now, table, bucket, members, model)
    for key in _HELD.keys(SHARE_AHEAD):
        *told, bucket = cast(tuple[Any, ...], key)
        table = each.get(tuple(told))
        if table is not None and bucket < now.buckets:
            _read_held(store, now, table, bucket, [])


def _numbers(table: Table, version: Version) -> tuple[int | None, ...]:
    """Delta versions that tell a table's rows in a version: while they stay, so do the rows."""
    return events_at(version) if table is EVENT else (version.tables[table.name],)


def _by_bucket(store: Lake, version: Version, person_ids: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    find = bucket_finder(store, version)
    for person_id in person_ids:
        found[find(person_id)].append(person_id)
    return found


def _together(table: Table, parts: Sequence[pa.Table]) -> pa.Table:
    """Rows of several people as one table; one person's as they are, which spares most pages most of the time."""
    return parts[0] if len(parts) == 1 else pa.concat_tables([arrow_schema(table).empty_table(), *parts])


@lru_cache(maxsize=10_000)
def _count(store: Lake, name: str, number: int, bucket: int) -> int:
    """Rows of a bucket of one version of a table; no version is written twice."""
    return store.count(name, number, bucket)


def _read(
    store: Lake, version: Version, table: Table, bucket: int, members: Sequence[str], model: str | None = None
) -> pa.Table:
    """Rows of people of one bucket from its files."""
    names = ", ".join(f'"{name}"' for name in table.column_names)
    order = ", ".join(f'"{name}" NULLS LAST' for name in table.order)
    one = len(members) == 1
    # Looked for as a join: a list's members are compared with every row, a join passes by what lies outside them.
    params: dict[str, object] = {"who": members[0] if one else list(members)}
    if model is not None:
        params["model"] = model
    rows = query(
        f"SELECT {names} FROM {scan(store, table, version, bucket)} "
        f"WHERE person_id {'= $who' if one else 'IN (SELECT unnest($who))'}"
        f"{'' if model is None else ' AND model = $model'} ORDER BY {order}",
        params,
    )
    return conform(table, rows)


def _read_each(
    store: Lake, version: Version, table: Table, bucket: int, members: Sequence[str], model: str | None = None
) -> dict[str, pa.Table]:
    """Rows of people of one bucket, each person's held in memory."""
    told = (str(store.root), table.name, *_numbers(table, version), model)
    keys = {person_id: (*told, person_id) for person_id in members}
    with _READING[bucket % len(_READING)]:
        found = {person_id: _HELD_EACH.find(key) for person_id, key in keys.items()}
        lacking = [person_id for person_id, rows in found.items() if rows is None]
        if lacking:
            rows = _read(store, version, table, bucket, lacking, model)
            ids = rows["person_id"].combine_chunks().dictionary_encode()
            known = {person_id: number for number, person_id in enumerate(ids.dictionary.to_pylist())}
            place = ids.indices.to_numpy()
            for person_id in lacking:
                # Taken, not sliced: what is held must not keep the rows of others in memory.
                mine = np.flatnonzero(place == known.get(person_id, -1))
                found[person_id] = rows.take(pa.array(mine)).combine_chunks()
                _HELD_EACH.hold(keys[person_id], found[person_id])
    return {person_id: rows for person_id, rows in found.items() if rows is not None}


def _read_held(
    store: Lake, version: Version, table: Table, bucket: int, person_ids: Sequence[str]
) -> dict[str, pa.Table]:
    """Rows of people of one bucket, of a table that is held in memory bucket by bucket; it is in the order of ids."""

    def read() -> pa.Table:
        names = ", ".join(f'"{name}"' for name in table.column_names)
        order = ", ".join(f'"{name}" NULLS LAST' for name in table.order)
        sql = f"SELECT {names} FROM {scan(store, table, version, bucket)} ORDER BY {order}"
        return conform(table, query(sql, {})).combine_chunks()

    key = (str(store.root), table.name, version.tables[table.name], bucket)
    with _READING[bucket % len(_READING)]:
        rows = _HELD.get(key, read)
    ids, every = rows["person_id"].chunk(0) if rows.num_rows else pa.array([]), range(rows.num_rows)

    def find(person_id: str) -> pa.Table:
        first = bisect_left(every, person_id, key=lambda row: ids[row].as_py())
        end = first
        while end < len(ids) and ids[end].as_py() == person_id:
            end += 1
        return rows.slice(first, end - first)

    return {person_id: find(person_id) for person_id in person_ids}
