"""When is a place further off than chance? Funnel limits of a standardised ratio.

References:
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med 2005;24(8):1185-1202,
    doi:10.1002/sim.1970 (limits by interpolated exact quantiles, section A.1.1; 95 % and 99.8 %).
    Spiegelhalter DJ. Handling over-dispersion of performance indicators. Qual Saf Health Care 2005;14(5):347-351,
    doi:10.1136/qshc.2005.013755 (z-scores, winsorising, the factor phi).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import pdtr, pdtrik

LIMITS = (0.025, 0.975, 0.001, 0.999)
"""Probabilities below the 95 % limits, then below the 99.8 % limits."""
WINSORISED = 0.1
"""Share of the z-scores that is drawn in at either end before over-dispersion is estimated."""

Verdict = Literal["within", "above", "below", "far-above", "far-below"]
"""Within the 95 % limits; beyond them; beyond the 99.8 % limits."""


def poisson_limit(expected: float, probability: float) -> float:
    """Limit of a standardised ratio: the exact Poisson quantile, interpolated, divided by what is expected.

    The smallest count whose probability of being reached or fallen below is at least `probability` is drawn back by the
    part of its own probability that lies beyond.

    Args:
        expected: Events expected, above 0.
        probability: Probability below the limit, 0 to 1.

    Returns:
        The ratio of observed to expected at the limit, 0 or more.

    >>> round(poisson_limit(10.0, 0.975), 3), round(poisson_limit(10.0, 0.025), 3)
    (1.616, 0.378)
    """
    count = max(int(np.ceil(pdtrik(probability, expected) - 1e-9)), 0)
    reached = float(pdtr(count, expected))
    before = float(pdtr(count - 1, expected)) if count else 0.0
    return max((count - (reached - probability) / (reached - before)) / expected, 0.0)


def verdict_of(observed: float, expected: float) -> Verdict:
    """Where a place lies beside the limits of a place of its size."""
    ratio = observed / expected
    low, high, far_low, far_high = (poisson_limit(expected, probability) for probability in LIMITS)
    if ratio > far_high:
        return "far-above"
    if ratio < far_low:
        return "far-below"
    return "above" if ratio > high else "below" if ratio < low else "within"


def dispersion(observed: Sequence[float], expected: Sequence[float]) -> float:
    """How many times as widely places scatter as chance alone would have it: phi, 1 for chance alone.

    z = 2 (sqrt(observed) - sqrt(expected)); the outermost tenth at either end is drawn in, so that a few places that
    are far off do not widen the limits that they are judged by; phi is the mean of the squares.

    Args:
        observed: Events by place.
        expected: Events expected, by place.

    >>> dispersion([100, 121], [100, 100])
    2.0
    """
    z = np.sort(2 * (np.sqrt(np.asarray(observed, float)) - np.sqrt(np.asarray(expected, float))))
    cut = int(WINSORISED * len(z))
    if cut:
        z = np.clip(z, z[cut], z[-cut - 1])
    return float(np.mean(z**2))


def is_overdispersed(phi: float, places: int) -> bool:
    """Is phi more than chance makes of that many places: above 1 + 2 sqrt(2 / places)?"""
    return phi > 1 + 2 * float(np.sqrt(2 / places))
