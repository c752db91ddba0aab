"""Which links does the model itself expect to be wrong, and which does it expect to be missing?

A pair's own probability is not the last word once people have been made of pairs. A record that hardly resembles one of
its person's records may still be held by the others, and a pair of likely links stays apart when the rest of the two
people disagree. So probabilities are taken in the light of the people that were made:

- A record's hold on its person is the sum of the weights of its compared pairs there. A pair inside a person is wrong
  when either of its two records does not belong.
- Two people that were kept apart are weighed by the mean weight of all pairs between them; a pair that was not worth
  keeping, or never compared, counts as a probability of 1 %.

Both rules were chosen because they come closest to the truth of invented cities; see the decision record.

References:
    docs/adr/2026-11-23-linkage-quality.md (the two rules, measured).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from washhouse.linkage.model import Floats, probability
from washhouse.linkage.scoring import Scored
from washhouse.linkage.similarity import compiled

LEAST_PROBABILITY = 0.01
"""Pairs below it are not kept from one run to the next, and so not looked at here."""
ABSENT_BITS = float(np.log2(LEAST_PROBABILITY / (1 - LEAST_PROBABILITY)))
"""Weight at which a pair between two people counts that is not among those kept: it is at most this."""
CERTAIN_BITS = 60.0
"""Weights are cut here before they are added: beyond, only rounding differs. A steward's decision weighs as much."""

Indices = npt.NDArray[np.integer[Any]]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Expected:
    """Expected errors, by record and by pair.

    Attributes:
        linked: Records that each record shares its person with. Shape (records,).
        false: How many of them are expected not to be the same person. Shape (records,).
        joined: How many of the expected true ones were never compared, but joined through others. Shape (records,).
        left: One record of each pair below.
        right: The other.
        apart: True where the pair's records were put into different people.
        probability: How likely the pair is one person, in the light of the people that were made.
        unit: Number of the group of people that each record's errors may touch; groups are independent.
        order: Place of each pair among those that were given.
    """

    linked: Floats
    false: Floats
    joined: Floats
    left: Indices
    right: Indices
    apart: npt.NDArray[np.bool_]
    probability: Floats
    unit: npt.NDArray[np.int64]
    order: Indices


def expected_errors(label: Indices, left: Indices, right: Indices, weights: Floats) -> Expected:
    """Weigh every link that was made and every pair that was kept apart.

    Args:
        label: For each record the number of its person (its lowest record). Shape (records,).
        left: One record of each pair with a probability of at least `LEAST_PROBABILITY`, each pair once.
        right: The other.
        weights: Weight of each of them, bits, prior included.

    Returns:
        What is expected.
    """
    together = label[left] == label[right]
    inside = np.flatnonzero(together)
    linked, false, joined, kept = _inside(label, left[inside], right[inside], weights[inside])
    outside, apart_probability, unit = _between(label, left, right, weights, np.flatnonzero(~together))
    return Expected(
        linked=linked,
        false=false,
        joined=joined,
        left=np.concatenate([left[inside], left[outside]]),
        right=np.concatenate([right[inside], right[outside]]),
        apart=np.repeat([False, True], [len(inside), len(outside)]),
        probability=np.concatenate([kept, apart_probability]),
        unit=unit,
        order=np.concatenate([inside, outside]),
    )


def pairs_to_judge(scored: Scored, decided: tuple[Indices, Indices] | None = None) -> tuple[Indices, Indices, Floats]:
    """Return the pairs by which a linkage is judged, and their weights: those worth keeping, and what was decided.

    Args:
        scored: Compared pairs; those of low probability may be left out.
        decided: Pairs that a steward put together, and pairs kept apart, each of shape (2, pairs): they are certain.
    """
    left, right, weights = scored.candidates.left, scored.candidates.right, scored.pair_weights
    worth = probability(scored.weights) >= LEAST_PROBABILITY
    if not worth.all():
        kept = np.flatnonzero(worth[scored.pattern])
        left, right, weights = left[kept], right[kept], weights[kept]
    for pairs, bits in zip(decided or (), (CERTAIN_BITS, -CERTAIN_BITS), strict=False):
        left, right = np.concatenate([left, pairs[0]]), np.concatenate([right, pairs[1]])
        weights = np.concatenate([weights, np.full(pairs.shape[1], bits)])
    return left, right, weights


@dataclass(frozen=True)
class Totals:
    """Pairs of records, over everybody.

    Attributes:
        linked: Pairs that are in one person.
        false: How many of them are expected not to be one person.
        missed: Compared pairs of different people that are expected to be one person.
    """

    linked: float
    false: float
    missed: float

    @classmethod
    def of(cls, expected: Expected) -> Totals:
        """Add up what is expected of every record and pair."""
        return cls(
            float(expected.linked.sum()) / 2,
            float(expected.false.sum()) / 2,
            float(expected.probability[expected.apart].sum()),
        )

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.linked + other.linked, self.false + other.false, self.missed + other.missed)

    def __sub__(self, other: Totals) -> Totals:
        return Totals(self.linked - other.linked, self.false - other.false, self.missed - other.missed)


