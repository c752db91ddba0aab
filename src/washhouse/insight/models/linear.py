"""How is a linear risk model fitted, and what does each part add for one person?

A ridge logistic regression on standardised columns, with a covariance of its coefficients that allows for the same
person occurring at many index dates (the sandwich, clustered by person). Log-odds are a sum, so a person's reasons
are its terms.

References:
    Clustered sandwich covariance: Liang and Zeger 1986, doi:10.1093/biomet/73.1.13.
    Ridge logistic regression: le Cessie and van Houwelingen 1992, doi:10.2307/2347628.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.design import DesignColumn, expand

Floats = NDArray[np.float64]

PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Values of scikit-learn's `C` that are tried; the smaller, the stronger the shrinkage."""


@dataclass(frozen=True)
class LinearModel:
    """Log-odds as a sum of columns.

    Attributes:
        columns: The columns, in order.
        center: Value of each column that adds nothing, shape (columns,).
        scale: What a column is divided by, shape (columns,).
        coefficients: Log-odds per scaled unit, shape (columns,).
        intercept: Log-odds where every column adds nothing.
        covariance: Of intercept and coefficients, shape (1 + columns, 1 + columns).
    """

    columns: tuple[DesignColumn, ...]
    center: Floats
    scale: Floats
    coefficients: Floats
    intercept: float
    covariance: Floats

    def standardise(self, matrix: Matrix) -> Floats:
        """Columns as distances from their centre, shape (rows, columns); what is missing adds nothing."""
        return np.nan_to_num((expand(self.columns, matrix) - self.center) / self.scale, nan=0.0)

    def contributions(self, matrix: Matrix) -> Floats:
        """What each column adds to the log-odds, shape (rows, columns); with the intercept they sum to the log-odds."""
        return self.standardise(matrix) * self.coefficients

    def log_odds(self, matrix: Matrix) -> Floats:
        """Log-odds, shape (rows,)."""
        return self.intercept + self.standardise(matrix) @ self.coefficients

    def add_up(self, matrix: Matrix) -> tuple[float, Floats]:
        """The log-odds taken apart.

        Returns:
            The base, and what each feature adds, shape (rows, features of the matrix); together the log-odds.
        """
        place = {name: number for number, name in enumerate(matrix.names)}
        added = np.zeros((len(matrix.values), len(place)))
        contributions = self.contributions(matrix)
        for number, column in enumerate(self.columns):
            added[:, place[column.feature]] += contributions[:, number]
        return self.intercept, added

    def variance(self, matrix: Matrix) -> Floats:
        """Variance of the log-odds from fitting on a sample of people, shape (rows,)."""
        return self.log_odds_and_variance(matrix)[1]

    def log_odds_and_variance(self, matrix: Matrix) -> tuple[Floats, Floats]:
        """Both at the price of one, each of shape (rows,)."""
        standardised = self.standardise(matrix)
        design = with_intercept(standardised)
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design, optimize=True)
        return self.intercept + standardised @ self.coefficients, np.asarray(variance)


def with_intercept(design: Floats) -> Floats:
    """A column of ones before the others."""
    return np.hstack([np.ones((design.shape[0], 1)), design])


def fit_logistic(
    columns: Sequence[DesignColumn],
    matrix: Matrix,
    outcome: NDArray[np.bool_],
    person: NDArray[np.int64],
    penalty: float,
    *,
    standardised: bool = True,
) -> LinearModel:
    """Fit a ridge logistic regression.

    Args:
        columns: Columns to use; those that never vary are dropped.
        matrix: Features, shape (rows, features).
        outcome: Whether the outcome happened, shape (rows,); both must occur.
        person: Number of the person of each row, shape (rows,).
        penalty: scikit-learn's `C`.
        standardised: Whether to centre and scale columns; without, a coefficient is per unit from 0.

    Returns:
        The model.
    """
    raw = expand(columns, matrix)
    center, scale = _spread(raw)
    used = np.flatnonzero(scale > 1e-9).tolist()
    center = center[used] if standardised else np.zeros(len(used))
    scale = scale[used] if standardised else np.ones(len(used))
    design = np.nan_to_num((raw[:, used] - center) / scale, nan=0.0)
    fitted = _regression(penalty, 1e-8).fit(design, outcome)
    beta = np.concatenate([fitted.intercept_, fitted.coef_[0]])
    ridge = [0.0, *[1 / penalty] * design.shape[1]]
    covariance = clustered_covariance(with_intercept(design), outcome, beta, person, ridge)
    return LinearModel(tuple(columns[index] for index in used), center, scale, beta[1:], float(beta[0]), covariance)


