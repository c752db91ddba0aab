"""How do stewards' decisions, which know records by opaque keys, reach the records of a run?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.cluster import Pairs
from washhouse.linkage.person_ids import Key, Record, record_key


def find_records(table: pa.Table, keys: Iterable[str], key: Key) -> dict[str, Record]:
    """Return the records that bear some opaque keys; keys of records that are not there are left out.

    Args:
        table: Records, with `source` and `source_id`.
        keys: Opaque keys.
        key: Keyed hash that made them.
    """
    wanted = set(keys)
    if not wanted:
        return {}
    names = zip(table.column("source").to_pylist(), table.column("source_id").to_pylist(), strict=True)
    return {name: record for record in names if (name := record_key(key, *record)) in wanted}


def rows_of_pairs(table: pa.Table, pairs: Sequence[tuple[Record, Record]]) -> Pairs:
    """Return pairs of records as rows of a table, without those of which a record is not there.

    Args:
        table: Records, with `source` and `source_id`.
        pairs: Pairs of records.
    """
    if not pairs:
        return np.empty((2, 0), dtype=np.int64)
    names = pc.binary_join_element_wise(table.column("source"), table.column("source_id"), "\x1f")
    asked = pa.array(["\x1f".join(record) for pair in pairs for record in pair], pa.string())
    rows = pc.fill_null(pc.index_in(asked, value_set=names.combine_chunks()), -1).to_numpy().astype(np.int64)
    found = rows.reshape(-1, 2).T
    both: Pairs = found[:, (found >= 0).all(axis=0)]
    return both


def count_decisions(
    must: Sequence[Any], cannot: Sequence[Any], rows: tuple[Pairs, Pairs], unmet: int
) -> dict[str, int]:
    """Say what became of the decisions: how many hold, contradict others, or wait for a record."""
    given, there = len(must) + len(cannot), rows[0].shape[1] + rows[1].shape[1]
    return {
        "together": rows[0].shape[1] - unmet,
        "apart": rows[1].shape[1],
        "contradicted": unmet,
        "waiting": given - there,
    }
