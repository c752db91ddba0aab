"""Does blocking give exactly the pairs that share a rule's parts, each once, however its work is cut up?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from washhouse.linkage.block_groups import Blocks, compare_all, compare_group, group_pairs, lay_blocks
from washhouse.linkage.encode import Encoded, encode
from washhouse.linkage.fields import FIELDS
from washhouse.linkage.kernel import comparison_of, level_counts

RULES = [("surname", "birth_date"), ("postcode",)]
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["SMITH", "JONES", None]),
        st.sampled_from(["1980-02-03", "1981-02-03", None]),
        st.sampled_from(["L81TN", "L82TN", None]),
        st.integers(0, 1),
    ),
    min_size=2,
    max_size=14,
)


NAMES = ("surname", "birth_date", "postcode")
Rows = list[tuple[str, str, str, int]]


def _encoded(records: Rows) -> Encoded:
    columns = dict(zip(NAMES, (list(c) for c in zip(*records, strict=True)), strict=False))
    return encode({name: pa.array(columns[name], pa.string()) for name in NAMES}, [FIELDS[name] for name in NAMES])


def _side(records: Rows, two: bool) -> np.ndarray | None:
    return np.array([r[3] for r in records], dtype=np.int32) if two else None


def _blocks_of(records: Rows, side: np.ndarray | None) -> list[dict[tuple[str, ...], list[int]]]:
    """Records by what they share under each rule."""
    found = []
    for rule in RULES:
        places = [NAMES.index(part) for part in rule]
        blocks: dict[tuple[str, ...], list[int]] = {}
        for i, record in enumerate(records):
            if all(record[place] is not None for place in places):
                blocks.setdefault(tuple(record[place] for place in places), []).append(i)
        found.append(blocks)
    return found


def _within(block: list[int], side: np.ndarray | None) -> list[tuple[int, int]]:
    return [(i, j) for i in block for j in block if i < j and (side is None or side[i] != side[j])]


@settings(max_examples=200)
@given(RECORDS, st.booleans(), st.sampled_from([1, 3, 20_000]))
def test_pairs_are_those_that_share_all_parts_of_a_rule(records: Rows, two: bool, limit: int) -> None:
    side = _side(records, two)
    encoded = _encoded(records)
    blocks = lay_blocks(encoded, RULES, side=side, max_block_pairs=limit)
    comparison = comparison_of(encoded, level_counts(encoded.fields))
    found, _ = compare_all(blocks, comparison)

    sizes = [[_within(block, side) for block in of.values()] for of in _blocks_of(records, side)]
    expected = {pair for rule in sizes for pairs in rule if len(pairs) <= limit for pair in pairs}
    skipped = [sum(len(pairs) for pairs in rule if len(pairs) > limit) for rule in sizes]
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert [report.skipped_pairs for report in found.reports] == skipped
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected
    assert sum(report.pairs for report in found.reports) == len(pairs)


@settings(max_examples=150)
@given(RECORDS, st.booleans(), st.sampled_from([1, 3, 20_000]), st.integers(1, 14), st.integers(1, 3))
def test_the_number_of_groups_and_threads_changes_nothing(
    records: Rows, two: bool, limit: int, size: int, threads: int
) -> None:
    encoded = _encoded(records)
    blocks = lay_blocks(encoded, RULES, side=_side(records, two), max_block_pairs=limit, threads=threads)
    comparison = comparison_of(encoded, level_counts(encoded.fields))
    whole, compared = compare_all(blocks, comparison)
    found, in_groups = compare_all(blocks, comparison, threads=threads, records=size)
    assert whole.reports == found.reports
    for name in ("left", "right", "pattern", "patterns", "seen"):
        assert getattr(compared, name).tolist() == getattr(in_groups, name).tolist()


@settings(max_examples=150)
@given(RECORDS, st.booleans(), st.sampled_from([1, 3, 20_000]), st.integers(1, 14))
def test_a_group_needs_no_records_but_its_own(records: Rows, two: bool, limit: int, size: int) -> None:
    encoded = _encoded(records)
    counts = level_counts(encoded.fields)
    blocks = lay_blocks(encoded, RULES, side=_side(records, two), max_block_pairs=limit)
    for group in (group for of_rule in blocks.groups(size) for group in of_rule):
        together = compare_group(blocks, group, comparison_of(encoded, counts))
        mine = _in_group(blocks, group.rule, group.part, group.parts)
        own = blocks.take(mine)
        left, right = group_pairs(own, group)
        alone = compare_group(own, group, comparison_of(own.encoded, counts))
        assert together.left.tolist() == mine[left].tolist()
        assert together.right.tolist() == mine[right].tolist()
        assert together.patterns[together.pattern].tolist() == alone.patterns[alone.pattern].tolist()


def _in_group(blocks: Blocks, rule: int, part: int, parts: int) -> np.ndarray:
    """Rows of the records that a group holds: keys of 63 bits, cut into equal ranges."""
    keys = blocks.keys(rule).tolist()
    rows = [row for row, key in enumerate(keys) if key >= 0 and part == ((key >> 31) * parts) >> 32]
    return np.array(rows, dtype=np.int64)
