"""How many links are wrong or missing, and is any group of people worse off than the rest? At every build.

Three figures, each for everybody and for every group, with 95 % limits and the ratio to everybody else:

- **false**: of the pairs of records that were put into one person, the share expected to be of two;
- **missed**: of the pairs of records that are one person, the share expected to be kept apart: compared pairs that were
  not linked, and pairs that no blocking rule reached (Chao's lower bound, from how often the rules find the same pair);
- **alone**: of the records of other sources, the share whose person has no record in the register (the GP list, where
  nearly everybody is expected). It rests on no model.

The first two are the model's own expectation. A group whose mistakes look like nobody else's is understated; only
labels by a steward can tell.

References:
    Chao 1987, "Estimating the population size for capture-recapture data with unequal catchability", Biometrics 43(4),
        783-791, doi:10.2307/2531532.
    docs/explanation/linkage-quality.md, docs/adr/2026-11-23-linkage-quality.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from washhouse.linkage.block_groups import few_times_caught, lay_blocks, times_caught
from washhouse.linkage.cluster import numbered_people
from washhouse.linkage.encode import Encoded
from washhouse.linkage.expected_errors import Expected, expected_errors, pairs_to_judge
from washhouse.linkage.model import Floats
from washhouse.linkage.quality_groups import Dimension, OwnGroups, dimensions, newest_day
from washhouse.linkage.rate_intervals import BLOCKS, jackknife_variance, rate_limits, ratio_limits
from washhouse.linkage.scoring import Scored
from washhouse.linkage.similarity import compiled
from washhouse.linkage.trained import TrainedModel

Indices = npt.NDArray[np.integer[Any]]
Array = npt.NDArray[Any]

LEAST_PEOPLE = 10
"""Groups of fewer people are named, and nothing else is told of them."""
FIGURES = ("false", "missed", "alone")
REGISTER = "gp"
"""The source in which nearly everybody is expected to have a record."""
_LINKED, _FALSE, _MISSED, _ONCE, _TWICE, _JOINED, _ALONE, _OTHERS, _UNSEEN = range(9)


def linkage_quality(
    table: pa.Table,
    encoded: Encoded,
    scored: Scored | None,
    label: Indices,
    trained: TrainedModel | None,
    decided: tuple[Indices, Indices] | None = None,
    caught: Indices | None = None,
    said: OwnGroups | None = None,
) -> dict[str, Any] | None:
    """Report on the linkage of some records; None where there was nothing to compare.

    Args:
        table: The records, all under a clear identity; see `sources.identity.IDENTITY`.
        encoded: The same, encoded.
        scored: Their pairs worth keeping.
        label: For each record the lowest record of its person.
        trained: The model that weighed them, with its blocking rules.
        decided: Pairs that a steward put together, and pairs kept apart, each of shape (2, pairs): they are certain.
        caught: How many of its rules give each pair; counted if left out.
        said: Group of each record by what it says itself, see `quality_groups.own_groups`; found out if left out.
    """
    if scored is None or trained is None:
        return None
    left, right, weights = pairs_to_judge(scored, decided)
    expected = expected_errors(label, left, right, weights)
    if caught is None:
        caught = rules_that_give(encoded, scored, trained)
    more = slice(len(caught), None)
    few = few_times_caught(encoded, trained.rules, trained.max_block_pairs, left[more], right[more])
    caught = np.concatenate([caught, few])
    return quality_report(table, label, expected, caught[expected.order], said=said)


def rules_that_give(encoded: Encoded, scored: Scored, trained: TrainedModel) -> npt.NDArray[np.int8]:
    """Return how many blocking rules give each of some pairs."""
    blocks = lay_blocks(encoded, trained.rules, max_block_pairs=trained.max_block_pairs)
    return times_caught(blocks, scored.candidates.left, scored.candidates.right)


def quality_report(
    table: pa.Table,
    label: Indices,
    expected: Expected,
    caught: Indices,
    *,
    register: str = REGISTER,
    said: OwnGroups | None = None,
) -> dict[str, Any]:
    """Report expected errors, for everybody and by group.

    Args:
        table: The records, by source and id; see `sources.identity.IDENTITY`.
        label: For each record the lowest record of its person. Shape (records,).
        expected: What the model expects.
        caught: Number of blocking rules that give each pair of `expected`.
        register: Source in which nearly everybody is expected.
        said: Group of each record by what it says itself, if it is at hand.

    Returns:
        Plain figures, ready for JSON. Nothing is told of a group of fewer than `LEAST_PEOPLE` people, and counts of
        people in groups are rounded to ten.
    """
    person = numbered_people(label)
    unit_block = _blocks(expected.unit)
    at_register, others = _register(table, person, register)
    sums = _Sums(expected, caught, unit_block, at_register, others)
    everybody = sums.everybody
    sizes = _usual_sizes(expected)
    overall = {name: _figure(everybody, name, sizes[name]) for name in FIGURES}
    groups = [
        row for dimension in dimensions(table, person, said) for row in _rows(dimension, person, sums, everybody, sizes)
    ]
    total = everybody.sum(axis=0)
    return {
        "as_of": newest_day(table).isoformat(),
        "records": table.num_rows,
        "people": int(person.max(initial=-1)) + 1,
        "linked_pairs": int(total[_LINKED]),
        "expected_false": _plain(total[_FALSE]),
        "expected_missed": _plain(total[_MISSED]),
        "expected_never_compared": _plain(float(_never_compared(total))),
        "overall": overall,
        "alone_by_number": _alone_by_number(table, at_register, others),
        "groups": groups,
        "limits": {"share": 0.95, "blocks": BLOCKS, "excluding_parity": _excluding(groups), "ratios": _ratios(groups)},
    }


class _Sums:
    """Adds expected errors up by block and group; half of a pair goes to each of its two records."""

    def __init__(
        self,
        expected: Expected,
        caught: Indices,
        block: Indices,
        at_register: npt.NDArray[np.bool_],
        others: npt.NDArray[np.bool_],
    ) -> None:
        self.unseen_a_pair = 0.0
        self._block = block
        self._errors = np.stack([expected.linked, expected.false, expected.joined], axis=1) / 2
        self._others, self._at_register = others, at_register
        chosen = expected.apart | (caught == 1) | (caught == 2)
        self._left, self._right = expected.left[chosen], expected.right[chosen]
        half = expected.probability[chosen] / 2
        self._half = half
        self._caught = np.where(expected.apart[chosen], 4, 0) + np.where(caught[chosen] <= 2, caught[chosen], 0)
        everywhere = np.zeros(len(block), dtype=np.int32)
        self.everybody = self.by_group(everywhere, everywhere, 1, 1)[:, 0]
        self.unseen_a_pair = _unseen_a_pair(self.everybody.sum(axis=0))
        self.everybody[:, _UNSEEN] = self.everybody[:, _ONCE] * self.unseen_a_pair

    def by_group(self, of_person: Indices, of_record: Indices, groups: int, known: int) -> Floats:
        """Return the sums. Shape (blocks, groups, 9).

        A pair's record without a real answer takes the answer of the other: if they are one person, it is theirs.
        """
        sums = np.zeros((BLOCKS, groups, 9))
        _add_records(self._block, of_person, self._errors, of_record, self._others, self._at_register, sums)
        _add_pairs(self._block, of_person, known, self._left, self._right, self._half, self._caught, sums)
        sums[:, :, _UNSEEN] = sums[:, :, _ONCE] * self.unseen_a_pair
        return sums


@compiled
def _add_records(
    block: Array, of_person: Array, errors: Array, of_record: Array, others: Array, at_register: Array, sums: Array
) -> None:
    for i in range(len(block)):
        cell = sums[block[i], of_person[i]]
        cell[_LINKED] += errors[i, 0]
        cell[_FALSE] += errors[i, 1]
        cell[_JOINED] += errors[i, 2]
        if others[i]:
            told = sums[block[i], of_record[i]]
            told[_OTHERS] += 1.0
            if not at_register[i]:
                told[_ALONE] += 1.0


@compiled
def _add_pairs(
    block: Array, of_person: Array, known: int, left: Array, right: Array, half: Array, caught: Array, sums: Array
) -> None:
    for p in range(len(left)):
        one, other = of_person[left[p]], of_person[right[p]]
        if one >= known and other < known:
            one = other
        elif other >= known and one < known:
            other = one
        for side in range(2):
            cell = sums[block[left[p]], one] if side == 0 else sums[block[right[p]], other]
            if caught[p] >= 4:
                cell[_MISSED] += half[p]
            if caught[p] & 3 == 1:
                cell[_ONCE] += half[p]
            elif caught[p] & 3 == 2:
                cell[_TWICE] += half[p]


def _blocks(unit: Indices) -> npt.NDArray[np.int64]:
    """Spread groups of people that hang together over blocks, by a mixed number."""
    key = (unit.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    key ^= key >> np.uint64(29)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    return ((key >> np.uint64(32)) % np.uint64(BLOCKS)).astype(np.int64)


def _register(table: pa.Table, person: Indices, register: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Say which records' people are in the register, and which records are of other sources (none without one)."""
    here = pc.equal(table.column("source"), register).to_numpy(zero_copy_only=False)
    held = np.zeros(int(person.max(initial=-1)) + 1, dtype=bool)
    held[person[here]] = True
    return held[person], ~here if here.any() else np.zeros(len(here), dtype=bool)


