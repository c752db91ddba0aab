"""How is the crisis model fitted, which of two candidates ships, and what does the test say?

A points list and a logistic regression are fitted on the earliest index dates, calibrated on later ones and tested on
the latest. Which ships is decided before the test: both are fitted on the earlier half of the time before it and
compared on the later half. The logistic model ships only if its AUROC there beats the points list's by a margin whose
95 % interval excludes zero; else the points list ships. The test chooses nothing, so that its figures are not those of
a winner. What is shipped is what was tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.insight.crisis.plan import MIN_EVENTS, Split, split_training
from washhouse.insight.crisis.points import fit_points
from washhouse.insight.features.contract import Feature
from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.calibration import Calibration, fit_calibration
from washhouse.insight.models.design import DesignColumn, design_columns
from washhouse.insight.models.evaluation import (
    Estimate,
    Ranking,
    bin_calibration,
    bootstrap,
    figures_of_risk,
)
from washhouse.insight.models.linear import LinearModel, choose_penalty, fit_logistic

CANDIDATES = ("points", "logistic")


@dataclass(frozen=True)
class Cohort:
    """Person-indexes at risk.

    Attributes:
        index_date: datetime64[D], shape (rows,).
        person: Number of the person, 0 to n - 1, shape (rows,).
        outcome: Whether a crisis began in the horizon, shape (rows,).
        matrix: Features, shape (rows, features).
    """

    index_date: NDArray[np.datetime64]
    person: NDArray[np.int64]
    outcome: NDArray[np.bool_]
    matrix: Matrix

    def at(self, dates: tuple[date, ...]) -> Cohort:
        """The rows of some index dates, people numbered anew."""
        rows = np.isin(self.index_date, np.array(dates, dtype="datetime64[D]"))
        _, person = np.unique(self.person[rows], return_inverse=True)
        matrix = Matrix(self.matrix.names, self.matrix.values[rows])
        return Cohort(self.index_date[rows], person.astype(np.int64), self.outcome[rows], matrix)

    @property
    def period(self) -> NDArray[np.int64]:
        """Number of each row's index date, rising with time, shape (rows,)."""
        return np.unique(self.index_date, return_inverse=True)[1].astype(np.int64)

    def describe(self) -> dict[str, int | str | None]:
        """Rows, people, crises, and first and last index date."""
        return {
            "person_indexes": len(self.outcome),
            "people": int(self.person.max()) + 1 if len(self.person) else 0,
            "crises": int(self.outcome.sum()),
            "index_dates": len(np.unique(self.index_date)),
            "first_index": str(self.index_date.min()) if len(self.index_date) else None,
            "last_index": str(self.index_date.max()) if len(self.index_date) else None,
        }


@dataclass(frozen=True)
class Candidate:
    """A fitted and calibrated model with its figures on the test.

    Attributes:
        model: Log-odds from features.
        calibration: Risk from log-odds.
        figures: Figures on the test with intervals.
        bins: Expected and observed by tenth of risk, on the test.
    """

    model: LinearModel
    calibration: Calibration
    figures: dict[str, Estimate]
    bins: list[dict[str, float]]


@dataclass(frozen=True)
class CrisisFit:
    """Both candidates, which ships, and why.

    Attributes:
        shipped: `points` or `logistic`.
        candidates: By name.
        margin: AUROC of the logistic model minus that of the points list, on the test; decides nothing.
        choice: The same on the later half of the time before the test, both fitted on the earlier; decides which ships.
        penalty: scikit-learn's `C` of the logistic model.
        parts: What each part of time held.
    """

    shipped: str
    candidates: dict[str, Candidate]
    margin: Estimate
    choice: Estimate
    penalty: float
    parts: dict[str, dict[str, int | str | None]]


@dataclass(frozen=True)
class NoFit:
    """Why there is no model.

    Attributes:
        status: `too-few-crises` or `no-better-than-chance`.
        message: In words.
    """

    status: str
    message: str


