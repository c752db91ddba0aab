"""Do the people whom a model scores still look like those it was fitted on?

Each feature's values are put into the bins of the fit (tenths of its known values, and one for nothing known). The
population stability index says how far the mix has moved; it counts when it is both large and more than chance makes
of so many people. That nothing is known of more people than before is looked at by itself: a source that fell silent,
or no longer sends a field, shows there first.

References:
    `record.quality.drift` has the index, its limit and its distribution under no change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from washhouse.insight.features.matrix import Matrix
from washhouse.record.quality.drift import CHANCE, chance_index, stability_index

BINS = 10
DECIMALS = 9

Bins = dict[str, NDArray[np.int64]]
"""Values by bin, by name of the feature."""

MORE_MISSING = 0.1
"""Share of the people by which nothing may become known of more. Set for this watch; no national standard."""

MAJOR_CHANGE = 0.25
"""Siddiqi N. Credit Risk Scorecards. Wiley 2006."""

RISK = "risk"
"""In place of a feature's name: the risk itself."""


@dataclass(frozen=True)
class Drift:
    """How far a feature has moved.

    Attributes:
        feature: Its name, or `RISK`.
        index: Population stability index between the people of the fit and those scored now.
        limit: What it may come to.
        missing_then: Share of the people of the fit for whom nothing was known.
        missing_now: Share of those scored now.
        missing_limit: Share that it may come to. That more is known than before is no fault.
        is_judged: Whether the people of the fit differed in it at all; if not, no model can have learnt from it.
    """

    feature: str
    index: float
    limit: float
    missing_then: float
    missing_now: float
    missing_limit: float
    is_judged: bool

    @property
    def is_outside(self) -> bool:
        """Whether it moved by much, and by more than chance."""
        return self.is_judged and self.index > self.limit

    @property
    def is_missing(self) -> bool:
        """Whether nothing is known of more people than before, by much and by more than chance."""
        return self.missing_now > self.missing_limit


def describe_inputs(matrix: Matrix, risk: NDArray[np.float64], person: NDArray[np.int64]) -> dict[str, Any]:
    """What a model was fitted on, so that later inputs can be held against it.

    Args:
        matrix: Features, shape (rows, features).
        risk: Risks, shape (rows,).
        person: Number of each row's person, shape (rows,).

    Returns:
        `rows`, `people`, and under `bins` by name `edges` (inner, rising) and `counts` (one more than edges, the last
        for nothing known); ready for JSON.
    """
    columns = {name: matrix.column(name) for name in matrix.names} | {RISK: risk}
    bins = {}
    for name, values in columns.items():
        known = _known(values)
        inner = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.array([])
        edges = [float(edge) for edge in inner]
        bins[name] = {"edges": edges, "counts": _count(values, edges)}
    return {"rows": len(risk), "people": len(np.unique(person)), "bins": bins}


def count_bins(described: Mapping[str, Any], matrix: Matrix, risk: NDArray[np.float64]) -> Bins:
    """Put the inputs of now into the bins of the fit; the counts of two groups of people may be added.

    Args:
        described: What `describe_inputs` gives.
        matrix: Features of those scored now, one row a person, shape (people, features).
        risk: Their risks, shape (people,).

    Returns:
        By name the values in each bin, shape (bins,).
    """
    return {
        name: np.array(_count(risk if name == RISK else matrix.column(name), bins["edges"]))
        for name, bins in described["bins"].items()
    }


def measure_drift(described: Mapping[str, Any], now: Bins) -> tuple[Drift, ...]:
    """Hold the inputs of now against those of the fit.

    Args:
        described: What `describe_inputs` gives.
        now: What `count_bins` gives, added up.

    Returns:
        One for each feature and one for the risk, in their order; none without anybody.
    """
    moved = []
    far = float(norm.isf(CHANCE / max(len(described["bins"]), 1)))
    for name, bins in described["bins"].items():
        before, found = bins["counts"], [int(count) for count in now[name]]
        people = sum(found)
        if not people:
            return ()
        filled = sum(1 for old, new in zip(before, found, strict=True) if old or new)
        # Rows of one person tell little more than one row, and features are judged together.
        chance = chance_index(
            max(filled, 2), described["people"], people, clustered=1.0, chance=CHANCE / len(described["bins"])
        )
        missing = before[-1] / described["rows"]
        spread = (missing * (1 - missing) * (1 / described["people"] + 1 / people)) ** 0.5
        moved.append(
            Drift(
                name,
                stability_index(_named(before), _named(found)),
                max(MAJOR_CHANGE, chance),
                missing,
                found[-1] / people,
                min(1.0, missing + max(MORE_MISSING, far * spread)),
                sum(1 for count in before if count) > 1,
            )
        )
    return tuple(moved)


def _count(values: NDArray[Any], edges: list[float]) -> list[int]:
    """Values by bin, a value at an edge in the lower one, then those that are missing."""
    known = _known(values)
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return [*(int(count) for count in counts), len(values) - len(known)]


def _known(values: NDArray[Any]) -> NDArray[np.float64]:
    """What is not missing, rounded: equal values must fall into one bin however many rows they were computed with."""
    known: NDArray[np.float64] = values[~np.isnan(values)].astype(np.float64)
    return known.round(DECIMALS)


def _named(counts: list[int]) -> dict[str, int]:
    return {str(number): count for number, count in enumerate(counts)}
