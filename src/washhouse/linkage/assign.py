"""Which pairs hold when every record has one partner at most?

Two clean lists are linked one to one. Then a pair is likelier than it looks alone where nobody else claims its
records, and less likely where somebody does. The pairs' marginal probabilities under that rule are those of a
monomer-dimer model on the graph of candidates; belief propagation gives them in a few dozen passes, always to the same
fixed point. How many records have a partner at all is re-estimated from the marginals.

References:
    Bayati, Nair 2006, "A rigorous proof of the cavity method for counting matchings", arXiv:cond-mat/0607290.
    Zdeborova, Mezard 2006, "The number of matchings in random graphs", doi:10.1088/1742-5468/2006/05/P05003.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.encode import Ints
from washhouse.linkage.model import Floats
from washhouse.linkage.similarity import compiled

Array = npt.NDArray[Any]
_PASSES = 300
_ROUNDS = 10
_TOLERANCE = 1e-9


def one_to_one_probabilities(left: Ints, right: Ints, weights: Floats, prior: float, sizes: tuple[int, int]) -> Floats:
    """Return each pair's probability, given that a record has one partner at most.

    Args:
        left: Record of each pair in the left table.
        right: Record in the right table; records of both tables are numbered together.
        weights: Weight of each pair, bits, prior included.
        prior: Prior within the weights, bits.
        sizes: Number of records left and right.

    Returns:
        Marginal probability of each pair.
    """
    if len(left) == 0:
        return np.empty(0)
    records = int(max(left.max(), right.max())) + 1
    alone = 1.0 / (1.0 + np.exp2(-np.clip(weights, -60, 60)))
    expected = min(
        float(np.minimum(np.bincount(side, weights=alone, minlength=records), 1.0).sum()) for side in (left, right)
    )
    held = alone
    for _ in range(_ROUNDS):
        expected = float(np.clip(expected, 0.5, min(sizes) - 0.5))
        free = (sizes[0] - expected) * (sizes[1] - expected)
        odds = np.exp2(np.clip(weights - prior + np.log2(expected / free), -60, 60))
        held = matching_marginals(left, right, odds, records)
        if abs(held.sum() - expected) < 1e-3 * expected:
            break
        expected = float(held.sum())
    return held


def matching_marginals(left: Ints, right: Ints, odds: Floats, records: int) -> Floats:
    """Return each pair's share of all one-to-one choices of pairs, a choice counting as the product of its odds.

    Messages are passed until each record's chance to be free of its other pairs settles.

    Args:
        left: Record of each pair on one side.
        right: Record on the other.
        odds: What a pair counts for.
        records: Number of records on both sides.
    """
    from_left, from_right = np.ones(len(left)), np.ones(len(left))
    for _ in range(_PASSES):
        at_left = np.bincount(left, weights=odds * from_right, minlength=records)
        at_right = np.bincount(right, weights=odds * from_left, minlength=records)
        new_left = 1.0 / (1.0 + np.maximum(at_left[left] - odds * from_right, 0.0))
        new_right = 1.0 / (1.0 + np.maximum(at_right[right] - odds * from_left, 0.0))
        moved = max(float(np.abs(new_left - from_left).max()), float(np.abs(new_right - from_right).max()))
        from_left, from_right = np.sqrt(from_left * new_left), np.sqrt(from_right * new_right)
        if moved < _TOLERANCE:
            break
    held = odds * from_left * from_right
    result: Floats = held / (1.0 + held)
    return result


@compiled
def _take(left: Array, right: Array, taken: Array, keep: Array) -> None:
    for p in range(len(left)):
        if not taken[left[p]] and not taken[right[p]]:
            taken[left[p]] = True
            taken[right[p]] = True
            keep[p] = True


def assign(left: Ints, right: Ints, probabilities: Floats, weights: Floats) -> npt.NDArray[np.bool_]:
    """Choose pairs so that every record has one partner at most, the likeliest first.

    Args:
        left: Record of each pair in the left table.
        right: Record in the right table; records of both tables are numbered together.
        probabilities: Probability of each pair under the rule.
        weights: Weight of each pair; decides between equal probabilities, then the order of the records does.

    Returns:
        True for each pair chosen.
    """
    order = np.lexsort((right, left, -weights, -probabilities))
    keep = np.zeros(len(left), dtype=bool)
    if len(left):
        taken = np.zeros(int(max(left.max(), right.max())) + 1, dtype=bool)
        _take(left[order], right[order], taken, keep)
    chosen = np.zeros(len(left), dtype=bool)
    chosen[order] = keep
    return chosen
