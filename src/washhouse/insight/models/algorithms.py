"""How is each declared algorithm fitted?"""

from __future__ import annotations

import numpy as np

from washhouse.insight.models.boosted import choose_trees, fit_boosted, may_boost
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.design import design_columns
from washhouse.insight.models.linear import choose_penalty, fit_logistic
from washhouse.insight.models.points import ITEM_PENALTY, fit_points
from washhouse.insight.models.store import Model
from washhouse.insight.outcomes.contract import Algorithm, Outcome

SEED = 20260101
"""Seed of all draws: of people into boosted models, and of the bootstrap behind intervals."""


def algorithms_here(outcome: Outcome) -> tuple[Algorithm, ...]:
    """The declared algorithms that can be fitted on this machine."""
    return tuple(name for name in outcome.algorithms if name != "boosted" or may_boost())


def fit_algorithm(outcome: Outcome, algorithm: str, part: Cohort) -> tuple[Model, float]:
    """Fit one algorithm, its setting chosen by predicting later months from earlier ones.

    Returns:
        The model and the setting.
    """
    if algorithm == "points":
        return fit_points(outcome.items, part.matrix, part.outcome, part.person), ITEM_PENALTY
    if algorithm == "boosted":
        trees = choose_trees(part.matrix, part.outcome, part.period)
        return fit_boosted(part.matrix, part.outcome, part.person, trees, np.random.default_rng(SEED)), float(trees)
    columns = design_columns(outcome.linear_features or outcome.features)
    penalty = choose_penalty(columns, part.matrix, part.outcome, part.period)
    return fit_logistic(columns, part.matrix, part.outcome, part.person, penalty), penalty
