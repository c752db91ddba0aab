"""Is a new point of a series more than the series' own unevenness? Charts of statistical process control.

References:
    Individuals and moving-range (XmR) charts: NHS National Services Scotland, Statistical Process Control: Monitoring
    in Healthcare, appendix A. Limits lie 2.66 mean moving ranges from the centre, which is three standard deviations:
    two independent values of a normal distribution differ on average by 2 / sqrt(pi) = 1.128 of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

CHANCE = 0.0027
"""Chance with which a series that did not change is called changed: that of three standard deviations."""

RUN = 7
"""Points in a row on one side of the centre that are more than chance."""


@dataclass(frozen=True)
class Limits:
    """Where an unchanged series may be found.

    Attributes:
        centre: Its usual value.
        lower: Lower process limit.
        upper: Upper process limit.
    """

    centre: float
    lower: float
    upper: float

    def holds(self, value: float) -> bool:
        """Whether a value lies within.

        >>> Limits(10, 4, 16).holds(4), Limits(10, 4, 16).holds(17)
        (True, False)
        """
        return self.lower <= value <= self.upper


def count_limits(baseline: Sequence[float], series: int = 1) -> Limits:
    """Limits of counts by period, from earlier periods.

    The standard deviation is that of the moving ranges, and at least that of counts that vary by chance alone
    (Poisson), as a short baseline can be even by luck.

    Args:
        baseline: Counts of earlier periods, oldest first, at least 2.
        series: Number of series judged together; the chance of a false alarm is shared among them.

    Returns:
        The limits; the lower one is not below 0.

    >>> count_limits([100, 110, 90, 110, 90])
    Limits(centre=100.0, lower=53.4..., upper=146.5...)
    """
    counts = np.asarray(baseline, dtype=np.float64)
    centre = float(counts.mean())
    deviation = max(float(np.abs(np.diff(counts)).mean()) * np.sqrt(np.pi) / 2, np.sqrt(centre))
    reach = float(norm.isf(CHANCE / 2 / max(series, 1)) * deviation)
    return Limits(centre, max(0.0, centre - reach), centre + reach)


def ratio_limits(expected: float, variance: float) -> Limits:
    """Limits of observed over expected, where the outcomes are as likely as a model says.

    Args:
        expected: Sum of the risks, above 0.
        variance: Sum of risk times one minus risk.

    >>> ratio_limits(100.0, 81.0)
    Limits(centre=1.0, lower=0.73..., upper=1.26...)
    """
    reach = float(norm.isf(CHANCE / 2)) * variance**0.5 / expected
    return Limits(1.0, max(0.0, 1.0 - reach), 1.0 + reach)


def ends_in_run(values: Sequence[float], centre: float) -> bool:
    """Whether the last `RUN` values all lie on one side of the centre.

    >>> ends_in_run([2, 2, 2, 2, 2, 2, 2], 1), ends_in_run([0, 2, 2, 2, 2, 2, 2], 1), ends_in_run([2, 2], 1)
    (True, False, False)
    """
    last = np.asarray(values[-RUN:], dtype=np.float64)
    return len(last) == RUN and bool(np.all(last > centre) or np.all(last < centre))
