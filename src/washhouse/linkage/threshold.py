"""From which probability on is a pair a link? Answered from the model alone, never from a truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from washhouse.linkage.model import Floats


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
    last = np.append(order[1:] < order[:-1], True)[: len(order)] & (order >= least)
    if not last.any():
        return at_threshold(probabilities, least)
    best = int(np.flatnonzero(last)[np.argmax(f1[last])])
    below = order[best + 1] if best + 1 < len(order) else 0.0
    return at_threshold(probabilities, max(least, float(order[best] + below) / 2))
