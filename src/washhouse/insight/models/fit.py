"""How is an outcome model fitted, which of its candidates ships, and what does the test say?

The declared algorithms are fitted on the earliest index dates, calibrated on later ones and tested on the latest. Which
ships is decided before the test: all are fitted on the earlier half of the time before it and compared on the later
half. The simplest ships unless one that sees more beats it, and the points list, by a margin of AUROC whose 95 %
interval excludes zero. The test chooses nothing, so that its figures are not those of a winner; only where the chosen
candidate does not pass its gates and the points list does, the points list ships. What is shipped is what was tested.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.insight.features.matrix import Matrix
from washhouse.insight.models.boosted import choose_trees, fit_boosted, may_boost
from washhouse.insight.models.calibration import Calibration, fit_calibration
from washhouse.insight.models.design import design_columns
from washhouse.insight.models.evaluation import (
    Estimate,
    Ranking,
    bin_calibration,
    bootstrap,
    choose_thresholds,
    figures_of_risk,
    trace_net_benefit,
)
from washhouse.insight.models.gates import Gate, judge
from washhouse.insight.models.groups import Group, judge_groups
from washhouse.insight.models.linear import choose_penalty, fit_logistic
from washhouse.insight.models.plan import MIN_EVENTS, Split, split_training
from washhouse.insight.models.points import ITEM_PENALTY, fit_points
from washhouse.insight.models.reasons import usual_values
from washhouse.insight.models.store import Model
from washhouse.insight.outcomes.contract import Algorithm, Outcome
from washhouse.insight.watch.calibration import count_periods
from washhouse.insight.watch.inputs import describe_inputs

MOST_SIDE_BY_SIDE = 4
"""Candidates that are fitted at a time at most: each holds its own copy of the person-indexes in memory."""

SEED = 20260101
"""Seed of all draws: of people into boosted models, and of the bootstrap behind intervals."""


@dataclass(frozen=True)
class Cohort:
    """Person-indexes at risk.

    Attributes:
        index_date: datetime64[D], shape (rows,).
        person: Number of the person, 0 to n - 1, shape (rows,).
        outcome: Whether the outcome happened in the horizon, shape (rows,).
        matrix: Features, shape (rows, features).
        people: Row by row what the population says of the person (`sex`, `practice`, ...); none in some tests.
        sampled: Share of the record's people that they were drawn from, above 0 to 1.
    """

    index_date: NDArray[np.datetime64]
    person: NDArray[np.int64]
    outcome: NDArray[np.bool_]
    matrix: Matrix
    people: pa.Table | None = None
    sampled: float = 1.0

    def at(self, dates: tuple[date, ...]) -> Cohort:
        """The rows of some index dates, people numbered anew."""
        return self.take(np.isin(self.index_date, np.array(dates, dtype="datetime64[D]")))

    def take(self, rows: NDArray[np.bool_]) -> Cohort:
        """Some rows, people numbered anew."""
        _, person = np.unique(self.person[rows], return_inverse=True)
        return Cohort(
            self.index_date[rows],
            person.astype(np.int64),
            self.outcome[rows],
            Matrix(self.matrix.names, self.matrix.values[rows]),
            None if self.people is None else self.people.filter(pa.array(rows)),
            self.sampled,
        )

    @property
    def period(self) -> NDArray[np.int64]:
        """Number of each row's month, rising with time, shape (rows,); an index date a month is one period."""
        return np.unique(self.index_date.astype("datetime64[M]"), return_inverse=True)[1].astype(np.int64)

    def describe(self) -> dict[str, int | str | None]:
        """Rows, people, outcomes, and first and last index date."""
        return {
            "person_indexes": len(self.outcome),
            "people": int(self.person.max()) + 1 if len(self.person) else 0,
            "events": int(self.outcome.sum()),
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
        setting: What was chosen before fitting: strength of shrinkage, number of trees.
        decisions: Net benefit by threshold, on the test.
    """

    model: Model
    calibration: Calibration
    figures: dict[str, Estimate]
    bins: list[dict[str, float]]
    setting: float
    decisions: list[dict[str, float]]


@dataclass(frozen=True)
class Comparison:
    """AUROC of one algorithm minus that of a simpler one.

    Attributes:
        algorithm: The one.
        simpler: The simpler one.
        choice: On the later half of the time before the test, both fitted on the earlier; decides which ships.
        test: On the test; decides nothing.
    """

    algorithm: str
    simpler: str
    choice: Estimate
    test: Estimate


@dataclass(frozen=True)
class Fit:
    """The candidates, which ships, and why.

    Attributes:
        shipped: Name of the algorithm.
        candidates: By name of the algorithm.
        comparisons: Those that decided.
        parts: What each part of time held.
        usual: The usual value of each number, for reasons.
        gates: What the shipped candidate was judged by.
        groups: Its figures by group of people, on the test.
        watch: What its inputs and risks were on the test, to hold later ones against: `inputs` and `periods`.
    """

    shipped: str
    candidates: dict[str, Candidate]
    comparisons: tuple[Comparison, ...]
    parts: dict[str, dict[str, int | str | None]]
    usual: dict[str, float]
    gates: tuple[Gate, ...] = ()
    groups: tuple[Group, ...] = ()
    watch: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NoFit:
    """Why there is no model.

    Attributes:
        status: `too-few-events` or `no-better-than-chance`.
        message: In words.
    """

    status: str
    message: str


def fit_outcome(outcome: Outcome, cohort: Cohort, split: Split) -> Fit | NoFit:
    """Fit, calibrate and test the candidates.

    Linear algebra runs in one thread, so that the number of cores does not decide the last digits.

    Args:
        outcome: The declaration.
        cohort: Person-indexes at risk.
        split: Index dates of the parts.

    Returns:
        The fit; or why there is none.
    """
    parts = {"fit": cohort.at(split.fit), "calibration": cohort.at(split.calibration), "test": cohort.at(split.test)}
    few = say_too_few(outcome, {name: int(part.outcome.sum()) for name, part in parts.items()})
    if few:
        return NoFit("too-few-events", few)
    with threadpool_limits(limits=1):
        earlier, later = (cohort.at(dates) for dates in split_training(outcome, split))
        return _fit_parts(outcome, parts, (earlier, later))


def say_too_few(outcome: Outcome, events: dict[str, int]) -> str:
    """Why a history cannot be fitted on, in words; empty if it can.

    Args:
        outcome: The declaration.
        events: Outcomes of each part.
    """
    short = {name: count for name, count in events.items() if count < MIN_EVENTS[name]}
    if not short:
        return ""
    things = outcome.words.things
    held = "; ".join(f"{name}: {count} {things}, {MIN_EVENTS[name]} needed" for name, count in short.items())
    return f"The history holds too few {things} to fit a model honestly ({held})."


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


def _fit_parts(outcome: Outcome, parts: dict[str, Cohort], training: tuple[Cohort, Cohort]) -> Fit | NoFit:
    names: tuple[str, ...] = algorithms_here(outcome)
    earlier, later = training
    may_compare = min(earlier.outcome.sum(), later.outcome.sum()) >= MIN_EVENTS["test"]

    def fit_and_judge(name: str) -> Candidate:
        return _judge(*fit_algorithm(outcome, name, parts["fit"]), parts)

    def fit_and_rank(name: str) -> NDArray[np.float64]:
        return fit_algorithm(outcome, name, earlier)[0].log_odds(later.matrix)

    # Each is fitted in one thread, several side by side: the trees, which take longest, first.
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_SIDE_BY_SIDE), initializer=_one_thread) as pool:
        judged = {name: pool.submit(fit_and_judge, name) for name in reversed(names)}
        chosen = {name: pool.submit(fit_and_rank, name) for name in (reversed(names) if may_compare else ())}
        candidates = {name: judged[name].result() for name in names}
        odds = {name: each.result() for name, each in chosen.items()}
    tested = {name: each.model.log_odds(parts["test"].matrix) for name, each in candidates.items()}
    shipped, comparisons = _choose(names, odds, later, tested, parts["test"])
    if candidates[shipped].figures["auroc"].lower <= 0.5 or candidates[shipped].calibration.slope <= 0:
        return NoFit("no-better-than-chance", "On later months no candidate ranked people better than chance.")
    described = {name: part.describe() for name, part in parts.items()}
    usual = usual_values(outcome.features, parts["fit"].matrix)
    simplest = next(iter(candidates))
    # The chosen one first; if it does not pass, the simplest if that does; else the chosen one, with what it fails.
    verdicts = {}
    for name in dict.fromkeys((shipped, simplest)):
        groups = _judge_groups(candidates[name], tested[name], parts["test"])
        verdicts[name] = judge(candidates[name].figures, int(parts["test"].outcome.sum()), groups), groups
        if all(gate.is_met for gate in verdicts[name][0]):
            shipped = name
            break
    watch = describe_test(candidates[shipped].calibration.risk(tested[shipped]), parts["test"])
    return Fit(shipped, candidates, comparisons, described, usual, *verdicts[shipped], watch)


def describe_test(risk: NDArray[np.float64], test: Cohort) -> dict[str, Any]:
    """What the inputs and risks of a model were on the test, ready for JSON, for `insight.watch`."""
    periods = count_periods(test.index_date, risk, test.outcome)
    return {
        "inputs": describe_inputs(test.matrix, risk, test.person),
        "periods": [asdict(period) | {"since": period.since.isoformat()} for period in periods],
    }


def _judge_groups(candidate: Candidate, odds: NDArray[np.float64], test: Cohort) -> tuple[Group, ...]:
    if test.people is None:
        return ()
    return judge_groups(candidate.calibration.risk(odds), test.outcome, test.person, test.index_date, test.people)


def _one_thread() -> None:
    # How many threads OpenMP may use is asked of each thread that it is called from.
    threadpool_limits(limits=1)


def _choose(
    names: tuple[str, ...],
    odds: Mapping[str, NDArray[np.float64]],
    later: Cohort,
    tested: Mapping[str, NDArray[np.float64]],
    test: Cohort,
) -> tuple[str, tuple[Comparison, ...]]:
    """The simplest that none of the others surely beats; nothing is sure where outcomes are too few to compare."""
    shipped, comparisons = names[0], []
    for name in names[1:]:
        wins = []
        for simpler in dict.fromkeys((names[0], shipped)):
            choice = compare_auroc(odds[name], odds[simpler], later) if odds else Estimate(0.0, -1.0, 1.0)
            margin = compare_auroc(tested[name], tested[simpler], test)
            comparisons.append(Comparison(name, simpler, choice, margin))
            wins.append(choice.lower > 0)
        shipped = name if all(wins) else shipped
    return shipped, tuple(comparisons)


def _judge(model: Model, setting: float, parts: Mapping[str, Cohort]) -> Candidate:
    later, test = parts["calibration"], parts["test"]
    fitted_on = int(parts["fit"].outcome.sum())
    calibration = fit_calibration(model.log_odds(later.matrix), later.outcome, later.person, fitted_on)
    risk = calibration.risk(model.log_odds(test.matrix))
    figures = bootstrap(figures_of_risk(risk, test.outcome, test.period), test.person, np.random.default_rng(SEED))
    decisions = trace_net_benefit(risk, test.outcome, choose_thresholds(float(test.outcome.mean())))
    return Candidate(model, calibration, figures, bin_calibration(risk, test.outcome), setting, decisions)


def compare_auroc(first: NDArray[np.float64], second: NDArray[np.float64], part: Cohort) -> Estimate:
    """AUROC of the first score minus that of the second, on the same people, with its interval.

    Args:
        first: Shape (rows,).
        second: Shape (rows,).
        part: The rows' outcomes and people.

    Returns:
        The margin.
    """
    one, other = Ranking(first, part.outcome), Ranking(second, part.outcome)
    return bootstrap(
        lambda weight: {"margin": one.auroc(weight) - other.auroc(weight)}, part.person, np.random.default_rng(SEED)
    )["margin"]