def fit_crisis(
    features: tuple[Feature, ...], cohort: Cohort, split: Split, rng: np.random.Generator
) -> CrisisFit | NoFit:
    """Fit, calibrate and test both candidates.

    Linear algebra runs in one thread, so that the number of cores does not decide the last digits.

    Args:
        features: Declarations behind the columns of the matrix.
        cohort: Person-indexes at risk.
        split: Index dates of the parts.
        rng: Source of randomness, for the bootstrap.

    Returns:
        The fit; or why there is none.
    """
    parts = {"fit": cohort.at(split.fit), "calibration": cohort.at(split.calibration), "test": cohort.at(split.test)}
    short = {name: int(part.outcome.sum()) for name, part in parts.items() if part.outcome.sum() < MIN_EVENTS[name]}
    if short:
        held = "; ".join(f"{name}: {count} crises, {MIN_EVENTS[name]} needed" for name, count in short.items())
        return NoFit("too-few-crises", f"The history holds too few crises to fit a model honestly ({held}).")
    with threadpool_limits(limits=1):
        earlier, later = (cohort.at(dates) for dates in split_training(split))
        return _fit_parts(features, parts, (earlier, later), rng)


def _fit_parts(
    features: tuple[Feature, ...], parts: dict[str, Cohort], training: tuple[Cohort, Cohort], rng: np.random.Generator
) -> CrisisFit | NoFit:
    fitted = parts["fit"]
    columns = design_columns(features)
    penalty = choose_penalty(columns, fitted.matrix, fitted.outcome, fitted.period)
    models = _fit_candidates(columns, fitted, penalty)
    candidates = {name: _judge(models[name], parts["calibration"], parts["test"], rng) for name in CANDIDATES}
    margin = compare_auroc(
        candidates["logistic"].model.log_odds(parts["test"].matrix),
        candidates["points"].model.log_odds(parts["test"].matrix),
        parts["test"],
        rng,
    )
    choice = _compare_before_the_test(columns, *training, rng)
    shipped = "logistic" if choice.lower > 0 else "points"
    if candidates[shipped].figures["auroc"].lower <= 0.5 or candidates[shipped].calibration.slope <= 0:
        return NoFit("no-better-than-chance", "On later months neither candidate ranked people better than chance.")
    described = {name: part.describe() for name, part in parts.items()}
    return CrisisFit(shipped, candidates, margin, choice, penalty, described)


def _fit_candidates(columns: Sequence[DesignColumn], fitted: Cohort, penalty: float) -> dict[str, LinearModel]:
    return {
        "points": fit_points(fitted.matrix, fitted.outcome, fitted.person),
        "logistic": fit_logistic(columns, fitted.matrix, fitted.outcome, fitted.person, penalty),
    }


def _compare_before_the_test(
    columns: Sequence[DesignColumn], earlier: Cohort, later: Cohort, rng: np.random.Generator
) -> Estimate:
    """AUROC of the logistic model minus that of the points list, where neither was fitted; nothing known if too few."""
    if min(earlier.outcome.sum(), later.outcome.sum()) < MIN_EVENTS["test"]:
        return Estimate(0.0, -1.0, 1.0)
    penalty = choose_penalty(columns, earlier.matrix, earlier.outcome, earlier.period)
    models = _fit_candidates(columns, earlier, penalty)
    odds = {name: model.log_odds(later.matrix) for name, model in models.items()}
    return compare_auroc(odds["logistic"], odds["points"], later, rng)


def _judge(model: LinearModel, calibration_part: Cohort, test: Cohort, rng: np.random.Generator) -> Candidate:
    odds = model.log_odds(calibration_part.matrix)
    calibration = fit_calibration(odds, calibration_part.outcome, calibration_part.person)
    risk = calibration.risk(model.log_odds(test.matrix))
    figures = bootstrap(figures_of_risk(risk, test.outcome, test.period), test.person, rng)
    return Candidate(model, calibration, figures, bin_calibration(risk, test.outcome))


def compare_auroc(
    first: NDArray[np.float64], second: NDArray[np.float64], part: Cohort, rng: np.random.Generator
) -> Estimate:
    """AUROC of the first score minus that of the second, on the same people, with its interval.

    Args:
        first: Shape (rows,).
        second: Shape (rows,).
        part: The rows' outcomes and people.
        rng: Source of randomness.

    Returns:
        The margin.
    """
    one, other = Ranking(first, part.outcome), Ranking(second, part.outcome)
    return bootstrap(lambda weight: {"margin": one.auroc(weight) - other.auroc(weight)}, part.person, rng)["margin"]
