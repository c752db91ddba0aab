"""Which records make up one person, once every pair has its weight?

Links are taken by falling weight. A union that would put two different valid NHS numbers or two death dates into one
person, or make a person larger than anyone is, is refused and kept for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.encode import Ints
from washhouse.linkage.model import Floats
from washhouse.linkage.similarity import compiled

Array = npt.NDArray[Any]
CAUSES = ("", "two different NHS numbers", "two death dates", "more records than one person has")
"""Why a union was refused, by code; code 0 is a union that was made."""
MAX_RECORDS = 30
"""Records of one person at most."""


@dataclass(frozen=True)
class Clusters:
    """Records put together.

    Attributes:
        label: For each record the lowest record of its cluster.
        refused: Indices of the links whose union was refused, strongest first.
        causes: Index into `CAUSES` for each of them.
    """

    label: Ints
    refused: npt.NDArray[np.int64]
    causes: npt.NDArray[np.int8]


@compiled
def _root(parent: Array, x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@compiled
def _unite(left: Array, right: Array, parent: Array, size: Array, marks: Array, limit: int, outcome: Array) -> None:
    for e in range(len(left)):
        a = _root(parent, left[e])
        b = _root(parent, right[e])
        if a == b:
            continue
        cause = 0
        for m in range(marks.shape[0]):
            if cause == 0 and marks[m, a] >= 0 and marks[m, b] >= 0 and marks[m, a] != marks[m, b]:
                cause = m + 1
        if cause == 0 and size[a] + size[b] > limit:
            cause = 3
        outcome[e] = cause
        if cause:
            continue
        if b < a:
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
        for m in range(marks.shape[0]):
            if marks[m, a] < 0:
                marks[m, a] = marks[m, b]
    for x in range(len(parent)):
        parent[x] = _root(parent, x)


def cluster(
    records: int,
    left: Ints,
    right: Ints,
    weights: Floats,
    *,
    nhs_number: Ints | None = None,
    death_date: Ints | None = None,
    limit: int = MAX_RECORDS,
) -> Clusters:
    """Put linked records together under constraints.

    Args:
        records: Number of records.
        left: One record of each link.
        right: The other.
        weights: Weight of each link; equal weights are taken in the order of the records.
        nhs_number: Code of each record's valid NHS number, -1 without one.
        death_date: Code of each record's death date, -1 without one.
        limit: Records of one cluster at most.

    Returns:
        The clusters, and the links that were refused.
    """
    order = np.lexsort((right, left, -weights))
    nothing = np.full(records, -1, dtype=np.int32)
    marks = np.stack([(nothing if m is None else m).astype(np.int32) for m in (nhs_number, death_date)])
    parent = np.arange(records, dtype=np.int32)
    outcome = np.zeros(len(left), dtype=np.int8)
    _unite(left[order], right[order], parent, np.ones(records, dtype=np.int32), marks, limit, outcome)
    refused = np.flatnonzero(outcome)
    return Clusters(parent, order[refused], outcome[refused])
