"""Does a way of fitting find skill where there is none?

It costs further fits, so it is asked when somebody asks. Outcomes shuffled among the person-indexes leave nothing to be
learned: an AUROC other than a half is a leak.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.insight.models.algorithms import SEED, fit_with
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.evaluation import measure_auroc
from washhouse.insight.models.record import TITLES
from washhouse.insight.outcomes.contract import Algorithm, Outcome

SHUFFLES = 5
SHUFFLE_PENALTY = 0.01
SHUFFLED_AUROC = 0.02
"""How far from a half the AUROC of shuffled outcomes may lie, where there are outcomes enough to know."""


def check_shuffled(
    outcome: Outcome,
    fit: Cohort,
    test: Cohort,
    algorithm: Algorithm = "logistic",
    setting: float = SHUFFLE_PENALTY,
    shuffles: int = SHUFFLES,
) -> dict[str, Any]:
    """Fit and judge an algorithm on shuffled outcomes.

    Args:
        outcome: The declaration.
        fit: Person-indexes to fit on.
        test: Later ones to judge on.
        algorithm: What is fitted.
        setting: With which setting, see `algorithms.fit_with`; chosen on shuffled outcomes it would be the least.
        shuffles: How often; the mean is told.

    Returns:
        `auroc`, `allowed` (distance from 0.5: 0.02, or three standard errors where outcomes are few), `is_met` and
        `says`, the same in words.
    """
    rng, found = np.random.default_rng(SEED), []
    with threadpool_limits(limits=1):
        for _ in range(shuffles):
            shuffled = replace(fit, outcome=rng.permutation(fit.outcome))
            model = fit_with(outcome, algorithm, shuffled, setting)
            found.append(measure_auroc(model.log_odds(test.matrix), rng.permutation(test.outcome)))
    auroc = float(np.mean(found))
    # Variance of an AUROC without skill is about 1 / (12 outcomes): Hanley and McNeil 1982.
    allowed = max(SHUFFLED_AUROC, 3 * float(np.sqrt(1 / (12 * shuffles * max(int(test.outcome.sum()), 1)))))
    says = f"{TITLES[algorithm].capitalize()}: AUROC {auroc:.3f}; 0.5 within {allowed:.3f} is allowed."
    return {"auroc": auroc, "allowed": allowed, "is_met": abs(auroc - 0.5) <= allowed, "says": says}
