"""Does a way of fitting find skill where there is none, and does what it finds hold for places that it never saw?

Both cost further fits, so they are made when somebody asks. Outcomes shuffled among the person-indexes leave nothing to
be learned: an AUROC other than a half is a leak. Practices are halved by a digest of their name, the same in every
run; a model fitted on the earlier months of one half is judged on the latest months of the other.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.insight.models.calibration import fit_calibration
from washhouse.insight.models.design import design_columns
from washhouse.insight.models.evaluation import measure_auroc
from washhouse.insight.models.fit import SEED, Cohort, fit_algorithm
from washhouse.insight.models.judging import judge_risk
from washhouse.insight.models.linear import fit_logistic
from washhouse.insight.models.plan import MIN_EVENTS, Split
from washhouse.insight.outcomes.contract import Algorithm, Outcome

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


def check_places(outcome: Outcome, algorithm: Algorithm, cohort: Cohort, split: Split) -> dict[str, Any]:
    """Fit on half of the practices, judge on the other half and on later months.

    Args:
        outcome: The declaration.
        algorithm: What is fitted.
        cohort: All person-indexes, with `people`.
        split: Their index dates, split in time.

    Returns:
        What `judge_risk` gives; `status` is `too-few-events` where a part holds too few.
    """
    seen = in_first_half(cohort)
    fit, later = cohort.take(seen).at(split.fit), cohort.take(seen).at(split.calibration)
    test = cohort.take(~seen).at(split.test)
    held = {"fit": fit, "calibration": later, "test": test}
    short = {name: int(part.outcome.sum()) for name, part in held.items() if part.outcome.sum() < MIN_EVENTS[name]}
    if short:
        words = "; ".join(f"{name}: {count}, {MIN_EVENTS[name]} needed" for name, count in short.items())
        message = f"Halves of the practices hold too few {outcome.words.things} ({words})."
        return {"status": "too-few-events", "message": message}
    with threadpool_limits(limits=1):
        model, _ = fit_algorithm(outcome, algorithm, fit)
    odds = model.log_odds(later.matrix)
    calibration = fit_calibration(odds, later.outcome, later.person, int(fit.outcome.sum()))
    return judge_risk(calibration.risk(model.log_odds(test.matrix)), test)


def in_first_half(cohort: Cohort) -> NDArray[np.bool_]:
    """Whether each person-index belongs to a practice of the first half, shape (rows,); no practice counts as one."""
    assert cohort.people is not None, "a place split needs the practices"  # noqa: S101
    practices = [name or "" for name in cohort.people["practice"].to_pylist()]
    half = {name: hashlib.sha256(name.encode()).digest()[0] % 2 == 0 for name in set(practices)}
    return np.array([half[name] for name in practices], dtype=bool)
