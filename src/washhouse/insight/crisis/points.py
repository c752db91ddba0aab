"""What does a points list say, as a team could add it up on paper?

The items are those that MaST is described with: age, gender, accommodation, employment, Mental Health Act, past
contacts and, strongest, recent crises and changes of accommodation and employment. Which items count is declared
here; how many points each is worth is fitted on the same people as the logistic model, rounded to whole points and
printed in the model record. An item that lowers the risk is worth nothing.

References:
    MaST: BMJ Health & Care Informatics 29 Suppl 1, A1.2 (the predictors). Points from coefficients: Sullivan 2004,
    doi:10.1002/sim.1742.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.design import DesignColumn
from washhouse.insight.models.linear import LinearModel, fit_logistic

POINT_LOG_ODDS = 0.25
"""Log-odds that one point stands for."""

ITEM_PENALTY = 1.0
"""scikit-learn's `C` of the fit behind the points."""


@dataclass(frozen=True)
class PointItem:
    """One line of the list: a bound on a feature, in words."""

    words: str
    column: DesignColumn


def _at_least(feature: str, bound: float, words: str) -> PointItem:
    return PointItem(words, DesignColumn(feature, "at-least", bound))


def _at_most(feature: str, bound: float, words: str) -> PointItem:
    return PointItem(words, DesignColumn(feature, "at-most", bound))


ITEMS = (
    _at_most("days_since_crisis", 90, "Crisis care began in the last 90 days"),
    _at_most("days_since_crisis", 365, "Crisis care began in the last 12 months"),
    _at_least("crises_1095d", 1, "Crisis care began in the last 3 years"),
    _at_least("crises_1095d", 3, "Crisis care began 3 times or more in the last 3 years"),
    _at_least("detentions_1095d", 1, "Detained under the Mental Health Act in the last 3 years"),
    _at_least("place_of_safety_365d", 1, "Taken to a place of safety in the last 12 months"),
    _at_most("days_since_move", 90, "Accommodation changed in the last 90 days"),
    _at_least("is_homeless", 1, "Homeless or in temporary accommodation"),
    _at_most("days_since_job_change", 90, "Employment changed in the last 90 days"),
    _at_least("is_not_working", 1, "Out of work or long-term sick"),
    _at_least("missed_90d", 1, "Missed a contact in the last 90 days"),
    _at_least("missed_90d", 3, "Missed 3 contacts or more in the last 90 days"),
    _at_least("contacts_28d", 3, "3 contacts or more in the last 28 days"),
    _at_most("days_since_referral", 90, "Referred to a mental-health team in the last 90 days"),
    _at_most("age_years", 34.99, "Younger than 35"),
    _at_most("is_female", 0, "Not female"),
)


def fit_points(matrix: Matrix, outcome: NDArray[np.bool_], person: NDArray[np.int64]) -> LinearModel:
    """Fit the points list.

    Args:
        matrix: Features, shape (rows, features).
        outcome: Whether a crisis began, shape (rows,).
        person: Number of the person of each row, shape (rows,).

    Returns:
        A model whose every coefficient is a whole number of points times `POINT_LOG_ODDS`.
    """
    columns = [item.column for item in ITEMS]
    fitted = fit_logistic(columns, matrix, outcome, person, ITEM_PENALTY, standardised=False)
    points = np.maximum(0.0, np.round(fitted.coefficients / POINT_LOG_ODDS))
    return replace(fitted, coefficients=points * POINT_LOG_ODDS)


def count_points(model: LinearModel, matrix: Matrix) -> NDArray[np.float64]:
    """Points of each row, whole numbers from 0, shape (rows,)."""
    return np.asarray(np.round(model.contributions(matrix).sum(axis=1) / POINT_LOG_ODDS))


def list_points(model: LinearModel) -> list[dict[str, str | int]]:
    """The list as printed: `words` and `points`, in the declared order."""
    points = dict(zip(model.columns, np.round(model.coefficients / POINT_LOG_ODDS).astype(int), strict=True))
    return [{"words": item.words, "points": int(points.get(item.column, 0))} for item in ITEMS]
