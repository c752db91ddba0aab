"""What does a points list say, as a team could add it up on paper?

Which items count is declared with the outcome; how many points each is worth is fitted on the same people as the other
models, rounded to whole points and printed in the model record. An item that lowers the risk is worth nothing.

References:
    Points from coefficients: Sullivan 2004, doi:10.1002/sim.1742.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.calibration import fit_line
from washhouse.insight.models.design import DesignColumn
from washhouse.insight.models.linear import LinearModel, fit_logistic

POINT_LOG_ODDS = 0.25
"""Log-odds that one point stands for."""

ITEM_PENALTY = 1.0
"""scikit-learn's `C` of the fit behind the points."""

_FIXED = 1e9
"""Precision that holds a slope at 1."""


@dataclass(frozen=True)
class PointItem:
    """One line of the list: a bound on a feature, in words."""

    words: str
    column: DesignColumn


def at_least(feature: str, bound: float, words: str) -> PointItem:
    """An item that counts where a feature is known and no smaller than a bound."""
    return PointItem(words, DesignColumn(feature, "at-least", bound))


def at_most(feature: str, bound: float, words: str) -> PointItem:
    """An item that counts where a feature is known and no larger than a bound."""
    return PointItem(words, DesignColumn(feature, "at-most", bound))


def fit_points(
    items: Sequence[PointItem], matrix: Matrix, outcome: NDArray[np.bool_], person: NDArray[np.int64]
) -> LinearModel:
    """Fit the points list.

    Args:
        items: The declared items.
        matrix: Features, shape (rows, features).
        outcome: Whether the outcome happened, shape (rows,).
        person: Number of the person of each row, shape (rows,).

    Returns:
        A model whose every coefficient is a whole number of points times `POINT_LOG_ODDS`.
    """
    columns = [item.column for item in items]
    fitted = fit_logistic(columns, matrix, outcome, person, ITEM_PENALTY, standardised=False)
    points = np.maximum(0.0, np.round(fitted.coefficients / POINT_LOG_ODDS))
    rounded = replace(fitted, coefficients=points * POINT_LOG_ODDS)
    # Rounding, and lines that fell away, moved the level: as many are expected as were observed.
    shift = fit_line(rounded.log_odds(matrix), outcome, precision=(0.0, _FIXED))[0]
    return replace(rounded, intercept=rounded.intercept + shift)


def count_points(model: LinearModel, matrix: Matrix) -> NDArray[np.float64]:
    """Points of each row, whole numbers from 0, shape (rows,)."""
    return np.asarray(np.round(model.contributions(matrix).sum(axis=1) / POINT_LOG_ODDS))


def list_points(items: Sequence[PointItem], model: LinearModel) -> list[dict[str, str | int]]:
    """The list as printed: `words` and `points`, in the declared order."""
    points = dict(zip(model.columns, np.round(model.coefficients / POINT_LOG_ODDS).astype(int), strict=True))
    return [{"words": item.words, "points": int(points.get(item.column, 0))} for item in items]
