"""Which records make up one person, once every pair has its weight?

Links are taken by falling weight. A union that would put two different valid NHS numbers or two death dates into one
person, or make a person larger than anyone is, is refused and kept for a person to look at.

What stewards decided comes first. Records that they put together are together before any link is taken, and their NHS
numbers then count as one; records that they kept apart are never in one person, whatever links lead from one to the
other, so that an un-merge lasts.

Views of people differ in how sure a link must be. They are stages of one clustering: the strict one comes first, and
each further one goes on from there. So whoever is one person in a stricter view is one in every more lenient one, and
no view puts together what a constraint or a steward keeps apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.encode import Ints
from washhouse.linkage.model import Floats
from washhouse.linkage.similarity import compiled

Array = npt.NDArray[Any]
CAUSES = (
    "",
    "two different NHS numbers",
    "two death dates",
    "more records than one person has",
    "kept apart by a steward",
)
"""Why a union was refused, by code; code 0 is a union that was made."""
SENSITIVE = 5
"""Code of a union that only a later stage refuses: a sensitive change may lie between the two (`sensitive`)."""
TOGETHER = -1
"""Code of a link whose records were together already."""
MAX_RECORDS = 30
"""Records of one person at most."""


@dataclass(frozen=True)
class Clusters:
    """Records put together.

    Attributes:
        label: For each record the lowest record of its cluster.
        refused: Indices of the links whose union was refused, strongest first.
        causes: Index into `CAUSES` for each of them; in later stages also `SENSITIVE`.
        joining: Indices of the links that put two clusters together, strongest first.
        unmet: Indices of the pairs put together by a steward that could not be: they contradict another decision or
            have two death dates.
    """

    label: Ints
    refused: npt.NDArray[np.int64]
    causes: npt.NDArray[np.int8]
    joining: npt.NDArray[np.int64]
    unmet: npt.NDArray[np.int64]


@compiled
def _root(parent: Array, x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@compiled
def _are_apart(a: int, b: int, parent: Array, apart: Array, guarded: Array) -> bool:
    """Say whether a steward keeps a record of one cluster apart from a record of the other."""
    if not (guarded[a] and guarded[b]):
        return False
    for k in range(apart.shape[1]):
        x = _root(parent, apart[0, k])
        y = _root(parent, apart[1, k])
        if (x == a and y == b) or (x == b and y == a):
            return True
    return False


@compiled
def _unite(
    left: Array, right: Array, parent: Array, size: Array, marks: Array, limit: int, apart: Array, guarded: Array,
    outcome: Array,
) -> None:  # fmt: skip
    for e in range(len(left)):
        a = _root(parent, left[e])
        b = _root(parent, right[e])
        if a == b:
            outcome[e] = TOGETHER
            continue
        cause = 0
        for m in range(marks.shape[0]):
            if cause == 0 and marks[m, a] >= 0 and marks[m, b] >= 0 and marks[m, a] != marks[m, b]:
                cause = m + 1 if m < 2 else SENSITIVE
        if cause == 0 and size[a] + size[b] > limit:
            cause = 3
        if _are_apart(a, b, parent, apart, guarded):
            cause = 4
        outcome[e] = cause
        if cause:
            continue
        if b < a:
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
        guarded[a] = guarded[a] or guarded[b]
        for m in range(marks.shape[0]):
            if marks[m, a] < 0:
                marks[m, a] = marks[m, b]
    for x in range(len(parent)):
        parent[x] = _root(parent, x)


Pairs = npt.NDArray[np.int64]
"""Pairs of records, shape (2, pairs)."""
NO_PAIRS: Pairs = np.empty((2, 0), dtype=np.int64)


def cluster(
    records: int,
    left: Ints,
    right: Ints,
    weights: Floats,
    *,
    nhs_number: Ints | None = None,
    death_date: Ints | None = None,
    limit: int = MAX_RECORDS,
    must: Pairs = NO_PAIRS,
    cannot: Pairs = NO_PAIRS,
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
        must: Pairs that a steward put together, the oldest first.
        cannot: Pairs that a steward keeps apart.

    Returns:
        The clusters, and the links that were refused.
    """
    (found,) = nested_clusters(
        records,
        [(left, right, weights)],
        nhs_number=nhs_number,
        death_date=death_date,
        limit=limit,
        must=must,
        cannot=cannot,
    )
    return found


