"""What may the blocks cost that blocking left out as too large?

A block of equal keys that is too large is skipped, and true pairs in it are missed unless another rule reaches them.
How often others do is seen in the same rule's other blocks: of the likely pairs that share this rule's key there, a
share c is reached by another rule too. In the skipped blocks only pairs that another rule reaches are seen, F of them
expected to be right; then about F / c are there, and F (1 - c) / c are missed. It is the two-list capture-recapture
estimate, with the rule as one list and all other rules as the second. Records in one large block tend to lie in other
large blocks too, which are skipped as well, so other rules reach fewer pairs there than elsewhere: it is a lower bound,
and is told as one (docs/how-to/choose-blocking.md gives measured examples).

References:
    Seber 1982, "The estimation of animal abundance", chapter 3 (two-sample capture-recapture).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from washhouse.linkage.blocking import Candidates, RuleReport, block_keys
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.model import Floats

LIKELY = 0.5
"""Pairs from this probability on tell how often rules reach a true pair."""
LEAST = 10.0
"""True pairs, as expected, that must be seen before anything is said about a rule."""


@dataclass(frozen=True)
class SkippedCost:
    """What the skipped blocks of one rule may cost.

    Attributes:
        rule: The parts that records were to share.
        missed_links: True links estimated to be missed; None where too few pairs tell.
        recall_cost: The same as a share of all true links, 0 to 1; None where too few pairs tell.
        words: All of it as a sentence.
    """

    rule: tuple[str, ...]
    missed_links: float | None
    recall_cost: float | None
    words: str


def skipped_costs(
    encoded: Encoded, candidates: Candidates, chances: Floats, side: Ints | None, max_block_pairs: int
) -> tuple[SkippedCost, ...]:
    """Estimate what skipped blocks cost, for each rule that skipped one.

    Args:
        encoded: The records.
        candidates: The pairs compared.
        chances: Probability of each of them.
        side: 0 or 1 for each record where two tables are linked.
        max_block_pairs: Blocks with more pairs were skipped.

    Returns:
        One row per rule with skipped blocks, in the order of the rules.
    """
    reports = candidates.reports
    if not any(report.skipped_blocks for report in reports):
        return ()
    likely = np.flatnonzero(chances >= LIKELY)
    left, right, weight = candidates.left[likely], candidates.right[likely], chances[likely]
    reached = np.zeros(len(likely), dtype=np.int64)
    shared: dict[int, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]] = {}
    for r, report in enumerate(reports):
        key = block_keys(encoded, [report.rule])[0]
        agree = (key[left] >= 0) & (key[left] == key[right])
        inside = np.zeros(len(likely), dtype=bool)
        if report.skipped_blocks:
            inside = agree & np.isin(key[left], _too_large(key, side, max_block_pairs))
            shared[r] = agree & ~inside, inside
        reached += agree & ~inside
    everything = float(chances.sum())
    return tuple(
        _cost(reports[r], reached - outside > 0, outside, inside, weight, everything)
        for r, (outside, inside) in shared.items()
    )


def _cost(
    report: RuleReport,
    others: npt.NDArray[np.bool_],
    outside: npt.NDArray[np.bool_],
    inside: npt.NDArray[np.bool_],
    weight: Floats,
    everything: float,
) -> SkippedCost:
    told = (
        f"Blocking on {' and '.join(report.rule)}: {report.skipped_blocks} blocks skipped as too large "
        f"({report.skipped_records} records, {report.skipped_pairs} pairs). "
    )
    seen, both = float(weight[outside].sum()), float(weight[outside & others].sum())
    if both < LEAST:
        told += "What recall that costs cannot be told: too few links share such a key elsewhere."
        return SkippedCost(report.rule, None, None, told)
    caught = both / seen
    missed = float(weight[inside].sum()) * (1.0 - caught) / caught
    cost = missed / (everything + missed) if missed else 0.0
    told += (
        f"Other rules reach {caught:.0%} of such links; at least about {missed:.0f} true links ({cost:.1%}) are missed."
    )
    return SkippedCost(report.rule, round(missed, 1), round(cost, 4), told)


def _too_large(key: npt.NDArray[np.int64], side: Ints | None, max_block_pairs: int) -> npt.NDArray[np.int64]:
    """Return the keys whose blocks could give more pairs than allowed."""
    known = key >= 0
    keys, place, size = np.unique(key[known], return_inverse=True, return_counts=True)
    if side is None:
        pairs = size * (size - 1) // 2
    else:
        theirs = np.bincount(place, weights=side[known], minlength=len(keys)).astype(np.int64)
        pairs = theirs * (size - theirs)
    return keys[pairs > max_block_pairs]
