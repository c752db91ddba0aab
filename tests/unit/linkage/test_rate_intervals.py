"""Do 95 % intervals hold the truth in about 95 of 100 repetitions?"""

from __future__ import annotations

import numpy as np
import pytest

from washhouse.linkage.model import Floats
from washhouse.linkage.rate_intervals import BLOCKS, jackknife_variance, rate_limits, ratio_limits

REPETITIONS = 400
TOLERANCE = 3 * np.sqrt(0.95 * 0.05 / REPETITIONS)


def rate(sums: Floats) -> Floats:
    return np.divide(sums[..., 0], sums[..., 1], out=np.zeros_like(sums[..., 0]), where=sums[..., 1] > 0)


USUAL = (0.6 / 2.6 * 2.5) / (0.375 * 1.5)
"""How large a doubt usually is: mean square over mean of a beta(0.6, 1) share of one or two links."""


def drawn(people: int, doubtful: float, rng: np.random.Generator) -> Floats:
    """Blocks of people, some with doubtful links of different size."""
    doubts = np.where(rng.random(people) < doubtful, rng.beta(0.6, 1.0, people) * rng.integers(1, 3, people), 1e-4)
    links = rng.integers(1, 5, people).astype(float)
    block = rng.integers(0, BLOCKS, people)
    return np.stack([np.bincount(block, column, BLOCKS) for column in (doubts, links)], axis=1)


def limits(sums: Floats) -> tuple[float, tuple[float, float]]:
    events, base = sums.sum(axis=0)
    return events / base, rate_limits(events, jackknife_variance(sums, rate) * base**2, base, USUAL)


@pytest.mark.parametrize(("people", "doubtful"), [(20_000, 0.02), (2_000, 0.02), (300, 0.02), (300, 0.3)])
def test_the_interval_of_a_rate_holds_it(people: int, doubtful: float) -> None:
    truth = (doubtful * 0.375 * 1.5 + (1 - doubtful) * 1e-4) / 2.5
    held = 0
    for seed in range(REPETITIONS):
        _, (low, high) = limits(drawn(people, doubtful, np.random.default_rng(seed)))
        held += low <= truth <= high
    assert 0.95 - TOLERANCE <= held / REPETITIONS <= 1.0


@pytest.mark.parametrize(("people", "doubtful"), [(5_000, 0.02), (500, 0.02), (200, 0.1)])
def test_the_interval_of_a_ratio_holds_parity_where_errors_are_equal(people: int, doubtful: float) -> None:
    held = 0
    for seed in range(REPETITIONS):
        rng = np.random.default_rng(seed)
        rest, mine = drawn(10_000, doubtful, rng), drawn(people, doubtful, rng)
        low, high = ratio_limits(*limits(mine), *limits(rest))
        held += low <= 1 <= high
    assert 0.95 - TOLERANCE <= held / REPETITIONS <= 1.0


def test_the_interval_of_a_ratio_leaves_parity_out_where_errors_are_three_times_as_many() -> None:
    found = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        rest, mine = drawn(10_000, 0.02, rng), drawn(2_000, 0.06, rng)
        found += ratio_limits(*limits(mine), *limits(rest))[0] > 1
    assert found >= 95


def test_no_error_seen_is_no_certainty() -> None:
    low, high = rate_limits(0.0, 0.0, 100.0, 1.0)
    assert low == 0.0
    assert high == pytest.approx(0.0369, abs=1e-4), "as for a Poisson count of none"


def test_variance_needs_two_blocks() -> None:
    assert np.isnan(jackknife_variance(np.array([[1.0, 2.0]]), rate))
