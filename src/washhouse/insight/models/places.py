"""Does what a model finds hold for places that it never saw?

Practices are halved; the algorithm is fitted and calibrated on the earlier months of one half and judged on the latest
months of the other. Such a model has half of the outcomes to learn from, and half to be judged on, so its figures are
judged by their intervals. Where halves hold too few outcomes, nothing is judged and that is said.

References:
    docs/adr/2026-11-26-place-split.md.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from washhouse.governance.disclosure import say_count
from washhouse.insight.models.algorithms import SEED, fit_algorithm
from washhouse.insight.models.calibration import fit_calibration
from washhouse.insight.models.cohort import Cohort
from washhouse.insight.models.evaluation import bin_calibration, bootstrap, figures_of_risk
from washhouse.insight.models.gates import Gate, judge_places
from washhouse.insight.models.plan import MIN_EVENTS
from washhouse.insight.outcomes.contract import Algorithm, Outcome


def check_places(outcome: Outcome, algorithm: Algorithm, parts: Mapping[str, Cohort]) -> dict[str, Any]:
    """Fit on half of the practices, judge on the other half and on later months.

    Args:
        outcome: The declaration.
        algorithm: What is fitted.
        parts: Person-indexes to `fit` and calibrate (`calibration`) on and to `test`, each later than the one before,
            with `people`.

    Returns:
        Ready for JSON: `status` (`judged` or `too-few-events`), `message`, `practices` (in all, and of the half that
        the model saw), `gates` (one), and `data`, `figures` and `calibration` where it was judged.
    """
    half = choose_half(list(parts.values()))
    seen = {name: in_half(part, half) for name, part in parts.items()}
    fit, later = (parts[name].take(seen[name]) for name in ("fit", "calibration"))
    test = parts["test"].take(~seen["test"])
    known = {name for part in parts.values() for name in _practices(part)}
    told = {"practices": {"all": len(known), "seen": len(half)}}
    held = {"fit": fit, "calibration": later, "test": test}
    short = {name: int(part.outcome.sum()) for name, part in held.items() if part.outcome.sum() < MIN_EVENTS[name]}
    if short:
        words = "; ".join(f"{name}: {say_count(count)}, {MIN_EVENTS[name]} needed" for name, count in short.items())
        message = f"Halves of the practices hold too few {outcome.words.things} to be judged ({words})."
        gate = Gate("holds-in-other-practices", True, f"Not judged: {message[0].lower()}{message[1:]}")
        return {"status": "too-few-events", "message": message, **told, "gates": [asdict(gate)]}
    model, _ = fit_algorithm(outcome, algorithm, fit)
    odds = model.log_odds(later.matrix)
    calibration = fit_calibration(odds, later.outcome, later.person, int(fit.outcome.sum()))
    risk = calibration.risk(model.log_odds(test.matrix))
    figures = bootstrap(figures_of_risk(risk, test.outcome, test.period), test.person, np.random.default_rng(SEED))
    gate = judge_places(figures)
    return {
        "status": "judged",
        "message": gate.says,
        **told,
        "data": test.describe(),
        "figures": {name: asdict(each) for name, each in figures.items()},
        "calibration": bin_calibration(risk, test.outcome),
        "gates": [asdict(gate)],
    }


def choose_half(parts: list[Cohort]) -> frozenset[str]:
    """Practices of the half that is seen: in the order of a digest, each goes where fewer person-indexes are.

    By chance alone, a town's four practices would often be three and one.
    """
    rows: Counter[str] = Counter()
    for part in parts:
        rows.update(_practices(part))
    count, half = [0, 0], []
    for name in sorted(rows, key=lambda name: hashlib.sha256(name.encode()).digest()):
        which = int(count[1] < count[0])
        count[which] += rows[name]
        if which == 0:
            half.append(name)
    return frozenset(half)


def in_half(part: Cohort, half: frozenset[str]) -> NDArray[np.bool_]:
    """Whether each person-index belongs to a practice of a half, shape (rows,); no practice counts as one."""
    return np.isin(np.array(_practices(part), dtype=str), sorted(half))


def _practices(part: Cohort) -> list[str]:
    assert part.people is not None, "a place split needs the practices"  # noqa: S101
    return [name or "" for name in part.people["practice"].to_pylist()]