def _spread(raw: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of what is known of each column; 0 where nothing is."""
    known = ~np.isnan(raw)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, raw, 0.0)
    center = filled.sum(axis=0) / count
    return center, np.sqrt((np.where(known, raw - center, 0.0) ** 2).sum(axis=0) / count)


def clustered_covariance(
    design: Floats, outcome: NDArray[np.bool_], beta: Floats, person: NDArray[np.int64], ridge: Sequence[float]
) -> Floats:
    """Covariance of fitted coefficients, clustered by person.

    Args:
        design: With the intercept first, shape (rows, 1 + columns).
        outcome: Whether the outcome happened, shape (rows,).
        beta: Intercept and coefficients.
        person: Number of the person of each row.
        ridge: Penalty on the square of each (half of it), intercept first.

    Returns:
        Shape (1 + columns, 1 + columns).
    """
    risk = expit(design @ beta)
    bread = np.linalg.inv((design * (risk * (1 - risk))[:, None]).T @ design + np.diag(ridge))
    scores = design * (outcome - risk)[:, None]
    order = np.argsort(person, kind="stable")
    starts = np.flatnonzero(np.diff(person[order], prepend=person[order][0] - 1))
    summed = np.add.reduceat(scores[order], starts, axis=0)
    return np.asarray(bread @ (summed.T @ summed) @ bread)


def choose_penalty(
    columns: Sequence[DesignColumn],
    matrix: Matrix,
    outcome: NDArray[np.bool_],
    period: NDArray[np.int64],
    penalties: Sequence[float] = PENALTIES,
    folds: int = 3,
) -> float:
    """Choose the strength of shrinkage by predicting later periods from earlier ones.

    Args:
        columns: Columns to use.
        matrix: Features, shape (rows, features).
        outcome: Whether the outcome happened, shape (rows,).
        period: Number of the index date of each row, rising with time.
        penalties: Values of `C` to try.
        folds: Later blocks of time to predict.

    Returns:
        The value with the smallest log loss; the strongest if no later block can be predicted.
    """
    raw = expand(columns, matrix)
    blocks = np.array_split(np.unique(period), folds + 1)
    loss = np.zeros(len(penalties))
    for earlier, later in [(np.concatenate(blocks[:k]), blocks[k]) for k in range(1, folds + 1)]:
        train, test = np.isin(period, earlier), np.isin(period, later)
        if outcome[train].sum() < 10 or not test.any():
            continue
        center, scale = _spread(raw[train])
        used = scale > 1e-9
        design = np.nan_to_num((raw[:, used] - center[used]) / scale[used], nan=0.0)
        for number, penalty in enumerate(penalties):
            fitted = _regression(penalty, 1e-6).fit(design[train], outcome[train])
            odds = design[test] @ fitted.coef_[0] + fitted.intercept_[0]
            loss[number] += np.sum(np.logaddexp(0.0, odds) - outcome[test] * odds)
    return float(penalties[int(np.argmin(loss))])


def _regression(penalty: float, tolerance: float) -> Any:
    # Loaded when something is fitted: whoever only scores or shows scores need not wait seconds for it.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=penalty, solver="newton-cholesky", tol=tolerance, max_iter=100)
