"""From which probability on is a pair a link? Answered from the model alone, never from a truth.

Each view of people has a cut of its own. The strict one keeps the expected share of wrong links below a bound, and
each link likely; the balanced one has the best expected F1; the lenient one keeps the expected share of missed links
below a bound.

References:
    docs/adr/2026-11-26-strictness-by-purpose.md (the bounds, measured).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.core.views import View
from washhouse.linkage.model import Floats

LEAST_STRICT = 0.75
"""The strict view takes no pair for a link that is less likely one person than this, however sure the others."""
MOST_STRICT = 0.99
"""The strict view takes every pair for a link that is at least this likely, even where its bound is then not kept.

Many equal pairs stand or fall together: without names, a person's records may all be this sure and no surer.
"""
LEAST_LENIENT = 0.2
"""No view takes a pair for a link that is less likely one person than this: below, most links would be wrong."""


@dataclass(frozen=True)
class Strictness:
    """What the views of people are bound by.

    Attributes:
        false_links: Share of the links of the strict view that may be expected to be wrong.
        missed_links: Share of the true links that the lenient view may be expected to miss, among compared pairs.
    """

    false_links: float = 0.002
    missed_links: float = 0.005


@dataclass(frozen=True)
class Threshold:
    """A cut, and what the model expects of it.

    Attributes:
        probability: Pairs at or above it are links.
        links: Pairs at or above it.
        false_links: Links expected to be wrong.
        missed_links: Pairs below it expected to be right (among those compared).
    """

    probability: float
    links: int
    false_links: float
    missed_links: float

    @property
    def f1(self) -> float:
        """Expected harmonic mean of precision and recall."""
        right = self.links - self.false_links
        wanted = right + self.missed_links
        return 2 * right / (self.links + wanted) if wanted else 1.0


def at_threshold(probabilities: Floats, cut: float) -> Threshold:
    """Return what the model expects of a given cut.

    >>> at_threshold(np.array([0.99, 0.6, 0.1]), 0.5).links
    2
    """
    kept = probabilities >= cut
    return Threshold(cut, int(kept.sum()), float((1.0 - probabilities[kept]).sum()), float(probabilities[~kept].sum()))


def best_threshold(probabilities: Floats, least: float = 0.5) -> Threshold:
    """Return the cut with the highest expected F1, midway between the last pair above it and the first below.

    Pairs of one probability stay together, so equal pairs are treated alike.

    Args:
        probabilities: Probability of each candidate pair, 0 to 1.
        least: The cut never goes below this.

    >>> best_threshold(np.array([0.99, 0.98, 0.6, 0.1])).probability
    0.5
    """
    order = np.sort(probabilities)[::-1]
    right = np.cumsum(order)
    f1 = 2 * right / (np.arange(1, len(order) + 1) + order.sum())
    last = _ends(order) & (order >= least)
    if not last.any():
        return at_threshold(probabilities, least)
    best = int(np.flatnonzero(last)[np.argmax(f1[last])])
    return at_threshold(probabilities, max(least, _below(order, best)))


def surest_threshold(probabilities: Floats, false_links: float, least: float = 0.5) -> Threshold:
    """Return the lowest cut whose links are expected to hold no more than a share of wrong ones.

    Args:
        probabilities: Probability of each candidate pair, 0 to 1.
        false_links: The share, 0 to 1.
        least: The cut never goes below this.

    >>> surest_threshold(np.array([1.0, 1.0, 1.0, 0.99, 0.8]), 0.01).probability
    0.895
    >>> surest_threshold(np.array([0.8]), 0.01).links
    0
    """
    order = np.sort(probabilities)[::-1]
    wrong = np.cumsum(1.0 - order) / np.arange(1, len(order) + 1)
    fits = np.flatnonzero(_ends(order) & (wrong <= false_links))
    cut = _below(order, int(fits[-1])) if len(fits) else float(np.nextafter(order[0], 2.0)) if len(order) else least
    return at_threshold(probabilities, max(least, cut))


def widest_threshold(probabilities: Floats, missed_links: float, most: float = 0.5) -> Threshold:
    """Return the highest cut below which no more than a share of the true pairs is expected, `LEAST_LENIENT` or above.

    Args:
        probabilities: Probability of each candidate pair, 0 to 1.
        missed_links: The share, 0 to 1.
        most: The cut never goes above this.

    >>> widest_threshold(np.array([1.0, 1.0, 0.5, 0.0]), 0.05).probability
    0.25
    """
    order = np.sort(probabilities)[::-1]
    found = np.cumsum(order)
    fits = np.flatnonzero(_ends(order) & (found[-1] - found <= missed_links * found[-1])) if len(order) else found
    cut = _below(order, int(fits[0])) if len(fits) else most
    return at_threshold(probabilities, min(most, max(LEAST_LENIENT, cut)))


def view_thresholds(probabilities: Floats, strictness: Strictness) -> dict[View, float]:
    """Return the cut of each view, the highest first.

    Args:
        probabilities: Probability of each candidate pair worth keeping, 0 to 1.
        strictness: What the views are bound by.
    """
    balanced = best_threshold(probabilities).probability
    strict = surest_threshold(probabilities, strictness.false_links, LEAST_STRICT).probability
    return {
        View.STRICT: max(balanced, min(strict, MOST_STRICT)),
        View.BALANCED: balanced,
        View.LENIENT: widest_threshold(probabilities, strictness.missed_links, balanced).probability,
    }


def _ends(order: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say which of some falling probabilities are the last of their value."""
    ends: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.append(order[1:] < order[:-1], True)[: len(order)]
    return ends


def _below(order: Floats, last: int) -> float:
    """Return the cut midway between one of some falling probabilities and the next."""
    return float(order[last] + (order[last + 1] if last + 1 < len(order) else 0.0)) / 2
