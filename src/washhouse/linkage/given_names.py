"""How often do two different people bear one given name, given what else agrees between them?

Given names follow sex, the fashion of the year of birth and, with the surname, where a family comes from. Two women
born on one day in 1954 are both called Susan far more often than two people taken at random; a model that counts the
name and the date as two independent pieces of evidence links them. So the chance of agreement is counted over all
records inside each combination of same surname, same birth year and same sex.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from washhouse.linkage.encode import Encoded, Ints
from washhouse.linkage.fields import Field

Floats = npt.NDArray[np.float64]
CONDITIONS = ("surname", "birth_date", "sex")
"""Fields that say something of the given name that a stranger bears."""
_EQUAL = {"surname": (1, 2, 3, 4), "birth_date": (1, 2, 4, 7, 8, 9), "sex": (1,)}
"""Levels at which surname, birth year or sex are the same; these are what is counted."""
_LIKE = {"surname": (*range(1, 10),), "birth_date": (1, 2, 3, 4, 5, 7, 8, 9), "sex": (1,)}
"""Levels that are taken as the same: a misspelt surname says as much of the given name as the right one."""
_BANDS = (1, 2, 3, 4)
_NEAR = (5, 6, 7, 8, 9)
_FAR = (10, 11)
_SAMPLE = 200_000
"""Records that are counted at most."""
_SEED = 1861
_PRIOR = 200.0
"""Pairs that the unconditional shares count for; few pairs say little."""
_FLOOR = 0.005
"""Least share of the pairs of a level that is left to strangers, as in `model`."""
_MOST = 0.5
"""Share of strangers that agree at most."""


@dataclass(frozen=True)
class NameCounts:
    """Pairs of records, and how many of them bear one given name.

    Attributes:
        pairs: Pairs that agree on each choice of `CONDITIONS`, whatever else they do. Shape (2, 2, 2); index 1 on an
            axis is "the same", index 0 "the same or not".
        equal: Of these, the ones with one given name, by its frequency band. Shape (2, 2, 2, 4).
        swapped: Pairs in which each one's given name is the other's surname.
    """

    pairs: Floats
    equal: Floats
    swapped: float = 0.0


def count_names(encoded: Encoded, pairs: float, side: Ints | None = None) -> NameCounts | None:
    """Count pairs that agree by chance.

    Args:
        encoded: The records.
        pairs: Pairs that can be formed of them.
        side: 0 or 1 for each record where two tables are linked.

    Returns:
        The counts, scaled to `pairs`; None without a given name or without any of the conditions.
    """
    row = encoded.row("first_name")
    conditions = [encoded.row(name) for name in CONDITIONS]
    if row < 0 or max(conditions) < 0:
        return None
    chosen: npt.NDArray[np.int64] = np.arange(encoded.records)
    if encoded.records > _SAMPLE:
        chosen = np.sort(np.random.default_rng(_SEED).choice(encoded.records, _SAMPLE, replace=False))
    sides = None if side is None else side[chosen]
    scale = pairs / max(float(_pairs_of(np.zeros(len(chosen), np.int64), sides)[1].sum()), 1.0)
    name = encoded.codes[row, chosen].astype(np.int64)
    known = [encoded.codes[c, chosen].astype(np.int64) if c >= 0 else np.full(len(chosen), -1) for c in conditions]
    born = known[1]
    known[1] = np.where(born >= 0, encoded.features[born, 0], -1) if len(encoded.features) else born
    known[1] = np.where(known[1] > 0, known[1], -1)
    counted, equal = np.zeros((2, 2, 2)), np.zeros((2, 2, 2, len(_BANDS)))
    for choice in product((0, 1), repeat=3):
        held = name >= 0
        key = np.zeros(len(chosen), dtype=np.int64)
        for wanted, values in zip(choice, known, strict=True):
            if wanted:
                held &= values >= 0
                key = key * (int(values.max(initial=0)) + 1) + np.maximum(values, 0)
                key = np.unique(key, return_inverse=True)[1].astype(np.int64)
        mine = None if sides is None else sides[held]
        counted[choice] = _pairs_of(key[held], mine)[1].sum() * scale
        both, found = _pairs_of(key[held] * len(encoded.features) + name[held], mine)
        band = np.clip(encoded.features[both % len(encoded.features), 0], 1, len(_BANDS))
        equal[choice] = np.bincount(band - 1, weights=found, minlength=len(_BANDS)) * scale
    return NameCounts(counted, equal, _swapped(name, known[0], sides) * scale)


def _swapped(first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], side: Ints | None) -> float:
    """Return how many pairs bear each other's names the other way round."""
    held = (first >= 0) & (last >= 0) & (first != last)
    first, last = first[held], last[held]
    size = int(max(first.max(initial=0), last.max(initial=0))) + 1
    mine = np.zeros(len(first), dtype=bool) if side is None else side[held].astype(bool)
    ours, times = np.unique(first[~mine] * size + last[~mine], return_counts=True)
    theirs, others = (ours, times)
    if side is not None:
        theirs, others = np.unique(first[mine] * size + last[mine], return_counts=True)
    turned = ours % size * size + ours // size
    place = np.minimum(np.searchsorted(theirs, turned), max(len(theirs) - 1, 0))
    there = theirs[place] == turned if len(theirs) else np.zeros(len(ours), dtype=bool)
    found = float((times[there] * others[place[there]]).sum())
    return found / 2 if side is None else found


