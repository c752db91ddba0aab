"""How are people's rows read from a version's files, or from memory, once somebody may see them?

Nothing here decides who may: `record.reader` does, and notes it first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from washhouse.core.tables import Table
from washhouse.lake.pointer import Version
from washhouse.lake.schemas import arrow_schema, conform
from washhouse.lake.store import Lake
from washhouse.record.held import EVENT_BYTES, Held
from washhouse.record.scan import query, scan
from washhouse.record.tables import EVENT, EVENT_CHANGE, PERSON, RELATION
from washhouse.record.views import bucket_finder

HELD_TABLES = (PERSON, RELATION)
"""Tables that are held in memory, bucket by bucket, once somebody asked; of scores, those of the model asked for."""

_HELD = Held()
_HELD_EVENTS = Held(EVENT_BYTES)


def read_events(store: Lake, version: Version, person_ids: Sequence[str]) -> pa.Table:
    """Read rows of `record.event` of some people, in the table's order.

    Each person's are held in memory once somebody asked for them.
    """
    numbers = version.tables[EVENT.name], version.tables.get(EVENT_CHANGE.name)
    keys = {person_id: (str(store.root), *numbers, person_id) for person_id in sorted(set(person_ids))}
    found = {person_id: _HELD_EVENTS.find(key) for person_id, key in keys.items()}
    lacking = [person_id for person_id, rows in found.items() if rows is None]
    if lacking:
        rows = read_rows(store, version, EVENT, lacking)
        ids = rows["person_id"].combine_chunks().dictionary_encode()
        members = ids.dictionary.to_pylist()
        place = ids.indices.to_numpy()
        for person_id in lacking:
            # Taken, not sliced: what is held must not keep the rows of others in memory.
            mine = np.flatnonzero(place == members.index(person_id)) if person_id in members else place[:0]
            found[person_id] = rows.take(pa.array(mine)).combine_chunks()
            _HELD_EVENTS.hold(keys[person_id], found[person_id])
    return pa.concat_tables([arrow_schema(EVENT).empty_table(), *found.values()])


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
    by_bucket: dict[int, list[str]] = defaultdict(list)
    find = bucket_finder(store, version)
    for person_id in person_ids:
        by_bucket[find(person_id)].append(person_id)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    order = ", ".join(f'"{name}" NULLS LAST' for name in table.order)
    parts = [arrow_schema(table).empty_table()]
    for bucket, members in sorted(by_bucket.items()):
        if table in HELD_TABLES or model is not None:
            parts.append(_read_held(store, version, table, bucket, members, model))
            continue
        one = len(members) == 1
        rows = query(
            f"SELECT {names} FROM {scan(store, table, version, bucket)} "
            f"WHERE {'person_id = $who' if one else 'list_contains($who, person_id)'} ORDER BY {order}",
            {"who": members[0] if one else members},
        )
        parts.append(conform(table, rows))
    found = pa.concat_tables(parts)
    return found if len(by_bucket) < 2 else found.sort_by([(name, "ascending") for name in table.order])


def _read_held(
    store: Lake, version: Version, table: Table, bucket: int, person_ids: Sequence[str], model: str | None
) -> pa.Table:
    """Rows of people of one bucket, of a table that is held in memory bucket by bucket; it is in the order of ids."""

    def read() -> pa.Table:
        names = ", ".join(f'"{name}"' for name in table.column_names)
        order = ", ".join(f'"{name}" NULLS LAST' for name in table.order)
        where, params = ("", {}) if model is None else ("WHERE model = $model", {"model": model})
        sql = f"SELECT {names} FROM {scan(store, table, version, bucket)} {where} ORDER BY {order}"
        return conform(table, query(sql, params)).combine_chunks()

    key = (str(store.root), table.name, version.tables[table.name], bucket, model)
    rows = _HELD.get(key, read)
    ids, every = rows["person_id"], range(rows.num_rows)
    parts = [rows.slice(0, 0)]
    for person_id in sorted(person_ids):
        first, end = (find(every, person_id, key=lambda row: ids[row].as_py()) for find in (bisect_left, bisect_right))
        parts.append(rows.slice(first, end - first))
    return pa.concat_tables(parts)
