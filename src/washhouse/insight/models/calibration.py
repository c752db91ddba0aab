"""How do log-odds become probabilities that come true as often as they say?

Platt's line: the calibrated log-odds are `intercept + slope * log-odds`, fitted on later index dates than the model
was.

References:
    Platt 1999, Advances in Large Margin Classifiers, 61-74; Van Calster 2019, doi:10.1186/s12916-019-1466-7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from washhouse.insight.models.linear import Floats, clustered_covariance, with_intercept

NORMAL_95 = 1.959964
"""Half-width of a 95 % interval in standard errors."""


@dataclass(frozen=True)
class Calibration:
    """A line from log-odds to calibrated log-odds.

    Attributes:
        intercept: Calibrated log-odds at log-odds 0.
        slope: Calibrated log-odds per log-odds.
        covariance: Of intercept and slope, shape (2, 2).
    """

    intercept: float
    slope: float
    covariance: Floats

    def log_odds(self, log_odds: Floats) -> Floats:
        """Calibrated log-odds, shape as given."""
        return np.asarray(self.intercept + self.slope * log_odds)

    def risk(self, log_odds: Floats) -> Floats:
        """Calibrated probability, 0 to 1, shape as given."""
        return np.asarray(expit(self.log_odds(log_odds)))

    def interval(self, log_odds: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """95 % interval of the probability.

        Args:
            log_odds: Uncalibrated, shape (rows,).
            variance: Of the uncalibrated log-odds, shape (rows,).

        Returns:
            Lower and upper ends. They allow for the sample of people that the model and the calibration were fitted on,
            not for what the features do not know.
        """
        line = with_intercept(log_odds[:, None])
        total = self.slope**2 * variance + np.einsum("ij,jk,ik->i", line, self.covariance, line)
        half = NORMAL_95 * np.sqrt(np.maximum(total, 0.0))
        middle = self.log_odds(log_odds)
        return np.asarray(expit(middle - half)), np.asarray(expit(middle + half))


_STEPS = 50


def fit_line(
    log_odds: Floats,
    outcome: NDArray[np.bool_],
    weight: Floats | None = None,
    start: tuple[float, float] = (0.0, 1.0),
) -> tuple[float, float]:
    """Fit the line by maximum likelihood (Newton's method).

    Args:
        log_odds: Shape (rows,).
        outcome: Whether the outcome happened, shape (rows,); both must occur.
        weight: How often each row counts, shape (rows,); once, unless given.
        start: Where to start from; near the solution saves steps.

    Returns:
        Intercept and slope.

    Examples:
        >>> odds = np.repeat([-1.0, 1.0], 100)
        >>> seen = np.r_[np.arange(100) < 27, np.arange(100) < 73]
        >>> round(fit_line(odds, seen)[1], 2)
        0.99
    """
    line = with_intercept(log_odds[:, None])
    counts = np.ones(len(log_odds)) if weight is None else weight
    beta = np.array(start)
    for _ in range(_STEPS):
        risk = expit(line @ beta)
        information = (line * (counts * risk * (1 - risk))[:, None]).T @ line + 1e-9 * np.eye(2)
        step = np.linalg.solve(information, line.T @ (counts * (outcome - risk)))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1])


def fit_calibration(log_odds: Floats, outcome: NDArray[np.bool_], person: NDArray[np.int64]) -> Calibration:
    """Fit the line with its covariance, clustered by person.

    Args:
        log_odds: Shape (rows,).
        outcome: Whether the outcome happened, shape (rows,); both must occur.
        person: Number of the person of each row, shape (rows,).

    Returns:
        The calibration.
    """
    intercept, slope = fit_line(log_odds, outcome)
    line = with_intercept(log_odds[:, None])
    return Calibration(
        intercept, slope, clustered_covariance(line, outcome, np.array([intercept, slope]), person, ridge=0.0)
    )
