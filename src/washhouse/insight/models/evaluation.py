"""How well does a risk model rank and how true are its probabilities, and how sure are we?

Every figure is a function of weighted rows, so that one bootstrap serves all: whole people are drawn with replacement,
because the same person occurs at many index dates.

References:
    AUROC: Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747. AUPRC as average precision: Davis and Goadrich
    2006, doi:10.1145/1143844.1143874. Calibration: Van Calster 2019, doi:10.1186/s12916-019-1466-7. Cluster bootstrap:
    Field and Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x. Net benefit: Vickers and Elkin 2006,
    doi:10.1177/0272989X06295361.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from washhouse.insight.models.calibration import fit_line

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

REPLICATES = 400
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    lower: float
    upper: float


class Ranking:
    """Rows sorted once by score, highest first, so that weighted figures cost one pass.

    Args:
        score: Higher is riskier, shape (rows,).
        outcome: Whether the outcome happened, shape (rows,).
    """

    def __init__(self, score: Floats, outcome: Flags) -> None:
        self._order = np.argsort(-score, kind="stable")
        ordered = score[self._order]
        self._starts = np.flatnonzero(np.diff(ordered, prepend=np.inf) != 0) if len(score) else np.array([], int)
        self._outcome = outcome[self._order].astype(np.float64)

    def _sums(self, weight: Floats) -> tuple[Floats, Floats]:
        """Weight of those with and without the outcome at each distinct score, highest score first."""
        ordered = weight[self._order]
        return (
            np.add.reduceat(ordered * self._outcome, self._starts),
            np.add.reduceat(ordered * (1 - self._outcome), self._starts),
        )

    def auroc(self, weight: Floats) -> float:
        """Probability that one with the outcome scores above one without; ties count half."""
        positive, negative = self._sums(weight)
        below = negative.sum() - np.cumsum(negative)
        return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))

    def auprc(self, weight: Floats) -> float:
        """Average precision."""
        positive, negative = self._sums(weight)
        found = np.cumsum(positive)
        listed = np.maximum(found + np.cumsum(negative), 1e-12)
        return float((positive * found / listed).sum() / positive.sum())


def measure_auroc(score: Floats, outcome: Flags) -> float:
    """AUROC of unweighted rows.

    Examples:
        >>> measure_auroc(np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False]))
        0.75
    """
    return Ranking(score, outcome).auroc(np.ones(len(score)))


def flag_top(score: Floats, period: NDArray[np.int64], share: float | None = None, count: int | None = None) -> Flags:
    """Flag the highest scores of each period.

    Args:
        score: Shape (rows,).
        period: Number of the index date, shape (rows,).
        share: Share of the period's rows to flag, rounded to a whole number; or
        count: Rows of each period to flag.

    Returns:
        Shape (rows,).
    """
    flagged = np.zeros(len(score), dtype=bool)
    for each in np.unique(period):
        rows = np.flatnonzero(period == each)
        wanted = count if count is not None else round((share or 0.0) * len(rows))
        flagged[rows[np.argsort(-score[rows], kind="stable")[:wanted]]] = True
    return flagged


def bootstrap(
    figures: Callable[[Floats], Mapping[str, float]],
    person: NDArray[np.int64],
    rng: np.random.Generator,
    replicates: int = REPLICATES,
) -> dict[str, Estimate]:
    """Give figures their intervals by drawing whole people.

    Args:
        figures: From a weight for each row to named figures.
        person: Number of the person of each row, 0 to n - 1, shape (rows,).
        rng: Source of randomness.
        replicates: Samples.

    Returns:
        Each figure with its 2.5th and 97.5th percentile; a figure of the same call is paired with the others.
    """
    values = figures(np.ones(len(person)))
    people = int(person.max()) + 1
    samples: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(replicates):
        drawn = np.bincount(rng.integers(0, people, people), minlength=people).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            for name, value in figures(drawn[person]).items():
                samples[name].append(value)
    limits = {name: np.nanpercentile(drawn_values, [2.5, 97.5]) for name, drawn_values in samples.items()}
    return {name: Estimate(value, float(limits[name][0]), float(limits[name][1])) for name, value in values.items()}


def figures_of_risk(risk: Floats, outcome: Flags, period: NDArray[np.int64]) -> Callable[[Floats], dict[str, float]]:
    """Figures of calibrated risks: ranking, calibration, and what a list of the highest finds.

    Args:
        risk: Calibrated probability, shape (rows,).
        outcome: Whether the outcome happened, shape (rows,).
        period: Number of the index date, shape (rows,).

    Returns:
        A function from weights to `auroc`, `auprc`, `brier`, `calibration_intercept` and `calibration_slope` (of the
        outcome on the log-odds of the risk: 0 and 1 when perfect), `expected_over_observed`, and for the top 5, 10 and
        20 % of each index date `capture_*` (share of outcomes listed) and `ppv_*` (share of the listed with it).
    """
    ranking = Ranking(risk, outcome)
    happened = outcome.astype(np.float64)
    log_odds = logit(np.clip(risk, 1e-9, 1 - 1e-9))
    line = fit_line(log_odds, outcome)
    tops = {f"{share}pct": flag_top(risk, period, share=share / 100).astype(np.float64) for share in (5, 10, 20)}

    def figures(weight: Floats) -> dict[str, float]:
        events = float((weight * happened).sum())
        intercept, slope = fit_line(log_odds, outcome, weight, start=line)
        values = {
            "auroc": ranking.auroc(weight),
            "auprc": ranking.auprc(weight),
            "brier": float((weight * (risk - happened) ** 2).sum() / weight.sum()),
            "calibration_intercept": intercept,
            "calibration_slope": slope,
            "expected_over_observed": float((weight * risk).sum() / events),
        }
        for name, flagged in tops.items():
            found = float((weight * flagged * happened).sum())
            values[f"capture_{name}"] = found / events
            listed = float((weight * flagged).sum())
            # A draw may hold nobody of a short list.
            values[f"ppv_{name}"] = found / listed if listed else float("nan")
        return values

    return figures


def trace_net_benefit(risk: Floats, outcome: Flags, thresholds: Sequence[float]) -> list[dict[str, float]]:
    """The decision curve: what acting on a risk is worth, in outcomes found a person, at each threshold of acting.

    Args:
        risk: Calibrated probability, shape (rows,).
        outcome: Whether the outcome happened, shape (rows,).
        thresholds: Risks at which somebody would act, above 0 and below 1; acting in vain weighs their odds.

    Returns:
        For each `threshold`, `model` (acting where the risk reaches it) and `everybody`; acting for nobody is worth 0.

    Examples:
        >>> trace_net_benefit(np.array([0.9, 0.6, 0.2, 0.1]), np.array([True, False, False, False]), [0.5])
        [{'threshold': 0.5, 'model': 0.0, 'everybody': -0.5}]
    """
    traced = []
    for threshold in thresholds:
        odds, acted = threshold / (1 - threshold), risk >= threshold
        model = float((acted & outcome).mean() - (acted & ~outcome).mean() * odds)
        traced.append(
            {"threshold": threshold, "model": model, "everybody": float(outcome.mean() - (~outcome).mean() * odds)}
        )
    return traced


def choose_thresholds(prevalence: float) -> list[float]:
    """Thresholds around a prevalence, from half of it to four times, below 0.9."""
    return [round(min(prevalence * times, 0.9), 4) for times in (0.5, 1.0, 2.0, 4.0)]


def bin_calibration(risk: Floats, outcome: Flags, bins: int = 10) -> list[dict[str, float]]:
    """Expected and observed in equal groups by risk, lowest first.

    Args:
        risk: Calibrated probability, shape (rows,).
        outcome: Whether the outcome happened, shape (rows,).
        bins: Groups.

    Returns:
        For each group `n`, `expected` (mean risk) and `observed` (share with the outcome).
    """
    groups = [rows for rows in np.array_split(np.argsort(risk, kind="stable"), bins) if len(rows)]
    return [
        {"n": len(rows), "expected": float(risk[rows].mean()), "observed": float(outcome[rows].mean())}
        for rows in groups
    ]
