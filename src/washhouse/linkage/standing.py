"""How does each compared pair stand: its records together or apart, and may anybody be asked about it?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.model import Floats
from washhouse.linkage.review_people import current_people, names_of
from washhouse.linkage.sensitive import Flags, OwnNumbers

BY_STEWARD = "kept apart by a steward"
"""Cause of a refused union that needs no question."""
_KEYS = ("left_source", "left_id", "right_source", "right_id")


def stand(
    edges: pa.Table,
    refused: pa.Table,
    membership: pa.Table,
    threshold: float,
    numbers: OwnNumbers,
) -> tuple[Flags, Flags]:
    """Say of each edge whether its records are one person's now, and whether it may never be asked about.

    The latter are pairs of two people who each have an NHS number of their own: no answer stands for them.

    Args:
        edges: Compared pairs worth keeping, see `tables.EDGE`.
        refused: Links whose union was refused, see `tables.REFUSED`.
        membership: Spans of every record, see `tables.MEMBERSHIP`.
        threshold: Probability from which a pair is a link.
        numbers: Whose number is whose.

    Returns:
        Two flags for each edge.
    """
    chances = edges.column("probability").to_numpy()
    linked = _linked(edges, chances, refused, membership, threshold)
    apart = np.flatnonzero(~linked)
    left, right = names_of(edges, "left", apart), names_of(edges, "right", apart)
    person = current_people(membership, pc.unique(pa.chunked_array([left, right])))
    own = numbers.of(set(person.values()))
    closed = np.zeros(len(chances), dtype=bool)
    closed[apart] = [
        bool((mine := own.get(person.get(a, ""))) and (theirs := own.get(person.get(b, ""))) and not mine & theirs)
        for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True)
    ]
    return linked, closed


def _linked(edges: pa.Table, chances: Floats, refused: pa.Table, membership: pa.Table, threshold: float) -> Flags:
    """Say of each edge whether its records are one person's now.

    A pair from the threshold on is, unless its union was refused; below it, only where other records join the two.
    """
    linked = chances >= threshold
    below = np.flatnonzero(~linked)
    left, right = names_of(edges, "left", below), names_of(edges, "right", below)
    person = current_people(membership, pc.unique(pa.chunked_array([left, right])))
    linked[below] = [
        person.get(a) is not None and person.get(a) == person.get(b)
        for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True)
    ]
    if refused.num_rows:
        above = np.flatnonzero(linked)
        ids = pc.is_in(edges.column("left_id").take(pa.array(above)), value_set=pc.unique(refused.column("left_id")))
        maybe = above[ids.to_numpy()]
        apart = set(zip(*(refused.column(name).to_pylist() for name in _KEYS), strict=True))
        for place, row in zip(maybe.tolist(), edges.select(list(_KEYS)).take(pa.array(maybe)).to_pylist(), strict=True):
            linked[place] = tuple(row.values()) not in apart
    return linked
