"""Do a model's risks still come true, period by period?

A risk said at an index date is held against what was recorded within the horizon, once that is known. The chart shows
observed over expected; its limits are those of outcomes exactly as likely as the model said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from washhouse.insight.watch.charts import Limits, ends_in_run, ratio_limits

MIN_EXPECTED = 5.0
"""Expected outcomes of a period below which it is not judged by itself."""


@dataclass(frozen=True)
class Period:
    """What a model said of a period, and what came of it.

    Attributes:
        since: First index date.
        people: Person-indexes.
        expected: Sum of the risks.
        variance: Sum of risk times one minus risk.
        observed: Outcomes.
    """

    since: date
    people: int
    expected: float
    variance: float
    observed: int

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    @property
    def limits(self) -> Limits:
        """Where the ratio lies if the model is right."""
        return ratio_limits(self.expected, self.variance)


def count_periods(
    index_date: NDArray[np.datetime64], risk: NDArray[np.float64], outcome: NDArray[np.bool_]
) -> tuple[Period, ...]:
    """Add up by month of the index date.

    Args:
        index_date: Shape (rows,).
        risk: Risks said then, shape (rows,).
        outcome: Whether the outcome happened in the horizon, shape (rows,).

    Returns:
        The months that have rows, in order of time.
    """
    months, number = np.unique(index_date.astype("datetime64[M]"), return_inverse=True)
    periods = []
    for place in range(len(months)):
        rows = number == place
        said = risk[rows]
        periods.append(
            Period(
                since=index_date[rows].min().astype("datetime64[D]").item(),
                people=int(rows.sum()),
                expected=float(said.sum()),
                variance=float((said * (1 - said)).sum()),
                observed=int(outcome[rows].sum()),
            )
        )
    return tuple(periods)


def judge_periods(periods: Sequence[Period], *, are_apart: bool, before: Sequence[float] = ()) -> list[str]:
    """Judge each period.

    Args:
        periods: In order of time.
        are_apart: Whether the horizons of two periods do not overlap, so that a run of them is a signal of its own.
        before: Ratios of the judged periods before these.

    Returns:
        For each `within`, `outside` its limits, `run` (the last of a run on one side of the centre) or `too-few`.
    """
    verdicts: list[str] = []
    told = list(before)
    for period in periods:
        if period.expected < MIN_EXPECTED:
            verdicts.append("too-few")
            continue
        told.append(period.ratio)
        if not period.limits.holds(period.ratio):
            verdicts.append("outside")
        else:
            verdicts.append("run" if are_apart and ends_in_run(told, 1.0) else "within")
    return verdicts