def change_of_errors(before: Indices, after: Indices, left: Indices, right: Indices, weights: Floats) -> Totals:
    """Return by how much the totals change when some people become one.

    Only those people are looked at, and whoever is compared with them, so that a small change costs little.

    Args:
        before: For each record the number of its person, its lowest record. Shape (records,).
        after: The same when some of these people are one.
        left: One record of each pair, see `expected_errors`.
        right: The other.
        weights: Weight of each of them, bits, prior included.
    """
    joined = np.zeros(len(before), dtype=bool)
    joined[after[before != after]] = True
    changed = joined[after]
    pairs = np.flatnonzero(changed[left] | changed[right])
    concerned = changed.copy()
    concerned[after[left[pairs]]] = concerned[after[right[pairs]]] = True
    rows = np.flatnonzero(concerned[after])
    place = np.full(len(before), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    here = place[left[pairs]], place[right[pairs]], weights[pairs]
    now, then = (Totals.of(expected_errors(place[label[rows]], *here)) for label in (after, before))
    return now - then


def _inside(label: Indices, left: Indices, right: Indices, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Weigh the pairs inside people: by record how many, how many false, how many true but not compared; by pair."""
    records = len(label)
    size = np.bincount(label, minlength=records)[label].astype(np.float64)
    loose, false, true = np.zeros(records), np.zeros(records), np.zeros(records)
    kept = np.empty(len(left))
    _weigh_holds(left, right, weights, loose)
    _share_out(label, size, loose, false, true)
    _take_seen(left, right, size, loose, kept, true)
    return size - 1.0, false, np.maximum(true, 0.0), kept


@compiled
def _weigh_holds(left: Array, right: Array, weights: Array, loose: Array) -> None:
    """Write the odds that each record does not belong to its person; 0 where no compared pair holds it there."""
    held = np.zeros(len(loose), dtype=np.bool_)
    for p in range(len(left)):
        for i in (left[p], right[p]):
            loose[i] += min(weights[p], CERTAIN_BITS)
            held[i] = True
    for i in range(len(loose)):
        # A record that no compared pair holds was put there by a decision, not by the model.
        loose[i] = 2.0 ** -min(max(loose[i], -CERTAIN_BITS), 240.0) if held[i] else 0.0


@compiled
def _wrong(size: float, one: float, other: float) -> float:
    odds = max(one, other) if size == 2 else one + other
    return odds / (1.0 + odds)


@compiled
def _take_seen(left: Array, right: Array, size: Array, loose: Array, kept: Array, true: Array) -> None:
    """Write how likely each compared pair is true, and leave to each record the true ones that were not compared."""
    for p in range(len(left)):
        kept[p] = 1.0 - _wrong(size[left[p]], loose[left[p]], loose[right[p]])
        true[left[p]] -= kept[p]
        true[right[p]] -= kept[p]


@compiled
def _share_out(label: Array, size: Array, loose: Array, false: Array, true: Array) -> None:
    """Add up for each record how many of its person's others are expected to be false, and how many true."""
    last, before = np.full(len(label), -1, np.int32), np.full(len(label), -1, np.int32)
    for i in range(len(label)):
        before[i] = last[label[i]]
        last[label[i]] = i
        j = before[i]
        while j >= 0:
            share = _wrong(size[i], loose[i], loose[j])
            false[i] += share
            false[j] += share
            true[i] += 1.0 - share
            true[j] += 1.0 - share
            j = before[j]


def _between(
    label: Indices, left: Indices, right: Indices, weights: Floats, apart: Indices
) -> tuple[Indices, Floats, npt.NDArray[np.int64]]:
    """Weigh the pairs between people: the pairs, how likely each is, and which people hang together."""
    records = len(label)
    one, other = label[left[apart]].astype(np.int64), label[right[apart]].astype(np.int64)
    low, high = np.minimum(one, other), np.maximum(one, other)
    pair, index = np.unique(low * records + high, return_inverse=True)
    a, b = pair // max(records, 1), pair % max(records, 1)
    size = np.bincount(label, minlength=records)
    there = np.bincount(index, minlength=len(pair))
    between = size[a] * size[b]
    total = np.bincount(index, np.clip(weights[apart], -CERTAIN_BITS, CERTAIN_BITS), len(pair))
    chance = 1.0 / (1.0 + np.exp2(-(total + ABSENT_BITS * np.maximum(between - there, 0)) / np.maximum(between, 1)))
    tied = chance >= LEAST_PROBABILITY
    graph = coo_matrix((np.ones(int(tied.sum()), dtype=np.int8), (a[tied], b[tied])), shape=(records, records))
    _, component = connected_components(graph, directed=False)
    return apart, chance[index], component[label].astype(np.int64)
