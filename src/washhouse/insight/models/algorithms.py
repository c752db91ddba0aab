"""How is each declared algorithm fitted?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from washhouse.insight.models.boosted import choose_trees, fit_boosted, may_boost
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.design import DesignColumn, design_columns
from washhouse.insight.models.linear import choose_penalty, fit_logistic
from washhouse.insight.models.points import ITEM_PENALTY, fit_points
from washhouse.insight.models.store import Model
from washhouse.insight.outcomes.contract import Algorithm, Outcome

SEED = 20260101
"""Seed of all draws: of people into boosted models, and of the bootstrap behind intervals."""


def algorithms_here(outcome: Outcome) -> tuple[Algorithm, ...]:
    """The declared algorithms that can be fitted on this machine."""
    return tuple(name for name in outcome.algorithms if name != "boosted" or may_boost())


def fit_algorithm(outcome: Outcome, algorithm: Algorithm, part: Cohort) -> tuple[Model, float]:
    """Fit one algorithm, its setting chosen by predicting later months from earlier ones.

    Returns:
        The model and the setting.
    """
    setting = _choose_setting(outcome, algorithm, part)
    return fit_with(outcome, algorithm, part, setting), setting


def fit_with(outcome: Outcome, algorithm: Algorithm, part: Cohort, setting: float) -> Model:
    """Fit one algorithm with a given setting: the number of trees, or scikit-learn's `C`; a points list has its own."""
    if algorithm == "points":
        return fit_points(outcome.items, part.matrix, part.outcome, part.person)
    if algorithm == "boosted":
        return fit_boosted(part.matrix, part.outcome, part.person, int(setting), np.random.default_rng(SEED))
    return fit_logistic(_columns(outcome), part.matrix, part.outcome, part.person, setting)


def _choose_setting(outcome: Outcome, algorithm: Algorithm, part: Cohort) -> float:
    if algorithm == "points":
        return ITEM_PENALTY
    if algorithm == "boosted":
        return float(choose_trees(part.matrix, part.outcome, part.period))
    return choose_penalty(_columns(outcome), part.matrix, part.outcome, part.period)


def _columns(outcome: Outcome) -> Sequence[DesignColumn]:
    return design_columns(outcome.linear_features or outcome.features)
