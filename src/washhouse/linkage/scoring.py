"""From encoded records to weighted pairs: block, compare, fit, weigh."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from washhouse.lake.engine import Engine
from washhouse.linkage.block_groups import GROUP_RECORDS, compare_all, lay_blocks
from washhouse.linkage.blocking import MAX_BLOCK_PAIRS, Candidates, rules_for
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.fields import Kind
from washhouse.linkage.given_names import count_names
from washhouse.linkage.kernel import compare, comparison_of, level_counts, levels_of
from washhouse.linkage.model import Floats, Levels, Model, Random, fit, probability, random_shares

Progress = Callable[[str, float], None]
SAMPLE = 400_000
"""Random pairs compared; fewer pairs than this are all compared."""
_SEED = 1842
KEPT_EDGE = 0.01
"""Pairs below this probability are not kept; it lies below every threshold (`threshold.best_threshold`)."""


def no_progress(step: str, share: float) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Scored:
    """Candidate pairs with their weights.

    Attributes:
        candidates: The pairs, and what blocking did.
        pattern: Index of each pair's pattern in the arrays below.
        patterns: The distinct patterns, ascending.
        levels: Level of each distinct pattern in each field.
        weights: Weight of each distinct pattern, bits, prior included.
        parts: Part of each field in the weight of each distinct pattern; they sum to the weight minus the prior.
        model: The model that weighed them.
        max_block_pairs: Blocks with more pairs were skipped.
    """

    candidates: Candidates
    pattern: Ints
    patterns: npt.NDArray[np.int64]
    levels: Levels
    weights: Floats
    parts: Floats
    model: Model
    max_block_pairs: int = MAX_BLOCK_PAIRS

    @property
    def pair_weights(self) -> Floats:
        """Weight of each pair, bits."""
        return self.weights[self.pattern]

    @property
    def pair_probabilities(self) -> Floats:
        """Probability of each pair to be one person."""
        return probability(self.weights)[self.pattern]


def worth_keeping(scored: Scored) -> Scored:
    """Return the pairs worth keeping, in the order of their records."""
    left, right = scored.candidates.left, scored.candidates.right
    worth = probability(scored.weights) >= KEPT_EDGE
    kept = np.flatnonzero(worth[scored.pattern]) if not worth.all() else np.arange(len(left))
    key = left[kept].astype(np.int64) << 32 | right[kept]
    if not (key[1:] > key[:-1]).all():
        kept = kept[np.argsort(key)]
    elif len(kept) == len(left):
        return scored
    candidates = Candidates(left[kept], right[kept], scored.candidates.reports)
    return replace(scored, candidates=candidates, pattern=scored.pattern[kept])


def score_pairs(
    encoded: Encoded,
    *,
    side: Ints | None = None,
    settings: int = 0,
    rules: Sequence[Sequence[str]] | None = None,
    max_block_pairs: int = MAX_BLOCK_PAIRS,
    threads: int = 1,
    progress: Progress = no_progress,
    model: Model | None = None,
    group_records: int = GROUP_RECORDS,
    engine: Engine | None = None,
) -> Scored:
    """Find, compare and weigh the pairs of some records.

    Args:
        encoded: The records.
        side: 0 or 1 for each record where two tables are linked; None to look for pairs within one.
        settings: Number of sources, where one of the fields is the setting of a pair.
        rules: Blocking rules; by default those of `blocking.RULES` that the fields allow.
        max_block_pairs: Blocks with more pairs are skipped and counted.
        threads: Threads to use; the result does not depend on it.
        progress: Told the step and how much of it is done.
        model: Weighs the pairs; one is fitted to them if left out.
        group_records: Records of a block group, about; the result does not depend on it.
        engine: What finds and compares the pairs of block groups; left out, this process.

    Returns:
        The candidate pairs with their weights.
    """
    counts = level_counts(encoded.fields, settings)
    progress("block", 0.0)
    chosen = rules_for(encoded, side) if rules is None else rules
    blocks = lay_blocks(encoded, chosen, side=side, max_block_pairs=max_block_pairs, threads=threads)
    progress("compare", 0.0)
    comparison = comparison_of(encoded, counts)
    candidates, found = compare_all(blocks, comparison, threads=threads, records=group_records, engine=engine)
    del blocks
    levels = levels_of(found.patterns, counts)
    if model is None:
        progress("fit", 0.0)
        random = all_pairs(encoded, counts, side, threads)
        model = fit(encoded.fields, levels, found.seen, random, encoded.records)
    weights, parts = model.weights(levels)
    return Scored(candidates, found.pattern, found.patterns, levels, weights, parts, model, max_block_pairs)


def all_pairs(encoded: Encoded, counts: Sequence[int], side: Ints | None = None, threads: int = 1) -> Random:
    """Describe how all pairs compare that could be formed, whether or not blocking reaches them.

    Args:
        encoded: The records.
        counts: Levels of each field.
        side: 0 or 1 for each record where two tables are linked.
        threads: Threads to use.

    Returns:
        Shares of the levels: equality counted from the values, the rest from a fixed sample.
    """
    n = encoded.records
    if side is None:
        pairs = n * (n - 1) / 2
        if pairs <= SAMPLE:
            left, right = (x.astype(np.int32) for x in np.triu_indices(n, 1))
        else:
            rng = np.random.default_rng(_SEED)
            left = rng.integers(0, n, SAMPLE, dtype=np.int32)
            right = (left + rng.integers(1, n, SAMPLE, dtype=np.int32)) % np.int32(n)
    else:
        ours, theirs = (np.flatnonzero(side == s).astype(np.int32) for s in (0, 1))
        pairs = float(len(ours)) * len(theirs)
        if pairs <= SAMPLE:
            left, right = np.repeat(ours, len(theirs)), np.tile(theirs, len(ours))
        else:
            rng = np.random.default_rng(_SEED)
            left, right = rng.choice(ours, SAMPLE), rng.choice(theirs, SAMPLE)
    sampled = levels_of(compare(encoded, left, right, counts, threads), counts)
    equal = [_equal_pairs(encoded, f, counts[f], side) for f in range(len(encoded.fields))]
    return random_shares(encoded.fields, sampled, equal, pairs, counts, count_names(encoded, pairs, side))


def _equal_pairs(encoded: Encoded, f: int, size: int, side: Ints | None) -> tuple[Floats, float]:
    """Count the pairs whose values are equal, by level, and the pairs where both sides have one."""
    field, codes = encoded.fields[f], encoded.codes[f]
    known = codes >= 0
    values = int(codes.max(initial=-1)) + 1 if field.kind is Kind.SETTING else len(encoded.features)
    if side is None:
        held = np.bincount(codes[known], minlength=values).astype(np.float64)
        same, total = held * (held - 1) / 2, known.sum() * (known.sum() - 1.0) / 2
    else:
        ours, theirs = (np.bincount(codes[known & (side == s)], minlength=values).astype(np.float64) for s in (0, 1))
        same, total = ours * theirs, ours.sum() * theirs.sum()
    if field.kind is Kind.SETTING:
        counted = np.zeros(size)
        counted[1 : 1 + values] = same
        counted[-1] = total - same.sum()
        return counted, float(total)
    counted = np.bincount(_equal_levels(encoded, f), weights=same, minlength=size)[:size].astype(np.float64)
    return counted, float(total)


def _equal_levels(encoded: Encoded, f: int) -> npt.NDArray[np.int64]:
    """Return the level of each value compared with itself; 0 for a date that lacks a part."""
    field, features = encoded.fields[f], encoded.features
    if field.kind is Kind.NAME:
        column = features[:, 1 if field.name == "surname" else 0]
        return np.clip(column, 0, 4).astype(np.int64)
    if field.kind is Kind.WORD:
        return np.clip(features[:, 0], 0, 4).astype(np.int64)
    if field.kind is Kind.DATE:
        whole = (features[:, :3] > 0).all(axis=1)
        new_year = (features[:, 1] == 1) & (features[:, 2] == 1)
        return np.where(whole, np.where(new_year, 2, 1), 0).astype(np.int64)
    return np.ones(len(features), dtype=np.int64)
