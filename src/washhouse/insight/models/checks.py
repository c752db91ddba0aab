"""Does a way of fitting find skill where there is none?

It costs further fits, so it is asked when somebody asks. Outcomes shuffled among the person-indexes leave nothing to be
learned: an AUROC other than a half is a leak.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.insight.models.algorithms import SEED
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.design import design_columns
from washhouse.insight.models.evaluation import measure_auroc
from washhouse.insight.models.linear import fit_logistic
from washhouse.insight.outcomes.contract import Outcome

SHUFFLES = 5
SHUFFLE_PENALTY = 0.01
SHUFFLED_AUROC = 0.02
"""How far from a half the AUROC of shuffled outcomes may lie, where there are outcomes enough to know."""


def check_shuffled(outcome: Outcome, fit: Cohort, test: Cohort, shuffles: int = SHUFFLES) -> dict[str, Any]:
    """Fit and judge the logistic model on shuffled outcomes.

    Args:
        outcome: The declaration.
        fit: Person-indexes to fit on.
        test: Later ones to judge on.
        shuffles: How often; the mean is told.

    Returns:
        `auroc`, `allowed` (distance from 0.5: 0.02, or three standard errors where outcomes are few) and `is_met`.
    """
    rng, columns = np.random.default_rng(SEED), design_columns(outcome.linear_features or outcome.features)
    found = []
    with threadpool_limits(limits=1):
        for _ in range(shuffles):
            model = fit_logistic(columns, fit.matrix, rng.permutation(fit.outcome), fit.person, SHUFFLE_PENALTY)
            found.append(measure_auroc(model.log_odds(test.matrix), rng.permutation(test.outcome)))
    auroc = float(np.mean(found))
    # Variance of an AUROC without skill is about 1 / (12 outcomes): Hanley and McNeil 1982.
    allowed = max(SHUFFLED_AUROC, 3 * float(np.sqrt(1 / (12 * shuffles * max(int(test.outcome.sum()), 1)))))
    return {"auroc": auroc, "allowed": allowed, "is_met": abs(auroc - 0.5) <= allowed}