def nested_clusters(
    records: int,
    stages: Sequence[tuple[Ints, Ints, Floats]],
    *,
    nhs_number: Ints | None = None,
    death_date: Ints | None = None,
    sex: Ints | None = None,
    restricted: npt.NDArray[np.bool_] | None = None,
    limit: int = MAX_RECORDS,
    must: Pairs = NO_PAIRS,
    cannot: Pairs = NO_PAIRS,
) -> tuple[Clusters, ...]:
    """Put linked records together in stages, each of which goes on from the one before; see `cluster`.

    Args:
        records: Number of records.
        stages: One record, the other and the weight of each link of a stage.
        nhs_number: Code of each record's valid NHS number, -1 without one.
        death_date: Code of each record's death date, -1 without one.
        sex: 0 or 1 for each record, -1 without; later stages put no two people of different sexes together.
        restricted: Records whose people no later stage puts together with anybody.
        limit: Records of one cluster at most.
        must: Pairs that a steward put together, the oldest first.
        cannot: Pairs that a steward keeps apart.

    Returns:
        The clusters after each stage. Refused and joining links are indices into the stage's own. Every cluster lies
        in one cluster of every later stage.
    """
    nothing = np.full(records, -1, dtype=np.int32)
    marks = np.stack([nothing, nothing if death_date is None else death_date]).astype(np.int32)
    parent = np.arange(records, dtype=np.int32)
    size, guarded = np.ones(records, dtype=np.int32), np.zeros(records, dtype=bool)
    guarded[cannot.ravel()] = True
    wanted = np.zeros(must.shape[1], dtype=np.int8)
    _unite(must[0], must[1], parent, size, marks, records, cannot, guarded, wanted)
    if nhs_number is not None:
        np.maximum.at(marks[0], parent, _one_number(nhs_number, parent, must))
    unmet = np.flatnonzero(wanted > 0)
    found: list[Clusters] = []
    for left, right, weights in stages:
        order = np.lexsort((right, left, -weights))
        outcome = np.zeros(len(left), dtype=np.int8)
        _unite(left[order], right[order], parent, size, marks, limit, cannot, guarded, outcome)
        refused = np.flatnonzero(outcome > 0)
        if not found:
            marks = np.concatenate([marks, _sensitive_marks(parent, sex, restricted)])
        found.append(Clusters(parent.copy(), order[refused], outcome[refused], order[outcome == 0], unmet))
    return tuple(found)


def numbered_people(label: npt.NDArray[np.integer[Any]]) -> Ints:
    """Number people from 0, in the order of their labels, without gaps.

    Args:
        label: For each record one record of its person, the same for all of them.

    >>> numbered_people(np.array([0, 1, 0, 3, 1])).tolist()
    [0, 1, 0, 2, 1]
    """
    number = np.cumsum(label == np.arange(len(label)), dtype=np.int32) - np.int32(1)
    person: Ints = number[label]
    return person


def _sensitive_marks(parent: Ints, sex: Ints | None, restricted: npt.NDArray[np.bool_] | None) -> Ints:
    """Mark people so that no weaker link joins two between whom a sensitive change may lie. Shape (2, records)."""
    said = np.zeros((2, len(parent)), dtype=bool)
    for code in (0, 1):
        if sex is not None:
            said[code, parent[sex == code]] = True
    sexes = np.where(said[0] != said[1], said[1], -1)
    alone = np.zeros(len(parent), dtype=np.int32)
    if restricted is not None:
        alone[parent[restricted]] = parent[restricted] + 1
    return np.stack([sexes, alone]).astype(np.int32)


def _one_number(numbers: Ints, parent: Ints, must: Pairs) -> Ints:
    """Make NHS numbers one where a steward put their bearers together."""
    decided = np.unique(must)
    decided = decided[numbers[decided] >= 0]
    held: dict[int, int] = {}
    of = np.arange(int(numbers.max(initial=-1)) + 1, dtype=np.int32)
    for record in decided.tolist():
        first = held.setdefault(int(parent[record]), int(numbers[record]))
        low, high = sorted((int(of[first]), int(of[numbers[record]])))
        of[of == high] = low
    return np.where(numbers >= 0, of[numbers] if len(of) else -1, -1).astype(np.int32)
