"""Into which independent pieces does the work of finding and comparing pairs fall?

A block is the records with one key under one rule. A **block group** is the blocks of one rule whose keys lie in one
range. What a group gives follows from the records in it and the dictionaries they point into, whatever other groups
there are: a pair is left to an earlier rule if its own two records share that rule's parts. One thing has to be known
of everything beforehand, and is small: which blocks are **closed**, because they would cost the square of their size.

So memory is bounded by a group, groups may run on any thread or machine in any order, and the pairs and their order
are the same however many groups there are (property test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.lake.engine import Engine, LocalEngine, Resources
from washhouse.linkage.blocking import (
    MAX_BLOCK_PAIRS,
    Candidates,
    Keys,
    RuleReport,
    block_keys,
    blocks_of,
    possible_pairs,
)
from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.kernel import Comparison, distinct
from washhouse.linkage.similarity import compiled
from washhouse.linkage.threads import spread

Array = npt.NDArray[Any]
GROUP_RECORDS = 1_000_000
"""Records of a group, about, unless one is told otherwise."""
_BUCKETS = 1 << 20


@dataclass(frozen=True)
class BlockGroup:
    """The blocks of one rule whose keys lie in the `part`-th of `parts` equal ranges."""

    rule: int
    part: int
    parts: int


@dataclass(frozen=True)
class Blocks:
    """What finding pairs needs of records.

    Attributes:
        rules: The rules, the surest first.
        encoded: The records.
        side: 0 or 1 for each record where two tables are linked, else -1.
        shared: The parts that rules ask for, a row for each record; -1 where unknown. Shape (records, parts).
        asked: For each rule the columns of `shared` that two records must agree on, then -1. Shape (rules, most parts).
        closed: True where a record's block under a rule is closed. Shape (records, rules).
        skipped: For each rule what was left out as too large.
    """

    rules: tuple[tuple[str, ...], ...]
    encoded: Encoded
    side: Ints
    shared: Ints
    asked: Ints
    closed: npt.NDArray[np.bool_]
    skipped: tuple[RuleReport, ...]

    def groups(self, records: int = GROUP_RECORDS) -> list[list[BlockGroup]]:
        """Return for each rule its groups, of about so many records, by key."""
        parts = max(1, -(-self.encoded.records // max(records, 1)))
        return [[BlockGroup(rule, part, parts) for part in range(parts)] for rule in range(len(self.rules))]

    def keys(self, rule: int) -> Keys:
        """Return each record's key under a rule; -1 where a part is missing or the block is closed."""
        keys: Keys = block_keys(self.encoded, [self.rules[rule]])[0]
        keys[self.closed[:, rule]] = -1
        return keys

    def take(self, rows: Array) -> Blocks:
        """Return some records with what is known of all; for a group, those of its records are enough."""
        parts = {name: numbers[rows] for name, numbers in self.encoded.parts.items()}
        encoded = replace(self.encoded, codes=self.encoded.codes[:, rows], parts=parts, standard={})
        shared, closed = self.shared[rows], self.closed[rows]
        return replace(self, encoded=encoded, side=self.side[rows], shared=shared, closed=closed)


def lay_blocks(
    encoded: Encoded,
    rules: Sequence[Sequence[str]],
    *,
    side: Ints | None = None,
    max_block_pairs: int = MAX_BLOCK_PAIRS,
    threads: int = 1,
) -> Blocks:
    """Find out which blocks are closed, the only thing that has to be counted over all records.

    Args:
        encoded: The records.
        rules: Rules, from `blocking.rules_for`.
        side: 0 or 1 for each record when two tables are linked: only pairs across are looked for. None: all pairs.
        max_block_pairs: Blocks with more pairs are closed.
        threads: Threads to use.
    """
    names = sorted({part for rule in rules for part in rule})
    shared = np.empty((encoded.records, len(names)), dtype=np.int32)
    for column, name in enumerate(names):
        shared[:, column] = encoded.parts[name]
    asked = np.full((len(rules), max((len(rule) for rule in rules), default=1)), -1, dtype=np.int32)
    for r, rule in enumerate(rules):
        asked[r, : len(rule)] = [names.index(part) for part in rule]
    closed = np.zeros((encoded.records, len(rules)), dtype=bool)

    def close(r: int) -> RuleReport:
        rows, report = _too_large(block_keys(encoded, [rules[r]])[0], rules[r], side, max_block_pairs)
        closed[rows, r] = True
        return report

    skipped = tuple(spread(close, range(len(rules)), threads))
    sides = np.full(encoded.records, -1, dtype=np.int32) if side is None else side
    return Blocks(tuple(tuple(rule) for rule in rules), encoded, sides, shared, asked, closed, skipped)