def _usual_sizes(expected: Expected) -> dict[str, float]:
    """Return how large a unit's error usually is, weighted by size: what an upper limit adds to what was seen."""
    units = int(expected.unit.max(initial=-1)) + 1
    false = np.bincount(expected.unit, expected.false / 2, units)
    chance = np.where(expected.apart, expected.probability, 0.0)
    missed = np.bincount(expected.unit[expected.left], chance, units)

    def usual(sizes: npt.NDArray[Any]) -> float:
        return float((sizes**2).sum() / sizes.sum()) if sizes.sum() > 0 else 1.0

    return {"false": usual(false), "missed": usual(missed), "alone": 1.0}


def _unseen_a_pair(everybody: Floats) -> float:
    """Return how many pairs no rule gives for each that one rule alone gives: Chao's lower bound, over everybody.

    A group's own count of pairs given twice is too small to divide by; what differs between groups is how many of
    their pairs hang on a single rule.
    """
    return float(everybody[_ONCE] / (2 * (everybody[_TWICE] + 1.0)))


def _never_compared(sums: Floats) -> Floats:
    """Return the pairs that no rule gives, less those that were joined through others."""
    return np.maximum(sums[..., _UNSEEN] - sums[..., _JOINED], 0.0)


def _events(sums: Floats, name: str) -> Floats:
    if name == "false":
        return sums[..., _FALSE]
    if name == "missed":
        return sums[..., _MISSED] + _never_compared(sums)
    return sums[..., _ALONE]


