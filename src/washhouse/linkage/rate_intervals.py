"""How sure is a rate of rare errors, and its ratio to everybody else's?

Errors of linkage come in lumps: a few people carry most of what a group has. So

- the variance of a group's rate comes from leaving out, one after another, blocks of people that hang together
  (the delete-a-group jackknife), never from counting pairs as if they were independent;
- the limits are those of a gamma distribution with that mean and variance (Fay and Feuer), which hold where errors are
  few, even none: the upper limit always allows for one more error of the usual size;
- the ratio of two rates gets its limits from those of the two (Zou and Donner's MOVER, on the logarithm).

References:
    Kott 2001, "The delete-a-group jackknife", Journal of Official Statistics 17(4), 521-526.
    Fay, Feuer 1997, "Confidence intervals for directly standardized rates: a method based on the gamma distribution",
        Statistics in Medicine 16, 791-801, doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#.
    Zou, Donner 2008, "Construction of confidence limits about effect measures: a general approach",
        Statistics in Medicine 27, 1693-1702, doi:10.1002/sim.3095.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import gammaincinv

from washhouse.linkage.model import Floats

BLOCKS = 400
"""Blocks of people for the jackknife: the error of a standard error is then about 4 %."""
ALPHA = 0.05

Statistic = Callable[[Floats], Floats]
"""From sums (..., columns) to one figure each (...)."""


def jackknife_variance(blocks: Floats, statistic: Statistic) -> float:
    """Return the variance of a statistic of sums over independent blocks.

    Args:
        blocks: Sums of each block. Shape (blocks, columns).
        statistic: Makes the figure of the sums.

    >>> sums = np.array([[1.0], [3.0], [2.0], [2.0]])
    >>> round(jackknife_variance(sums, lambda s: s[..., 0]), 3)
    1.5
    """
    used = blocks[np.any(blocks != 0.0, axis=1)]
    if len(used) < 2:
        return float("nan")
    total = used.sum(axis=0)
    left_out = statistic(total - used)
    return float((len(used) - 1) / len(used) * ((left_out - left_out.mean()) ** 2).sum())


def rate_limits(events: float, variance: float, base: float, one_more: float) -> tuple[float, float]:
    """Return the 95 % limits of a rate.

    Args:
        events: Expected errors.
        variance: Variance of them.
        base: What they are a share of.
        one_more: Size of the error that the upper limit allows for beyond those seen.

    >>> low, high = rate_limits(10.0, 10.0, 1000.0, 1.0)  # as for a Poisson count of 10
    >>> round(low, 5), round(high, 5)
    (0.0048, 0.01839)
    """
    if base <= 0.0:
        return 0.0, 1.0
    low = _gamma(ALPHA / 2, events, variance) if events > 0.0 else 0.0
    high = _gamma(1 - ALPHA / 2, events + one_more, variance + one_more**2)
    return min(low / base, 1.0), min(high / base, 1.0)


def _gamma(share: float, mean: float, variance: float) -> float:
    """Return a quantile of the gamma distribution with this mean and variance."""
    if variance <= 0.0:
        return mean
    return float(gammaincinv(mean**2 / variance, share) * variance / mean)


def ratio_limits(
    rate: float, limits: tuple[float, float], other: float, other_limits: tuple[float, float]
) -> tuple[float, float]:
    """Return the 95 % limits of the ratio of two independent rates.

    Args:
        rate: One rate.
        limits: Its limits.
        other: The rate that it is divided by.
        other_limits: Its limits.

    >>> low, high = ratio_limits(0.02, (0.01, 0.04), 0.01, (0.009, 0.011))
    >>> round(low, 2), round(high, 2)
    (0.99, 4.03)
    """
    tiny = 1e-12
    a, b = np.log(max(rate, tiny)), np.log(max(other, tiny))
    a_low, a_high = (np.log(max(x, tiny)) for x in limits)
    b_low, b_high = (np.log(max(x, tiny)) for x in other_limits)
    low = a - b - np.hypot(a - a_low, b_high - b)
    high = a - b + np.hypot(a_high - a, b - b_low)
    return float(np.exp(low)), float(np.exp(high))
