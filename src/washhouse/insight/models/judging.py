"""How does a stored model do on people and days that it was not fitted on?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from washhouse.insight.models.algorithms import SEED
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.evaluation import bin_calibration, bootstrap, figures_of_risk
from washhouse.insight.models.gates import judge
from washhouse.insight.models.groups import judge_groups
from washhouse.insight.models.plan import MIN_EVENTS
from washhouse.insight.models.store import load_model


def judge_model(stored: Mapping[str, Any], cohort: Cohort | None, things: str) -> dict[str, Any]:
    """Judge a stored model on a cohort as it was judged on its test.

    Args:
        stored: What `model.json` holds.
        cohort: Person-indexes later than all that it was fitted and tested on; none if there are none.
        things: What is counted, plural.

    Returns:
        `status` (`judged` or `too-few-events`), `message`, and `data`, `figures`, `calibration`, `groups` and `gates`
        where it was judged.
    """
    events = int(cohort.outcome.sum()) if cohort is not None else 0
    needed = MIN_EVENTS["test"]
    if cohort is None or events < needed:
        message = f"Since its test {events} {things} are known: too few to judge it, {needed} are needed."
        return {"status": "too-few-events", "message": message}
    model, calibration = load_model(stored["models"][stored["shipped"]])
    return judge_risk(calibration.risk(model.log_odds(cohort.matrix)), cohort)


def judge_risk(risk: NDArray[np.float64], cohort: Cohort) -> dict[str, Any]:
    """Judge calibrated risks by what came of them.

    Args:
        risk: Shape (rows,).
        cohort: The rows' outcomes and people.

    Returns:
        `status` (`judged`), `message`, `data`, `figures`, `calibration`, `groups` and `gates`, ready for JSON.
    """
    figures = bootstrap(
        figures_of_risk(risk, cohort.outcome, cohort.period), cohort.person, np.random.default_rng(SEED)
    )
    groups = (
        judge_groups(risk, cohort.outcome, cohort.person, cohort.index_date, cohort.people)
        if cohort.people is not None
        else ()
    )
    gates = judge(figures, int(cohort.outcome.sum()), groups)
    failed = [gate.says for gate in gates if not gate.is_met]
    return {
        "status": "judged",
        "message": f"It does not pass every gate. {' '.join(failed)}" if failed else "It passes every gate.",
        "data": cohort.describe(),
        "figures": {name: asdict(each) for name, each in figures.items()},
        "calibration": bin_calibration(risk, cohort.outcome),
        "groups": [asdict(each) for each in groups],
        "gates": [asdict(each) for each in gates],
    }
