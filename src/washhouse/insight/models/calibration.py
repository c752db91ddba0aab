"""How do log-odds become probabilities that come true as often as they say?

Platt's line: the calibrated log-odds are `intercept + slope * log-odds`, fitted on later index dates than the model
was. Those few months hold a fraction of the outcomes that the model was fitted on, and a line of their own would take
their chance for truth; so the line is drawn towards the one that changes nothing, the more so the fewer they hold.

References:
    Platt 1999, Advances in Large Margin Classifiers, 61-74; Van Calster 2019, doi:10.1186/s12916-019-1466-7. Shrinkage
    of an update towards the model: Steyerberg 2004, doi:10.1002/sim.1844.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from washhouse.insight.models.linear import Floats, clustered_covariance, with_intercept

NORMAL_95 = 1.959964
"""Half-width of a 95 % interval in standard errors."""

DRIFT_LOG_ODDS = 0.05
"""Standard deviation of what the level of an outcome is taken to move between fitting and calibration: half of the
tenth by which expected and observed may differ (docs/adr/2026-11-26-calibration-of-few-outcomes.md)."""

SLOPE_SPREAD = 0.15
"""Standard deviation of what the slope of a model that was shrunk when fitted is taken to be away from 1."""


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

NO_CHANGE = (0.0, 1.0)
"""Intercept and slope that change nothing."""


def fit_line(
    log_odds: Floats,
    outcome: NDArray[np.bool_],
    weight: Floats | None = None,
    start: tuple[float, float] = NO_CHANGE,
    towards: tuple[float, float] = NO_CHANGE,
    precision: tuple[float, float] = (0.0, 0.0),
) -> tuple[float, float]:
    """Fit the line by maximum likelihood (Newton's method), drawn towards another if so wished.

    Args:
        log_odds: Shape (rows,).
        outcome: Whether the outcome happened, shape (rows,); both must occur.
        weight: How often each row counts, shape (rows,); once, unless given.
        start: Where to start from; near the solution saves steps.
        towards: Intercept and slope that the line is drawn towards.
        precision: How strongly each is drawn, one over a variance; not at all, unless given.

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
        information = (line * (counts * risk * (1 - risk))[:, None]).T @ line + np.diag(precision) + 1e-9 * np.eye(2)
        drawn = np.array(precision) * (beta - towards)
        step = np.linalg.solve(information, line.T @ (counts * (outcome - risk)) - drawn)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1])


def fit_calibration(
    log_odds: Floats, outcome: NDArray[np.bool_], person: NDArray[np.int64], fitted_on: int = 0
) -> Calibration:
    """Fit the line with its covariance, clustered by person.

    Args:
        log_odds: Shape (rows,).
        outcome: Whether the outcome happened, shape (rows,); both must occur.
        person: Number of the person of each row, shape (rows,).
        fitted_on: Outcomes that the model was fitted on, whose level it holds; 0 draws the line towards nothing.

    Returns:
        The calibration.
    """
    # Level and slope are drawn apart: around the middle of what the outcomes tell of, a slope moves no level.
    told = expit(log_odds) * expit(-log_odds)
    middle = float((told * log_odds).sum() / told.sum())
    precision = (0.0, 0.0)
    if fitted_on:
        precision = (1 / (1 / fitted_on + DRIFT_LOG_ODDS**2), 1 / SLOPE_SPREAD**2)
    around = log_odds - middle
    unchanged = (middle, 1.0)
    level, slope = fit_line(around, outcome, start=unchanged, towards=unchanged, precision=precision)
    line, beta = with_intercept(around[:, None]), np.array([level, slope])
    covariance = clustered_covariance(line, outcome, beta, person, precision)
    risk = expit(line @ beta)
    bread = np.linalg.inv((line * (risk * (1 - risk))[:, None]).T @ line + np.diag(precision))
    # What the line is drawn towards is itself known only as well as the precision says.
    covariance = covariance + bread @ np.diag(precision) @ bread
    back = np.array([[1.0, -middle], [0.0, 1.0]])
    return Calibration(level - slope * middle, slope, back @ covariance @ back.T)