def _pairs_of(key: npt.NDArray[np.int64], side: Ints | None) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the distinct keys and how many pairs share each."""
    if side is None:
        distinct, size = np.unique(key, return_counts=True)
        return distinct, size * (size - 1) / 2.0
    distinct, number = np.unique(key, return_inverse=True)
    theirs = np.bincount(number, weights=side, minlength=len(distinct))
    size = np.bincount(number, minlength=len(distinct))
    return distinct, theirs * (size - theirs)


def context_of(fields: Sequence[Field], levels: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Return, for each pattern, which of the conditions hold: a row of `GivenNames.shares`.

    Args:
        fields: The fields.
        levels: Level of each pattern in each field. Shape (patterns, fields).
    """
    row: npt.NDArray[np.int64] = _states(fields, levels, _LIKE) @ np.array([9, 3, 1])
    return row


def _states(fields: Sequence[Field], levels: npt.NDArray[np.int8], same: Any) -> npt.NDArray[np.int64]:
    """Return for each pattern and condition: 0 not known, 1 the same, 2 not the same. Shape (patterns, 3)."""
    states = np.zeros((len(levels), len(CONDITIONS)), dtype=np.int64)
    at = {field.name: f for f, field in enumerate(fields)}
    for c, name in enumerate(CONDITIONS):
        if name in at:
            level = levels[:, at[name]]
            states[:, c] = np.where(level == 0, 0, np.where(np.isin(level, same[name]), 1, 2))
    return states


def given_shape(fields: Sequence[Field]) -> tuple[int, int]:
    """Return the shape of `GivenNames.shares`: contexts, and levels of a given name with "missing"."""
    return 3 ** len(CONDITIONS), max((len(f.levels) + 1 for f in fields if f.name == "first_name"), default=0)


class GivenNames:
    """Shares of a given name's levels among strangers, given what else agrees, as one person's pairs become known.

    Args:
        counts: What was counted over all pairs, one person's included.
        fields: The fields.
        levels: Level of each pattern in each field.
    """

    def __init__(self, counts: NameCounts, fields: Sequence[Field], levels: npt.NDArray[np.int8]) -> None:
        self._counts = counts
        self._states = _states(fields, levels, _EQUAL)
        self._level = levels[:, next(f for f, field in enumerate(fields) if field.name == "first_name")]

    def shares(self, one_person: Floats, strangers: Floats) -> Floats:
        """Return the shares.

        Args:
            one_person: Pairs of each pattern that are one person's.
            strangers: Share of each level among strangers, whatever else agrees.

        Returns:
            Share of each level in each context, see `context_of`. Shape (27, levels).
        """
        pairs, equal = self._without(one_person)
        out = np.zeros((3 ** len(CONDITIONS), len(strangers)))
        base = strangers[list(_BANDS)]
        for context, (surname, year, sex) in enumerate(product((0, 1, 2), repeat=3)):
            held = float(_in_context(pairs, surname, year, sex))
            found = np.array([_in_context(equal[..., b], surname, year, sex) for b in range(len(_BANDS))])
            agree = (np.maximum(found, 0.0) + _PRIOR * base) / (max(held, 0.0) + _PRIOR)
            times = agree.sum() / max(base.sum(), 1e-15)
            out[context, list(_BANDS)] = agree
            out[context, list(_NEAR)] = strangers[list(_NEAR)] * times
            total = out[context].sum()
            if total > _MOST:
                out[context] *= _MOST / total
            rest = strangers[list(_FAR)]
            out[context, list(_FAR)] = rest / max(rest.sum(), 1e-15) * (1.0 - out[context].sum())
        return out

    def _without(self, one_person: Floats) -> tuple[Floats, Floats]:
        """Take one person's pairs from the counts."""
        pairs, equal = self._counts.pairs.copy(), self._counts.equal.copy()
        named = self._level > 0
        for choice in product((0, 1), repeat=3):
            inside = named.copy()
            for c, wanted in enumerate(choice):
                if wanted:
                    inside &= self._states[:, c] == 1
            by_level = np.bincount(self._level[inside], weights=one_person[inside], minlength=len(_BANDS) + 1)
            pairs[choice] = max(pairs[choice] - by_level.sum(), _FLOOR * pairs[choice])
            equal[choice] = np.maximum(equal[choice] - by_level[1 : len(_BANDS) + 1], _FLOOR * equal[choice])
        return pairs, equal


def _in_context(counts: Floats, *states: int) -> float:
    """Return the pairs in some states from those that agree or are not asked: not the same is all less the same."""
    total = 0.0
    for choice in product(*((0, 1) if state == 2 else (state,) for state in states)):
        sign = (-1) ** sum(1 for state, index in zip(states, choice, strict=True) if state == 2 and index)
        total += sign * float(counts[choice])
    return total