def _base(sums: Floats, name: str) -> Floats:
    """Return what the events of a figure are a share of."""
    if name == "false":
        return sums[..., _LINKED]
    if name == "missed":
        return sums[..., _LINKED] - sums[..., _FALSE] + _events(sums, name)
    return sums[..., _OTHERS]


def _statistic(name: str) -> Callable[[Floats], Floats]:
    def rate(sums: Floats) -> Floats:
        base = _base(sums, name)
        return np.divide(_events(sums, name), base, out=np.zeros_like(base), where=base > 0)

    return rate


def _limits(blocks: Floats, name: str, usual: float) -> tuple[float, tuple[float, float]] | None:
    """Return a rate with its limits; None where it would be a share of fewer than ten."""
    total = blocks.sum(axis=0)
    base, events = float(_base(total, name)), float(_events(total, name))
    if base < LEAST_PEOPLE:
        return None
    variance = jackknife_variance(blocks, _statistic(name)) * base**2
    if not np.isfinite(variance):
        return None
    return events / base, rate_limits(events, variance, base, usual)


def _figure(blocks: Floats, name: str, usual: float, rest: Floats | None = None) -> dict[str, float] | None:
    """Return a rate with its limits, and the ratio to the rest with its own."""
    found = _limits(blocks, name, usual)
    other = _limits(rest, name, usual) if rest is not None else None
    if found is None or (name == "alone" and rest is not None and other is None):
        # Only the register records such a group: nobody outside it can be told to belong there.
        return None
    rate, (low, high) = found
    told = {"rate": _plain(rate), "low": _plain(low), "high": _plain(high)}
    if other is not None and other[0] > 0.0:
        ratio_low, ratio_high = ratio_limits(rate, (low, high), *other)
        told |= {"ratio": _plain(rate / other[0]), "ratio_low": _plain(ratio_low), "ratio_high": _plain(ratio_high)}
    return told


