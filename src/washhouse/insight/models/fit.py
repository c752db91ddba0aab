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
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from washhouse.governance.disclosure import say_count
from washhouse.insight.models.algorithms import SEED, algorithms_here, fit_algorithm
from washhouse.insight.models.calibration import Calibration, fit_calibration
from washhouse.insight.models.cohort import Cohort
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
from washhouse.insight.models.places import check_places
from washhouse.insight.models.plan import MIN_EVENTS, Split, split_training
from washhouse.insight.models.reasons import usual_values
from washhouse.insight.models.store import Model
from washhouse.insight.outcomes.contract import Algorithm, Outcome
from washhouse.insight.watch.calibration import count_periods
from washhouse.insight.watch.inputs import describe_inputs

MOST_SIDE_BY_SIDE = 4
"""Candidates that are fitted at a time at most: each holds its own copy of the person-indexes in memory."""


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
        places: How its algorithm does in practices that it never saw, see `places.check_places`.
        watch: What its inputs and risks were on the test, to hold later ones against: `inputs` and `periods`.
    """

    shipped: Algorithm
    candidates: Mapping[Algorithm, Candidate]
    comparisons: tuple[Comparison, ...]
    parts: dict[str, dict[str, int | str | None]]
    usual: dict[str, float]
    gates: tuple[Gate, ...] = ()
    groups: tuple[Group, ...] = ()
    places: dict[str, Any] = field(default_factory=dict)
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
    parts = cohort.parts(split)
    few = say_too_few(outcome, {name: int(part.outcome.sum()) for name, part in parts.items()})
    if few:
        return NoFit("too-few-events", few)
    with threadpool_limits(limits=1):
        earlier, later = (cohort.at(dates) for dates in split_training(outcome, split))
        return _fit_parts(outcome, parts, (earlier, later))


def say_too_few(outcome: Outcome, events: dict[str, int]) -> str:
    """Why a history cannot be fitted on, in words that everybody may read; empty if it can.

    Args:
        outcome: The declaration.
        events: Outcomes of each part.
    """
    short = {name: count for name, count in events.items() if count < MIN_EVENTS[name]}
    if not short:
        return ""
    things = outcome.words.things
    held = "; ".join(f"{name}: {say_count(count)}, {MIN_EVENTS[name]} needed" for name, count in short.items())
    return f"The history holds too few {things} to fit a model honestly ({held})."


def _fit_parts(outcome: Outcome, parts: dict[str, Cohort], training: tuple[Cohort, Cohort]) -> Fit | NoFit:
    names = algorithms_here(outcome)
    earlier, later = training
    may_compare = min(earlier.outcome.sum(), later.outcome.sum()) >= MIN_EVENTS["test"]

    def fit_and_judge(name: Algorithm) -> Candidate:
        return _judge(*fit_algorithm(outcome, name, parts["fit"]), parts)

    def fit_and_rank(name: Algorithm) -> NDArray[np.float64]:
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
        verdicts[name] = _judge_gates(outcome, name, candidates[name], tested[name], parts)
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


def _judge_gates(
    outcome: Outcome, name: Algorithm, candidate: Candidate, odds: NDArray[np.float64], parts: Mapping[str, Cohort]
) -> tuple[tuple[Gate, ...], tuple[Group, ...], dict[str, Any]]:
    """Gates, groups of people and places of a candidate; of people of whom nothing is known only the gates."""
    test = parts["test"]
    events = int(test.outcome.sum())
    if test.people is None:
        return judge(candidate.figures, events, ()), (), {}
    groups = judge_groups(candidate.calibration.risk(odds), test.outcome, test.person, test.index_date, test.people)
    places = check_places(outcome, name, parts)
    return (*judge(candidate.figures, events, groups), *(Gate(**each) for each in places["gates"])), groups, places


def _one_thread() -> None:
    # How many threads OpenMP may use is asked of each thread that it is called from.
    threadpool_limits(limits=1)


def _choose(
    names: tuple[Algorithm, ...],
    odds: Mapping[Algorithm, NDArray[np.float64]],
    later: Cohort,
    tested: Mapping[Algorithm, NDArray[np.float64]],
    test: Cohort,
) -> tuple[Algorithm, tuple[Comparison, ...]]:
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
