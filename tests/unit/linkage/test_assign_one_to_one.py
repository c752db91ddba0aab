"""What does it change that every record has one partner at most?"""

from __future__ import annotations

import itertools

import numpy as np

from washhouse.linkage.assign import assign, matching_marginals, one_to_one_probabilities


def test_marginals_are_exact_on_a_tree() -> None:
    # Left 0, 1; right 2, 3; candidates 0-2, 1-2, 1-3: a path, where belief propagation is exact.
    left, right = np.array([0, 1, 1], np.int32), np.array([2, 2, 3], np.int32)
    odds = np.array([1.0, 2.0, 0.5])
    found = matching_marginals(left, right, odds, 4)

    total, share = 0.0, np.zeros(3)
    for taken in itertools.product([0, 1], repeat=3):
        chosen = [p for p in range(3) if taken[p]]
        if len({left[p] for p in chosen}) == len(chosen) == len({right[p] for p in chosen}):
            mass = np.prod([odds[p] for p in chosen])
            total += mass
            share += mass * np.array(taken)
    assert np.allclose(found, share / total, atol=1e-6)


def test_a_rival_takes_probability_and_its_absence_gives_some() -> None:
    alone = one_to_one_probabilities(np.array([0], np.int32), np.array([5], np.int32), np.array([0.0]), -8.0, (4, 4))
    rivals = one_to_one_probabilities(
        np.array([0, 1], np.int32), np.array([5, 5], np.int32), np.array([0.0, 6.0]), -8.0, (4, 4)
    )
    assert alone[0] > 0.9
    assert rivals[0] < 0.05 < 0.9 < rivals[1]


def test_every_record_is_used_once_the_likeliest_first() -> None:
    left, right = np.array([0, 0, 1], np.int32), np.array([2, 3, 2], np.int32)
    assert assign(left, right, np.array([0.9, 0.8, 0.95]), np.zeros(3)).tolist() == [False, True, True]


def test_nothing_to_choose_from() -> None:
    nothing = np.empty(0, np.int32)
    assert one_to_one_probabilities(nothing, nothing, np.empty(0), 0.0, (3, 3)).tolist() == []
    assert assign(nothing, nothing, np.empty(0), np.empty(0)).tolist() == []