def _rows(
    dimension: Dimension, person: Indices, sums: _Sums, everybody: Floats, sizes: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return one row for each group that has anybody."""
    by_group = sums.by_group(dimension.of_person, dimension.of_record, len(dimension.groups), dimension.known)
    rows = []
    sizes_of = np.zeros(len(dimension.groups), dtype=np.int64)
    reached = np.zeros((int(person.max(initial=-1)) + 1, len(dimension.groups)), dtype=np.bool_)
    _count_people(person, dimension.of_person, reached, sizes_of)
    for code, group in enumerate(dimension.groups):
        people = int(sizes_of[code])
        if people == 0:
            continue
        row: dict[str, Any] = {"dimension": dimension.name, "title": dimension.title, "group": group}
        mine = by_group[:, code]
        if people < LEAST_PEOPLE:
            rows.append(row | {"people": None} | dict.fromkeys(FIGURES))
            continue
        rest = everybody - mine
        figures = {name: _figure(mine, name, sizes[name], rest) for name in FIGURES}
        rows.append(row | {"people": round(people, -1)} | figures)
    return rows


@compiled
def _count_people(person: Array, group: Array, reached: Array, sizes: Array) -> None:
    for i in range(len(person)):
        if not reached[person[i], group[i]]:
            reached[person[i], group[i]] = True
            sizes[group[i]] += 1


def _alone_by_number(
    table: pa.Table, at_register: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Return, by source, how many records stand without the register, with and without an NHS number of their own."""
    numbered = pc.is_valid(table.column("nhs_number")).to_numpy(zero_copy_only=False)
    rows = []
    for name in sorted(pc.unique(table.column("source").filter(pa.array(others))).to_pylist()):
        mine = pc.equal(table.column("source"), name).to_numpy(zero_copy_only=False)
        with_number, without = mine & numbered, mine & ~numbered
        if min(with_number.sum(), without.sum()) < LEAST_PEOPLE:
            continue
        shares = [float((~at_register[part]).mean()) for part in (with_number, without)]
        rows.append(
            {
                "source": name,
                "with_number": _plain(shares[0]),
                "without_number": _plain(shares[1]),
                "excess_records": _plain(max(shares[1] - shares[0], 0.0) * float(without.sum())),
            }
        )
    return rows


def _ratios(groups: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 for row in groups for name in FIGURES if row[name] and "ratio" in row[name])


def _excluding(groups: Sequence[Mapping[str, Any]]) -> int:
    """Count the ratios whose limits leave 1 out."""
    return sum(
        1
        for row in groups
        for name in FIGURES
        if row[name] and "ratio" in row[name] and not row[name]["ratio_low"] <= 1.0 <= row[name]["ratio_high"]
    )


def _plain(number: float | np.floating[Any]) -> float:
    """Round to four significant digits: more would only look exact."""
    return float(f"{float(number):.4g}")