def _too_large(keys: Keys, rule: Sequence[str], side: Ints | None, limit: int) -> tuple[Array, RuleReport]:
    """Return the records in blocks that are too large; only crowded keys are counted one by one."""
    crowd = np.zeros(_BUCKETS, dtype=np.int64)
    _count_crowds(keys, crowd)
    # Half on each side is the most that two tables can make of a block.
    crowded = (crowd * (crowd - 1) // 2 if side is None else crowd * crowd // 4) > limit
    rows = np.flatnonzero((keys >= 0) & crowded[keys & (_BUCKETS - 1)]) if crowded.any() else np.empty(0, np.int64)
    order = rows[np.argsort(keys[rows], kind="stable")]
    starts, ends = blocks_of(keys[order])
    total = possible_pairs(order, starts, ends, side)
    large = total > limit
    sizes = (ends - starts)[large]
    report = RuleReport(tuple(rule), 0, len(sizes), int(sizes.sum()), int(total[large].sum()))
    return order[np.repeat(large, ends - starts)], report


@compiled
def _count_crowds(keys: Array, crowd: Array) -> None:
    for i in range(len(keys)):
        if keys[i] >= 0:
            crowd[keys[i] & (len(crowd) - 1)] += 1


@compiled
def _members(keys: Array, part: int, parts: int, buckets: int, rows: Array, sorted_keys: Array) -> int:
    """Write the records whose key lies in a part of the range, by key and then by record; return how many they are.

    Keys are hashes, spread evenly, so that their leading bits put nearly every record into its place at once.
    """
    ends = np.zeros(buckets + 1, np.int32)
    for i in range(len(keys)):
        if keys[i] >= 0:
            slot = (((keys[i] >> 31) * (parts * buckets)) >> 32) - part * buckets
            if 0 <= slot < buckets:
                ends[slot + 1] += 1
    for slot in range(buckets):
        ends[slot + 1] += ends[slot]
    found = ends[buckets]
    for i in range(len(keys)):
        if keys[i] >= 0:
            slot = (((keys[i] >> 31) * (parts * buckets)) >> 32) - part * buckets
            if 0 <= slot < buckets:
                at = ends[slot]
                rows[at] = i
                sorted_keys[at] = keys[i]
                ends[slot] += 1
    for x in range(1, found):
        key = sorted_keys[x]
        row = rows[x]
        y = x
        while y > 0 and sorted_keys[y - 1] > key:
            sorted_keys[y] = sorted_keys[y - 1]
            rows[y] = rows[y - 1]
            y -= 1
        sorted_keys[y] = key
        rows[y] = row
    return int(found)


@compiled
def _share(shared: Array, asked: Array, rule: int, i: int, j: int) -> bool:
    """Say whether two records share all parts of a rule."""
    for k in range(asked.shape[1]):
        column = asked[rule, k]
        if column < 0:
            break
        if shared[i, column] < 0 or shared[i, column] != shared[j, column]:
            return False
    return True


@compiled
def _block_pairs(
    rows: Array, keys: Array, side: Array, shared: Array, asked: Array, closed: Array, rule: int, left: Array,
    right: Array,
) -> int:  # fmt: skip
    """Write the pairs that a rule is the first to give; with empty outputs return how many it gives at most."""
    count = len(left) == 0
    found = 0
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and keys[end] == keys[start]:
            end += 1
        if count:
            found += (end - start) * (end - start - 1) // 2
            start = end
            continue
        for x in range(start, end):
            i = rows[x]
            for y in range(x + 1, end):
                j = rows[y]
                if side[i] == side[j] and side[i] >= 0:
                    continue
                if not _share(shared, asked, rule, i, j):
                    continue
                earlier = False
                for r in range(rule):
                    if not closed[i, r] and _share(shared, asked, r, i, j):
                        earlier = True
                        break
                if not earlier:
                    left[found] = i
                    right[found] = j
                    found += 1
        start = end
    return found


@compiled
def _times_caught(shared: Array, asked: Array, closed: Array, left: Array, right: Array, caught: Array) -> None:
    for p in range(len(left)):
        for rule in range(len(asked)):
            if not closed[left[p], rule] and _share(shared, asked, rule, left[p], right[p]):
                caught[p] += 1


def times_caught(blocks: Blocks, left: Array, right: Array) -> npt.NDArray[np.int8]:
    """Return how many rules give each pair.

    Args:
        blocks: The records.
        left: One record of each pair.
        right: The other.
    """
    caught = np.zeros(len(left), dtype=np.int8)
    _times_caught(blocks.shared, blocks.asked, blocks.closed, left, right, caught)
    return caught


def few_times_caught(
    encoded: Encoded, rules: Sequence[Sequence[str]], limit: int, left: Array, right: Array
) -> npt.NDArray[np.int8]:
    """Return what `times_caught` does, of a few pairs: blocks are counted only where two records share one.

    Args:
        encoded: The records.
        rules: Rules.
        limit: Blocks with more pairs are closed.
        left: One record of each pair.
        right: The other.
    """
    caught = np.zeros(len(left), dtype=np.int8)
    for rule in rules if len(left) else ():
        shared = np.ones(len(left), dtype=bool)
        for part in rule:
            mine = encoded.parts[part][left]
            shared &= (mine == encoded.parts[part][right]) & (mine >= 0)
        if shared.any():
            keys = block_keys(encoded, [rule])[0]
            asked, place = np.unique(keys[left[shared]], return_inverse=True)
            size = np.array([np.count_nonzero(keys == key) for key in asked])
            caught[shared] += (size * (size - 1) // 2 <= limit)[place]
    return caught


@dataclass(frozen=True)
class GroupPairs:
    """Pairs of one group, compared: `left[i] < right[i]`.

    Attributes:
        left: One record of each pair.
        right: The other.
        pattern: How they compare, see `kernel`: index into `patterns`.
        patterns: The distinct patterns, ascending.
        seen: Pairs with each of them.
    """

    left: Ints
    right: Ints
    pattern: Ints
    patterns: npt.NDArray[np.int64]
    seen: npt.NDArray[np.int64]


def group_pairs(blocks: Blocks, group: BlockGroup, keys: Keys | None = None) -> tuple[Ints, Ints]:
    """Return the pairs that a group is the first to give.

    Args:
        blocks: The group's records, or more.
        group: The group.
        keys: `blocks.keys(group.rule)`, if they are at hand.
    """
    keys = blocks.keys(group.rule) if keys is None else keys
    rows, held = np.empty(len(keys), dtype=np.int32), np.empty(len(keys), dtype=np.int64)
    found = _members(keys, group.part, group.parts, max(len(keys) // group.parts, 1), rows, held)
    nothing = np.empty(0, dtype=np.int32)
    args = (rows[:found], held[:found], blocks.side, blocks.shared, blocks.asked, blocks.closed, group.rule)
    most = _block_pairs(*args, nothing, nothing)
    if not most:
        return nothing, nothing
    left, right = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    given = _block_pairs(*args, left, right)
    return left[:given].copy(), right[:given].copy()


def compare_group(blocks: Blocks, group: BlockGroup, comparison: Comparison, keys: Keys | None = None) -> GroupPairs:
    """Find and compare the pairs of a group.

    Args:
        blocks: The group's records, or more.
        group: The group.
        comparison: Compares them, see `kernel.comparison_of`.
        keys: `blocks.keys(group.rule)`, if they are at hand.
    """
    left, right = group_pairs(blocks, group, keys)
    return GroupPairs(left, right, *distinct(comparison.patterns(left, right)))


@dataclass(frozen=True)
class _CompareGroups:
    """Finds and compares the pairs of some groups of one rule: a task of an engine."""

    blocks: Blocks
    comparison: Comparison

    def __call__(self, groups: Sequence[BlockGroup], resources: Resources) -> list[GroupPairs]:
        keys = self.blocks.keys(groups[0].rule)
        return [compare_group(self.blocks, group, self.comparison, keys) for group in groups]


def compare_all(
    blocks: Blocks,
    comparison: Comparison,
    *,
    threads: int = 1,
    records: int = GROUP_RECORDS,
    engine: Engine | None = None,
) -> tuple[Candidates, GroupPairs]:
    """Find and compare the pairs of all groups.

    Args:
        blocks: All records.
        comparison: Compares them.
        threads: Threads to use, if no engine is named; the result does not depend on it.
        records: Records of a group, about; nor on that.
        engine: What calls the tasks, one a rule; left out, this process. The result does not depend on it.

    Returns:
        The pairs, rule by rule and by key, and how they compare.
    """
    engine = engine or LocalEngine(Resources(threads=threads))
    found = list(engine.map(_CompareGroups(blocks, comparison), blocks.groups(records), at_once=0))
    pairs = [sum(len(part.left) for part in parts) for parts in found]
    reports = tuple(replace(report, pairs=count) for report, count in zip(blocks.skipped, pairs, strict=True))
    whole = _joined([part for parts in found for part in parts])
    return Candidates(whole.left, whole.right, reports), whole


def _joined(parts: Sequence[GroupPairs]) -> GroupPairs:
    """Put the pairs of groups one after the other, under common patterns."""
    patterns = np.unique(np.concatenate([np.empty(0, np.int64), *(part.patterns for part in parts)]))
    places = [np.searchsorted(patterns, part.patterns).astype(np.int32) for part in parts]
    seen = np.zeros(len(patterns), dtype=np.int64)
    for place, part in zip(places, parts, strict=True):
        seen[place] += part.seen
    nothing = np.empty(0, dtype=np.int32)
    return GroupPairs(
        np.concatenate([nothing, *(part.left for part in parts)]),
        np.concatenate([nothing, *(part.right for part in parts)]),
        np.concatenate([nothing, *(place[part.pattern] for place, part in zip(places, parts, strict=True))]),
        patterns,
        seen,
    )
