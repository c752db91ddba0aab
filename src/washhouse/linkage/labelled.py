"""How good is the linkage, judged by stewards' answers?

The queue asks about doubtful pairs, so its answers say little about all pairs. Besides it a sample is drawn at random
inside bands of probability. An estimate counts each pair of the queue for itself, and lets each sampled answer stand
for the pairs of its band that the queue did not settle; a band and side of the decision is a stratum.

Precision is the share of linked pairs that are one person's. Recall is the share of one person's pairs that are linked,
among the pairs that were compared and have a probability of 1 % or more: what blocking never reached is not in it.

References:
    Cochran 1977, "Sampling techniques", chapter 5 (stratified estimates).
    Brown, Cai, DasGupta 2001, "Interval estimation for a binomial proportion", doi:10.1214/ss/1009213286 (Jeffreys).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from washhouse.linkage.model import Floats

BANDS = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
"""Lower ends of the bands of probability; pairs below the first are not kept."""
SAMPLE = 40
"""Pairs drawn from a band at each run."""
SAMPLED = "sample"
"""Cause of an answer that may stand for others."""
ENOUGH = 5
"""Sampled answers that a stratum needs before an estimate rests on it."""
NEGLIGIBLE = 0.005
"""A stratum with less than this share of the linked pairs may go without answers; it widens the interval instead."""
_DRAWS = 4_000
_SEED = 1934
_CERTAIN = ("same", "different")


class Label(Protocol):
    """An answer, as the desk keeps it."""

    @property
    def left_key(self) -> str:
        """Key of one record."""
        ...

    @property
    def right_key(self) -> str:
        """Key of the other."""
        ...

    @property
    def answer(self) -> str:
        """`same`, `different` or `unsure`."""
        ...

    @property
    def probability(self) -> float | None:
        """Probability of the pair when it was shown."""
        ...

    @property
    def queue_cause(self) -> str:
        """Cause and side, see `cause_of`; what follows a second stroke is not read here."""
        ...


@dataclass(frozen=True)
class Stratum:
    """Pairs in one band of probability and on one side of the decision.

    Attributes:
        low: Lower end of the band, included.
        high: Upper end, excluded (the last band includes 1).
        linked: True for pairs that the linkage put together.
        pairs: How many there are.
    """

    low: float
    high: float
    linked: bool
    pairs: int


def cause_of(cause: str, together: bool, sampled: bool) -> str:
    """Return what a label keeps of why a pair was shown: its cause, or `sample`, and the side it was on.

    >>> cause_of("near-threshold", together=True, sampled=False), cause_of("household", together=False, sampled=True)
    ('near-threshold/linked', 'sample/apart')
    """
    return f"{SAMPLED if sampled else cause}/{'linked' if together else 'apart'}"


def band_of(probabilities: Floats) -> npt.NDArray[np.int64]:
    """Return the band of each probability; what lies below the first band is put into it.

    >>> band_of(np.array([0.005, 0.1, 0.95, 1.0])).tolist()
    [0, 1, 3, 5]
    """
    return np.maximum(np.searchsorted(np.array(BANDS), probabilities, side="right") - 1, 0).astype(np.int64)


def sample_bands(probabilities: Floats, rng: np.random.Generator, size: int = SAMPLE) -> npt.NDArray[np.int64]:
    """Draw pairs at random from each band, without replacement.

    Args:
        probabilities: Probability of each pair.
        rng: Draws them.
        size: Pairs wanted of each band.

    Returns:
        Indices of the pairs drawn, ascending.
    """
    bands = band_of(probabilities)
    drawn = [
        rng.choice(held, min(size, len(held)), replace=False)
        for b in range(len(BANDS))
        if len(held := np.flatnonzero(bands == b))
    ]
    return np.sort(np.concatenate(drawn)).astype(np.int64) if drawn else np.empty(0, dtype=np.int64)


def count_strata(probabilities: Floats, linked: npt.NDArray[np.bool_]) -> tuple[Stratum, ...]:
    """Count pairs by band and side; empty strata are left out.

    Args:
        probabilities: Probability of each pair.
        linked: True where the pair's records are one person's now.
    """
    held = np.bincount(band_of(probabilities) * 2 + linked, minlength=2 * len(BANDS))
    ends = (*BANDS[1:], 1.0)
    return tuple(
        Stratum(BANDS[b], ends[b], bool(side), int(held[2 * b + side]))
        for b in range(len(BANDS))
        for side in (0, 1)
        if held[2 * b + side]
    )


def labelled_quality(
    labels: Iterable[Label], strata: Sequence[Stratum], rng: np.random.Generator | None = None
) -> dict[str, Any]:
    """Estimate precision and recall from stewards' answers.

    Args:
        labels: Answers that stand, the latest of a pair last.
        strata: How many pairs each stratum holds, from `count_strata`.
        rng: Draws for the intervals; a fixed one by default, so that a page shows the same figures twice.

    Returns:
        A dictionary of plain numbers and texts: `answers`, `sampled`, `unsure`; `precision` and `recall`, each with
        `estimate`, `lower`, `upper` (95 %), or None where too little was answered; `needed`, the sampled answers that
        are still missing; `bands`, one row per stratum; `rests_on`, sentences that say what the figures rest on.
    """
    latest = {tuple(sorted((label.left_key, label.right_key))): label for label in labels}
    counted = [_Counted(stratum) for stratum in strata]
    place = {(round(c.stratum.low, 6), c.stratum.linked): c for c in counted}
    outside = 0
    for label in latest.values():
        cause, side = (*label.queue_cause.split("/"), "")[:2]
        low = BANDS[int(band_of(np.array([label.probability or 0.0]))[0])]
        held = place.get((low, side == "linked"))
        if label.answer not in _CERTAIN:
            continue
        if held is None:
            outside += 1
        else:
            held.add(label.answer == "same", cause == SAMPLED)
    linked_pairs = sum(c.stratum.pairs for c in counted if c.stratum.linked)
    needed = sum(c.missing(linked_pairs) for c in counted)
    estimates = _estimate(counted, rng or np.random.default_rng(_SEED)) if linked_pairs and not needed else None
    unsure = sum(label.answer not in _CERTAIN for label in latest.values())
    return {
        "answers": len(latest),
        "sampled": sum(c.sampled for c in counted),
        "unsure": unsure,
        "precision": estimates["precision"] if estimates else None,
        "recall": estimates["recall"] if estimates else None,
        "needed": needed,
        "bands": [c.row() for c in counted],
        "rests_on": _rests_on(counted, unsure, outside, linked_pairs),
    }


class _Counted:
    """Answers in one stratum."""

    def __init__(self, stratum: Stratum) -> None:
        self.stratum = stratum
        self.settled = self.settled_same = self.sampled = self.sampled_same = 0

    def add(self, same: bool, sampled: bool) -> None:
        if sampled:
            self.sampled += 1
            self.sampled_same += same
        else:
            self.settled += 1
            self.settled_same += same

    @property
    def rest(self) -> int:
        """Pairs that only the sample speaks for."""
        return max(self.stratum.pairs - self.settled, self.sampled)

    def missing(self, linked_pairs: int) -> int:
        """Sampled answers that an estimate still needs here."""
        if self.rest <= NEGLIGIBLE * linked_pairs:
            return 0
        return max(min(ENOUGH, self.rest) - self.sampled, 0)

    def share(self) -> float:
        """Share of the rest that is one person's: the sample's, or the middle of the band where nobody answered."""
        if self.sampled:
            return self.sampled_same / self.sampled
        return (self.stratum.low + self.stratum.high) / 2

    def same(self, share: Floats) -> Floats:
        """Pairs of one person, if the pairs that nobody looked at have these shares."""
        return self.settled_same + self.sampled_same + (self.rest - self.sampled) * share

    def draw(self, rng: np.random.Generator) -> Floats:
        """Shares that the sample leaves possible (Jeffreys' posterior)."""
        return rng.beta(self.sampled_same + 0.5, self.sampled - self.sampled_same + 0.5, _DRAWS)

    def row(self) -> dict[str, Any]:
        return {
            "low": self.stratum.low,
            "high": self.stratum.high,
            "linked": self.stratum.linked,
            "pairs": self.stratum.pairs,
            "sampled": self.sampled,
            "sampled_same": self.sampled_same,
            "settled": self.settled,
            "settled_same": self.settled_same,
        }


def _estimate(counted: Sequence[_Counted], rng: np.random.Generator) -> dict[str, dict[str, float]]:
    point = [c.same(np.array([c.share()])) for c in counted]
    drawn = [c.same(c.draw(rng)) for c in counted]
    return {
        name: _interval(float(measure(counted, point)[0]), measure(counted, drawn))
        for name, measure in (("precision", _precision), ("recall", _recall))
    }


def _precision(counted: Sequence[_Counted], same: Sequence[Floats]) -> Floats:
    linked = [i for i, c in enumerate(counted) if c.stratum.linked]
    total = sum(counted[i].settled + counted[i].rest for i in linked)
    result: Floats = np.sum([same[i] for i in linked], axis=0) / max(total, 1)
    return result


def _recall(counted: Sequence[_Counted], same: Sequence[Floats]) -> Floats:
    linked = np.sum([same[i] for i, c in enumerate(counted) if c.stratum.linked], axis=0)
    result: Floats = linked / np.maximum(np.sum(same, axis=0), 1e-9)
    return result


def _interval(estimate: float, drawn: Floats) -> dict[str, float]:
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    return {
        "estimate": round(estimate, 5),
        "lower": round(min(float(lower), estimate), 5),
        "upper": round(max(float(upper), estimate), 5),
    }


def _rests_on(counted: Sequence[_Counted], unsure: int, outside: int, linked_pairs: int) -> list[str]:
    sampled, settled = sum(c.sampled for c in counted), sum(c.settled for c in counted)
    pairs = sum(c.stratum.pairs for c in counted)
    told = [
        f"{sampled:,} answers about pairs drawn at random inside bands of probability, which stand for the rest of "
        f"{pairs:,} compared pairs, and {settled:,} answers from the queue, each of which stands for itself.",
        "Pairs below a probability of 1 %, and pairs that were never compared, are in neither figure.",
        "An answer is taken for the truth; two stewards may still err alike.",
    ]
    if unsure:
        told.append(f"{unsure:,} answers “cannot tell” are left out.")
    if outside:
        told.append(f"{outside:,} answers are about pairs of a kind that the linkage no longer holds.")
    empty = [c for c in counted if not c.sampled and c.rest and not c.missing(linked_pairs)]
    if empty:
        told.append(
            f"{plural_bands(len(empty))} with few pairs {'has' if len(empty) == 1 else 'have'} no sampled answer; "
            "the interval allows for any share there."
        )
    return told


def plural_bands(count: int) -> str:
    """Say how many strata.

    >>> plural_bands(1), plural_bands(3)
    ('One group', '3 groups')
    """
    return "One group" if count == 1 else f"{count} groups"
