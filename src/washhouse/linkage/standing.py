"""How does each compared pair stand: its records together or apart, and may anybody be asked about it?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.hashes import name_records
from washhouse.linkage.own_numbers import Codes, OwnNumbers
from washhouse.linkage.sensitive import Flags

BY_STEWARD = "kept apart by a steward"
"""Cause of a refused union that needs no question."""
_KEYS = ("left_source", "left_id", "right_source", "right_id")
_NAME = ["source", "source_id"]
Places = npt.NDArray[np.int64]


def stand(edges: pa.Table, refused: pa.Table, threshold: float, numbers: OwnNumbers) -> tuple[Flags, Flags]:
    """Say of each edge whether its records are one person's now, and whether it may never be asked about.

    The latter are pairs of two people who each have an NHS number of their own: no answer stands for them.

    Args:
        edges: Compared pairs worth keeping, see `tables.EDGE`.
        refused: Links whose union was refused, see `tables.REFUSED`.
        threshold: Probability from which a pair is a link.
        numbers: Whose record, and whose number, is whose.

    Returns:
        Two flags for each edge.
    """
    chances = edges.column("probability").to_numpy()
    below = np.flatnonzero(chances < threshold)
    linked = _linked(edges, chances >= threshold, below, refused, numbers)
    apart = np.flatnonzero(~linked)
    closed = np.zeros(len(chances), dtype=bool)
    closed[apart] = numbers.differ(*_people(edges, apart, numbers))
    return linked, closed


def _people(edges: pa.Table, rows: Places, numbers: OwnNumbers) -> tuple[Codes, Codes]:
    """Return the people of both ends of some edges."""
    some = edges.select(list(_KEYS)).take(pa.array(rows))
    left, right = (some.select([f"{s}_source", f"{s}_id"]).rename_columns(_NAME) for s in ("left", "right"))
    return numbers.holders(name_records(left)), numbers.holders(name_records(right))


def _linked(edges: pa.Table, linked: Flags, below: Places, refused: pa.Table, numbers: OwnNumbers) -> Flags:
    """Say of each edge whether its records are one person's now.

    A pair from the threshold on is, unless its union was refused; below it, only where other records join the two.
    """
    left, right = _people(edges, below, numbers)
    linked[below] = (left >= 0) & (left == right)
    if refused.num_rows:
        above = np.flatnonzero(linked)
        ids = pc.is_in(edges.column("left_id").take(pa.array(above)), value_set=pc.unique(refused.column("left_id")))
        maybe = above[ids.to_numpy()]
        apart = set(zip(*(refused.column(name).to_pylist() for name in _KEYS), strict=True))
        for place, row in zip(maybe.tolist(), edges.select(list(_KEYS)).take(pa.array(maybe)).to_pylist(), strict=True):
            linked[place] = tuple(row.values()) not in apart
    return linked
